"""The variables that the product reads by name: diagrams are free to have any other.

One table beside engine/milestones.py, for the check and for whoever draws a procedure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Where = Literal["ticket", "supervision", "leg"]
"""Whose variable it is: the ticket's process, one that a message starts, or a called leg."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable and what it is for; `milestones` are those that say nothing without it."""

    name: str
    where: Where
    word: str
    milestones: tuple[str, ...] = ()


VARIABLES: Final = (
    Variable("type", "ticket", "诉求类型"),
    Variable("about_unit", "ticket", "被举报单位（其人员不能看到工单）"),
    Variable("protected", "ticket", "举报人是否受保护"),
    Variable("emergency", "ticket", "紧急情形"),
    Variable("dissatisfied", "ticket", "不满意的次数"),
    Variable("outcome", "ticket", "办理结果", ("closed",)),
    Variable("rating", "ticket", "满意度评价", ("rated",)),
    Variable("main_ticket", "ticket", "并入的工单编号", ("merged",)),
    Variable("reason", "supervision", "列入台账的事由", ("warned", "ledgered")),
    Variable("unit", "supervision", "被督办的单位", ("warned", "ledgered")),
    Variable("authority", "supervision", "督办的主管部门"),
    Variable("measure", "supervision", "督办措施", ("measure_taken",)),
    Variable("unit", "leg", "承办单位"),
    Variable("round", "leg", "第几轮办理"),
)
"""A leg's are demanded where it is called: nothing can be dispatched without them."""
