"""People as access judges them: unit, area, centre, authority, roles."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from engine.access import User
from engine.errors import StoreError
from engine.store import places
from engine.store.tables import user_roles, users

_USER = (
    select(users.c.id, users.c.name, users.c.display_name, users.c.unit, user_roles.c.role)
    .outerjoin(user_roles, user_roles.c.user == users.c.id)
    .where(users.c.id == bindparam("user"))
)


def load(conn: Connection, user: int) -> User:
    """A person by id. Errors: StoreError user_unknown, area_incomplete."""
    rows = conn.execute(_USER, {"user": user}).all()
    if not rows:
        raise StoreError("user_unknown", name=user)
    row = rows[0]
    peers = places.of_unit(conn, row.unit)
    return User(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        unit=row.unit,
        area=peers.area,
        level=peers.level,
        roles=frozenset(found.role for found in rows if found.role is not None),
        centre=peers.centre,
        authority=peers.authority,
    )
