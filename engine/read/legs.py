"""A ticket's legs and due times as its page shows them, each due time explained."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from engine.read import words
from engine.read.history import Names
from engine.read.words import Remaining, remaining
from engine.store import tables as t
from engine.workdays import Calendar, Due, explain


@dataclass(frozen=True, slots=True)
class DeadlineView:
    """A due time, and how it was counted; `steps` are Chinese sentences, one a day or run."""

    name: str  # sign | handle | …
    label: str
    leg: int | None
    due: datetime
    provisional: bool
    article: str
    steps: tuple[str, ...]
    remaining: Remaining | None  # None once it no longer runs
    met: bool | None  # None while open


@dataclass(frozen=True, slots=True)
class LegView:
    """One dispatch to one unit for one round."""

    leg: int
    parent: int | None
    round: int
    duty: str
    duty_label: str
    unit: str
    unit_name: str
    area_name: str
    centre_name: str
    peer_centre_name: str
    authority_name: str
    dispatched_at: datetime | None
    sign_due: datetime | None
    due: datetime | None
    signed_at: datetime | None
    unsigned_at: datetime | None
    reported_at: datetime | None
    closed_at: datetime | None
    overdue_at: datetime | None
    return_asked_at: datetime | None
    return_rejected_at: datetime | None
    extended_at: datetime | None
    hard_at: datetime | None
    centre_late_at: datetime | None
    void_at: datetime | None
    void_reason: str | None  # returned | recalled | cancelled


_LEGS = (
    select(t.legs, t.areas.c.name.label("area_name"))
    .join(t.areas, t.areas.c.id == t.legs.c.area)
    .where(t.legs.c.ticket == bindparam("ticket"))
    .order_by(t.legs.c.leg)
)
_DEADLINES = (
    select(t.deadlines)
    .where(t.deadlines.c.ticket == bindparam("ticket"))
    .order_by(t.deadlines.c.leg, t.deadlines.c.due, t.deadlines.c.name)
)
_RUNNING = select(t.timers.c.leg, t.timers.c.deadline, t.timers.c.element, t.timers.c.due).where(
    t.timers.c.ticket == bindparam("ticket")
)


def legs_of(conn: Connection, ticket: int, names: Names) -> tuple[LegView, ...]:
    """The legs of a ticket, in the order in which they were opened."""
    return tuple(_leg(row, names) for row in conn.execute(_LEGS, {"ticket": ticket}))


def _leg(row: Row[Any], names: Names) -> LegView:
    unit = names.units.get
    return LegView(
        leg=row.leg,
        parent=row.parent,
        round=row.round,
        duty=row.duty,
        duty_label=words.DUTIES.get(row.duty, row.duty),
        unit=row.unit,
        unit_name=unit(row.unit, ""),
        area_name=row.area_name,
        centre_name=unit(row.centre, ""),
        peer_centre_name=unit(row.peer_centre, ""),
        authority_name=unit(row.authority, ""),
        dispatched_at=row.dispatched_at,
        sign_due=row.sign_due,
        due=row.due,
        signed_at=row.signed_at,
        unsigned_at=row.unsigned_at,
        reported_at=row.reported_at,
        closed_at=row.closed_at,
        overdue_at=row.overdue_at,
        return_asked_at=row.return_asked_at,
        return_rejected_at=row.return_rejected_at,
        extended_at=row.extended_at,
        hard_at=row.hard_at,
        centre_late_at=row.centre_late_at,
        void_at=row.void_at,
        void_reason=row.void_reason,
    )


def deadlines_of(
    conn: Connection,
    ticket: int,
    legs: Sequence[LegView],
    calendar: Calendar,
    now: datetime,
    labels: Mapping[str, str],
) -> tuple[DeadlineView, ...]:
    """The due times of a ticket, explained and named by `labels`; those of a leg together.

    Of several of one name those that run, or else the last one.
    """
    by_number = {leg.leg: leg for leg in legs}
    found = []
    for row, running in _shown(conn, ticket):
        why = json.loads(row.why)
        leg = by_number.get(row.leg)
        met, open_ = _kept(row.name, leg, running)
        found.append(
            DeadlineView(
                name=row.name,
                label=labels.get(row.name, row.name),
                leg=row.leg or None,
                due=row.due,
                provisional=row.provisional,
                article=row.article,
                steps=tuple(explain(Due.from_json(why))) if why else (),
                remaining=remaining(calendar, now, row.due) if open_ else None,
                met=met,
            )
        )
    return tuple(found)


def _shown(conn: Connection, ticket: int) -> list[tuple[Row[Any], bool]]:
    """The rows of due times that a page tells, and whether their timers still run."""
    here = {"ticket": ticket}
    waiting = Counter(
        (row.leg or 0, row.deadline, row.element, row.due) for row in conn.execute(_RUNNING, here)
    )
    rows = conn.execute(_DEADLINES, here).all()
    running: set[Row[Any]] = set()
    last: dict[tuple[int, str], Row[Any]] = {}
    for row in sorted(rows, key=lambda one: (one.due, _visits(one.address)), reverse=True):
        last.setdefault((row.leg, row.name), row)
        timer = (row.leg, row.name, _element(row.address), row.due)
        if not row.address:  # the first semantics noted the last of a name
            alike = (one for one in waiting if (one[0], one[1], one[3]) == (*timer[:2], row.due))
            timer = next(alike, timer)
        if waiting[timer]:
            waiting[timer] -= 1
            running.add(row)
    over = last.keys() - {(row.leg, row.name) for row in running}
    return [
        (row, row in running)
        for row in rows
        if row in running or ((row.leg, row.name) in over and row == last[row.leg, row.name])
    ]


def _element(address: str) -> str:
    return address.rpartition("/")[2].partition("#")[0]


def _visits(address: str) -> list[int]:
    return [int(n) for n in re.findall(r"[#\[](\d+)", address)]


def _kept(name: str, leg: LegView | None, running: bool) -> tuple[bool | None, bool]:
    """Whether a deadline was met (None: not known yet), and whether its time still counts."""
    if leg is None or leg.void_at is not None:
        return None, running
    done, late = {
        "sign": (leg.signed_at, leg.unsigned_at),
        "handle": (leg.closed_at, leg.overdue_at),
    }.get(name, (None, None))
    if late is not None:
        return False, done is None and (name == "sign" or leg.reported_at is None)
    if done is not None:
        return True, False
    return None, running
