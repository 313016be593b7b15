"""What stands beside a ticket's chain: its row, card, key, projections, state and outbox."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select

from engine.errors import StoreError, VaultError
from engine.flow import Definitions
from engine.flow import state as codec
from engine.flow.model import READABLE, Refused
from engine.read import escalations, imported
from engine.record import SYSTEM, Event
from engine.store import (
    Store,
    attachments,
    cards,
    forms,
    indexed,
    log,
    milestones,
    projection,
    search,
)
from engine.store import tables as t
from engine.store.tickets import FIRST, Ticket, unseal_of

_STATE = select(t.states.c.blob, t.states.c.semantics).where(
    t.states.c.ticket == bindparam("ticket"), t.states.c.instance == FIRST
)
_OUTBOX = select(t.outbox.c.key, t.outbox.c.topic, t.outbox.c.content).where(
    t.outbox.c.ticket == bindparam("ticket")
)
_TRIES = (
    select(t.timers.c.element)
    .where(
        t.timers.c.ticket == bindparam("ticket"),
        t.timers.c.tries == 0,
        t.timers.c.next_try_at != t.timers.c.due,
    )
    .order_by(t.timers.c.task)
)
_KEPT = select(t.ticket_keys.c.ticket).where(t.ticket_keys.c.ticket == bindparam("ticket"))
_GIVEN = select(t.numbers.c.name, t.numbers.c.last).where(t.numbers.c.name.like("ticket/%"))
_PLACES = select(t.events.c.body).where(
    t.events.c.chain == SYSTEM, t.events.c.name == "add_places", t.events.c.at >= bindparam("since")
)


def wrong(
    conn: Connection,
    store: Store,
    ticket: Ticket,
    events: list[Event],
    rows: milestones.Rows,
    blob: bytes,
    letters: dict[str, tuple[str, str]],
) -> str:
    """The first thing that does not follow from the events and their replay, in Chinese; or ""."""
    record = imported.record_of(events)
    if record is not None:  # kept from another platform: no step was taken, nothing is replayed
        rows = imported.rows(rows, record, ticket)
        birth = imported.record_wrong(store, ticket, record)
    else:
        birth = _birth(ticket, events)
    key = log.key_of(conn, store, ticket.number)
    payloads = log.read_payloads(conn, store, ticket.number)
    return (
        birth
        or _numbered(conn, ticket)
        or imported.noted_wrong(conn, ticket, events)
        or _erased(conn, ticket, events)
        or _said(conn, store, ticket, key, events, payloads)
        or _calls(ticket, events)
        or escalations.wrong(conn, ticket.id, events)
        or _attached(conn, ticket, key, payloads)
        or _rows(conn, ticket, rows)
        or _leftovers(conn, store, ticket, blob, letters)
    )


def given(conn: Connection) -> dict[str, int]:
    """How many numbers were given out on each day."""
    given: dict[str, int] = defaultdict(int)
    for row in conn.execute(_GIVEN):
        if isinstance(row.last, int):
            given[row.name.removeprefix("ticket/")] = row.last
    return given


def was_given(given: dict[str, int], number: str) -> bool | None:
    """Whether a ticket's number was given out; None for one that is no such number."""
    found = re.fullmatch(r"(\d{8})-(\d{5,9})", number)
    return int(found[2]) <= given.get(found[1], 0) if found else None


_TABLES = {
    "tickets": "工单",
    "legs": "派单",
    "tasks": "待办",
    "timers": "定时",
    "deadlines": "期限",
    "ledger": "督办台账",
}
_PLACED = frozenset({"area", "centre", "peer_centre", "authority"})
"""Columns that follow from where a unit belongs, which may have changed since."""


def _birth(ticket: Ticket, events: list[Event]) -> str:
    """Whether the ticket's row still says what its first event says."""
    if not events or events[0].name != "start":
        return "工单没有受理的事件。"
    first, columns = events[0], ticket.columns
    said = first.body["routing"]
    for name in ("number", "area", "centre", "authority", "channel"):
        if columns[name] != (said.get(name) or ""):
            return f"工单的行与记录不符：{name}。"
    if columns["created_at"] != first.at or columns["created_by"] != first.actor:
        return "工单的行与记录不符：created_at。"
    if columns["process"] != first.body["process"]:
        return "工单的行与记录不符：process。"
    return ""


def _numbered(conn: Connection, ticket: Ticket) -> str:
    """Whether the ticket's number was ever given out."""
    if was_given(given(conn), ticket.number) is False:
        return "工单的编号没有发出过，当日的编号登记被改动过。"
    return ""


def _said(
    conn: Connection,
    store: Store,
    ticket: Ticket,
    key: bytes | None,
    events: list[Event],
    payloads: Mapping[int, dict[str, Any]],
) -> str:
    """Whether card and search index say what was said in the events, and nothing else."""
    if key is None:
        return _indexed(conn, store, ticket, events, {})
    first = events[0].body
    form = forms.read(store.definitions_of(first["version"], conn), first["form"])
    card = cards.words(forms.card(form, {**first["routing"], **payloads[1]["answers"]}))
    words = search.of_events(conn, store, events, payloads, card["caller"])
    return _card(ticket, key, card) or _indexed(conn, store, ticket, events, words)


def _card(ticket: Ticket, key: bytes, expected: dict[str, str]) -> str:
    """Whether the card says what the answers of the start form say."""
    blob = ticket.columns["card"]
    try:
        if blob is None or unseal_of(key, ticket.number, "card", blob) != expected:
            return "工单卡片与受理时填写的内容不符。"
    except VaultError:
        return "工单卡片被改动过，无法解开。"
    return ""


