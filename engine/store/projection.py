"""A step written into the rows that work lists and the sweep read, as changes to what is there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.flow.model import Message, Step
from engine.record import canonical
from engine.store import milestones, places
from engine.store.milestones import Place, Rows, changed
from engine.store.places import Peers
from engine.store.tables import deadlines, drafts, legs, outbox, tasks, tickets, timers
from engine.store.tickets import FIRST, Ticket, save_state

_CLAIM = ("claimed_by", "claimed_at")
_TRIES = ("tries", "next_try_at", "alarm")


def _of_ticket(table: Table, *, instance: bool) -> Any:
    query = select(table).where(table.c.ticket == bindparam("t"))
    return query.where(table.c.instance == bindparam("i")) if instance else query


_TASKS = _of_ticket(tasks, instance=True)
_TIMERS = _of_ticket(timers, instance=True)
_LEGS = _of_ticket(legs, instance=False)
_DEADLINES = _of_ticket(deadlines, instance=False)


def project(
    conn: Connection, ticket: Ticket, step: Step, now: datetime, instance: int = FIRST
) -> None:
    """Write a step that was just appended as the ticket's last event: state, rows, outbox.

    What a step does not decide is left alone: who claimed a task that stays open, how often a
    timer that stays was tried.
    Errors: StoreError unit_unknown, area_incomplete.
    """
    save_state(conn, ticket, step.state, instance)
    before = read(conn, ticket, instance)
    after = milestones.advance(before, step, now, place_of(conn, ticket))
    _write_ticket(conn, ticket, changed(before.ticket, after.ticket))
    _write_legs(conn, ticket, before, after)
    _write_deadlines(conn, ticket, after)
    _write_timers(conn, ticket, instance, before, after)
    _write_tasks(conn, ticket, instance, before, after)
    _queue(conn, ticket, step.messages, now)


def place_of(conn: Connection, ticket: Ticket) -> Place:
    """How this ticket's rows find the peers of a unit, each asked for once."""
    known: dict[str, Peers] = {}

    def peers(unit: str) -> Peers:
        if unit not in known:
            known[unit] = places.of_unit(conn, unit)
        return known[unit]

    return Place(ticket.columns["area"], ticket.columns["centre"], peers)


def read(
    conn: Connection, ticket: Ticket, instance: int = FIRST, *, with_deadlines: bool = False
) -> Rows:
    """The rows of a ticket as they stand, to go on from or to compare with a replay's.

    A step does not need the deadlines: it writes those whose timers changed.
    """
    where = {"t": ticket.id, "i": instance}
    here = {"t": ticket.id}
    return Rows(
        ticket={column: ticket.columns[column] for column in milestones.OF_TICKET},
        legs={r.leg: _without(r, "ticket", "leg") for r in conn.execute(_LEGS, here)},
        tasks={
            r.task: _without(r, "ticket", "instance", "task", *_CLAIM)
            for r in conn.execute(_TASKS, where)
        },
        timers={
            r.task: _without(r, "ticket", "instance", "task", *_TRIES)
            for r in conn.execute(_TIMERS, where)
        },
        deadlines={
            (r.leg, r.name): _without(r, "ticket", "leg", "name")
            for r in (conn.execute(_DEADLINES, here) if with_deadlines else ())
        },
    )


def _without(row: Any, *names: str) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in names}


# --- writing -----------------------------------------------------------------------------------


def _write_ticket(conn: Connection, ticket: Ticket, columns: dict[str, Any]) -> None:
    if columns:
        conn.execute(update(tickets).where(tickets.c.id == ticket.id).values(**columns))
        ticket.columns.update(columns)


def _write_legs(conn: Connection, ticket: Ticket, before: Rows, after: Rows) -> None:
    for number, leg in after.legs.items():
        if number not in before.legs:
            conn.execute(insert(legs), {"ticket": ticket.id, "leg": number, **leg})
        elif columns := changed(before.legs[number], leg):
            conn.execute(
                update(legs)
                .where(legs.c.ticket == ticket.id, legs.c.leg == number)
                .values(**columns)
            )


def _write_deadlines(conn: Connection, ticket: Ticket, after: Rows) -> None:
    build = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    for (leg, name), row in after.deadlines.items():
        written = build(deadlines).values(ticket=ticket.id, leg=leg, name=name, **row)
        conn.execute(
            written.on_conflict_do_update(
                index_elements=["ticket", "leg", "name"],
                set_={column: written.excluded[column] for column in row},
            )
        )


def _write_timers(
    conn: Connection, ticket: Ticket, instance: int, before: Rows, after: Rows
) -> None:
    _close(conn, timers, ticket, instance, before.timers.keys() - after.timers.keys())
    new = []
    for task, row in after.timers.items():
        fresh = {**row, "tries": 0, "next_try_at": row["due"], "alarm": None}
        if task not in before.timers:
            new.append({"ticket": ticket.id, "instance": instance, "task": task, **fresh})
        elif before.timers[task] != row:
            conn.execute(_row(update(timers), timers, ticket, instance, task).values(**fresh))
    if new:
        conn.execute(insert(timers), new)


def _write_tasks(
    conn: Connection, ticket: Ticket, instance: int, before: Rows, after: Rows
) -> None:
    gone = before.tasks.keys() - after.tasks.keys()
    _close(conn, tasks, ticket, instance, gone)
    if gone:
        conn.execute(
            delete(drafts).where(drafts.c.ticket == ticket.id, drafts.c.task.in_(sorted(gone)))
        )
    new = []
    for task, row in after.tasks.items():
        if task not in before.tasks:
            key = {"ticket": ticket.id, "instance": instance, "task": task}
            new.append({**key, **row})
        elif columns := changed(before.tasks[task], row):
            if "unit" in columns or "role" in columns:
                columns.update(claimed_by=None, claimed_at=None)  # it went to other people
            conn.execute(_row(update(tasks), tasks, ticket, instance, task).values(**columns))
    if new:
        conn.execute(insert(tasks), new)


def _close(conn: Connection, table: Table, ticket: Ticket, instance: int, gone: set[int]) -> None:
    if gone:
        conn.execute(
            delete(table).where(
                table.c.ticket == ticket.id,
                table.c.instance == instance,
                table.c.task.in_(sorted(gone)),
            )
        )


def _row(change: Any, table: Table, ticket: Ticket, instance: int, task: int) -> Any:
    return change.where(
        table.c.ticket == ticket.id, table.c.instance == instance, table.c.task == task
    )


def _queue(conn: Connection, ticket: Ticket, messages: tuple[Message, ...], now: datetime) -> None:
    rows = [
        {
            # From the event that caused it: taken again, the step cannot queue it twice.
            "key": f"{ticket.number}/{ticket.seq}/{n}",
            "topic": message.topic,
            "ticket": ticket.id,
            "content": canonical(
                {
                    "number": ticket.number,
                    "element": message.element,
                    "leg": message.leg,
                    "values": dict(message.values),
                }
            ).decode(),
            "created_at": now,
            "tries": 0,
            "next_try_at": now,
        }
        for n, message in enumerate(messages, 1)
    ]
    if rows:
        conn.execute(insert(outbox), rows)
