"""Instants as expressions write them: ISO text with a zone; and natural days counted from one."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from engine.flow.model import Refused

ZONE = timezone(timedelta(hours=8))
"""Asia/Shanghai, which has kept +08:00 since 1991: times in expressions are written in it."""

MOST_DAYS = 1_000
"""Natural days that may be counted."""


def instant(text: str) -> datetime:
    """An aware instant from ISO text; Refused("deadline") when it names no time zone."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("deadline", value=text, problem="不是日期时间") from None
    if value.tzinfo is None:
        raise Refused("deadline", value=text, problem="没有写时区") from None
    return value


def natural(start: datetime, days: int) -> str:
    """The end of the n-th natural day after `start`: 00:00 of the day after, as working days end.

    Refused("deadline") for a number that cannot be counted.
    """
    if not 1 <= days <= MOST_DAYS:
        raise Refused("deadline", value=days, problem="不能这样数自然日")
    day = start.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        return (day + timedelta(days=days + 1)).isoformat()
    except OverflowError:
        raise Refused("deadline", value=days, problem="超出了日期的范围") from None
