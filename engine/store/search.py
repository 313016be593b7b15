"""The search index: by which words a ticket's events are found; a projection like the others.

A row is an event that brought words: what its form says is searched (`Component.searched`), a
comment, what was said in a repeat call or came from another platform and names nobody. It holds
terms (engine.terms) under a key of the vault, so that who has the database alone cannot read it.
Numbers and names that say who somebody is are taken out before; the caller's telephone is found
whole or not at all. A comment that is kept to a unit is in nobody's index.

`rowid` is the ticket's id and the event's number in one, so that a row that is found names its
ticket without a further look. SQLite has the rows in an FTS5 table, PostgreSQL as a tsvector.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    cast,
    delete,
    insert,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from engine import terms
from engine.formjs import Form
from engine.record import Event
from engine.store import forms, log
from engine.store.prepared import Prepared
from engine.store.session import Store
from engine.store.spoken import WITHIN
from engine.store.tables import search
from engine.store.tickets import Ticket
from engine.vault import Vault

RULES: Final = 1
"""By which rules a text becomes terms; another number when they change, and `reindex` then."""
INDEXED: Final = "indexed"
"""What an event's body says when it brought words: the rules that its row was made by."""

_SEQ_BITS: Final = 20
_LAST: Final = (1 << _SEQ_BITS) - 1

_ADD = Prepared(insert(search))
_OF_TICKET = search.c.rowid.between(bindparam("first"), bindparam("last"))
_FIND = Prepared(select(search.c.rowid, search.c.words).where(_OF_TICKET))
_REMOVE = Prepared(delete(search).where(_OF_TICKET))


def row_of(ticket: int, seq: int) -> int:
    """The row of a ticket's event."""
    return ticket << _SEQ_BITS | seq


TICKET: Final[ColumnElement[int]] = search.c.rowid.op(">>")(literal_column(str(_SEQ_BITS)))
"""The id of a row's ticket."""


def append(
    conn: Connection,
    store: Store,
    ticket: Ticket,
    kind: str,
    name: str,
    at: datetime,
    actor: str,
    unit: str,
    body: Mapping[str, Any],
    payload: Mapping[str, Any] | None = None,
) -> Event:
    """Append an event to a locked ticket's chain (log.append), and the row by which it is found."""
    found = ""
    if payload is not None and ticket.key is not None and not body.get(WITHIN):
        path = body.get("form")
        form = forms.read(store.definitions(ticket.version), path) if path else None
        found = words(store.vault, form, payload, caller_of(ticket))
    said = {**body, **marks(found)}
    event = log.append(conn, ticket, kind, name, at, actor, unit, said, payload)
    if found:
        _ADD.run(conn, {"rowid": row_of(ticket.id, event.seq), "words": found})
    return event


def add(conn: Connection, rows: Iterable[tuple[int, int, str]]) -> None:
    """Write rows of events (ticket's id, event's number, words) that have none yet."""
    made = [{"rowid": row_of(id, seq), "words": found} for id, seq, found in rows if found]
    _ADD.each(conn, made)


def remove(conn: Connection, ticket: int) -> None:
    """Take a ticket out of the index."""
    _REMOVE.run(conn, _range(ticket))


def found(conn: Connection, ticket: int) -> dict[int, str]:
    """Event number → words, as they stand in the index."""
    return {row.rowid & _LAST: row.words for row in _FIND.all(conn, _range(ticket))}


def _range(ticket: int) -> dict[str, int]:
    return {"first": row_of(ticket, 0), "last": row_of(ticket, _LAST)}


# --- the words of an event ---------------------------------------------------------------------


def marks(words: str) -> dict[str, Any]:
    """What the body of an event says that brought words."""
    return {INDEXED: RULES} if words else {}


def caller_of(ticket: Ticket) -> str:
    """What the card says of who called, so that other texts do not give it away."""
    card = ticket.columns["card"]
    return "" if card is None else str(ticket.unseal("card", card).get("caller", ""))


def words(vault: Vault, form: Form | None, payload: Mapping[str, Any], caller: str) -> str:
    """What an event with this form and payload is found by: keyed terms, sorted; "" for nothing.

    `caller` is what the ticket's card says of who called.
    """
    answers = payload.get("answers") or {}
    kept = payload.get("kept") or ()
    texts = [str(payload.get("text") or ""), *(k["text"] for k in kept if not k["personal"])]
    names = [caller, *(k["text"] for k in kept if k["personal"])]
    found: set[str] = set()
    for field in form.fields if form else ():
        said = answers.get(field.key)
        if not isinstance(said, str):
            continue
        if field.searched:
            texts.append(said)
        elif field.card == "caller":
            names.append(said)
        elif field.card == "phone":
            found |= terms.phones(said)
    for text in texts:
        found |= terms.terms(text, names)
    return " ".join(sorted({vault.term(term) for term in found}))


def of_events(
    conn: Connection,
    store: Store,
    events: Iterable[Event],
    payloads: Mapping[int, Mapping[str, Any]],
    caller: str,
) -> dict[int, str]:
    """Event number → words, for those of a chain's events that bring some."""
    told: dict[int, str] = {}
    for event in events:
        if (payload := payloads.get(event.seq)) is None:
            continue
        body = event.body
        if body.get(WITHIN):
            continue
        form = None
        if path := body.get("form"):
            form = forms.read(store.definitions_of(body["version"], conn), path)
        if said := words(store.vault, form, payload, caller):
            told[event.seq] = said
    return told


# --- looking for them --------------------------------------------------------------------------


def holds(conn: Connection, vault: Vault, wanted: Iterable[Iterable[str]]) -> ColumnElement[bool]:
    """Whether a row has all terms of one of several sets; none of them is empty."""
    keyed = [sorted({vault.term(term) for term in terms}) for terms in wanted]
    if conn.dialect.name == "sqlite":
        text = " OR ".join(f"({' AND '.join(one)})" for one in keyed)
        # The table itself: of a column it would ask where in it, which is not kept.
        return literal_column("search").op("MATCH", is_comparison=True)(text)
    text = " | ".join(f"({' & '.join(one)})" for one in keyed)
    return search.c.words.op("@@", is_comparison=True)(cast(text, TSQUERY))
