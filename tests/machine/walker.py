"""A walk over all diagrams that goes on from where something new was seen, until all is walked.

Whatever step passes an element or flow for the first time leaves its ticket behind, to start from
again; tickets that were started from least often come first. Deterministic: one seed, one walk.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from engine.flow.model import OpenTask, Step
from tests import walked
from tests.machine.ticket import Ticket, move
from tests.machine.town import Answers, Town, calendars, definitions

AREAS = ("sr", "sr", "xz")
USUAL = 3
"""The weight of a duty."""
NEAR = 8
"""The weight of a task behind which something new may lie."""


@cache
def drawn() -> Mapping[str, frozenset[str]]:
    """Every element and flow of the diagrams."""
    return {kind: frozenset(ids) for kind, ids in walked.drawn().items()}


@cache
def behind() -> Mapping[str, frozenset[str]]:
    """Of every element the flows that may be walked when it is completed, up to the next wait.

    Into called and embedded processes, and out of their ends.
    """
    elements = {one.id: one for one in definitions().elements()}
    outgoing = defaultdict(list)
    for flow in definitions().flows():
        outgoing[flow.source].append(flow)
    starts = {one.scope: one.id for one in elements.values() if one.kind == "startEvent"}
    hosts = defaultdict(list)
    for one in elements.values():
        if one.kind == "callActivity":
            hosts[one.called].append(one.id)
        elif one.kind == "subProcess":
            hosts[one.id].append(one.id)
    waits = {"userTask", "receiveTask", "intermediateCatchEvent", "eventBasedGateway"}
    found: dict[str, frozenset[str]] = {}
    for element in elements:
        flows: set[str] = set()
        been, level = {element}, [element]
        while level:
            place = level.pop()
            after = [flow.target for flow in outgoing[place]]
            flows.update(flow.id for flow in outgoing[place])
            if elements[place].kind == "endEvent":
                for host in hosts[elements[place].scope]:
                    after += [flow.target for flow in outgoing[host]]
                    flows.update(flow.id for flow in outgoing[host])
            after += [starts[inner] for inner in (place, elements[place].called) if inner in starts]
            for one in after:
                if one not in been and elements[one].kind not in waits:
                    been.add(one)
                    level.append(one)
        found[element] = frozenset(flows)
    return found


@dataclass
class Seen:
    """What was passed so far, by how many steps, and in what situations tickets have stood."""

    elements: set[str] = field(default_factory=set)
    flows: set[str] = field(default_factory=set)
    steps: int = 0
    situations: set[tuple[str, str, int]] = field(default_factory=set)
    vain: dict[str, int] = field(default_factory=dict)
    """How often each user task was completed since something new came of it."""

    def note(self, step: Step, done: str = "") -> bool:
        """Whether a step passed something new, or led to where no ticket stood before.

        `done` is the user task that was completed.
        """
        drawn_before, stood_before = len(self.elements) + len(self.flows), len(self.situations)
        self.elements.update(one.element for one in step.walked)
        self.flows.update(one.flow for one in step.walked if one.flow)
        new = len(self.elements) + len(self.flows) > drawn_before
        self.vain[done] = 0 if new else self.vain.get(done, 0) + 1
        counts = [(k, min(v, 4)) for k, v in step.values.items() if type(v) is int]
        counts += [(k, 9) for k, v in step.values.items() if v is not None]
        duties = [task.element for task in step.tasks if not task.optional]
        self.situations.update((duty, *count) for duty in duties for count in counts)
        for values in step.scopes.values():
            self.situations.update(("", k, min(v, 3)) for k, v in values.items() if type(v) is int)
        self.steps += 1
        return new or len(self.situations) > stood_before

    def left(self) -> dict[str, list[str]]:
        """What is drawn and was not passed."""
        been = {"elements": self.elements, "flows": self.flows}
        return {kind: sorted(ids - been[kind]) for kind, ids in drawn().items()}

    def done(self) -> bool:
        """Whether nothing is left."""
        return not any(self.left().values())

    def worth(self, place: Place) -> tuple[int, int]:
        """Where to go on: where something new is near, and where it was tried least."""
        near = any(self.weight(task) > USUAL for task in place.ticket.step.tasks)
        return place.tried // (4 if near else 1), place.tried

    def weight(self, task: OpenTask) -> int:
        """How much a task is worth doing: most where something new may follow."""
        usual = 1 if task.optional else USUAL
        if behind()[task.element] - self.flows:
            return max(usual, NEAR - self.vain.get(task.element, 0) // 3)
        return usual


@dataclass
class Place:
    """A ticket to go on from, and how often that was done."""

    ticket: Ticket
    tried: int = 0


LONGEST = 3_000
"""Steps after which a walk that still misses something begins anew, with other chances."""


FIRST = 1
"""The seed before the first: with the diagrams of today the next one sees nearly all."""


def walk_all(town: Town, most: int) -> Seen:
    """Walks with one seed after the other until nothing is left, or `most` steps were taken."""
    seen = Seen()
    seed = FIRST
    while seen.steps < most and not seen.done():
        seed += 1
        seen = walk(town, seed, seen.steps + LONGEST, Seen(seen.elements, seen.flows, seen.steps))
    return seen


def walk(town: Town, seed: int, most: int, seen: Seen, checked: bool = False) -> Seen:
    """Walk until nothing is left, or `most` steps were taken; `checked`, all must hold as well."""
    rng = random.Random(seed)
    places: list[Place] = []
    while seen.steps < most and not seen.done():
        if not places or rng.random() < 0.1:
            ticket = _fresh(town, rng, checked)
            ticket.start(rng)
        else:
            place = min(rng.sample(places, min(6, len(places))), key=lambda one: seen.worth(one))
            place.tried += 1
            ticket = snapshot(place.ticket)
        if seen.note(ticket.step):
            places.append(Place(snapshot(ticket)))
        try:
            _go_on(ticket, rng, seen, places)
        except Exception as error:
            problem = getattr(error, "facts", error)
            raise AssertionError(f"{error} {problem}\n{said(ticket)}") from error
    return seen


LENGTH = 12
"""Moves from one place, if nothing new comes of them."""


def _go_on(ticket: Ticket, rng: random.Random, seen: Seen, places: list[Place]) -> None:
    near = [task for task in ticket.step.tasks if seen.weight(task) > USUAL]
    moves = LENGTH
    if near and rng.random() < 0.7 and not ticket.late():
        ticket.complete(rng.choice(near), rng)
        if seen.note(ticket.step, ticket.last) and not ticket.step.ended:
            places.append(Place(snapshot(ticket)))
    while moves and not ticket.step.ended:
        moves -= 1
        was = ticket.step
        move(ticket, rng, seen.weight)
        fresh = ticket.step is not was and seen.note(ticket.step, ticket.last)
        if fresh and not ticket.step.ended:
            places.append(Place(snapshot(ticket)))


def _fresh(town: Town, rng: random.Random, checked: bool) -> Ticket:
    answers = Answers(town, calendars()[0])
    return Ticket(town, answers, area=rng.choice(AREAS), checked=checked)


def snapshot(ticket: Ticket) -> Ticket:
    """The same ticket, to go another way."""
    copies: dict[str, Any] = {"log": list(ticket.log), "told": list(ticket.told)}
    readings = Answers(ticket.town, ticket.readings.calendar)
    return replace(ticket, **copies, done_by=dict(ticket.done_by), readings=readings)


def said(ticket: Ticket, last: int = 20) -> str:
    """What was done to a ticket, the last of it, for who reads a failure."""
    return "\n".join(ticket.told[-last:])
