"""Words for codes and instants, in Chinese: what lists, pages and histories have in common."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.workdays import ZONE, Calendar

DUTIES = {"lead": "主办", "co": "协办"}


@dataclass(frozen=True, slots=True)
class Remaining:
    """Working time left until a due time; `sentence` in Chinese, such as 还剩2个工作日."""

    days: int  # working days after today until the due day; late: minus those begun since
    late: bool
    today: bool  # due at the end of today
    sentence: str


def remaining(calendar: Calendar, now: datetime, due: datetime | None) -> Remaining | None:
    """How much working time is left; None without a due time."""
    if due is None:
        return None
    left = calendar.left(now, due)
    if left.late:
        said = f"已超期{left.days}个工作日" if left.days else "已超期"
        return Remaining(-left.days, True, False, said)
    if left.last_day:
        return Remaining(0, False, True, "今天到期")
    return Remaining(left.days, False, False, f"还剩{left.days}个工作日")


def moment(at: datetime) -> str:
    """An instant in words, in Asia/Shanghai: 2026年10月8日 09:05."""
    local = at.astimezone(ZONE)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def due_moment(at: datetime) -> str:
    """A due time in words: the end of a day is that day's 24:00."""
    local = at.astimezone(ZONE)
    if f"{local:%H:%M:%S}" != "00:00:00":
        return moment(at)
    day = local - timedelta(days=1)
    return f"{day.year}年{day.month}月{day.day}日 24:00"
