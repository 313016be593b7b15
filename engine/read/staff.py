"""People as administrators see them: who there is, where, with which roles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from engine.store import Store
from engine.store.tables import units, user_roles, users


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account."""

    name: str
    display_name: str
    unit: str
    unit_name: str
    roles: tuple[str, ...]
    active: bool
    locked_until: datetime | None


def everybody(store: Store) -> tuple[Person, ...]:
    """All accounts, in the order of their names."""
    with store.read() as conn:
        roles: dict[int, list[str]] = {}
        for row in conn.execute(select(user_roles).order_by(user_roles.c.role)):
            roles.setdefault(row.user, []).append(row.role)
        rows = conn.execute(
            select(users, units.c.name.label("unit_name"))
            .join(units, units.c.id == users.c.unit)
            .order_by(users.c.name)
        ).all()
    return tuple(
        Person(
            row.name,
            row.display_name,
            row.unit,
            row.unit_name,
            tuple(roles.get(row.id, ())),
            row.active,
            row.locked_until,
        )
        for row in rows
    )


def anybody(store: Store) -> bool:
    """Whether somebody can sign in yet: the last thing that `hotline init` sees to."""
    with store.read() as conn:
        return conn.execute(select(users.c.id).limit(1)).first() is not None
