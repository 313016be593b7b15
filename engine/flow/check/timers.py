"""A deadline is counted in days, from an article, and only a timer can be one.

Whatever a timer waits for can be computed: an instant with a zone, or a duration.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from engine.flow import instants, timers
from engine.flow.check import reaching
from engine.flow.definitions import Drawn
from engine.flow.drawing import Drawing, Element
from engine.flow.expressions import CONSTANTS, OF_UNIT, read, read_value
from engine.flow.model import Finding, Json, Refused
from engine.milestones import DURATIONS

COUNTING = frozenset({"workdays", "days", "extend"})
"""The functions that count days and can say how."""


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Deadlines that are no timers, not counted in days, or without an article; no times at all."""
    for one in drawn.drawings.values():
        for element in one.elements.values():
            for sentence in _of(element):
                yield Finding(one.file, element.id, "deadline", f"{element.title}{sentence}。")
            text = element.time_date or element.time_duration
            if "${" in text:
                time = _Time(drawn, one, element)
                for sentence in sorted(time.wrong(read(text).tree, bool(element.time_date))):
                    yield Finding(
                        one.file, element.id, "timer", f"{element.title}的时间{sentence}。"
                    )


def _of(element: Element) -> Iterator[str]:
    if not element.deadline:
        return
    if element.event != "timer":
        yield "写了属性 deadline，但不是定时事件"
        return
    if not element.time_date:
        if element.deadline not in DURATIONS:
            yield "是时限，请用日期（timeDate）写 ${workdays(起算时间, 工作日数)}"
    elif not COUNTING & read_value(element.time_date).functions:
        yield (
            "是时限，但没有用 workdays(起算时间, 工作日数)、days 或 extend 计算，无法说明怎样数出来"
        )
    if not element.article:
        yield "是时限，但没有写依据的条款（属性 article）"


class _Time:
    """What in a timer's expression can be no time, followed to the values of its variables."""

    def __init__(self, drawn: Drawn, one: Drawing, element: Element) -> None:
        self.place = (drawn, one, element)

    def wrong(self, tree: ast.expr, date: bool) -> set[str]:
        """Sentences about what should be an instant (`date`), or else a duration."""
        said = ast.unparse(tree)
        match tree:
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                asked = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
                branches = [
                    one  # of a variable that is asked there, some values do not come
                    for one in (body, otherwise)
                    if not (isinstance(one, ast.Name) and one.id in asked)
                ]
                return {sentence for one in branches for sentence in self.wrong(one, date)}
            case ast.Call(func=ast.Name(id="min" | "max"), args=args):
                return {sentence for one in args for sentence in self.wrong(one, date)}
            case ast.Call(func=ast.Name(id=name), args=args) if name in {*COUNTING, "now"}:
                if not date:
                    return {f"“{said}”是时刻，不是时长，请写在日期（timeDate）里"}
                return self.wrong(args[0], True) if args else set()
            case ast.Name(id="null"):
                return set()  # no bound
            case ast.Name(id=name) if name not in CONSTANTS:
                values = reaching.at(*self.place, name)
                samples = values.samples([]) if values else []
                return {
                    sentence
                    for one in samples
                    for sentence in _judged(one, date, f"“{name}”可能是")
                }
            case ast.Constant(value=value):
                return _judged(value, date, "")
            case ast.Call(func=ast.Name(id=name)) if name in OF_UNIT:
                return set()
            case ast.Subscript() | ast.BinOp(op=ast.Add()):
                return set()
        return {f"“{said}”算出来不是{_what(date)}"}


def _judged(value: Json, date: bool, name: str) -> set[str]:
    """What is wrong with a value as a time; nothing with null, which is no bound."""
    if value is None:
        return set()
    if not isinstance(value, str):
        return {f"{name}“{value}”，不是{_what(date)}"}
    try:
        if date:
            instants.instant(value)
        else:
            timers.after(instants.instant("2026-01-01T00:00:00+08:00"), value)
    except Refused as refused:
        return {f"{name}“{value}”，{refused.facts.get('problem', '')}"}
    return set()


def _what(date: bool) -> str:
    return "日期时间，请用 workdays、days 或 extend 计算" if date else "PT1H 这样的时长"
