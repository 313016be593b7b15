"""The log: events appended to a chain, read back, verified against keys and registered ends."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from engine.access import User
from engine.errors import StoreError, VaultError
from engine.record import (
    ANNOUNCEMENT,
    GENESIS,
    SYSTEM,
    Difference,
    Event,
    canonical,
    commit,
    make_event,
    offline,
    verify_chain,
)
from engine.record.events import FORMAT, SALT_BYTES
from engine.store.prepared import Prepared
from engine.store.session import Store
from engine.store.tables import chains, events, payloads, ticket_keys, tickets
from engine.vault import seal, unseal


@dataclass
class Chain:
    """The end of a chain, locked in this transaction; `append` moves it on.

    `key` seals its payloads; None once the key was destroyed (erasure).
    """

    name: str
    seq: int
    head: str
    key: bytes | None = field(repr=False)


_LOCK = Prepared(select(chains).where(chains.c.name == bindparam("chain")).with_for_update())
_INSERT = Prepared(insert(events).returning(events.c.id))
_PAYLOAD = Prepared(insert(payloads))
_MOVE_TICKET = Prepared(
    update(tickets).where(tickets.c.number == bindparam("chain"), tickets.c.seq == bindparam("was"))
)
_MOVE_CHAIN = Prepared(
    update(chains).where(chains.c.name == bindparam("chain"), chains.c.seq == bindparam("was"))
)
_READ = (
    select(events)
    .where(events.c.chain == bindparam("chain"), events.c.seq > bindparam("after"))
    .order_by(events.c.seq)
)
_PAYLOADS = (
    select(events.c.seq, events.c.commitment, payloads.c.content)
    .outerjoin(payloads, payloads.c.event == events.c.id)
    .where(events.c.chain == bindparam("chain"))
    .order_by(events.c.seq)
)


_SAID = (
    select(events, payloads.c.content)
    .outerjoin(payloads, payloads.c.event == events.c.id)
    .where(
        events.c.chain.in_(bindparam("chains", expanding=True)),
        events.c.kind == "step",
        events.c.name.in_(("start", "complete")),
    )
    .order_by(events.c.chain, events.c.seq)
)


def system(conn: Connection, store: Store) -> Chain:
    """The end of the system chain, locked for this transaction."""
    return lock(conn, store, SYSTEM)


def lock(conn: Connection, store: Store, chain: str) -> Chain:
    """The end of a chain of no ticket, locked for this transaction."""
    row = _LOCK.one(conn, {"chain": chain})
    key = store.vault.unwrap(row.wrapped, row.name) if row.wrapped else None
    return Chain(row.name, row.seq, row.head, key)


def begin(conn: Connection, store: Store, chain: str) -> Chain:
    """A new chain of no ticket, with a key of its own and no event yet."""
    key, wrapped = store.vault.new_key(chain)
    conn.execute(insert(chains).values(name=chain, seq=0, head=GENESIS, wrapped=wrapped))
    return Chain(chain, 0, GENESIS, key)


def destroy_key(conn: Connection, chain: Chain) -> None:
    """Destroy the key of a locked chain of no ticket: its payloads cannot be read any more."""
    conn.execute(update(chains).where(chains.c.name == chain.name).values(wrapped=b""))
    chain.key = None


def of_ticket(chain: str) -> bool:
    """Whether a chain is a ticket's, by its name; the end of others is registered in `chains`."""
    return chain != SYSTEM and not chain.startswith(ANNOUNCEMENT)


