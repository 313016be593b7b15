"""Shifts as people write them: pasted lines, days of the week; and when nobody is on duty. Pure.

Times are aware instants in UTC; what is written is Shanghai's time. A shift is half-open.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal

from engine.workdays import ZONE, Calendar

LONGEST: Final = timedelta(days=31)
MOST_SHIFTS: Final = 400
"""Shifts that are put into a roster at once: a year of nights."""
HANDED_OVER: Final = timedelta(hours=12)
"""How long after its end a shift can still be handed over: who was busy signs later."""
LONGEST_PHONE: Final = 40
RANKS: Final = 9

Days = Literal["every", "rest", "work"]
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Shift:
    """Somebody (`who`: as written, or a sign-in name) is to be on duty; `rank` counts from 1."""

    since: datetime
    until: datetime
    who: str
    rank: int = 1
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Slip:
    """A line that is no shift: its number from 1, its text, and the code of why not."""

    number: int
    text: str
    code: str


@dataclass(frozen=True, slots=True)
class Hours:
    """From when to when an office works on a working day."""

    opens: time
    closes: time

    @classmethod
    def read(cls, text: str) -> Hours:
        """Hours as "08:30-17:30". Errors: ValueError."""
        first, _, last = text.partition("-")
        found = cls(time.fromisoformat(first), time.fromisoformat(last))
        if found.opens.tzinfo or found.closes.tzinfo or found.opens >= found.closes:
            raise ValueError(text)
        return found


# --- lines, as they are pasted -----------------------------------------------------------------

_DATE = (
    r"(?:(?P<year{n}>\d{{4}})\s*[-/.年]\s*)?"
    r"(?P<month{n}>\d{{1,2}})\s*[-/.月]\s*(?P<day{n}>\d{{1,2}})日?"
)
_TIME = r"(?P<hour{n}>\d{{1,2}})[:：](?P<minute{n}>\d{{2}})(?:[:：]00)?"
_LINE = re.compile(
    rf"\s*{_DATE.format(n=1)}\s*{_TIME.format(n=1)}\s*(?:[-–—－~～至到]+\s*)?"
    rf"(?:{_DATE.format(n=2)}\s*)?{_TIME.format(n=2)}\s*(?P<rest>.*)"
)
_RANK = re.compile(r"第?([1-9一二三四五六七八九])(?:顺位)?")
_PHONE = re.compile(r"[+\d][\d\- 转()（）]{4,38}")
_HAN = "一二三四五六七八九"


def read_lines(text: str, year: int) -> tuple[list[Shift], list[Slip]]:
    """The shifts that lines say, and the lines that say none; empty lines are passed over.

    A line: from, until, who; a rank and a telephone may follow. Several people, with 、 between,
    have the ranks in that order. Where a date has no year it is `year`'s; an end without a date
    is of the same day, or of the next where it would come before the beginning.
    """
    shifts: list[Shift] = []
    slips: list[Slip] = []
    for number, line in enumerate(text.splitlines(), 1):
        plain = " ".join(line.split())
        if not plain:
            continue
        try:
            shifts += _read_line(plain, year)
        except _NoShift as no:
            slips.append(Slip(number, plain, no.code))
    return shifts, slips


class _NoShift(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _read_line(line: str, year: int) -> list[Shift]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise _NoShift("duty_line")
    try:
        first = date(int(found["year1"] or year), int(found["month1"]), int(found["day1"]))
        since = _at(first, int(found["hour1"]), int(found["minute1"]))
        hour, minute = int(found["hour2"]), int(found["minute2"])
        if found["day2"]:
            month, day = int(found["month2"]), int(found["day2"])
            last = date(int(found["year2"] or first.year), month, day)
            if last < first and not found["year2"]:
                last = last.replace(year=last.year + 1)  # from New Year's Eve into the new year
            until = _at(last, hour, minute)
        else:
            until = _at(first, hour, minute)
            if until <= since:
                until = _at(first + timedelta(days=1), hour, minute)
    except (OverflowError, ValueError):
        raise _NoShift("duty_date") from None
    if not since < until or until - since > LONGEST:
        raise _NoShift("duty_span")
    people, rank, phone = _rest(found["rest"])
    return [Shift(since, until, who, rank + n, phone) for n, who in enumerate(people)]


def _rest(text: str) -> tuple[list[str], int, str]:
    """Who, the first of their ranks, and the telephone."""
    who, _, more = text.strip().partition(" ")
    people = [one for one in re.split(r"[、,，/;；]", who) if one]
    rank, phone = 1, ""
    word, _, after = more.partition(" ")
    if found := _RANK.fullmatch(word):
        rank = _HAN.find(found[1]) + 1 or int(found[1])
        more = after
    if more:
        if not _PHONE.fullmatch(more):
            raise _NoShift("duty_line")
        phone = more
    if not people or rank + len(people) - 1 > RANKS:
        raise _NoShift("duty_line")
    return people, rank, phone


def _at(day: date, hour: int, minute: int) -> datetime:
    """A time of a day in Shanghai; 24:00 is the next day's beginning. Errors: ValueError."""
    if (hour, minute) == (24, 0):
        day, hour = day + timedelta(days=1), 0
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


