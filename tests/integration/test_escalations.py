"""An emergency that nobody takes is told to the next on duty: each level once, whoever sweeps."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from unittest import mock

import pytest
from sqlalchemy import delete, select

from engine import sweep
from engine.acts import escalations as acts
from engine.acts import people, roster, work
from engine.duty import Shift
from engine.read import escalations, verify
from engine.read import ticket as reading
from engine.store import Store, log
from engine.store import tables as t
from tests.integration.office import Office, opened


@pytest.fixture
def office(store: Store) -> Office:
    return opened(store, datetime(2026, 9, 1, tzinfo=UTC))


NIGHT = ("2026-10-01 17:30", "2026-10-02 08:30")
CALLED = "2026-10-02 03:00"
"""In the night; the target is a quarter of an hour later."""


def on_duty(office, at, *names):
    leader = office.who("duty_leader", "sr-centre")
    since, until = map(at, NIGHT)
    planned = [Shift(since, until, name, n) for n, name in enumerate(names, 1)]
    roster.revise(office.store, leader, planned, (), at("2026-09-30 10:00"))


def emergency(office, at, when=CALLED):
    return office.call(at(when), type="help", emergency="danger")


def told(office, number):
    """Of each level: when it was told, to whom, and whether in somebody's place."""
    with office.store.read() as conn:
        return [
            (event.body["level"], event.body["to"], event.body["instead"])
            for event in log.read_events(conn, number)
            if event.name == "escalate"
        ]


FIRST, SECOND = "sr-centre.call_taker1", "sr-centre.dispatcher1"
LEADERS = ["sr-centre.duty_leader1", "sr-centre.duty_leader2"]


def test_first_the_first_on_duty_then_the_second_then_the_duty_leader(office, at):
    on_duty(office, at, FIRST, SECOND)
    number = emergency(office, at)
    for when, count in (
        ("03:07:29", 0),
        ("03:07:30", 1),
        ("03:14:59", 0),
        ("03:15", 1),
        ("03:22:29", 0),
        ("03:22:30", 1),
        ("09:00", 0),
    ):
        assert sweep.run_once(office.store, at(f"2026-10-02 {when}")).told == count, when
    expected = [(1, [FIRST], False), (2, [SECOND], False), (3, LEADERS, False)]
    assert told(office, number) == expected
    seen = escalations.of(office.store, office.users[FIRST])
    assert [(one.number, one.level) for one in seen] == [(number, 1)]
    assert escalations.of(office.store, office.who("archivist", "sr-centre")) == ()
    with office.store.read() as conn:
        letters = conn.execute(select(t.outbox).where(t.outbox.c.topic == "alert.duty")).all()
    said = [json.loads(letter.content) for letter in letters]
    assert [one["values"]["to"] for one in said] == [[FIRST], [SECOND], LEADERS]
    assert all(letter.delivered_at for letter in letters)
    history = reading.page(
        office.store, office.users[FIRST], number, at("2026-10-02 04:00")
    ).history
    assert next(one.sentence for one in history if one.name == "escalate").endswith(
        "无人领取，第1次提醒：sr-centrecall_taker1"
    )
    assert verify.verify(office.store).differences == ()


def test_a_task_that_was_taken_is_told_to_nobody_any_more(office, at):
    on_duty(office, at, FIRST, SECOND)
    number = emergency(office, at)
    sweep.run_once(office.store, at("2026-10-02 03:08"))
    task = office.task(number, "call_taker")
    first = office.users[FIRST]
    work.claim(office.store, first, number, task, at("2026-10-02 03:09"), "taken by the first")
    assert escalations.of(office.store, first) == ()
    assert sweep.run_once(office.store, at("2026-10-02 03:30")).told == 0
    work.release(office.store, first, number, task, at("2026-10-02 03:31"), "and put back")
    assert sweep.run_once(office.store, at("2026-10-02 03:32")).told == 2
    assert [level for level, _, _ in told(office, number)] == [1, 2, 3]


