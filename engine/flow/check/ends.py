"""Every way comes to an end: an end event is reached, or something else ends what waits there."""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow.check.paths import reached
from engine.flow.definitions import Drawn
from engine.flow.drawing import Drawing, Element
from engine.flow.model import Finding

ENDING = frozenset({"terminate", "error"})
"""The end events that end everything else in their scope."""


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Elements from which no end event is reached, in scopes that nothing else ends."""
    for one in drawn.drawings.values():
        from_start = reached(one)
        for scope, within in scopes(one).items():
            ending = _ending(one, within)
            stuck = [e for e in within if e.id in from_start and e.id not in ending]
            if not stuck or _is_ended(drawn, one, scope, set()):
                continue
            element = _first(one, stuck, ending)
            sentence = (
                f"从{element.title}起，怎么走都到不了结束事件，会一直停在那里或兜圈子；"
                "请连到结束事件，或画上会结束它的终止事件或中断的边界事件。"
            )
            yield Finding(one.file, element.id, "never_ends", sentence)


def scopes(one: Drawing) -> dict[str, list[Element]]:
    """The elements of a process and of each embedded subprocess, in the order of the file."""
    found: dict[str, list[Element]] = {}
    for element in one.elements.values():
        found.setdefault(element.scope, []).append(element)
    return found


def _ending(one: Drawing, within: list[Element]) -> set[str]:
    """The elements of a scope from which an end event can be reached."""
    before: dict[str, list[str]] = {}
    for flow in one.flows:
        before.setdefault(flow.target, []).append(flow.source)
    for element in within:
        if element.attached_to:
            before.setdefault(element.id, []).append(element.attached_to)
    level = [element.id for element in within if element.kind == "endEvent"]
    found: set[str] = set()
    while level:
        place = level.pop()
        if place not in found:
            found.add(place)
            level += before.get(place, [])
    return found


def _first(one: Drawing, stuck: list[Element], ending: set[str]) -> Element:
    """Where the way that never ends begins."""
    entered = {flow.target for flow in one.flows if flow.source in ending}
    for element in stuck:
        if element.id in entered or element.attached_to in ending:
            return element
    return next((e for e in stuck if e.kind != "startEvent"), stuck[0])


def _is_ended(drawn: Drawn, one: Drawing, scope: str, seen: set[str]) -> bool:
    """Whether something else may end all that is under way in a scope."""
    if scope in seen:
        return False
    seen.add(scope)
    if any(e.scope == scope and e.kind == "endEvent" and e.event in ENDING for e in _all(one)):
        return True
    hosts = [(one, one.elements[scope])] if scope in one.elements else []
    if not hosts:
        hosts = [(other, e) for other in drawn.drawings.values() for e in _all(other)]
        hosts = [(other, e) for other, e in hosts if e.called == scope]
    return any(
        any(event.interrupting for event in where.attached(host.id))
        or _is_ended(drawn, where, host.scope, seen)
        for where, host in hosts
    )


def _all(one: Drawing) -> list[Element]:
    return list(one.elements.values())
