"""What a step means for a ticket's rows: pure, so that replay computes the same rows again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from engine.flow.model import SEMANTICS, Milestone, OpenTask, Step, Timer
from engine.milestones import MILESTONES
from engine.record import canonical
from engine.store import supervision
from engine.store.places import Peers

Row = dict[str, Any]

# Milestone → column. "first": it happened when it first happened. "last": the last one counts.
TICKET_COLUMNS: Final = {one.name: one.ticket for one in MILESTONES.values() if one.ticket}
LEG_COLUMNS: Final = {one.name: one.leg for one in MILESTONES.values() if one.leg}
LEG_DEADLINES: Final = {"sign": "sign_due", "handle": "due"}
"""Deadline → the leg's column that holds its due time."""

# These are late by their due time, not by the hour at which somebody noticed (第二十八条).
_LATE: Final = {"unsigned": "sign_due", "overdue": "due"}
_LEG_TIMES: Final = (*(c for c, _ in LEG_COLUMNS.values()), *LEG_DEADLINES.values())


_KEPT: Final = {
    "type": (str, 20),
    "about_unit": (str, 40),
    "emergency": (str, 40),
    "protected": (bool, 5),
    "dissatisfied": (int, 9),
}
"""Routing values of the ticket's process that are its columns too: kind, and most characters."""
_KEPT_AT_FIRST: Final = frozenset({"type"})
"""Those of them that the first semantics kept: no diagram of theirs changed it."""
OF_TICKET: Final = (
    *(column for column, _ in TICKET_COLUMNS.values()),
    *("outcome", "rating", "merged_into", *_KEPT, "ended_at"),
)
"""The columns of tickets that steps write."""


@dataclass(frozen=True)
class Rows:
    """The rows of one ticket that steps write; a task's claim and a timer's tries are not theirs.

    Tasks and timers by the engine's task id, legs by number, the ledger by entry, deadlines by
    (leg or 0, name, the timer's address: "" under the first semantics).
    """

    ticket: Row = field(default_factory=dict)
    legs: dict[int, Row] = field(default_factory=dict)
    tasks: dict[int, Row] = field(default_factory=dict)
    timers: dict[int, Row] = field(default_factory=dict)
    deadlines: dict[tuple[int, str, str], Row] = field(default_factory=dict)
    ledger: dict[int, Row] = field(default_factory=dict)


def nothing() -> Rows:
    """The rows before a ticket's first step."""
    born = {"type": "", "protected": False, "dissatisfied": 0}
    return Rows(ticket={**dict.fromkeys(OF_TICKET), **born})


@dataclass(frozen=True)
class Place:
    """What a ticket's legs and tasks fall back on, and how a unit's peers are looked up."""

    area: str
    centre: str
    peers: Callable[[str], Peers]


def advance(
    before: Rows, step: Step, now: datetime, place: Place, semantics: int = SEMANTICS
) -> Rows:
    """The rows after a step that was taken at `now`; applied twice it changes nothing more.

    `semantics` are those that the step was recorded under: what a row means does not change
    afterwards. Errors: StoreError unit_unknown, area_incomplete (from `place.peers`).
    """
    after = Rows(
        ticket=dict(before.ticket),
        legs={number: dict(leg) for number, leg in before.legs.items()},
        tasks={},
        timers={timer.id: _timer(timer) for timer in step.timers},
        deadlines=dict(before.deadlines),
        ledger={entry: dict(row) for entry, row in before.ledger.items()},
    )
    _keep(after.ticket, step, semantics)
    if semantics >= 2:
        _open_told_legs(after, step, place)
    else:
        _open_legs(after, step, place)
    # One that was reckoned anew may have the same due time and no longer be provisional.
    reckoned = {reading.element for reading in step.readings if reading.kind == "due"}
    for timer in step.timers:
        if before.timers.get(timer.id) != after.timers[timer.id] or timer.element in reckoned:
            _note_deadline(after, timer, semantics)
    for milestone in step.milestones:
        _note_ticket(after.ticket, milestone, step, semantics)
        _note_legs(after.legs, milestone, semantics)
    if semantics >= 2:
        _void_cancelled(after, step)
        unit_of = {number: leg["unit"] for number, leg in after.legs.items()}.get
        supervision.note(after.ledger, step, now, unit_of, place.peers)
    if step.ended and after.ticket.get("ended_at") is None:
        after.ticket["ended_at"] = now
    for task in step.tasks:
        known = before.tasks.get(task.id)
        due = (_due_of_leg if semantics < 2 else _due)(task, known, after, step, now, place)
        after.tasks[task.id] = _task(task, known, due, after, now, place)
    return after


