"""A ticket and a task locked for somebody who may: what acts on tickets begin with."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Connection, Row, bindparam, select

from engine.access import User, authorize
from engine.errors import Denied, StoreError, Trouble
from engine.store import tickets
from engine.store.prepared import Prepared
from engine.store.session import Store
from engine.store.tables import events, units, users
from engine.store.tickets import Seen, Ticket

_DONE = Prepared(
    select(
        events.c.at,
        events.c.actor,
        events.c.body,
        users.c.display_name,
        units.c.name.label("unit_name"),
    )
    .outerjoin(users, users.c.name == events.c.actor)
    .outerjoin(units, units.c.id == users.c.unit)
    .where(events.c.chain == bindparam("chain"), events.c.name == "complete")
    .order_by(events.c.seq)
)

_STEPS = select(events.c.body).where(events.c.chain == bindparam("chain"), events.c.kind == "step")


def see(conn: Connection, user: User, number: str) -> Seen:
    """A ticket that the user may read. Errors: Denied, hidden if there is none."""
    seen = tickets.see(conn, number)
    if seen is None:
        raise Denied("denied_hidden", hidden=True)
    authorize(user, "read_ticket", seen.facts)
    return seen


def hold(
    conn: Connection, store: Store, user: User, number: str, action: str = "read_ticket"
) -> Ticket:
    """The ticket, locked, if the user may do the action to it.

    Errors: Denied, hidden when the ticket is unknown or not the user's to see.
    """
    try:
        ticket = tickets.lock(conn, store, number)
    except StoreError as error:
        if error.code != "ticket_unknown":
            raise
        raise Denied("denied_hidden", hidden=True) from error
    facts = ticket.seen.facts
    authorize(user, "read_ticket", facts)
    if action != "read_ticket":
        authorize(user, action, facts)
    return ticket


def open_task(conn: Connection, user: User, number: str, task: int, seen: Seen) -> Row[Any]:
    """The row of a task that the user may work on, as Seen has it.

    Errors: Trouble task_done (who did it, when), task_gone, task_unknown, task_claimed (by whom,
    since when), four_eyes; Denied denied_task.
    """
    row = seen.tasks.get(task)
    if row is None:
        raise gone(conn, number, task)
    about = {**seen.facts, "role": row.role, "unit": row.unit, "claimed_by": row.claimed_by}
    try:
        authorize(user, "work_task", about)
    except Denied as denied:
        if denied.code != "denied_claimed":
            raise
        raise Trouble(
            "task_claimed", task=row.name, who=row.who_name, when=row.claimed_at
        ) from denied
    if done := completed_by(conn, number, user.name, row):
        raise Trouble("four_eyes", task=row.name, done=done)
    return row


def completed_by(conn: Connection, number: str, user: str, task: Row[Any]) -> str:
    """The name of the task that keeps this person from an open one, or "".

    It is among those that the open task's row names in `other_than`, and this person was the
    last to complete it in the same matter (四眼原则: a second person decides).
    """
    elements = set(task.other_than.split(",")) if task.other_than else set()
    last: dict[str, tuple[str, str]] = {}
    for row in _DONE.all(conn, {"chain": number}) if elements else ():
        body = orjson.loads(row.body)
        if body.get("element") in elements and _one_matter(task, body):
            last[body["element"]] = row.actor, body.get("name", "")
    return next((name for actor, name in last.values() if actor == user), "")


def _one_matter(task: Row[Any], done: dict[str, Any]) -> bool:
    """Whether what was done belongs with a task: units at work at once do not judge each other.

    It does in one leg. Elsewhere it does unless the two stand in two legs, or in two visits of
    one call (the second supervision, the second round).
    """
    leg = done.get("leg")
    if leg is not None and leg == task.leg:
        return True
    for here, there in zip(_scopes(task.address), _scopes(done.get("address", "")), strict=False):
        if here != there:
            in_two_legs = leg is not None and task.leg is not None
            return not in_two_legs and here.partition("#")[0] != there.partition("#")[0]
    return True  # one of them stands around the other


def _scopes(address: str) -> list[str]:
    return address.split("/")[:-1]


def gone(conn: Connection, number: str, task: int) -> Trouble:
    """Why a task is not open: who did it and when, or that it was cancelled, or never was."""
    for row in _DONE.all(conn, {"chain": number}):
        body = orjson.loads(row.body)
        if body.get("task") == task:
            who = row.display_name or ""
            return Trouble("task_done", task=body.get("name", ""), who=who, when=row.at)
    # What was cancelled left no trace of its own, but what was passed afterwards counts on.
    passed = (
        walked["task"]
        for body in conn.execute(_STEPS, {"chain": number}).scalars()
        for walked in orjson.loads(body).get("walked", ())
    )
    return Trouble("task_gone" if 0 < task <= max(passed, default=0) else "task_unknown")
