"""Counting working days: the check list of the procedure, and twenty-three years day by day."""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.workdays import (
    LONGEST,
    ZONE,
    Calendar,
    Due,
    Left,
    OutOfCalendar,
    end_of,
    explain,
    last_day_of,
    load_shipped,
    shipped,
    shipped_years,
)

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

FIRST, LAST = date(2004, 1, 1), date(2026, 12, 31)


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return shipped()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@pytest.mark.parametrize(
    ("start", "lasts"),
    [
        ("2026-09-30", ["10-08", "10-09", "10-13", "10-20", "10-27"]),
        ("2026-09-19", ["09-20", "09-21", "09-24", "10-09", "10-15"]),
        ("2026-02-13", ["02-14", "02-24", "02-27", "03-05", "03-12"]),
    ],
)
@pytest.mark.parametrize("clock", ["00:00:00", "12:00:00", "23:59:59.999999"])
def test_the_check_list(calendar: Calendar, start: str, lasts: list[str], clock: str):
    found = [calendar.due(at(f"{start}T{clock}+08:00"), n) for n in (1, 2, 5, 10, 15)]
    assert [f"{due.last_day:%m-%d}" for due in found] == lasts
    assert not any(due.provisional for due in found)


def test_2026_has_248_working_days(calendar: Calendar):
    assert sum(calendar.day(d).is_workday for d in days(date(2026, 1, 1), LAST)) == 248


def test_every_day_of_the_shipped_years_agrees_with_chinesecalendar(calendar: Calendar):
    differing = [
        d for d in days(FIRST, LAST) if calendar.day(d).is_workday != chinese_calendar.is_workday(d)
    ]
    assert differing == []
    assert all(calendar.day(d).known for d in days(FIRST, LAST))


def test_every_start_and_1_to_30_days_agree_with_an_independent_count(calendar: Calendar):
    worked = [d for d in days(FIRST, LAST) if chinese_calendar.is_workday(d)]
    counted = 0
    for start in days(FIRST, LAST):
        before = bisect_right(worked, start)
        morning = datetime(start.year, start.month, start.day, 9, tzinfo=ZONE)
        for n in range(1, min(30, len(worked) - before) + 1):
            due = calendar.due(morning, n)
            assert due.last_day == worked[before + n - 1]
            counted += 1
    assert counted > 250_000


def test_the_end_is_24_oclock_of_the_last_day_as_midnight_of_the_next(calendar: Calendar):
    due = calendar.due(at("2026-09-30T10:00:00+08:00"), 1)
    assert due.at == at("2026-10-08T16:00:00+00:00")
    assert due.at.tzinfo is UTC
    assert due.at.astimezone(ZONE) == at("2026-10-09T00:00:00+08:00")
    assert last_day_of(due.at) == due.last_day


@pytest.mark.parametrize(
    ("start", "last"),
    [
        ("2026-09-30T23:59:59+08:00", "2026-10-08"),
        ("2026-10-01T00:00:00+08:00", "2026-10-08"),
        ("2026-10-08T00:00:00+08:00", "2026-10-09"),
        ("2026-10-07T15:59:59+00:00", "2026-10-08"),  # 23:59:59 of the 7th in Shanghai
        ("2026-10-07T16:00:00+00:00", "2026-10-09"),  # 00:00 of the 8th in Shanghai
        ("2026-10-07T11:30:00-04:30", "2026-10-09"),
        ("2026-10-08T04:59:59+13:00", "2026-10-08"),
    ],
)
def test_the_first_day_is_that_of_shanghai(calendar: Calendar, start: str, last: str):
    assert calendar.due(at(start), 1).last_day == date.fromisoformat(last)


def moments(first: str, last: str) -> st.SearchStrategy[datetime]:
    low, high = (int(at(f"{day}T00:00:00+08:00").timestamp()) for day in (first, last))
    return st.integers(low, high).map(lambda second: datetime.fromtimestamp(second, ZONE))


@CALM
@given(moments("2004-01-01", "2026-10-01"), st.integers(1, 15))
def test_the_zone_of_the_start_does_not_matter(moment: datetime, n: int):
    calendar = shipped()
    zones = ("UTC", "Asia/Tokyo", "Asia/Urumqi", "America/New_York")
    assert len({calendar.due(moment.astimezone(ZoneInfo(zone)), n) for zone in zones}) == 1


