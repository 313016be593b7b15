"""A shift handed over on both databases: signed, confirmed, on record."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier, BrokenBarrierError

import pytest
from sqlalchemy import select, update

from engine.acts import handovers as acts
from engine.acts import roster, work
from engine.duty import Shift
from engine.errors import Trouble
from engine.read import handovers, verify
from engine.store import Store, log
from engine.store import handovers as rows
from engine.store import tables as t
from tests.integration.office import Office, key, opened

LEAVER, TAKER = "sr-centre.call_taker1", "sr-centre.call_taker2"


@pytest.fixture
def office(store: Store) -> Office:
    return opened(store, datetime(2026, 9, 1, tzinfo=UTC))


@pytest.fixture
def night(office, at):
    """The holidays' first night and the day after it, and an emergency that the leaver took."""
    leader = office.who("duty_leader", "sr-centre")
    shifts = [
        Shift(at("2026-10-01 17:30"), at("2026-10-02 08:30"), LEAVER),
        Shift(at("2026-10-02 08:30"), at("2026-10-03 08:30"), TAKER),
    ]
    roster.revise(office.store, leader, shifts, (), at("2026-09-30 10:00"))
    number = office.call(at("2026-10-02 08:20"), type="help", emergency="danger")
    task = office.task(number, "call_taker")
    leaver = office.users[LEAVER]
    work.claim(office.store, leaver, number, task, at("2026-10-02 08:21"), key())
    return leaver, number, task


def test_the_leaver_signs_what_stands_open_and_the_next_confirms(office, night, at):
    leaver, number, task = night
    now = at("2026-10-02 08:25")
    leaving = handovers.leaving(office.store, leaver, now)
    assert leaving.shift.until == at("2026-10-02 08:30")
    assert [one.name for one in leaving.next] == [TAKER]
    for kind in ("urgent", "held", "due"):
        found = [(one["number"], one["task"]) for one in leaving.standing[kind]]
        assert found == [(number, task)], kind
    sent = key()
    seq = acts.sign(office.store, leaver, TAKER, True, "王女士家中停气，已通知燃气公司", now, sent)
    assert handovers.leaving(office.store, leaver, now) is None
    taker = office.users[TAKER]
    (waiting,) = handovers.waiting(office.store, taker)
    assert (waiting.seq, waiting.leaver, waiting.confirmed_at) == (seq, LEAVER, None)
    later = now + timedelta(minutes=5)
    acts.confirm(office.store, taker, seq, True, later)
    assert handovers.waiting(office.store, taker) == ()
    whole = handovers.whole(office.store, office.who("archivist", "sr-centre"), seq)
    assert whole.remarks == "王女士家中停气，已通知燃气公司"
    assert whole.standing == leaving.standing
    assert (whole.handover.confirmed_at, whole.handover.accepted) == (later, True)
    assert [one["number"] for one in whole.left] == [number]
    assert handovers.whole(office.store, office.who("leader", "sr-water"), seq) is None
    with pytest.raises(Trouble) as again:
        acts.confirm(office.store, taker, seq, True, later)
    assert again.value.code == "shift_confirmed"
    assert verify.verify(office.store).differences == ()


def test_two_open_pages_sign_a_shift_once(office, night, at, monkeypatch):
    leaver, _, _ = night
    both, look = Barrier(2), rows.of_shift
    other = "sr-centre.dispatcher1"

    def met(*args):
        found = look(*args)
        with suppress(BrokenBarrierError):
            both.wait(1)  # whoever comes second is kept out until the first has signed
        return found

    def sign(taker: str) -> str:
        try:
            acts.sign(office.store, leaver, taker, False, "", at("2026-10-02 08:25"), key())
        except Trouble as trouble:
            return trouble.code
        return "signed"

    monkeypatch.setattr(rows, "of_shift", met)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(sign, (TAKER, other))) == ["shift_signed", "signed"]


def test_signing_sent_twice_is_the_same_hand_over_also_in_the_next_shift(office, night, at):
    leaver, sent = night[0], key()
    leader = office.who("duty_leader", "sr-centre")
    own = Shift(at("2026-10-02 08:30"), at("2026-10-02 17:30"), LEAVER, rank=2)
    roster.revise(office.store, leader, [own], (), at("2026-09-30 10:00"))
    before, after = at("2026-10-02 08:25"), at("2026-10-02 08:35")
    seq = acts.sign(office.store, leaver, TAKER, True, "", before, sent)
    assert acts.sign(office.store, leaver, TAKER, True, "", after, sent) == seq
    for other in ((TAKER, True, "又想起一件"), (TAKER, False, "")):
        with pytest.raises(Trouble) as refused:
            acts.sign(office.store, leaver, *other, after, sent)
        assert refused.value.code == "request_other"
    assert acts.sign(office.store, leaver, TAKER, True, "", after, key()) != seq
    _, total = handovers.past(office.store, leaver, 10, 0)
    assert total == 2
    assert verify.verify(office.store).differences == ()


