"""Years without an arrangement: statutory days, provisional due times, and the year coming in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import radians, sin

import chinese_calendar
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.workdays import (
    STATUTE,
    Calendar,
    CalendarRefused,
    explain,
    load_shipped,
    parse_year,
    shipped,
    shipped_years,
    statutory_days,
)

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

HEAD = "date,is_workday,source,document\n"
DOCUMENT = "国务院办公厅关于2027年部分节假日安排的通知"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_13_statutory_days_of_2027():
    assert {f"{day:%m-%d}": name for day, name in statutory_days(2027).items()} == {
        "01-01": "元旦",
        "02-05": "春节",
        "02-06": "春节",
        "02-07": "春节",
        "02-08": "春节",
        "04-05": "清明节",
        "05-01": "劳动节",
        "05-02": "劳动节",
        "06-09": "端午节",
        "09-15": "中秋节",
        "10-01": "国庆节",
        "10-02": "国庆节",
        "10-03": "国庆节",
    }


def test_moon_festival_on_a_national_day_is_one_day_with_both_names():
    days = statutory_days(2031)
    assert days[date(2031, 10, 1)] == "国庆节、中秋节"
    assert len(days) == 12


def test_an_unpublished_year_is_provisional_and_says_so():
    calendar = shipped()
    day = calendar.day(date(2027, 2, 5))
    assert (day.is_workday, day.reason, day.document, day.known) == (
        False,
        "春节（法定节假日）",
        STATUTE,
        False,
    )
    due = calendar.due(at("2026-12-30T10:00:00+08:00"), 2)
    assert due.last_day == date(2027, 1, 4)
    assert due.provisional
    assert explain(due)[-1] == (
        "2027年的放假安排尚未公布，本期限按周末和法定节假日推算，为暂定；安排公布后重新计算。"
    )
    assert not calendar.due(at("2026-12-30T10:00:00+08:00"), 1).provisional


def test_statutory_days_of_the_shipped_years_are_days_off_in_their_arrangements():
    calendar = shipped()
    for year in (2025, 2026):  # the rule of 2024
        assert not any(calendar.day(day).is_workday for day in statutory_days(year))


def test_festivals_agree_with_chinesecalendar():
    holidays = chinese_calendar.holidays
    names = {
        "清明节": "Tomb-sweeping Day",
        "端午节": "Dragon Boat Festival",
        "春节": "Spring Festival",
    }
    for year in range(2008, 2027):
        for day, name in statutory_days(year).items():
            if name in names and not (name == "春节" and day == min(_of(year, "春节"))):
                assert not chinese_calendar.is_workday(day)
                assert holidays.get(day) == names[name] or day.weekday() >= 5, day
    for year in range(2004, 2051):
        terms = chinese_calendar.get_solar_terms(date(year, 4, 1), date(year, 4, 10))
        assert [(d, n) for d, n in terms if n == "清明"] == [(_of(year, "清明节")[0], "清明")]


def _of(year: int, name: str) -> list[date]:
    return [day for day, called in statutory_days(year).items() if name in called]


# --- the sky, after Meeus, Astronomical Algorithms, chapters 25 and 49 ----------------------------

EPOCH = datetime(2000, 1, 1, 12, tzinfo=UTC)
SHANGHAI = timedelta(hours=8)
DELTA_T = timedelta(seconds=75)


def new_moon(k: int) -> datetime:
    """The k-th new moon after that of 6 January 2000, to about two minutes, in UTC."""
    t = k / 1236.85
    sun, moon = 2.5534 + 29.1053567 * k, 201.5643 + 385.81693528 * k + 0.0107582 * t * t
    node, e = 160.7108 + 390.67050284 * k - 0.0016118 * t * t, 1 - 0.002516 * t
    terms = [
        (-0.40720, 0, 1, 0), (0.17241 * e, 1, 0, 0), (0.01608, 0, 2, 0), (0.01039, 0, 0, 2),
        (0.00739 * e, -1, 1, 0), (-0.00514 * e, 1, 1, 0), (0.00208 * e * e, 2, 0, 0),
        (-0.00111, 0, 1, -2), (-0.00057, 0, 1, 2), (0.00056 * e, 1, 2, 0), (-0.00042, 0, 3, 0),
        (0.00042 * e, 1, 0, 2), (0.00038 * e, 1, 0, -2), (-0.00024 * e, -1, 2, 0),
    ]  # fmt: skip
    correction = sum(
        size * sin(radians(a * sun + b * moon + c * node)) for size, a, b, c in terms
    ) - 0.00017 * sin(radians(124.7746 - 1.56375588 * k))
    julian = 5.09766 + 29.530588861 * k + 0.00015437 * t * t + correction
    return EPOCH + timedelta(days=julian) - DELTA_T


def sun_at(moment: datetime) -> float:
    """The sun's apparent longitude in degrees, to 0.01 (a quarter of an hour)."""
    t = (moment + DELTA_T - EPOCH).total_seconds() / 86400 / 36525
    m = radians(357.52911 + 35999.05029 * t)
    c = (1.914602 - 0.004817 * t) * sin(m) + 0.019993 * sin(2 * m) + 0.000289 * sin(3 * m)
    true = 280.46646 + 36000.76983 * t + 0.0003032 * t * t + c
    return (true - 0.00569 - 0.00478 * sin(radians(125.04 - 1934.136 * t))) % 360


def sun_reaches(longitude: float, year: int) -> datetime:
    """When the sun reaches a longitude in a year (from January to December)."""
    low = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=((longitude + 80) % 360) / 0.9856 - 4)
    high = low + timedelta(days=8)
    while high - low > timedelta(seconds=30):
        middle = low + (high - low) / 2
        passed = (sun_at(middle) - longitude) % 360 < 180
        low, high = (low, middle) if passed else (middle, high)
    return low


