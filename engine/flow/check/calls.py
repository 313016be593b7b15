"""No process calls itself, directly or through others: a ticket would never stop opening legs."""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow.definitions import Drawn
from engine.flow.model import Finding


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Call activities from whose process the way leads back to their own."""
    for one in drawn.drawings.values():
        for element in one.elements.values():
            if element.called and one.id in _reached(drawn, element.called):
                sentence = f"{element.title}调用“{element.called}”，会一再调用回“{one.id}”本身。"
                yield Finding(one.file, element.id, "cycle", sentence)


def _reached(drawn: Drawn, process: str) -> set[str]:
    level, reached = [process], set[str]()
    while level:
        place = level.pop()
        if place in reached or place not in drawn.drawings:
            continue
        reached.add(place)
        level += [element.called for element in drawn.drawings[place].elements.values()]
    return reached
