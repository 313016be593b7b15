"""The sweep: what is due fires once, in order, whoever sweeps; what cannot fire stops nothing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from sqlalchemy import select, update

from engine import sweep, watch
from engine.acts import tickets
from engine.flow import process
from engine.flow.model import Refused
from engine.read import health, verify
from engine.store import Store, log
from engine.store import tables as t
from engine.store import tickets as rows
from tests.integration.office import Office, opened

TICK = process.tick


@pytest.fixture
def office(store: Store) -> Office:
    return opened(store, datetime(2026, 9, 1, tzinfo=UTC))


def dispatched(office: Office, at, count: int = 1, type: str = "consult") -> list[str]:
    found = []
    for _ in range(count):
        number = office.call(at("2026-09-28 10:00"), type=type)
        office.does(number, "dispatcher", at("2026-09-28 10:05"), lead_unit="sr-water")
        found.append(number)
    return found


def names(office: Office, number: str) -> list[str]:
    with office.store.read() as conn:
        return [event.name for event in log.read_events(conn, number)]


def waiting(office: Office) -> list[object]:
    with office.store.read() as conn:
        return list(conn.execute(select(t.timers).order_by(t.timers.c.ticket, t.timers.c.task)))


def test_a_limit_ends_at_midnight_and_not_a_moment_sooner(office, at):
    (number,) = dispatched(office, at)
    almost = at("2026-09-30 00:00") - timedelta(microseconds=1)
    assert sweep.run_once(office.store, almost).fired == 0
    assert sweep.run_once(office.store, at("2026-09-30 00:00")).fired == 1
    assert sweep.run_once(office.store, at("2026-09-30 00:00")).fired == 0
    assert names(office, number) == ["start", "complete", "tick"]


def test_a_late_sweep_records_what_a_punctual_one_would_have(office, at):
    dispatched(office, at, 3)
    assert sweep.run_once(office.store, at("2026-12-01 00:00")).fired == 6
    with office.store.read() as conn:
        for leg in conn.execute(select(t.legs)):
            assert (leg.unsigned_at, leg.overdue_at) == (leg.sign_due, leg.due)
    assert verify.verify(office.store).differences == ()


def test_one_that_fails_backs_off_and_stops_no_other(office, at):
    bad, *good = dispatched(office, at, 4, "complaint")
    now = at("2026-09-30 00:00")
    with office.store.read() as conn:
        bad_id = conn.execute(select(t.tickets.c.id).where(t.tickets.c.number == bad)).scalar_one()

    def poisoned(state, *args):
        if state.data["number"] == bad:
            raise Refused("expression", element="some_timer", problem="什么内容")
        return TICK(state, *args)

    with mock.patch("engine.store.steps.process.tick", poisoned):
        swept = sweep.run_once(office.store, now)
        assert (swept.fired, swept.failed) == (3, 1)
        assert sweep.run_once(office.store, now) == sweep.Swept()
        pauses = []
        for _ in range(12):
            row = next(r for r in waiting(office) if r.tries)
            assert row.ticket == bad_id
            pauses.append(row.next_try_at - now)
            now = row.next_try_at
            assert sweep.run_once(office.store, now).failed == 1
    assert pauses[:4] == [timedelta(minutes=n) for n in (1, 2, 4, 8)]
    assert max(pauses) == timedelta(hours=6)
    (row,) = [r for r in waiting(office) if r.tries]
    assert row.alarm == "expression some_timer"
    assert names(office, bad) == ["start", "complete"]
    assert all(names(office, number)[-1] == "tick" for number in good)
    assert [alarm.code for alarm in health.alarms(office.store, now)] == ["timer_stuck"]
    assert sweep.run_once(office.store, row.next_try_at).fired == 1
    assert verify.verify(office.store).differences == ()


def test_a_timer_whose_token_does_not_move_is_rolled_back(office, at):
    (number,) = dispatched(office, at)

    def still(state, now, readings):
        return process.revise(state, now, readings)

    with mock.patch("engine.store.steps.process.tick", still):
        assert sweep.run_once(office.store, at("2026-09-30 00:00")).failed == 1
    assert names(office, number) == ["start", "complete"]
    (row,) = [r for r in waiting(office) if r.tries]
    assert row.alarm.startswith("timer_stuck")


@pytest.mark.parametrize("where", ["search.append", "projection.project"])
def test_a_sweep_that_dies_in_the_middle_has_done_nothing(office, at, where):
    (number,) = dispatched(office, at)
    before = waiting(office)
    with (
        mock.patch(f"engine.store.steps.{where}", side_effect=MemoryError),
        pytest.raises(MemoryError),
    ):
        tickets.tick(office.store, before[0].ticket, at("2026-09-30 00:00"))
    assert waiting(office) == before
    assert names(office, number) == ["start", "complete"]
    assert sweep.run_once(office.store, at("2026-09-30 00:00")).fired == 1


def test_any_number_of_sweeps_fire_each_timer_once(office, at):
    dispatched(office, at, 12)
    now = at("2026-12-01 00:00")
    fired = []

    def run() -> None:
        fired.append(sweep.run_once(office.store, now).fired)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(fired) == 24
    with office.store.read() as conn:
        ticks = conn.execute(select(t.events.c.chain).where(t.events.c.name == "tick")).all()
    assert len(ticks) == len(set(ticks)) == 12
    assert verify.verify(office.store).differences == ()


def test_a_ticket_that_somebody_holds_is_left_for_later(postgresql_store, at):
    office = opened(postgresql_store, datetime(2026, 9, 1, tzinfo=UTC))
    held, free = dispatched(office, at, 2)
    now = at("2026-09-30 00:00")
    with office.store.write() as conn:
        rows.lock(conn, office.store, held)
        assert sweep.run_once(office.store, now).fired == 1
    assert names(office, free)[-1] == "tick"
    assert names(office, held)[-1] == "complete"
    assert sweep.run_once(office.store, now).fired == 1


def test_the_daily_look_finds_rows_that_do_not_fit(office, at, caplog):
    now = at("2026-09-29 09:00")
    numbers = dispatched(office, at, 4)
    caplog.set_level("INFO", "engine.watch")
    assert watch.look(office.store, now) == 0
    due = waiting(office)
    with office.store.write() as conn:
        timers = t.timers
        first, second, third = (due[n] for n in (0, 2, 4))
        conn.execute(timers.delete().where(timers.c.ticket == first.ticket))
        later = second.due + timedelta(days=1)
        one = (timers.c.ticket == second.ticket) & (timers.c.task == second.task)
        conn.execute(update(timers).where(one).values(due=later, next_try_at=later))
        conn.execute(timers.insert().values(**{**third._mapping, "task": 999}))
    found = list(health.timers_that_differ(office.store))
    assert [difference.number for difference in found] == numbers[:3]
    assert [difference.what.split()[-1] for difference in found] == ["missing", "due", "extra"]
    assert watch.look(office.store, now) == 3


def test_a_sweep_that_does_not_run_is_an_alarm(office, at):
    dispatched(office, at)
    due = at("2026-09-30 00:00")
    codes = [a.code for a in health.alarms(office.store, due + timedelta(minutes=9))]
    assert codes == []
    codes = [a.code for a in health.alarms(office.store, due + timedelta(minutes=11))]
    assert codes == ["timers_late"]
