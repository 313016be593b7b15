"""What waits, seen from above: the open tasks of a ticket, the next due time, all numbers.

For doors that drive the whole (simulation, command line); people's lists are in worklist.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select

from engine.store import Store
from engine.store.tables import events, outbox, tasks, tickets, timers


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open user task, and whose it is."""

    number: str
    task: int
    name: str
    form: str
    role: str
    unit: str
    leg: int | None
    type: str
    opened_at: datetime
    due: datetime | None
    optional: bool  # a right, not a duty


_COLUMNS = (
    tickets.c.number,
    tasks.c.task,
    tasks.c.name,
    tasks.c.form,
    tasks.c.role,
    tasks.c.unit,
    tasks.c.leg,
    tickets.c.type,
    tasks.c.opened_at,
    tasks.c.due,
    tasks.c.optional,
)
_WAITING = (
    select(*_COLUMNS)
    .join(tickets, tickets.c.id == tasks.c.ticket)
    .where(tickets.c.number == bindparam("number"))
    .order_by(tasks.c.instance, tasks.c.task)
)
_NEXT = select(
    select(func.min(timers.c.next_try_at)).scalar_subquery(),
    select(func.min(outbox.c.next_try_at)).scalar_subquery(),
)
_NUMBERS = select(tickets.c.number).order_by(tickets.c.id)


@dataclass(frozen=True, slots=True)
class Next:
    """When the sweep has to fire a deadline next, and to deliver a message; None: never."""

    timer: datetime | None
    message: datetime | None


def waiting(store: Store, number: str) -> tuple[Waiting, ...]:
    """The open tasks of one ticket, in the order in which they were opened."""
    return after_act(store, number)[0]


def after_act(store: Store, number: str) -> tuple[tuple[Waiting, ...], Next]:
    """The open tasks of one ticket, oldest first, and what the sweep has to do next."""
    with store.read() as conn:
        found = conn.execute(_WAITING, {"number": number}).all()
        return tuple(Waiting(**row._mapping) for row in found), Next(*conn.execute(_NEXT).one())


def next_due(store: Store) -> Next:
    """What the sweep has to do next."""
    with store.read() as conn:
        return Next(*conn.execute(_NEXT).one())


def numbers(store: Store) -> tuple[str, ...]:
    """The numbers of all tickets, oldest first."""
    with store.read() as conn:
        return tuple(conn.execute(_NUMBERS).scalars())


def count(store: Store) -> tuple[int, int]:
    """How many tickets and how many events there are."""
    with store.read() as conn:
        return (
            conn.execute(select(func.count()).select_from(tickets)).scalar_one(),
            conn.execute(select(func.count()).select_from(events)).scalar_one(),
        )
