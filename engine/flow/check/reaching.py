"""Which values a variable may have where an element reads it: followed back along the flows.

Only what is certain is told: a value that a form offers, a table answers or a constant gives, and
that no condition on the way rules out. Where anything else may have set it, nothing is known.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from engine.flow import expressions
from engine.flow.check import answers, messages
from engine.flow.definitions import Drawn
from engine.flow.drawing import Drawing, Element, Passing
from engine.flow.model import Json, Refused
from engine.formjs import Component, FormRefused

JOINS = frozenset({"parallelGateway", "inclusiveGateway"})
MOST_PLACES = 400
"""Places that are looked at for one variable; beyond, nothing is known."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers that a form takes; None: no bound."""

    low: Decimal | None
    high: Decimal | None
    step: Decimal

    def near(self, points: Iterable[float]) -> list[Json]:
        """Numbers of these on and beside each point, and the bounds themselves."""
        asked = [Decimal(str(point)) for point in points] or [Decimal(0)]
        found = {point + by for point in asked for by in (-self.step, Decimal(0), self.step)}
        found |= {bound for bound in (self.low, self.high) if bound is not None}
        return [
            int(number) if number == int(number) else float(number)
            for number in sorted(found)
            if (self.low is None or number >= self.low)
            and (self.high is None or number <= self.high)
            and number % self.step == 0
        ]


@dataclass(frozen=True, slots=True)
class Values:
    """All values that a variable may have: some written down, some any number of a kind.

    `alone`: whether they come one by one from a field that other answers may hide, so that they
    say nothing together with others'.
    """

    written: tuple[Json, ...] = ()
    numbers: tuple[Numbers, ...] = ()
    alone: bool = False

    def samples(self, points: Iterable[float]) -> list[Json]:
        """The written ones, and numbers about the points at which something changes."""
        near = list(points)
        found = [*self.written, *(value for one in self.numbers for value in one.near(near))]
        return list({(type(value), value): value for value in found}.values())


class _Unknown(Exception):
    pass


def values(drawn: Drawn, one: Drawing, element: Element, name: str) -> Values | None:
    """The values of a variable when a token is at an element; None when they are not known."""
    walk = _Walk(drawn)
    try:
        found = list(walk.before(one, element, name, frozenset()))
    except _Unknown:
        return None
    if not found:
        return None
    written = [value for part in found for value in part.written]
    return Values(
        tuple({(type(value), value): value for value in written}.values()),
        tuple(dict.fromkeys(number for part in found for number in part.numbers)),
        any(part.alone for part in found),
    )


_Passed = frozenset[tuple[str, bool]]
"""Conditions on the variable alone that were passed on the way, and whether they held."""


