"""Numbers that count up without a gap between two commits, such as a day's tickets."""

from __future__ import annotations

from sqlalchemy import Connection

from engine.store.tables import numbers
from engine.store.upsert import both

_TAKE = both(
    lambda insert: (
        (into := insert(numbers))
        .on_conflict_do_update(
            index_elements=["name"], set_={"last": numbers.c.last + into.excluded.last}
        )
        .returning(numbers.c.last)
    )
)


def take(conn: Connection, name: str, count: int = 1) -> int:
    """The next number of a series, 1 the first; held by this transaction until it ends.

    Of several it is the last: the others come before it.
    """
    taken = conn.execute(_TAKE[conn.dialect.name], {"name": name, "last": count})
    return int(taken.scalar_one())
