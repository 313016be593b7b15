"""Tasks that somebody took and can no longer do: given back, so that a colleague can."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select, update

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