class _Walk:
    def __init__(self, drawn: Drawn) -> None:
        self.drawn = drawn
        self.seen: set[tuple[str, str, str, _Passed]] = set()

    def before(
        self, one: Drawing, element: Element, name: str, passed: _Passed
    ) -> Iterator[Values]:
        """What set the variable last before an element, along every way to it."""
        place = (one.id, element.id, name, passed)
        if place in self.seen:
            return
        self.seen.add(place)
        if len(self.seen) > MOST_PLACES:
            raise _Unknown
        if element.kind == "startEvent":
            yield from self._around(one, element, name, passed)
            return
        if element.attached_to:
            # What it sits on was not completed; what stands in it may have set anything.
            host = one.elements[element.attached_to]
            if self._sets(host, name) is not None or self._inside(one, host, name):
                raise _Unknown
            yield from self.before(one, host, name, passed)
            return
        if element.kind in JOINS and sum(f.target == element.id for f in one.flows) > 1:
            raise _Unknown  # each branch may have set it, and the others not
        for flow in one.flows:
            if flow.target != element.id or flow.scope != element.scope:
                continue
            source = one.elements[flow.source]
            more = passed | self._conditions(one, source, flow.id, flow.condition, name)
            yield from self._after(one, source, name, more)

    def _after(
        self, one: Drawing, element: Element, name: str, passed: _Passed
    ) -> Iterator[Values]:
        passing = next((p for p in element.outputs if p.target == name), None)
        if passing is not None and not any(one.target == name for one in element.assigned):
            yield from self._passed_out(element, passing, passed)
            return
        found = self._sets(element, name)
        several = element.loop is not None and element.loop.kind != "standard"
        if found is not None and not several:
            yield from self._kept(found, passed)
        elif found is not None or self._inside(one, element, name):
            raise _Unknown  # instances keep what they set to themselves
        else:
            yield from self.before(one, element, name, passed)

    def _around(self, one: Drawing, start: Element, name: str, passed: _Passed) -> Iterator[Values]:
        """What a scope begins with: what its start sets, or else what is around it."""
        found = self._sets(start, name)
        if found is not None:
            yield from self._kept(found, passed)
        elif start.scope in one.elements:
            host = one.elements[start.scope]
            if host.loop is not None:
                raise _Unknown
            yield from self.before(one, host, name, passed)
        elif start.event or one.id in self.drawn.manifest.get("start", {}).values():
            raise _Unknown
        else:
            yield from self._passed_in(one, name, passed)

    def _passed_in(self, one: Drawing, name: str, passed: _Passed) -> Iterator[Values]:
        for caller in self.drawn.drawings.values():
            for element in caller.elements.values():
                if element.called != one.id:
                    continue
                passing = next((p for p in element.inputs if p.target == name), None)
                if passing is None or element.loop is not None:
                    raise _Unknown
                if not passing.source:
                    yield from self._kept(_constant(passing.expression), passed)
                    continue
                for found in self.before(caller, element, passing.source, frozenset()):
                    yield from self._kept(found, passed)

    def _passed_out(self, element: Element, passing: Passing, passed: _Passed) -> Iterator[Values]:
        """What the process that is called has in the variable when it ends."""
        called = self.drawn.drawings[element.called]
        if element.loop is not None:
            raise _Unknown
        if not passing.source:
            yield from self._kept(_constant(passing.expression), passed)
            return
        for end in called.elements.values():
            if end.scope == called.id and end.kind == "endEvent" and end.event != "error":
                for found in self._after(called, end, passing.source, frozenset()):
                    yield from self._kept(found, passed)

    def _sets(self, element: Element, name: str) -> Values | None:
        """The values that completing an element gives to the variable; None: it does not set it."""
        if any(passing.target == name for passing in element.assigned):
            passing = [one for one in element.assigned if one.target == name][-1]
            return _constant(passing.expression)
        table = self.drawn.tables.get(element.decision)
        if table is not None:
            of_result = element.result == name
            if of_result and element.map_result != "singleEntry":
                raise _Unknown
            for n, column in enumerate(table.outputs):
                if of_result or (not element.result and column.name == name):
                    return Values(tuple(rule.outputs[n] for rule in table.rules))
        if name in element.sets or any(passing.target == name for passing in element.outputs):
            raise _Unknown  # of what is called, `_passed_out` knows more
        if messages.catches(element):
            raise _Unknown  # whatever comes along
        return self._asked(element, name) if element.form else None

    def _asked(self, element: Element, name: str) -> Values | None:
        path = answers.path_of(element.form)
        try:
            form = answers.form(self.drawn.files[path], path)
        except (KeyError, FormRefused):
            raise _Unknown from None
        for field in form.fields:
            if field.ticket == name:
                raise _Unknown
            if field.routing and field.key == name:
                return _of_field(field)
        return None

    def _inside(self, one: Drawing, host: Element, name: str) -> bool:
        """Whether something in an embedded subprocess may set the variable."""
        level = [host.id]
        while level:
            scope = level.pop()
            for element in one.elements.values():
                if element.scope == scope:
                    if self._sets(element, name) is not None:
                        return True
                    level.append(element.id)
        return False

    def _conditions(
        self, one: Drawing, source: Element, flow: str, condition: str, name: str
    ) -> _Passed:
        """The conditions on the variable alone that a token on a flow has passed."""
        if source.kind != "exclusiveGateway":
            return frozenset()
        if flow == source.default:
            texts = [other.condition for other in one.outgoing(source.id) if other.id != flow]
            return frozenset((text, False) for text in texts if _of_alone(text, name))
        return frozenset({(condition, True)}) if _of_alone(condition, name) else frozenset()

    def _kept(self, found: Values, passed: _Passed) -> Iterator[Values]:
        """The values that fulfil what was passed on the way."""
        points = [
            point for text, _ in passed for point in numbers_of([expressions.read(text)])
        ] or [0.0]
        if not passed:
            yield found
            return
        kept = tuple(
            value
            for value in found.samples(points)
            if all(_holds(text, value) is held for text, held in passed)
        )
        yield Values(kept, (), found.alone)


def _of_alone(condition: str, name: str) -> bool:
    if not condition:
        return False
    read = expressions.read(condition)
    return read.names == {name} and not read.functions


def _holds(condition: str, value: Json) -> Json:
    read = expressions.read(condition)
    (name,) = read.names
    try:
        return read.value({name: value})
    except Refused:
        return None


def _constant(text: str) -> Values:
    """What an expression without variables gives."""
    read = expressions.read_value(text)
    if read.names or read.functions:
        raise _Unknown
    try:
        value = read.value({})
    except Refused:
        raise _Unknown from None
    if isinstance(value, list | dict):
        raise _Unknown
    return Values((value,))


def _of_field(field: Component) -> Values:
    if field.readonly:
        raise _Unknown
    may_be_empty = () if field.required or field.guards or field.hide else (None,)
    hidden = bool(field.guards or field.hide)
    match field.type:
        case "select" | "radio" if field.options and not field.source:
            offered = tuple(option.value for option in field.options)
            return Values((*offered, *may_be_empty), (), hidden)
        case "checkbox":
            return Values((True,) if field.required else (True, False), (), hidden)
        case "number" if not field.as_text:
            step = field.step or Decimal(1).scaleb(-(field.decimals or 0))
            return Values(may_be_empty, (Numbers(field.minimum, field.maximum, step),), hidden)
    raise _Unknown


def numbers_of(read: Iterable[expressions.Expression]) -> list[float]:
    """The numbers that are written in expressions."""

    return [
        node.value
        for expression in read
        for node in ast.walk(expression.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    ]
