"""A ticket's own row: made, locked, its state and sealed contents, the facts for access."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from engine.errors import StoreError, VaultError
from engine.flow import state as codec
from engine.flow.model import SEMANTICS
from engine.record import GENESIS, canonical
from engine.store.log import Chain
from engine.store.session import Store
from engine.store.tables import drafts, legs, states, tasks, ticket_keys, tickets
from engine.vault import seal, unseal

FIRST: Final = 1
"""The instance that is the ticket's own process."""


@dataclass
class Ticket(Chain):
    """A ticket locked in this transaction; as a Chain it is what events are appended to.

    `columns` is its row as it was read, moved on by projection.project.
    """

    id: int
    version: int
    columns: dict[str, Any] = field(repr=False)

    @property
    def number(self) -> str:
        """The ticket's number, which is also the name of its chain."""
        return self.name

    def seal(self, purpose: str, content: Mapping[str, Any]) -> bytes:
        """Encrypt something of the ticket, such as a draft. Errors: VaultError erased."""
        return seal_of(self.key, self.number, purpose, content)

    def unseal(self, purpose: str, blob: bytes) -> dict[str, Any]:
        """What `seal` encrypted for this purpose. Errors: VaultError erased, sealed_broken."""
        return unseal_of(self.key, self.number, purpose, blob)


def seal_of(key: bytes | None, number: str, purpose: str, content: Mapping[str, Any]) -> bytes:
    """Encrypt something of a ticket under its key; `purpose` says what, "draft/7/3"."""
    if key is None:
        raise VaultError("erased", number=number)
    return seal(key, canonical(dict(content)), f"{purpose}/{number}")


def unseal_of(key: bytes | None, number: str, purpose: str, blob: bytes) -> dict[str, Any]:
    """What seal_of encrypted. Errors: VaultError erased, sealed_broken."""
    if key is None:
        raise VaultError("erased", number=number)
    content: dict[str, Any] = json.loads(unseal(key, blob, f"{purpose}/{number}"))
    return content


_BY_ID = select(tickets).where(tickets.c.id == bindparam("which")).with_for_update()
_BY_NUMBER = select(tickets).where(tickets.c.number == bindparam("which")).with_for_update()
_BY_ID_UNLESS_LOCKED = (
    select(tickets).where(tickets.c.id == bindparam("which")).with_for_update(skip_locked=True)
)
_KEY = select(ticket_keys.c.wrapped).where(ticket_keys.c.ticket == bindparam("ticket"))
_STATE = select(states.c.semantics, states.c.blob).where(
    states.c.ticket == bindparam("ticket"), states.c.instance == bindparam("instance")
)
_SAVE = (
    update(states)
    .where(states.c.ticket == bindparam("t"), states.c.instance == bindparam("i"))
    .values(semantics=bindparam("s"), blob=bindparam("b"))
)


def create(
    conn: Connection,
    store: Store,
    *,
    number: str,
    version: int,
    process: str,
    area: str,
    centre: str,
    authority: str,
    type: str,
    channel: str,
    now: datetime,
    actor: str,
    card: Mapping[str, str],
) -> Ticket:
    """Make a ticket's row and key, with no event yet; `card` (see cards.words) is sealed."""
    key, wrapped = store.vault.new_key(number)
    columns = {
        "number": number,
        "version": version,
        "process": process,
        "area": area,
        "centre": centre,
        "authority": authority,
        "type": type,
        "channel": channel,
        "created_at": now,
        "created_by": actor,
        "card": seal_of(key, number, "card", card),
        "seq": 0,
        "head": GENESIS,
    }
    made = conn.execute(insert(tickets).returning(tickets.c.id), columns).scalar_one()
    conn.execute(insert(ticket_keys), {"ticket": made, "wrapped": wrapped})
    columns = {column.name: None for column in tickets.c} | columns | {"id": made}
    return Ticket(number, 0, GENESIS, key, made, version, columns)


