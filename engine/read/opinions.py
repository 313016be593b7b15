"""What co-handling units answered, side by side, for the unit that writes the reply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.read.history import Entry
from engine.read.legs import LegView
from engine.record import Event

_ANSWERED = "reported"
"""The milestone of the step by which a co-handling unit gives its opinion."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """How far one co-handling unit is; `entry` is the event by which it answered, None before."""

    leg: LegView
    late: bool
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class Opinions:
    """The co-handling units of one dispatch in its present round."""

    lead: LegView
    given: tuple[Opinion, ...]


def opinions_of(
    legs: Sequence[LegView],
    events: Iterable[Event],
    history: Iterable[Entry],
    unit: str,
    now: datetime,
) -> tuple[Opinions, ...]:
    """The opinions to a ticket's dispatches, one group for each lead unit that has co-handlers.

    A reader of a co-handling unit (`unit`) has none: they are for whoever writes the reply.
    """
    entries = {entry.seq: entry for entry in history}
    answered = {leg: entries[seq] for leg, seq in _answered(events) if seq in entries}
    found = []
    for lead in _leads(legs).values():
        beside = _beside(lead, legs)
        if beside and all(leg.unit != unit for leg in beside):
            given = (Opinion(leg, _late(leg, now), answered.get(leg.leg)) for leg in beside)
            found.append(Opinions(lead, tuple(given)))
    return tuple(found)


def _answered(events: Iterable[Event]) -> Iterator[tuple[int, int]]:
    """(leg, event number) of each report, the earlier ones first."""
    for event in events:
        for one in event.body.get("milestones", ()) if event.kind == "step" else ():
            if one["name"] == _ANSWERED and one["leg"] is not None:
                yield one["leg"], event.seq


def _leads(legs: Iterable[LegView]) -> Mapping[int | None, LegView]:
    """The lead leg that holds now under each leg (None: of the ticket itself)."""
    return {leg.parent: leg for leg in legs if leg.duty == "lead" and leg.void_at is None}


def _beside(lead: LegView, legs: Iterable[LegView]) -> list[LegView]:
    return [
        leg
        for leg in legs
        if leg.duty == "co"
        and leg.void_at is None
        and (leg.parent, leg.round) == (lead.parent, lead.round)
    ]


def _late(leg: LegView, now: datetime) -> bool:
    open_ = leg.reported_at is None and leg.closed_at is None
    return leg.overdue_at is not None or (open_ and leg.due is not None and leg.due <= now)
