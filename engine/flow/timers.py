"""Timer definitions that obey the engine's clock; the library's own read the computer's.

A timer's due time is reckoned once, when its token arrives, and kept with the token; `revise`
reckons again those that asked the calendar, with the clock of the first time: what has been waited
is not lost when a calendar is published. Whether it has fired is decided by the engine's loop,
which fires one timer at a time in the order of their due.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition

from engine.flow import expressions, instants
from engine.flow.model import Json, Refused

DUE = "due"
WHY = "why"
SINCE = "since"

_DURATION = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_LONGEST = 100_000
"""The largest number of any unit in a duration."""


def after(start: datetime, duration: str) -> datetime:
    """The end of an ISO 8601 duration from an aware start; Refused("deadline") if it is none.

    Months and years go by the calendar of Asia/Shanghai; their last day stands for a missing one.
    """
    match = _DURATION.fullmatch(duration.strip())
    parts = {name: int(text) for name, text in match.groupdict().items() if text} if match else {}
    if not parts or duration.rstrip().endswith("T") or max(parts.values()) > _LONGEST:
        raise Refused("deadline", value=duration, problem="不是 ISO 8601 时长")
    local = start.astimezone(instants.ZONE)
    months = local.month - 1 + parts.get("months", 0) + 12 * parts.get("years", 0)
    year, month = local.year + months // 12, months % 12 + 1
    try:
        day = min(local.day, monthrange(year, month)[1])
        local = local.replace(year=year, month=month, day=day) + timedelta(
            weeks=parts.get("weeks", 0),
            days=parts.get("days", 0),
            hours=parts.get("hours", 0),
            minutes=parts.get("minutes", 0),
            seconds=parts.get("seconds", 0),
        )
    except (ValueError, OverflowError):
        raise Refused("deadline", value=duration, problem="超出了日期的范围") from None
    return local.astimezone(start.tzinfo)


class DueTimer(TimerEventDefinition):
    """A timer by date (`timeDate`) or by duration (`timeDuration`)."""

    def __init__(
        self, name: str, expression: expressions.Expression, duration: bool, **kwargs: Any
    ) -> None:
        super().__init__(name, expression, **kwargs)
        self.duration = duration

    def reckon(self, token: Any) -> None:
        """Sets the token's due time, and why, from the process data and the calendar.

        One that counts from now() counts from when it was first reckoned.
        """
        state, kept = token.workflow.top_workflow, token.internal_data
        since = datetime.fromisoformat(kept[SINCE]) if SINCE in kept else state.clock
        value = state.value(token, self.expression, clock=since)
        if not isinstance(value, str):
            raise Refused("deadline", value=value, problem="不是日期时间")
        due = after(since, value) if self.duration else instants.instant(value)
        kept[DUE] = due.astimezone(UTC).isoformat()
        kept.pop(WHY, None)
        if state.dues:
            kept[WHY] = _reason(state.dues, due)
            if self.duration or "now" in self.expression.functions:
                kept[SINCE] = since.astimezone(UTC).isoformat()

    def has_fired(self, token: Any) -> bool:
        """Whether the engine's loop has chosen this token; reckons the due time at first."""
        if DUE not in token.internal_data:
            self.reckon(token)
        return bool(token.workflow.top_workflow.firing == token.id)

    def catches(self, token: Any, event: Any) -> bool:
        """A timer catches nothing that is thrown or sent."""
        return False

    def reset(self, token: Any) -> None:
        """Nothing: a due time stays with its token until that is gone."""

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


def _reason(answers: Sequence[Mapping[str, Json]], due: datetime) -> dict[str, Json]:
    """The answer that is the due time, or else the last; provisional if any of them is."""
    chosen = answers[-1]
    for answer in answers:
        if datetime.fromisoformat(answer["due"]) == due:
            chosen = answer
    doubt = any(answer.get("provisional", False) for answer in answers)
    return {**chosen, "provisional": doubt}


def due_of(token: Any) -> datetime | None:
    """The due time of a waiting token, in UTC; None when it waits for something else."""
    text = token.internal_data.get(DUE)
    return None if text is None else datetime.fromisoformat(text)


def why_of(token: Any) -> Mapping[str, Json]:
    """How the due time was counted (workdays.Due.as_json()), if the calendar was asked."""
    why: Mapping[str, Json] = token.internal_data.get(WHY, {})
    return why
