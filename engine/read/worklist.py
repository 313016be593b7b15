"""Lists of a person's day: open tasks, overdue legs, unsigned warnings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    exists,
    false,
    func,
    or_,
    select,
    true,
)

from engine.access import User, content_reader, reach, sees_reporter
from engine.read.words import Remaining, remaining
from engine.store import Store, cards, forms, rights
from engine.store import tables as t
from engine.store.cards import Card
from engine.workdays import ZONE, end_of

__all__ = [
    "Card",
    "Counts",
    "LegItem",
    "LegList",
    "Remaining",
    "WorkItem",
    "WorkList",
    "counts",
    "overdue",
    "tasks_of",
    "unsigned",
]


@dataclass(frozen=True, slots=True)
class WorkItem:
    """An open user task in somebody's list."""

    number: str
    task: int
    name: str
    role: str
    unit: str
    unit_name: str
    leg: int | None
    article: str
    type: str
    type_label: str
    channel: str
    emergency: str  # "no" or what kind; "" where nobody asked
    duty: str  # lead | co, of its dispatch; "" for a task of the ticket itself
    round: int  # from the second on it is a rework; 0 for a task of the ticket itself
    parent: int | None  # the dispatch above its own, which a higher centre made
    opened_at: datetime
    due: datetime | None
    provisional: bool
    remaining: Remaining | None
    claimed_by: str  # sign-in name, "" when free
    claimed_by_name: str
    mine: bool
    optional: bool
    barred: str  # the task that this person did, so that another one has to do this; or ""
    card: Card


@dataclass(frozen=True, slots=True)
class WorkList:
    """A page of a list, and how many there are in all."""

    items: tuple[WorkItem, ...]
    total: int


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


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures beside the lists' names."""

    mine: int
    unit: int
    due_today: int
    overdue: int
    unsigned: int


_centres = t.units.alias("centre")
_peers = t.units.alias("peer")
_authorities = t.units.alias("authority")

_provisional = (
    select(func.count())
    .where(
        t.deadlines.c.ticket == t.tasks.c.ticket,
        t.deadlines.c.leg == func.coalesce(t.tasks.c.leg, 0),
        t.deadlines.c.due == t.tasks.c.due,
        t.deadlines.c.provisional,
    )
    .scalar_subquery()
)
_TASKS = (
    select(
        t.tasks,
        t.tickets.c.number,
        t.tickets.c.version,
        t.tickets.c.type,
        t.tickets.c.channel,
        t.tickets.c.card,
        t.tickets.c.protected,
        t.tickets.c.emergency,
        t.legs.c.duty,
        t.legs.c.round,
        t.legs.c.parent,
        t.ticket_keys.c.wrapped,
        t.units.c.name.label("unit_name"),
        t.users.c.name.label("who"),
        t.users.c.display_name.label("who_name"),
        _provisional.label("provisional"),
    )
    .join(t.tickets, t.tickets.c.id == t.tasks.c.ticket)
    .outerjoin(t.legs, and_(t.legs.c.ticket == t.tasks.c.ticket, t.legs.c.leg == t.tasks.c.leg))
    .join(t.units, t.units.c.id == t.tasks.c.unit)
    .outerjoin(t.ticket_keys, t.ticket_keys.c.ticket == t.tasks.c.ticket)
    .outerjoin(t.users, t.users.c.id == t.tasks.c.claimed_by)
)

_urgent = func.coalesce(t.tickets.c.emergency, "no") != "no"


def _whose(user: User, which: str) -> ColumnElement[bool]:
    mine = t.tasks.c.claimed_by == user.id
    ours = and_(t.tasks.c.unit == user.unit, t.tasks.c.role.in_(sorted(user.roles)))
    wanted = {"mine": mine, "free": and_(ours, t.tasks.c.claimed_by.is_(None))}
    # A right is no duty: it is offered with its ticket.
    return and_(wanted.get(which, or_(ours, mine)), ~t.tasks.c.optional, ~_about(user, t.tasks))


def _about(user: User, table: Table) -> ColumnElement[bool]:
    """Whether a row's ticket is about the person's unit, for which there is no such ticket."""
    about = t.tickets.alias("about")
    return exists().where(about.c.id == table.c.ticket, about.c.about_unit == user.unit)


