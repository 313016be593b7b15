"""A process that calls itself, directly or through others, waits for somebody on the way.

Without that it would never stop opening processes. With it, a centre may pass on to a centre
below, which works by the same diagram.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow.definitions import Drawn
from engine.flow.drawing import Drawing, Element
from engine.flow.model import Finding

WAITING = frozenset({"userTask", "receiveTask", "intermediateCatchEvent", "eventBasedGateway"})
"""The kinds of elements at which a token stands until somebody or something comes."""

AT_ONCE = frozenset({"error", "escalation"})
"""The boundary events that may happen without anybody or any time having come."""


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Call activities from which a way leads back to their own process that waits nowhere."""
    called = {process: _called(one) for process, one in drawn.drawings.items()}
    for process in sorted(called):
        for element in called[process]:
            if process in _reached(called, element.called):
                sentence = (
                    f"{element.title}调用“{element.called}”，会一再调用回“{process}”本身，"
                    "中途没有用户任务，也不等待。"
                )
                yield Finding(element.file, element.id, "cycle", sentence)


def _called(one: Drawing) -> list[Element]:
    """The call activities that are reached from the start of a process without waiting."""
    level = [one.start.id] if one.start is not None else []
    reached: set[str] = set()
    while level:
        place = level.pop()
        if place in reached:
            continue
        reached.add(place)
        element = one.elements[place]
        if element.kind in WAITING:
            continue
        level += [flow.target for flow in one.outgoing(place)]
        level += [event.id for event in one.attached(place) if event.event in AT_ONCE]
        level += [
            inner.id
            for inner in one.elements.values()
            if inner.scope == place and inner.kind == "startEvent"
        ]
    return [
        element for element in one.elements.values() if element.called and element.id in reached
    ]


def _reached(called: dict[str, list[Element]], process: str) -> set[str]:
    level, reached = [process], set[str]()
    while level:
        place = level.pop()
        if place in reached or place not in called:
            continue
        reached.add(place)
        level += [element.called for element in called[place]]
    return reached
