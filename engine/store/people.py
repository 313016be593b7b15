"""People as access judges them: unit, area, centre, authority, roles."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from engine.access import User
from engine.errors import StoreError
from engine.store import places
from engine.store.tables import user_roles, users

_USER = select(users.c.id, users.c.name, users.c.display_name, users.c.unit).where(
    users.c.id == bindparam("user")
)
_ROLES = select(user_roles.c.role).where(user_roles.c.user == bindparam("user"))


def load(conn: Connection, user: int) -> User:
    """A person by id. Errors: StoreError user_unknown, area_incomplete."""
    row = conn.execute(_USER, {"user": user}).one_or_none()
    if row is None:
        raise StoreError("user_unknown", name=user)
    peers = places.of_unit(conn, row.unit)
    roles = conn.execute(_ROLES, {"user": user}).scalars().all()
    return User(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        unit=row.unit,
        area=peers.area,
        level=peers.level,
        roles=frozenset(roles),
        centre=peers.centre,
        authority=peers.authority,
    )
