"""Numbers that count up without a gap between two commits, such as a day's tickets."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from engine.store.tables import numbers


def take(conn: Connection, name: str) -> int:
    """The next number of a series, 1 the first; held by this transaction until it ends."""
    build = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    row = build(numbers).values(name=name, last=1)
    taken = row.on_conflict_do_update(
        index_elements=["name"], set_={"last": numbers.c.last + 1}
    ).returning(numbers.c.last)
    return int(conn.execute(taken).scalar_one())