def test_the_taker_takes_what_both_agreed_on_and_nothing_else(office, night, at):
    leaver, number, task = night
    store, taker, now = office.store, office.users[TAKER], at("2026-10-02 08:25")
    later = office.call(at("2026-10-02 08:26"), type="help", emergency="danger")
    other = office.task(later, "call_taker")
    seq = acts.sign(store, leaver, TAKER, True, "", now, key())
    work.claim(store, leaver, later, other, at("2026-10-02 08:27"), key())

    def refused(who, *which):
        with pytest.raises(Trouble) as trouble:
            acts.take(store, who, seq, *which, at("2026-10-02 08:31"))
        return trouble.value.code

    assert refused(taker, number, task) == "shift_task"  # not confirmed
    acts.confirm(store, taker, seq, True, at("2026-10-02 08:30"))
    assert refused(office.who("archivist", "sr-centre"), number, task) == "shift_task"
    assert refused(taker, later, other) == "shift_task"  # taken after signing
    for _ in range(2):  # sent again it is the same
        acts.take(store, taker, seq, number, task, at("2026-10-02 08:31"))
    with store.read() as conn:
        events = log.read_events(conn, number)
        claimed = [one for one in events if one.name == "claim"]
        has = select(t.tickets.c.number, t.tasks.c.task).join(t.tasks)
        held = conn.execute(has.where(t.tasks.c.claimed_by == taker.id)).all()
    assert [one.actor for one in claimed] == [LEAVER, TAKER]
    assert (claimed[-1].body["of"], claimed[-1].body["shift"]) == (LEAVER, seq)
    assert held == [(number, task)]
    work.release(store, taker, number, task, at("2026-10-02 08:40"), key())
    assert refused(taker, number, task) == "shift_task"  # it is the unit's, to be claimed
    assert verify.verify(store).differences == ()


def test_what_was_said_stands_nowhere_in_clear(sqlite_store, at, home):
    office = opened(sqlite_store, datetime(2026, 9, 1, tzinfo=UTC))
    leader = office.who("duty_leader", "sr-centre")
    shift = Shift(at("2026-10-01 17:30"), at("2026-10-02 08:30"), LEAVER)
    roster.revise(office.store, leader, [shift], (), at("2026-09-30 10:00"))
    leaver = office.users[LEAVER]
    acts.sign(sqlite_store, leaver, TAKER, False, "王女士家中停气", at("2026-10-02 08:00"), key())
    dump = b"".join(path.read_bytes() for path in (home / "var").glob("hotline.db*"))
    assert b"shift_signed" in dump
    assert "停气".encode() not in dump


@pytest.mark.parametrize(
    ("when", "taker", "remarks", "code"),
    [
        ("2026-10-01 17:29", TAKER, "", "shift_none"),
        ("2026-10-02 20:31", TAKER, "", "shift_none"),
        ("2026-10-02 08:25", LEAVER, "", "shift_taker"),
        ("2026-10-02 08:25", "sr-water.officer1", "", "shift_taker"),
        ("2026-10-02 08:25", TAKER, "长" * 2001, "shift_remarks"),
    ],
)
def test_what_cannot_be_is_said(office, night, at, when, taker, remarks, code):
    with pytest.raises(Trouble) as refused:
        acts.sign(office.store, night[0], taker, False, remarks, at(when), key())
    assert refused.value.code == code


def test_a_shift_is_handed_over_once_and_only_its_taker_confirms(office, night, at):
    leaver, now = night[0], at("2026-10-02 09:00")  # half an hour after its end: who was busy
    seq = acts.sign(office.store, leaver, TAKER, False, "", now, key())
    with pytest.raises(Trouble) as twice:
        acts.sign(office.store, leaver, TAKER, False, "", now, key())
    assert twice.value.code == "shift_signed"
    with pytest.raises(Trouble) as stranger:
        acts.confirm(office.store, office.who("archivist", "sr-centre"), seq, True, now)
    assert stranger.value.code == "shift_confirmed"
    acts.confirm(office.store, office.users[TAKER], seq, True, now)
    whole = handovers.whole(office.store, leaver, seq)
    assert (whole.handover.accepted, whole.left) == (False, ())  # it was not offered


def test_a_hand_over_that_was_changed_is_found(sqlite_store, at):
    office = opened(sqlite_store, datetime(2026, 9, 1, tzinfo=UTC))
    leader = office.who("duty_leader", "sr-centre")
    shift = Shift(at("2026-10-01 17:30"), at("2026-10-02 08:30"), LEAVER)
    roster.revise(office.store, leader, [shift], (), at("2026-09-30 10:00"))
    now = at("2026-10-02 08:00")
    seq = acts.sign(sqlite_store, office.users[LEAVER], TAKER, False, "", now, key())
    with sqlite_store.write() as conn:
        conn.execute(update(t.handovers).values(confirmed_at=now, accepted=False))
    (found,) = verify.verify(sqlite_store, "system").differences
    assert found.sentence == f"第{seq}个事件的交接班与记录不符。"
