"""A simulated month many times over, for measuring how the product stands a whole province.

Each copy is a ticket of the same day with a number, a key and a chain of its own: every event is
hashed and tied to the one before, every payload sealed and committed to, by the same functions
that the acts use, and `verify` takes every step of it again. Nobody did it, not even pretended:
the system chain says that these are copies.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from engine.acts import simulations
from engine.city.loader_texts import ROWS, Happened, Original, original
from engine.errors import Trouble
from engine.flow import state as codec
from engine.record import GENESIS, Event, chained, commit
from engine.record.events import SALT_BYTES
from engine.store import Store, numbers, search
from engine.store.log import place
from engine.store.tables import events, outbox, payloads, states, ticket_keys, tickets
from engine.store.tickets import FIRST, seal_of
from engine.vault import seal

BATCH = 200
"""Tickets that one transaction writes."""

Progress = Callable[[int, int], None]
Rows = dict[Any, list[dict[str, Any]]]


def multiply(
    store: Store, copies: int, progress: Progress | None = None, *, still_open: int | None = None
) -> int:
    """Copy every ticket of a simulated city `copies` times; how many copies were made.

    `still_open`: how often to copy those that have not ended, if not as often: in a city of years
    most tickets are over. Stopped halfway, what was made stands and verifies. Errors: Trouble
    multiply_real (the database was not filled by a simulation).
    """
    run = simulations.last(store)
    if run is None:
        raise Trouble("multiply_real")
    groups = [
        (numbers, copies if ended or still_open is None else still_open)
        for numbers, ended in _groups(store)
    ]
    made, count = 0, sum(len(numbers) * times for numbers, times in groups)
    for batch in _batches(store, groups):
        with store.write() as conn:
            made += _write(conn, store, batch)
        if progress:
            progress(made, count)
    simulations.multiplied(store, copies, made, run.start)
    return made


def _groups(store: Store) -> list[tuple[list[str], bool]]:
    """The numbers of all tickets, and whether all is over with them; those that were merged stand
    together with their main one."""
    with store.read() as conn:
        query = select(tickets.c.number, tickets.c.merged_into, tickets.c.ended_at)
        rows = conn.execute(query.order_by(tickets.c.id)).all()
    into = {row.number: row.merged_into for row in rows}
    going_on = {row.number for row in rows if row.ended_at is None}
    groups: dict[str, list[str]] = {}
    for number in into:
        main = number
        while (above := into.get(main)) is not None and above in into:
            main = above
        groups.setdefault(main, []).append(number)
    return [(numbers, going_on.isdisjoint(numbers)) for numbers in groups.values()]


_Copy = Sequence[Original]
"""The tickets of one group, to be copied together."""


def _batches(store: Store, groups: list[tuple[list[str], int]]) -> Iterator[list[_Copy]]:
    batch: list[_Copy] = []
    for group, copies in groups:
        found = [one for number in group if (one := original(store, number, group)) is not None]
        for _ in range(copies):
            batch.append(found)
            if sum(map(len, batch)) >= BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _write(conn: Connection, store: Store, batch: list[_Copy]) -> int:
    """Write a batch of copies; how many tickets."""
    days = Counter(one.day for copy in batch for one in copy)
    free = {day: numbers.take(conn, f"ticket/{day}", count) - count for day, count in days.items()}
    rows: Rows = {table: [] for table in (tickets, events, ticket_keys, states, outbox, *ROWS)}
    words: list[tuple[str, int, str]] = []
    contents: list[bytes | None] = []
    for copy in batch:
        named = {}
        for one in copy:
            free[one.day] += 1
            named[one.number] = f"{one.day}-{free[one.day]:05d}"
        for one in copy:
            _draw(store, one, named, rows, contents)
            words += [(named[one.number], seq, found) for seq, found in one.words.items()]
    made = rows.pop(tickets)
    ids = _inserted(conn, tickets, made)
    of = dict(zip((row["number"] for row in made), ids, strict=True))
    seen = _inserted(conn, events, rows.pop(events))
    sealed = [
        {"event": id, "content": content}
        for id, content in zip(seen, contents, strict=True)
        if content is not None
    ]
    conn.execute(insert(payloads), sealed)
    search.add(conn, [(of[number], seq, found) for number, seq, found in words])
    for table, drawn in rows.items():
        if drawn:
            conn.execute(insert(table), [{**row, "ticket": of[row["ticket"]]} for row in drawn])
    return len(made)


def _inserted(conn: Connection, table: Any, rows: list[dict[str, Any]]) -> Sequence[int]:
    """Insert rows; their ids, in the same order."""
    query = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return conn.execute(query, rows).scalars().all()


def _draw(
    store: Store,
    one: Original,
    named: Mapping[str, str],
    rows: Rows,
    contents: list[bytes | None],
) -> None:
    """Draw all rows of one copy, with its number where the ticket's id will stand."""
    number = named[one.number]
    key, wrapped = store.vault.new_key(number)
    head, seq = GENESIS, 0
    for seq, happened in enumerate(one.events, 1):
        event, content = _again(happened, number, seq, head, key, named)
        head = event.hash
        contents.append(content)
        rows[events].append(_row(event))
    main = one.merged_into
    rows[tickets].append(
        {
            **one.columns,
            "number": number,
            "merged_into": None if main is None else named.get(main, main),
            "card": seal_of(key, number, "card", one.card),
            "seq": seq,
            "head": head,
        }
    )
    rows[ticket_keys].append({"ticket": number, "wrapped": wrapped})
    blob = codec.closed(one.state.of(named).encode())
    state = {"instance": FIRST, "semantics": one.semantics, "blob": blob}
    rows[states].append({"ticket": number, **state})
    for table in ROWS:
        rows[table] += [{**row, "ticket": number} for row in one.rows[table]]
    rows[outbox] += [
        {**rest, "ticket": number, "key": key.of(named), "content": content.of(named)}
        for key, content, rest in one.letters
    ]


def _again(
    happened: Happened, chain: str, seq: int, head: str, key: bytes, named: Mapping[str, str]
) -> tuple[Event, bytes | None]:
    """An event of a copy, and its sealed payload."""
    text = happened.before.of(named)
    if happened.state is not None and happened.after is not None:
        digest = hashlib.sha256(happened.state.of(named).encode()).hexdigest()
        text += f'"state":"{digest}"' + happened.after.of(named)
    commitment, content = "", None
    if happened.payload is not None:
        salt, plain = os.urandom(SALT_BYTES), happened.payload.of(named).encode()
        commitment = commit(salt, plain)
        content = seal(key, salt + plain, place(chain, seq))
    was = happened.event
    who = was.actor, was.unit
    event = chained(chain, seq, head, was.kind, was.name, was.at, *who, text, commitment)
    return event, content


def _row(event: Event) -> dict[str, Any]:
    row = {name: getattr(event, name) for name in Event.__dataclass_fields__ if name != "text"}
    return {**row, "body": event.text}
