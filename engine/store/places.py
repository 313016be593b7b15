"""Which centre and which authority an area has (第五条、第八条)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from engine.errors import StoreError
from engine.store.prepared import Prepared
from engine.store.tables import areas, units


@dataclass(frozen=True)
class Peers:
    """The place of a unit: its area, and the centre (同级中心) and authority of that level."""

    area: str
    level: str
    centre: str
    authority: str


_office = units.alias("office")
_OFFICES = (
    select(areas.c.id.label("area"), areas.c.level, areas.c.parent, _office.c.kind, _office.c.id)
    .select_from(
        areas.outerjoin(
            _office,
            (_office.c.area == areas.c.id)
            & ((_office.c.kind == "centre") | (_office.c.kind == "authority"))
            & _office.c.active,
        )
    )
    .order_by(_office.c.id)
)
"""An area with each of its offices; one row without an office when it has none."""
_OF_AREA = Prepared(_OFFICES.where(areas.c.id == bindparam("area")))
_AREA = select(units.c.area).where(units.c.id == bindparam("unit"))
_OF_UNIT = Prepared(_OFFICES.where(areas.c.id == _AREA.scalar_subquery()))


def of_unit(conn: Connection, unit: str) -> Peers:
    """The peers of a unit; an area without an office of its own has that of the area above.

    Errors: StoreError unit_unknown; area_incomplete when there is none up to the top either.
    """
    rows = _OF_UNIT.all(conn, {"unit": unit})
    if not rows:
        raise StoreError("unit_unknown", unit=unit)
    area, level = rows[0].area, rows[0].level
    offices: dict[str, str] = {}
    seen: set[str] = set()
    while rows:
        seen.add(rows[0].area)
        for row in rows:
            if row.kind is not None:
                offices.setdefault(row.kind, row.id)
        above = rows[0].parent
        if len(offices) == 2 or above is None or above in seen:
            break
        rows = _OF_AREA.all(conn, {"area": above})
    if len(offices) < 2:
        raise StoreError("area_incomplete", area=area)
    return Peers(area, level, offices["centre"], offices["authority"])