def _indexed(
    conn: Connection, store: Store, ticket: Ticket, events: list[Event], words: Mapping[int, str]
) -> str:
    """Whether the search index has the words of the events that brought some.

    A row may be missing of what was said before there was an index, or to code that knew of none,
    until somebody has run `hotline reindex`.
    """
    found = search.found(conn, ticket.id)
    if extra := sorted(found.keys() - words.keys()):
        return f"检索索引比记录多：第{extra[0]}个事件没有可检索的文字。"
    for event in events:
        rules = event.body.get(search.INDEXED)
        if event.seq not in words or rules not in (None, search.RULES):
            continue
        if event.seq not in found:
            if rules is not None or event.seq <= indexed.last_of(conn, ticket.number):
                return f"检索索引缺少第{event.seq}个事件的文字。"
        elif set(found[event.seq].split()) != set(words[event.seq].split()):
            return f"检索索引与第{event.seq}个事件的文字不符。"
    return ""


def _calls(ticket: Ticket, events: list[Event]) -> str:
    """Whether as many calls are counted as the chain has."""
    again = [
        event
        for event in events
        if event.name == "call_again"
        or (event.name == "send" and event.body.get("as") == "call_again")
    ]
    return "" if ticket.columns["calls"] == len(again) + 1 else "工单的行与记录不符：calls。"


def _erased(conn: Connection, ticket: Ticket, events: list[Event]) -> str:
    """Whether the key is gone exactly when the chain says that it was destroyed."""
    told = [event.at for event in events if (event.kind, event.name) == ("fact", "erase")]
    kept = conn.execute(_KEPT, {"ticket": ticket.id}).first() is not None
    at, card = ticket.columns["erased_at"], ticket.columns["card"]
    if not told:
        if not kept:
            return "工单的密钥不在了，而没有销毁的事件。"
        return "工单的行与记录不符：erased_at。" if at is not None else ""
    if kept or card is not None:
        return "记录说密钥已经销毁，而密钥或卡片还在。"
    return "工单的行与记录不符：erased_at。" if at != told[0] else ""


def _attached(
    conn: Connection, ticket: Ticket, key: bytes | None, payloads: Mapping[int, dict[str, Any]]
) -> str:
    """Whether the ticket has the files that its events name, each to the byte, and no other."""
    told = {
        n: (seq, said)
        for seq, payload in payloads.items()
        for _, n, said in attachments.entries(payload)
    }
    rows = attachments.rows_of(conn, ticket.id)
    for n in sorted(told.keys() | rows.keys()):
        if n not in rows:
            return f"第{n}个附件不在了，而记录里有它。"
        if n not in told or told[n][0] != rows[n].seq:
            return f"第{n}个附件不是记录里的。"
        try:
            own = attachments.key_of(rows[n], key, ticket.number)
            if not attachments.whole(conn, rows[n], told[n][1], own):
                return f"第{n}个附件的内容与记录不符。"
        except VaultError:
            return f"第{n}个附件被改动过，无法解开。"
    return ""


def _rows(conn: Connection, ticket: Ticket, rows: milestones.Rows) -> str:
    stored = projection.read(conn, ticket)
    moved: set[str] | None = None
    for table, key, column in milestones.differences(rows, stored):
        if column in _PLACED and table in ("legs", "tasks", "ledger"):
            if moved is None:
                moved = _moved(conn, ticket)
            if getattr(rows, table)[key]["unit"] in moved:
                continue
        where = f"{key}" if table != "deadlines" else f"{key[0]}/{key[1]}"
        row = "" if table == "tickets" else f"（{where}）"
        said = f"：{column}" if column else "，多出或缺少一行"
        return f"{_TABLES[table]}{row}的数据与重演结果不符{said}。"
    return ""


def _moved(conn: Connection, ticket: Ticket) -> set[str]:
    """Units whose place was registered anew since the ticket began."""
    found: set[str] = set()
    for text in conn.execute(_PLACES, {"since": ticket.columns["created_at"]}).scalars():
        found |= {unit["id"] for unit in json.loads(text)["units"]}
    return found


def _weighed(definitions: Definitions, blob: bytes) -> tuple[Any, ...]:
    """By what two states are the same: the canonical form, and what numbers what comes next."""
    state = codec.load(definitions, blob)
    return codec.digest(state), state.ids, state.legs, state.started


def _leftovers(
    conn: Connection,
    store: Store,
    ticket: Ticket,
    blob: bytes,
    letters: dict[str, tuple[str, str]],
) -> str:
    stored = conn.execute(_STATE, {"ticket": ticket.id}).one_or_none()
    if stored is not None and stored.semantics not in READABLE:
        raise StoreError("state_newer", number=ticket.number)
    definitions = store.definitions(ticket.version)
    try:
        if stored is None or not blob:
            if stored is not None or blob:
                return "流程的状态与重演结果不符。"
        elif _weighed(definitions, stored.blob) != _weighed(definitions, blob):
            return "流程的状态与重演结果不符。"
    except Refused:
        return "流程的状态无法读取。"
    if element := conn.execute(_TRIES, {"ticket": ticket.id}).scalars().first():
        return f"定时（{element}）的下次触发时间与期限不符，而它还没有触发过。"
    queued = {
        row.key: (row.topic, row.content) for row in conn.execute(_OUTBOX, {"ticket": ticket.id})
    }
    wrong = [key for key in queued.keys() | letters.keys() if queued.get(key) != letters.get(key)]
    return f"待发消息与重演结果不符：{min(wrong)}。" if wrong else ""