@CALM
@given(moments("2004-01-01", "2049-01-01"), st.integers(1, 60))
def test_a_due_time_comes_back_from_json_unchanged(moment: datetime, n: int):
    due = shipped().due(moment, n)
    assert Due.from_json(json.loads(json.dumps(due.as_json()))) == due
    assert sum(day.is_workday for day in due.walked) == n
    assert [day.date for day in due.walked] == days(moment.date() + timedelta(days=1), due.last_day)
    assert due.provisional == any(day.date.year > 2026 for day in due.walked)
    assert explain(due)[0].startswith(f"{moment.year}年")


@pytest.mark.parametrize("n", [0, LONGEST + 1, -LONGEST - 1, True, -1.5, "1"])
def test_only_1_to_1000_days_can_be_asked_forth_or_back(calendar: Calendar, n: int):
    with pytest.raises(OutOfCalendar, match="calendar_days"):
        calendar.due(at("2026-09-30T10:00:00+08:00"), n)


@pytest.mark.parametrize(
    ("start", "n", "last"),
    [
        ("2026-10-09", -1, "2026-10-08"),
        ("2026-10-08", -1, "2026-09-30"),
        ("2026-10-12", -1, "2026-10-10"),  # a Saturday that is worked
        ("2026-10-05", -2, "2026-09-29"),
        ("2027-01-04", -1, "2026-12-31"),
    ],
)
def test_days_can_be_counted_back(calendar: Calendar, start: str, n: int, last: str):
    due = calendar.due(at(f"{start}T23:59:59+08:00"), n)
    assert due.last_day == date.fromisoformat(last)
    assert due.at == end_of(due.last_day)
    assert due.provisional == start.startswith("2027")


@CALM
@given(moments("2005-01-01", "2048-01-01"), st.integers(1, 60))
def test_back_and_forth_meet(moment: datetime, n: int):
    calendar = shipped()
    back = calendar.due(moment, -n)
    assert sum(day.is_workday for day in back.walked) == n
    assert Due.from_json(json.loads(json.dumps(back.as_json()))) == back
    before = datetime.combine(back.last_day, time(9), ZONE)
    assert calendar.between(before, moment) == n - 1 + calendar.day(moment.date()).is_workday
    assert explain(back)[0].startswith(f"{moment.year}年")


def test_the_explanation_of_a_count_back(calendar: Calendar):
    said = explain(calendar.due(at("2026-10-08T23:59:59+08:00"), -1))
    assert said[0] == (
        "2026年10月8日（周四）起倒算，当日不计入；之前第1个工作日是2026年9月30日（周三），"
        "到期时间为当日24时（即2026年10月1日（周四）0时）。"
    )
    assert said[1].startswith(
        "2026年10月1日（周四）至2026年10月7日（周三）：国庆节放假，不是工作日"
    )
    assert len(said) == 2


def test_a_limit_chosen_among_counts_may_be_provisional_by_another(calendar: Calendar):
    due = replace(calendar.due(at("2026-09-19T10:00:00+08:00"), 2), provisional=True)
    assert explain(due)[-1].startswith("有关年份的放假安排尚未公布")


def test_a_time_without_a_zone_is_refused(calendar: Calendar):
    with pytest.raises(OutOfCalendar, match="calendar_naive"):
        calendar.due(datetime(2026, 9, 30), 1)  # noqa: DTZ001


@pytest.mark.parametrize("year", ["0001", "2002", "2050", "9998", "9999"])
def test_no_answer_is_invented_where_no_festival_is_known(calendar: Calendar, year: str):
    with pytest.raises(OutOfCalendar, match="calendar_range"):
        calendar.due(at(f"{year}-12-31T10:00:00+08:00"), 1)


def test_the_calendar_begins_with_2004(calendar: Calendar):
    assert calendar.due(at("2003-12-31T10:00:00+08:00"), 1).last_day == date(2004, 1, 2)
    with pytest.raises(OutOfCalendar, match="calendar_range"):
        calendar.day(date(2003, 12, 31))


