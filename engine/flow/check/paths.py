"""Every element can be reached from the start of its scope."""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow.definitions import Drawn
from engine.flow.drawing import Drawing
from engine.flow.model import Finding


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Elements that no flow leads to; the library passes over them in silence."""
    for one in drawn.drawings.values():
        found = reached(one)
        for element in one.elements.values():
            if element.id not in found:
                sentence = f"从开始事件走不到{element.title}，请连上线，或把它去掉。"
                yield Finding(one.file, element.id, "unreachable", sentence)


def reached(one: Drawing) -> set[str]:
    """The elements that some flow, start or edge leads to, embedded subprocesses included."""
    level = [
        element.id
        for element in one.elements.values()
        if element.kind == "startEvent" and element.scope == one.id
    ]
    found: set[str] = set()
    while level:
        place = level.pop()
        if place in found:
            continue
        found.add(place)
        level += [flow.target for flow in one.outgoing(place)]
        level += [event.id for event in one.attached(place)]
        level += [
            element.id
            for element in one.elements.values()
            if element.scope == place and element.kind == "startEvent"
        ]
    return found
