"""Which centre and which authority an area has (第五条、第八条)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from engine.errors import StoreError
from engine.store.tables import areas, units


@dataclass(frozen=True)
class Peers:
    """The place of a unit: its area, and the centre (同级中心) and authority of that level."""

    area: str
    level: str
    centre: str
    authority: str


_AREA = select(areas.c.id, areas.c.level, areas.c.parent).where(areas.c.id == bindparam("area"))
_AREA_OF = select(units.c.area).where(units.c.id == bindparam("unit"))
_OFFICES = (
    select(units.c.kind, units.c.id)
    .where(
        units.c.area == bindparam("area"), units.c.kind.in_(("centre", "authority")), units.c.active
    )
    .order_by(units.c.id)
)


def of_unit(conn: Connection, unit: str) -> Peers:
    """The peers of a unit. Errors: StoreError unit_unknown, area_incomplete."""
    area = conn.execute(_AREA_OF, {"unit": unit}).scalar_one_or_none()
    if area is None:
        raise StoreError("unit_unknown", unit=unit)
    return of_area(conn, area)


def of_area(conn: Connection, area: str) -> Peers:
    """The peers of an area; an area without an office of its own has that of the area above.

    Errors: StoreError area_incomplete when there is none up to the top either.
    """
    offices: dict[str, str] = {}
    level = ""
    above: str | None = area
    seen: set[str] = set()
    while above is not None and len(offices) < 2 and above not in seen:
        seen.add(above)
        row = conn.execute(_AREA, {"area": above}).one_or_none()
        if row is None:
            break
        level = level or row.level
        for office in conn.execute(_OFFICES, {"area": above}):
            offices.setdefault(office.kind, office.id)
        above = row.parent
    if len(offices) < 2:
        raise StoreError("area_incomplete", area=area)
    return Peers(area, level, offices["centre"], offices["authority"])
