"""Which values a variable may have where an element reads it: followed back along the flows.

Only what is certain is told: a value that a form offers, a table answers or a constant gives, and
that no condition on the way rules out. Where anything else may have set it, nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from engine.flow import expressions
from engine.flow.check import answers, messages
from engine.flow.check.values import Unknown, Values, constant, numbers_of, of_field
from engine.flow.check.ways import JOINS, ways_of
from engine.flow.definitions import Drawn
from engine.flow.drawing import Drawing, Element, Flow, Passing
from engine.flow.model import Json, Refused
from engine.formjs import FormRefused

MOST_TRIED = 1_000
"""Values of several variables together that are tried."""
MOST_PLACES = 400
"""Places that are looked at for one variable; beyond, nothing is known."""


def at(drawn: Drawn, one: Drawing, element: Element, name: str) -> Values | None:
    """The values of a variable when a token is at an element that are certain to be possible.

    None when something sets it of which nothing is known.
    """
    walk = _Walk(drawn)
    try:
        found = list(walk.before(one, element, name, _Passed()))
    except Unknown:
        return None
    written = [value for part in found for value in part.written]
    return Values(
        tuple({(type(value), value): value for value in written}.values()),
        tuple(dict.fromkeys(number for part in found for number in part.numbers)),
        len(walk.setters) > 1 or any(part.alone for part in found),
        any(part.narrowed for part in found),
    )


def tried(
    drawn: Drawn,
    one: Drawing,
    element: Element,
    read: list[expressions.Expression],
    points: Mapping[str, list[float]] | None = None,
) -> Iterator[dict[str, Json]]:
    """Values of all variables of these expressions together; none where one is not known."""
    names = sorted({name for expression in read for name in expression.names})
    known = {name: at(drawn, one, element, name) for name in names}
    if not names or not all(known.values()):
        return
    found = [values for values in known.values() if values is not None]
    if len(found) > 1 and (
        any(values.alone for values in found) or sum(values.narrowed for values in found) > 1
    ):
        return  # not each value comes together with each
    near = numbers_of(read)
    samples = [
        values.samples((points or {}).get(name, near))
        for name, values in zip(names, found, strict=True)
    ]
    for number, together in enumerate(product(*samples)):
        if number >= MOST_TRIED:
            return
        yield dict(zip(names, together, strict=True))


def taken(drawn: Drawn, one: Drawing, flow: Flow) -> bool:
    """Whether some answer takes this way out of an exclusive gateway; true where none is known."""
    kept = ways_of(drawn)[one.id].taken
    if flow.id not in kept:
        kept[flow.id] = True  # for who comes here again on the way
        kept[flow.id] = _taken(drawn, one, flow)
    return kept[flow.id]


def _taken(drawn: Drawn, one: Drawing, flow: Flow) -> bool:
    gateway = one.elements[flow.source]
    ways = [
        (other.id, expressions.read(other.condition))
        for other in one.outgoing(gateway.id)
        if other.condition and other.id != gateway.default
    ]
    known = False
    for given in tried(drawn, one, gateway, [condition for _, condition in ways]):
        known = True
        try:
            opened = (way for way, condition in ways if condition.value(given) is True)
            if next(opened, gateway.default) == flow.id:
                return True
        except Refused:
            return True
    return not known


@dataclass(frozen=True, slots=True)
class _Passed:
    """What was asked on the way: the conditions on the variable alone, and whether they held;
    the other variables on which something else depended."""

    conditions: frozenset[tuple[str, bool]] = frozenset()
    others: frozenset[str] = frozenset()


class _Walk:
    def __init__(self, drawn: Drawn) -> None:
        self.drawn = drawn
        self.ways = ways_of(drawn)
        self.seen: set[tuple[str, str, str, _Passed]] = set()
        self.setters: set[tuple[str, str]] = set()

    def before(
        self, one: Drawing, element: Element, name: str, passed: _Passed
    ) -> Iterator[Values]:
        """What set the variable last before an element, along every way that can be walked.

        A way of which that is not certain is left out: on it, values may hang together.
        """
        place = (one.id, element.id, name, passed)
        if place in self.seen:
            return
        self.seen.add(place)
        if len(self.seen) > MOST_PLACES:
            raise Unknown
        if element.kind == "startEvent":
            yield from self._around(one, element, name, passed)
            return
        ways = self.ways[one.id]
        if element.attached_to:
            # What it sits on was not completed; what stands in it may have set anything.
            host = one.elements[element.attached_to]
            if self._sets(host, name) is not None or self._inside(one, host, name):
                raise Unknown
            if not (ways.setters(name) & ways.beside_edge(element)):
                yield from self.before(one, host, name, passed)
            return
        if element.kind in JOINS and sum(f.target == element.id for f in one.flows) > 1:
            raise Unknown  # each branch may have set it, and the others not
        for flow in one.flows:
            if flow.target != element.id or flow.scope != element.scope:
                continue
            source = one.elements[flow.source]
            more = self._asked_at(one, source, flow, name, passed)
            if more is not None and not (ways.setters(name) & ways.beside(flow)):
                yield from self._after(one, source, name, more)

    def _after(
        self, one: Drawing, element: Element, name: str, passed: _Passed
    ) -> Iterator[Values]:
        passing = next((p for p in element.outputs if p.target == name), None)
        if passing is not None and not any(one.target == name for one in element.assigned):
            told = self.ways[one.id].sources(element, name) or frozenset()
            given = {other.target for other in element.outputs}
            if not passed.others & (told | given):
                self.setters.add((one.id, element.id))
                yield from self._passed_out(element, passing, passed)
            return
        found = self._sets(element, name)
        several = element.loop is not None and element.loop.kind != "standard"
        if found is not None and not several:
            if not self._hangs_together(one, element, passed):
                self.setters.add((one.id, element.id))
                yield from self._kept(found, passed)
        elif found is not None or self._inside(one, element, name):
            raise Unknown  # instances keep what they set to themselves
        else:
            others = set(passed.others)
            for other in passed.others & self.ways[one.id].set_by(element):
                others.discard(other)
                of = self.ways[one.id].sources(element, other)
                if of is None or name in of:
                    return
                others |= of
            more = _Passed(passed.conditions, frozenset(others))
            yield from self.before(one, element, name, more)

    def _hangs_together(self, one: Drawing, element: Element, passed: _Passed) -> bool:
        """Whether what an element sets may hang together with what was asked after or before it."""
        ways = self.ways[one.id]
        asked_before = ways.asked_before(element)
        table = self.drawn.tables.get(element.decision)
        if table is not None:
            read = {name for column in table.inputs for name in column.expression.names}
            if read & (asked_before | passed.others):
                return True
        return bool(passed.others & (asked_before - ways.set_by(element)))

    def _around(self, one: Drawing, start: Element, name: str, passed: _Passed) -> Iterator[Values]:
        """What a scope begins with: what its start sets, or else what is around it."""
        found = self._sets(start, name)
        if found is not None:
            self.setters.add((one.id, start.id))
            yield from self._kept(found, passed)
        elif start.scope in one.elements:
            host = one.elements[start.scope]
            if host.loop is not None:
                raise Unknown
            yield from self.before(one, host, name, passed)
        elif start.event or one.id in self.drawn.manifest.get("start", {}).values():
            raise Unknown
        else:
            yield from self._passed_in(one, name, passed)

    def _passed_in(self, one: Drawing, name: str, passed: _Passed) -> Iterator[Values]:
        for caller in self.drawn.drawings.values():
            for element in caller.elements.values():
                if element.called != one.id:
                    continue
                passing = next((p for p in element.inputs if p.target == name), None)
                if passing is None or element.loop is not None:
                    raise Unknown
                if not passing.source:
                    self.setters.add((caller.id, element.id))
                    yield from self._kept(constant(passing.expression), passed)
                    continue
                others = {
                    other
                    for one_in in element.inputs
                    if one_in.target in passed.others
                    for other in (one_in.source, *expressions.read_value(one_in.expression).names)
                }
                if passing.source in others:
                    continue
                above = _Passed(frozenset(), frozenset(others - {""}))
                for found in self.before(caller, element, passing.source, above):
                    yield from self._kept(found, passed)

    def _passed_out(self, element: Element, passing: Passing, passed: _Passed) -> Iterator[Values]:
        """What the process that is called has in the variable when it ends.

        Where several tokens may be under way, an end that does not end them all need not be last.
        """
        called = self.drawn.drawings[element.called]
        if element.loop is not None:
            raise Unknown
        if not passing.source:
            yield from self._kept(constant(passing.expression), passed)
            return
        for end in called.elements.values():
            if end.scope != called.id or end.kind != "endEvent" or end.event == "error":
                continue
            if end.event == "terminate" or not self.ways[called.id].parts(called.id):
                for found in self._after(called, end, passing.source, _Passed()):
                    yield from self._kept(found, passed)

    def _sets(self, element: Element, name: str) -> Values | None:
        """The values that completing an element gives to the variable; None: it does not set it."""
        if any(passing.target == name for passing in element.assigned):
            passing = [one for one in element.assigned if one.target == name][-1]
            return constant(passing.expression)
        table = self.drawn.tables.get(element.decision)
        if table is not None:
            of_result = element.result == name
            if of_result and element.map_result != "singleEntry":
                raise Unknown
            for n, column in enumerate(table.outputs):
                if of_result or (not element.result and column.name == name):
                    return Values(tuple(rule.outputs[n] for rule in table.rules), (), True)
        if name in element.sets or any(passing.target == name for passing in element.outputs):
            raise Unknown  # of what is called, `_passed_out` knows more
        if messages.catches(element):
            raise Unknown  # whatever comes along
        return self._asked(element, name) if element.form else None

    def _asked(self, element: Element, name: str) -> Values | None:
        path = answers.path_of(element.form)
        try:
            form = answers.form(self.drawn.files[path], path)
        except (KeyError, FormRefused):
            raise Unknown from None
        for field in form.fields:
            if field.ticket == name:
                raise Unknown
            if field.routing and field.key == name:
                return of_field(field)
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

    def _asked_at(
        self, one: Drawing, source: Element, flow: Flow, name: str, passed: _Passed
    ) -> _Passed | None:
        """The same with what a token on a flow was asked; None: of this way nothing is certain.

        What is asked of the variable together with others narrows it in a way that is not
        followed; what was asked twice of another may have ruled the way out.
        """
        if source.kind != "exclusiveGateway":
            return passed
        by_default = flow.id == source.default
        if by_default and not taken(self.drawn, one, flow):
            return None
        texts = (
            [other.condition for other in one.outgoing(source.id) if other.id != flow.id]
            if by_default
            else [flow.condition]
        )
        conditions = set(passed.conditions)
        others: set[str] = set()
        for text in filter(None, texts):
            if _of_alone(text, name):
                conditions.add((text, not by_default))
                continue
            read = expressions.read(text).names
            if name in read:
                return None
            others |= read
        if others & passed.others:
            return None
        return _Passed(frozenset(conditions), passed.others | others)

    def _kept(self, found: Values, passed: _Passed) -> Iterator[Values]:
        """The values that fulfil what was passed on the way."""
        if not passed.conditions:
            yield found
            return
        points = [
            point for text, _ in passed.conditions for point in numbers_of([expressions.read(text)])
        ] or [0.0]
        kept = tuple(
            value
            for value in found.samples(points)
            if all(_holds(text, value) is held for text, held in passed.conditions)
        )
        yield Values(kept, (), found.alone, True)


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