def append(
    conn: Connection,
    chain: Chain,
    kind: str,
    name: str,
    at: datetime,
    actor: str,
    unit: str,
    body: Mapping[str, Any],
    payload: Mapping[str, Any] | None = None,
) -> Event:
    """Append an event to a locked chain; `payload` is sealed under its key and committed to.

    Errors: StoreError chain_moved (the chain was not locked, and somebody else appended);
    VaultError erased (a payload, but the key is destroyed); ValueError (a body that is not JSON).
    """
    salt, plain, commitment = b"", b"", ""
    if payload is not None:
        if chain.key is None:
            raise VaultError("erased", number=chain.name)
        salt, plain = os.urandom(SALT_BYTES), canonical(dict(payload))
        commitment = commit(salt, plain)
    said = {"format": FORMAT, **body}
    event = make_event(
        chain.name, chain.seq + 1, chain.head, kind, name, at, actor, unit, said, commitment
    )
    row = {
        "chain": event.chain,
        "seq": event.seq,
        "kind": event.kind,
        "name": event.name,
        "at": event.at,
        "actor": event.actor,
        "unit": event.unit,
        "body": event.text,
        "commitment": event.commitment,
        "previous": event.previous,
        "hash": event.hash,
    }
    # The registered end moves first: should the lock have been forgotten, this waits for the
    # other writer and then finds no row, and nothing was appended.
    move = _MOVE_TICKET if of_ticket(chain.name) else _MOVE_CHAIN
    end = {"chain": chain.name, "was": chain.seq, "seq": event.seq, "head": event.hash}
    if move.run(conn, end) != 1:
        raise StoreError("chain_moved", chain=chain.name)
    number = _INSERT.scalar(conn, row)
    if chain.key is not None and payload is not None:
        content = seal(chain.key, salt + plain, place(event.chain, event.seq))
        _PAYLOAD.run(conn, {"event": number, "content": content})
    chain.seq, chain.head = event.seq, event.hash
    return event


def by_hand(user: User | None, operator: str) -> dict[str, str]:
    """What a fact says of whose hands it was at the computer, where nobody else is named.

    `user` None is the system; `operator`: as the computer knows them, "" where it does not.
    """
    return {"operator": operator} if user is None and operator else {}


def append_system(
    conn: Connection,
    store: Store,
    name: str,
    at: datetime,
    actor: str,
    unit: str,
    body: Mapping[str, Any],
    payload: Mapping[str, Any] | None = None,
) -> Event:
    """Append a fact to the system chain (sign-in, people, calendar, versions, keys)."""
    return append(conn, system(conn, store), "fact", name, at, actor, unit, body, payload)


def place(chain: str, seq: int) -> str:
    """What a payload is sealed for: its event, and no other."""
    return f"payload/{chain}/{seq}"


# --- reading ---------------------------------------------------------------------------------


def read_events(conn: Connection, chain: str, after: int = 0) -> list[Event]:
    """The events of a chain in order, from number `after` + 1; none for an unknown chain."""
    return list(iterate(conn, chain, after))


def iterate(conn: Connection, chain: str, after: int = 0) -> Iterator[Event]:
    """As read_events, one by one."""
    for row in conn.execute(_READ, {"chain": chain, "after": after}):
        yield _event(row)


def _event(row: Row[Any]) -> Event:
    return Event(
        chain=row.chain,
        seq=row.seq,
        kind=row.kind,
        name=row.name,
        at=row.at,
        actor=row.actor,
        unit=row.unit,
        text=row.body,
        commitment=row.commitment,
        previous=row.previous,
        hash=row.hash,
    )


def key_of(conn: Connection, store: Store, chain: str) -> bytes | None:
    """The key of a chain; None when it was destroyed or never was.

    Errors: VaultError sealed_broken when the wrapped key was changed.
    """
    query = (
        select(ticket_keys.c.wrapped)
        .join(tickets, tickets.c.id == ticket_keys.c.ticket)
        .where(tickets.c.number == chain)
        if of_ticket(chain)
        else select(chains.c.wrapped).where(chains.c.name == chain)
    )
    wrapped = conn.execute(query).scalar_one_or_none()
    return store.vault.unwrap(wrapped, chain) if wrapped else None


def read_payloads(conn: Connection, store: Store, chain: str) -> dict[int, dict[str, Any]]:
    """Event number → payload, for those that have one; empty once the key is destroyed.

    Errors: VaultError sealed_broken when something was changed.
    """
    key = key_of(conn, store, chain)
    if key is None:
        return {}
    return {
        row.seq: read_payload(key, chain, row.seq, row.content)
        for row in conn.execute(_PAYLOADS, {"chain": chain})
        if row.content is not None
    }


def read_said(
    conn: Connection, chains: Collection[str]
) -> dict[str, list[tuple[Event, bytes | None]]]:
    """Chain → the steps in which people filled in a form, each with its sealed payload."""
    found: dict[str, list[tuple[Event, bytes | None]]] = {chain: [] for chain in chains}
    for row in conn.execute(_SAID, {"chains": sorted(chains)}):
        found[row.chain].append((_event(row), row.content))
    return found


