"""Announcements: those in force for who takes calls, the list of a centre, one with its calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select, true

from engine import terms
from engine.access import User, authorize, content_reader, reach
from engine.errors import Denied
from engine.read.intake import parts_of
from engine.read.search import tickets_in_reach
from engine.store import Store, log
from engine.store import announcements as rows
from engine.store import tables as t
from engine.store.announcements import CALL, REVISE, WRITE
from engine.store.cards import masked

MOST_BESIDE: Final = 20
"""Announcements beside the form: who has more in force at once looks into the list."""
MOST_CALLS: Final = 50


@dataclass(frozen=True, slots=True)
class Announcement:
    """An announcement as its last revision has it. `state` coming | current | over | ended."""

    number: str
    revision: int
    kind: str
    title: str
    places: str
    script: str
    contact: str
    since: datetime
    until: datetime
    centre_name: str
    created_at: datetime
    ended_at: datetime | None
    erased_at: datetime | None
    state: str
    calls: int
    fits: bool = False  # what was typed so far is about it
    before: int = 0  # calls of the same telephone about it


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to an announcement; `words` are the whole text from then on, where it is
    another. `name` announce | revise_announcement | end_announcement | erase."""

    name: str
    at: datetime
    who: str
    revision: int
    words: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A call about it. `phone` is masked; what was said is "" for who may not read it, and so is
    the `ticket` that was made of it."""

    at: datetime
    who: str
    channel: str
    revision: int
    phone: str
    text: str
    ticket: str


@dataclass(frozen=True, slots=True)
class Page:
    """An announcement with its changes, and the newest of its calls, the last one first."""

    announcement: Announcement
    changes: tuple[Change, ...]
    calls: tuple[Call, ...]
    tickets: int  # of the calls, of how many a ticket was made
    callers: int  # different telephones of the others, as far as they are known
    may_change: bool
    may_erase: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list, and how many there are in all."""

    items: tuple[Announcement, ...]
    total: int


_CALLS = (
    select(func.count())
    .where(t.announcement_calls.c.announcement == t.announcements.c.id)
    .scalar_subquery()
)
_ALL = select(t.announcements, t.units.c.name.label("centre_name"), _CALLS.label("calls")).join(
    t.units, t.units.c.id == t.announcements.c.centre
)


def in_force(
    store: Store, user: User, now: datetime, phone: str = "", place: str = "", title: str = ""
) -> tuple[Announcement, ...]:
    """What is to be read out at the user's centre now: what fits the place and the words typed so
    far first, then the newest; "" is not yet known."""
    with store.read() as conn:
        query = _ALL.where(t.announcements.c.centre == user.unit, _current(now))
        found = conn.execute(query.order_by(t.announcements.c.id.desc()).limit(MOST_BESIDE)).all()
        if not found:
            return ()
        parts = parts_of(conn, place)
        again = _again(conn, store, phone, [row.id for row in found])
    wanted = terms.terms(title)

    def likeness(row: Any) -> tuple[int, int]:
        card = terms.terms(f"{row.places} {row.title}")
        return sum(part <= card for part in parts), len(wanted & card)

    likely = {row.id: likeness(row) for row in found}
    return tuple(
        _announcement(row, now, any(likely[row.id]), again.get(row.id, 0))
        for row in sorted(found, key=lambda row: likely[row.id], reverse=True)
    )


def _again(conn: Connection, store: Store, phone: str, which: list[int]) -> dict[int, int]:
    """How often this telephone called about each of them."""
    digest = rows.digest(store.vault, phone)
    if digest is None:
        return {}
    mine = t.announcement_calls
    query = (
        select(mine.c.announcement, func.count().label("calls"))
        .where(mine.c.announcement.in_(which), mine.c.phone == digest)
        .group_by(mine.c.announcement)
    )
    return {row.announcement: row.calls for row in conn.execute(query)}


def listed(
    store: Store, user: User, now: datetime, past: bool, limit: int, offset: int = 0
) -> Listed:
    """The announcements that a person may see: in force and coming, or over; the newest first."""
    table = t.announcements.c
    over = or_(table.ended_at.is_not(None), table.until <= now)
    which = and_(_in_reach(user), over if past else ~over)
    with store.read() as conn:
        total = conn.execute(select(func.count()).select_from(t.announcements).where(which))
        query = _ALL.where(which).order_by(table.id.desc()).limit(limit).offset(offset)
        items = tuple(_announcement(row, now) for row in conn.execute(query))
        return Listed(items, int(total.scalar_one()))


