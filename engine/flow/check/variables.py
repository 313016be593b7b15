"""Every variable that an expression reads is set by something in its scope."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.flow import expressions
from engine.flow.check.ways import hosts, ways_of
from engine.flow.definitions import Drawn
from engine.flow.drawing import Drawing, Element, Passing
from engine.flow.model import Finding

GIVEN = frozenset({"number", "type", "area", "centre", "authority", "channel"})
"""Variables that every process has which the manifest starts."""

COUNTS = frozenset({"nrOfInstances", "nrOfCompletedInstances", "nrOfActiveInstances"})


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Names that nothing sets: not the start, a form, a decision, a mapping or a loop.

    What a message from outside brings is declared by the property `sets` of the element that
    receives it; what one thrown inside brings, by its payload.
    """
    known = {process: set_in(drawn, one) for process, one in drawn.drawings.items()}
    for process in sorted(drawn.drawings):
        one = drawn.drawings[process]
        for element in one.elements.values():
            here = known[process] | around(one, element)
            read = _names(drawn, one, element) - here
            # Out mappings read the called process's variables, not the caller's.
            read |= _passed_names(element.outputs) - known.get(element.called, set())
            for name in sorted(read):
                sentence = (
                    f"{element.title}用到的变量“{name}”没有任何地方赋值，"
                    "请检查拼写，或由表单、决策、输出参数赋值。"
                )
                yield Finding(one.file, element.id, "variable", sentence)


def set_in(drawn: Drawn, one: Drawing) -> set[str]:
    """The variables that a process may have."""
    known: set[str] = set()
    if one.id in drawn.manifest.get("start", {}).values():
        known |= GIVEN
    ways = ways_of(drawn)[one.id]
    for element in one.elements.values():
        known |= ways.set_by(element)
    for caller in drawn.drawings.values():
        for element in caller.elements.values():
            if element.called == one.id:
                known |= {passing.target for passing in element.inputs}
    return known


def around(one: Drawing, element: Element) -> set[str]:
    """The loop variables of an element and of the subprocesses that it stands in."""
    names: set[str] = set()
    for place in hosts(one, element):
        if place.loop is not None:
            names |= {place.loop.variable, "loopCounter", *COUNTS}
    return names


def _names(drawn: Drawn, one: Drawing, element: Element) -> set[str]:
    """The variables that an element reads in its own scope."""
    loop = element.loop
    texts = [element.time_date, element.time_duration]
    if element.kind == "userTask":
        texts.append(element.unit)
    if loop is not None:
        texts += [loop.condition, braced(loop.collection), braced(loop.cardinality)]
    texts += [flow.condition for flow in one.outgoing(element.id)]
    texts.append(element.correlation)
    names = _passed_names((*element.inputs, *element.assigned, *element.payload))
    for text in texts:
        names |= expressions.read_value(text).names
    if element.decision in drawn.tables:
        for column in drawn.tables[element.decision].inputs:
            names |= column.expression.names
    return names


def _passed_names(passings: Iterable[Passing]) -> set[str]:
    names: set[str] = set()
    for passing in passings:
        names |= expressions.read_value(passing.expression).names
        names |= {passing.source} if passing.source else set()
    return names


def braced(text: str) -> str:
    """The collection or number of a loop as an expression, also where it is a name alone."""
    return text if not text or "${" in text else f"${{{text}}}"
