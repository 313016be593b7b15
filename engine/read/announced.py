"""Whether the rows of an announcement say what its chain says, and whether none is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from engine.record import ANNOUNCEMENT, Event, instant
from engine.store import Store, announcements, log
from engine.store import tables as t
from engine.store.announcements import CALL, WRITE

_ROW = select(t.announcements).where(t.announcements.c.number == bindparam("number"))
_CALLS = (
    select(t.announcement_calls.c.seq, t.announcement_calls.c.phone, t.announcement_calls.c.ticket)
    .where(t.announcement_calls.c.announcement == bindparam("announcement"))
    .order_by(t.announcement_calls.c.seq)
)
_GIVEN = select(t.numbers.c.name, t.numbers.c.last).where(
    t.numbers.c.name.like(announcements.series("%"))
)
_ROWS = select(t.announcements.c.number).order_by(t.announcements.c.id)
_PLACE: Final = ("area", "centre", "authority")


def numbers(conn: Connection) -> Iterator[str]:
    """The number of every announcement that has a row, or that a number was given out for."""
    yield from conn.execute(_ROWS).scalars()
    for row in conn.execute(_GIVEN):
        day = row.name.removeprefix(announcements.series(""))
        yield from (f"{ANNOUNCEMENT}{day}-{n:03d}" for n in range(1, row.last + 1))


def was_given(conn: Connection, number: str) -> bool:
    """Whether an announcement of this number was written once."""
    found = re.fullmatch(rf"{ANNOUNCEMENT}\d{{8}}-\d{{3,}}", number)
    return found is not None and number in numbers(conn)


def wrong(conn: Connection, store: Store, number: str, events: list[Event]) -> str:
    """The first thing that does not follow from the chain's events, in Chinese; or ""."""
    row = conn.execute(_ROW, {"number": number}).one_or_none()
    if row is None:
        return "公告的行已被删去。"
    if not events or events[0].name != WRITE:
        return "公告没有发布的事件。"
    expected = _expected(events)
    found = {
        **{name: row._mapping[name] for name in (*_PLACE, "revision", "created_by")},
        **announcements.said(row._asdict()),
        **{name: _instant(row._mapping[name]) for name in ("created_at", "ended_at", "erased_at")},
    }
    differing = [name for name in expected if found[name] != expected[name]]
    if differing:
        return f"公告的“{_NAMES.get(differing[0], differing[0])}”与记录不符。"
    key = log.key_of(conn, store, number)
    if (key is None) != (expected["erased_at"] is not None):
        return "公告的密钥是否销毁与记录不符。"
    calls = [tuple(call) for call in conn.execute(_CALLS, {"announcement": row.id})]
    if calls != _calls(conn, store, number, events):
        return "公告的来电与记录不符。"
    return ""


_NAMES: Final = {
    "title": "标题",
    "places": "影响范围",
    "script": "口径",
    "contact": "联系方式",
    "kind": "类别",
    "since": "开始时间",
    "until": "结束时间",
    "ended_at": "提前结束",
    "revision": "修改次数",
}


def _expected(events: list[Event]) -> dict[str, Any]:
    """The columns that the events lead to, times as text."""
    first = events[0]
    columns: dict[str, Any] = {name: first.body[name] for name in _PLACE}
    columns |= {"created_at": instant(first.at), "created_by": first.actor}
    columns |= {"ended_at": None, "erased_at": None}
    words = ("revision", *announcements.WORDS, "since", "until")
    for event in events:
        match event.name:
            case announcements.WRITE | announcements.REVISE:
                columns |= {name: event.body[name] for name in words}
            case announcements.END:
                columns["ended_at"] = instant(event.at)
            case "erase":
                columns["erased_at"] = instant(event.at)
    return columns


def _calls(
    conn: Connection, store: Store, number: str, events: list[Event]
) -> list[tuple[Any, ...]]:
    """The rows of calls that the events and their payloads lead to."""
    payloads = log.read_payloads(conn, store, number)
    return [
        (
            event.seq,
            announcements.digest(store.vault, payloads.get(event.seq, {}).get("phone", "")),
            event.body["ticket"],
        )
        for event in events
        if event.name == CALL
    ]


def _instant(at: Any) -> str | None:
    return None if at is None else instant(at)
