"""Leaves: who does whose work, and who could."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select

from engine.access import User
from engine.store import Store
from engine.store import tables as t


@dataclass(frozen=True, slots=True)
class Leave:
    """A stretch of time in which `taker` does the work of `giver`."""

    id: int
    giver_name: str
    taker_name: str
    since: datetime
    until: datetime  # half-open


_giver, _taker = t.users.alias("giver"), t.users.alias("taker")


def given(store: Store, user: User, now: datetime) -> tuple[Leave, ...]:
    """The user's own leaves, of now and to come."""
    return _leaves(store, now, t.delegations.c.giver == user.id)


def taken(store: Store, user: User, now: datetime) -> tuple[Leave, ...]:
    """The leaves in which the user does a colleague's work now."""
    mine = t.delegations.c.taker == user.id
    return _leaves(store, now, mine & (t.delegations.c.since <= now))


def _leaves(store: Store, now: datetime, whose: ColumnElement[bool]) -> tuple[Leave, ...]:
    query = (
        select(
            t.delegations,
            _giver.c.display_name.label("giver_name"),
            _taker.c.display_name.label("taker_name"),
        )
        .join(_giver, _giver.c.id == t.delegations.c.giver)
        .join(_taker, _taker.c.id == t.delegations.c.taker)
        .where(whose, t.delegations.c.ended_at.is_(None), t.delegations.c.until > now)
        .order_by(t.delegations.c.since, t.delegations.c.id)
    )
    with store.read() as conn:
        return tuple(
            Leave(
                id=row.id,
                giver_name=row.giver_name,
                taker_name=row.taker_name,
                since=row.since,
                until=row.until,
            )
            for row in conn.execute(query)
        )


def colleagues(store: Store, user: User) -> tuple[tuple[str, str], ...]:
    """Who else works in the user's unit: (sign-in name, display name)."""
    query = (
        select(t.users.c.name, t.users.c.display_name)
        .where(t.users.c.unit == user.unit, t.users.c.active, t.users.c.id != user.id)
        .order_by(t.users.c.name)
    )
    with store.read() as conn:
        return tuple((row.name, row.display_name) for row in conn.execute(query))
