"""Who has taken a task: written; given back when they can no longer do it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from engine.access import User
from engine.store import log
from engine.store import tickets as locked
from engine.store.session import Store
from engine.store.tables import tasks, tickets, user_roles, users

_able = (
    select(users.c.id)
    .join(user_roles, user_roles.c.user == users.c.id)
    .where(users.c.id == tasks.c.claimed_by, users.c.active, user_roles.c.role == tasks.c.role)
    .exists()
)
_stranded = (tasks.c.claimed_by == bindparam("who")) & ~_able
_NUMBERS = (
    select(tickets.c.number)
    .join(tasks, tasks.c.ticket == tickets.c.id)
    .where(_stranded)
    .distinct()
    .order_by(tickets.c.number)
)
_FREE = (
    update(tasks)
    .where(tasks.c.ticket == bindparam("of"), _stranded)
    .values(claimed_by=None, claimed_at=None)
    .returning(tasks.c.task, tasks.c.name)
)


def give(
    conn: Connection, ticket: locked.Ticket, task: int, who: int | None, now: datetime
) -> None:
    """Note who has taken an open task of a locked ticket; None: nobody any more."""
    which = (
        tasks.c.ticket == ticket.id,
        tasks.c.instance == locked.FIRST,
        tasks.c.task == task,
    )
    at = None if who is None else now
    conn.execute(update(tasks).where(*which).values(claimed_by=who, claimed_at=at))


def release(store: Store, who: int, now: datetime, actor: User | None) -> None:
    """Give back what somebody took and can no longer do: not active any more, or without its role.

    One ticket a transaction, so that no two are locked together; done again it finds the rest.
    """
    by = (actor.name, actor.unit) if actor else ("system", "")
    with store.read() as conn:
        numbers = list(conn.execute(_NUMBERS, {"who": who}).scalars())
    for number in numbers:
        with store.write() as conn:
            ticket = locked.lock(conn, store, number)
            freed = conn.execute(_FREE, {"who": who, "of": ticket.id})
            for task, name in sorted((row.task, row.name) for row in freed):
                log.append(conn, ticket, "fact", "release", now, *by, {"task": task, "name": name})
