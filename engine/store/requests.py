"""Requests that were done already: an act that is sent twice is done once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select, update

from engine.store.prepared import Prepared
from engine.store.tables import requests
from engine.store.upsert import both

_NOTE = Prepared(
    both(lambda insert: insert(requests).on_conflict_do_nothing().returning(requests.c.key))
)
_MINE = (requests.c.key == bindparam("k")) & (requests.c.user == bindparam("u"))
_TICKET = select(requests.c.ticket).where(_MINE)
_ACT = select(requests.c.act, requests.c.digest).where(_MINE)
_NAME = Prepared(update(requests).where(_MINE))


def first_time(
    conn: Connection, key: str, user: str, act: str, at: datetime, digest: str | None = None
) -> bool:
    """Note a request in the act's own transaction; False when it was done before.

    `digest` is of what was sent, where the same key with other content is a mistake.
    A second one that runs at the same time waits here for the first to commit or roll back.
    """
    row = {"key": key, "user": user, "act": act, "at": at, "digest": digest}
    return _NOTE.first(conn, row) is not None


def known(conn: Connection, key: str, user: str) -> bool:
    """Whether a request was done before."""
    return conn.execute(_ACT, {"k": key, "u": user}).first() is not None


def ticket_of(conn: Connection, key: str, user: str) -> int | None:
    """The id of the ticket that a request done before was about, None if about none."""
    return conn.execute(_TICKET, {"k": key, "u": user}).scalar_one_or_none()


def act_of(conn: Connection, key: str, user: str) -> tuple[str, str | None]:
    """Which act a request that was noted before was for, and the digest of what was sent."""
    row = conn.execute(_ACT, {"k": key, "u": user}).one()
    return row.act, row.digest


def name_ticket(conn: Connection, key: str, user: str, ticket: int) -> None:
    """Say afterwards which ticket a noted request made."""
    _NAME.run(conn, {"k": key, "u": user, "ticket": ticket})


def forget(conn: Connection, before: datetime) -> int:
    """Forget requests from before a time; how many. Nobody repeats one after days."""
    return conn.execute(delete(requests).where(requests.c.at < before)).rowcount