def tasks_of(
    store: Store,
    user: User,
    now: datetime,
    which: str = "all",
    limit: int = 50,
    offset: int = 0,
) -> WorkList:
    """Open tasks of the user's unit and roles; which: all | mine | free.

    Emergencies come first (第十五条), then what is due earliest.
    """
    where = _whose(user, which)
    query = (
        _TASKS.where(where)
        .order_by(
            ~_urgent, t.tasks.c.due.is_(None), t.tasks.c.due, t.tasks.c.opened_at, t.tasks.c.ticket
        )
        .limit(limit)
        .offset(offset)
    )
    with store.read() as conn:
        total = conn.execute(select(func.count()).select_from(t.tasks).where(where)).scalar_one()
        return WorkList(work_items(conn, store, user, query, now), total)


def open_tasks(
    conn: Connection, store: Store, user: User, ticket: int, now: datetime
) -> tuple[WorkItem, ...]:
    """The open tasks of one ticket, for its page."""
    query = _TASKS.where(t.tasks.c.ticket == ticket).order_by(t.tasks.c.task)
    return work_items(conn, store, user, query, now)


def work_items(
    conn: Connection, store: Store, user: User, query: Select[Any], now: datetime
) -> tuple[WorkItem, ...]:
    """The rows of a query over tasks, as lists show them."""
    calendar = store.calendar(conn)
    return tuple(
        WorkItem(
            number=row.number,
            task=row.task,
            name=row.name,
            role=row.role,
            unit=row.unit,
            unit_name=row.unit_name,
            leg=row.leg,
            article=row.article,
            type=row.type,
            type_label=_label(conn, store, row, "type"),
            channel=row.channel,
            emergency=row.emergency or "",
            duty=row.duty or "",
            round=row.round or 0,
            parent=row.parent,
            opened_at=row.opened_at,
            due=row.due,
            provisional=bool(row.provisional),
            remaining=remaining(calendar, now, row.due),
            claimed_by=row.who or "",
            claimed_by_name=row.who_name or "",
            mine=row.claimed_by == user.id,
            optional=row.optional,
            barred=_barred(conn, user, row),
            card=card_of(store, user, row),
        )
        for row in conn.execute(query)
    )


def _barred(conn: Connection, user: User, row: Any) -> str:
    ours = row.unit == user.unit and row.role in user.roles
    return rights.completed_by(conn, row.number, user.name, row) if ours else ""


def _label(conn: Connection, store: Store, row: Any, key: str) -> str:
    code: str = getattr(row, key)
    return forms.labels(store.definitions(row.version)).get((key, code), code)


def card_of(store: Store, user: User, row: Any) -> Card:
    """The card of a row that has number, card, wrapped and protected, as this person sees it."""
    key = None if row.wrapped is None else store.vault.unwrap(row.wrapped, row.number)
    card = cards.of(key, row.number, row.card)
    return card if sees_reporter(user, row.protected) else card.shielded()


def counts(store: Store, user: User, now: datetime) -> Counts:
    """How many tasks and late legs the user's lists hold."""
    today = end_of(now.astimezone(ZONE).date())
    tasks = select(func.count()).select_from(t.tasks)
    legs = select(func.count()).select_from(t.legs.join(t.tickets))
    with store.read() as conn:

        def count(query: Select[Any]) -> int:
            return int(conn.execute(query).scalar_one())

        ours = _whose(user, "all")
        return Counts(
            mine=count(tasks.where(_whose(user, "mine"))),
            unit=count(tasks.where(ours)),
            due_today=count(tasks.where(ours, t.tasks.c.due <= today)),
            overdue=count(legs.where(_late(user, t.legs.c.overdue_at))),
            unsigned=count(legs.where(_late(user, t.legs.c.unsigned_at))),
        )


def legs_in_reach(user: User, action: str) -> ColumnElement[bool]:
    """The legs that an action reaches for a person (第五条、第八条: by level and authority)."""
    return and_(_in_reach(user, action), ~_about(user, t.legs))


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
        return LegList(tuple(_leg_item(conn, store, user, row) for row in rows), total)


def _leg_item(conn: Connection, store: Store, user: User, row: Any) -> LegItem:
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
        type_label=_label(conn, store, row, "type"),
        dispatched_at=row.dispatched_at,
        due=row.missed,
        at=row.since,
        done_at=row.done,
        card=card_of(store, user, row) if row.content else Card(),
    )
