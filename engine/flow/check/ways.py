"""The ways of a process: what lies before and beside a place on them, and who sets what there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from engine.flow import expressions
from engine.flow.check import answers, messages
from engine.flow.definitions import Drawn
from engine.flow.drawing import Drawing, Element, Flow

JOINS = frozenset({"parallelGateway", "inclusiveGateway"})
CHOICES = frozenset({"exclusiveGateway", "inclusiveGateway"})

Ids = frozenset[str]


def hosts(one: Drawing, element: Element) -> Iterator[Element]:
    """An element and the subprocesses that it stands in, from within."""
    place: Element | None = element
    while place is not None:
        yield place
        place = one.elements.get(place.scope)


class Ways:
    """One process, asked what may have happened when a token comes to a place."""

    def __init__(self, drawn: Drawn, one: Drawing) -> None:
        self.drawn = drawn
        self.one = one
        self._on: dict[str, list[str]] = {}
        self._back: dict[str, list[str]] = {}
        for flow in one.flows:
            self._link(flow.source, flow.target)
        for element in one.elements.values():
            if element.attached_to:
                self._link(element.attached_to, element.id)
        self.taken: dict[str, bool] = {}
        """Of flows out of exclusive gateways, where asked: whether some answer takes them."""
        self._set_by: dict[str, frozenset[str]] = {}
        self._setters: dict[str, Ids] = {}
        self._asked: dict[str, frozenset[str]] = {}
        self._beside: dict[str, Ids] = {}

    def _link(self, source: str, target: str) -> None:
        self._on.setdefault(source, []).append(target)
        self._back.setdefault(target, []).append(source)

    def set_by(self, element: Element) -> frozenset[str]:
        """Every variable that passing an element may set, by what stands inside it too."""
        if element.id not in self._set_by:
            names = {passing.target for passing in (*element.outputs, *element.assigned)}
            names |= {*element.sets, *answers.fields(self.drawn, element.form)}
            if messages.catches(element) or element.kind == "startEvent":
                names |= messages.payload(self.drawn, element.event, element.reference)
            table = self.drawn.tables.get(element.decision)
            if table is not None:
                columns = {column.name for column in table.outputs}
                names |= {element.result} if element.result else columns
            for inner in self.one.elements.values():
                if inner.scope == element.id:
                    names |= self.set_by(inner)
            self._set_by[element.id] = frozenset(names)
        return self._set_by[element.id]

    def setters(self, name: str) -> Ids:
        """The elements that may set a variable."""
        if name not in self._setters:
            self._setters[name] = frozenset(
                element.id for element in self.one.elements.values() if name in self.set_by(element)
            )
        return self._setters[name]

    def sources(self, element: Element, name: str) -> frozenset[str] | None:
        """The variables on which what an element sets depends; None where that is not followed."""
        given = [one.expression for one in element.assigned if one.target == name]
        if given:
            read = expressions.read_value(given[-1])
            return read.names if read.names or read.functions else None
        table = self.drawn.tables.get(element.decision)
        if table is not None:
            return frozenset(n for column in table.inputs for n in column.expression.names)
        if element.called:
            told = {passing.source for passing in element.inputs}
            for passing in element.inputs:
                told |= expressions.read_value(passing.expression).names
            return frozenset(told - {""})
        return None if element.kind == "subProcess" else frozenset()

    def told_by(self, name: str) -> frozenset[str]:
        """A variable, and those that something sets by it."""
        told = {name}
        for element in self.one.elements.values():
            for other in self.set_by(element):
                if name in (self.sources(element, other) or ()):
                    told.add(other)
        return frozenset(told)

    def beside(self, flow: Flow) -> Ids:
        """What tokens may pass that are under way while one stands on a flow out of its source."""
        if flow.id not in self._beside:
            source = self.one.elements[flow.source]
            others = self._edges(source)
            if source.kind in JOINS:
                others += [
                    other.target for other in self.one.outgoing(source.id) if other.id != flow.id
                ]
            self._beside[flow.id] = self._reached(others, self._on)
        return self._beside[flow.id]

    def beside_edge(self, event: Element) -> Ids:
        """The same of a token that an event on the edge of an activity gives."""
        if event.id not in self._beside:
            host = self.one.elements[event.attached_to]
            others = [edge for edge in self._edges(host) if edge != event.id]
            if not event.interrupting:
                others += [flow.target for flow in self.one.outgoing(host.id)]
            self._beside[event.id] = self._reached(others, self._on)
        return self._beside[event.id]

    def parts(self, scope: str) -> bool:
        """Whether several tokens may be under way in a scope."""
        return any(
            (element.kind in JOINS and len(self.one.outgoing(element.id)) > 1)
            or (element.attached_to and not element.interrupting)
            for element in self.one.elements.values()
            if element.scope == scope
        )

    def asked_before(self, element: Element) -> frozenset[str]:
        """The variables that gateways on the ways to an element ask for."""
        if element.id not in self._asked:
            names: set[str] = set()
            for place in self._reached(self._back.get(element.id, ()), self._back):
                if place != element.id and self.one.elements[place].kind in CHOICES:
                    for flow in filter(lambda one: one.condition, self.one.outgoing(place)):
                        names |= expressions.read(flow.condition).names
            if element.scope in self.one.elements:
                names |= self.asked_before(self.one.elements[element.scope])
            self._asked[element.id] = frozenset(names)
        return self._asked[element.id]

    def _edges(self, host: Element) -> list[str]:
        return [event.id for event in self.one.attached(host.id) if not event.interrupting]

    def _reached(self, level: Iterable[str], links: dict[str, list[str]]) -> Ids:
        todo, found = list(level), set[str]()
        while todo:
            place = todo.pop()
            if place not in found:
                found.add(place)
                todo += links.get(place, ())
        return frozenset(found)


@lru_cache(maxsize=1)
def ways_of(drawn: Drawn) -> dict[str, Ways]:
    """The ways of each process."""
    return {process: Ways(drawn, one) for process, one in drawn.drawings.items()}
