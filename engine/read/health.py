"""Whether the installation is well: what the sweep reads against what processes wait for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, bindparam, cast, literal, or_, select

from engine.errors import Trouble
from engine.flow import Refused, process, state
from engine.store import Store
from engine.store.days import FAILED
from engine.store.tables import calendar_years, numbers, outbox, states, tickets, timers
from engine.workdays import ZONE

LATE = timedelta(minutes=10)
"""A due time that passed this long ago and did not fire: no sweep runs, or it cannot."""
UNDELIVERED = 3
"""A message that failed this often is an alarm."""
PAGE = 200


@dataclass(frozen=True, slots=True)
class Different:
    """A ticket whose timer rows are not what its state waits for; `what` names the first."""

    number: str
    what: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that needs somebody. Codes: timer_stuck, timers_late, calendar_stuck,
    message_stuck, year_unpublished. `notice`: it has time. `sentence` is Chinese.
    """

    code: str
    about: str
    sentence: str
    notice: bool = False


_OPEN = (
    select(tickets.c.id, tickets.c.number, tickets.c.version, states.c.instance, states.c.blob)
    .join(states, states.c.ticket == tickets.c.id)
    .where(
        tickets.c.id > bindparam("after"),
        or_(
            tickets.c.ended_at.is_(None),
            select(timers.c.task).where(timers.c.ticket == tickets.c.id).exists(),
        ),
    )
    .order_by(tickets.c.id, states.c.instance)
    .limit(PAGE)
)
_ROWS = select(timers.c.ticket, timers.c.instance, timers.c.task, timers.c.due).where(
    timers.c.ticket.between(bindparam("first"), bindparam("last"))
)


def timers_that_differ(store: Store) -> Iterator[Different]:
    """Compare, for every ticket, the timers that its state waits for with the rows."""
    after = 0
    found: list[Any]
    while True:
        with store.read() as conn:
            found = list(conn.execute(_OPEN, {"after": after}))
            if not found:
                return
            if len(found) == PAGE:
                # The last ticket may have more instances on the next page.
                last = found[-1].id
                found = [row for row in found if row.id != last] or found
            span = {"first": found[0].id, "last": found[-1].id}
            rows: dict[tuple[int, int], dict[int, datetime]] = {}
            for row in conn.execute(_ROWS, span):
                rows.setdefault((row.ticket, row.instance), {})[row.task] = row.due
        for row in found:
            what = _differs(store, row.version, row.blob, rows.get((row.id, row.instance), {}))
            if what:
                yield Different(row.number, what)
        after = found[-1].id


def _differs(store: Store, version: int, blob: bytes, rows: dict[int, datetime]) -> str:
    try:
        loaded = state.load(store.definitions(version), blob)
    except (Refused, Trouble):
        return "state"
    waiting = {timer.id: (timer.element, timer.due) for timer in process.open_timers(loaded)}
    for task, (element, due) in waiting.items():
        if task not in rows:
            return f"{element} missing"
        if rows[task] != due:
            return f"{element} due"
    extra = sorted(rows.keys() - waiting.keys())
    return f"{extra[0]} extra" if extra else ""


_STUCK = (
    select(tickets.c.number, timers.c.alarm, timers.c.tries)
    .join(tickets, tickets.c.id == timers.c.ticket)
    .where(timers.c.alarm.is_not(None))
    .order_by(timers.c.ticket)
    .limit(100)
)
_LATE = select(timers.c.ticket).where(
    timers.c.next_try_at <= bindparam("before"), timers.c.alarm.is_(None)
)
_NOT_FOLLOWING = (
    select(tickets.c.number)
    .join(numbers, numbers.c.name == literal(FAILED) + cast(tickets.c.id, String))
    .order_by(tickets.c.id)
    .limit(100)
)
_MESSAGES = (
    select(outbox.c.key, outbox.c.topic, outbox.c.tries)
    .where(outbox.c.next_try_at.is_not(None), outbox.c.tries >= UNDELIVERED)
    .order_by(outbox.c.id)
    .limit(100)
)


def alarms(store: Store, now: datetime) -> tuple[Alarm, ...]:
    """What needs somebody, at most a hundred of a kind."""
    with store.read() as conn:
        found = [
            Alarm(
                "timer_stuck",
                row.number,
                f"工单{row.number}的到期处理已失败{row.tries}次（{row.alarm}），"
                "请流程负责人检查流程图。",
            )
            for row in conn.execute(_STUCK)
        ]
        if conn.execute(_LATE.limit(1), {"before": now - LATE}).first():
            sentence = "有期限到期10分钟以上仍未处理，请检查 hotline sweep 是否在运行。"
            found.append(Alarm("timers_late", "", sentence))
        found += [
            Alarm(
                "calendar_stuck",
                number,
                f"工单{number}的期限未能按新的工作日历重新计算，系统会再试，请流程负责人检查流程图。",
            )
            for number in conn.execute(_NOT_FOLLOWING).scalars()
        ]
        found += [
            Alarm(
                "message_stuck",
                row.key,
                f"消息{row.key}（{row.topic}）已{row.tries}次未能送出，请检查接收方。",
            )
            for row in conn.execute(_MESSAGES)
        ]
        local = now.astimezone(ZONE)
        published = set(conn.execute(select(calendar_years.c.year)).scalars())
    if local.year not in published:
        found.append(_unpublished(local.year, notice=False))
    elif local.month >= 11 and local.year + 1 not in published:
        found.append(_unpublished(local.year + 1, notice=local.month == 11))
    return tuple(found)


def _unpublished(year: int, notice: bool) -> Alarm:
    sentence = f"{year}年的放假安排尚未录入，涉及该年的期限为暂定，请主管部门录入。"
    return Alarm("year_unpublished", str(year), sentence, notice)
