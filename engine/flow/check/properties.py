"""Properties of Camunda that somebody reads: a name that nobody knows is a typing error."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from engine.flow.definitions import Drawn
from engine.flow.drawing import BPMN, CAMUNDA, NODES
from engine.flow.model import Finding
from engine.flow.xml import local

OF_LANE = ("role", "unit")
OF_ELEMENT = (*OF_LANE, "article", "milestone", "deadline", "leg", "sets")
LEGS = frozenset({"lead", "co"})

_PROPERTY = f"{BPMN}extensionElements/{CAMUNDA}properties/{CAMUNDA}property"


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Properties of elements and lanes that nothing reads; legs that are neither lead nor co."""
    for path in sorted(drawn.roots):
        for node in drawn.roots[path].iter(f"{BPMN}*"):
            known = OF_LANE if local(node) == "lane" else OF_ELEMENT
            if local(node) == "lane" or local(node) in NODES:
                yield from _of(path, node, known)
    for one in drawn.drawings.values():
        for element in one.elements.values():
            if "leg" not in element.properties:
                continue
            if element.leg not in LEGS:
                sentence = f"{element.title}的属性 leg 是“{element.leg}”，只能写 lead 或 co。"
                yield Finding(one.file, element.id, "leg", sentence)


def _of(path: str, node: etree._Element, known: tuple[str, ...]) -> Iterator[Finding]:
    element = node.get("id", "")
    title = f"“{node.get('name')}”（{element}）" if node.get("name") else f"“{element}”"
    for one in node.findall(_PROPERTY):
        name = one.get("name", "")
        if name not in known:
            sentence = f"{title}的属性“{name}”没有人认识，这里可用的有 {'、'.join(known)}。"
            yield Finding(path, element, "property", sentence)
