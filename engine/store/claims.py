"""Tasks that somebody took and can no longer do: given back, so that a colleague can."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select, update

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


def stranded(conn: Connection, who: int) -> list[str]:
    """The tickets in which a person holds a task without being active or having its role."""
    return list(conn.execute(_NUMBERS, {"who": who}).scalars())


def give_back(conn: Connection, ticket: int, who: int) -> list[tuple[int, str]]:
    """Free such tasks of one ticket, which is locked: their numbers and names."""
    return sorted((row.task, row.name) for row in conn.execute(_FREE, {"who": who, "of": ticket}))