def lock(conn: Connection, store: Store, which: int | str) -> Ticket:
    """Lock a ticket, by id or number, until the transaction ends.

    Errors: StoreError ticket_unknown, database_locked (somebody held it for too long).
    """
    row = conn.execute(_BY_ID if isinstance(which, int) else _BY_NUMBER, {"which": which}).first()
    if row is None:
        raise StoreError("ticket_unknown", number=which)
    return _locked(conn, store, row)


def try_lock(conn: Connection, store: Store, ticket_id: int) -> Ticket | None:
    """As lock, but None at once when another transaction holds it (the sweep goes on)."""
    row = conn.execute(_BY_ID_UNLESS_LOCKED, {"which": ticket_id}).first()
    return None if row is None else _locked(conn, store, row)


def _locked(conn: Connection, store: Store, row: Row[Any]) -> Ticket:
    # Read after the lock, in a statement of its own: in one with it, PostgreSQL would answer
    # for joined tables from before the wait.
    wrapped = conn.execute(_KEY, {"ticket": row.id}).scalar_one_or_none()
    key = None if wrapped is None else store.vault.unwrap(wrapped, row.number)
    return Ticket(row.number, row.seq, row.head, key, row.id, row.version, row._asdict())


def load_state(conn: Connection, store: Store, ticket: Ticket, instance: int = FIRST) -> Any:
    """The state of a process of the ticket, a fresh one each time (a step consumes it).

    Errors: StoreError state_missing; flow's errors when the state does not load.
    """
    row = conn.execute(_STATE, {"ticket": ticket.id, "instance": instance}).one_or_none()
    if row is None or row.semantics != SEMANTICS:
        raise StoreError("state_missing", number=ticket.number)
    return codec.load(store.definitions(ticket.version), row.blob)


def save_state(conn: Connection, ticket: Ticket, state: Any, instance: int = FIRST) -> None:
    """Save the state after a step."""
    blob = codec.dump(state)
    saved = conn.execute(_SAVE, {"t": ticket.id, "i": instance, "s": SEMANTICS, "b": blob}).rowcount
    if saved != 1:
        row = {"ticket": ticket.id, "instance": instance, "semantics": SEMANTICS, "blob": blob}
        conn.execute(insert(states), row)


def erase(conn: Connection, ticket: Ticket, now: datetime) -> None:
    """Destroy the ticket's key and what is sealed outside the log; the chain stays as it is."""
    conn.execute(delete(ticket_keys).where(ticket_keys.c.ticket == ticket.id))
    conn.execute(delete(drafts).where(drafts.c.ticket == ticket.id))
    conn.execute(update(tickets).where(tickets.c.id == ticket.id).values(card=None, erased_at=now))
    ticket.key = None
    ticket.columns.update(card=None, erased_at=now)


# --- for access --------------------------------------------------------------------------------

_PLACES = select(
    tickets.c.id, tickets.c.area, tickets.c.centre, tickets.c.authority, tickets.c.version
).where(tickets.c.number == bindparam("number"))
_LEGS = select(legs.c.unit, legs.c.peer_centre, legs.c.authority).where(
    legs.c.ticket == bindparam("ticket"), legs.c.void_at.is_(None)
)
_TASK_UNITS = select(tasks.c.unit).where(tasks.c.ticket == bindparam("ticket"))


def facts(conn: Connection, number: str) -> dict[str, Any] | None:
    """What access asks about a ticket (see access.authorize), and its id; None if unknown."""
    row = conn.execute(_PLACES, {"number": number}).one_or_none()
    if row is None:
        return None
    here = {"ticket": row.id}
    rows = conn.execute(_LEGS, here).all()
    return {
        "id": row.id,
        "area": row.area,
        "centre": row.centre,
        "authority": row.authority,
        "units": {leg.unit for leg in rows} | set(conn.execute(_TASK_UNITS, here).scalars()),
        "peer_centres": {leg.peer_centre for leg in rows},
        "authorities": {row.authority} | {leg.authority for leg in rows},
    }