def month_starts(year: int) -> dict[int, date]:
    """First days of the (not leap) lunar months 1 to 10 of a year, by the rule of GB/T 33661."""
    first = round((year - 2000) * 12.3685) - 16
    starts = [(new_moon(first + n) + SHANGHAI).date() for n in range(34)]

    def month_of(day: date) -> int:
        return max(n for n, start in enumerate(starts) if start <= day)

    eleventh = month_of((sun_reaches(270, year - 1) + SHANGHAI).date())
    next_eleventh = month_of((sun_reaches(270, year) + SHANGHAI).date())
    leap = None
    if next_eleventh - eleventh == 13:
        centres = {
            month_of((sun_reaches(30 * n, y) + SHANGHAI).date())
            for y in (year - 1, year)
            for n in range(12)
        }
        leap = next(n for n in range(eleventh + 1, next_eleventh) if n not in centres)
    numbered, number = {}, 11
    for n in range(eleventh, next_eleventh + 1):
        if n == leap:
            continue
        if number > 12:
            numbered[number - 12] = starts[n]
        number += 1
    return numbered


@pytest.mark.parametrize("year", range(2004, 2051))
def test_festivals_agree_with_the_sky(year: int):
    months = month_starts(year)
    assert _of(year, "春节")[1] == months[1]
    assert _of(year, "端午节") == [months[5] + timedelta(days=4)]
    assert _of(year, "中秋节") == [months[8] + timedelta(days=14)]
    moment = sun_reaches(15, year) + SHANGHAI
    near = {(moment + timedelta(minutes=m)).date() for m in (-20, 20)}  # what is sure of the sun
    assert _of(year, "清明节")[0] in near


# --- the year comes in ------------------------------------------------------------------------


def rows_2027(extra: str = "") -> str:
    rows = [f"{d},0,{n}放假,{DOCUMENT}" for d, n in statutory_days(2027).items()]
    return HEAD + "\n".join(rows) + "\n" + extra


def test_a_published_year_is_no_longer_provisional():
    text = rows_2027(f"2027-01-04,0,元旦放假,{DOCUMENT}\n2026-12-27,1,元旦调休上班,{DOCUMENT}\n")
    rows = parse_year("\ufeff" + text, 2027)
    assert [row.date for row in rows] == sorted(row.date for row in rows)
    old = shipped()
    new = Calendar.of([*load_shipped(), *rows], {*shipped_years(), 2027}, revision=2)
    due = new.due(at("2026-12-25T10:00:00+08:00"), 6)
    assert (due.last_day, due.provisional, due.revision) == (date(2027, 1, 5), False, 2)
    assert old.due(at("2026-12-25T10:00:00+08:00"), 6).last_day == date(2027, 1, 5)
    changed = old.differences(new, date(2026, 12, 1), date(2027, 12, 31))
    assert changed == (date(2026, 12, 27), date(2027, 1, 4))


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("2027-02-30,0,春节放假,文件", "第2行：日期“2027-02-30”不存在"),
        ("20270101,0,元旦放假,文件", "第2行：日期“20270101”格式不对，请写成2027-01-01。"),
        ("明天,0,元旦放假,文件", "第2行：日期“明天”不存在"),
        ("2028-01-01,0,元旦放假,文件", "第2行：日期2028-01-01不属于2027年"),
        ("2026-11-30,0,元旦放假,文件", "第2行：日期2026-11-30不属于2027年"),
        ("2027-01-01,也许,元旦放假,文件", "第2行：is_workday应为1（上班）或0（放假）。"),
        ("2027-01-01,0,,文件", "第2行：source应写明原因"),
        ("2027-01-01,0,元旦放假,", "第2行：document为空，请写明依据的文件名称和文号。"),
        ("2027-01-01,0,元旦放假," + "长" * 81, "第2行：document不超过80字。"),
        ("2027-01-01,0,元旦\u202e放假,文件", "不可见的控制字符"),
        ("2027-01-01,0,元旦放假", "第2行：应有4列，实有3列"),
        ('2027-01-01,0,"元旦放假,文件', "引号不成对"),
        ("", "文件中没有任何日期"),
        ("2027-01-01,0,元旦放假,文件\n2027-01-01,0,元旦放假,文件", "第3行：日期2027-01-01重复"),
        ("2027-01-01,0,元旦放假,文件", "缺少春节：法定节假日2027-02-05没有列为放假"),
        ("2027-01-01,1,元旦上班,文件", "缺少元旦：法定节假日2027-01-01没有列为放假"),
    ],
)
def test_bad_rows_are_refused_with_a_sentence(row: str, sentence: str):
    with pytest.raises(CalendarRefused) as refused:
        parse_year(HEAD + row + "\n", 2027)
    assert any(sentence in error for error in refused.value.errors), refused.value.errors


@pytest.mark.parametrize(
    ("text", "year", "sentence"),
    [
        ("日期,上班\n", 2027, "第1行：表头应为"),
        ("a\0b", 2027, "文件不是文本文件"),
        ("x" * 200_001, 2027, "文件过大"),
        (HEAD, 2051, "只能添加2025年至2050年的安排"),
        (HEAD, 2003, "只能添加2025年至2050年的安排"),
    ],
)
def test_bad_files_are_refused_with_a_sentence(text: str, year: int, sentence: str):
    with pytest.raises(CalendarRefused, match=sentence):
        parse_year(text, year)


@CALM
@given(st.text(), st.integers(2025, 2050))
def test_any_text_is_taken_or_refused(text: str, year: int):
    for content in (text, HEAD + text):
        with pytest.raises(CalendarRefused):
            parse_year(content, year)
