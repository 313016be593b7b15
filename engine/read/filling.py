"""The form of a task or of a new ticket, with all that fills it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from engine.access import User, authorize
from engine.formjs import Form
from engine.read.worklist import WorkItem
from engine.store import Store, forms, log, rights
from engine.store import tables as t
from engine.store.prepared import Prepared
from engine.store.tickets import unseal_of


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


_DRAFT = Prepared(
    select(t.drafts).where(
        t.drafts.c.ticket == bindparam("ticket"),
        t.drafts.c.task == bindparam("task"),
        t.drafts.c.user == bindparam("user"),
    )
)
_UNIT_NAME = Prepared(select(t.units.c.name).where(t.units.c.id == bindparam("unit")))
_COLLEAGUES = Prepared(
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
        about, known_to = seen.columns["about_unit"], seen.facts["units"]
        draft = None
        if row.drafted:
            mine = {"ticket": row.ticket, "task": task, "user": user.id}
            draft = _DRAFT.first(conn, mine)
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
            sources=forms.sources(conn, definitions, form, row.unit, about, known_to),
            raw=raw,
            draft_at=draft.at if draft is not None else None,
            due=row.due,
            claimed_by=row.who or "",
            claimed_by_name=row.who_name or "",
            mine=row.claimed_by == user.id,
            colleagues=_colleagues(conn, row.unit, row.role, user.id),
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
    return _UNIT_NAME.scalar(conn, {"unit": unit}) or ""


def colleagues(store: Store, item: WorkItem, but: str) -> tuple[tuple[str, str], ...]:
    """Who has the role of an open task in its unit (sign-in name, display name), without one."""
    with store.read() as conn:
        found = _colleagues(conn, item.unit, item.role)
    return tuple(one for one in found if one[0] != but)


def _colleagues(
    conn: Connection, unit: str, role: str, me: int | None = None
) -> tuple[tuple[str, str], ...]:
    rows = _COLLEAGUES.all(conn, {"me": me or 0, "unit": unit, "role": role})
    return tuple((row.name, row.display_name) for row in rows)
