"""Every user task says who does it: a role that exists, and a unit."""

from __future__ import annotations

from collections.abc import Iterator

from engine.access import ACTIONS, ROLES
from engine.flow.definitions import Drawn
from engine.flow.model import Finding

WORKING = frozenset(ACTIONS["work_task"])
"""The roles that may work on a task at all."""


def findings(drawn: Drawn) -> Iterator[Finding]:
    """User tasks without a role, with one that cannot work on them, or without a unit."""
    for one in drawn.drawings.values():
        for element in one.elements.values():
            if element.kind != "userTask":
                continue
            lane = f"“{element.lane}”" if element.lane else ""
            if not element.role:
                sentence = f"{element.title}没有岗位，请写候选组，或在泳道{lane}上写属性 role。"
                yield Finding(one.file, element.id, "role", sentence)
            elif element.role not in ROLES:
                sentence = f"{element.title}的岗位“{element.role}”不存在，请用指南里的岗位代码。"
                yield Finding(one.file, element.id, "role", sentence)
            elif element.role not in WORKING:
                sentence = f"{element.title}的岗位“{element.role}”不能办理待办，请换一个岗位。"
                yield Finding(one.file, element.id, "role", sentence)
            if not element.unit:
                sentence = f"{element.title}没有单位，请在任务或泳道{lane}上写属性 unit。"
                yield Finding(one.file, element.id, "unit", sentence)
