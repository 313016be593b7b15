"""People as access judges them: unit, area, centre, authority, roles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from engine.access import ACTIONS, User, authorize
from engine.errors import StoreError, Trouble
from engine.store import Store, log, places
from engine.store.tables import delegations, units, user_roles, users

_USER = (
    select(users.c.id, users.c.name, users.c.display_name, users.c.unit, user_roles.c.role)
    .outerjoin(user_roles, user_roles.c.user == users.c.id)
    .where(users.c.id == bindparam("user"))
)

_FOR = (
    select(delegations.c.giver, user_roles.c.role)
    .join(users, users.c.id == delegations.c.giver)
    .join(user_roles, user_roles.c.user == users.c.id)
    .where(
        delegations.c.taker == bindparam("user"),
        delegations.c.since <= bindparam("now"),
        delegations.c.until > bindparam("now"),
        delegations.c.ended_at.is_(None),
        users.c.active,
        users.c.unit == bindparam("unit"),  # who was moved meanwhile leaves nothing behind
    )
)
LENT: Final = frozenset(ACTIONS["work_task"])
"""The roles that a colleague may do the work of."""


def load(conn: Connection, user: int, now: datetime | None = None) -> User:
    """A person by id; at a time, with the work of colleagues who are on leave.

    Errors: StoreError user_unknown, area_incomplete.
    """
    rows = conn.execute(_USER, {"user": user}).all()
    if not rows:
        raise StoreError("user_unknown", name=user)
    row = rows[0]
    peers = places.of_unit(conn, row.unit)
    roles = frozenset(found.role for found in rows if found.role is not None)
    lent: Sequence[Any] = ()
    if now is not None:
        lent = conn.execute(_FOR, {"user": user, "now": now, "unit": row.unit}).all()
    return User(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        unit=row.unit,
        area=peers.area,
        level=peers.level,
        roles=roles | {found.role for found in lent if found.role in LENT},
        stands_for=frozenset(found.giver for found in lent),
        centre=peers.centre,
        authority=peers.authority,
    )


def allow(conn: Connection, actor: User | None, unit: str) -> None:
    """Whether `actor` (None: the system) may manage the people of a unit.

    Errors: Denied; Trouble unit_unlisted.
    """
    area = conn.execute(select(units.c.area).where(units.c.id == unit)).scalar_one_or_none()
    if area is None:
        raise Trouble("unit_unlisted", unit=unit)
    if actor is not None:
        authorize(actor, "manage_users", {"unit": unit, "area": area})


def find(conn: Connection, actor: User | None, name: str) -> Any:
    """The row of somebody whom `actor` may manage, locked. Errors: as allow; user_unknown."""
    row = conn.execute(select(users).where(users.c.name == name).with_for_update()).one_or_none()
    if row is None:
        raise Trouble("user_unknown", name=name)
    allow(conn, actor, row.unit)
    return row


def fact(
    conn: Connection,
    store: Store,
    name: str,
    now: datetime,
    user: User | None,
    /,
    operator: str = "",
    **body: Any,
) -> None:
    """Append what happened to people to the system chain; `user` None: the system did it."""
    log.append_system(
        conn,
        store,
        name,
        now,
        user.name if user else "system",
        user.unit if user else "",
        log.by_hand(user, operator) | body,
    )
