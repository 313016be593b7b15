"""A text that a variable is compared with is one that it may have: any other is a typing error.

Told only where everything that sets the variable is known, wherever it is set and on every way.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from engine.flow import expressions
from engine.flow.check import answers, messages
from engine.flow.check.values import Unknown, of_field
from engine.flow.check.variables import GIVEN
from engine.flow.check.ways import hosts, ways_of
from engine.flow.definitions import Drawn
from engine.flow.drawing import Drawing, Element, Passing
from engine.flow.model import Finding, Json
from engine.flow.support import throws
from engine.formjs import FormRefused

Place = tuple[str, str]
"""A process and one of its variables."""

MOST_SAID = 8
"""How many of a variable's values a sentence names."""


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Comparisons with a text that the variable never has."""
    known: dict[Place, frozenset[Json] | None] = {}
    for one in drawn.drawings.values():
        for element in one.elements.values():
            around = {
                place.loop.variable for place in hosts(one, element) if place.loop is not None
            }
            for name, text in dict.fromkeys(_compared(one, element)):
                place = (one.id, name)
                if place not in known:
                    known[place] = _values(drawn, place)
                values = known[place]
                if name in around or not values or text in values:
                    continue
                sentence = (
                    f"{element.title}拿变量“{name}”和“{text}”比较，"
                    f"但它从来没有这个值，{_only(values)}。"
                )
                yield Finding(one.file, element.id, "never", sentence)


def _only(values: frozenset[Json]) -> str:
    texts = sorted(value for value in values if isinstance(value, str))
    if not texts:
        return "从来不是文字，和数、true、false、null 比较时不加引号"
    more = "等" if len(texts) > MOST_SAID else ""
    return f"只有{'、'.join(f'“{one}”' for one in texts[:MOST_SAID])}{more}，请检查拼写"


def _compared(one: Drawing, element: Element) -> Iterator[tuple[str, str]]:
    """The variables that an element's own expressions compare, each with a text."""
    texts = [flow.condition for flow in one.outgoing(element.id)]
    texts += [element.time_date, element.time_duration, element.unit]
    texts += [element.loop.condition] if element.loop is not None else []
    passings = (*element.inputs, *element.assigned, *element.payload)
    texts += [passing.expression for passing in passings]
    for text in filter(None, texts):
        for node in ast.walk(expressions.read_value(text).tree):
            match node:
                case ast.Compare(ops=[ast.Eq() | ast.NotEq()], left=left, comparators=[right]):
                    for variable, other in ((left, right), (right, left)):
                        if isinstance(variable, ast.Name):
                            yield from ((variable.id, said) for said in _texts(other))
                case ast.Compare(
                    ops=[ast.In() | ast.NotIn()],
                    left=ast.Name(id=name),
                    comparators=[ast.List(elts=members)],
                ):
                    for member in members:
                        yield from ((name, said) for said in _texts(member))


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _values(drawn: Drawn, asked: Place) -> frozenset[Json] | None:
    """Every value that a variable is ever given, numbers left out; None where not all is known."""
    found: set[Json] = set()
    seen: set[Place] = set()
    level = [asked]
    try:
        while level:
            place = level.pop()
            if place not in seen:
                seen.add(place)
                for process, tree in _given(drawn, place):
                    _take(process, tree, found, level)
    except Unknown:
        return None
    return frozenset(found)


def _take(process: str, tree: ast.expr, found: set[Json], level: list[Place]) -> None:
    """The values of an expression into `found`, the variables that it hands on into `level`."""
    match tree:
        case ast.Constant(value=value):
            found.add(value)
        case ast.Name(id=name) if name in expressions.CONSTANTS:
            found.add(expressions.CONSTANTS[name])
        case ast.Name(id=name):
            level.append((process, name))
        case ast.IfExp(body=body, orelse=otherwise):
            _take(process, body, found, level)
            _take(process, otherwise, found, level)
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not() | ast.Invert()):
            found |= {True, False}
        case _:
            raise Unknown


def _given(drawn: Drawn, place: Place) -> Iterator[tuple[str, ast.expr]]:
    """What gives a variable its value: an expression, and the process in which it is reckoned."""
    process, name = place
    one = drawn.drawings[process]
    started = one.start is not None and one.start.event == "message"
    if name in GIVEN and (started or process in drawn.manifest.get("start", {}).values()):
        raise Unknown
    ways = ways_of(drawn)[process]
    for id in ways.setters(name):
        element = one.elements[id]
        yield from ((process, tree) for tree in _set(drawn, element, name))
        yield from ((element.called, _of(p)) for p in element.outputs if p.target == name)
        if messages.catches(element) or element.kind == "startEvent":
            yield from _brought(drawn, element, name)
    for other in drawn.drawings.values():
        for element in other.elements.values():
            if element.called == process:
                yield from ((other.id, _of(p)) for p in element.inputs if p.target == name)


def _set(drawn: Drawn, element: Element, name: str) -> Iterator[ast.expr]:
    """What an element itself sets: by output parameter, decision or form."""
    if name in element.sets:
        raise Unknown
    yield from (_of(passing) for passing in element.assigned if passing.target == name)
    table = drawn.tables.get(element.decision)
    if table is not None:
        for n, column in enumerate(table.outputs):
            if (element.result or column.name) == name:
                if element.result and element.map_result != "singleEntry":
                    raise Unknown
                yield from (ast.Constant(rule.outputs[n]) for rule in table.rules)
    if element.form and name in answers.fields(drawn, element.form):
        path = answers.path_of(element.form)
        try:
            fields = answers.form(drawn.files[path], path).fields
        except (KeyError, FormRefused):
            raise Unknown from None
        for field in fields:
            if field.ticket == name:
                raise Unknown
            if field.routing and field.key == name:
                yield from (ast.Constant(value) for value in (*of_field(field).written, None))


def _brought(drawn: Drawn, element: Element, name: str) -> Iterator[tuple[str, ast.expr]]:
    """What messages and signals bring."""
    for one in drawn.drawings.values():
        for other in one.elements.values():
            alike = (other.event, other.reference) == (element.event, element.reference)
            if alike and throws(other):
                yield from ((one.id, _of(p)) for p in other.payload if p.target == name)


def _of(passing: Passing) -> ast.expr:
    text = f"${{{passing.source}}}" if passing.source else passing.expression
    return expressions.read_value(text).tree
