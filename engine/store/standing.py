"""What stands open in a unit when a shift ends: for the page, and for what is signed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from engine.access import User
from engine.duty import next_opening
from engine.record import instant
from engine.store import tables as t
from engine.store.escalations import TARGETED
from engine.store.session import Store

MOST = 200
"""Rows of each list: of more the first of them are told."""

Item = dict[str, Any]
Standing = dict[str, list[Item]]


def of(conn: Connection, store: Store, user: User, now: datetime) -> Standing:
    """What the next on duty has to know, as plain JSON: lists of open tasks of the user's unit.

    `urgent`: emergencies that are not handed over; `held`: what the user has taken; `due`: what
    is due before the office opens next; `failed`: tickets with a timer or message that failed.
    """
    hours = store.definitions(store.current_version(conn, now)).office_hours
    morning = next_opening(store.calendar(conn), hours, now)
    ours = and_(
        t.tasks.c.unit == user.unit,
        ~t.tasks.c.optional,
        # Of a report about the unit its people know nothing (回避).
        func.coalesce(t.tickets.c.about_unit, "") != user.unit,
    )
    urgent = _TASKS.join(t.deadlines, TARGETED).where(t.URGENT, ours).distinct()
    return {
        "urgent": _items(conn, urgent),
        "held": _items(conn, _TASKS.where(ours, t.tasks.c.claimed_by == user.id)),
        "due": _items(conn, _TASKS.where(ours, t.tasks.c.due <= morning)),
        "failed": _failed(conn, ours),
    }


_TASKS = (
    select(
        t.tickets.c.number,
        t.tasks.c.task,
        t.tasks.c.name,
        t.tasks.c.due,
        t.users.c.display_name.label("who"),
    )
    .join(t.tickets, t.tickets.c.id == t.tasks.c.ticket)
    .outerjoin(t.users, t.users.c.id == t.tasks.c.claimed_by)
    .order_by(t.tasks.c.due, t.tickets.c.number, t.tasks.c.task)
)


def _items(conn: Connection, query: Select[Any]) -> list[Item]:
    return [
        {
            "number": row.number,
            "task": row.task,
            "name": row.name,
            "due": None if row.due is None else instant(row.due),
            "who": row.who or "",
        }
        for row in conn.execute(query.limit(MOST))
    ]


def _failed(conn: Connection, ours: ColumnElement[bool]) -> list[Item]:
    timer = (
        select(t.timers.c.task)
        .where(t.timers.c.ticket == t.tickets.c.id, t.timers.c.alarm.is_not(None))
        .exists()
    )
    message = (
        select(t.outbox.c.id)
        .where(t.outbox.c.ticket == t.tickets.c.id, t.outbox.c.next_try_at.is_not(None))
        .where(t.outbox.c.tries > 0)
        .exists()
    )
    query = (
        select(t.tickets.c.number, timer.label("timer"), message.label("message"))
        .join(t.tasks, t.tasks.c.ticket == t.tickets.c.id)
        .where(ours, or_(timer, message))
        .distinct()
        .order_by(t.tickets.c.number)
        .limit(MOST)
    )
    return [
        {"number": row.number, "timer": bool(row.timer), "message": bool(row.message)}
        for row in conn.execute(query)
    ]
