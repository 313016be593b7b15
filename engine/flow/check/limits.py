"""What days are asked for can be counted: a whole number within the calendar's reach.

Followed from the expression to where the number is written: there, in a decision, in a mapping.
What a form, a message or a calculation brings is left to the day on which it comes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from engine.flow import expressions
from engine.flow.definitions import Drawn
from engine.flow.drawing import Element
from engine.flow.expressions import Expression
from engine.flow.model import Finding, Json, Refused
from engine.workdays import LONGEST

Place = tuple[str, str, str]
"""The process that a variable belongs to, its name, and the function that is given it."""


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Numbers of working days that are none: not whole, below one, or too many."""
    asked: list[Place] = []
    for element in _elements(drawn):
        for function, tree in _asked(element):
            yield from _written(element, function, tree)
            if isinstance(tree, ast.Name):
                asked.append((element.process, tree.id, function))
    seen: set[Place] = set()
    said: set[Finding] = set()
    while asked:
        place = asked.pop()
        if place in seen:
            continue
        seen.add(place)
        for element in _elements(drawn):
            for finding in _decided(drawn, element, place):
                if finding not in said:
                    said.add(finding)
                    yield finding
            for process, tree in _given(element, place):
                yield from _written(element, place[2], tree)
                if isinstance(tree, ast.Name):
                    asked.append((process, tree.id, place[2]))


FEWEST = {"workdays": 1, "days": 1, "extend": -LONGEST}
"""The least number of days that each function counts; the most are LONGEST."""


def counts(value: Json, function: str = "workdays") -> bool:
    """Whether a function can count this many days."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and FEWEST[function] <= value <= LONGEST


def _elements(drawn: Drawn) -> Iterator[Element]:
    for process in sorted(drawn.drawings):
        yield from drawn.drawings[process].elements.values()


def _asked(element: Element) -> Iterator[tuple[str, ast.expr]]:
    """The numbers of days in an element's expressions, but those behind an if, which may guard."""
    loop = element.loop
    texts = [element.time_date, element.time_duration, loop.condition if loop else ""]
    passings = (*element.inputs, *element.assigned, *element.payload)
    texts += [passing.expression for passing in passings]
    for text in texts:
        level: list[ast.AST] = [expressions.read_value(text).tree]
        while level:
            node = level.pop()
            if isinstance(node, ast.IfExp | ast.BoolOp):
                continue
            level += ast.iter_child_nodes(node)
            match node:
                case ast.Call(func=ast.Name(id=name), args=[_, days]) if name in FEWEST:
                    yield name, days


def _written(element: Element, function: str, tree: ast.expr) -> Iterator[Finding]:
    """A number that needs no variable, where it is written."""
    number = Expression(ast.unparse(tree), tree)
    if number.names or number.functions:
        return
    try:
        value = number.value({})
    except Refused:
        value = None
    if not counts(value, function):
        word = "自然日数" if function == "days" else "工作日数"
        sentence = f"{element.title}的{word}“{number.text}”不能计算，{_rule(function)}"
        yield Finding(element.file, element.id, "workdays", sentence)


def _rule(function: str) -> str:
    return f"应为{FEWEST[function]}到{LONGEST}的整数。"


def _given(element: Element, place: Place) -> Iterator[tuple[str, ast.expr]]:
    """What a mapping or an output parameter puts into a variable, and the process that reads it."""
    process, name, _ = place
    passings = [(process, one) for one in element.assigned if element.process == process]
    if element.called == process:
        passings += [(element.process, one) for one in element.inputs]
    if element.process == process:
        passings += [(element.called, one) for one in element.outputs]
    for of, one in passings:
        if one.target == name:
            source = f"${{{one.source}}}" if one.source else one.expression
            yield of, expressions.read_value(source).tree


def _decided(drawn: Drawn, element: Element, place: Place) -> Iterator[Finding]:
    """The cells of a decision that put into a variable what cannot be counted."""
    process, name, function = place
    table = drawn.tables.get(element.decision)
    if table is None or element.process != process:
        return
    for n, column in enumerate(table.outputs):
        if element.result:
            if element.result != name or element.map_result != "singleEntry":
                continue
        elif column.name != name:
            continue
        for rule in table.rules:
            if not counts(rule.outputs[n], function):
                said = "空" if rule.outputs[n] is None else f"“{rule.outputs[n]}”"
                word = "自然日数" if function == "days" else "工作日数"
                sentence = (
                    f"决策“{table.name or table.id}”第{rule.number}条规则的"
                    f"“{column.name}”是{said}，用作{word}{_rule(function)}"
                )
                yield Finding(table.file, table.id, "workdays", sentence)
