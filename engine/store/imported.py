"""Tickets that came from another platform: the fact in their chain, the rows that follow from it.

One that was still open there is started here like any other, and its second event says where it
came from. One that was closed there becomes a record: a chain of one fact, no process, no state,
no legs, for nothing of it happened here. `rows_of` says what its row holds, from the event alone,
so that verifying can compare.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select

from engine.access import User
from engine.record import GENESIS, Event, canonical, commit, instant, make_event
from engine.record.events import FORMAT, SALT_BYTES
from engine.store import log, numbers, search
from engine.store.session import Store
from engine.store.steps import Beginning, place_of
from engine.store.tables import events, imported, payloads, ticket_keys, tickets
from engine.store.tickets import seal_of
from engine.vault import seal
from engine.workdays import ZONE

NAME: Final = "imported"
"""The fact."""
OPEN: Final = "open"
CLOSED: Final = "closed"

_SERIES: Final = "import"
"""A series of numbers that every batch takes from: two imports wait for one another."""

_FOUND = (
    select(imported, tickets.c.number)
    .join(tickets, tickets.c.id == imported.c.ticket)
    .where(
        imported.c.source == bindparam("source"),
        imported.c.original.in_(bindparam("originals", expanding=True)),
    )
)
_NOTE = insert(imported)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a ticket came from. `columns` and `digest`: what its row there said, see tables."""

    source: str
    original: str
    state: str
    received_at: datetime
    unit: str | None
    columns: str
    digest: str

    def row(self) -> dict[str, Any]:
        """Its row of the table, but for the ticket."""
        return {name: getattr(self, name) for name in self.__slots__}

    def said(self) -> dict[str, Any]:
        """What the fact says of it, in clear."""
        row = self.row()
        return {"received": instant(row.pop("received_at")), **row}


@dataclass(frozen=True, slots=True)
class Record:
    """A ticket that was closed on another platform, as it is to be kept.

    `routing` and `answers` are what the start form says; `kept` is sealed with the answers.
    """

    origin: Origin
    closed_at: datetime | None
    rating: str | None
    outcome: str | None
    routing: Mapping[str, Any]
    answers: Mapping[str, Any]
    kept: Sequence[Mapping[str, Any]]
    card: Mapping[str, str]


def queue(conn: Connection) -> None:
    """Wait until no other import writes; held by this transaction until it ends."""
    numbers.take(conn, _SERIES)


def known(conn: Connection, source: str, originals: Sequence[str]) -> dict[str, Any]:
    """Original number → row, with the ticket's `number`, for those that came before."""
    found = conn.execute(_FOUND, {"source": source, "originals": list(originals)})
    return {row.original: row for row in found}


def note(conn: Connection, origins: Sequence[tuple[Origin, int]]) -> None:
    """Note where tickets came from; IntegrityError when a number came before."""
    conn.execute(_NOTE, [{**origin.row(), "ticket": ticket} for origin, ticket in origins])


# --- what a record's row holds -----------------------------------------------------------------

_KEPT: Final = ("type", "channel", "about_unit", "emergency")


def rows_of(event: Event, version: int) -> dict[str, Any]:
    """The columns of tickets of a record, but for its card, key, and the end of its chain.

    `version` is the id of the one that the event names by its hash.
    """
    body = event.body
    routing = body["routing"]
    received = datetime.fromisoformat(body["received"])
    closed = datetime.fromisoformat(body["closed"]) if body["closed"] else None
    said = {name: routing.get(name) for name in _KEPT}
    columns: dict[str, Any] = {column.name: None for column in tickets.c}
    for name in ("id", "card", "seq", "head"):
        del columns[name]
    return columns | {
        "number": event.chain,
        "version": version,
        "process": "",
        "area": body["area"],
        "centre": body["centre"],
        "authority": body["authority"],
        **said,
        "type": said["type"] or "",
        "channel": said["channel"] or "",
        "protected": routing.get("protected") is True,
        "calls": 1,
        "dissatisfied": 0,
        # When it came and when it was over are that platform's; when it was brought in and by
        # whom the event says.
        "created_at": received,
        "created_by": event.actor,
        "closed_at": closed,
        "ended_at": closed or event.at,
        "rating": body["rating"],
        "outcome": body["outcome"],
    }


def write(
    conn: Connection,
    store: Store,
    user: User,
    by: Beginning,
    records: Sequence[Record],
    now: datetime,
) -> list[str]:
    """Write records, each with a key and a chain of its own; their numbers, in order.

    A number is of the day on which the other platform received the matter.
    """
    if not records:
        return []
    days = Counter(_day(record) for record in records)
    # In one order for all: the series of several days are held until the end.
    free = {day: numbers.take(conn, f"ticket/{day}", days[day]) - days[day] for day in sorted(days)}
    rows, happened, contents, wrapped, indexed = [], [], [], [], []
    for record in records:
        day = _day(record)
        free[day] += 1
        number = f"{day}-{free[day]:05d}"
        key, key_row = store.vault.new_key(number)
        payload = {"answers": dict(record.answers), "kept": [dict(k) for k in record.kept]}
        words = search.words(store.vault, by.form, payload, record.card["caller"])
        indexed.append(words)
        event, content = _event(user, by, record, number, key, now, payload, words)
        happened.append(event)
        contents.append(content)
        wrapped.append(key_row)
        columns = rows_of(event, by.version)
        card = seal_of(key, number, "card", record.card)
        rows.append({**columns, "card": card, "seq": 1, "head": event.hash})
    ids = _inserted(conn, tickets, rows)
    seen = _inserted(conn, events, [_row(event) for event in happened])
    conn.execute(
        insert(payloads),
        [{"event": id, "content": content} for id, content in zip(seen, contents, strict=True)],
    )
    conn.execute(
        insert(ticket_keys),
        [{"ticket": id, "wrapped": one} for id, one in zip(ids, wrapped, strict=True)],
    )
    search.add(conn, [(id, 1, words) for id, words in zip(ids, indexed, strict=True)])
    note(conn, [(one.origin, id) for one, id in zip(records, ids, strict=True)])
    return [row["number"] for row in rows]


def _day(record: Record) -> str:
    return f"{record.origin.received_at.astimezone(ZONE):%Y%m%d}"


def _event(
    user: User,
    by: Beginning,
    record: Record,
    number: str,
    key: bytes,
    now: datetime,
    payload: Mapping[str, Any],
    words: str,
) -> tuple[Event, bytes]:
    body = {
        "format": FORMAT,
        **record.origin.said(),
        "closed": instant(record.closed_at) if record.closed_at else None,
        "rating": record.rating,
        "outcome": record.outcome,
        "form": by.form.name,
        "routing": dict(record.routing),
        "version": by.definitions.hash,
        **place_of(user),
        **search.marks(words),
    }
    salt = os.urandom(SALT_BYTES)
    plain = canonical(payload)
    event = make_event(
        *(number, 1, GENESIS, "fact", NAME, now, user.name, user.unit, body), commit(salt, plain)
    )
    return event, seal(key, salt + plain, log.place(number, 1))


def _row(event: Event) -> dict[str, Any]:
    row = {name: getattr(event, name) for name in Event.__dataclass_fields__ if name != "text"}
    return {**row, "body": event.text}


def _inserted(conn: Connection, table: Any, rows: list[dict[str, Any]]) -> Sequence[int]:
    """Insert rows; their ids, in the same order."""
    query = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return conn.execute(query, rows).scalars().all()
