"""What a simulated month came to, as JSON that is the same for the same seed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from engine.city.month import Done
from engine.flow import Definitions
from engine.milestones import word
from engine.store import Store
from engine.store.tables import events, ledger, legs, tasks, tickets
from engine.workdays import ZONE

_STEPS = (
    select(events.c.chain, events.c.seq, events.c.body)
    .where(events.c.kind == "step")
    .order_by(events.c.chain, events.c.seq)
)
_TICKETS = select(tickets).order_by(tickets.c.id)
_LEGS = select(legs).order_by(legs.c.ticket, legs.c.leg)
_TIMES = (
    *("sign_due", "due", "signed_at", "unsigned_at", "reported_at", "closed_at", "overdue_at"),
    *("return_asked_at", "extended_at", "hard_at", "void_at"),
)


@dataclass
class _Count:
    """How often something happened, and to how many tickets."""

    times: int = 0
    tickets: int = 0
    _last: str = ""

    def note(self, ticket: str) -> None:
        """Once more; a ticket's steps come one after the other."""
        self.times += 1
        self.tickets += ticket != self._last
        self._last = ticket

    def as_json(self) -> dict[str, int]:
        return {"tickets": self.tickets, "times": self.times}


@dataclass
class _Walked:
    """What the log of all tickets says: flows, elements, milestones, timers, states."""

    flows: dict[str, _Count] = field(default_factory=dict)
    elements: dict[str, _Count] = field(default_factory=dict)
    milestones: dict[str, _Count] = field(default_factory=dict)
    timers: dict[str, _Count] = field(default_factory=dict)
    steps: int = 0
    states: Any = field(default_factory=hashlib.sha256)
    versions: dict[str, Definitions] = field(default_factory=dict)

    def read(self, store: Store, conn: Connection) -> None:
        """Count what every step of every ticket walked and reached."""
        timed: dict[str, dict[str, str]] = {}
        for chain, seq, text in conn.execute(_STEPS):
            body = orjson.loads(text)
            version = body["version"]
            if version not in self.versions:
                self.versions[version] = store.definitions_of(version, conn)
                timed[version] = _timers(self.versions[version])
            self.steps += 1
            self.states.update(f"{chain}/{seq}/{body['state']}\n".encode())
            for walked in body["walked"]:
                element, flow = walked["element"], walked["flow"]
                _note(self.elements, element, chain)
                if flow:
                    _note(self.flows, flow, chain)
                if body["step"] == "tick" and element in timed[version]:
                    _note(self.timers, timed[version][element], chain)
            for milestone in body["milestones"]:
                _note(self.milestones, milestone["name"], chain)

    def paths(self) -> list[dict[str, Any]]:
        """Every way out of a choice, taken or not, in the order of the diagrams."""
        found = {}
        for definitions in self.versions.values():
            elements = {element.id: element for element in definitions.elements()}
            for drawing in definitions.drawings.values():
                for flow in drawing.flows:
                    gateway, target = elements.get(flow.source), elements.get(flow.target)
                    if gateway is None or target is None or gateway.kind not in _CHOICES:
                        continue
                    if len(drawing.outgoing(gateway.id)) < 2:
                        continue
                    found[flow.id] = {
                        "process": drawing.id,
                        "flow": flow.id,
                        "choice": gateway.name,
                        "to": target.name or target.id,
                        **self.flows.get(flow.id, _Count()).as_json(),
                    }
        return list(found.values())

    def never(self) -> list[str]:
        """Elements that no ticket has come to."""
        drawn = {e.id for one in self.versions.values() for e in one.elements()}
        return sorted(drawn - self.elements.keys())


_CHOICES = frozenset({"exclusiveGateway", "inclusiveGateway"})


def _note(counts: dict[str, _Count], name: str, ticket: str) -> None:
    counts.setdefault(name, _Count()).note(ticket)


