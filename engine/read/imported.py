"""Tickets that came from another platform: where from, and whether their rows say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, select

from engine.record import Event
from engine.store import Store, milestones
from engine.store import imported as brought
from engine.store import tables as t
from engine.store.tickets import Ticket


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
_ROW = select(*(t.imported.c[one.name] for one in fields(brought.Origin))).where(
    t.imported.c.ticket == bindparam("ticket")
)


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
    return t.tickets.c.id.in_(select(t.imported.c.ticket).where(t.imported.c.original == text))


# --- verifying ---------------------------------------------------------------------------------


def record_of(events: Sequence[Event]) -> Event | None:
    """The fact with which a record begins; None for a ticket that was started here."""
    first = events[0] if events else None
    return first if first is not None and first.name == brought.NAME else None


def record_wrong(store: Store, ticket: Ticket, record: Event) -> str:
    """The first thing that a record's row says otherwise than its fact.

    What steps and later facts may change is compared elsewhere (`rows`; calls, erasure).
    """
    if store.definitions(ticket.version).hash != record.body["version"]:
        return "工单的行与导入的记录不符：version。"
    told = brought.rows_of(record, ticket.version)
    for name in sorted(told.keys() - {"erased_at", "calls"} - set(milestones.OF_TICKET)):
        if ticket.columns[name] != told[name]:
            return f"工单的行与导入的记录不符：{name}。"
    return ""


def rows(rows: milestones.Rows, record: Event, ticket: Ticket) -> milestones.Rows:
    """The rows that a record leads to, in place of those of a replay."""
    told = brought.rows_of(record, ticket.version)
    return replace(rows, ticket={name: told[name] for name in milestones.OF_TICKET})


def noted_wrong(conn: Connection, ticket: Ticket, events: Sequence[Event]) -> str:
    """Whether the register says of a ticket what its chain says, which keeps doubles out."""
    facts = [event.body for event in events if (event.kind, event.name) == ("fact", brought.NAME)]
    row = conn.execute(_ROW, {"ticket": ticket.id}).one_or_none()
    if not facts and row is None:
        return ""
    noted = {} if row is None else brought.Origin(**row._asdict()).said()
    if len(facts) != 1 or noted != {name: facts[0].get(name) for name in noted} or not noted:
        return "导入登记与记录不符。"
    return ""
