"""Leave: a colleague does somebody's work for some days. Facts on the system chain."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import insert, select, update

from engine.access import User
from engine.errors import Trouble
from engine.record import instant
from engine.store import Store, claims, people
from engine.store.tables import delegations, user_roles, users

LONGEST: Final = timedelta(days=184)
"""Half a year: a longer absence is a change of roles."""


def give(
    store: Store, user: User, to: str, since: datetime, until: datetime, now: datetime
) -> None:
    """Let a colleague of the same unit (`to`: sign-in name) do one's work from `since` to `until`.

    What the user may do by a colleague's leave is not passed on.
    Errors: Trouble leave_times, leave_colleague, leave_twice (somebody does so already then).
    """
    if not now < until or not since < until or until - since > LONGEST:
        raise Trouble("leave_times", most=LONGEST.days)
    with store.write() as conn:
        taker = conn.execute(
            select(users.c.id).where(
                users.c.name == to,
                users.c.active,
                users.c.unit == user.unit,
                users.c.id != user.id,
            )
        ).scalar_one_or_none()
        own = select(user_roles.c.role).where(user_roles.c.user == user.id)
        if taker is None or not people.LENT.intersection(conn.execute(own).scalars()):
            raise Trouble("leave_colleague", name=to)
        twice = select(delegations.c.id).where(
            delegations.c.giver == user.id,
            delegations.c.ended_at.is_(None),
            delegations.c.since < until,
            delegations.c.until > since,
        )
        if conn.execute(twice.limit(1)).first() is not None:
            raise Trouble("leave_twice")
        row = {"giver": user.id, "taker": taker, "since": since, "until": until}
        conn.execute(insert(delegations).values(row))
        said = {"to": to, "since": instant(since), "until": instant(until)}
        people.fact(conn, store, "delegate", now, user, **said)


def end(store: Store, user: User, id: int, now: datetime) -> None:
    """Do one's work oneself again; what the colleague has taken of it goes back to the unit.

    Errors: Trouble leave_over (ended before, or somebody else's).
    """
    with store.write() as conn:
        row = conn.execute(
            update(delegations)
            .where(
                delegations.c.id == id,
                delegations.c.giver == user.id,
                delegations.c.ended_at.is_(None),
            )
            .values(ended_at=now)
            .returning(delegations.c.taker)
        ).one_or_none()
        if row is None:
            raise Trouble("leave_over")
        to = conn.execute(select(users.c.name).where(users.c.id == row.taker)).scalar_one()
        people.fact(conn, store, "delegation_ended", now, user, to=to)
    claims.release(store, row.taker, now, user)


def end_those_over(store: Store, now: datetime) -> int:
    """Take back what colleagues hold of leaves that are over; how many there were."""
    over = (delegations.c.until <= now) & delegations.c.ended_at.is_(None)
    with store.read() as conn:
        if conn.execute(select(delegations.c.id).where(over).limit(1)).first() is None:
            return 0
    with store.write() as conn:
        ended = update(delegations).where(over).values(ended_at=now).returning(delegations.c.taker)
        takers = list(conn.execute(ended).scalars())
    for taker in sorted(set(takers)):
        claims.release(store, taker, now, None)
    return len(takers)
