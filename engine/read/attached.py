"""The files of a ticket: which there are, who brought them with what, and what is in them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from engine.access import User
from engine.errors import Denied, VaultError
from engine.formjs import Component
from engine.formjs.kinds import KINDS, Untaken, tell
from engine.read.history import Names
from engine.record import Event
from engine.store import Store, attachments, forms, log
from engine.store.attachments import PIECE, Said

LARGEST_SHOWN = 8_000_000
"""Bytes of a picture that a page shows by itself: a photo of a telephone, and no scan of a plan."""


@dataclass(frozen=True, slots=True)
class Attached:
    """One file of a ticket. `hidden`: it tells who called, and this reader may not know."""

    n: int
    name: str
    size: int  # bytes
    picture: bool  # a browser draws it, and it is small enough to be shown with others
    at: datetime
    actor_name: str
    unit_name: str
    task: str  # with which task it came; "" with the call itself
    field: str
    seq: int
    hidden: bool


@dataclass(frozen=True, slots=True)
class Content:
    """A file to be sent: `chunks` reads it piece by piece, each in a transaction of its own."""

    name: str
    size: int
    type: str  # "image/png" of a picture, else application/octet-stream
    chunks: Iterator[bytes] = field(repr=False)


def attached(
    conn: Connection,
    store: Store,
    events: Iterable[Event],
    payloads: Mapping[int, Mapping[str, Any]],
    names: Names,
    shield: bool,
) -> tuple[Attached, ...]:
    """The files that events brought whose payloads the reader may read; `shield`: the reader may
    not know who called."""
    return tuple(
        Attached(
            n=n,
            name=said.name,
            size=said.size,
            picture=said.kind in KINDS and KINDS[said.kind].shown and said.size <= LARGEST_SHOWN,
            at=event.at,
            actor_name=names.person(event.actor),
            unit_name=names.units.get(event.unit, ""),
            task=str(event.body.get("name", "")),
            field=picker.name,
            seq=event.seq,
            hidden=shield and picker.reporter,
        )
        for event in events
        for n, said, picker in _brought(conn, store, event, payloads.get(event.seq, {}))
    )


def _brought(
    conn: Connection, store: Store, event: Event, payload: Mapping[str, Any]
) -> Iterator[tuple[int, Said, Component]]:
    found = list(attachments.entries(payload))
    if not found:
        return
    body = event.body
    form = forms.read(store.definitions_of(body["version"], conn), body["form"])
    pickers = {picker.key: picker for picker in form.pickers}
    for key, n, said in found:
        yield n, said, pickers[key]


def content(
    conn: Connection, store: Store, ticket: int, number: str, n: int, shield: bool
) -> Content:
    """What is in the n-th file of a ticket whose content the reader may read.

    A picture is one only if its content still says so. Errors: Denied, hidden if there is none
    or the reader may not know who called; VaultError erased, sealed_broken.
    """
    row = attachments.rows_of(conn, ticket).get(n)
    if row is None:
        raise Denied("denied_hidden", hidden=True)
    payloads = log.read_payloads(conn, store, number)
    events = log.iterate(conn, number, row.seq - 1)
    found = _brought(conn, store, next(events), payloads.get(row.seq, {}))
    said, picker = next(((said, picker) for at, said, picker in found if at == n), (None, None))
    if said is None or picker is None:
        raise VaultError("sealed_broken", aad=f"attachment/{n}")
    if shield and picker.reporter:
        raise Denied("denied_hidden", hidden=True)
    key = attachments.key_of(row, log.key_of(conn, store, number), number)
    first = attachments.piece(conn, row.file, 0, key)

    def chunks() -> Iterator[bytes]:
        yield first
        for piece in range(1, -(-said.size // PIECE)):
            with store.read() as own:  # a slow reader keeps no transaction open
                following = attachments.piece(own, row.file, piece, key)
            yield following

    return Content(said.name, said.size, _type(first), chunks())


def _type(first: bytes) -> str:
    try:
        kind = tell(io.BytesIO(first), "")
    except Untaken:
        return OTHER
    return kind.type if kind.shown else OTHER


OTHER = "application/octet-stream"


def waiting(store: Store, user: User, tokens: Sequence[str]) -> dict[str, Said]:
    """Token → what waits under it for this person; tokens of nothing are left out."""
    with store.read() as conn:
        return attachments.waiting(conn, store, user, tokens)
