"""The work list of a person's day: open tasks."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, exists, func, or_, select

from engine.access import User, sees_reporter
from engine.flow import Definitions
from engine.read import desks, narrowing
from engine.read.narrowing import URGENT, WORKED_ON, Choice, Narrowing
from engine.read.words import Remaining, remaining
from engine.store import Store, cards, forms, rights
from engine.store import tables as t
from engine.store.cards import Card
from engine.workdays import ZONE, end_of

__all__ = [
    "Card",
    "Counts",
    "Narrowing",
    "Remaining",
    "WorkItem",
    "WorkList",
    "about_own_unit",
    "choices",
    "counts",
    "kept",
    "led_by",
    "picked",
    "tasks_of",
]


EVERYTHING = Narrowing()


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
    takable: bool  # taken by nobody, by this person, or by somebody on leave for whom they stand in
    optional: bool
    several: bool  # it may be done together with others of the same form
    form: str
    element: str
    desk: str  # where it lies beside the list: one of flow's DESKS, or ""
    barred: str  # the task that this person did, so that another one has to do this; or ""
    card: Card


@dataclass(frozen=True, slots=True)
class WorkList:
    """A page of a list, and how many there are in all."""

    items: tuple[WorkItem, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures of a work list."""

    mine: int
    unit: int
    free: int
    late: int
    due_today: int  # the late ones too


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
_TASKS = select(
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
).select_from(
    WORKED_ON.join(t.units, t.units.c.id == t.tasks.c.unit)
    .outerjoin(t.ticket_keys, t.ticket_keys.c.ticket == t.tasks.c.ticket)
    .outerjoin(t.users, t.users.c.id == t.tasks.c.claimed_by)
)


def _whose(user: User, which: str) -> ColumnElement[bool]:
    mine = t.tasks.c.claimed_by == user.id
    ours = and_(t.tasks.c.unit == user.unit, t.tasks.c.role.in_(sorted(user.roles)))
    if which == "led":
        return led_by(user)
    wanted = {"mine": mine, "free": and_(ours, t.tasks.c.claimed_by.is_(None))}
    # A right is no duty: it is offered with its ticket.
    return and_(
        wanted.get(which, or_(ours, mine)), ~t.tasks.c.optional, ~about_own_unit(user, t.tasks)
    )


def led_by(user: User) -> ColumnElement[bool]:
    """The tasks that somebody who leads a unit looks after, as a condition on WORKED_ON.

    Those of the unit, whichever role they wait for, and of its sections for the unit (分办).
    """
    sections = select(t.units.c.id).where(t.units.c.superior == user.unit)
    of_section = and_(t.tasks.c.unit.in_(sections), t.legs.c.unit == user.unit)
    ours = or_(t.tasks.c.unit == user.unit, of_section)
    return and_(ours, ~t.tasks.c.optional, ~about_own_unit(user, t.tasks))


_about = t.tickets.alias("about")  # once: to make one costs more than a query


def about_own_unit(user: User, table: Table) -> ColumnElement[bool]:
    """Whether a row's ticket is about the person's unit, for which there is no such ticket."""
    return exists().where(_about.c.id == table.c.ticket, _about.c.about_unit == user.unit)


def tasks_of(
    store: Store,
    user: User,
    now: datetime,
    which: str = "all",
    limit: int = 50,
    offset: int = 0,
    narrow: Narrowing = EVERYTHING,
) -> WorkList:
    """Open tasks of the user's unit and roles; which: all | mine | free | led (see led_by).

    Emergencies come first (第十五条), then what is due earliest.
    """
    with store.read() as conn:
        whose = _whose(user, which)
        on_desk = _on_desk(conn, store, whose, narrow.desk, now)
        where = and_(whose, *narrow.where(store.calendar(conn), now, on_desk))
        query = (
            _TASKS.where(where)
            .order_by(
                ~URGENT,
                t.tasks.c.due.is_(None),
                t.tasks.c.due,
                t.tasks.c.opened_at,
                t.tasks.c.ticket,
                t.tasks.c.task,
            )
            .limit(limit)
            .offset(offset)
        )
        of = WORKED_ON if narrow or which == "led" else t.tasks
        total = conn.execute(select(func.count()).select_from(of).where(where)).scalar_one()
        return WorkList(work_items(conn, store, user, query, now), total)