def test_where_nobody_is_on_duty_the_leader_is_told_and_it_is_said(office, at):
    number = emergency(office, at)
    sweep.run_once(office.store, at("2026-10-02 03:08"))
    leaders = ["sr-centre.leader1", "sr-centre.leader2"]
    assert told(office, number) == [(1, leaders, True)]
    user = office.users[leaders[0]]
    page = reading.page(office.store, user, number, at("2026-10-02 04:00"))
    assert "第1顺位无人值班" in page.history[-1].sentence
    sent = page.sent[-1]
    assert (sent.name, sent.topic, sent.leg, sent.to_caller) == (
        "值班提醒",
        "alert.duty",
        None,
        False,
    )


def test_where_nobody_is_there_at_all_it_is_logged_and_on_record(office, at, caplog):
    for name in ("leader1", "leader2", "duty_leader1", "duty_leader2"):
        people.set_active(office.store, None, f"sr-centre.{name}", False, at("2026-09-30 10:00"))
    number = emergency(office, at)
    assert sweep.run_once(office.store, at("2026-10-02 03:08")).told == 1
    assert sweep.run_once(office.store, at("2026-10-02 03:09")).told == 0
    assert told(office, number) == [(1, [], True)]
    assert "there is nobody to tell of an emergency" in caplog.text
    assert verify.verify(office.store).differences == ()


def test_a_late_sweep_tells_who_is_on_duty_then_level_by_level(office, at):
    on_duty(office, at, FIRST, SECOND)
    number = emergency(office, at)
    assert sweep.run_once(office.store, at("2026-10-02 03:40")).told == 3
    assert [level for level, _, _ in told(office, number)] == [1, 2, 3]


def test_what_is_no_emergency_is_told_to_nobody(office, at):
    on_duty(office, at, FIRST, SECOND)
    office.call(at(CALLED), type="help", emergency="no")
    assert sweep.run_once(office.store, at("2026-10-02 06:00")).told == 0


def test_any_number_of_sweeps_tell_each_level_once(office, at):
    on_duty(office, at, FIRST, SECOND)
    numbers = [emergency(office, at) for _ in range(6)]
    counted: list[int] = []
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        for when in ("03:08", "03:16", "03:25"):
            counted.append(sweep.run_once(office.store, at(f"2026-10-02 {when}")).told)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counted) == 18
    for number in numbers:
        assert [level for level, _, _ in told(office, number)] == [1, 2, 3]
    assert verify.verify(office.store).differences == ()


def test_one_that_dies_in_the_middle_has_told_nobody_and_stops_no_other(office, at):
    on_duty(office, at, FIRST, SECOND)
    bad, good = emergency(office, at), emergency(office, at)
    append = log.append

    def dying(conn, chain, kind, name, *args):
        event = append(conn, chain, kind, name, *args)
        if name == "escalate" and chain.name == bad:
            raise RuntimeError
        return event

    with mock.patch("engine.store.log.append", dying):
        assert sweep.run_once(office.store, at("2026-10-02 03:08")).told == 1
    assert (told(office, bad), len(told(office, good))) == ([], 1)
    assert sweep.run_once(office.store, at("2026-10-02 03:09")).told == 1
    assert verify.verify(office.store).differences == ()


def test_a_row_that_is_gone_is_found(sqlite_store, at):
    office = opened(sqlite_store, datetime(2026, 9, 1, tzinfo=UTC))
    number = emergency(office, at)
    sweep.run_once(sqlite_store, at("2026-10-02 03:08"))
    with sqlite_store.write() as conn:
        conn.execute(delete(t.escalations))
    (found,) = verify.verify(sqlite_store, number).differences
    assert found.sentence == "值班提醒的数据与记录不符。"


def test_the_sweep_finds_emergencies_by_their_index(sqlite_store):
    def plan(query):
        text = str(query.compile(conn.engine, compile_kwargs={"literal_binds": True}))
        return "\n".join(str(row) for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))

    with sqlite_store.read() as conn:
        assert "ix_tickets_emergency" in plan(acts._URGENT)
        found = plan(acts._UNTAKEN.where(t.tickets.c.id.in_([1, 2])))
    assert "SCAN" not in found, found
