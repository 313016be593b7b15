"""People and units as administrators see them: who there is, where, with which roles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from engine.store import Store
from engine.store.tables import areas, units, user_roles, users


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


@dataclass(frozen=True, slots=True)
class Place:
    """A unit in its area; `people`: how many may sign in."""

    area: str
    area_name: str
    unit: str
    unit_name: str
    kind: str
    superior: str
    people: int


def places(store: Store) -> tuple[Place, ...]:
    """All units: the city's first, then by area and id."""
    working = (
        select(units.c.id.label("unit"), func.count(users.c.id).label("people"))
        .outerjoin(users, (users.c.unit == units.c.id) & users.c.active)
        .group_by(units.c.id)
        .subquery()
    )
    query = (
        select(units, areas.c.name.label("area_name"), working.c.people)
        .join(areas, areas.c.id == units.c.area)
        .join(working, working.c.unit == units.c.id)
        .order_by(areas.c.level, areas.c.id, units.c.id)
    )
    with store.read() as conn:
        return tuple(
            Place(
                row.area, row.area_name, row.id, row.name, row.kind, row.superior or "", row.people
            )
            for row in conn.execute(query)
        )