# --- legs --------------------------------------------------------------------------------------


def _open_told_legs(after: Rows, step: Step, place: Place) -> None:
    """Make the rows of the legs that this step says it opened."""
    for leg in step.legs:
        if leg.event != "opened" or leg.number in after.legs:
            continue
        unit = leg.unit or place.centre
        row = _leg(unit, leg.round or 1, leg.duty, place)
        row["parent"] = leg.parent
        above = after.legs.get(leg.parent or 0)
        if above is not None and above["unit"] == above["peer_centre"]:
            row["centre"] = above["unit"]  # a county's centre dispatched it on
        after.legs[leg.number] = row


def _void_cancelled(after: Rows, step: Step) -> None:
    for leg in step.legs:
        row = after.legs.get(leg.number)
        if leg.event == "cancelled" and row is not None and row["void_at"] is None:
            row.update(void_at=leg.at, void_reason="cancelled")


def _open_legs(after: Rows, step: Step, place: Place) -> None:
    """As the first semantics had it: make the rows of legs that a step is the first to name."""
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
        "void_reason": None,
    }


def _note_legs(legs: dict[int, Row], milestone: Milestone, semantics: int) -> None:
    if milestone.leg is None:
        return
    leg = legs[milestone.leg]
    known = MILESTONES.get(milestone.name)
    for column in known.cleared if known else ():
        leg[column] = None
    if milestone.name not in LEG_COLUMNS:
        return
    column, which = LEG_COLUMNS[milestone.name]
    at = milestone.at
    late = _LATE.get(milestone.name, "")
    due = leg.get(late)
    if due is not None and due < at:
        at = due
    elif due is not None and at < due:
        leg[late] = at  # moved into the past, and fired in the same step
    if column == "void_at" and leg[column] is None and semantics >= 2:
        leg["void_reason"] = milestone.name
    if which == "last" or leg[column] is None:
        leg[column] = at


# --- the ticket --------------------------------------------------------------------------------


def _keep(ticket: Row, step: Step, semantics: int) -> None:
    """Copy the routing values that columns hold; one that is absent leaves them as they are."""
    for name, (kind, most) in _KEPT.items():
        if semantics < 2 and name not in _KEPT_AT_FIRST:
            continue
        value = step.values.get(name)
        if type(value) is kind and len(str(value)) <= most:
            ticket[name] = value


def _note_ticket(ticket: Row, milestone: Milestone, step: Step, semantics: int) -> None:
    said = {**step.values, **milestone.values}
    if milestone.name == "merged" and isinstance(said.get("main_ticket"), str):
        ticket["merged_into"] = said["main_ticket"]
    if milestone.name not in TICKET_COLUMNS:
        return
    of_leg = semantics < 2 or milestone.name in LEG_COLUMNS
    if milestone.leg is not None and of_leg and milestone.name != "dispatched":
        return  # a leg's closing is not the ticket's
    column, which = TICKET_COLUMNS[milestone.name]
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


