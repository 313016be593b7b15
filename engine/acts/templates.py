"""Texts kept ready for replies: written, changed, retired. Facts on the system chain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from engine.access import User, authorize
from engine.errors import Trouble
from engine.formjs import TEMPLATES
from engine.formjs.placeholders import KNOWN, unknown
from engine.formjs.text import forbidden
from engine.store import Store, log, spoken, steps
from engine.store import templates as facts
from engine.store.tables import templates
from engine.store.templates import digest

MOST: Final = 100
"""Texts in use that a unit may have: as many as somebody still looks through."""

LONGEST_NAME: Final = 40
LONGEST_TEXT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Draft:
    """A text as somebody writes it; `kind` is one of TEMPLATES."""

    kind: str
    name: str
    text: str


def write(store: Store, user: User, draft: Draft, now: datetime, key: str) -> None:
    """Keep a text ready for the people of the user's unit; one of a centre is for all its area.

    Errors: Denied; Trouble template_kind, template_name, template_empty, template_long,
    template_place (braces that nobody fills in), template_many, text_characters, request_*.
    """
    authorize(user, "write_templates", {"unit": user.unit})
    draft = _judged(draft)
    with store.write() as conn:
        if not steps.once(conn, key, user.name, "template", now):
            return
        _room(conn, user)
        row = {"unit": user.unit, "active": True, "kind": draft.kind}
        row |= {"name": draft.name, "text": draft.text}
        id = conn.execute(insert(templates).returning(templates.c.id), row).scalar_one()
        _fact(conn, store, facts.WRITE, user, id, draft, now)


def change(
    store: Store, user: User, id: int, draft: Draft, seen: str, now: datetime, key: str
) -> None:
    """Change a text of the user's unit. `seen`: the digest of what the user began with.

    Errors: as write; Trouble template_unknown (gone, or another unit's), template_changed
    (somebody else was quicker; nothing is written).
    """
    authorize(user, "write_templates", {"unit": user.unit})
    draft = _judged(draft)
    with store.write() as conn:
        if not steps.once(conn, key, user.name, f"template/{id}", now):
            return
        row = _own(conn, user, id)
        if digest(row.kind, row.name, row.text) != seen:
            raise Trouble("template_changed")
        if digest(draft.kind, draft.name, draft.text) == seen:
            return
        values = {"kind": draft.kind, "name": draft.name, "text": draft.text}
        conn.execute(update(templates).where(templates.c.id == id).values(values))
        _fact(conn, store, facts.CHANGE, user, id, draft, now)


def set_active(store: Store, user: User, id: int, active: bool, now: datetime) -> None:
    """Retire a text of the user's unit, or take it into use again; done before is done.

    Errors: Denied; Trouble template_unknown, template_many.
    """
    authorize(user, "write_templates", {"unit": user.unit})
    with store.write() as conn:
        row = _own(conn, user, id)
        if row.active == active:
            return
        if active:
            _room(conn, user)
        conn.execute(update(templates).where(templates.c.id == id).values(active=active))
        name = facts.RESTORE if active else facts.RETIRE
        body = {"template": id, "name": row.name}
        log.append_system(conn, store, name, now, user.name, user.unit, body)


def _judged(draft: Draft) -> Draft:
    if draft.kind not in TEMPLATES:
        raise Trouble("template_kind")
    name = draft.name.strip()
    if not 0 < len(name) <= LONGEST_NAME or forbidden(name, lines=False):
        raise Trouble("template_name", most=LONGEST_NAME)
    text = spoken.plain(draft.text, LONGEST_TEXT, "template_empty", "template_long")
    if word := unknown(text):
        known = "、".join(f"{{{one}}}" for one in KNOWN)
        raise Trouble("template_place", word=word[:20], known=known)
    return Draft(draft.kind, name, text)


def _own(conn: Connection, user: User, id: int) -> Row[Any]:
    own = select(templates).where(templates.c.id == id, templates.c.unit == user.unit)
    row = conn.execute(own.with_for_update()).one_or_none()
    if row is None:
        raise Trouble("template_unknown")
    return row


def _room(conn: Connection, user: User) -> None:
    used = select(func.count()).where(templates.c.unit == user.unit, templates.c.active)
    if conn.execute(used).scalar_one() >= MOST:
        raise Trouble("template_many", most=MOST)


def _fact(
    conn: Connection, store: Store, name: str, user: User, id: int, draft: Draft, now: datetime
) -> None:
    told = digest(draft.kind, draft.name, draft.text)
    body = {"template": id, "name": draft.name, "digest": told}
    payload = {"kind": draft.kind, "text": draft.text}
    log.append_system(conn, store, name, now, user.name, user.unit, body, payload)
