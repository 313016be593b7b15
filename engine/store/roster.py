"""The duty roster: who is on duty in a unit, as acts and pages ask."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Row, Select, select, type_coerce

from engine.record import instant
from engine.store.tables import shifts, users

ROSTER = "roster"
"""The fact that a roster was changed: whose (`of`), and the shifts put in and taken out."""

# Who has left the unit, or the house, is on duty there no more.
_THERE = users.c.active & (users.c.unit == shifts.c.unit)
_SHIFTS = select(
    shifts, users.c.name, users.c.display_name, type_coerce(_THERE, Boolean).label("there")
).join(users, users.c.id == shifts.c.user)
_ORDER = (shifts.c.since, shifts.c.rank, shifts.c.id)


def between(conn: Connection, unit: str, since: datetime, until: datetime) -> Sequence[Row[Any]]:
    """The shifts of a unit that touch a stretch of time, in order, whoever has left since."""
    return _all(conn, _of(unit).where(shifts.c.until > since, shifts.c.since < until))


def on_duty(conn: Connection, unit: str, now: datetime) -> Sequence[Row[Any]]:
    """Who is on duty in a unit, the first in rank first."""
    found = _of(unit).where(_THERE, shifts.c.since <= now, shifts.c.until > now)
    return conn.execute(found.order_by(shifts.c.rank, shifts.c.since)).all()


def to_come(conn: Connection, unit: str, now: datetime) -> Sequence[Row[Any]]:
    """The shifts of a unit that begin next: all that begin at the same time."""
    later = _of(unit).where(_THERE, shifts.c.since > now)
    first = conn.execute(later.order_by(shifts.c.since).limit(1)).first()
    return _all(conn, later.where(shifts.c.since == first.since)) if first is not None else ()


def of_person(conn: Connection, unit: str, user: int, now: datetime) -> Row[Any] | None:
    """The shift that somebody is in, or else the last one that they were in; None for neither."""
    begun = _of(unit).where(_THERE, shifts.c.user == user, shifts.c.since <= now)
    return conn.execute(begun.order_by(shifts.c.until.desc()).limit(1)).first()


def find(conn: Connection, unit: str, id: int) -> Row[Any] | None:
    """A shift of a unit by its id."""
    return conn.execute(_of(unit).where(shifts.c.id == id)).one_or_none()


def _of(unit: str) -> Select[Any]:
    return _SHIFTS.where(shifts.c.unit == unit)


def _all(conn: Connection, query: Select[Any]) -> Sequence[Row[Any]]:
    return conn.execute(query.order_by(*_ORDER)).all()


def told(name: str, shift: Any) -> dict[str, Any]:
    """A shift (a Shift, or a row) of whoever signs in by this name, as the system chain says it."""
    return {
        "user": name,
        "since": instant(shift.since),
        "until": instant(shift.until),
        "rank": shift.rank,
        "phone": shift.phone,
    }