def picked(
    store: Store, user: User, refs: Collection[tuple[str, int]], now: datetime
) -> tuple[WorkItem, ...]:
    """Of the user's list, the tasks that are named by ticket's number and own: those still there
    that this person may complete."""
    named = or_(*(and_(t.tickets.c.number == a, t.tasks.c.task == b) for a, b in refs))
    query = _TASKS.where(_whose(user, "all"), named).order_by(t.tickets.c.number, t.tasks.c.task)
    with store.read() as conn:
        found = work_items(conn, store, user, query, now)
    return tuple(item for item in found if item.takable and not item.barred)


def _on_desk(
    conn: Connection, store: Store, whose: ColumnElement[bool], desk: str, now: datetime
) -> frozenset[str]:
    """The user tasks that lie on a desk, as far as the list can have any; of none for ""."""
    if not desk:
        return frozenset()
    query = select(t.tickets.c.version).select_from(WORKED_ON).where(whose).distinct()
    versions = map(store.definitions, conn.execute(query).scalars().all())
    return desks.elements(desks.in_force(conn, store, now), versions, desk)


def choices(
    store: Store, user: User, now: datetime, which: str = "all", desk: str = ""
) -> Mapping[str, tuple[Choice, ...]]:
    """By what the user's list can be narrowed: field of Narrowing → the values that occur.

    `desk`: only of what lies there.
    """
    with store.read() as conn:
        whose = _whose(user, which)
        if desk:
            on_desk = _on_desk(conn, store, whose, desk, now)
            whose = and_(whose, *Narrowing(desk=desk).where(store.calendar(conn), now, on_desk))
        return narrowing.choices(conn, store, whose)


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
    calendar, current = store.calendar(conn), desks.in_force(conn, store, now)

    def drawn(row: Any) -> Definitions:
        return desks.saying(current, store.definitions(row.version), row.element)

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
            type_label=label_of(store, row, "type"),
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
            takable=user.may_take(row.claimed_by),
            optional=row.optional,
            several=row.element in store.definitions(row.version).several,
            form=row.form,
            element=row.element,
            desk=drawn(row).desks.get(row.element, ""),
            barred=_barred(conn, user, row),
            card=card_of(store, user, row),
        )
        for row in conn.execute(query)
    )


def _barred(conn: Connection, user: User, row: Any) -> str:
    ours = row.unit == user.unit and row.role in user.roles
    return rights.completed_by(conn, row.number, user.name, row) if ours else ""


def label_of(store: Store, row: Any, key: str) -> str:
    """What the forms of a row's version call the code in a column."""
    code: str = getattr(row, key)
    return forms.labels(store.definitions(row.version)).get((key, code), code)


def card_of(store: Store, user: User, row: Any) -> Card:
    """The card of a row that has number, card, wrapped and protected, as this person sees it."""
    key = None if row.wrapped is None else store.vault.unwrap(row.wrapped, row.number)
    card = cards.of(key, row.number, row.card)
    return card if sees_reporter(user, row.protected) else card.shielded()


def counts(store: Store, user: User, now: datetime) -> Counts:
    """How many tasks the user's lists hold."""
    today = end_of(now.astimezone(ZONE).date())
    ours = _whose(user, "all")

    def those(*which: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count().filter(and_(*which))

    query = (
        select(
            those(_whose(user, "mine")),
            those(ours),
            those(_whose(user, "free")),
            those(ours, t.tasks.c.due <= now),
            those(ours, t.tasks.c.due <= today),
        )
        .select_from(t.tasks)
        .where(ours)  # what somebody has taken is among them
    )
    with store.read() as conn:
        return Counts(*conn.execute(query).one())


def kept(store: Store, user: User) -> tuple[tuple[str, Mapping[str, str]], ...]:
    """The lists that the user keeps: name, and what it says of tab and Narrowing."""
    query = select(t.kept_lists).where(t.kept_lists.c.user == user.id).order_by(t.kept_lists.c.name)
    with store.read() as conn:
        return tuple((row.name, json.loads(row.said)) for row in conn.execute(query))
