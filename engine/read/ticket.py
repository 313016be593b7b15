"""One ticket: its page, the forms of its tasks, its history in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, exists, false, or_, select, true

from engine.access import User, authorize, reach
from engine.errors import Denied
from engine.formjs import Form
from engine.read.history import Entry, Names, entry
from engine.read.legs import DeadlineView, LegView, deadlines_of, legs_of
from engine.read.worklist import WorkItem, card_of, open_tasks
from engine.store import Store, forms, log, rights
from engine.store import tables as t
from engine.store.cards import Card
from engine.store.tickets import unseal_of

__all__ = [
    "DeadlineView",
    "Entry",
    "Found",
    "LegView",
    "TaskForm",
    "TicketPage",
    "find",
    "page",
    "start_form",
    "task_form",
]


@dataclass(frozen=True, slots=True)
class TicketPage:
    """All that the page of a ticket shows."""

    number: str
    type: str
    type_label: str
    channel: str
    channel_label: str
    area_name: str
    centre_name: str  # 派单中心
    peer_centre_name: str  # 同级中心
    authority_name: str
    created_at: datetime
    created_by_name: str
    accepted_at: datetime | None
    dispatched_at: datetime | None
    closed_at: datetime | None
    outcome: str
    outcome_label: str
    followed_up_at: datetime | None
    rating: str
    rating_label: str
    archived_at: datetime | None
    ended_at: datetime | None
    erased_at: datetime | None
    version: str
    card: Card
    legs: tuple[LegView, ...]
    deadlines: tuple[DeadlineView, ...]
    tasks: tuple[WorkItem, ...]
    history: tuple[Entry, ...]
    may_comment: bool
    may_erase: bool


@dataclass(frozen=True, slots=True)
class TaskForm:
    """The form of a task (or of a new ticket: task 0, number "") with what fills it."""

    number: str
    task: int
    name: str
    article: str
    unit_name: str
    form: Form
    sources: Mapping[str, Sequence[Mapping[str, str]]]
    raw: Mapping[str, Sequence[str]]  # the draft of this user, else empty
    draft_at: datetime | None
    due: datetime | None
    claimed_by: str
    claimed_by_name: str
    mine: bool
    colleagues: tuple[tuple[str, str], ...]  # (sign-in name, display name) to hand over to


@dataclass(frozen=True, slots=True)
class Found:
    """A ticket that a search found."""

    number: str
    type: str
    type_label: str
    created_at: datetime
    ended: bool
    card: Card


def page(store: Store, user: User, number: str, now: datetime) -> TicketPage:
    """The page of a ticket; Denied(hidden=True) when it is unknown or not the user's to see.

    An auditor sees what happened, not what was said.
    """
    with store.read() as conn:
        facts = rights.see(conn, user, number).facts
        row = conn.execute(_TICKET.where(t.tickets.c.number == number)).one()
        content = _reads_content(user, facts)
        definitions = store.definitions(row.version)
        labels = forms.labels(definitions)
        names = _names(conn)
        payloads = log.read_payloads(conn, store, number) if content else {}
        legs = legs_of(conn, row.id, names)
        last = next((leg for leg in reversed(legs) if leg.void_at is None), None)
        calendar = store.calendar(conn)

        def label(key: str) -> str:
            code = getattr(row, key) or ""
            return labels.get((key, code), code)

        return TicketPage(
            number=row.number,
            type=row.type,
            type_label=label("type"),
            channel=row.channel,
            channel_label=label("channel"),
            area_name=row.area_name,
            centre_name=names.units.get(row.centre, ""),
            peer_centre_name=(last.peer_centre_name if last else names.units.get(row.centre, "")),
            authority_name=last.authority_name if last else names.units.get(row.authority, ""),
            created_at=row.created_at,
            created_by_name=names.person(row.created_by),
            accepted_at=row.accepted_at,
            dispatched_at=row.dispatched_at,
            closed_at=row.closed_at,
            outcome=row.outcome or "",
            outcome_label=label("outcome"),
            followed_up_at=row.followed_up_at,
            rating=row.rating or "",
            rating_label=label("rating"),
            archived_at=row.archived_at,
            ended_at=row.ended_at,
            erased_at=row.erased_at,
            version=definitions.hash,
            card=card_of(store, row) if content else Card(),
            legs=legs,
            deadlines=deadlines_of(conn, row.id, legs, calendar, now),
            tasks=tuple(
                item if content else replace(item, card=Card())
                for item in open_tasks(conn, store, user, row.id, now)
            ),
            history=tuple(
                entry(event, payloads.get(event.seq), definitions, names)
                for event in log.iterate(conn, number)
            ),
            may_comment=row.erased_at is None and _may(user, "comment_ticket", facts),
            may_erase=(
                row.ended_at is not None and row.erased_at is None and _may(user, "erase", facts)
            ),
        )


_TICKET = (
    select(t.tickets, t.areas.c.name.label("area_name"), t.ticket_keys.c.wrapped)
    .join(t.areas, t.areas.c.id == t.tickets.c.area)
    .outerjoin(t.ticket_keys, t.ticket_keys.c.ticket == t.tickets.c.id)
)


def _may(user: User, action: str, facts: Mapping[str, Any]) -> bool:
    try:
        authorize(user, action, facts)
    except Denied:
        return False
    return True


def _reads_content(user: User, facts: Mapping[str, Any]) -> bool:
    """Whether somebody reads what was said: not for an auditor's role alone."""
    return _may(replace(user, roles=user.roles - {"auditor"}), "read_ticket", facts)


