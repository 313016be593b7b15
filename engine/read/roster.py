"""The duty roster as pages show it: a month with its gaps, and who is on duty now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from engine import duty
from engine.access import User
from engine.duty import Span
from engine.store import Store, roster
from engine.store import tables as t
from engine.workdays import end_of


@dataclass(frozen=True, slots=True)
class Post:
    """Somebody on duty: `rank` counts from 1, `until` is half-open."""

    id: int
    name: str
    display_name: str
    since: datetime
    until: datetime
    rank: int
    phone: str
    there: bool  # still in the unit: otherwise nobody is on duty


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a month: who is on duty in it, and when nobody is though the office is closed."""

    date: date
    workday: bool
    reason: str  # why it is none, or is one: "" on an ordinary day, at a weekend too
    posts: tuple[Post, ...]  # in it for a time, those of the day before first
    gaps: tuple[Span, ...]
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Month:
    """The roster of a unit in a month."""

    unit_name: str
    hours: duty.Hours | None
    days: tuple[Day, ...]
    gaps: tuple[Span, ...]  # joined over the ends of days


@dataclass(frozen=True, slots=True)
class Now:
    """A person's duty: the shift they are in, who else is, who comes next."""

    mine: Post
    others: tuple[Post, ...]
    next: tuple[Post, ...]


def month(store: Store, user: User, first: date, now: datetime) -> Month:
    """The month that begins on `first`, for the user's unit. Gaps that are over are not told.

    Errors: OutOfCalendar.
    """
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    with store.read() as conn:
        calendar = store.calendar(conn)
        hours = _hours(store, conn, now)
        rows = roster.between(conn, user.unit, end_of(first - timedelta(days=1)), end_of(last))
        posts = [post_of(row) for row in rows]
        there = [(one.since, one.until) for one in posts if one.there]
        left = duty.gaps(calendar, hours, first, last, there)
        left = [(max(since, now), until) for since, until in left if until > now]
        name = select(t.units.c.name).where(t.units.c.id == user.unit)
        days = []
        for n in range(last.day):
            day = first + timedelta(days=n)
            kind = calendar.day(day)
            begin, end = end_of(day - timedelta(days=1)), end_of(day)
            days.append(
                Day(
                    day,
                    kind.is_workday,
                    "" if kind.reason.startswith("周") else kind.reason,
                    tuple(one for one in posts if one.since < end and begin < one.until),
                    tuple(duty.within(left, day)),
                    begin,
                    end,
                )
            )
        return Month(str(conn.execute(name).scalar_one()), hours, tuple(days), tuple(left))


def _hours(store: Store, conn: Any, now: datetime) -> duty.Hours | None:
    """The office's hours, as the version in force says them."""
    return store.definitions(store.current_version(conn, now)).office_hours


def hours(store: Store, now: datetime) -> duty.Hours | None:
    """The office's hours, as the version in force says them; None where it says none."""
    with store.read() as conn:
        return _hours(store, conn, now)


def post(store: Store, user: User, id: int, now: datetime) -> Post | None:
    """A shift of the user's unit that is not over."""
    with store.read() as conn:
        row = roster.find(conn, user.unit, id)
    return post_of(row) if row is not None and row.until > now else None


def of(store: Store, user: User, now: datetime) -> Now | None:
    """The user's duty now; None for who is not on duty."""
    with store.read() as conn:
        posts = [post_of(row) for row in roster.on_duty(conn, user.unit, now)]
        mine = next((one for one in posts if one.name == user.name), None)
        if mine is None:
            return None
        later = tuple(post_of(row) for row in roster.to_come(conn, user.unit, now))
    return Now(mine, tuple(one for one in posts if one is not mine), later)


def repeated(
    store: Store,
    first: date,
    last: date,
    weekdays: Collection[int],
    days: duty.Days,
    begins: time,
    ends: time,
    shift: duty.Shift,
) -> list[duty.Shift]:
    """As engine.duty.repeated, by the working days as they are published. Errors: OutOfCalendar."""
    with store.read() as conn:
        calendar = store.calendar(conn)
    return duty.repeated(calendar, first, last, weekdays, days, begins, ends, shift)


def post_of(row: Any) -> Post:
    """A row of store.roster."""
    return Post(
        row.id,
        row.name,
        row.display_name,
        row.since,
        row.until,
        row.rank,
        row.phone,
        bool(row.there),
    )


def people(store: Store, user: User) -> Sequence[tuple[str, str]]:
    """Who works in the user's unit: (sign-in name, display name)."""
    query = (
        select(t.users.c.name, t.users.c.display_name)
        .where(t.users.c.unit == user.unit, t.users.c.active)
        .order_by(t.users.c.name)
    )
    with store.read() as conn:
        return [(row.name, row.display_name) for row in conn.execute(query)]
