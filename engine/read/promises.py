"""What units promised the caller (承诺事项): by when, and whether it was kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from engine.read.history import Entry
from engine.read.legs import LegView
from engine.read.words import Remaining, remaining
from engine.record import Event
from engine.store import tables as t
from engine.workdays import Calendar

_DEADLINE = "promise"
_KEPT = "promise_kept"
_WORDS = "promise"
"""The key of the fields in which a unit writes what it promised."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise; it stands on the list until it is kept."""

    leg: LegView | None
    words: str  # what was promised; "" for a reader of no content
    due: datetime
    provisional: bool
    remaining: Remaining | None  # None once it is kept
    kept: Entry | None  # by whom and how
    late: bool  # kept after its due time, or not yet and the time has passed


_DUE = (
    select(t.deadlines)
    .where(t.deadlines.c.ticket == bindparam("ticket"), t.deadlines.c.name == _DEADLINE)
    .order_by(t.deadlines.c.due, t.deadlines.c.leg, t.deadlines.c.address)
)


def promises_of(
    conn: Connection,
    ticket: int,
    legs: Sequence[LegView],
    events: Sequence[Event],
    payloads: Mapping[int, Mapping[str, Any]],
    history: Iterable[Entry],
    calendar: Calendar,
    now: datetime,
) -> tuple[Promise, ...]:
    """The promises of a ticket, the first due first.

    A promise is a process of its own inside the ticket, so its due time and its keeping have
    addresses that begin alike.
    """
    entries = {entry.seq: entry for entry in history}
    kept = _kept(events)
    by_number = {leg.leg: leg for leg in legs}
    found = []
    for row in conn.execute(_DUE, {"ticket": ticket}):
        done = entries.get(kept.get(_head(row.address), 0))
        found.append(
            Promise(
                leg=by_number.get(row.leg),
                words=_words(row.leg, events, payloads),
                due=row.due,
                provisional=row.provisional,
                remaining=None if done else remaining(calendar, now, row.due),
                kept=done,
                late=row.due <= (done.at if done else now),
            )
        )
    return tuple(found)


def _kept(events: Iterable[Event]) -> dict[str, int]:
    """Where a promise began → the event by which it was kept."""
    return {
        _head(one["address"]): event.seq
        for event in events
        if event.kind == "step"
        for one in event.body.get("milestones", ())
        if one["name"] == _KEPT and one.get("address")
    }


def _words(leg: int, events: Iterable[Event], payloads: Mapping[int, Mapping[str, Any]]) -> str:
    """What the unit wrote last of what it promises in this dispatch."""
    said = [
        str(words)
        for event in events
        if event.body.get("leg") == leg
        and (words := payloads.get(event.seq, {}).get("answers", {}).get(_WORDS))
    ]
    return said[-1] if said else ""


def _head(address: str) -> str:
    return address.partition("/")[0]
