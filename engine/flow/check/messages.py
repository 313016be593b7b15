"""Every message that is thrown finds somebody, and every one that is waited for can come.

What goes to the world says what it carries.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.definitions import MANIFEST
from engine.flow.definitions import Drawn
from engine.flow.drawing import SCOPES, Element
from engine.flow.model import Finding
from engine.flow.support import sends, starts_by_message, throws

CATCHING = frozenset({"boundaryEvent", "intermediateCatchEvent", "receiveTask"})


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Messages thrown to nobody, waited for in vain, of outside and drawn nowhere, undeclared."""
    thrown = [element for element in _elements(drawn) if throws(element) and _message(element)]
    awaited = [element for element in _elements(drawn) if catches(element) and _message(element)]
    starts = [
        one.start
        for one in drawn.drawings.values()
        if one.start is not None and one.start.event == "message"
    ]
    expected = {element.reference for element in (*awaited, *starts)}
    coming = {element.reference for element in thrown}
    outside = drawn.manifest.get("messages", {}) if drawn.manifest else {}
    for element in thrown:
        if element.reference not in expected:
            sentence = (
                f"{element.title}抛出的消息“{element.reference}”没有谁等，也不启动流程，"
                "请检查名称。"
            )
            yield Finding(element.file, element.id, "message", sentence)
    for element in (*awaited, *starts):
        if element.reference not in coming and element.reference not in outside.values():
            sentence = (
                f"{element.title}等的消息“{element.reference}”没有谁抛出，"
                "清单的“messages”里也没有，请检查名称。"
            )
            yield Finding(element.file, element.id, "message", sentence)
    for key, name in outside.items():
        if name not in expected:
            sentence = f"清单“messages”的“{key}”发出消息“{name}”，没有谁等，也不启动流程。"
            yield Finding(MANIFEST, str(key), "message", sentence)
    yield from _of_signals(drawn)
    yield from _of_topics(drawn)
    yield from _of_correlations(thrown, awaited)
    yield from _of_starts(drawn, starts)


def catches(element: Element) -> bool:
    """Whether it waits for a message or a signal inside."""
    return element.kind in CATCHING and element.event in ("message", "signal")


def payload(drawn: Drawn, event: str, name: str) -> set[str]:
    """The variables that a message or signal brings, whoever throws it."""
    return {
        passing.target
        for element in _elements(drawn)
        if throws(element) and element.event == event and element.reference == name
        for passing in element.payload
    }


def _elements(drawn: Drawn) -> Iterator[Element]:
    for process in sorted(drawn.drawings):
        yield from drawn.drawings[process].elements.values()


def _message(element: Element) -> bool:
    return element.event == "message"


def _of_signals(drawn: Drawn) -> Iterator[Finding]:
    """A signal is thrown and waited for inside alone."""
    signals = [element for element in _elements(drawn) if element.event == "signal"]
    thrown = {element.reference for element in signals if throws(element)}
    awaited = {element.reference for element in signals if catches(element)}
    for element in signals:
        if throws(element) and element.reference not in awaited:
            sentence = f"{element.title}抛出的信号“{element.reference}”没有谁等，请检查名称。"
            yield Finding(element.file, element.id, "message", sentence)
        elif catches(element) and element.reference not in thrown:
            sentence = f"{element.title}等的信号“{element.reference}”没有谁抛出，请检查名称。"
            yield Finding(element.file, element.id, "message", sentence)


def _of_topics(drawn: Drawn) -> Iterator[Finding]:
    """What goes to the world is declared, so that nothing goes that its receiver does not need."""
    for element in _elements(drawn):
        if sends(element) and not element.payload:
            sentence = (
                f"{element.title}发往主题“{element.topic}”，没有写输入参数，流程的全部变量都会发出去。"
                "请用输入参数（inputParameter）只写接收方需要的变量。"
            )
            yield Finding(element.file, element.id, "payload", sentence)


def _of_correlations(thrown: list[Element], awaited: list[Element]) -> Iterator[Finding]:
    """Who wants a correlation that no thrower has is never woken."""
    for element in awaited:
        alike = (one for one in thrown if one.reference == element.reference)
        if element.correlation and not any(one.correlation for one in alike):
            sentence = (
                f"{element.title}只接收写了属性 correlation 的消息，"
                f"但抛出“{element.reference}”的都没有写。"
            )
            yield Finding(element.file, element.id, "correlation", sentence)


def _of_starts(drawn: Drawn, starts: list[Element]) -> Iterator[Finding]:
    seen: dict[str, Element] = {}
    inner = {element.id for element in _elements(drawn) if element.kind in SCOPES}
    for element in starts:
        other = seen.setdefault(element.reference, element)
        if other is not element:
            sentence = (
                f"消息“{element.reference}”启动“{other.process}”和“{element.process}”，"
                "只能启动一个流程。"
            )
            yield Finding(element.file, element.id, "start", sentence)
        if element.process in inner:
            # In addresses both stand at the same place.
            sentence = f"流程“{element.process}”由消息启动，别的元素不能用它的编号（id）。"
            yield Finding(element.file, element.process, "id", sentence)
    for kind, process in drawn.manifest.get("start", {}).items():
        if starts_by_message(drawn.drawings.get(process)):
            sentence = f"清单里“start”的“{kind}”是流程“{process}”，它由消息启动，不能受理。"
            yield Finding(MANIFEST, str(kind), "start", sentence)
