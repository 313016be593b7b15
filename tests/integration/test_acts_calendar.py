"""A year's arrangement comes in: open due times move, each change on record."""

from __future__ import annotations

from datetime import UTC, date, datetime
from unittest import mock

import pytest

from engine.acts import calendar
from engine.errors import Denied, Trouble
from engine.flow import process
from engine.flow.model import Refused
from engine.read import health, verify
from engine.read import ticket as reading
from engine.record import SYSTEM
from engine.store import Store, log
from engine.workdays import Row
from tests.integration.office import Office, opened

REVISE = process.revise
DOCUMENT = "国办发明电〔2026〕9号"
NEW_YEAR = [
    Row(date(2027, 1, 1), False, "元旦放假", DOCUMENT),
    Row(date(2027, 1, 2), False, "元旦放假", DOCUMENT),
    Row(date(2027, 1, 3), False, "元旦放假", DOCUMENT),
    Row(date(2026, 12, 27), True, "元旦调休", DOCUMENT),
    Row(date(2027, 1, 4), False, "元旦放假", DOCUMENT),
]


@pytest.fixture
def office(store: Store) -> Office:
    return opened(store, datetime(2026, 9, 1, tzinfo=UTC))


def begun(office: Office, at, count: int = 1) -> list[str]:
    found = []
    for _ in range(count):
        number = office.call(at("2026-12-23 10:00"), type="complaint")
        office.does(number, "dispatcher", at("2026-12-23 10:05"), lead_unit="sr-water")
        found.append(number)
    return found


def dues(office: Office, number: str, now) -> dict[str, reading.DeadlineView]:
    page = reading.page(office.store, office.who("officer", "sr-water"), number, now)
    return {view.name: view for view in page.deadlines}


def test_open_due_times_follow_a_new_year(office, at):
    now = at("2026-12-24 09:00")
    (number,) = begun(office, at)
    before = dues(office, number, now)
    assert (before["sign"].provisional, before["handle"].provisional) == (False, True)
    assert before["handle"].due == at("2027-01-08 00:00")
    done = calendar.publish(office.store, None, 2027, NEW_YEAR, DOCUMENT, now)
    assert (done.tickets, done.moved) == (1, 1)
    after = dues(office, number, now)
    assert after["handle"].due == at("2027-01-08 00:00")  # 27 Dec is worked, 4 Jan is not
    assert not after["handle"].provisional
    assert any("12月27日" in step for step in after["handle"].steps)
    page = reading.page(office.store, office.who("officer", "sr-water"), number, now)
    assert page.history[-1].sentence == "工作日历有变动，重新计算期限"
    assert any("不再是暂定" in line for line in page.history[-1].lines)
    again = calendar.publish(office.store, None, 2027, NEW_YEAR[:3], DOCUMENT, now)
    assert (again.revision, again.moved) == (done.revision + 1, 1)
    assert dues(office, number, now)["handle"].due == at("2027-01-08 00:00")
    shorter = calendar.publish(office.store, None, 2027, NEW_YEAR[:4], DOCUMENT, now)
    assert shorter.moved == 1
    assert dues(office, number, now)["handle"].due == at("2027-01-07 00:00")
    page = reading.page(office.store, office.who("officer", "sr-water"), number, now)
    assert "办理期限由2027年1月7日 24:00改为2027年1月6日 24:00" in page.history[-1].lines
    assert verify.verify(office.store).differences == ()


def test_a_publication_goes_on_where_it_was_interrupted(office, at):
    now = at("2026-12-24 09:00")
    numbers = begun(office, at, 3)
    taken = []

    def cut(*args, **kwargs):
        taken.append(args)
        if len(taken) == 2:
            raise KeyboardInterrupt
        return REVISE(*args, **kwargs)

    with (
        mock.patch("engine.store.steps.process.revise", cut),
        pytest.raises(KeyboardInterrupt),
    ):
        calendar.publish(office.store, None, 2027, NEW_YEAR, DOCUMENT, now)
    assert calendar.unfinished(office.store)
    assert calendar.resume(office.store, now).moved == 2
    assert not calendar.unfinished(office.store)
    assert calendar.resume(office.store, now).tickets == 0
    for number in numbers:
        assert not dues(office, number, now)["handle"].provisional
        with office.store.read() as conn:
            assert [e.name for e in log.read_events(conn, number)].count("revise") == 1


