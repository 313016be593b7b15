"""Tickets found: by number, by the caller's telephone, by words of what was said."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    exists,
    false,
    or_,
    select,
    true,
)

from engine import terms
from engine.access import Reach, User, content_reader, reach, sees_reporter
from engine.read.imported import numbered
from engine.read.worklist import card_of, label_of
from engine.store import Store, search
from engine.store import tables as t
from engine.store.cards import Card
from engine.terms import LONGEST_QUERY

__all__ = ["LONGEST_QUERY", "Found", "Hit", "find", "hits", "tickets_in_reach"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A ticket that was found."""

    number: str
    type: str
    type_label: str
    emergency: str
    created_at: datetime
    ended: bool
    merged: bool
    withdrawn: bool
    refused: bool
    archived: bool
    closed: bool
    stands: tuple[tuple[str, str], ...]  # (task, unit's name) of what has to be done now
    card: Card


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what was found, the newest first, and whether there is more.

    `short` are single characters of the query, by which no text is found. `by_words` is whether
    this person finds by what was said at all: an auditor alone does not.
    """

    hits: tuple[Hit, ...]
    more: bool
    short: tuple[str, ...]
    by_words: bool


_TICKETS = select(t.tickets, t.ticket_keys.c.wrapped).outerjoin(
    t.ticket_keys, t.ticket_keys.c.ticket == t.tickets.c.id
)
_STANDS = (
    select(t.tasks.c.ticket, t.tasks.c.name, t.units.c.name.label("unit_name"))
    .join(t.units, t.units.c.id == t.tasks.c.unit)
    .where(t.tasks.c.ticket.in_(bindparam("tickets", expanding=True)), ~t.tasks.c.optional)
    .order_by(t.tasks.c.task)
)

_named = t.tickets.alias("named")
_NUMBER: Final = re.compile(r"[0-9-]{1,20}")


def find(store: Store, user: User, text: str, limit: int = 20, offset: int = 0) -> Found:
    """Tickets that a person may read and that `text` leads to, the newest first.

    It is the beginning or the end of a number, the whole number on another platform, a telephone
    number, or words with blanks between, all of which were said in the ticket. Of more than
    LONGEST_QUERY characters nothing is found.
    """
    query = terms.query(text)
    reader = content_reader(user)
    by_words = reach(reader, "read_ticket") != Reach()
    if not 1 <= len(text) <= LONGEST_QUERY:
        return Found((), False, (), by_words)
    content = tickets_in_reach(reader)
    with store.read() as conn:
        ways = [numbered(text)]
        if _NUMBER.fullmatch(text):
            # Apart, so that SQLite walks through the numbers and not through all rows.
            parts = or_(_named.c.number.startswith(text), _named.c.number.endswith(text))
            ways.append(t.tickets.c.id.in_(select(_named.c.id).where(parts)))
        if by_words and query.parts and not query.short:
            # Code of before the index may have destroyed a key and left the words.
            readable = and_(content, t.tickets.c.erased_at.is_(None))
            ways.append(and_(readable, *(_said(conn, store, user, one) for one in query.parts)))
        where = and_(or_(*ways), tickets_in_reach(user))
        found = hits(conn, store, user, where, limit + 1, offset)
    return Found(found[:limit], len(found) > limit, query.short, by_words)


def hits(
    conn: Connection,
    store: Store,
    user: User,
    where: ColumnElement[bool],
    limit: int,
    offset: int = 0,
) -> tuple[Hit, ...]:
    """The tickets for which a condition holds, the newest first, as this person may see them."""
    content = tickets_in_reach(content_reader(user))
    rows = conn.execute(
        _TICKETS.add_columns(content.label("content"))
        .where(where)
        .order_by(t.tickets.c.created_at.desc(), t.tickets.c.id.desc())
        .limit(limit)
        .offset(offset)
    ).all()
    stands: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for task in conn.execute(_STANDS, {"tickets": [row.id for row in rows]}):
        stands[task.ticket].append((task.name, task.unit_name))
    return tuple(_hit(store, user, row, stands[row.id]) for row in rows)


def _said(conn: Connection, store: Store, user: User, part: terms.Part) -> ColumnElement[bool]:
    """Whether a part of the query was said in a ticket, in one breath."""

    def within(*wanted: Iterable[str]) -> ColumnElement[bool]:
        found = select(search.TICKET).where(search.holds(conn, store.vault, wanted))
        return t.tickets.c.id.in_(found)

    if not part.phone:
        return within(part.terms)
    if sees_reporter(user, protected=True):
        return within(*filter(None, (part.terms, {part.phone})))
    # Who must not know who reported does not find it by the reporter's telephone either.
    called = and_(~t.tickets.c.protected, within({part.phone}))
    return or_(called, within(part.terms)) if part.terms else called


def _hit(store: Store, user: User, row: Any, stands: Iterable[tuple[str, str]]) -> Hit:
    return Hit(
        number=row.number,
        type=row.type,
        type_label=label_of(store, row, "type"),
        emergency=row.emergency or "",
        created_at=row.created_at,
        ended=row.ended_at is not None,
        merged=row.merged_into is not None,
        withdrawn=row.withdrawn_at is not None,
        refused=row.refused_at is not None,
        archived=row.archived_at is not None,
        closed=row.closed_at is not None,
        stands=tuple(stands),
        card=card_of(store, user, row) if row.content else Card(),
    )


# --- whose a ticket is -------------------------------------------------------------------------


def tickets_in_reach(user: User) -> ColumnElement[bool]:
    """The tickets that a person may read, as a filter."""
    # Of a report the unit that it is about knows nothing.
    apart = or_(t.tickets.c.about_unit.is_(None), t.tickets.c.about_unit != user.unit)
    return and_(apart, _within(user))


def _within(user: User) -> ColumnElement[bool]:
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
