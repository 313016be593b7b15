"""Shifts as people write them, and when nobody is on duty."""

from __future__ import annotations

from datetime import date, time

import pytest

from engine import duty, workdays
from engine.duty import Hours, Shift

HOURS = Hours.read("08:30-17:30")
CALENDAR = workdays.shipped()


@pytest.mark.parametrize(
    ("line", "since", "until", "people"),
    [
        ("2026-10-01 08:30–10-02 08:30 张三", "10-01 08:30", "10-02 08:30", [("张三", 1, "")]),
        ("2026/10/1 8:30\t2026/10/2 8:30\t张三", "10-01 08:30", "10-02 08:30", [("张三", 1, "")]),
        ("10月1日 17:30至10月2日 08:30 张三", "10-01 17:30", "10-02 08:30", [("张三", 1, "")]),
        ("10-1 17:30-08:30 张三", "10-01 17:30", "10-02 08:30", [("张三", 1, "")]),
        ("10-1 08:30 17:30 张三", "10-01 08:30", "10-01 17:30", [("张三", 1, "")]),
        ("10-1 08：30～24：00 张三", "10-01 08:30", "10-02 00:00", [("张三", 1, "")]),
        ("10.1 08:30:00 - 10.2 08:30:00 张三 2", "10-01 08:30", "10-02 08:30", [("张三", 2, "")]),
        (
            "10-1 8:30-10-2 8:30 张三、李四 第一顺位 0793-8123456",
            "10-01 08:30",
            "10-02 08:30",
            [("张三", 1, "0793-8123456"), ("李四", 2, "0793-8123456")],
        ),
        (
            "10-1 8:30-10-2 8:30 张三 8123456",
            "10-01 08:30",
            "10-02 08:30",
            [("张三", 1, "8123456")],
        ),
    ],
)
def test_a_pasted_line_is_read_as_it_is_meant(at, line, since, until, people):
    found, slips = duty.read_lines(f"\n{line}\n", 2026)
    assert slips == []
    assert [(one.who, one.rank, one.phone) for one in found] == people
    assert {(one.since, one.until) for one in found} == {(at(f"2026-{since}"), at(f"2026-{until}"))}


def test_a_night_into_the_new_year_ends_in_it(at):
    ((shift,), slips) = duty.read_lines("2026-12-31 17:30-01-01 08:30 张三", 2026)
    assert (shift.until, slips) == (at("2027-01-01 08:30"), [])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("张三 十月一日", "duty_line"),
        ("2026-10-01 08:30–10-02 08:30", "duty_line"),
        ("2026-10-01 08:30–10-02 08:30 张三 请带钥匙", "duty_line"),
        ("2026-02-30 08:30–17:30 张三", "duty_date"),
        ("2026-10-01 08:30–25:00 张三", "duty_date"),
        ("2026-10-01 08:30–2026-09-30 08:30 张三", "duty_span"),
        ("2026-10-01 08:30–2026-12-30 08:30 张三", "duty_span"),
        ("2026-10-01 08:30–10-02 08:30 甲、乙、丙、丁、戊、己、庚、辛、壬、癸", "duty_line"),
    ],
)
def test_a_line_that_is_no_shift_is_told_by_its_number(line, code):
    found, slips = duty.read_lines(f"10-1 08:30-17:30 李四\n{line}", 2026)
    assert [one.who for one in found] == ["李四"]
    assert [(slip.number, slip.code) for slip in slips] == [(2, code)]


def test_days_of_the_week_and_days_of_rest_make_shifts(at):
    plan = Shift(at("2026-10-01 00:00"), at("2026-10-01 00:00"), "zhang", 2, "110")
    week = (date(2026, 9, 28), date(2026, 10, 4))
    nights = duty.repeated(CALENDAR, *week, {0, 1, 2, 3}, "work", time(17, 30), time(8, 30), plan)
    assert [(one.since, one.until) for one in nights] == [
        (at(f"2026-09-{day} 17:30"), at(f"2026-{after} 08:30"))
        for day, after in ((28, "09-29"), (29, "09-30"), (30, "10-01"))
    ]
    assert {(one.who, one.rank, one.phone) for one in nights} == {("zhang", 2, "110")}
    rests = duty.repeated(CALENDAR, *week, range(7), "rest", time(8, 30), time(17, 30), plan)
    assert [one.since for one in rests] == [at(f"2026-10-0{n} 08:30") for n in (1, 2, 3, 4)]


def test_nights_and_days_of_rest_without_anybody_are_gaps(at):
    # Wednesday is a working day, Thursday the first of the holidays.
    days = (date(2026, 9, 30), date(2026, 10, 1))
    assert duty.gaps(CALENDAR, HOURS, *days, []) == [
        (at("2026-09-30 00:00"), at("2026-09-30 08:30")),
        (at("2026-09-30 17:30"), at("2026-10-02 00:00")),
    ]
    covered = [
        (at("2026-09-29 17:30"), at("2026-09-30 08:30")),
        (at("2026-09-30 17:30"), at("2026-10-01 12:00")),
        (at("2026-10-01 13:00"), at("2026-10-01 20:00")),
        (at("2026-10-01 19:00"), at("2026-10-01 23:00")),
    ]
    left = duty.gaps(CALENDAR, HOURS, *days, covered)
    assert left == [
        (at("2026-10-01 12:00"), at("2026-10-01 13:00")),
        (at("2026-10-01 23:00"), at("2026-10-02 00:00")),
    ]
    assert duty.within(left, date(2026, 9, 30)) == []
    assert duty.within(left, date(2026, 10, 1)) == left
    assert duty.gaps(CALENDAR, None, days[0], days[0], []) == []  # no hours, no nights


def test_the_next_morning_of_work_comes_after_the_holidays(at):
    assert duty.next_opening(CALENDAR, HOURS, at("2026-09-30 18:00")) == at("2026-10-08 08:30")
    assert duty.next_opening(CALENDAR, HOURS, at("2026-09-30 08:29")) == at("2026-09-30 08:30")
    assert duty.next_opening(CALENDAR, HOURS, at("2026-09-30 08:30")) == at("2026-10-08 08:30")


@pytest.mark.parametrize("text", ["", "08:30", "17:30-08:30", "08:30-17:30+08:00", "8点-5点"])
def test_hours_that_are_none_are_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - half of them are the library's own words
        Hours.read(text)
