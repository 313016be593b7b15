"""What a person on duty was told of and nobody has taken; whether its rows say what was told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from engine.access import User
from engine.read.worklist import about_own_unit
from engine.record import Event
from engine.store import Store, escalations
from engine.store import tables as t


@dataclass(frozen=True, slots=True)
class Untaken:
    """An emergency's task that waits; `due` is its target, `level` the last that was told."""

    number: str
    task: int
    name: str
    role: str
    unit: str
    emergency: str
    due: datetime
    level: int


def of(store: Store, user: User) -> tuple[Untaken, ...]:
    """What the user was told of and nobody has taken, the most urgent first."""
    query = (
        select(
            t.tickets.c.number,
            t.tickets.c.emergency,
            t.tasks.c.task,
            t.tasks.c.name,
            t.tasks.c.role,
            t.tasks.c.unit,
            t.tasks.c.due,
            func.max(t.escalations.c.level).label("level"),
        )
        .join(t.tickets, t.tickets.c.id == t.escalations.c.ticket)
        .join(
            t.tasks,
            (t.tasks.c.ticket == t.escalations.c.ticket) & (t.tasks.c.task == t.escalations.c.task),
        )
        .where(
            t.escalations.c.user == user.id,
            t.tasks.c.claimed_by.is_(None),
            ~about_own_unit(user, t.tasks),
        )
        .group_by(t.tickets.c.number, t.tickets.c.emergency, *_TASK)
        .order_by(t.tasks.c.due, t.tickets.c.number)
    )
    with store.read() as conn:
        return tuple(Untaken(**row._asdict()) for row in conn.execute(query))


_TASK = (t.tasks.c.task, t.tasks.c.name, t.tasks.c.role, t.tasks.c.unit, t.tasks.c.due)


_ROWS = (
    select(t.escalations, t.users.c.name)
    .outerjoin(t.users, t.users.c.id == t.escalations.c.user)
    .where(t.escalations.c.ticket == bindparam("ticket"))
)


def wrong(conn: Connection, ticket: int, events: Iterable[Event]) -> str:
    """Whether the rows of a ticket say what its facts say; in Chinese, or ""."""
    told: set[tuple[Any, ...]] = set()
    for event in events:
        if event.name == escalations.ESCALATE:
            told.update(escalations.rows(event))
    found = {
        (row.task, row.level, row.n, row.name, row.due, row.told_at)
        for row in conn.execute(_ROWS, {"ticket": ticket})
    }
    return "" if told == found else "值班提醒的数据与记录不符。"
