"""Announcements from the first word to erasure, on both databases; each fact is on their chain."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from engine.access import Denied
from engine.acts import announcements, people, tickets
from engine.acts.announcements import Words
from engine.errors import Trouble
from engine.read import announcements as reading
from engine.read import ticket as tickets_read
from engine.read.verify import verify
from engine.store import Store
from engine.store import tables as t
from tests.integration.office import Office, filled, key, opened


@pytest.fixture
def office(store: Store) -> Office:
    return opened(store, datetime(2026, 9, 1, tzinfo=UTC))


@pytest.fixture
def cut(now: datetime) -> Words:
    return Words(
        kind="water",
        title="滨江路停水检修",
        places="滨江路、信江花园小区",
        script="滨江路今天检修，下午六点恢复供水。",
        contact="市水务局 0793-8123456",
        since=now,
        until=now + timedelta(hours=8),
    )


@pytest.fixture
def written(office: Office, cut: Words, now: datetime) -> str:
    return announcements.write(office.store, office.who("dispatcher", "sr-centre"), cut, now, key())


def taker(office: Office):
    return office.who("call_taker", "sr-centre")


def linked(office: Office, number: str, now: datetime, phone: str = "", text: str = "") -> int:
    return announcements.link(office.store, taker(office), number, phone, text, "phone", now, key())


def also_a_ticket(office: Office, announcement: str, now: datetime) -> str:
    form = tickets_read.start_form(office.store, taker(office), now)
    raw = filled(form.form, form.sources, {})
    return tickets.start(office.store, taker(office), raw, now, key(), about=[announcement])


def in_force(office: Office, now: datetime, **typed: str) -> tuple[reading.Announcement, ...]:
    return reading.in_force(office.store, taker(office), now, **typed)


def holds(office: Office) -> None:
    assert verify(office.store).differences == ()


def test_it_is_in_force_from_its_time_until_its_end_at_its_own_centre(
    office: Office, cut: Words, written: str, now: datetime
):
    assert written == "GG20260930-001"
    assert [one.number for one in in_force(office, now)] == [written]
    assert [one.number for one in in_force(office, cut.until - timedelta(microseconds=1))] == [
        written
    ]
    assert in_force(office, cut.until) == ()
    assert in_force(office, now - timedelta(microseconds=1)) == ()
    assert reading.in_force(office.store, office.who("call_taker", "gf-centre"), now) == ()
    holds(office)


def test_what_fits_the_place_or_the_words_stands_first(
    office: Office, cut: Words, written: str, now: datetime
):
    writer = office.who("duty_leader", "sr-centre")
    other = replace(cut, kind="power", title="带湖路停电", places="带湖路")
    second = announcements.write(office.store, writer, other, now, key())
    assert [one.number for one in in_force(office, now)] == [second, written]
    here = in_force(office, now, place="上饶市信州区滨江路12号")
    assert [(one.number, one.fits) for one in here] == [(written, True), (second, False)]
    said = in_force(office, now, title="怎么停电了")
    assert [(one.number, one.fits) for one in said] == [(second, True), (written, False)]


def test_a_call_is_counted_once_and_who_calls_again_is_known(
    office: Office, written: str, now: datetime
):
    store, user, once = office.store, taker(office), key()
    for _ in range(2):
        told = (written, "138 1234 1234", "几点来水？", "phone", now, once)
        assert announcements.link(store, user, *told) == 1
    with pytest.raises(Trouble, match="另一项操作"):
        announcements.link(store, user, written, "138 1234 1234", "别的", "phone", now, once)
    assert linked(office, written, now) == 2
    (beside,) = in_force(office, now, phone="0086 13812341234")
    assert (beside.calls, beside.before) == (2, 1)
    page = reading.page(store, user, written, now)
    assert [(call.phone, call.text) for call in page.calls] == [
        ("", ""),
        ("138****1234", "几点来水？"),
    ]
    assert (page.callers, page.tickets) == (1, 0)
    holds(office)


def test_what_callers_say_stands_in_no_column_in_clear(office: Office, written: str, now: datetime):
    linked(office, written, now, "13812341234", "家里有病人")
    with office.store.read() as conn:
        for table in (t.announcements, t.announcement_calls, t.events, t.payloads, t.chains):
            kept = repr(conn.execute(select(table)).all())
            assert "13812341234" not in kept
            assert "家里有病人" not in kept


def test_a_call_keeps_the_words_that_it_heard(
    office: Office, cut: Words, written: str, now: datetime
):
    linked(office, written, now)
    later = replace(cut, script="推迟到晚上八点恢复。", until=cut.until + timedelta(hours=2))
    writer = office.who("dispatcher", "sr-centre")
    announcements.revise(office.store, writer, written, later, 1, now, key())
    linked(office, written, now)
    page = reading.page(office.store, writer, written, now)
    assert [call.revision for call in page.calls] == [2, 1]
    assert [(one.revision, one.words["script"]) for one in page.changes] == [
        (1, cut.script),
        (2, later.script),
    ]
    with pytest.raises(Trouble, match="别人改过"):
        announcements.revise(office.store, writer, written, cut, 1, now, key())
    holds(office)


def test_one_that_is_over_is_linked_to_nobody_and_changed_no_more(
    office: Office, cut: Words, written: str, now: datetime
):
    writer = office.who("dispatcher", "sr-centre")
    with pytest.raises(Trouble, match="不在有效期内"):
        linked(office, written, cut.until)
    announcements.end(office.store, writer, written, now, key())
    assert in_force(office, now) == ()
    for act in (
        lambda: announcements.end(office.store, writer, written, now, key()),
        lambda: announcements.revise(office.store, writer, written, cut, 1, now, key()),
    ):
        with pytest.raises(Trouble, match="已经结束"):
            act()
    with pytest.raises(Trouble, match="不在有效期内"):
        linked(office, written, now)
    past = reading.listed(office.store, writer, now, past=True, limit=9)
    assert [(one.number, one.state) for one in past.items] == [(written, "ended")]
    holds(office)


def test_a_ticket_can_be_made_of_the_call_and_both_know(
    office: Office, written: str, now: datetime
):
    number = also_a_ticket(office, written, now)
    page = reading.page(office.store, taker(office), written, now)
    assert [call.ticket for call in page.calls] == [number]
    with office.store.read() as conn:
        body = conn.execute(
            select(t.events.c.body).where(t.events.c.chain == number, t.events.c.seq == 1)
        ).scalar_one()
    assert f'"announcements":["{written}"]' in body
    with pytest.raises(Denied):
        also_a_ticket(office, "GG20260930-009", now)
    holds(office)


def test_who_may_write_and_who_may_look(office: Office, cut: Words, written: str, now: datetime):
    store = office.store
    with pytest.raises(Denied):
        announcements.write(store, taker(office), cut, now, key())
    for role, unit in (("call_taker", "gf-centre"), ("officer", "sr-water")):
        with pytest.raises(Denied) as denied:
            reading.page(store, office.who(role, unit), written, now)
        assert denied.value.hidden
        assert reading.listed(store, office.who(role, unit), now, past=False, limit=9).total == 0
    linked(office, written, now, "13812341234", "几点来水？")
    people.add_user(store, None, "auditor", "季审", "sr-authority", ["auditor"], now)
    (call,) = reading.page(store, people.load(store, "auditor"), written, now).calls
    assert (call.phone, call.text) == ("", "")


def test_a_form_that_is_wrong_says_all_that_is_wrong(office: Office, cut: Words, now: datetime):
    writer = office.who("dispatcher", "sr-centre")
    wrong = replace(cut, kind="", title=" ", script="长" * 2001, since=None, until=now)
    with pytest.raises(announcements.Invalid) as invalid:
        announcements.write(office.store, writer, wrong, now, key())
    assert list(invalid.value.errors) == ["kind", "title", "script", "since", "until"]
    assert reading.listed(office.store, writer, now, past=False, limit=9).total == 0


def test_written_twice_it_is_one(office: Office, cut: Words, now: datetime):
    writer, once = office.who("dispatcher", "sr-centre"), key()
    numbers = {announcements.write(office.store, writer, cut, now, once) for _ in range(2)}
    assert numbers == {"GG20260930-001"}


def test_erased_the_words_of_callers_are_gone_and_the_rest_still_verifies(
    office: Office, cut: Words, written: str, now: datetime
):
    store = office.store
    linked(office, written, now, "13812341234", "家里有病人")
    erase = lambda: announcements.erase(  # noqa: E731
        store, office.who("supervisor", "sr-authority"), written, "保存期满", cut.until, key()
    )
    with pytest.raises(Trouble, match="还没有结束"):
        announcements.erase(
            store, office.who("supervisor", "sr-authority"), written, "早了", now, key()
        )
    erase()
    page = reading.page(store, taker(office), written, cut.until)
    assert [(call.phone, call.text) for call in page.calls] == [("", "")]
    assert (page.announcement.calls, page.callers) == (1, 0)
    assert page.announcement.script == cut.script
    with store.read() as conn:
        kept = conn.execute(select(t.chains.c.wrapped).where(t.chains.c.name == written))
        assert bytes(kept.scalar_one()) == b""
    with pytest.raises(Trouble):
        erase()
    holds(office)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (update(t.announcements).values(script="改过的口径"), "口径"),
        (update(t.announcements).values(ended_at=datetime(2026, 9, 30, tzinfo=UTC)), "提前结束"),
        (update(t.announcement_calls).values(phone="0" * 64), "来电"),
        (update(t.announcement_calls).values(ticket="20260930-00009"), "来电"),
        (update(t.chains).where(t.chains.c.seq < 9).values(wrapped=b""), "密钥"),
        (update(t.chains).where(t.chains.c.name.startswith("GG")).values(seq=1), ""),
    ],
)
def test_whatever_is_changed_beside_the_chain_is_told(
    office: Office, written: str, now: datetime, change, said: str
):
    linked(office, written, now, "13812341234", "几点来水？")
    holds(office)
    with office.store.write() as conn:
        conn.execute(change)
    found = verify(office.store, written).differences
    assert [one.chain for one in found] == [written]
    assert said in found[0].sentence


def test_one_that_was_deleted_whole_is_missed(sqlite_store: Store, cut: Words, now: datetime):
    office = opened(sqlite_store, datetime(2026, 9, 1, tzinfo=UTC))
    number = announcements.write(
        office.store, office.who("dispatcher", "sr-centre"), cut, now, key()
    )
    with office.store.write() as conn:
        conn.exec_driver_sql("DROP TRIGGER IF EXISTS events_no_delete")
        for (name,) in conn.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'"
        ).all():
            conn.exec_driver_sql(f"DROP TRIGGER {name}")
        conn.execute(delete(t.events).where(t.events.c.chain == number))
        conn.execute(delete(t.chains).where(t.chains.c.name == number))
        conn.execute(delete(t.announcements))
    (found,) = verify(office.store).differences
    assert (found.chain, found.sentence) == (number, "公告已连同全部事件被删去：其编号发出过。")
