"""Requests that were done already: an act that is sent twice is done once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.store.tables import requests

_BEFORE = select(requests.c.ticket).where(
    requests.c.key == bindparam("key"), requests.c.user == bindparam("user")
)


def first_time(
    conn: Connection, key: str, user: str, act: str, at: datetime, ticket: int | None = None
) -> bool:
    """Note a request in the act's own transaction; False when it was done before.

    A second one that runs at the same time waits here for the first to commit or roll back.
    """
    build = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    row = {"key": key, "user": user, "act": act, "at": at, "ticket": ticket}
    noted = conn.execute(
        build(requests).values(**row).on_conflict_do_nothing().returning(requests.c.key)
    )
    return noted.first() is not None


def ticket_of(conn: Connection, key: str, user: str) -> int | None:
    """The id of the ticket that a request done before was about, None if about none."""
    return conn.execute(_BEFORE, {"key": key, "user": user}).scalar_one_or_none()


def act_of(conn: Connection, key: str, user: str) -> str | None:
    """Which act a request that was noted before was for."""
    mine = (requests.c.key == key) & (requests.c.user == user)
    return conn.execute(select(requests.c.act).where(mine)).scalar_one_or_none()


def name_ticket(conn: Connection, key: str, user: str, ticket: int) -> None:
    """Say afterwards which ticket a noted request made."""
    mine = (requests.c.key == key) & (requests.c.user == user)
    conn.execute(update(requests).where(mine).values(ticket=ticket))


def forget(conn: Connection, before: datetime) -> int:
    """Forget requests from before a time; how many. Nobody repeats one after days."""
    return conn.execute(delete(requests).where(requests.c.at < before)).rowcount