def page(store: Store, user: User, number: str, now: datetime, most: int = MOST_CALLS) -> Page:
    """One with all that happened to it. An auditor sees that somebody called, not what was said.

    Errors: Denied, hidden when it is unknown or not the user's to see.
    """
    with store.read() as conn:
        row = conn.execute(_ALL.where(t.announcements.c.number == number)).one_or_none()
        if row is None:
            raise Denied("denied_hidden", hidden=True)
        facts = rows.facts(row._asdict())
        authorize(user, "read_announcements", facts)
        names = conn.execute(select(t.users.c.name, t.users.c.display_name))
        people = {row.name: row.display_name for row in names}
        readable = _may(content_reader(user), "read_announcements", facts)
        key = log.key_of(conn, store, number) if readable else None
        found = _announcement(row, now)
        mine = t.announcement_calls.c.announcement == row.id
        tickets, callers = conn.execute(
            select(
                func.count(t.announcement_calls.c.ticket),
                func.count(t.announcement_calls.c.phone.distinct()),
            ).where(mine)
        ).one()
        over = found.state in ("over", "ended")
        return Page(
            announcement=found,
            changes=tuple(_changes(conn, number, people)),
            calls=tuple(_calls(conn, user, number, key, people, most)),
            tickets=tickets,
            callers=callers,
            may_change=not (found.ended_at or found.erased_at) and _may(user, "announce", facts),
            may_erase=over and found.erased_at is None and _may(user, "erase", facts),
        )


def _changes(conn: Connection, number: str, people: Mapping[str, str]) -> list[Change]:
    """All but the calls, the first first."""
    query = select(t.events).where(t.events.c.chain == number, t.events.c.name != CALL)
    found, revision = [], 0
    for row in conn.execute(query.order_by(t.events.c.seq)):
        body = json.loads(row.body)
        words = body if row.name in (WRITE, REVISE) else {}
        revision = body.get("revision", revision)
        who = people.get(row.actor, row.actor)
        found.append(Change(row.name, row.at, who, revision, words))
    return found


_TICKETS = (
    select(t.tickets.c.number)
    .join(t.announcement_calls, t.announcement_calls.c.ticket == t.tickets.c.number)
    .join(t.announcements, t.announcements.c.id == t.announcement_calls.c.announcement)
    .where(t.announcements.c.number == bindparam("number"))
)


def _calls(
    conn: Connection,
    user: User,
    number: str,
    key: bytes | None,
    people: Mapping[str, str],
    most: int,
) -> list[Call]:
    """The newest, so many at most, the last one first; with `key` also what was said."""
    readable = set(
        conn.execute(_TICKETS.where(tickets_in_reach(user)), {"number": number}).scalars()
    )
    query = (
        select(t.events, t.payloads.c.content)
        .outerjoin(t.payloads, t.payloads.c.event == t.events.c.id)
        .where(t.events.c.chain == number, t.events.c.name == CALL)
        .order_by(t.events.c.seq.desc())
        .limit(most)
    )
    found = []
    for row in conn.execute(query):
        body, said = json.loads(row.body), dict[str, Any]()
        if key is not None and row.content is not None:
            said = log.read_payload(key, number, row.seq, row.content)
        found.append(
            Call(
                at=row.at,
                who=people.get(row.actor, row.actor),
                channel=body["channel"],
                revision=body["revision"],
                phone=masked(said.get("phone", "")),
                text=said.get("text", ""),
                ticket=body["ticket"] if body["ticket"] in readable else "",
            )
        )
    return found


def _announcement(row: Any, now: datetime, fits: bool = False, before: int = 0) -> Announcement:
    if row.ended_at is not None:
        state = "ended"
    elif row.until <= now:
        state = "over"
    else:
        state = "current" if row.since <= now else "coming"
    return Announcement(
        **{name: getattr(row, name) for name in _PLAIN}, state=state, fits=fits, before=before
    )


_PLAIN: Final = tuple(
    name for name in Announcement.__dataclass_fields__ if name not in ("state", "fits", "before")
)


def _current(now: datetime) -> ColumnElement[bool]:
    table = t.announcements.c
    return and_(table.ended_at.is_(None), table.since <= now, table.until > now)


def _in_reach(user: User) -> ColumnElement[bool]:
    """Those that a person may see, as authorize says of each."""
    seen, table = reach(user, "read_announcements"), t.announcements.c
    if seen.everything:
        return true()
    return or_(table.centre == seen.centre, table.authority == seen.authority)


def _may(user: User, action: str, facts: Mapping[str, Any]) -> bool:
    try:
        authorize(user, action, facts)
    except Denied:
        return False
    return True
