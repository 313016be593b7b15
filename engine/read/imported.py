"""Tickets that came from another platform: where from, and whether their rows say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, exists, select

from engine.errors import VaultError
from engine.record import Event, instant
from engine.store import Store, cards, forms, log, milestones
from engine.store import imported as brought
from engine.store import tables as t
from engine.store.tickets import Ticket, unseal_of


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a ticket came from; `received_at` is when that platform says it received it.

    `record`: it was closed there, and is only kept here.
    """

    source: str
    original: str
    received_at: datetime
    unit_name: str
    record: bool


_OF = (
    select(t.imported, t.units.c.name.label("unit_name"))
    .outerjoin(t.units, t.units.c.id == t.imported.c.unit)
    .where(t.imported.c.ticket == bindparam("ticket"))
)
_OUTBOX = select(t.outbox.c.key).where(t.outbox.c.ticket == bindparam("ticket"))
_STATES = select(t.states.c.ticket).where(t.states.c.ticket == bindparam("ticket"))


def origin_of(conn: Connection, ticket: int) -> Origin | None:
    """Where a ticket came from; None for one that began here."""
    row = conn.execute(_OF, {"ticket": ticket}).one_or_none()
    if row is None:
        return None
    return Origin(
        source=row.source,
        original=row.original,
        received_at=row.received_at,
        unit_name=row.unit_name or "",
        record=row.state == brought.CLOSED,
    )


def numbered(text: str) -> ColumnElement[bool]:
    """A ticket that has this number on the platform that it came from."""
    of = t.imported.c.ticket == t.tickets.c.id
    return exists().where(of, t.imported.c.original == text)


# --- verifying ---------------------------------------------------------------------------------


def record_of(events: Sequence[Event]) -> Event | None:
    """The fact with which a record begins; None for a ticket that was started here."""
    first = events[0] if events else None
    return first if first is not None and first.name == brought.NAME else None


def record_wrong(conn: Connection, store: Store, ticket: Ticket, record: Event) -> str:
    """The first thing that a record's row, card and leftovers say otherwise than its fact."""
    version = record.body["version"]
    if store.definitions(ticket.version).hash != version:
        return "工单的行与导入的记录不符：version。"
    told = brought.rows_of(record, ticket.version)
    own = {"accepted_at", "erased_at", "calls"} | set(milestones.OF_TICKET)
    for name in sorted(told.keys() - own):
        if ticket.columns[name] != told[name]:
            return f"工单的行与导入的记录不符：{name}。"
    here = {"ticket": ticket.id}
    if conn.execute(_STATES, here).first() is not None:
        return "导入的历史工单没有流程，却有流程的状态。"
    if conn.execute(_OUTBOX, here).first() is not None:
        return "导入的历史工单没有流程，却有待发消息。"
    return _card(conn, store, ticket, record)


def rows(rows: milestones.Rows, record: Event, ticket: Ticket) -> milestones.Rows:
    """The rows that a record leads to, in place of those of a replay."""
    told = brought.rows_of(record, ticket.version)
    return replace(rows, ticket={name: told[name] for name in milestones.OF_TICKET})


def noted_wrong(conn: Connection, ticket: Ticket, events: Sequence[Event]) -> str:
    """Whether the register says of a ticket what its chain says, which keeps doubles out."""
    facts = [event.body for event in events if (event.kind, event.name) == ("fact", brought.NAME)]
    row = conn.execute(_OF, {"ticket": ticket.id}).one_or_none()
    if not facts and row is None:
        return ""
    if row is None or len(facts) != 1 or _noted(row) != {n: facts[0][n] for n in _SAID}:
        return "导入登记与记录不符。"
    return ""


_SAID = ("source", "original", "state", "received", "unit", "columns", "digest")


def _noted(row: Any) -> Mapping[str, Any]:
    return {**{name: getattr(row, name, None) for name in _SAID}, **_received(row)}


def _received(row: Any) -> Mapping[str, Any]:
    return {"received": instant(row.received_at)}


def _card(conn: Connection, store: Store, ticket: Ticket, record: Event) -> str:
    key = log.key_of(conn, store, ticket.number)
    if key is None:
        return ""
    body = record.body
    said = log.read_payloads(conn, store, ticket.number)[1]["answers"]
    form = forms.read(store.definitions_of(body["version"], conn), body["form"])
    expected = cards.words(forms.card(form, {**body["routing"], **said}))
    blob = ticket.columns["card"]
    try:
        if blob is None or unseal_of(key, ticket.number, "card", blob) != expected:
            return "工单卡片与导入的内容不符。"
    except VaultError:
        return "工单卡片被改动过，无法解开。"
    return ""
