"""A step written into the rows that work lists and the sweep read, as changes to what is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from engine.flow.model import Message, Step
from engine.record import canonical
from engine.store import milestones, places
from engine.store.milestones import Place, Row, Rows, changed
from engine.store.places import Peers
from engine.store.prepared import Prepared
from engine.store.tables import deadlines, drafts, ledger, legs, outbox, tasks, tickets, timers
from engine.store.tickets import FIRST, Ticket, read_rows, save_state
from engine.store.upsert import both


def project(conn: Connection, ticket: Ticket, step: Step, now: datetime) -> None:
    """Write a step that was just appended as the ticket's last event: state, rows, outbox.

    What a step does not decide is left alone: who claimed a task that stays open, how often a
    timer that stays was tried.
    Errors: StoreError unit_unknown, area_incomplete.
    """
    save_state(conn, ticket, step.state)
    before = ticket.rows
    after = milestones.advance(before, step, now, place_of(conn, ticket))
    _write_ticket(conn, ticket, changed(before.ticket, after.ticket))
    _write_legs(conn, ticket, before, after)
    _write_ledger(conn, ticket, before, after)
    _write_deadlines(conn, ticket, after)
    _write_timers(conn, ticket, before, after)
    _write_tasks(conn, ticket, before, after)
    _queue(conn, ticket, step.messages, now)
    after.deadlines.clear()
    ticket.rows = after


def place_of(conn: Connection, ticket: Ticket) -> Place:
    """How this ticket's rows find the peers of a unit, each asked for once."""
    known: dict[str, Peers] = {}

    def peers(unit: str) -> Peers:
        if unit not in known:
            known[unit] = places.of_unit(conn, unit)
        return known[unit]

    return Place(ticket.columns["area"], ticket.columns["centre"], peers)


def read(conn: Connection, ticket: Ticket) -> Rows:
    """The rows of a ticket as they stand, deadlines too, to compare with a replay's."""
    found = {
        (row.leg, row.name, row.address): {name: row._mapping[name] for name in _OF_DEADLINE}
        for row in conn.execute(_DEADLINES, {"ticket": ticket.id})
    }
    return replace(read_rows(conn, ticket.columns), deadlines=found)


_DEADLINES = select(deadlines).where(deadlines.c.ticket == bindparam("ticket"))
_OF_DEADLINE = ("due", "provisional", "article", "why")


# --- writing -----------------------------------------------------------------------------------
# What is set are the columns that an execution names; keys are bound under names of no column.

_TICKET = Prepared(update(tickets).where(tickets.c.id == bindparam("of")))
_NEW_LEG = Prepared(insert(legs))
_LEG = Prepared(
    update(legs).where(legs.c.ticket == bindparam("of"), legs.c.leg == bindparam("which"))
)
_NEW_ENTRY = Prepared(insert(ledger))
_ENTRY = Prepared(
    update(ledger).where(ledger.c.ticket == bindparam("of"), ledger.c.entry == bindparam("which"))
)
_DEADLINE = Prepared(
    both(
        lambda insert: (into := insert(deadlines)).on_conflict_do_update(
            index_elements=["ticket", "leg", "name", "address"],
            set_={name: into.excluded[name] for name in _OF_DEADLINE},
        )
    )
)
_OLD_DEADLINE = Prepared(
    delete(deadlines).where(
        deadlines.c.ticket == bindparam("of"),
        deadlines.c.leg == bindparam("in_leg"),
        deadlines.c.name == bindparam("called"),
        deadlines.c.address == "",
    )
)
_NEW_MESSAGE = Prepared(insert(outbox))


def _of_task(change: Any, table: Table) -> Prepared:
    return Prepared(
        change.where(
            table.c.ticket == bindparam("of"),
            table.c.instance == FIRST,
            table.c.task == bindparam("which"),
        )
    )


_NEW_TASK, _TASK, _NO_TASK = (
    Prepared(insert(tasks)),
    _of_task(update(tasks), tasks),
    _of_task(delete(tasks), tasks),
)
_NEW_TIMER, _TIMER, _NO_TIMER = (
    Prepared(insert(timers)),
    _of_task(update(timers), timers),
    _of_task(delete(timers), timers),
)
_NO_DRAFT = Prepared(
    delete(drafts).where(drafts.c.ticket == bindparam("of"), drafts.c.task == bindparam("which"))
)


