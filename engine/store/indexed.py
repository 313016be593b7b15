"""How far back the search index goes: what `hotline reindex` brought in, and whether it is sound.

Acts write their words themselves. What happened before there was an index, or under code that
knew of none while releases changed, is brought in ticket by ticket; two facts of the system chain
say up to which event of all chains that is to be done, and that it has been.
"""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select, text

from engine.record import SYSTEM
from engine.store import search
from engine.store.tables import events, tickets

BEGUN: Final = "reindex_begun"
DONE: Final = "reindexed"
"""Facts. Their bodies: `upto`, the id of the last event of all chains, and the `rules`."""

_FACTS = (
    select(events.c.name, events.c.body)
    .where(events.c.chain == SYSTEM, events.c.name.in_((BEGUN, DONE)))
    .order_by(events.c.seq.desc())
)
_LAST = select(func.max(events.c.seq)).where(
    events.c.chain == bindparam("chain"), events.c.id <= bindparam("upto")
)
_ORPHAN = select(search.TICKET).where(search.TICKET.not_in(select(tickets.c.id))).limit(1)


def begun(conn: Connection) -> dict[str, Any] | None:
    """The body of the fact with which a run began that has not come to its end."""
    row = conn.execute(_FACTS).first()
    if row is None or row.name == DONE:
        return None
    body: dict[str, Any] = json.loads(row.body)
    return body if body["rules"] == search.RULES else None


def last_of(conn: Connection, chain: str) -> int:
    """The number of the last event of a chain that a finished run has brought in, or 0."""
    for row in conn.execute(_FACTS):
        body = json.loads(row.body)
        if row.name == DONE and body["rules"] == search.RULES:
            found = conn.execute(_LAST, {"chain": chain, "upto": body["upto"]}).scalar()
            return int(found or 0)
    return 0


def sound(conn: Connection) -> bool:
    """Whether SQLite finds by its index what the rows say, all of it and nothing else.

    PostgreSQL keeps an index of the rows itself.
    """
    if conn.dialect.name != "sqlite":
        return True
    # A query before it: FTS5 notices only then what other connections have written meanwhile.
    conn.execute(text("SELECT rowid FROM search LIMIT 1")).first()
    return conn.execute(text("PRAGMA integrity_check(search)")).scalars().all() == ["ok"]


def rebuild(conn: Connection) -> None:
    """Make SQLite's index anew from the rows; before that none of them could be changed."""
    conn.execute(text("INSERT INTO search(search) VALUES ('rebuild')"))


def wrong(conn: Connection) -> str:
    """What is wrong with the index as a whole, in Chinese; "" for nothing."""
    if not sound(conn):
        return "检索索引已损坏或被改动，请运行 hotline reindex 重建。"
    if conn.execute(_ORPHAN).first() is not None:
        return "检索索引中有不存在的工单。"
    return ""
