"""BPMN's token game, played a second time: what the engine walked, held against plain rules.

Knows nothing of the engine but the drawing and what was walked. Whoever passes an element had a
token on the flow that led to it; an activity, an event and a fork put one on each of their flows,
an exclusive gateway on one, an inclusive one on one or more; a parallel gateway goes on when each
of its flows has brought one. When a process has ended by itself, no token is left.

What interrupts (boundary events, terminate ends) and what repeats by itself (loops, several
instances) is not followed: nothing is demanded of the flows behind.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

from engine.flow.drawing import Drawing, Element, Flow
from engine.flow.model import Step

FREE = frozenset({"startEvent", "boundaryEvent"})
"""Where tokens come from."""


def follow(drawing: Drawing, steps: Sequence[Step], within: Collection[Drawing] = ()) -> int:
    """How many passings were followed; AssertionError at the first that BPMN does not know.

    `within`: the drawings around this one, by which it may be cut off.
    """
    scopes: dict[str, _Scope] = defaultdict(lambda: _Scope(drawing))
    followed = 0
    for step in steps:
        for one in step.walked:
            element = drawing.elements.get(one.element)
            if element is not None:
                scopes[one.address.rpartition("/")[0]].passes(element, one.flow)
                followed += 1
    if steps and steps[-1].ended and not any(map(_interrupts, (drawing, *within))):
        for address, scope in scopes.items():
            assert not scope.left(), f"{address}: tokens are left on {scope.left()}"
    return followed


def around(drawings: Mapping[str, Drawing], name: str) -> list[Drawing]:
    """The drawings that call this one, and those that call them."""
    found: set[str] = set()
    level = {name}
    while level:
        callers = {
            one
            for one, drawing in drawings.items()
            if any(element.called in level for element in drawing.elements.values())
        }
        level = callers - found
        found |= callers
    return [drawings[one] for one in sorted(found)]


def _interrupts(drawing: Drawing) -> bool:
    return any(
        one.event == "terminate" or one.kind == "boundaryEvent" or one.loop is not None
        for one in drawing.elements.values()
    )


class _Scope:
    """The tokens of one instance of a process or of an embedded subprocess."""

    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.flows = {flow.id: flow for flow in drawing.flows}
        self.on: Counter[str] = Counter()
        """Tokens on each flow."""
        self.choices: Counter[str] = Counter()
        """Tokens that exclusive gateways have still to send one way."""
        self.may: Counter[str] = Counter()
        """Tokens that inclusive gateways may have sent."""
        self.arrived: dict[str, Counter[str]] = defaultdict(Counter)
        """What parallel gateways were brought, by flow."""

    def passes(self, element: Element, by: str) -> None:
        if element.kind not in FREE:
            self._takes(element, by)
        if element.kind == "parallelGateway":
            self.arrived[element.id][by] += 1
            incoming = [flow for flow in self.flows.values() if flow.target == element.id]
            if any(not self.arrived[element.id][flow.id] for flow in incoming):
                return
            for flow in incoming:
                self.arrived[element.id][flow.id] -= 1
        outgoing = self.drawing.outgoing(element.id)
        if element.kind in ("exclusiveGateway", "eventBasedGateway") and len(outgoing) > 1:
            self.choices[element.id] += 1
        else:
            sends = self.may if element.kind == "inclusiveGateway" else self.on
            for flow in outgoing:
                sends[flow.id] += 1

    def _takes(self, element: Element, by: str) -> None:
        flow: Flow | None = self.flows.get(by)
        assert flow is not None, f"“{element.id}” was passed by no flow"
        assert flow.target == element.id, f"“{by}” does not lead to “{element.id}”"
        source = self.drawing.elements[flow.source]
        if source.loop is not None or element.loop is not None:
            return
        for tokens, key in ((self.on, by), (self.may, by), (self.choices, flow.source)):
            if tokens[key]:
                tokens[key] -= 1
                return
        raise AssertionError(f"“{element.id}” was passed, and no token stood on “{by}”")

    def left(self) -> list[str]:
        """Where tokens are that must not be left."""
        joins = [flow for arrived in self.arrived.values() for flow in arrived.elements()]
        return sorted([*self.on.elements(), *self.choices.elements(), *joins])
