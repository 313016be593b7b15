"""A deadline is counted in days, from an article, and only a timer can be one."""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow import expressions
from engine.flow.definitions import Drawn
from engine.flow.drawing import Element
from engine.flow.model import Finding
from engine.milestones import DURATIONS

COUNTING = frozenset({"workdays", "days", "extend"})
"""The functions that count days and can say how."""


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Deadlines that are no timers, not counted in days, or without an article."""
    for one in drawn.drawings.values():
        for element in one.elements.values():
            for sentence in _of(element):
                yield Finding(one.file, element.id, "deadline", f"{element.title}{sentence}。")


def _of(element: Element) -> Iterator[str]:
    if not element.deadline:
        return
    if element.event != "timer":
        yield "写了属性 deadline，但不是定时事件"
        return
    if not element.time_date:
        if element.deadline not in DURATIONS:
            yield "是时限，请用日期（timeDate）写 ${workdays(起算时间, 工作日数)}"
    elif not COUNTING & expressions.read_value(element.time_date).functions:
        yield (
            "是时限，但没有用 workdays(起算时间, 工作日数)、days 或 extend 计算，无法说明怎样数出来"
        )
    if not element.article:
        yield "是时限，但没有写依据的条款（属性 article）"
