"""Areas and units: who there is to dispatch to, and whose centre and authority they have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from engine.access import User, authorize
from engine.errors import Trouble
from engine.store import Store, log
from engine.store import tables as t

LEVELS = ("city", "county")
KINDS = ("centre", "authority", "department", "station", "enterprise", "party")


@dataclass(frozen=True, slots=True)
class Area:
    """The city, a county or a 管委会; `level` city | county, `parent` the city's id or None."""

    id: str
    name: str
    level: str
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit; `kind` centre | authority | department | station | enterprise | party."""

    id: str
    name: str
    area: str
    kind: str
    superior: str | None = None


def add(
    store: Store,
    actor: User | None,
    areas: Iterable[Area],
    units: Iterable[Unit],
    now: datetime,
) -> None:
    """Add areas and units in one transaction; one that exists with the same id is changed.

    An area comes after its parent, a unit after its superior. `actor` None is the system.
    Errors: Denied; Trouble "area_unknown", "unit_unknown", "place_bad".
    """
    with store.write() as conn:
        levels: dict[str, str] = {
            row.id: row.level for row in conn.execute(select(t.areas.c.id, t.areas.c.level))
        }
        known = set(conn.execute(select(t.units.c.id)).scalars())
        said: dict[str, Any] = {"areas": [], "units": []}
        for area in areas:
            if actor is not None:
                authorize(actor, "manage_places", {"area": area.id})
            if area.level not in LEVELS or not area.name:
                raise Trouble("place_bad", place=area.id)
            if area.parent is not None and area.parent not in levels:
                raise Trouble("area_unknown", area=area.parent)
            row = {"name": area.name, "level": area.level, "parent": area.parent}
            _put(conn, t.areas, area.id, area.id in levels, row)
            levels[area.id] = area.level
            said["areas"].append({"id": area.id, **row})
        for unit in units:
            if unit.area not in levels:
                raise Trouble("area_unknown", area=unit.area)
            if actor is not None:
                authorize(actor, "manage_places", {"area": unit.area})
            if unit.kind not in KINDS or not unit.name:
                raise Trouble("place_bad", place=unit.id)
            if unit.superior is not None and unit.superior not in known:
                raise Trouble("unit_unknown", unit=unit.superior)
            values: dict[str, Any] = {"name": unit.name, "area": unit.area, "kind": unit.kind}
            values |= {"superior": unit.superior, "level": levels[unit.area], "active": True}
            _put(conn, t.units, unit.id, unit.id in known, values)
            known.add(unit.id)
            said["units"].append({"id": unit.id, **values})
        log.append_system(
            conn,
            store,
            "add_places",
            now,
            actor.name if actor else "system",
            actor.unit if actor else "",
            said,
        )


def _put(conn: Connection, table: Table, id: str, known: bool, values: Mapping[str, Any]) -> None:
    if known:
        conn.execute(update(table).where(table.c.id == id).values(**values))
    else:
        conn.execute(insert(table).values(id=id, **values))
