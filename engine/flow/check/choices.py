"""The conditions behind an exclusive gateway exclude each other and leave no answer out.

Tried out where all of them read variables whose options a form fixes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from engine.flow import expressions
from engine.flow.check import variables
from engine.flow.check.answers import Options
from engine.flow.definitions import Drawn
from engine.flow.drawing import Drawing, Element
from engine.flow.model import Finding, Refused

MOST_TRIED = 1_000


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Answers for which two ways are open, or none."""
    known = variables.options(drawn)
    for one in drawn.drawings.values():
        for element in one.elements.values():
            if element.kind == "exclusiveGateway" and len(one.outgoing(element.id)) > 1:
                yield from _of(one, element, known)


def _of(one: Drawing, element: Element, known: Mapping[str, Options]) -> Iterator[Finding]:
    ways = [
        (flow.id, expressions.read(flow.condition))
        for flow in one.outgoing(element.id)
        if flow.condition
    ]
    names = sorted({name for _, condition in ways for name in condition.names})
    if not names or not all(known.get(name) for name in names):
        return
    for tried, values in enumerate(product(*(known[name] for name in names))):
        if tried >= MOST_TRIED:
            return
        given = dict(zip(names, values, strict=True))
        try:
            open_ways = [flow for flow, condition in ways if condition.value(given) is True]
        except Refused:
            continue
        said = "、".join(f"{name} = {value}" for name, value in given.items())
        if len(open_ways) > 1:
            sentence = f"网关{element.title}：{said} 时，“{'”和“'.join(open_ways)}”的条件都成立。"
            yield Finding(one.file, element.id, "overlap", sentence)
        elif not open_ways and not element.default:
            sentence = f"网关{element.title}：{said} 时没有路可走，请补上条件或默认流向。"
            yield Finding(one.file, element.id, "gap", sentence)
