"""The conditions behind an exclusive gateway exclude each other and leave no answer out.

Tried out on the values that their variables may have there, numbers on both sides of each bound;
where those are not known, on the values that the conditions of one variable name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from engine.flow import expressions
from engine.flow.check import reaching
from engine.flow.check.ways import ways_of
from engine.flow.definitions import Drawn
from engine.flow.drawing import Drawing, Element
from engine.flow.expressions import Expression
from engine.flow.model import Finding, Json, Refused


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Answers for which two ways are open, or none."""
    for one in drawn.drawings.values():
        for element in one.elements.values():
            if element.kind == "exclusiveGateway" and len(one.outgoing(element.id)) > 1:
                yield from _of(drawn, one, element)


def _of(drawn: Drawn, one: Drawing, element: Element) -> Iterator[Finding]:
    ways = [
        (flow.id, expressions.read(flow.condition))
        for flow in one.outgoing(element.id)
        if flow.condition
    ]
    for flow, condition in ways:
        if not condition.names and not condition.functions:
            sentence = (
                f"网关{element.title}：“{flow}”的条件“{condition.text}”不看任何变量，"
                "总是一样的结果，请改成比较变量的条件，或设为默认流向。"
            )
            yield Finding(one.file, element.id, "constant", sentence)
            return
    said: set[str] = set()
    read = [condition for _, condition in ways]
    for given in [*reaching.tried(drawn, one, element, read)] or _written(
        drawn, one, element, read
    ):
        try:
            open_ways = [flow for flow, condition in ways if condition.value(given) is True]
        except Refused:
            continue
        now = shown(given)
        if len(open_ways) > 1 and "overlap" not in said:
            said.add("overlap")
            sentence = (
                f"网关{element.title}：{now} 时，“{'”和“'.join(open_ways)}”的条件都成立，"
                "请改成互不重叠的条件。"
            )
            yield Finding(one.file, element.id, "overlap", sentence)
        elif not open_ways and not element.default and "gap" not in said:
            said.add("gap")
            sentence = f"网关{element.title}：{now} 时没有路可走，请补上条件或默认流向。"
            yield Finding(one.file, element.id, "gap", sentence)


def _written(
    drawn: Drawn, one: Drawing, element: Element, read: list[Expression]
) -> Iterator[dict[str, Json]]:
    """The values that the conditions themselves name, where all read one variable alone.

    Of a variable of which nothing is known, and that nothing asked about on the way: whoever wrote
    a value down thinks it possible.
    """
    names = {name for expression in read for name in expression.names}
    if len(names) != 1 or any(expression.functions for expression in read):
        return
    (name,) = names
    ways = ways_of(drawn)[one.id]
    known = reaching.at(drawn, one, element, name) is not None
    if known or ways.asked_before(element) & ways.told_by(name):
        return
    constants = (
        node.value
        for expression in read
        for node in ast.walk(expression.tree)
        if isinstance(node, ast.Constant)
    )
    for value in dict.fromkeys(constants):
        yield {name: value}


def shown(given: Mapping[str, Json]) -> str:
    """Values in words, as a finding names them."""
    words = {True: "true", False: "false"}
    return "、".join(
        f"{name} = {'空' if value is None else words[value] if isinstance(value, bool) else value}"
        for name, value in given.items()
    )
