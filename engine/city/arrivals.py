"""Who calls, when and about what: drawn from weights, the same for the same seed."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate
from typing import Any

from engine.city.places import centre_of, read
from engine.workdays import ZONE


@dataclass(frozen=True, slots=True)
class Arrival:
    """One call: the n-th of the run, when, where, and the words that its forms are filled with.

    `area` is where the matter is, `taken` the area whose centre answers the call.
    """

    n: int
    at: datetime
    area: str
    department: str
    words: Mapping[str, str]
    taken: str


def dice(*seed: object) -> random.Random:
    """A source of chance of its own for each thing that happens, whatever else happens."""
    return random.Random("/".join(map(str, seed)))


def draw(rng: random.Random, weights: Mapping[str, float]) -> str:
    """One key of `weights`, by its weight, in the order in which they are written."""
    sums = list(accumulate(weights.values()))
    return list(weights)[min(bisect(sums, rng.random() * sums[-1]), len(sums) - 1)]


def arrivals(start: datetime, days: float, count: int, seed: int) -> list[Arrival]:
    """`count` calls in the `days` after `start`, more by day than by night, in order of time."""
    habits = read("behaviour")["arrivals"]
    times = sorted(_times(dice(seed, "arrivals"), start, days, count, habits))
    return [_arrival(n, at, seed) for n, at in enumerate(times, 1)]


def _times(
    rng: random.Random, start: datetime, days: float, count: int, habits: Mapping[str, Any]
) -> list[datetime]:
    quarter = timedelta(minutes=15)
    slots = [start + quarter * n for n in range(max(1, round(days * 96)))]
    local = [slot.astimezone(ZONE) for slot in slots]
    hour, weekday = habits["hour"], habits["weekday"]
    sums = list(accumulate(hour[at.hour] * weekday[at.weekday()] for at in local))
    picked = []
    for _ in range(count):
        slot = slots[min(bisect(sums, rng.random() * sums[-1]), len(slots) - 1)]
        picked.append(slot + timedelta(seconds=rng.randrange(900)))
    return picked


def _arrival(n: int, at: datetime, seed: int) -> Arrival:
    rng = dice(seed, n, "call")
    cities, matters, habits = read("places"), read("matters"), read("behaviour")["arrivals"]
    areas = {row["id"]: row for row in cities["areas"]}
    area = areas[draw(rng, {key: row["weight"] for key, row in areas.items()})]
    type_ = draw(rng, habits["type"])
    matter = pick(rng, matters[type_])
    filled = {
        "place": pick(rng, area["places"]),
        "estate": pick(rng, matters["estates"]),
        "day": str(rng.randint(2, 20)),
    }
    words = filled | {
        "area": area["name"],
        "type": type_,
        "channel": draw(rng, habits["channel"]),
        "title": matter["title"],
        "content": matter["content"].format(**filled),
        "item": matter["item"],
        "item_words": _items()[matter["item"]],
        # The city dispatches to the county's centre what it took of a county.
        "units_else": centre_of(area["id"]),
        "caller": pick(rng, cities["surnames"]) + pick(rng, cities["given"]),
        # 100… is no mobile prefix in China: nobody has these numbers
        "phone": f"100{rng.randrange(10**8):08d}",
    }
    if "emergency" in matter:
        words |= {"emergency": matter["emergency"], "acceptance": "accept"}
    city = cities["areas"][0]["id"]
    taken = city if rng.random() < habits["taken_by_city"] else area["id"]
    return Arrival(n, at, area["id"], matter["unit"], words, taken)


@cache
def _items() -> Mapping[str, str]:
    """What each item of the list of powers is called."""
    return {row["id"]: row["name"] for row in read("items")["items"]}


def pick(rng: random.Random, options: Sequence[Any]) -> Any:
    """One of several, each as likely as the others."""
    return options[rng.randrange(len(options))]
