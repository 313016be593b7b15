"""What a person on duty was told of and nobody has taken yet: shown on every page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from engine.access import User
from engine.read.worklist import about_own_unit
from engine.store import Store
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
