"""Texts kept ready: those that a form offers, filled in, and those of a unit to look after."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from engine.access import User, authorize
from engine.formjs import TEMPLATES
from engine.formjs.placeholders import filled
from engine.store import Store
from engine.store import tables as t
from engine.store.cards import Card
from engine.store.templates import digest
from engine.workdays import ZONE


@dataclass(frozen=True, slots=True)
class Template:
    """A text kept ready. `digest` tells it from an earlier one of the same number."""

    id: int
    unit: str
    unit_name: str
    kind: str
    name: str
    text: str
    active: bool

    @property
    def digest(self) -> str:
        """By what it is told whether somebody changed it meanwhile."""
        return digest(self.kind, self.name, self.text)


_own = t.units.alias("own")


def _reaches(unit: str) -> ColumnElement[bool]:
    """The texts that a unit may use: its own, those of the unit it is a part of, its centre's."""
    return or_(
        t.templates.c.unit == unit,
        and_(
            _own.c.id == unit,
            t.units.c.area == _own.c.area,
            or_(t.units.c.id == _own.c.superior, t.units.c.kind == "centre"),
        ),
    )


def offered(
    store: Store,
    user: User,
    kinds: Collection[str],
    now: datetime,
    number: str = "",
    card: Card | None = None,
) -> Mapping[str, tuple[Template, ...]]:
    """Kind → the texts that the user's unit may use, its own first, with their places filled.

    `number`, `card`: the ticket's; of a new one nothing is known.
    """
    if not kinds:
        return {}
    query = (
        select(t.templates, t.units.c.name.label("unit_name"))
        .select_from(
            t.templates.join(t.units, t.units.c.id == t.templates.c.unit).join(
                _own, _own.c.id == user.unit
            )
        )
        .where(t.templates.c.kind.in_(sorted(kinds)), t.templates.c.active, _reaches(user.unit))
        .order_by(t.templates.c.unit != user.unit, t.templates.c.unit, t.templates.c.name)
        .order_by(t.templates.c.id)
    )
    found: dict[str, list[Template]] = {kind: [] for kind in kinds}
    with store.read() as conn:
        unit = conn.execute(select(t.units.c.name).where(t.units.c.id == user.unit)).scalar_one()
        known = _words(unit, now, number, card or Card())
        for row in conn.execute(query):
            text = filled(row.text, known)
            one = Template(row.id, row.unit, row.unit_name, row.kind, row.name, text, row.active)
            found[row.kind].append(one)
    return {kind: tuple(texts) for kind, texts in found.items()}


def _words(unit: str, now: datetime, number: str, card: Card) -> Mapping[str, str]:
    """What stands for the names of formjs.placeholders, as far as it is known."""
    day = now.astimezone(ZONE)
    found = {
        "工单编号": number,
        "诉求标题": card.title,
        "诉求地点": card.place,
        "单位": unit,
        "日期": f"{day.year}年{day.month}月{day.day}日",
    }
    return {word: said for word, said in found.items() if said}


def of_unit(store: Store, user: User) -> tuple[Template, ...]:
    """The texts of the user's unit, those in use first. Errors: Denied."""
    authorize(user, "write_templates", {"unit": user.unit})
    order = list(TEMPLATES)
    query = (
        select(t.templates, t.units.c.name.label("unit_name"))
        .join(t.units, t.units.c.id == t.templates.c.unit)
        .where(t.templates.c.unit == user.unit)
        .order_by(~t.templates.c.active, t.templates.c.name, t.templates.c.id)
    )
    with store.read() as conn:
        rows = conn.execute(query).all()
    found = (
        Template(row.id, row.unit, row.unit_name, row.kind, row.name, row.text, row.active)
        for row in rows
    )
    return tuple(sorted(found, key=lambda one: (not one.active, order.index(one.kind))))
