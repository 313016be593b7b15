"""Lists of what is late: overdue legs, and legs not signed in time (预警)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true

from engine.access import User, content_reader, reach
from engine.read.worklist import about_own_unit, card_of, label_of
from engine.store import Store
from engine.store import tables as t
from engine.store.cards import Card


@dataclass(frozen=True, slots=True)
class LegItem:
    """A leg in the overdue list or the list of unsigned warnings."""

    number: str
    leg: int
    unit: str
    unit_name: str
    area_name: str
    centre_name: str  # 派单中心
    peer_centre_name: str  # 同级中心
    authority_name: str
    type: str
    type_label: str
    dispatched_at: datetime | None
    due: datetime | None  # the due time that was missed
    at: datetime  # since when it is late
    done_at: datetime | None  # signed or reported after all
    card: Card


@dataclass(frozen=True, slots=True)
class LegList:
    """A page of a list of legs, and how many there are in all."""

    items: tuple[LegItem, ...]
    total: int


_centres = t.units.alias("centre")
_peers = t.units.alias("peer")
_authorities = t.units.alias("authority")


def legs_in_reach(user: User, action: str) -> ColumnElement[bool]:
    """The legs that an action reaches for a person (第五条、第八条: by level and authority)."""
    return and_(_in_reach(user, action), ~about_own_unit(user, t.legs))


def _in_reach(user: User, action: str) -> ColumnElement[bool]:
    far = reach(user, action)
    if far.everything:
        return true()
    parts: list[ColumnElement[bool]] = [false()]
    if far.unit:
        parts.append(t.legs.c.unit == far.unit)
    if far.centre:
        parts += [t.legs.c.centre == far.centre, t.legs.c.peer_centre == far.centre]
    if far.authority:
        parts += [t.legs.c.authority == far.authority, t.tickets.c.authority == far.authority]
    return or_(*parts)


def _late(user: User, since: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(legs_in_reach(user, "list_overdue"), since.is_not(None), t.legs.c.void_at.is_(None))


def overdue(store: Store, user: User, now: datetime, limit: int = 50, offset: int = 0) -> LegList:
    """Legs that became overdue, in the user's reach. An auditor sees no cards."""
    done = (t.legs.c.closed_at, t.legs.c.reported_at)
    return _legs(
        store, user, t.legs.c.overdue_at, t.legs.c.due, func.coalesce(*done), limit, offset
    )


def unsigned(store: Store, user: User, now: datetime, limit: int = 50, offset: int = 0) -> LegList:
    """Legs not signed in time (预警), in the user's reach. An auditor sees no cards."""
    since, due = t.legs.c.unsigned_at, t.legs.c.sign_due
    return _legs(store, user, since, due, t.legs.c.signed_at, limit, offset)


def count(store: Store, user: User) -> int:
    """How many legs in the user's reach became overdue."""
    query = select(func.count()).select_from(t.legs.join(t.tickets))
    with store.read() as conn:
        return int(conn.execute(query.where(_late(user, t.legs.c.overdue_at))).scalar_one())


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many late legs still wait for the unit."""

    unsigned: int
    overdue: int


def waiting(store: Store, user: User) -> Waiting:
    """The late legs in the user's reach that were not signed or not reported after all."""
    legs = t.legs.c

    def count(since: ColumnElement[Any], *done: ColumnElement[Any]) -> int:
        undone = and_(*(one.is_(None) for one in done))
        query = select(func.count()).select_from(t.legs.join(t.tickets))
        return int(conn.execute(query.where(_late(user, since), undone)).scalar_one())

    with store.read() as conn:
        return Waiting(
            unsigned=count(legs.unsigned_at, legs.signed_at),
            overdue=count(legs.overdue_at, legs.reported_at, legs.closed_at),
        )


def _legs(
    store: Store,
    user: User,
    since: ColumnElement[Any],
    due: ColumnElement[Any],
    done: ColumnElement[Any],
    limit: int,
    offset: int,
) -> LegList:
    where = _late(user, since)
    joined = t.legs.join(t.tickets, t.tickets.c.id == t.legs.c.ticket)
    query = (
        select(
            t.legs.c.leg,
            t.legs.c.unit,
            t.legs.c.dispatched_at,
            since.label("since"),
            due.label("missed"),
            done.label("done"),
            t.tickets.c.number,
            t.tickets.c.version,
            t.tickets.c.type,
            t.tickets.c.card,
            t.tickets.c.protected,
            t.ticket_keys.c.wrapped,
            t.units.c.name.label("unit_name"),
            t.areas.c.name.label("area_name"),
            _centres.c.name.label("centre_name"),
            _peers.c.name.label("peer_name"),
            _authorities.c.name.label("authority_name"),
            legs_in_reach(content_reader(user), "list_overdue").label("content"),
        )
        .select_from(
            joined.join(t.units, t.units.c.id == t.legs.c.unit)
            .join(t.areas, t.areas.c.id == t.legs.c.area)
            .join(_centres, _centres.c.id == t.legs.c.centre)
            .join(_peers, _peers.c.id == t.legs.c.peer_centre)
            .join(_authorities, _authorities.c.id == t.legs.c.authority)
            .outerjoin(t.ticket_keys, t.ticket_keys.c.ticket == t.legs.c.ticket)
        )
        .where(where)
        # What still waits comes first, the longest late at the top.
        .order_by(done.is_not(None), since, t.legs.c.ticket, t.legs.c.leg)
        .limit(limit)
        .offset(offset)
    )
    with store.read() as conn:
        total = conn.execute(select(func.count()).select_from(joined).where(where)).scalar_one()
        rows: Iterable[Any] = conn.execute(query)
        return LegList(tuple(_leg_item(store, user, row) for row in rows), total)


def _leg_item(store: Store, user: User, row: Any) -> LegItem:
    return LegItem(
        number=row.number,
        leg=row.leg,
        unit=row.unit,
        unit_name=row.unit_name,
        area_name=row.area_name,
        centre_name=row.centre_name,
        peer_centre_name=row.peer_name,
        authority_name=row.authority_name,
        type=row.type,
        type_label=label_of(store, row, "type"),
        dispatched_at=row.dispatched_at,
        due=row.missed,
        at=row.since,
        done_at=row.done,
        card=card_of(store, user, row) if row.content else Card(),
    )