def _note_deadline(after: Rows, timer: Timer, semantics: int) -> None:
    if not timer.deadline:
        return
    leg, name = timer.leg or 0, timer.deadline
    if semantics >= 2:
        after.deadlines.pop((leg, name, ""), None)
    after.deadlines[leg, name, timer.address if semantics >= 2 else ""] = {
        "due": timer.due,
        "provisional": timer.provisional,
        "article": timer.article,
        "why": canonical(dict(timer.why)).decode(),
    }
    column = LEG_DEADLINES.get(timer.deadline)
    if column is not None and timer.leg is not None and timer.leg in after.legs:
        after.legs[timer.leg][column] = timer.due


def _task(
    task: OpenTask,
    before: Row | None,
    due: datetime | None,
    after: Rows,
    now: datetime,
    place: Place,
) -> Row:
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
        "optional": task.optional,
        "other_than": ",".join(task.other_than),
        "opened_at": before["opened_at"] if before else now,
        "due": due,
    }


def _area(unit: str, before: Row | None, leg: Row | None, place: Place) -> str:
    if unit == place.centre:
        return place.area
    for known in (before, leg):
        if known is not None and known["unit"] == unit:
            return str(known["area"])
    return place.peers(unit).area


def _due(
    task: OpenTask, before: Row | None, after: Rows, step: Step, now: datetime, place: Place
) -> datetime | None:
    """The due time that a work list shows with a task: its own deadline, else its leg's.

    A leg's deadlines are for those who handle it: its unit, or a section or superior of it.
    """
    if before is not None and before["due"] is not None and before["due"] <= now:
        return before["due"]  # type: ignore[no-any-return]  # it stays as late as it is
    scope = task.address.rpartition("/")[0]
    own = [
        timer.due
        for timer in step.timers
        if timer.deadline
        and timer.attached_to == task.element
        and timer.address.rpartition("/")[0] == scope
    ]
    if own:
        return min(own)
    leg = after.legs.get(task.leg or 0)
    unit = task.unit or place.centre
    if leg is None or (unit != leg["unit"] and unit in _offices(leg)):
        return None
    waiting = [
        timer.due
        for timer in step.timers
        if timer.deadline in LEG_DEADLINES and timer.leg == task.leg
    ]
    late = leg["due"] is not None and leg["due"] <= now  # its timer has fired
    return min(waiting, default=leg["due"] if late else None)


def _offices(leg: Row) -> set[str]:
    return {leg["centre"], leg["peer_centre"], leg["authority"]}


def _due_of_leg(
    task: OpenTask, before: Row | None, after: Rows, step: Step, now: datetime, place: Place
) -> datetime | None:
    """As the first semantics had it: the earliest deadline of the leg or ticket, whosever."""
    known = before["due"] if before is not None else None
    if known is not None and known <= now:
        return known  # type: ignore[no-any-return]  # it has passed: it stays as late as it is
    waiting = [
        row["due"] for row in after.timers.values() if row["deadline"] and row["leg"] == task.leg
    ]
    leg = after.legs.get(task.leg) if task.leg is not None else None
    if not waiting and leg is not None and leg["unit"] == (task.unit or place.centre):
        return leg["due"]  # type: ignore[no-any-return]  # its timer has fired: it is late
    return min(waiting, default=None)


def changed(before: Row, after: Row) -> Row:
    """The columns that differ, with their new values."""
    return {name: value for name, value in after.items() if before.get(name) != value}


def differences(computed: Rows, stored: Rows) -> Iterable[tuple[str, Any, str]]:
    """Where stored rows differ from computed ones: (table, key, column; "" for a whole row)."""
    for column in sorted(changed(stored.ticket, computed.ticket)):
        yield "tickets", 0, column
    for table in ("legs", "tasks", "timers", "deadlines", "ledger"):
        expected, found = getattr(computed, table), getattr(stored, table)
        for key in sorted(expected.keys() | found.keys()):
            if key not in expected or key not in found:
                yield table, key, ""
                continue
            for column in sorted(changed(found[key], expected[key])):
                yield table, key, column
