"""A variable that is read has been set on every way that leads there.

Followed back from the reader to the start. A way that somebody beside it, or what was asked twice,
may rule out is not told of: only one that can certainly be walked.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from engine.flow import expressions
from engine.flow.check import reaching
from engine.flow.check.variables import GIVEN, around, braced, set_in
from engine.flow.check.ways import JOINS, ways_of
from engine.flow.definitions import Drawn
from engine.flow.drawing import Drawing, Element, Flow
from engine.flow.model import Finding

MOST_PLACES = 400
"""Places that are looked at for one variable; beyond, nothing is said."""

Names = frozenset[str]


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Readers of a variable to which a way leads on which nothing has set it."""
    for one in drawn.drawings.values():
        known = set_in(drawn, one)
        for element in one.elements.values():
            said: set[str] = set()
            for name, asked in _read(drawn, one, element):
                if name in said or name not in known or name in around(one, element):
                    continue
                if _Walk(drawn, name).unset(one, element, asked):
                    said.add(name)
                    sentence = (
                        f"{element.title}要用变量“{name}”，但有的走法到这里还没有给它赋过值，"
                        "工单会停在这里；请在开始事件的输出参数里写初值，"
                        f"如 {name} = ${{null}}，或在每条路上都赋值。"
                    )
                    yield Finding(one.file, element.id, "unset", sentence)


def _read(drawn: Drawn, one: Drawing, element: Element) -> Iterator[tuple[str, Names]]:
    """The variables that an element certainly reads, and those that it has asked for before."""
    own = ways_of(drawn)[one.id].set_by(element)
    loop = element.loop
    before = [element.time_date, element.time_duration]
    before += [element.unit] if element.kind == "userTask" else []
    before += [passing.expression for passing in (*element.inputs, *element.payload)]
    before += [braced(loop.collection), braced(loop.cardinality)] if loop is not None else []
    for text in before:
        yield from ((name, frozenset()) for name in _certain(text))
    table = drawn.tables.get(element.decision)
    for column in table.inputs if table is not None else ():
        yield from ((name, frozenset()) for name in _surely(column.expression.tree))
    for passing in element.assigned:
        yield from ((name, frozenset()) for name in _certain(passing.expression) - own)
    if element.kind == "exclusiveGateway":
        asked: Names = frozenset()
        for flow in one.outgoing(element.id):
            if flow.condition and flow.id != element.default:
                yield from ((name, asked) for name in _certain(flow.condition))
                asked |= expressions.read(flow.condition).names


def _certain(text: str) -> set[str]:
    return set(_surely(expressions.read_value(text).tree))


def _surely(tree: ast.AST) -> Iterator[str]:
    """The names that are read whatever comes out: not what a test or a first one guards."""
    match tree:
        case ast.IfExp(test=test):
            yield from _surely(test)
        case ast.BoolOp(values=[first, *_]):
            yield from _surely(first)
        case ast.Compare(left=left, comparators=[right, *_]):
            yield from (*_surely(left), *_surely(right))
        case ast.Call(args=args):
            for one in args:
                yield from _surely(one)
        case ast.Name(id=name):
            yield from () if name in expressions.CONSTANTS else (name,)
        case _:
            for child in ast.iter_child_nodes(tree):
                yield from _surely(child)


class _Walk:
    """Back along the ways on which one variable is not set; `asked`: what decided on others."""

    def __init__(self, drawn: Drawn, name: str) -> None:
        self.drawn = drawn
        self.name = name
        self.ways = ways_of(drawn)
        self.seen: set[tuple[str, Names]] = set()

    def unset(self, one: Drawing, element: Element, asked: Names) -> bool:
        """Whether a token may come to an element of a process before anything set the variable."""
        ways, name = self.ways[one.id], self.name
        level = [(element, asked)]
        while level:
            place, asked = level.pop()
            if (place.id, asked) in self.seen:
                continue
            self.seen.add((place.id, asked))
            if len(self.seen) > MOST_PLACES:
                return False
            if place.kind == "startEvent":
                if name in ways.set_by(place) or asked & ways.set_by(place):
                    continue
                if place.scope not in one.elements:
                    if self._begins_without(one):
                        return True
                    continue
                level.append((one.elements[place.scope], asked))
            elif place.attached_to:
                host = one.elements[place.attached_to]
                inside = host.kind == "subProcess" and name in ways.set_by(host)
                if not inside and not ways.setters(name) & ways.beside_edge(place):
                    level.append((host, asked))
            elif place.kind in JOINS and sum(flow.target == place.id for flow in one.flows) > 1:
                continue  # some branch may have set it
            else:
                level += [
                    back
                    for flow in one.flows
                    if flow.target == place.id and flow.scope == place.scope
                    for back in self._back(one, flow, asked)
                ]
        return False

    def _back(self, one: Drawing, flow: Flow, asked: Names) -> Iterator[tuple[Element, Names]]:
        """The source of a flow, where passing it sets nothing and is not ruled out."""
        ways, source = self.ways[one.id], one.elements[flow.source]
        if self.name in ways.set_by(source) or ways.setters(self.name) & ways.beside(flow):
            return
        if source.kind in ("exclusiveGateway", "inclusiveGateway"):
            read = {
                name
                for other in one.outgoing(source.id)
                if other.condition
                for name in expressions.read(other.condition).names
            }
            if self.name in read or read & asked:
                return
            if source.kind == "exclusiveGateway" and not reaching.taken(self.drawn, one, flow):
                return
            asked |= read
        for other in asked & ways.set_by(source):
            of = ways.sources(source, other)
            if of is None:
                return
            asked = (asked - {other}) | of
        yield source, asked

    def _begins_without(self, one: Drawing) -> bool:
        """Whether a process begins without the variable, whoever starts it."""
        if one.id in self.drawn.manifest.get("start", {}).values() and self.name in GIVEN:
            return False
        return not any(
            element.called == one.id and passing.target == self.name
            for caller in self.drawn.drawings.values()
            for element in caller.elements.values()
            for passing in element.inputs
        )