def _write_ticket(conn: Connection, ticket: Ticket, columns: dict[str, Any]) -> None:
    if columns:
        _TICKET.run(conn, {"of": ticket.id, **columns})
        ticket.columns.update(columns)


def _write_legs(conn: Connection, ticket: Ticket, before: Rows, after: Rows) -> None:
    new, moved = _moves(ticket, "leg", before.legs, after.legs)
    _NEW_LEG.each(conn, new)
    _LEG.each(conn, moved)


def _write_ledger(conn: Connection, ticket: Ticket, before: Rows, after: Rows) -> None:
    new, moved = _moves(ticket, "entry", before.ledger, after.ledger)
    _NEW_ENTRY.each(conn, new)
    _ENTRY.each(conn, moved)


def _moves(
    ticket: Ticket, key: str, before: dict[int, Row], after: dict[int, Row]
) -> tuple[list[Row], list[Row]]:
    """Rows that are new, and rows that changed."""
    new, moved = [], []
    for number, row in after.items():
        if number not in before:
            new.append({"ticket": ticket.id, key: number, **row})
        elif before[number] != row:
            moved.append({"of": ticket.id, "which": number, **row})
    return new, moved


def _write_deadlines(conn: Connection, ticket: Ticket, after: Rows) -> None:
    rows = [
        {"ticket": ticket.id, "leg": leg, "name": name, "address": address, **row}
        for (leg, name, address), row in after.deadlines.items()
    ]
    _DEADLINE.each(conn, rows)
    names = sorted({(leg, name) for leg, name, _ in after.deadlines})
    old = [{"of": ticket.id, "in_leg": leg, "called": name} for leg, name in names]
    _OLD_DEADLINE.each(conn, old)


def _write_timers(conn: Connection, ticket: Ticket, before: Rows, after: Rows) -> None:
    gone = before.timers.keys() - after.timers.keys()
    new, moved = [], []
    for task, row in after.timers.items():
        fresh = {**row, "tries": 0, "next_try_at": row["due"], "alarm": None}
        if task not in before.timers:
            new.append({"ticket": ticket.id, "instance": FIRST, "task": task, **fresh})
        elif before.timers[task] != row:
            moved.append({"of": ticket.id, "which": task, **fresh})
    _NO_TIMER.each(conn, _keys(ticket, gone))
    _NEW_TIMER.each(conn, new)
    _TIMER.each(conn, moved)


def _write_tasks(conn: Connection, ticket: Ticket, before: Rows, after: Rows) -> None:
    gone = before.tasks.keys() - after.tasks.keys()
    drafted = {task for task, row in ticket.seen.tasks.items() if row.drafted}
    new: list[Row] = []
    moved: dict[tuple[str, ...], list[Row]] = {}
    for task, row in after.tasks.items():
        if task not in before.tasks:
            new.append({"ticket": ticket.id, "instance": FIRST, "task": task, **row})
        elif columns := changed(before.tasks[task], row):
            if "unit" in columns or "role" in columns:
                columns.update(claimed_by=None, claimed_at=None)  # it went to other people
            alike = moved.setdefault(tuple(columns), [])
            alike.append({"of": ticket.id, "which": task, **columns})
    for rows in moved.values():
        _TASK.each(conn, rows)
    _NO_TASK.each(conn, _keys(ticket, gone))
    _NO_DRAFT.each(conn, _keys(ticket, gone & drafted))
    _NEW_TASK.each(conn, new)


def _keys(ticket: Ticket, gone: set[int]) -> list[dict[str, Any]]:
    return [{"of": ticket.id, "which": task} for task in sorted(gone)]


def letters(number: str, seq: int, messages: tuple[Message, ...]) -> list[dict[str, str]]:
    """What the outbox holds of the messages that a ticket's event number `seq` sent."""
    return [
        {
            # From the event that caused it: taken again, the step cannot queue it twice.
            "key": f"{number}/{seq}/{n}",
            "topic": message.topic,
            "content": canonical(
                {
                    "number": number,
                    "element": message.element,
                    "leg": message.leg,
                    "values": dict(message.values),
                }
            ).decode(),
        }
        for n, message in enumerate(messages, 1)
    ]


def _queue(conn: Connection, ticket: Ticket, messages: tuple[Message, ...], now: datetime) -> None:
    fresh = {"ticket": ticket.id, "created_at": now, "tries": 0, "next_try_at": now}
    rows = [letter | fresh for letter in letters(ticket.number, ticket.seq, messages)]
    _NEW_MESSAGE.each(conn, rows)
