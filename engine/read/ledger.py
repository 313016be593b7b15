"""The ledger of supervision (督办台账) as an authority reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select, true

from engine.access import User, authorize, content_reader, reach
from engine.read.words import Remaining, remaining
from engine.read.worklist import card_of
from engine.store import Store, forms, rights
from engine.store import tables as t
from engine.store.cards import Card
from engine.workdays import Calendar

_runs = t.ledger.c.ended_at.is_(None)
_WHICH: Final[Mapping[str, ColumnElement[bool]]] = {
    "open": _runs,
    "find": and_(_runs, t.ledger.c.found_at.is_(None)),
    "measure": and_(_runs, t.ledger.c.found_at.is_not(None), t.ledger.c.measure.is_(None)),
    "rectify": and_(_runs, t.ledger.c.rectify_due.is_not(None), t.ledger.c.rectified_at.is_(None)),
    "all": true(),
}
WHICH: Final = tuple(_WHICH)
"""Parts of the ledger: what still runs; what waits for a finding, for a measure, for being put
right; everything."""


@dataclass(frozen=True, slots=True)
class LedgerItem:
    """One supervision of one ticket."""

    number: str
    entry: int
    leg: int | None
    type: str
    type_label: str
    reason: str  # overdue | dissatisfied
    unit: str
    unit_name: str
    authority_name: str
    warned_at: datetime | None
    listed_at: datetime | None
    found_at: datetime | None  # 认定办理不力
    measure: str
    measure_label: str
    measure_at: datetime | None
    rectify_due: datetime | None
    remaining: Remaining | None  # until rectify_due, while it still runs
    reported_at: datetime | None
    late_at: datetime | None
    rectified_at: datetime | None
    ended_at: datetime | None
    card: Card


@dataclass(frozen=True, slots=True)
class LedgerList:
    """A page of the ledger, and how many entries there are in all."""

    items: tuple[LedgerItem, ...]
    total: int


_authorities = t.units.alias("authority")
_ENTRIES = t.ledger.join(t.tickets, t.tickets.c.id == t.ledger.c.ticket)
_ROWS = (
    select(
        t.ledger,
        t.tickets.c.number,
        t.tickets.c.version,
        t.tickets.c.type,
        t.tickets.c.card,
        t.tickets.c.protected,
        t.ticket_keys.c.wrapped,
        t.units.c.name.label("unit_name"),
        _authorities.c.name.label("authority_name"),
    )
    .select_from(
        _ENTRIES.join(t.units, t.units.c.id == t.ledger.c.unit)
        .join(_authorities, _authorities.c.id == t.ledger.c.authority)
        .outerjoin(t.ticket_keys, t.ticket_keys.c.ticket == t.ledger.c.ticket)
    )
    # What is promised soonest comes first, then what waits longest.
    .order_by(
        t.ledger.c.ended_at.is_not(None),
        t.ledger.c.rectify_due.is_(None),
        t.ledger.c.rectify_due,
        func.coalesce(t.ledger.c.warned_at, t.ledger.c.listed_at),
        t.ledger.c.ticket,
        t.ledger.c.entry,
    )
)


def entries(
    store: Store,
    user: User,
    now: datetime,
    which: str = "open",
    limit: int = 50,
    offset: int = 0,
) -> LedgerList:
    """The entries in a person's reach; which: one of WHICH. An auditor sees no cards.

    Errors: Denied.
    """
    authorize(user, "read_ledger", {})
    where = and_(_in_reach(user), _WHICH[which])
    query = _ROWS.add_columns(_in_reach(content_reader(user)).label("content"))
    with store.read() as conn:
        total = conn.execute(select(func.count()).select_from(_ENTRIES).where(where)).scalar_one()
        rows = conn.execute(query.where(where).limit(limit).offset(offset))
        calendar = store.calendar(conn)
        return LedgerList(
            tuple(_item(store, user, calendar, now, row.content, row) for row in rows), total
        )


def counts(store: Store, user: User, now: datetime) -> Mapping[str, int]:
    """How many entries each part has in a person's reach, and `late`: not put right in time.

    Errors: Denied.
    """
    authorize(user, "read_ledger", {})
    parts = {**_WHICH, "late": and_(_WHICH["rectify"], t.ledger.c.rectify_due <= now)}
    columns = [
        func.coalesce(func.sum(case((part, 1), else_=0)), 0).label(name)
        for name, part in parts.items()
    ]
    query = select(*columns).select_from(_ENTRIES).where(_in_reach(user))
    with store.read() as conn:
        return dict(conn.execute(query).one()._mapping)


def of_ticket(store: Store, user: User, number: str, now: datetime) -> tuple[LedgerItem, ...]:
    """The entries of one ticket: those in the person's reach, and those of the person's unit.

    Errors: Denied, hidden when the ticket is unknown or not the person's to see.
    """
    where = and_(t.tickets.c.number == number, or_(_in_reach(user), t.ledger.c.unit == user.unit))
    with store.read() as conn:
        rights.see(conn, user, number)
        calendar = store.calendar(conn)
        return tuple(
            _item(store, user, calendar, now, False, row)
            for row in conn.execute(_ROWS.where(where))
        )


def _item(
    store: Store, user: User, calendar: Calendar, now: datetime, content: Any, row: Any
) -> LedgerItem:
    runs = row.ended_at is None and row.rectified_at is None
    return LedgerItem(
        number=row.number,
        entry=row.entry,
        leg=row.leg,
        type=row.type,
        type_label=_label(store, row, "type"),
        reason=row.reason,
        unit=row.unit,
        unit_name=row.unit_name,
        authority_name=row.authority_name,
        warned_at=row.warned_at,
        listed_at=row.listed_at,
        found_at=row.found_at,
        measure=row.measure or "",
        measure_label=_label(store, row, "measure"),
        measure_at=row.measure_at,
        rectify_due=row.rectify_due,
        remaining=remaining(calendar, now, row.rectify_due) if runs else None,
        reported_at=row.reported_at,
        late_at=row.late_at,
        rectified_at=row.rectified_at,
        ended_at=row.ended_at,
        card=card_of(store, user, row) if content else Card(),
    )


def _label(store: Store, row: Any, key: str) -> str:
    code = getattr(row, key) or ""
    return forms.labels(store.definitions(row.version)).get((key, code), code)


def _in_reach(user: User) -> ColumnElement[bool]:
    """The authority's own entries and those of its tickets; a centre's tickets."""
    apart = or_(t.tickets.c.about_unit.is_(None), t.tickets.c.about_unit != user.unit)
    far = reach(user, "read_ledger")
    if far.everything:
        return and_(apart, true())
    parts: list[ColumnElement[bool]] = [false()]
    legs = t.legs.c
    of_entry = and_(legs.ticket == t.ledger.c.ticket, legs.leg == t.ledger.c.leg)
    if far.authority:
        parts.append(t.ledger.c.authority == far.authority)
        parts.append(t.tickets.c.authority == far.authority)
        # Also once a higher one has taken it over (接管).
        parts.append(select(legs.leg).where(of_entry, legs.authority == far.authority).exists())
    if far.centre:
        parts.append(t.tickets.c.centre == far.centre)
        parts.append(select(legs.leg).where(of_entry, legs.peer_centre == far.centre).exists())
    return and_(apart, or_(*parts))
