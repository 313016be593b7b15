"""Lists that a person keeps: a narrowed work list under a name. No facts of any ticket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from sqlalchemy import delete, func, insert, select

from engine.access import User
from engine.errors import Trouble
from engine.formjs.text import forbidden
from engine.store import Store
from engine.store.tables import kept_lists

MOST: Final = 20
LONGEST_NAME: Final = 30


def keep(store: Store, user: User, name: str, said: Mapping[str, str]) -> None:
    """Keep a list under a name; one of the same name is replaced.

    Errors: Trouble list_name (none, too long, or with characters that no name has), list_empty
    (nothing is narrowed), list_many.
    """
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME or forbidden(name, lines=False):
        raise Trouble("list_name", most=LONGEST_NAME)
    if not said:
        raise Trouble("list_empty")
    own = kept_lists.c.user == user.id
    with store.write() as conn:
        conn.execute(delete(kept_lists).where(own, kept_lists.c.name == name))
        query = select(func.count()).select_from(kept_lists).where(own)
        if conn.execute(query).scalar_one() >= MOST:
            raise Trouble("list_many", most=MOST)
        row = {"user": user.id, "name": name, "said": json.dumps(dict(said), ensure_ascii=False)}
        conn.execute(insert(kept_lists).values(row))


def drop(store: Store, user: User, name: str) -> None:
    """Forget a list; one that is not there was forgotten before."""
    with store.write() as conn:
        own = kept_lists.c.user == user.id
        conn.execute(delete(kept_lists).where(own, kept_lists.c.name == name))
