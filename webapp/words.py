"""Words for values: instants, time left, codes. Chinese msgids; the zone is Asia/Shanghai."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import format_date, get_locale, gettext, lazy_gettext, ngettext
from flask_babel.speaklater import LazyString

from engine.read.worklist import Remaining
from engine.sentences import ROLES

ZONE = ZoneInfo("Asia/Shanghai")

MINUTES_MATTER = timedelta(hours=2)
"""What is due sooner than that is told in minutes, unless it is due at the end of a day."""

LABELS: dict[str, dict[str, LazyString]] = {
    "type": {
        "consult": lazy_gettext("咨询"),
        "help": lazy_gettext("求助"),
        "complaint": lazy_gettext("投诉"),
        "report": lazy_gettext("举报"),
        "opinion": lazy_gettext("意见"),
        "suggestion": lazy_gettext("建议"),
    },
    "role": {code: lazy_gettext(name) for code, name in ROLES.items()},
    "channel": {
        "phone": lazy_gettext("12345 电话"),
        "merged_line": lazy_gettext("归并热线"),
        "sub_centre": lazy_gettext("分中心"),
        "web": lazy_gettext("网站"),
        "app": lazy_gettext("手机应用"),
        "province": lazy_gettext("省级转办"),
    },
    "outcome": {
        "done": lazy_gettext("办结"),
        "no_basis": lazy_gettext("无政策法规依据"),
    },
    "rating": {
        "very_satisfied": lazy_gettext("非常满意"),
        "satisfied": lazy_gettext("满意"),
        "basically_satisfied": lazy_gettext("基本满意"),
        "dissatisfied": lazy_gettext("不满意"),
        "very_dissatisfied": lazy_gettext("非常不满意"),
    },
    "deadline": {
        "sign": lazy_gettext("签收期限"),
        "handle": lazy_gettext("办理期限"),
        "return": lazy_gettext("申请退回期限"),
        "decide": lazy_gettext("中心决定期限"),
        "rectify": lazy_gettext("整改期限"),
        "promise": lazy_gettext("承诺兑现期限"),
        "target": lazy_gettext("紧急转办时限"),
        "attempt": lazy_gettext("再次联系时间"),
    },
    "emergency": {
        "utilities": lazy_gettext("水电气道路等"),
        "danger": lazy_gettext("危及生命安全"),
    },
    "reason": {
        "overdue": lazy_gettext("超期未办结"),
        "dissatisfied": lazy_gettext("两次回访不满意"),
    },
    "measure": {
        "special_report": lazy_gettext("督查专报"),
        "rectification_notice": lazy_gettext("整改通知"),
        "suggestion": lazy_gettext("督查建议"),
        "interview": lazy_gettext("约谈提醒"),
    },
    "announcement": {
        "water": lazy_gettext("停水"),
        "power": lazy_gettext("停电"),
        "gas": lazy_gettext("停气"),
        "road": lazy_gettext("道路"),
        "other": lazy_gettext("其他"),
    },
    "templates": {
        "reply": lazy_gettext("答复诉求人"),
        "refusal": lazy_gettext("说明不予受理"),
        "decision": lazy_gettext("审核和决定的意见"),
    },
    "duty": {
        "lead": lazy_gettext("主办"),
        "co": lazy_gettext("协办"),
    },
}


def label(kind: str, code: str, fallback: str = "") -> str:
    """The word for a code: in Chinese as the form calls it (`fallback`), else as pages know it."""
    if fallback and chinese():
        return fallback
    known = LABELS.get(kind, {}).get(code)
    return str(known) if known is not None else (fallback or code)


def emergency(code: str) -> str:
    """The word for an emergency; "" where there is none."""
    return label("emergency", code) if code not in ("", "no") else ""


def dialled(text: str) -> str:
    """A telephone number as a device dials it; "" for what is none."""
    plain = re.sub(r"[\s-]", "", text)
    return plain if re.fullmatch(r"\+?[0-9]{7,15}", plain) else ""


def is_number(text: str) -> bool:
    """Whether a text is a ticket's number, such as 20261010-00012."""
    return re.fullmatch(r"[0-9]{8}-[0-9]{5,9}", text) is not None


