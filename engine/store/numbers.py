"""Numbers that count up without a gap between two commits, such as a day's tickets."""

from __future__ import annotations

from sqlalchemy import Connection

from engine.store.prepared import Prepared
from engine.store.tables import numbers
from engine.store.upsert import both

_TAKE = Prepared(
    both(
        lambda insert: (
            (into := insert(numbers))
            .on_conflict_do_update(
                index_elements=["name"], set_={"last": numbers.c.last + into.excluded.last}
            )
            .returning(numbers.c.last)
        )
    )
)


def take(conn: Connection, name: str, count: int = 1) -> int:
    """The next number of a series, 1 the first; held by this transaction until it ends.

    Of several it is the last: the others come before it.
    """
    return int(_TAKE.scalar(conn, {"name": name, "last": count}))