def payload_of(conn: Connection, store: Store, chain: str, seq: int) -> dict[str, Any]:
    """The payload of one event; empty without one, or once the key is destroyed.

    Errors: VaultError sealed_broken when something was changed.
    """
    key = key_of(conn, store, chain)
    row = conn.execute(_PAYLOADS.where(events.c.seq == seq), {"chain": chain}).one_or_none()
    if key is None or row is None or row.content is None:
        return {}
    return read_payload(key, chain, seq, row.content)


def read_payload(key: bytes, chain: str, seq: int, content: bytes) -> dict[str, Any]:
    """The payload of one event. Errors: VaultError sealed_broken."""
    found: dict[str, Any] = json.loads(_opened(key, chain, seq, content)[1])
    return found


def _opened(key: bytes, chain: str, seq: int, content: bytes) -> tuple[bytes, bytes]:
    plain = unseal(key, content, place(chain, seq))
    return plain[:SALT_BYTES], plain[SALT_BYTES:]


def export(conn: Connection, store: Store, chain: str) -> Iterator[bytes]:
    """A chain as lines that record.offline verifies anywhere, with its payloads and their salts.

    Whoever holds these lines reads everything that was said; of an erased ticket only the events.
    """
    key = key_of(conn, store, chain)
    sealed = {row.seq: row.content for row in conn.execute(_PAYLOADS, {"chain": chain})}
    for event in read_events(conn, chain):
        content = sealed.get(event.seq)
        opened = None
        if key is not None and content is not None:
            opened = _opened(key, chain, event.seq, content)
        yield offline.line(event, opened)


# --- verifying -------------------------------------------------------------------------------


def verify(conn: Connection, store: Store, chain: str) -> Difference | None:
    """The first difference in a chain: its events, its registered end, its payloads.

    A destroyed key is none: the chain is checked, and that every payload is still there.
    Errors: StoreError chain_unknown when neither a register nor an event knows the chain.
    """
    register = (
        select(tickets.c.seq, tickets.c.head).where(tickets.c.number == chain)
        if of_ticket(chain)
        else select(chains.c.seq, chains.c.head).where(chains.c.name == chain)
    )
    end = conn.execute(register).one_or_none()
    found: list[Event] = []
    readable = True
    try:
        for event in iterate(conn, chain):
            found.append(event)
    except _UNREADABLE:  # a time that is none any more
        readable = False
    if end is None and not found and readable:
        raise StoreError("chain_unknown", chain=chain)
    if not readable:
        return _holds(found, chain) or Difference(chain, len(found) + 1, "event_unreadable")
    seq, head = (end.seq, end.head) if end is not None else (0, GENESIS)
    return _holds(found, chain, seq, head) or _payloads_hold(conn, store, chain)


_UNREADABLE = (ValueError, TypeError, AttributeError, RecursionError)
"""What columns raise that hold something of another kind than their table says."""


def _holds(
    found: list[Event], chain: str, seq: int | None = None, head: str | None = None
) -> Difference | None:
    """As verify_chain; an event that cannot even be hashed is the first difference."""
    try:
        return verify_chain(found, chain, seq, head)
    except _UNREADABLE:
        for n in range(1, len(found) + 1):
            try:
                if (difference := verify_chain(found[:n], chain)) is not None:
                    return difference
            except _UNREADABLE:
                return Difference(chain, n, "event_unreadable")
        return Difference(chain, len(found), "chain_head_hash")


def _payloads_hold(conn: Connection, store: Store, chain: str) -> Difference | None:
    try:
        rows = conn.execute(_PAYLOADS, {"chain": chain}).all()
        key = key_of(conn, store, chain)
    except (VaultError, *_UNREADABLE):
        return Difference(chain, 1, "event_payload_broken")
    for row in rows:
        if not row.commitment:
            if row.content is not None:
                return Difference(chain, row.seq, "event_payload_extra")
            continue
        if row.content is None:
            return Difference(chain, row.seq, "event_payload_missing")
        if key is None:
            continue
        try:
            salt, plain = _opened(key, chain, row.seq, row.content)
            said = commit(salt, plain)
        except (VaultError, *_UNREADABLE):
            return Difference(chain, row.seq, "event_payload_broken")
        if said != row.commitment:
            return Difference(chain, row.seq, "event_commitment")
    return None
