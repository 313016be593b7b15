"""Requests that were acted upon: a key that comes twice acts once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.errors import Trouble
from engine.store.tables import requests

LONGEST = requests.c.key.type.length  # type: ignore[attr-defined]


def first(conn: Connection, key: str, user: str, act: str, now: datetime) -> bool:
    """Whether this request is new; it is registered, and stands if the transaction commits.

    Of two requests with one key at the same time the second waits here for the first to end.
    Errors: Trouble "request_key" (empty or too long), "request_other" (the key of another act).
    """
    if not key or len(key) > LONGEST:
        raise Trouble("request_key")
    done: Any = conn.execute(
        _INSERT[conn.dialect.name],
        {"key": key, "user": user, "act": act, "ticket": None, "at": now},
    )
    if done.rowcount == 1:
        return True
    earlier = conn.execute(
        select(requests.c.act).where(requests.c.key == key, requests.c.user == user)
    ).scalar_one()
    if earlier != act:
        raise Trouble("request_other", earlier=earlier)
    return False


def belongs_to(conn: Connection, key: str, user: str, ticket: int) -> None:
    """Remember the ticket of a request that was new."""
    conn.execute(_BELONGS, {"k": key, "u": user, "ticket": ticket})


def ticket_of(conn: Connection, key: str, user: str) -> int | None:
    """The ticket of an earlier request."""
    return conn.execute(
        select(requests.c.ticket).where(requests.c.key == key, requests.c.user == user)
    ).scalar_one_or_none()


_BELONGS = update(requests).where(
    requests.c.key == bindparam("k"), requests.c.user == bindparam("u")
)
_INSERT = {
    "sqlite": sqlite.insert(requests).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(requests).on_conflict_do_nothing(),
}