def _timers(definitions: Definitions) -> dict[str, str]:
    """Element → what its timer is called: the deadline that it is, or else its name."""
    return {
        one.id: definitions.deadlines.get(one.deadline, one.name or one.id)
        for one in definitions.elements()
        if one.time_date or one.time_duration
    }


def report(store: Store, done: Done) -> dict[str, Any]:
    """Counts, a line for each ticket, and a digest over all states after all steps.

    Nothing in it depends on keys, salts or the machine: hashes of the chain do, and are left out.
    """
    walked = _Walked()
    with store.read() as conn:
        walked.read(store, conn)
        rows = conn.execute(_TICKETS).all()
        by_ticket: dict[int, list[dict[str, Any]]] = {row.id: [] for row in rows}
        late: Counter[str] = Counter()
        duties: dict[str, Counter[str]] = {}
        for leg in conn.execute(_LEGS):
            for what in ("unsigned", "overdue"):
                late[what] += getattr(leg, f"{what}_at") is not None
            _note_duty(duties.setdefault(leg.duty, Counter()), dict(leg._mapping))
            times = {name: _said(leg._mapping[name]) for name in _TIMES}
            who = {"leg": leg.leg, "parent": leg.parent, "duty": leg.duty, "unit": leg.unit}
            by_ticket[leg.ticket].append(who | times)
        waiting = Counter(
            f"{name}（可办）" if optional else name
            for name, optional in conn.execute(select(tasks.c.name, tasks.c.optional))
        )
        entries = [_entry(dict(row._mapping)) for row in conn.execute(select(ledger))]
    return {
        "tickets": len(rows),
        "steps": walked.steps,
        "acts": done.acts,
        "fired": done.fired,
        "types": _sorted(Counter(row.type for row in rows)),
        "channels": _sorted(Counter(row.channel for row in rows)),
        "closed": sum(row.closed_at is not None for row in rows),
        "ended": sum(row.ended_at is not None for row in rows),
        "outcomes": _sorted(Counter(row.outcome for row in rows if row.outcome)),
        "ratings": _sorted(Counter(row.rating for row in rows if row.rating)),
        "calls": sum(row.calls for row in rows),
        "legs": {duty: _sorted(counts) for duty, counts in sorted(duties.items())},
        "unsigned": late["unsigned"],
        "overdue": late["overdue"],
        "ledger": _sorted(Counter(what for entry in entries for what in entry)),
        "milestones": {
            name: {"word": word(name)} | count.as_json()
            for name, count in sorted(walked.milestones.items())
        },
        "timers": {name: count.as_json() for name, count in sorted(walked.timers.items())},
        "paths": walked.paths(),
        "never": walked.never(),
        "messages": _sorted(done.delivered),
        "waiting": _sorted(waiting),
        "nobody": _sorted(done.idle),
        "states": walked.states.hexdigest(),
        "list": [
            {
                "number": row.number,
                "type": row.type,
                "area": row.area,
                "channel": row.channel,
                "accepted_at": _said(row.accepted_at),
                "outcome": row.outcome,
                "rating": row.rating,
                "ended_at": _said(row.ended_at),
                "legs": by_ticket[row.id],
            }
            for row in rows
        ],
    }


def _note_duty(counts: Counter[str], leg: Mapping[str, Any]) -> None:
    """Count a leg, and what became of it, under its duty."""
    counts["all"] += 1
    counts["below"] += leg["parent"] is not None
    counts["again"] += leg["round"] > 1
    for what in ("unsigned", "overdue", "void", "closed", "extended", "hard", "centre_late"):
        counts[what] += leg[f"{what}_at"] is not None


def _entry(row: Mapping[str, Any]) -> Iterator[str]:
    """What an entry of the ledger counts as."""
    yield f"{row['reason']}"
    for what in ("warned", "listed", "found", "measure", "late", "rectified", "ended"):
        if row[f"{what}_at"] is not None:
            yield f"{row['reason']}_{what}"


def _said(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(ZONE).isoformat()


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