def test_the_explanation_names_what_was_skipped_and_the_document(calendar: Calendar):
    document = "国务院办公厅关于2026年部分节假日安排的通知（国办发明电〔2025〕7号）"
    assert explain(calendar.due(at("2026-09-30T10:00:00+08:00"), 10)) == [
        "2026年9月30日（周三）起算，当日不计入；第10个工作日是2026年10月20日（周二），"
        "到期时间为当日24时（即2026年10月21日（周三）0时）。",
        f"2026年10月1日（周四）至2026年10月7日（周三）：国庆节放假，不是工作日，依据：{document}。",
        f"2026年10月10日（周六）：国庆节调休上班，计为工作日，依据：{document}。",
        "2026年10月11日（周日）：周末，不是工作日。",
        "2026年10月17日（周六）至2026年10月18日（周日）：周末，不是工作日。",
    ]


def test_the_log_keeps_why(calendar: Calendar):
    found = calendar.due(at("2026-09-19T10:00:00+08:00"), 2).as_json()
    document = "国务院办公厅关于2026年部分节假日安排的通知（国办发明电〔2025〕7号）"
    assert found == {
        "start": "2026-09-19T10:00:00+08:00",
        "days": 2,
        "due": "2026-09-22T00:00:00+08:00",
        "provisional": False,
        "revision": 0,
        "skipped": [],
        "counted": ["2026-09-20", "2026-09-21"],
        "worked": [{"date": "2026-09-20", "reason": "国庆节调休上班", "document": document}],
        "assumed": [],
    }


def test_half_open_days_left(calendar: Calendar):
    due = end_of(date(2026, 10, 9))  # Friday; Saturday the 10th is worked
    assert calendar.left(at("2026-09-30T10:00:00+08:00"), due) == Left(2, False, False)
    assert calendar.left(at("2026-10-05T10:00:00+08:00"), due) == Left(2, False, False)
    assert calendar.left(at("2026-10-08T10:00:00+08:00"), due) == Left(1, False, False)
    assert calendar.left(at("2026-10-09T23:59:59+08:00"), due) == Left(0, True, False)
    assert calendar.left(at("2026-10-10T00:00:00+08:00"), due) == Left(1, False, True)
    assert calendar.left(at("2026-10-11T10:00:00+08:00"), due) == Left(1, False, True)
    assert calendar.left(at("2026-10-12T10:00:00+08:00"), due) == Left(2, False, True)


def test_a_due_time_at_midnight_belongs_to_the_day_and_month_before():
    assert last_day_of(at("2026-08-31T16:00:00+00:00")) == date(2026, 8, 31)
    assert last_day_of(end_of(date(2026, 12, 31))) == date(2026, 12, 31)


def test_working_days_between_two_moments(calendar: Calendar):
    start = at("2026-09-30T23:00:00+08:00")
    assert calendar.between(start, at("2026-09-30T23:59:00+08:00")) == 0
    assert calendar.between(start, at("2026-10-08T00:00:00+08:00")) == 1
    assert calendar.between(start, at("2026-10-12T09:00:00+08:00")) == 4


def test_each_shipped_row_has_a_reason_and_a_document_that_fit_their_columns():
    rows = load_shipped()
    assert len({row.date for row in rows}) == len(rows)
    assert all(row.source and len(row.source) <= 40 for row in rows)
    assert all("通知" in row.document and len(row.document) <= 80 for row in rows)
    assert list(shipped_years()) == list(range(2004, 2027))
    assert all(("上班" in row.source) == row.is_workday for row in rows)


@pytest.mark.parametrize(
    ("day", "document"),
    [
        ("2019-04-28", "国务院办公厅关于调整2019年劳动节假期安排的通知（国办发明电〔2019〕3号）"),
        ("2020-01-31", "国务院办公厅关于延长2020年春节假期的通知（国办发明电〔2020〕1号）"),
        ("2018-12-31", "国务院办公厅关于2019年部分节假日安排的通知（国办发明电〔2018〕15号）"),
        ("2007-12-29", "国务院办公厅关于2008年部分节假日安排的通知"),
    ],
)
def test_a_day_is_founded_on_the_document_that_named_it(
    calendar: Calendar, day: str, document: str
):
    assert calendar.day(date.fromisoformat(day)).document == document
