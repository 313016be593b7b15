"""A unit that a diagram names is one: its id, as the list of units has it.

Where there is a list, that decides; without one, an id is told from a name or a slip by its signs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from engine.flow import expressions
from engine.flow.check.vanished import InUse
from engine.flow.definitions import Drawn
from engine.flow.drawing import Element
from engine.flow.model import Finding, Json, Refused

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def findings(drawn: Drawn, in_use: Iterable[InUse]) -> Iterator[Finding]:
    """Units written down at user tasks and at the calls of legs that no unit can be."""
    there = {one.id for one in in_use if one.kind == "unit"}
    for one in drawn.drawings.values():
        for element in one.elements.values():
            for unit in _written(element):
                if there and unit not in there:
                    wrong = "没有这个单位，请写单位列表里的单位代码"
                elif there or (isinstance(unit, str) and _ID.fullmatch(unit)):
                    continue
                else:
                    wrong = "不是单位代码"
                sentence = (
                    f"{element.title}的单位“{unit}”：{wrong}，"
                    "或写表达式，如 ${unit}（本次派发的单位）、${centre}（派单中心）。"
                )
                yield Finding(one.file, element.id, "unit", sentence)


def _written(element: Element) -> Iterator[Json]:
    """What it names without asking a variable; nothing where a rule of its own wants one."""
    texts = [element.unit] if element.kind == "userTask" else []
    if element.leg:
        texts += [one.expression for one in element.inputs if one.target == "unit"]
    for text in filter(None, texts):
        read = expressions.read_value(text)
        if not read.names and not read.functions:
            try:
                yield read.value({})
            except Refused:
                yield text
