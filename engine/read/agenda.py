"""What waits, seen from above: the open tasks of a ticket, the next due time, all numbers.

For doors that drive the whole (simulation, command line); people's lists are in worklist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select

from engine.record import SYSTEM
from engine.store import Store
from engine.store.prepared import Prepared
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
    element: str
    other_than: str
    version: int
    about_unit: str | None


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
    tasks.c.element,
    tasks.c.other_than,
    tickets.c.version,
    tickets.c.about_unit,
)
_WAITING = (
    select(*_COLUMNS)
    .join(tickets, tickets.c.id == tasks.c.ticket)
    .where(tickets.c.number == bindparam("number"))
    .order_by(tasks.c.instance, tasks.c.task)
)
_AHEAD = (
    select(func.max(events.c.id)).scalar_subquery(),
    select(func.min(timers.c.next_try_at)).scalar_subquery(),
    select(func.min(outbox.c.next_try_at)).scalar_subquery(),
)
_OVER = ("closed_at", "refused_at", "withdrawn_at", "merged_into", "ended_at")
_NEWS = Prepared(
    select(*_COLUMNS, or_(*(tickets.c[name].is_not(None) for name in _OVER)), *_AHEAD)
    .outerjoin(tasks, tasks.c.ticket == tickets.c.id)
    .where(tickets.c.number.in_(select(events.c.chain).where(events.c.id > bindparam("event"))))
    .order_by(tickets.c.id, tasks.c.instance, tasks.c.task)
)
_LAST = (
    select(events.c.id, events.c.at)
    .where(events.c.chain != SYSTEM)
    .order_by(events.c.id.desc())
    .limit(1)
)
_NEXT = Prepared(select(*_AHEAD))
_NUMBERS = select(tickets.c.number).order_by(tickets.c.id)


@dataclass(frozen=True, slots=True)
class Next:
    """When the sweep has to fire a deadline next, and to deliver a message; None: never."""

    timer: datetime | None
    message: datetime | None


@dataclass(frozen=True, slots=True)
class News:
    """What has changed since an event: `event` is the last one there is, to ask from next time.

    `tasks` are the open tasks of each ticket that had an event, oldest first; `over` those of
    these tickets whose callers have their answer, or whose matter is not handled any more.
    """

    event: int
    tasks: Mapping[str, tuple[Waiting, ...]]
    over: frozenset[str]
    next: Next


def waiting(store: Store, number: str) -> tuple[Waiting, ...]:
    """The open tasks of one ticket, in the order in which they were opened."""
    with store.read() as conn:
        found = conn.execute(_WAITING, {"number": number}).all()
        return tuple(Waiting(**row._mapping) for row in found)


def news(store: Store, event: int) -> News:
    """What has changed since an event, whoever did it, and what the sweep has to do next."""
    found: dict[str, list[Waiting]] = {}
    over = set()
    with store.read() as conn:
        rows = _NEWS.all(conn, {"event": event})
        last, timer, message = rows[0][-3:] if rows else _NEXT.one(conn)
    for row in rows:
        number, task = row[:2]
        tasks_ = found.setdefault(number, [])
        if task is not None:
            tasks_.append(Waiting(*row[:-4]))
        if row[-4]:
            over.add(number)
    told = {number: tuple(tasks_) for number, tasks_ in found.items()}
    return News(last or 0, told, frozenset(over), Next(timer, message))


def last_event(store: Store) -> tuple[int, datetime | None]:
    """The number and the time of the last event of any ticket; 0 and None before there is one."""
    with store.read() as conn:
        row = conn.execute(_LAST).first()
        return (0, None) if row is None else (row.id, row.at)


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
