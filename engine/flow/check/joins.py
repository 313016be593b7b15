"""Where parallel ways are awaited together, all of them can come.

The tokens of a scope are moved in every order, conditions left open: a join that is never passed
in any of them waits for a token that cannot come.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations

from engine.flow.check.ends import scopes
from engine.flow.definitions import Drawn
from engine.flow.drawing import Drawing, Element
from engine.flow.model import Finding

MOST_PLACES = 3_000
"""Distributions of tokens that are looked at in a scope; beyond, nothing is said."""

MOST_WAYS = 8
"""Ways behind an inclusive gateway, or edges of an activity, of which every choice is tried."""

Tokens = frozenset[str]
"""The flows on which tokens stand."""


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Parallel joins that a token reaches and that are never passed."""
    for one in drawn.drawings.values():
        for within in scopes(one).values():
            for element in _dead(one, within):
                sentence = (
                    f"并行汇合{element.title}要等每条流入的流向都来人，但它们不会都来"
                    "（例如是排他网关分出来的），会一直等下去；请用排他网关汇合。"
                )
                yield Finding(one.file, element.id, "join", sentence)


def _dead(one: Drawing, within: list[Element]) -> list[Element]:
    elements = {e.id: e for e in within}
    incoming: dict[str, set[str]] = {}
    target: dict[str, str] = {}
    for flow in one.flows:
        if flow.target in elements:
            incoming.setdefault(flow.target, set()).add(flow.id)
            target[flow.id] = flow.target
    joins = {
        e.id for e in within if e.kind == "parallelGateway" and len(incoming.get(e.id, ())) > 1
    }
    awaited: set[str] = set()
    level: list[Tokens] = [
        frozenset(flow.id for flow in one.outgoing(e.id)) for e in within if e.kind == "startEvent"
    ]
    seen = set(level)
    many = [len(one.outgoing(e.id)) for e in within if e.kind == "inclusiveGateway"]
    many += [len(one.attached(e.id)) for e in within]
    if any(number > MOST_WAYS for number in many):
        return []
    while level and joins:
        tokens = level.pop()
        if len(seen) > MOST_PLACES:
            return []
        for token in tokens:
            element = elements[target[token]]
            if element.id in joins:
                awaited.add(element.id)
            taken = incoming[element.id] if element.kind == "parallelGateway" else {token}
            if not taken <= tokens:
                continue
            joins.discard(element.id)
            for given in _given(one, element):
                after = given if _ends_all(element) else (tokens - taken) | given
                if after not in seen:
                    seen.add(after)
                    level.append(after)
    return [elements[place] for place in sorted(joins & awaited)]


def _given(one: Drawing, element: Element) -> Iterator[Tokens]:
    """The flows that an element may give tokens to, until nothing of it is under way."""
    out = [flow.id for flow in one.outgoing(element.id)]
    match element.kind:
        case "exclusiveGateway" | "eventBasedGateway":
            last = [frozenset({flow}) for flow in out]
        case "inclusiveGateway":
            last = [some for some in _subsets(out) if some]
        case _:
            last = [frozenset(out)]
    beside: set[str] = set()
    for event in one.attached(element.id):
        flows = frozenset(flow.id for flow in one.outgoing(event.id))
        if event.interrupting:
            last.append(flows)
        else:
            beside |= flows
    for some in _subsets(sorted(beside)):
        yield from (one_of | some for one_of in last)


def _subsets(flows: list[str]) -> Iterator[Tokens]:
    sizes = range(len(flows) + 1)
    yield from map(frozenset, chain.from_iterable(combinations(flows, size) for size in sizes))


def _ends_all(element: Element) -> bool:
    return element.kind == "endEvent" and element.event in ("terminate", "error")
