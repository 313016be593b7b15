"""What a step means for a ticket's rows: pure, so that replay computes the same rows again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from engine.flow.model import Milestone, OpenTask, Step, Timer
from engine.record import canonical
from engine.store.places import Peers

Row = dict[str, Any]

# Milestone → column. "first": it happened when it first happened. "last": the last one counts.
TICKET_COLUMNS: Final = {
    "accepted": ("accepted_at", "first"),
    "dispatched": ("dispatched_at", "first"),
    "closed": ("closed_at", "last"),
    "followed_up": ("followed_up_at", "last"),
    "rated": ("rated_at", "last"),
    "archived": ("archived_at", "last"),
}
LEG_COLUMNS: Final = {
    "dispatched": ("dispatched_at", "first"),
    "signed": ("signed_at", "first"),
    "unsigned": ("unsigned_at", "first"),
    "reported": ("reported_at", "last"),
    "closed": ("closed_at", "last"),
    "overdue": ("overdue_at", "first"),
}
LEG_CLEARED: Final = {"report_rejected": "reported_at"}
"""Milestone → the column that it empties: the leg waits again, for a report that holds."""
LEG_DEADLINES: Final = {"sign": "sign_due", "handle": "due"}
"""Deadline → the leg's column that holds its due time."""

# These are late by their due time, not by the hour at which somebody noticed (第二十八条).
_LATE: Final = {"unsigned": "sign_due", "overdue": "due"}
_LEG_TIMES: Final = (*(c for c, _ in LEG_COLUMNS.values()), *LEG_DEADLINES.values(), "void_at")


OF_TICKET: Final = (*(c for c, _ in TICKET_COLUMNS.values()), "outcome", "rating", "ended_at")
"""The columns of tickets that steps write."""


@dataclass(frozen=True)
class Rows:
    """The rows of one ticket that steps write; a task's claim and a timer's tries are not theirs.

    Tasks and timers by the engine's task id, legs by number, deadlines by (leg or 0, name).
    """

    ticket: Row = field(default_factory=dict)
    legs: dict[int, Row] = field(default_factory=dict)
    tasks: dict[int, Row] = field(default_factory=dict)
    timers: dict[int, Row] = field(default_factory=dict)
    deadlines: dict[tuple[int, str], Row] = field(default_factory=dict)


def nothing() -> Rows:
    """The rows before a ticket's first step."""
    return Rows(ticket=dict.fromkeys(OF_TICKET))


@dataclass(frozen=True)
class Place:
    """What a ticket's legs and tasks fall back on, and how a unit's peers are looked up."""

    area: str
    centre: str
    peers: Callable[[str], Peers]


def advance(before: Rows, step: Step, now: datetime, place: Place) -> Rows:
    """The rows after a step that was taken at `now`; applied twice it changes nothing more.

    Errors: StoreError unit_unknown, area_incomplete (from `place.peers`).
    """
    after = Rows(
        ticket=dict(before.ticket),
        legs={number: dict(leg) for number, leg in before.legs.items()},
        tasks={},
        timers={timer.id: _timer(timer) for timer in step.timers},
        deadlines=dict(before.deadlines),
    )
    _open_legs(after, step, place)
    # One that was reckoned anew may have the same due time and no longer be provisional.
    reckoned = {reading.element for reading in step.readings if reading.kind == "due"}
    for timer in step.timers:
        if before.timers.get(timer.id) != after.timers[timer.id] or timer.element in reckoned:
            _note_deadline(after, timer)
    for milestone in step.milestones:
        _note_ticket(after.ticket, milestone, step)
        _note_legs(after.legs, milestone)
    if step.ended and after.ticket.get("ended_at") is None:
        after.ticket["ended_at"] = now
    for task in step.tasks:
        after.tasks[task.id] = _task(task, before.tasks.get(task.id), after, now, place)
    return after


# --- legs --------------------------------------------------------------------------------------


def _open_legs(after: Rows, step: Step, place: Place) -> None:
    """Make the rows of legs that this step is the first to name."""
    for milestone in step.milestones:
        if milestone.leg is not None and milestone.leg not in after.legs:
            values = milestone.values
            unit = str(values.get("unit") or place.centre)
            leg = _leg(unit, values.get("round", 1), values.get("duty", "lead"), place)
            leg["parent"] = values.get("parent")
            after.legs[milestone.leg] = leg
    for task in step.tasks:
        if task.leg is not None and task.leg not in after.legs:
            after.legs[task.leg] = _leg(task.unit or place.centre, 1, "lead", place)


