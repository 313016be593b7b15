"""The milestones and deadlines that diagrams may name: what they are called, what they fill.

One table for whoever asks: the check, the rows of tickets and legs, pages, the command line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Which = Literal["first", "last"]
"""Which of several counts: "first", it happened when it first happened; "last", the last one."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone, and the columns of times that it fills.

    `said` is its sentence in a history. `required`: without it an indicator has no data.
    `cleared` are columns of the leg that it empties: the leg waits for them again.
    """

    name: str
    word: str
    said: str = ""
    required: bool = False
    ticket: tuple[str, Which] | None = None
    leg: tuple[str, Which] | None = None
    cleared: tuple[str, ...] = ()
    ledger: tuple[str, Which] | None = None

    @property
    def sentence(self) -> str:
        """What a history says of it."""
        return self.said or self.word


_ALL: Final = (
    Milestone("accepted", "受理", "已受理", True, ticket=("accepted_at", "first")),
    Milestone(
        "dispatched",
        "派发",
        "已派单",
        True,
        ticket=("dispatched_at", "first"),
        leg=("dispatched_at", "first"),
    ),
    Milestone("signed", "签收", "已签收", True, leg=("signed_at", "first")),
    Milestone("unsigned", "未及时签收", "到期未签收，预警", True, leg=("unsigned_at", "first")),
    Milestone("reported", "填报", "已报送办理结果", True, leg=("reported_at", "last")),
    Milestone("overdue", "超期", "到期未办结，列入超期清单", True, leg=("overdue_at", "first")),
    Milestone(
        "closed",
        "办结",
        "已办结",
        True,
        ticket=("closed_at", "last"),
        leg=("closed_at", "last"),
    ),
    Milestone("followed_up", "回访", "已回访", True, ticket=("followed_up_at", "last")),
    Milestone("rated", "评价", "已评价", True, ticket=("rated_at", "last")),
    Milestone("archived", "归档", "已归档", True, ticket=("archived_at", "last")),
    # --- before and beside the dispatch ---
    Milestone("refused", "不予受理", ticket=("refused_at", "last")),
    Milestone("answered", "即时答复"),
    Milestone("handed_over", "紧急转办"),
    Milestone("target_missed", "紧急转办超时"),
    Milestone("withdrawn", "诉求人撤销", ticket=("withdrawn_at", "last")),
    Milestone("merged", "并单"),
    Milestone("corrected", "更正"),
    Milestone("called_again", "再次来电"),
    Milestone("interim_replied", "阶段性答复"),
    # --- of a leg ---
    Milestone("return_asked", "申请退回", leg=("return_asked_at", "last")),
    Milestone("return_rejected", "退回未准", leg=("return_rejected_at", "last")),
    Milestone("returned", "退回（派发作废）", leg=("void_at", "first")),
    Milestone("recalled", "撤回派发", leg=("void_at", "first")),
    Milestone("extension_asked", "申请延期"),
    Milestone("extended", "准予延期", leg=("extended_at", "last")),
    Milestone("extension_refused", "延期未准"),
    Milestone("marked_hard", "疑难复杂", leg=("hard_at", "first")),
    Milestone(
        "report_rejected", "审核不通过", "办理结果未通过审核，退回办理", cleared=("reported_at",)
    ),
    Milestone("centre_late", "中心责任", leg=("centre_late_at", "first")),
    # --- after the reply ---
    Milestone("unit_followed_up", "单位回访"),
    Milestone("unreached", "未联系上"),
    Milestone("excluded", "第二十七条剔除"),
    Milestone("verified", "核实非单位责任"),
    Milestone("rework", "重新办理"),
    # --- of a supervision ---
    Milestone("ledgered", "列入督办台账", ledger=("listed_at", "first")),
    Milestone("warned", "预警", ledger=("warned_at", "first")),
    Milestone("poor_handling", "认定办理不力", ledger=("found_at", "last")),
    Milestone("measure_taken", "督办措施", ledger=("measure_at", "last")),
    Milestone("rectification_reported", "整改反馈", ledger=("reported_at", "last")),
    Milestone("rectification_late", "未按期整改", ledger=("late_at", "first")),
    Milestone("rectified", "整改完成", ledger=("rectified_at", "last")),
    Milestone("not_rectified", "整改未通过"),
    # --- promises ---
    Milestone("promised", "承诺"),
    Milestone("promise_kept", "承诺兑现"),
)

MILESTONES: Final[Mapping[str, Milestone]] = {one.name: one for one in _ALL}
"""Every milestone by name."""

REQUIRED: Final[Mapping[str, str]] = {one.name: one.word for one in _ALL if one.required}
"""The milestones that a procedure must have, and what people call them."""

DEADLINES: Final[Mapping[str, str]] = {
    "sign": "签收期限",
    "handle": "办理期限",
    "return": "申请退回期限",
    "decide": "中心决定期限",
    "rectify": "整改期限",
    "promise": "承诺兑现期限",
    "target": "紧急转办时限",
    "attempt": "再次联系时间",
}
"""The deadlines that a timer may name, and what people call them."""

DURATIONS: Final = frozenset({"target", "attempt"})
"""Deadlines that may be a duration, in natural time: all others are counted in days."""


def milestones_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The milestones that a set of definitions may name, and what a history says of each.

    A set that is about something else than a hotline has words of its own in its manifest.
    """
    return {one.name: one.sentence for one in _ALL} | dict(manifest.get("milestones", {}))


def required_of(manifest: Mapping[str, Any]) -> Mapping[str, str]:
    """The milestones that a set must have: its own if its manifest lists any, or the hotline's."""
    own: Mapping[str, str] = manifest.get("milestones", REQUIRED)
    return own


def deadlines_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The deadlines that a set may name, and what people call them."""
    return {**DEADLINES, **manifest.get("deadlines", {})}


def word(name: str) -> str:
    """What people call a milestone; an unknown one keeps its name."""
    found = MILESTONES.get(name)
    return found.word if found else name
