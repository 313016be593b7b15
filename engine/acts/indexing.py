"""The search index brought up from the log: what was said before there was one, and repairs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, select

from engine.store import Store, indexed, log, numbers, search, tickets
from engine.store.tables import events
from engine.store.tables import numbers as series
from engine.store.tables import tickets as rows

BATCH: Final = 100
"""Tickets that one transaction writes: others wait for it no longer than for an act or two."""

_SERIES: Final = "reindex"
"""Where a run stands, the id of a ticket, is the last number of this series."""
_STANDS = select(series.c.last).where(series.c.name == _SERIES)
_NEXT = (
    select(rows.c.id)
    .where(rows.c.id > bindparam("after"))
    .order_by(rows.c.id)
    .limit(bindparam("most"))
)


def reindex(store: Store, now: datetime) -> Iterator[tuple[int, int]]:
    """Bring every ticket's words into the index anew, from its payloads; (done, of how many).

    Stopped halfway it goes on from there the next time. Acts go on meanwhile; each ticket is
    locked while its words are written. Errors: StoreError; VaultError of a payload that does not
    open (`hotline verify` says which).
    """
    upto, after = _begin(store, now)
    with store.read() as conn:
        count = conn.execute(select(func.count()).select_from(rows)).scalar_one()
        done = conn.execute(
            select(func.count()).select_from(rows).where(rows.c.id <= after)
        ).scalar_one()
    yield done, count
    while some := _batch(store, after):
        after = some[-1]
        done += len(some)
        yield done, max(done, count)
    with store.write() as conn:
        conn.execute(delete(series).where(series.c.name == _SERIES))
        said = {"upto": upto, "rules": search.RULES}
        log.append_system(conn, store, indexed.DONE, now, "system", "", said)


def _begin(store: Store, now: datetime) -> tuple[int, int]:
    """The last event that is to be indexed, and the ticket after which to go on."""
    with store.write() as conn:
        begun = indexed.begun(conn)
        if begun is not None:
            return begun["upto"], conn.execute(_STANDS).scalar() or 0
        if not indexed.sound(conn):
            indexed.rebuild(conn)
        conn.execute(delete(series).where(series.c.name == _SERIES))
        upto = conn.execute(select(func.max(events.c.id))).scalar() or 0
        said = {"upto": upto, "rules": search.RULES}
        log.append_system(conn, store, indexed.BEGUN, now, "system", "", said)
        return upto, 0


def _batch(store: Store, after: int) -> list[int]:
    """Index some tickets in one transaction; their ids, in order."""
    with store.write() as conn:
        found = list(conn.execute(_NEXT, {"after": after, "most": BATCH}).scalars())
        for id in found:
            # The events of whoever had the lock are seen after it.
            ticket = tickets.lock(conn, store, id)
            search.remove(conn, id)
            if ticket.key is None:
                continue
            chain = log.read_events(conn, ticket.number)
            said = log.read_payloads(conn, store, ticket.number)
            words = search.of_events(conn, store, chain, said, search.caller_of(ticket))
            search.add(conn, [(id, seq, one) for seq, one in words.items()])
        if found:
            numbers.take(conn, _SERIES, found[-1] - after)
    return found
