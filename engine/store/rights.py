"""A ticket and a task locked for somebody who may: what acts on tickets begin with."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from engine.access import User, authorize
from engine.errors import Denied, StoreError, Trouble
from engine.store import tickets
from engine.store.session import Store
from engine.store.tables import events, tasks, units, users
from engine.store.tickets import Ticket

_TASK = (
    select(tasks, users.c.name.label("who"), users.c.display_name.label("who_name"))
    .outerjoin(users, users.c.id == tasks.c.claimed_by)
    .where(tasks.c.ticket == bindparam("ticket"), tasks.c.task == bindparam("task"))
)
_DONE = (
    select(events.c.at, events.c.body, users.c.display_name, units.c.name.label("unit_name"))
    .outerjoin(users, users.c.name == events.c.actor)
    .outerjoin(units, units.c.id == users.c.unit)
    .where(events.c.chain == bindparam("chain"), events.c.name == "complete")
)


def see(conn: Connection, user: User, number: str) -> dict[str, Any]:
    """The facts of a ticket that the user may read. Errors: Denied, hidden if there is none."""
    facts = tickets.facts(conn, number)
    if facts is None:
        raise Denied("denied_hidden", hidden=True)
    authorize(user, "read_ticket", facts)
    return facts


def hold(
    conn: Connection, store: Store, user: User, number: str, action: str = "read_ticket"
) -> tuple[Ticket, dict[str, Any]]:
    """The ticket, locked, and its facts, if the user may do the action to it.

    Errors: Denied, hidden when the ticket is unknown or not the user's to see.
    """
    try:
        ticket = tickets.lock(conn, store, number)
    except StoreError as error:
        if error.code != "ticket_unknown":
            raise
        raise Denied("denied_hidden", hidden=True) from error
    facts = see(conn, user, number)
    if action != "read_ticket":
        authorize(user, action, facts)
    return ticket, facts


def open_task(
    conn: Connection, user: User, number: str, task: int, facts: dict[str, Any]
) -> Row[Any]:
    """The row of a task that the user may work on, with `who`, `who_name` of who claimed it.

    Errors: Trouble task_done (who did it, when), task_gone, task_unknown, task_claimed (by whom,
    since when); Denied denied_task.
    """
    row = conn.execute(_TASK, {"ticket": facts["id"], "task": task}).one_or_none()
    if row is None:
        raise gone(conn, number, task)
    about = {**facts, "role": row.role, "unit": row.unit, "claimed_by": row.claimed_by}
    try:
        authorize(user, "work_task", about)
    except Denied as denied:
        if denied.code != "denied_claimed":
            raise
        raise Trouble(
            "task_claimed", task=row.name, who=row.who_name, when=row.claimed_at
        ) from denied
    return row


def gone(conn: Connection, number: str, task: int) -> Trouble:
    """Why a task is not open: who did it and when, or that it was cancelled, or never was."""
    last = 0
    for row in conn.execute(_DONE, {"chain": number}):
        body = json.loads(row.body)
        if body.get("task") == task:
            who = row.display_name or ""
            return Trouble("task_done", task=body.get("name", ""), who=who, when=row.at)
        last = max(last, body.get("task", 0))
    return Trouble("task_gone" if 0 < task <= last else "task_unknown")
