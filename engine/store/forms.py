"""What a form is filled from: the form of a version, its option lists, its card."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Boolean, Connection, and_, bindparam, literal, or_, select

from engine.flow import Definitions
from engine.formjs import Form, FormRefused, Sources
from engine.store.prepared import Prepared
from engine.store.tables import areas, items, units


@lru_cache(maxsize=512)
def _read(content: bytes, name: str) -> Form:
    return Form.read(content, name)


def form(definitions: Definitions, key: str) -> Form:
    """A form of a version by the key that the diagrams name it with; parsed once.

    Errors: KeyError (a version that was checked has every form that it names).
    """
    return read(definitions, f"forms/{key}.form")


def read(definitions: Definitions, path: str) -> Form:
    """A form of a version by its path, as events name it; parsed once. Errors: KeyError."""
    return _read(definitions.files[path], path)


@lru_cache(maxsize=32)
def labels(definitions: Definitions) -> Mapping[tuple[str, str], str]:
    """(field key, option value) → the option's label, over all forms of a version.

    The words for codes such as a ticket's type: what is drawn says how it is called. A form that
    cannot be read has none; a version deployed before the check read forms may hold one.
    """
    found: dict[tuple[str, str], str] = {}
    for path in sorted(definitions.files):
        if not (path.startswith("forms/") and path.endswith(".form")):
            continue
        try:
            fields = _read(definitions.files[path], path).fields
        except FormRefused:
            continue
        for field in fields:
            for option in field.options:
                found.setdefault((field.key, option.value), option.label)
    return found


def sources(
    conn: Connection,
    definitions: Definitions,
    form: Form,
    unit: str,
    about_unit: str | None = None,
    known_to: Collection[str] = (),
) -> Sources:
    """The option lists that a form names, as a unit sees them that fills it.

    `about_unit`, whom a report is about, is in none (回避, 第二十九条第七项). `known_to` are the
    units that have the ticket: from them and their superiors it cannot be hidden now, so a report
    is about them only when it was recalled.
    """
    given = {
        "unit": unit,
        "about": about_unit or "",
        "centres": _dispatches_on(definitions),
    }
    found = {
        name: [{"label": row.label, "value": row.value} for row in query.all(conn, given)]
        for name in form.sources
        if (query := _SOURCES.get(name)) is not None
    }
    if known_to and PARTIES in found:
        superiors = conn.execute(_SUPERIORS, {"units": sorted(known_to)}).scalars()
        hidden = {*known_to, *superiors}
        found[PARTIES] = [option for option in found[PARTIES] if option["value"] not in hidden]
    return found


def card(form: Form, values: Mapping[str, Any]) -> dict[str, str]:
    """What a start form's answers say for the ticket's card, by the fields' property `card`."""
    return {field.card: str(values.get(field.key) or "") for field in form.fields if field.card}


PARTIES = "parties"
_HANDLERS = [literal(kind) for kind in ("department", "station", "enterprise", "party")]
_asking = units.alias("asking")
_above = units.alias("above")
_home = select(_asking.c.area).where(_asking.c.id == bindparam("unit")).scalar_subquery()
_section = (
    select(_above.c.id)
    .where(
        _above.c.id == units.c.superior, _above.c.area == units.c.area, _above.c.kind.in_(_HANDLERS)
    )
    .exists()
)
"""Whether a unit is a part of another one in its area, which hands matters on to it (分办)."""
_no_party = and_(
    units.c.id != bindparam("about"),
    or_(units.c.superior.is_(None), units.c.superior != bindparam("about")),
)
_SUPERIORS = select(units.c.superior).where(
    units.c.id.in_(bindparam("units", expanding=True)), units.c.superior.is_not(None)
)
_SOURCES = {
    "units": Prepared(
        select(units.c.id.label("value"), units.c.name.label("label"))
        .join(areas, areas.c.id == units.c.area)
        .where(
            units.c.active,
            or_(
                and_(units.c.area == _home, units.c.kind.in_(_HANDLERS)),
                and_(
                    areas.c.parent == _home,
                    units.c.kind == "centre",
                    bindparam("centres", type_=Boolean),
                ),
            ),
            ~_section,
            _no_party,
        )
        .order_by(units.c.id)
    ),
    # Whom a report may be about: any unit of the area and of those below.
    PARTIES: Prepared(
        select(units.c.id.label("value"), units.c.name.label("label"))
        .join(areas, areas.c.id == units.c.area)
        .where(
            units.c.active,
            units.c.kind.in_(_HANDLERS),
            or_(units.c.area == _home, areas.c.parent == _home),
            ~_section,
        )
        .order_by(units.c.area != _home, units.c.id)
    ),
    "items": Prepared(
        select(
            items.c.code.label("value"), (items.c.name + "（" + units.c.name + "）").label("label")
        )
        .join(units, units.c.id == items.c.unit)
        .where(items.c.active, items.c.area == _home, _no_party)
        .order_by(items.c.code)
    ),
    "sections": Prepared(
        select(units.c.id.label("value"), units.c.name.label("label"))
        .where(
            units.c.active,
            units.c.kind.in_(_HANDLERS),
            units.c.area == _home,
            or_(units.c.id == bindparam("unit"), units.c.superior == bindparam("unit")),
            _no_party,
        )
        .order_by(units.c.id != bindparam("unit"), units.c.id)
    ),
}


@lru_cache(maxsize=32)
def _dispatches_on(definitions: Definitions) -> bool:
    """Whether a process is called again from within itself: then a centre can dispatch on.

    Where nothing like that is drawn, a ticket sent to a centre below would be stuck there.
    """
    calls = {
        name: {element.called for element in drawing.elements.values() if element.called}
        for name, drawing in definitions.drawings.items()
    }
    for name in calls:
        reached: set[str] = set()
        level = set(calls[name])
        while level:
            reached |= level
            level = {called for one in level for called in calls.get(one, ())} - reached
        if name in reached:
            return True
    return False