def chinese() -> bool:
    """Whether this request is answered in Chinese."""
    locale = get_locale()
    return locale is None or locale.language == "zh"


def date_words(day: datetime, year: bool) -> str:
    """A date in words, with or without its year."""
    return format_date(day.date(), gettext("y年M月d日") if year else gettext("M月d日"))


def moment(at: datetime | None, year: bool = True) -> str:
    """An instant in words, such as 2026年10月8日 09:05; "" for none."""
    if at is None:
        return ""
    local = at.astimezone(ZONE)
    return f"{date_words(local, year)} {local:%H:%M}"


def instant(text: str) -> datetime | None:
    """A time of Shangrao as a browser writes it, in UTC; None for what is none."""
    try:
        at = datetime.fromisoformat(text.strip())
        return None if at.tzinfo else at.replace(tzinfo=ZONE).astimezone(UTC)
    except (ValueError, OverflowError):  # the first hours of the year 1 have no UTC
        return None


def last_day(at: datetime, first: bool = False) -> str:
    """The last whole day before a half-open end; with `first`, the day that begins then."""
    local = at.astimezone(ZONE)
    return date_words(local if first else local - timedelta(microseconds=1), year=True)


def clock(at: datetime) -> str:
    """The time of day, such as 09:05."""
    return f"{at.astimezone(ZONE):%H:%M}"


def span(since: datetime, until: datetime) -> str:
    """From when to when, the second date only where it is another: the end of a day is 24:00."""
    first, last = since.astimezone(ZONE), until.astimezone(ZONE)
    end = clock(last)
    if end == "00:00" and first < last:
        last, end = last - timedelta(days=1), "24:00"
    day = "" if last.date() == first.date() else f"{date_words(last, year=False)} "
    return f"{date_words(first, year=False)} {clock(first)}–{day}{end}"


def due_words(due: datetime | None, now: datetime, year: bool = False) -> str:
    """A due time in words: the end of a day is that day's 24:00, not the next day's 00:00.

    With its year where that is not this one, or where it is asked for.
    """
    if due is None:
        return ""
    local = due.astimezone(ZONE)
    clock = f"{local:%H:%M}"
    if clock == "00:00":
        local, clock = local - timedelta(days=1), "24:00"
    return f"{date_words(local, year or local.year != now.astimezone(ZONE).year)} {clock}"


def time_left(remaining: Remaining | None, due: datetime | None, now: datetime) -> str:
    """Working time left and the due time, as one sentence."""
    if due is None or remaining is None:
        return gettext("没有时限")
    when = due_words(due, now)
    if remaining.late:
        days = -remaining.days
        if days < 1:
            return gettext("已过时限，应于 %(when)s 前完成", when=when)
        return ngettext(
            "已过时限 %(num)d 个工作日，应于 %(when)s 前完成",
            "已过时限 %(num)d 个工作日，应于 %(when)s 前完成",
            days,
            when=when,
        )
    if due - now < MINUTES_MATTER and not when.endswith("24:00"):
        minutes = max(int((due - now).total_seconds()) // 60, 1)
        return ngettext(
            "还剩 %(num)d 分钟，%(when)s 到期",
            "还剩 %(num)d 分钟，%(when)s 到期",
            minutes,
            when=when,
        )
    if remaining.today:
        return gettext("今天到期：%(when)s", when=when)
    return ngettext(
        "还剩 %(num)d 个工作日，%(when)s 到期",
        "还剩 %(num)d 个工作日，%(when)s 到期",
        remaining.days,
        when=when,
    )


def urgency(remaining: Remaining | None) -> str:
    """late, soon, fine or none: the shape and colour that go with the words."""
    if remaining is None:
        return "none"
    if remaining.late:
        return "late"
    return "soon" if remaining.today or remaining.days <= 1 else "fine"
