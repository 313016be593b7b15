"""Every error that is thrown is caught round it, and what is caught at an edge can come.

An escalation needs nobody who catches it; an error that nobody catches stops the ticket.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow.definitions import Drawn
from engine.flow.drawing import Drawing, Element
from engine.flow.model import Finding
from engine.flow.support import starts_by_message

WORDS = {"error": "错误", "escalation": "升级"}


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Errors that reach the outermost process; edges that wait for what nothing inside throws."""
    for one in drawn.drawings.values():
        for element in one.elements.values():
            code = element.reference
            at_edge = element.kind == "boundaryEvent" and element.event in WORDS
            if element.kind == "endEvent" and element.event == "error":
                if not _caught(drawn, one, element.scope, code, frozenset()):
                    sentence = (
                        f"{element.title}抛出的错误{_named(code)}没有谁接收，工单走到这里会停住；"
                        "请在它外面的子流程或调用活动边上画错误边界事件，或改成普通的结束。"
                    )
                    yield Finding(one.file, element.id, "error", sentence)
            elif at_edge and not _thrown(drawn, one, element):
                sentence = (
                    f"{element.title}等的{WORDS[element.event]}{_named(code)}，里面没有谁抛出，"
                    "这条路永远走不到；请检查代码，或去掉它。"
                )
                yield Finding(one.file, element.id, "error", sentence)


def _named(code: str) -> str:
    return f"“{code}”" if code else ""


def _caught(drawn: Drawn, one: Drawing, scope: str, code: str, seen: frozenset[str]) -> bool:
    """Whether an error in a scope meets an edge that takes it, whoever called the process."""
    if scope in one.elements:
        return _at_edge(one, scope, code) or _caught(
            drawn, one, one.elements[scope].scope, code, seen
        )
    starts = drawn.manifest.get("start", {}).values()
    if one.id in seen:
        return True  # round and round: whoever called first decides
    if one.id in starts or starts_by_message(one):
        return False
    return all(
        _at_edge(other, element.id, code)
        or _caught(drawn, other, element.scope, code, seen | {one.id})
        for other in drawn.drawings.values()
        for element in other.elements.values()
        if element.called == one.id
    )


def _at_edge(one: Drawing, host: str, code: str) -> bool:
    return any(
        edge.event == "error" and edge.reference in ("", code) for edge in one.attached(host)
    )


def _thrown(drawn: Drawn, one: Drawing, edge: Element) -> bool:
    """Whether something in what an edge sits on throws what it waits for."""
    host = one.elements[edge.attached_to]
    level = [(one, host.id)]
    if host.called in drawn.drawings:
        level = [(drawn.drawings[host.called], host.called)]
    seen: set[str] = set()
    while level:
        where, scope = level.pop()
        if scope in seen:
            continue
        seen.add(scope)
        for element in where.elements.values():
            if element.scope != scope:
                continue
            throws = element.kind in ("endEvent", "intermediateThrowEvent")
            if throws and element.event == edge.event and edge.reference in ("", element.reference):
                return True
            level.append((where, element.id))
            if element.called in drawn.drawings:
                level.append((drawn.drawings[element.called], element.called))
    return False
