"""What somebody has to know who does a task: what others wrote before, and by when a unit is due.

What is drawn says whose words these are (the property `shows` of a user task); where it says
nothing they are those of the step that led to the task.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select

from engine.access import User, sees_reporter
from engine.read import desks
from engine.read.history import Entry, Names, entry
from engine.read.words import Remaining, remaining
from engine.read.worklist import WorkItem
from engine.record import Event
from engine.store import Store, log
from engine.store import tables as t

Task = tuple[str, int]
"""A ticket's number and the number of its task."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one step said; `again` when the task itself was done before (an earlier attempt)."""

    name: str  # of the user task; "" for the call
    entry: Entry
    again: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """Beside a task: what was said, and the unit whose dispatch it is about."""

    told: tuple[Told, ...]  # earlier attempts first, then as `shows` names them
    unit_name: str  # "" for a task of the ticket itself
    due: datetime | None  # by when that unit has to have handled it
    remaining: Remaining | None
    reported: bool  # the unit has; its time is not running


def asked(
    store: Store, user: User, items: Sequence[WorkItem], now: datetime
) -> Mapping[Task, Asked]:
    """For tasks that wait for this person: what led to each of them."""
    with store.read() as conn:
        names, calendar = Names.read(conn), store.calendar(conn)
        current = desks.in_force(conn, store, now)
        numbers = {item.number for item in items}
        tickets: dict[str, Any] = {
            row.number: row for row in conn.execute(_TICKETS, {"numbers": sorted(numbers)})
        }
        legs = _legs(conn, [row.id for row in tickets.values()])
        steps = log.read_said(conn, numbers)
        said = {
            number: _Said(
                conn, store, row, steps[number], names, not sees_reporter(user, row.protected)
            )
            for number, row in tickets.items()
        }
        found: dict[Task, Asked] = {}
        for item in items:
            row, number = tickets[item.number], item.number
            own = legs[row.id]
            drawn = desks.saying(current, store.definitions(row.version), item.element)
            shows = drawn.shows(item.element)
            leg = own.get(item.leg or 0)
            reported = leg is not None and leg.reported_at is not None
            found[number, item.task] = Asked(
                told=tuple(said[number].by(item, shows, _within(own, item.leg))),
                unit_name=names.units.get(leg.unit, "") if leg else "",
                due=leg.due if leg else None,
                remaining=remaining(calendar, now, leg.due) if leg and not reported else None,
                reported=reported,
            )
    return found


_TICKETS = (
    select(
        t.tickets.c.id,
        t.tickets.c.number,
        t.tickets.c.version,
        t.tickets.c.protected,
        t.ticket_keys.c.wrapped,
    )
    .outerjoin(t.ticket_keys, t.ticket_keys.c.ticket == t.tickets.c.id)
    .where(t.tickets.c.number.in_(bindparam("numbers", expanding=True)))
)


class _Step(NamedTuple):
    """A form that somebody filled in; the body of an event is read once."""

    event: Event
    body: Mapping[str, Any]
    content: bytes | None


class _Said:
    """What people filled in on a ticket so far."""

    def __init__(
        self,
        conn: Connection,
        store: Store,
        ticket: Any,
        steps: Sequence[tuple[Event, bytes | None]],
        names: Names,
        shield: bool,
    ) -> None:
        self.conn, self.store, self.names, self.shield = conn, store, names, shield
        self.number = ticket.number
        self.key = store.vault.unwrap(ticket.wrapped, ticket.number) if ticket.wrapped else None
        self.steps = [_Step(event, event.body, content) for event, content in steps]

    def by(
        self, item: WorkItem, shows: Collection[str], within: Collection[int] | None
    ) -> list[Told]:
        """The last answers of the tasks that are named, those of the task itself all."""
        near = [
            step
            for step in self.steps
            if within is None or step.body.get("leg") is None or step.body["leg"] in within
        ]
        if not shows:
            before = [step for step in near if step.event.at <= item.opened_at]
            return [self.told(step, item) for step in before[-1:]]
        found = []
        for name in sorted(shows, key=lambda name: name != item.element):
            done = [step for step in near if step.body.get("element") == name]
            own = name == item.element
            found += [self.told(step, item) for step in (done if own else done[-1:])]
        return found

    def told(self, step: _Step, item: WorkItem) -> Told:
        event, body = step.event, step.body
        payload = None
        if self.key is not None and step.content is not None:
            payload = log.read_payload(self.key, self.number, event.seq, step.content)
        definitions = self.store.definitions_of(body["version"], self.conn)
        words = entry(event, payload, definitions, self.names, self.shield)
        again = body.get("element") == item.element
        return Told(str(body.get("name", "")), words, again)


def _legs(conn: Connection, tickets: Collection[int]) -> dict[int, dict[int, Any]]:
    found: dict[int, dict[int, Any]] = defaultdict(dict)
    for row in conn.execute(select(t.legs).where(t.legs.c.ticket.in_(tickets))):
        found[row.ticket][row.leg] = row
    return found


def _within(legs: Mapping[int, Any], leg: int | None) -> frozenset[int] | None:
    """A dispatch and those below it; None for all of the ticket."""
    if leg is None:
        return None
    found = {leg}
    for number in sorted(legs):  # a lower one is made later
        if legs[number].parent in found:
            found.add(number)
    return frozenset(found)