@pytest.mark.parametrize("error", [Refused("expression"), KeyError("x"), ValueError("x")])
def test_a_ticket_that_cannot_be_reckoned_stops_no_other_and_is_not_lost(office, at, error, caplog):
    now = at("2026-12-24 09:00")
    numbers = begun(office, at, 2)
    calls = []

    def fails(times: int):
        calls.clear()

        def revise(*args, **kwargs):
            calls.append(args)
            if len(calls) <= times:
                raise error
            return REVISE(*args, **kwargs)

        return mock.patch("engine.store.steps.process.revise", revise)

    with fails(1):
        done = calendar.publish(office.store, None, 2027, NEW_YEAR, DOCUMENT, now)
    assert (done.tickets, done.moved) == (2, 1)
    assert dues(office, numbers[0], now)["handle"].provisional
    assert not dues(office, numbers[1], now)["handle"].provisional
    assert [record.levelname for record in caplog.records] == ["ERROR"]

    def alarms() -> list[tuple[str, str]]:
        return [(alarm.code, alarm.about) for alarm in health.alarms(office.store, now)]

    assert alarms() == [("calendar_stuck", numbers[0])]
    with fails(1):
        assert calendar.retry(office.store, now) == 1
    assert alarms() == [("calendar_stuck", numbers[0])]
    assert calendar.retry(office.store, now) == 0
    assert alarms() == []
    assert not dues(office, numbers[0], now)["handle"].provisional
    assert calendar.retry(office.store, now) == 0
    assert verify.verify(office.store).differences == ()


def test_who_may_publish_and_what(office, now):
    supervisor = office.who("supervisor", "sr-authority")
    with pytest.raises(Denied):
        calendar.publish(
            office.store, office.who("officer", "sr-water"), 2027, NEW_YEAR, DOCUMENT, now
        )
    for rows, document, code in (
        ([Row(date(2028, 1, 1), False, "元旦放假", DOCUMENT)], DOCUMENT, "year_mismatch"),
        (NEW_YEAR[:1] * 2, DOCUMENT, "year_twice"),
        (NEW_YEAR, " ", "reason_needed"),
    ):
        with pytest.raises(Trouble) as refused:
            calendar.publish(office.store, supervisor, 2027, rows, document, now)
        assert refused.value.code == code
    done = calendar.publish(office.store, supervisor, 2027, NEW_YEAR, DOCUMENT, now)
    with office.store.read() as conn:
        last = log.read_events(conn, SYSTEM)[-1]
        assert store_days(office.store, conn)[date(2026, 12, 27)] is True
    assert (last.name, last.actor) == ("publish_calendar", supervisor.name)
    assert last.body["revision"] == done.revision
    assert len(last.body["days"]) == len(NEW_YEAR)


def store_days(store: Store, conn) -> dict[date, bool]:
    found = store.calendar(conn)
    return {row.date: found.day(row.date).is_workday for row in NEW_YEAR}


def test_a_correction_of_a_year_leaves_the_next_years_december_days(office, now):
    calendar.publish(office.store, None, 2027, NEW_YEAR, DOCUMENT, now)
    calendar.publish(office.store, None, 2026, [], "更正", now)
    with office.store.read() as conn:
        found = office.store.calendar(conn)
    assert found.day(date(2026, 12, 27)).is_workday
    assert found.day(date(2026, 10, 8)).is_workday
    assert found.day(date(2026, 10, 1)).is_workday  # the correction named no day off


@pytest.mark.parametrize(
    ("day", "codes"),
    [
        ("2026-10-31", []),
        ("2026-11-01", [("year_unpublished", True)]),
        ("2026-12-01", [("year_unpublished", False)]),
        ("2027-01-01", [("year_unpublished", False)]),
    ],
)
def test_an_unpublished_year_is_a_notice_then_an_alarm(office, at, day, codes):
    found = health.alarms(office.store, at(f"{day} 09:00"))
    assert [(alarm.code, alarm.notice) for alarm in found] == codes
