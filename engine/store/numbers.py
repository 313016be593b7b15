"""Numbers that count up without a gap between two commits, such as a day's tickets."""

from __future__ import annotations

from sqlalchemy import Connection

from engine.store.tables import numbers
from engine.store.upsert import both

_TAKE = both(
    lambda insert: (
        insert(numbers)
        .on_conflict_do_update(index_elements=["name"], set_={"last": numbers.c.last + 1})
        .returning(numbers.c.last)
    )
)


def take(conn: Connection, name: str) -> int:
    """The next number of a series, 1 the first; held by this transaction until it ends."""
    taken = conn.execute(_TAKE[conn.dialect.name], {"name": name, "last": 1})
    return int(taken.scalar_one())
