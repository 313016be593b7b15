"""Areas, units and items: who there is to dispatch to, whose centre they have, what is theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from engine.access import User, authorize
from engine.errors import Denied, Trouble
from engine.formjs.text import forbidden, trimmed
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


@dataclass(frozen=True, slots=True)
class Item:
    """An item of an area's list of competences (权责清单): the unit whose business it is."""

    code: str
    area: str
    name: str
    unit: str
    active: bool = True


LONGEST_CODE = 40
LONGEST_ITEM = 120


def add_items(store: Store, actor: User | None, items: Iterable[Item], now: datetime) -> None:
    """Add items in one transaction; one of the same area and code is changed.

    `actor` None is the system. Errors: Denied; Trouble "area_unknown", "unit_unknown",
    "place_bad".
    """
    with store.write() as conn:
        _add_items(conn, store, actor, items, now)


def _add_items(
    conn: Connection,
    store: Store,
    actor: User | None,
    items: Iterable[Item],
    now: datetime,
    operator: str = "",
) -> None:
    areas = set(conn.execute(select(t.areas.c.id)).scalars())
    units = set(conn.execute(select(t.units.c.id)).scalars())
    known = {tuple(row) for row in conn.execute(select(t.items.c.area, t.items.c.code))}
    said = []
    for item in items:
        if item.area not in areas:
            raise Trouble("area_unknown", area=item.area)
        if actor is not None:
            authorize(actor, "manage_places", {"area": item.area})
        if item.unit not in units:
            raise Trouble("unit_unknown", unit=item.unit)
        lengths = ((item.code, LONGEST_CODE), (item.name, LONGEST_ITEM))
        if any(not 0 < len(trimmed(text)) <= most for text, most in lengths) or any(
            forbidden(text, lines=False) for text, _ in lengths
        ):
            raise Trouble("place_bad", place=item.code[:LONGEST_CODE])
        row = {"name": item.name, "unit": item.unit, "active": item.active}
        which = {"area": item.area, "code": item.code}
        if (item.area, item.code) in known:
            one = (t.items.c.area == item.area) & (t.items.c.code == item.code)
            conn.execute(update(t.items).where(one).values(**row))
        else:
            conn.execute(insert(t.items).values(**which, **row))
        known.add((item.area, item.code))
        said.append({**which, **row})
    _note(conn, store, "add_items", now, actor, {"items": said}, operator)


def add(
    store: Store,
    actor: User | None,
    areas: Iterable[Area],
    units: Iterable[Unit],
    now: datetime,
) -> None:
    """Add areas and units in one transaction; one that exists with the same id is changed.

    An area comes after its parent, a unit after its superior. `actor` None is the system; a
    county's administrator changes no level, and takes no unit out of another area.
    Errors: Denied; Trouble "area_unknown", "unit_unknown", "place_bad".
    """
    with store.write() as conn:
        _add(conn, store, actor, areas, units, now)


def register(
    store: Store,
    actor: User | None,
    areas: Iterable[Area],
    units: Iterable[Unit],
    items: Iterable[Item],
    now: datetime,
    operator: str = "",
) -> None:
    """Add areas, units and items, all of them or none.

    `operator`: whose hands it was where `actor` is None. Errors: as add and add_items.
    """
    with store.write() as conn:
        _add(conn, store, actor, areas, units, now, operator)
        _add_items(conn, store, actor, items, now, operator)


def _add(
    conn: Connection,
    store: Store,
    actor: User | None,
    areas: Iterable[Area],
    units: Iterable[Unit],
    now: datetime,
    operator: str = "",
) -> None:
    levels: dict[str, str] = {
        row.id: row.level for row in conn.execute(select(t.areas.c.id, t.areas.c.level))
    }
    homes: dict[str, str] = {
        row.id: row.area for row in conn.execute(select(t.units.c.id, t.units.c.area))
    }
    said: dict[str, Any] = {"areas": [], "units": []}
    for area in areas:
        if actor is not None:
            authorize(actor, "manage_places", {"area": area.id})
            if actor.level != "city" and area.level != levels.get(area.id):
                raise Denied("denied")
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
            for area_id in (unit.area, homes.get(unit.id, unit.area)):
                authorize(actor, "manage_places", {"area": area_id})
        if unit.kind not in KINDS or not unit.name:
            raise Trouble("place_bad", place=unit.id)
        if unit.superior is not None and unit.superior not in homes:
            raise Trouble("unit_unknown", unit=unit.superior)
        values: dict[str, Any] = {"name": unit.name, "area": unit.area, "kind": unit.kind}
        values |= {"superior": unit.superior, "level": levels[unit.area], "active": True}
        _put(conn, t.units, unit.id, unit.id in homes, values)
        homes[unit.id] = unit.area
        said["units"].append({"id": unit.id, **values})
    _note(conn, store, "add_places", now, actor, said, operator)


def _note(
    conn: Connection,
    store: Store,
    name: str,
    now: datetime,
    actor: User | None,
    said: dict[str, Any],
    operator: str,
) -> None:
    who, unit = (actor.name, actor.unit) if actor else ("system", "")
    log.append_system(conn, store, name, now, who, unit, log.by_hand(actor, operator) | said)


def _put(conn: Connection, table: Table, id: str, known: bool, values: Mapping[str, Any]) -> None:
    if known:
        conn.execute(update(table).where(table.c.id == id).values(**values))
    else:
        conn.execute(insert(table).values(id=id, **values))
