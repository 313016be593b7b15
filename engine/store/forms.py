"""What a form is filled from: the form of a version, its option lists, its card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, select

from engine.flow import Definitions
from engine.formjs import Form, FormRefused, Sources
from engine.store.tables import units


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


def sources(conn: Connection, form: Form, area: str) -> Sources:
    """The option lists that a form names, as the centre of `area` sees them."""
    return {name: _SOURCES[name](conn, area) for name in form.sources if name in _SOURCES}


def card(form: Form, values: Mapping[str, Any]) -> dict[str, str]:
    """What a start form's answers say for the ticket's card, by the fields' property `card`."""
    return {field.card: str(values.get(field.key) or "") for field in form.fields if field.card}


_HANDLERS = ("department", "station", "enterprise", "party")
_UNITS = (
    select(units.c.id, units.c.name)
    # No centre below: nothing drawn lets it dispatch on, so a ticket would be stuck there.
    .where(units.c.active, units.c.area == bindparam("area"), units.c.kind.in_(_HANDLERS))
    .order_by(units.c.id)
)


def _units(conn: Connection, area: str) -> list[dict[str, str]]:
    rows: Iterable[Any] = conn.execute(_UNITS, {"area": area})
    return [{"label": row.name, "value": row.id} for row in rows]


_SOURCES = {"units": _units}
