"""Counting working days as the procedure does, and saying why (第十四条; 民法典第二百零一条).

The first day is not counted; a limit ends at 24:00 of its last working day in Asia/Shanghai,
which is stored as 00:00 of the next day, half-open. Pure: no clock, no database. The calendar of
2004 to 2026 is shipped as data; a year that the State Council has not published is counted from
weekdays and statutory days, and what depends on it is provisional (暂定).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from engine.calendar.arrangement import (
    STATUTE,
    CalendarRefused,
    OutOfCalendar,
    Row,
    load_shipped,
    parse_year,
    shipped_years,
    statutory_days,
)

__all__ = [
    "LONGEST",
    "STATUTE",
    "ZONE",
    "Calendar",
    "CalendarRefused",
    "Day",
    "Due",
    "Left",
    "OutOfCalendar",
    "Row",
    "end_of",
    "explain",
    "last_day_of",
    "load_shipped",
    "parse_year",
    "shipped",
    "shipped_years",
    "statutory_days",
]

ZONE = ZoneInfo("Asia/Shanghai")
LONGEST = 1000
"""The largest number of working days that can be asked for, so that no expression runs away."""
_WEEKDAYS = "一二三四五六日"
_ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """One day: whether people work, why (Chinese; "" on an ordinary working day), by what document.

    `known` is False in a year whose arrangement has not been published.
    """

    date: date
    is_workday: bool
    reason: str
    document: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Due:
    """The end of the n-th working day after `start`, and every day walked to get there, in order.

    `start` and `at` are aware and in UTC; `last_day` and the days walked are days of
    Asia/Shanghai. `provisional`: the count needed a day of an unpublished year.
    """

    start: datetime
    days: int
    at: datetime
    last_day: date
    walked: tuple[Day, ...]
    provisional: bool
    revision: int

    def as_json(self) -> dict[str, Any]:
        """Plain JSON for the log; times with +08:00. `from_json` reads it back unchanged.

        `worked` holds the counted days that are working days only by an arrangement (调休),
        `assumed` the days of unpublished years.
        """

        def named(day: Day) -> dict[str, str]:
            return {
                "date": day.date.isoformat(),
                "reason": day.reason,
                "document": day.document,
            }

        return {
            "start": self.start.astimezone(ZONE).isoformat(),
            "days": self.days,
            "due": self.at.astimezone(ZONE).isoformat(),
            "provisional": self.provisional,
            "revision": self.revision,
            "skipped": [named(day) for day in self.walked if not day.is_workday],
            "counted": [day.date.isoformat() for day in self.walked if day.is_workday],
            "worked": [named(day) for day in self.walked if day.is_workday and day.reason],
            "assumed": [day.date.isoformat() for day in self.walked if not day.known],
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Due:
        """The due time that `as_json` wrote; KeyError or ValueError for anything else."""
        named = {row["date"]: row for row in (*value["skipped"], *value.get("worked", ()))}
        counted = set(value["counted"])
        assumed = set(value.get("assumed", ()))
        walked = tuple(
            Day(
                date.fromisoformat(text),
                text in counted,
                named[text]["reason"] if text in named else "",
                named[text]["document"] if text in named else "",
                text not in assumed,
            )
            for text in sorted(counted | set(named), reverse=value["days"] < 0)
        )
        return Due(
            start=datetime.fromisoformat(value["start"]).astimezone(UTC),
            days=value["days"],
            at=datetime.fromisoformat(value["due"]).astimezone(UTC),
            last_day=walked[-1].date,
            walked=walked,
            provisional=value["provisional"],
            revision=value["revision"],
        )


@dataclass(frozen=True, slots=True)
class Left:
    """How far a due time is away, in working days.

    Before it: `days` working days after today until its last day (0 on the last day itself, and
    on rest days before nothing else is left); `last_day` says that today is that day. After it:
    `late`, and `days` working days begun since (0 while only rest days have passed).
    """

    days: int
    last_day: bool
    late: bool


class Calendar:
    """The days that people work; `published` are the years whose arrangement is in force."""

    def __init__(
        self, days: Mapping[date, Day], published: Collection[int], revision: int = 0
    ) -> None:
        self._days = dict(days)
        self.published = frozenset(published)
        self.revision = revision

    @classmethod
    def of(cls, rows: Iterable[Row], published: Collection[int], revision: int = 0) -> Calendar:
        """A calendar from the rows of a file or table; a later row for a day wins."""
        days = {row.date: Day(row.date, row.is_workday, row.source, row.document) for row in rows}
        return cls(days, published, revision)

    def day(self, day: date) -> Day:
        """What kind of day this is; OutOfCalendar if its year cannot be computed."""
        found = self._days.get(day)
        if found is None:
            found = self._compute(day)
            self._days[day] = found
        return found

    def _compute(self, day: date) -> Day:
        known = day.year in self.published
        if not known:
            name = statutory_days(day.year).get(day)
            if name:
                return Day(day, False, f"{name}（法定节假日）", STATUTE, False)
        if day.weekday() >= 5:
            return Day(day, False, f"周{_WEEKDAYS[day.weekday()]}", "", known)
        return Day(day, True, "", "", known)

    def due(self, start: datetime, days: int) -> Due:
        """The end of the `days`-th working day strictly after the day of `start` in Shanghai.

        Negative `days` count back: the end of the working day that many before that day.
        """
        if start.tzinfo is None:
            raise OutOfCalendar("calendar_naive", start=start.isoformat())
        if isinstance(days, bool) or not isinstance(days, int) or not 1 <= abs(days) <= LONGEST:
            raise OutOfCalendar("calendar_days", days=days)
        if not date.min.year < start.year < date.max.year:  # its day in Shanghai may not exist
            raise OutOfCalendar("calendar_range", year=start.year)
        walked: list[Day] = []
        current = start.astimezone(ZONE).date()
        left, step = abs(days), _ONE if days > 0 else -_ONE
        while left:
            current += step
            day = self.day(current)
            walked.append(day)
            left -= day.is_workday
        return Due(
            start=start.astimezone(UTC),
            days=days,
            at=end_of(current),
            last_day=current,
            walked=tuple(walked),
            provisional=not all(day.known for day in walked),
            revision=self.revision,
        )

    def between(self, start: datetime, end: datetime) -> int:
        """Working days strictly after the day of `start` up to and with the day of `end`."""
        return self._count(start.astimezone(ZONE).date(), end.astimezone(ZONE).date())

    def _count(self, first: date, last: date) -> int:
        days = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
        return sum(self.day(day).is_workday for day in days)

    def left(self, now: datetime, at: datetime) -> Left:
        """How far the half-open due time `at` is from `now`; both aware."""
        today = now.astimezone(ZONE).date()
        last = last_day_of(at)
        if now >= at:
            return Left(self._count(last, today), False, True)
        return Left(self._count(today, last), today == last, False)

    def differences(self, other: Calendar, first: date, last: date) -> tuple[date, ...]:
        """The days from `first` to `last` on which the two do not agree whether people work."""
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return tuple(d for d in days if self.day(d).is_workday != other.day(d).is_workday)


def end_of(day: date) -> datetime:
    """24:00 of a day in Asia/Shanghai, as an instant in UTC."""
    return datetime.combine(day + _ONE, time(), ZONE).astimezone(UTC)


def last_day_of(at: datetime) -> date:
    """The last day before a half-open due time: 00:00 of 1 September is due in August."""
    return (at.astimezone(ZONE) - timedelta(microseconds=1)).date()


def shipped() -> Calendar:
    """A fresh calendar of the shipped years, revision 0."""
    return Calendar.of(load_shipped(), shipped_years())


def explain(due: Due) -> list[str]:
    """Why a limit ends when it does: Chinese sentences, one for each run of days set apart."""
    first = due.start.astimezone(ZONE).date()
    back = due.days < 0
    said = [
        f"{_named(first)}起{'倒' if back else ''}算，当日不计入；{'之前' if back else ''}"
        + f"第{abs(due.days)}个工作日是{_named(due.last_day)}，到期时间"
        + f"为当日24时（即{_named(due.last_day + _ONE)}0时）。"
    ]
    for (reason, document, is_workday), run in groupby(
        (day for day in sorted(due.walked, key=lambda day: day.date) if day.reason),
        key=lambda day: ("" if not day.document else day.reason, day.document, day.is_workday),
    ):
        days = list(run)
        said += [_sentence(part, reason, document, is_workday) for part in _unbroken(days)]
    if due.provisional:
        years = sorted({day.date.year for day in due.walked if not day.known})
        # No year, if the doubt is in another count that this limit was chosen from.
        which = f"{'、'.join(map(str, years))}年" if years else "有关年份"
        said.append(
            f"{which}的放假安排尚未公布，本期限按周末和法定节假日推算，为暂定；安排公布后重新计算。"
        )
    return said


def _named(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）"


def _unbroken(days: list[Day]) -> list[list[Day]]:
    """Runs of days that follow one another in the calendar."""
    runs: list[list[Day]] = []
    for day in days:
        if runs and day.date - runs[-1][-1].date == _ONE:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _sentence(days: list[Day], reason: str, document: str, is_workday: bool) -> str:
    span = _named(days[0].date)
    if len(days) > 1:
        span += f"至{_named(days[-1].date)}"
    what = f"{span}：{reason or '周末'}，{'计为' if is_workday else '不是'}工作日"
    return f"{what}，依据：{document}。" if document else f"{what}。"
