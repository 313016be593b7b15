"""The demo city without a database: its units, its people, and what forms offer them.

What the store answers from its tables is answered here from the same list of places;
test_acts.py holds the two against each other.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from engine.city.places import City, authority_of, centre_of, demo
from engine.flow import Definitions
from engine.formjs import Form, Sources
from engine.store.milestones import Place
from engine.store.places import Peers
from engine.workdays import Calendar, Row, load_shipped, shipped, shipped_years

ROOT = Path(__file__).resolve().parents[2]
HANDLERS = frozenset({"department", "station", "enterprise", "party"})


@cache
def definitions() -> Definitions:
    """The shipped diagrams, tables and forms, read once."""
    paths = [p for folder in ("bpmn", "forms") for p in (ROOT / folder).rglob("*") if p.is_file()]
    return Definitions.read({p.relative_to(ROOT).as_posix(): p.read_bytes() for p in paths})


@cache
def form(key: str) -> Form:
    """A shipped form."""
    name = f"forms/{key}.form"
    return Form.read(definitions().files[name], name)


@cache
def outside() -> Mapping[str, str]:
    """The messages of the outside world: how acts call them, and their names."""
    manifest = json.loads((ROOT / "bpmn/manifest.json").read_text("utf-8"))
    found: dict[str, str] = manifest["messages"]
    return found


@cache
def calendars() -> tuple[Calendar, ...]:
    """The calendar in force; one of more rest in October 2026; one of less."""
    rest = [date(2026, 10, day) for day in (8, 9, 12, 13, 20)]
    work = [date(2026, 10, day) for day in (11, 17, 18, 24)]

    def changed(days: list[date], is_workday: bool, revision: int) -> Calendar:
        rows = [Row(day, is_workday, "改", "通知") for day in days]
        return Calendar.of([*load_shipped(), *rows], set(shipped_years()), revision)

    return shipped(), changed(rest, False, 1), changed(work, True, 2)


class Town:
    """Who is where in the demo city."""

    def __init__(self, city: City | None = None) -> None:
        city = city or demo()
        self.areas = {area.id: area for area in city.areas}
        self.units = {unit.id: unit for unit in city.units}
        self.items = city.items
        self.people = {person.name: person for person in city.people}
        posts: dict[tuple[str, str], list[str]] = defaultdict(list)
        for person in city.people:
            for role in person.roles:
                posts[role, person.unit].append(person.name)
        self.posts = dict(posts)
        self._sources: dict[tuple[str, str, str, frozenset[str]], list[dict[str, str]]] = {}
        self._peers = {unit: self._peers_of(unit) for unit in self.units}

    def _peers_of(self, unit: str) -> Peers:
        area = self.areas[self.units[unit].area]
        return Peers(area.id, area.level, centre_of(area.id), authority_of(area.id))

    def peers(self, unit: str) -> Peers:
        """The offices of a unit's level; KeyError for one that there is not."""
        return self._peers[unit]

    def place(self, area: str) -> Place:
        """What the rows of a ticket of this area fall back on."""
        return Place(area, centre_of(area), self.peers)

    def told(self, unit: str) -> Mapping[str, Any]:
        """What a process is told about a unit."""
        found, peers = self.units[unit], self.peers(unit)
        return {
            "kind": found.kind,
            "level": peers.level,
            "area": peers.area,
            "centre": peers.centre,
            "authority": peers.authority,
            "superior": found.superior,
        }

    def somebody(self, role: str, unit: str, but: Collection[str] = ()) -> list[str]:
        """Those who have a role in a unit, by their sign-in names."""
        return [name for name in self.posts.get((role, unit), ()) if name not in but]

    def sources(
        self, form: Form, unit: str, about: str | None, known_to: Collection[str] = ()
    ) -> Sources:
        """The option lists of a form, as a unit sees them; units that have the ticket are no
        parties."""
        known = frozenset(known_to)
        none: frozenset[str] = frozenset()
        return {
            name: self._offered(name, unit, about or "", known if name == "parties" else none)
            for name in form.sources
        }

    def _offered(
        self, name: str, unit: str, about: str, known_to: frozenset[str]
    ) -> list[dict[str, str]]:
        key = (name, unit, about, known_to)
        if key not in self._sources:
            self._sources[key] = [{"label": one, "value": one} for one in self._ids(*key)]
        return self._sources[key]

    def _ids(self, name: str, unit: str, about: str, known_to: frozenset[str]) -> list[str]:
        home = self.units[unit].area

        def no_party(id: str) -> bool:
            return about not in (id, self.units[id].superior)

        if name == "items":
            mine = [item for item in self.items if item.area == home and no_party(item.unit)]
            return sorted(item.code for item in mine)
        handlers = [one for one in self.units.values() if one.kind in HANDLERS and one.area == home]
        if name == "sections":
            found = [one.id for one in handlers if unit in (one.id, one.superior)]
            return sorted(id for id in found if no_party(id))
        if name == "parties":
            knowing = known_to | {self.units[one].superior for one in known_to}
            handlers += [
                one
                for one in self.units.values()
                if one.kind in HANDLERS and self.areas[one.area].parent == home
            ]
            return [
                one.id
                for one in sorted(handlers, key=lambda one: (one.area != home, one.id))
                if not self._is_section(one.id) and one.id not in knowing
            ]
        found = [one.id for one in handlers if not self._is_section(one.id)]
        found += [
            one.id
            for one in self.units.values()
            if one.kind == "centre" and self.areas[one.area].parent == home
        ]
        return sorted(id for id in found if no_party(id))

    def _is_section(self, unit: str) -> bool:
        above = self.units.get(self.units[unit].superior or "")
        mine = self.units[unit].area
        return above is not None and above.area == mine and above.kind in HANDLERS


class Answers:
    """Readings from a town and a calendar that may change under way."""

    def __init__(self, town: Town, calendar: Calendar) -> None:
        self.town = town
        self.calendar = calendar

    def due(self, start: datetime, days: int) -> Mapping[str, Any]:
        """The end of the n-th working day."""
        return self.calendar.due(start, days).as_json()

    def unit(self, id: str) -> Mapping[str, Any]:
        """What a unit is."""
        return self.town.told(id)
