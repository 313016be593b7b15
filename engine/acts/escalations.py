"""An emergency that nobody takes is told to the next on duty. Facts in the ticket's chain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from engine.flow.escalation import Level, levels
from engine.record import instant
from engine.store import Store, escalations, log, roster, steps
from engine.store import tables as t
from engine.store import tickets as locked

_Person = tuple[int, str]
"""Somebody's id and sign-in name."""

# Asked every few seconds: by the partial index first, because few tickets are open emergencies.
_URGENT = select(t.tickets.c.id).where(t.URGENT)
_AT_ONCE = 500

_UNTAKEN: Select[Any] = (
    select(
        t.tickets.c.id,
        t.tickets.c.number,
        t.tickets.c.version,
        t.tickets.c.emergency,
        t.tickets.c.type,
        t.tasks.c.task,
        t.tasks.c.name,
        t.tasks.c.unit,
        t.tasks.c.opened_at,
        t.tasks.c.due,
        select(func.coalesce(func.max(t.escalations.c.level), 0))
        .where(t.escalations.c.ticket == t.tasks.c.ticket, t.escalations.c.task == t.tasks.c.task)
        .scalar_subquery()
        .label("told"),
    )
    .join(t.tasks, t.tasks.c.ticket == t.tickets.c.id)
    .join(t.deadlines, escalations.TARGETED)
    .where(t.URGENT, t.tasks.c.claimed_by.is_(None), ~t.tasks.c.optional)
    .order_by(t.tasks.c.due, t.tickets.c.id, t.tasks.c.task)
    .distinct()
)


def waiting(store: Store, now: datetime) -> list[tuple[str, int]]:
    """Tasks of which somebody is to be told by now: number of the ticket, task; the most urgent
    first."""
    with store.read() as conn:
        urgent = list(conn.execute(_URGENT).scalars())
        found = []
        for n in range(0, len(urgent), _AT_ONCE):
            some = t.tickets.c.id.in_(urgent[n : n + _AT_ONCE])
            found += [row for row in conn.execute(_UNTAKEN.where(some)) if _due(store, row, now)]
    return [(row.number, row.task) for row in sorted(found, key=lambda row: row.due)]


def _due(store: Store, row: Row[Any], now: datetime) -> list[Level]:
    return [
        level
        for level in levels(store.definitions(row.version), row.emergency, row.type)
        if level.level > row.told and level.due(row.opened_at, row.due) <= now
    ]


def tell(store: Store, number: str, task: int, now: datetime) -> tuple[int, int]:
    """Tell of a task what is to be told by now: each level once, whoever else sweeps.

    How many levels were told, and how many of them to nobody, because nobody was there.
    """
    with store.write() as conn:
        ticket = locked.lock(conn, store, number)
        # Asked under the lock: it may have been taken, or told, meanwhile.
        mine = (t.tickets.c.id == ticket.id) & (t.tasks.c.task == task)
        row = conn.execute(_UNTAKEN.where(mine)).first()
        if row is None:
            return 0, 0
        due, nobody = _due(store, row, now), 0
        for level in due:
            people, instead = _whom(conn, level, row.unit, now)
            nobody += not people
            _tell(conn, ticket, row, level, people, instead, now)
        return len(due), nobody


def _whom(conn: Connection, level: Level, unit: str, now: datetime) -> tuple[list[_Person], bool]:
    """Whom to tell, and whether in the place of others who are not there."""
    if level.rank is None:
        people = _of_roles(conn, unit, level.roles)
    else:
        people = [
            (row.user, row.name)
            for row in roster.on_duty(conn, unit, now)
            if row.rank == level.rank
        ]
    return (people, False) if people else (_of_roles(conn, unit, level.otherwise), True)


def _of_roles(conn: Connection, unit: str, roles: Sequence[str]) -> list[_Person]:
    """The people of a unit who have the first of these roles that anybody has."""
    for role in roles:
        query = (
            select(t.users.c.id, t.users.c.name)
            .join(t.user_roles, t.user_roles.c.user == t.users.c.id)
            .where(t.users.c.unit == unit, t.users.c.active, t.user_roles.c.role == role)
            .order_by(t.users.c.id)
        )
        if found := [(row.id, row.name) for row in conn.execute(query)]:
            return found
    return []


def _tell(
    conn: Connection,
    ticket: locked.Ticket,
    row: Row[Any],
    level: Level,
    people: Sequence[_Person],
    instead: bool,
    now: datetime,
) -> None:
    body = {
        "task": row.task,
        "name": row.name,
        "level": level.level,
        "due": instant(level.due(row.opened_at, row.due)),
        "of": row.unit,
        "rank": level.rank,
        "to": [name for _, name in people],
        "instead": instead,
    }
    event = log.append(conn, ticket, "fact", escalations.ESCALATE, now, steps.CLOCK, "", body)
    ids = {name: id for id, name in people}
    conn.execute(
        insert(t.escalations),
        [
            {
                "ticket": ticket.id,
                "task": task,
                "level": number,
                "n": n,
                "user": None if who is None else ids[who],
                "due": due,
                "told_at": told_at,
            }
            for task, number, n, who, due, told_at in escalations.rows(event)
        ],
    )
    waits = {"ticket": ticket.id, "created_at": now, "tries": 0, "next_try_at": now}
    conn.execute(insert(t.outbox), escalations.letter(event) | waits)