# --- several days at once ----------------------------------------------------------------------


def repeated(
    calendar: Calendar,
    first: date,
    last: date,
    weekdays: Collection[int],
    days: Days,
    begins: time,
    ends: time,
    shift: Shift,
) -> list[Shift]:
    """`shift` on each day from `first` to `last` that is one of the weekdays (0 is Monday).

    `days` leaves of these the days of rest, or the working days. An end that is not after the
    beginning is of the next day. Errors: OutOfCalendar.
    """
    found = []
    for day in _each(first, last):
        if day.weekday() not in weekdays:
            continue
        if days != "every" and calendar.day(day).is_workday != (days == "work"):
            continue
        end = day if begins < ends else day + timedelta(days=1)
        since, until = _at(day, begins.hour, begins.minute), _at(end, ends.hour, ends.minute)
        found.append(Shift(since, until, shift.who, shift.rank, shift.phone))
    return found


def _each(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


# --- when nobody is there ----------------------------------------------------------------------


def gaps(
    calendar: Calendar, hours: Hours | None, first: date, last: date, covered: Iterable[Span]
) -> list[Span]:
    """When from `first` to `last` nobody is on duty although the office is closed, in order.

    Without hours only days of rest count. Errors: OutOfCalendar.
    """
    closed: list[Span] = []
    for day in _each(first, last):
        begin, end = _at(day, 0, 0), _at(day, 24, 0)
        if not calendar.day(day).is_workday:
            closed.append((begin, end))
        elif hours is not None:
            closed.append((begin, _at(day, hours.opens.hour, hours.opens.minute)))
            closed.append((_at(day, hours.closes.hour, hours.closes.minute), end))
    left = _joined(closed)
    for since, until in covered:
        left = [piece for begin, end in left for piece in _without(begin, end, since, until)]
    return left


def _without(begin: datetime, end: datetime, since: datetime, until: datetime) -> list[Span]:
    if until <= begin or end <= since:
        return [(begin, end)]
    return [span for span in ((begin, since), (until, end)) if span[0] < span[1]]


def _joined(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for since, until in sorted(span for span in spans if span[0] < span[1]):
        if found and since <= found[-1][1]:
            found[-1] = found[-1][0], max(until, found[-1][1])
        else:
            found.append((since, until))
    return found


def within(spans: Iterable[Span], day: date) -> list[Span]:
    """What of these lies in a day of Shanghai."""
    begin, end = _at(day, 0, 0), _at(day, 24, 0)
    cut = ((max(since, begin), min(until, end)) for since, until in spans)
    return [span for span in cut if span[0] < span[1]]


def next_opening(calendar: Calendar, hours: Hours | None, now: datetime) -> datetime:
    """When the office opens next, after `now`. Errors: OutOfCalendar."""
    opens = hours.opens if hours is not None else time()
    day = now.astimezone(ZONE).date()
    while True:
        at = _at(day, opens.hour, opens.minute)
        if at > now and calendar.day(day).is_workday:
            return at
        day += timedelta(days=1)
