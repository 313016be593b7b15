"""The ledger of supervision (督办台账), filled from the milestones of supervisions under way. Pure.

A supervision is a process that was started inside a ticket, so all its addresses begin alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from engine.flow.model import Milestone, Step
from engine.milestones import MILESTONES
from engine.store.places import Peers

Row = dict[str, Any]

REASONS: Final = frozenset({"overdue", "dissatisfied"})
"""What a ticket is supervised for (第十三条第五项)."""

_COLUMNS: Final = {one.name: one.ledger for one in MILESTONES.values() if one.ledger}
LONGEST: Final = 40
_DEADLINE: Final = "rectify"
_TIMES: Final = (*(column for column, _ in _COLUMNS.values()), "rectify_due", "ended_at")


def note(
    ledger: dict[int, Row],
    step: Step,
    now: datetime,
    unit_of: Callable[[int], str | None],
    peers: Callable[[str], Peers],
) -> None:
    """Write a step's milestones and due times into a ticket's entries.

    `unit_of` says which unit a leg is with. An entry is opened by the first milestone that fills
    the ledger and says why: elsewhere a warning is no supervision.
    """
    for milestone in step.milestones:
        if milestone.name in _COLUMNS and "/" in milestone.address:
            _note(ledger, milestone, unit_of, peers)
    for timer in step.timers:
        entry = _at(ledger, timer.address)
        if entry is not None and timer.deadline == _DEADLINE:
            entry["rectify_due"] = timer.due
    if not ledger:
        return
    under_way = {_head(wait.address) for wait in step.waits}
    under_way |= {_head(task.address) for task in step.tasks}
    under_way |= {_head(timer.address) for timer in step.timers}
    for entry in ledger.values():
        if entry["ended_at"] is None and entry["address"] not in under_way:
            entry["ended_at"] = now


def _note(
    ledger: dict[int, Row],
    milestone: Milestone,
    unit_of: Callable[[int], str | None],
    peers: Callable[[str], Peers],
) -> None:
    values = milestone.values
    entry = _at(ledger, milestone.address)
    if entry is None:
        unit = _text(values, "unit") or (unit_of(milestone.leg) if milestone.leg else None)
        if values.get("reason") not in REASONS or unit is None:
            return
        entry = ledger[max(ledger, default=0) + 1] = {
            "address": _head(milestone.address),
            "leg": milestone.leg,
            "reason": values["reason"],
            "unit": unit,
            "authority": _text(values, "authority") or peers(unit).authority,
            "measure": None,
            **dict.fromkeys(_TIMES),
        }
    column, which = _COLUMNS[milestone.name]
    if which == "last" or entry[column] is None:
        entry[column] = milestone.at
    # The city's authority may have taken it over since.
    entry["authority"] = _text(values, "authority") or entry["authority"]
    if column == "measure_at":
        entry["measure"] = _text(values, "measure")


def _at(ledger: Mapping[int, Row], address: str) -> Row | None:
    head = _head(address)
    return next((row for row in ledger.values() if row["address"] == head), None)


def _head(address: str) -> str:
    return address.partition("/")[0]


def _text(values: Mapping[str, Any], name: str) -> str | None:
    found = values.get(name)
    return found if isinstance(found, str) and 0 < len(found) <= LONGEST else None
