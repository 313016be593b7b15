"""The demo city's areas, units, people and items, read from places.json and items.json."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from engine.acts.places import Area, Item, Unit


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in; `name` is what they type, such as sr.hw1."""

    name: str
    display_name: str
    unit: str
    roles: tuple[str, ...]

    @property
    def role(self) -> str:
        """What they are mainly."""
        return self.roles[0]


@dataclass(frozen=True, slots=True)
class City:
    """All places and people of a city."""

    areas: tuple[Area, ...]
    units: tuple[Unit, ...]
    people: tuple[Person, ...]
    items: tuple[Item, ...]


@cache
def read(name: str) -> dict[str, Any]:
    """A data file of this folder, parsed; callers must not change it."""
    content = files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    parsed: dict[str, Any] = json.loads(content)
    return parsed


def centre_of(area: str) -> str:
    """The id of an area's hotline centre."""
    return f"{area}-{read('places')['centre']['id']}"


def authority_of(area: str) -> str:
    """The id of the authority over an area's hotline."""
    return f"{area}-{read('places')['authority']['id']}"


def smallest(area_name: str = "") -> tuple[Area, tuple[Unit, ...]]:
    """What a clean installation starts with: the city, its centre and its authority."""
    row = read("places")["areas"][0]
    area = Area(row["id"], area_name or row["name"], row["level"])
    return area, _office(area.id, area.name)


def _office(area: str, area_name: str) -> tuple[Unit, Unit]:
    words = read("places")
    authority = Unit(authority_of(area), area_name + words["authority"]["name"], area, "authority")
    centre = Unit(
        centre_of(area), area_name + words["centre"]["name"], area, "centre", authority.id
    )
    return authority, centre


@cache
def demo() -> City:
    """The whole demo city, the same at every call."""
    words = read("places")
    names = _names(words)
    areas: list[Area] = []
    units: list[Unit] = []
    people: list[Person] = []

    def hire(unit: str, prefix: str, staff: list[dict[str, Any]], level: str) -> None:
        for post in staff:
            roles = (post["role"], *post.get("also", {}).get(level, ()))
            people.extend(
                Person(f"{prefix}.{post['login']}{n}", next(names), unit, roles)
                for n in range(1, post[level] + 1)
            )

    city = words["areas"][0]["id"]
    above = {unit["id"] for unit in words["units"]["city"]}
    for row in words["areas"]:
        level = row["level"]
        area = Area(row["id"], row["name"], level, None if level == "city" else city)
        areas.append(area)
        units.extend(_office(area.id, area.name))
        hire(centre_of(area.id), area.id, words["staff"]["centre"], level)
        hire(authority_of(area.id), area.id, words["staff"]["authority"], level)
        for unit in words["units"][level]:
            # A county's bureau answers to the city's of the same trade (上级业务主管部门).
            lower = level == "county" and unit["id"] in above
            named = Unit(
                f"{area.id}-{unit['id']}",
                row["short"] + unit["name"],
                area.id,
                unit["kind"],
                f"{city}-{unit['id']}" if lower else None,
            )
            units.append(named)
            hire(named.id, f"{area.id}.{unit['id']}", words["staff"]["unit"], level)
            for section in unit.get("sections", ()):
                part = Unit(
                    f"{named.id}-{section['id']}",
                    named.name + section["name"],
                    area.id,
                    unit["kind"],
                    named.id,
                )
                units.append(part)
                login = f"{area.id}.{unit['id']}.{section['id']}"
                hire(part.id, login, words["staff"]["section"], level)
    for post in words["staff"]["once"]:
        unit_id = centre_of(city) if post["unit"] == "centre" else authority_of(city)
        people.append(Person(post["login"], next(names), unit_id, (post["role"],)))
    return City(tuple(areas), tuple(units), tuple(people), _items(areas, units))


def _items(areas: list[Area], units: list[Unit]) -> tuple[Item, ...]:
    """Each area's list of competences: the items of the departments that it has."""
    there = {unit.id for unit in units}
    return tuple(
        Item(row["id"], area.id, row["name"], unit)
        for area in areas
        for row in read("items")["items"]
        if (unit := f"{area.id}-{row['department']}") in there
    )


def _names(words: dict[str, Any]) -> Any:
    """Invented names, each once, in an order that never changes."""
    pairs = [(s, g) for s in words["surnames"] for g in words["given"]]
    random.Random("people").shuffle(pairs)
    return (surname + given for surname, given in pairs)
