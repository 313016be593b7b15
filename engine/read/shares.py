"""Who in a unit has which of its open tasks, for whoever leads it (第九条)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, select

from engine.access import User, authorize
from engine.read.narrowing import NOBODY, WORKED_ON
from engine.read.worklist import led_by
from engine.store import Store, people
from engine.store import tables as t
from engine.workdays import ZONE, end_of


@dataclass(frozen=True, slots=True)
class Share:
    """What one person has, or nobody yet, of a unit's tasks."""

    name: str  # sign-in name; NOBODY
    display_name: str  # "" for nobody
    unit: str
    unit_name: str
    count: int = 0
    late: int = 0
    due_today: int = 0  # without those that are late


def shares(store: Store, user: User, now: datetime) -> tuple[Share, ...]:
    """The open tasks of the user's unit and of its sections, by person: of each unit first what
    nobody has taken, then its people; of the own unit those too who have none.

    Errors: Denied.
    """
    authorize(user, "reassign_task", {})
    today = end_of(now.astimezone(ZONE).date())
    late = case((t.tasks.c.due <= now, 1), else_=0)
    soon = case((t.tasks.c.due <= today, 1), else_=0)
    counted = (
        select(
            t.tasks.c.unit,
            t.tasks.c.claimed_by,
            func.count().label("n"),
            func.sum(late).label("late"),
            func.sum(soon).label("soon"),
        )
        .select_from(WORKED_ON)
        .where(led_by(user))
        .group_by(t.tasks.c.unit, t.tasks.c.claimed_by)
    )
    with store.read() as conn:
        rows = conn.execute(counted).all()
        found = {(row.unit, row.claimed_by): row for row in rows}
        units = {user.unit, *(row.unit for row in rows)}
        called = select(t.units.c.id, t.units.c.name).where(t.units.c.id.in_(units))
        names = {row.id: row.name for row in conn.execute(called)}
        staff = _staff(conn, user, [row.claimed_by for row in rows])
    places: dict[str, list[Share]] = defaultdict(list)
    for unit in sorted(units, key=lambda unit: (unit != user.unit, unit)):
        here = [one for one in staff if (unit, one.id) in found or unit == one.unit == user.unit]
        whose = [(None, NOBODY, ""), *((one.id, one.name, one.display_name) for one in here)]
        for id, name, shown in whose:
            row = found.get((unit, id))
            some = (row.n, row.late, row.soon - row.late) if row else (0, 0, 0)
            places[unit].append(Share(name, shown, unit, names[unit], *some))
    return tuple(share for shares in places.values() for share in shares)


def _staff(conn: Connection, user: User, holders: list[int | None]) -> list[Any]:
    """Who works in the user's unit, and who else holds one of its tasks."""
    works = (
        select(t.user_roles.c.user)
        .where(t.user_roles.c.user == t.users.c.id, t.user_roles.c.role.in_(sorted(people.LENT)))
        .exists()
    )
    own = (t.users.c.unit == user.unit) & t.users.c.active & works
    held = t.users.c.id.in_([one for one in holders if one is not None])
    query = select(t.users).where(own | held).order_by(t.users.c.name)
    return list(conn.execute(query))