def _leg(unit: str, round_: Any, duty: Any, place: Place) -> Row:
    peers = place.peers(unit)
    return {
        "parent": None,
        "round": int(round_),
        "duty": str(duty),
        "unit": unit,
        "area": peers.area,
        "centre": place.centre,
        "peer_centre": peers.centre,
        "authority": peers.authority,
        **dict.fromkeys(_LEG_TIMES),
    }


def _note_legs(legs: dict[int, Row], milestone: Milestone) -> None:
    if milestone.leg is None:
        return
    leg = legs[milestone.leg]
    if milestone.name in LEG_CLEARED:
        leg[LEG_CLEARED[milestone.name]] = None
    if milestone.name not in LEG_COLUMNS:
        return
    column, which = LEG_COLUMNS[milestone.name]
    at = milestone.at
    due = leg.get(_LATE.get(milestone.name, ""))
    if due is not None and due < at:
        at = due
    if which == "last" or leg[column] is None:
        leg[column] = at


# --- the ticket --------------------------------------------------------------------------------


def _note_ticket(ticket: Row, milestone: Milestone, step: Step) -> None:
    if milestone.name not in TICKET_COLUMNS:
        return
    if milestone.leg is not None and milestone.name != "dispatched":
        return  # a leg's closing is not the ticket's
    column, which = TICKET_COLUMNS[milestone.name]
    said = {**step.values, **milestone.values}
    if milestone.name == "rated" and not said.get("rating"):
        return
    if which == "last" or ticket.get(column) is None:
        ticket[column] = milestone.at
    if milestone.name == "rated":
        ticket["rating"] = said["rating"]
    if milestone.name == "closed":
        ticket["outcome"] = said.get("outcome")


# --- deadlines, timers, tasks ------------------------------------------------------------------


def _timer(timer: Timer) -> Row:
    return {
        "element": timer.element,
        "deadline": timer.deadline,
        "leg": timer.leg,
        "due": timer.due,
    }


def _note_deadline(after: Rows, timer: Timer) -> None:
    if not timer.deadline:
        return
    after.deadlines[timer.leg or 0, timer.deadline] = {
        "due": timer.due,
        "provisional": timer.provisional,
        "article": timer.article,
        "why": canonical(dict(timer.why)).decode(),
    }
    column = LEG_DEADLINES.get(timer.deadline)
    if column is not None and timer.leg is not None and timer.leg in after.legs:
        after.legs[timer.leg][column] = timer.due


def _task(task: OpenTask, before: Row | None, after: Rows, now: datetime, place: Place) -> Row:
    unit = task.unit or place.centre
    return {
        "element": task.element,
        "name": task.name,
        "form": task.form,
        "role": task.role,
        "unit": unit,
        "area": _area(unit, before, after.legs.get(task.leg or 0), place),
        "leg": task.leg,
        "address": task.address,
        "article": task.article,
        "opened_at": before["opened_at"] if before else now,
        "due": _due(task.leg, unit, before["due"] if before else None, after, now),
    }


def _area(unit: str, before: Row | None, leg: Row | None, place: Place) -> str:
    if unit == place.centre:
        return place.area
    for known in (before, leg):
        if known is not None and known["unit"] == unit:
            return str(known["area"])
    return place.peers(unit).area


def _due(
    number: int | None, unit: str, before: datetime | None, after: Rows, now: datetime
) -> datetime | None:
    """The due time a work list shows with a task: the earliest deadline of the leg or ticket."""
    if before is not None and before <= now:
        return before  # it has passed: the task stays as late as it is
    waiting = [
        row["due"] for row in after.timers.values() if row["deadline"] and row["leg"] == number
    ]
    leg = after.legs.get(number) if number is not None else None
    if not waiting and leg is not None and leg["unit"] == unit:
        return leg["due"]  # type: ignore[no-any-return]  # its timer has fired: it is late
    return min(waiting, default=None)


def changed(before: Row, after: Row) -> Row:
    """The columns that differ, with their new values."""
    return {name: value for name, value in after.items() if before.get(name) != value}


def differences(computed: Rows, stored: Rows) -> Iterable[tuple[str, Any, str]]:
    """Where stored rows differ from computed ones: (table, key, column; "" for a whole row)."""
    for column in sorted(changed(stored.ticket, computed.ticket)):
        yield "tickets", 0, column
    for table in ("legs", "tasks", "timers", "deadlines"):
        expected, found = getattr(computed, table), getattr(stored, table)
        for key in sorted(expected.keys() | found.keys()):
            if key not in expected or key not in found:
                yield table, key, ""
                continue
            for column in sorted(changed(found[key], expected[key])):
                yield table, key, column