def _names(conn: Connection) -> Names:
    return Names(
        people={
            row.name: row.display_name
            for row in conn.execute(select(t.users.c.name, t.users.c.display_name))
        },
        units={row.id: row.name for row in conn.execute(select(t.units.c.id, t.units.c.name))},
    )


# --- forms -------------------------------------------------------------------------------------


_DRAFT = select(t.drafts).where(
    t.drafts.c.ticket == bindparam("ticket"),
    t.drafts.c.task == bindparam("task"),
    t.drafts.c.user == bindparam("user"),
)
_UNIT_NAME = select(t.units.c.name).where(t.units.c.id == bindparam("unit"))
_COLLEAGUES = (
    select(t.users.c.name, t.users.c.display_name)
    .join(t.user_roles, t.user_roles.c.user == t.users.c.id)
    .where(
        t.users.c.unit == bindparam("unit"),
        t.user_roles.c.role == bindparam("role"),
        t.users.c.active,
        t.users.c.id != bindparam("me"),
    )
    .order_by(t.users.c.name)
)


def task_form(store: Store, user: User, number: str, task: int, now: datetime) -> TaskForm:
    """The form of an open task, with the draft of this user.

    Errors: Denied; Trouble task_done (who, when), task_gone, task_unknown, task_claimed.
    """
    with store.read() as conn:
        seen = rights.see(conn, user, number)
        row = rights.open_task(conn, user, number, task, seen)
        definitions = store.definitions(seen.columns["version"])
        form = forms.form(definitions, row.form)
        about = seen.columns["about_unit"]
        draft = None
        if row.drafted:
            mine = {"ticket": row.ticket, "task": task, "user": user.id}
            draft = conn.execute(_DRAFT, mine).one_or_none()
        raw: Mapping[str, Sequence[str]] = {}
        if draft is not None:
            key = log.key_of(conn, store, number)
            raw = unseal_of(key, number, f"draft/{task}/{user.id}", draft.content)
        return TaskForm(
            number=number,
            task=task,
            name=row.name,
            article=row.article,
            unit_name=row.unit_name,
            form=form,
            sources=forms.sources(conn, definitions, form, row.unit, about),
            raw=raw,
            draft_at=draft.at if draft is not None else None,
            due=row.due,
            claimed_by=row.who or "",
            claimed_by_name=row.who_name or "",
            mine=row.claimed_by == user.id,
            colleagues=_colleagues(conn, user, row.unit, row.role),
        )


def start_form(store: Store, user: User, now: datetime, kind: str = "call") -> TaskForm:
    """The form of a new ticket, of the version in force now. Errors: Denied; StoreError."""
    place = {"area": user.area, "centre": user.centre, "authority": user.authority}
    authorize(user, "start_ticket", place)
    with store.read() as conn:
        definitions = store.definitions(store.current_version(conn, now))
        process = definitions.start_process(kind)
        form = forms.form(definitions, definitions.start_form(process))
        return TaskForm(
            number="",
            task=0,
            name=next(
                (
                    element.name
                    for element in definitions.elements()
                    if element.kind == "startEvent" and element.scope == process
                ),
                "",
            ),
            article="",
            unit_name=_unit_name(conn, user.unit),
            form=form,
            sources=forms.sources(conn, definitions, form, user.unit),
            raw={},
            draft_at=None,
            due=None,
            claimed_by="",
            claimed_by_name="",
            mine=False,
            colleagues=(),
        )


def _unit_name(conn: Connection, unit: str) -> str:
    return conn.execute(_UNIT_NAME, {"unit": unit}).scalar_one_or_none() or ""


def _colleagues(conn: Connection, user: User, unit: str, role: str) -> tuple[tuple[str, str], ...]:
    rows = conn.execute(_COLLEAGUES, {"me": user.id, "unit": unit, "role": role})
    return tuple((row.name, row.display_name) for row in rows)


# --- search ------------------------------------------------------------------------------------


def find(store: Store, user: User, text: str, limit: int = 20) -> tuple[Found, ...]:
    """Tickets whose number begins with `text`, among those that the user may read."""
    if not re.fullmatch(r"[0-9-]{1,20}", text):
        return ()
    query = (
        _TICKET.where(t.tickets.c.number.startswith(text), _in_reach(user))
        .order_by(t.tickets.c.number.desc())
        .limit(limit)
    )
    content = bool(user.roles - {"auditor"})
    with store.read() as conn:
        return tuple(
            Found(
                number=row.number,
                type=row.type,
                type_label=forms.labels(store.definitions(row.version)).get(
                    ("type", row.type), row.type
                ),
                created_at=row.created_at,
                ended=row.ended_at is not None,
                card=card_of(store, row) if content else Card(),
            )
            for row in conn.execute(query)
        )


def _in_reach(user: User) -> ColumnElement[bool]:
    far = reach(user, "read_ticket")
    if far.everything:
        return true()
    legs, tasks = t.legs.c, t.tasks.c
    of_leg = (legs.ticket == t.tickets.c.id) & legs.void_at.is_(None)
    parts: list[ColumnElement[bool]] = [false()]
    if far.unit:
        parts.append(exists().where(of_leg, legs.unit == far.unit))
        parts.append(exists().where(tasks.ticket == t.tickets.c.id, tasks.unit == far.unit))
    if far.centre:
        parts.append(t.tickets.c.centre == far.centre)
        parts.append(exists().where(of_leg, legs.peer_centre == far.centre))
    if far.authority:
        parts.append(t.tickets.c.authority == far.authority)
        parts.append(exists().where(of_leg, legs.authority == far.authority))
    return or_(*parts)
