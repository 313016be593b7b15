"""Properties of Camunda that somebody reads: a name that nobody knows is a typing error."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from engine.flow.definitions import DESKS, Drawn
from engine.flow.drawing import BPMN, CAMUNDA, NODES, SCOPES, Element, listed
from engine.flow.model import Finding
from engine.flow.xml import local

OF_LANE = ("role", "unit")
OF_ELEMENT = (
    *OF_LANE,
    "article",
    "milestone",
    "deadline",
    "leg",
    "sets",
    "optional",
    "several",
    "contact",
    "other_than",
    "desk",
    "shows",
    "correlation",
)
LEGS = frozenset({"lead", "co"})
TOLD = {"unit": "单位", "round": "第几轮"}
"""What the process of a leg must be told: it is written down with the leg."""

_TASK = ({"userTask"}, "用户任务")
_TRUE_OR_FALSE = {
    "optional": _TASK,
    "several": _TASK,
    "contact": ({"userTask", "startEvent"}, "用户任务或开始事件"),
}
"""Properties that are true or false: on which elements, and what people call those."""

_PROPERTY = f"{BPMN}extensionElements/{CAMUNDA}properties/{CAMUNDA}property"


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Properties that nothing reads; legs, rights and others' tasks that do not exist."""
    for path in sorted(drawn.roots):
        for node in drawn.roots[path].iter(f"{BPMN}*"):
            known = OF_LANE if local(node) == "lane" else OF_ELEMENT
            if local(node) == "lane" or local(node) in NODES:
                yield from _of(path, node, known)
    tasks = {
        element.id
        for one in drawn.drawings.values()
        for element in one.elements.values()
        if element.kind == "userTask"
    }
    for one in drawn.drawings.values():
        for element in one.elements.values():
            for rule, sentence in (*_of_leg(element), *_of_task(element, tasks)):
                yield Finding(one.file, element.id, rule, f"{element.title}{sentence}。")


def _of_leg(element: Element) -> Iterator[tuple[str, str]]:
    if "leg" not in element.properties:
        return
    if element.leg not in LEGS:
        yield "leg", f"的属性 leg 是“{element.leg}”，只能写 lead 或 co"
    if element.kind not in SCOPES:
        yield "leg", "不是调用活动，不能有属性 leg"
    if element.kind == "callActivity":
        passed = {passing.target for passing in element.inputs}
        for name, word in TOLD.items():
            if name not in passed:
                yield "leg", f"派发一个承办单位，但没有传入{word}（变量 {name}）"


def _of_task(element: Element, tasks: set[str]) -> Iterator[tuple[str, str]]:
    for name, (kinds, word) in _TRUE_OR_FALSE.items():
        if name not in element.properties:
            continue
        if element.kind not in kinds:
            yield name, f"不是{word}，不能有属性 {name}"
        elif element.properties[name] not in ("true", "false"):
            yield name, f"的属性 {name} 只能写 true 或 false"
    for name in ("other_than", "shows"):
        if name not in element.properties:
            continue
        named = list(listed(element.properties[name]))
        if element.kind != "userTask":
            yield name, f"不是用户任务，不能有属性 {name}"
        elif not named:
            yield name, f"的属性 {name} 是空的，请写用户任务的编号（id）"
        for one in named:
            if one not in tasks:
                yield name, f"的属性 {name} 里的“{one}”不是画了的用户任务"
    if "desk" in element.properties:
        if element.kind != "userTask":
            yield "desk", "不是用户任务，不能有属性 desk"
        elif element.properties["desk"] not in DESKS:
            yield "desk", f"的属性 desk 只能写 {'、'.join(sorted(DESKS))}"
        elif element.optional:
            yield "desk", "是权利（optional），不进待办，不能有属性 desk"


def _of(path: str, node: etree._Element, known: tuple[str, ...]) -> Iterator[Finding]:
    element = node.get("id", "")
    title = f"“{node.get('name')}”（{element}）" if node.get("name") else f"“{element}”"
    for one in node.findall(_PROPERTY):
        name = one.get("name", "")
        if name not in known:
            sentence = f"{title}的属性“{name}”没有人认识，这里可用的有 {'、'.join(known)}。"
            yield Finding(path, element, "property", sentence)
