"""The city of the stories: a centre, an authority and units; two counties with theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Unit(NamedTuple):
    """A unit as the register has it; `superior` is the name of the one above it."""

    id: str
    kind: str
    area: str
    superior: str | None = None


_ALL: Mapping[str, Unit] = {
    "市热线中心": Unit("city_centre", "centre", "city"),
    "市热线主管部门": Unit("city_authority", "authority", "city"),
    "市城管局": Unit("city_management", "department", "city"),
    "市城管局执法支队": Unit("city_enforcement", "department", "city", "市城管局"),
    "市住建局": Unit("city_housing", "department", "city"),
    "市市场监管局": Unit("city_market", "department", "city"),
    "市邮政管理局": Unit("city_post", "station", "city"),
    "市文旅局": Unit("city_culture", "department", "city"),
    "信州区热线中心": Unit("xinzhou_centre", "centre", "xinzhou"),
    "信州区热线主管部门": Unit("xinzhou_authority", "authority", "xinzhou"),
    "信州区城管局": Unit("xinzhou_management", "department", "xinzhou", "市城管局"),
    "信州区住建局": Unit("xinzhou_housing", "department", "xinzhou", "市住建局"),
    "信州区水利局": Unit("xinzhou_water", "department", "xinzhou"),
    "广丰区热线中心": Unit("guangfeng_centre", "centre", "guangfeng"),
    "广丰区热线主管部门": Unit("guangfeng_authority", "authority", "guangfeng"),
    "广丰区城管局": Unit("guangfeng_management", "department", "guangfeng", "市城管局"),
}
UNITS = {name: unit.id for name, unit in _ALL.items()}
NAMES = {unit.id: name for name, unit in _ALL.items()}
ITEMS = {  # what the table of limits has special rows for, and one that it has none for
    "消费者权益保护": "sj-1",
    "快递服务": "yz-1",
    "旅游投诉": "wl-1",
    "流动摊贩管理": "cg-2",
}


def unit(id: str) -> Mapping[str, Any]:
    """The register's answer about a unit, as an act would give it."""
    found = _ALL[NAMES[id]]
    return {
        "kind": found.kind,
        "level": "city" if found.area == "city" else "county",
        "area": found.area,
        "centre": f"{found.area}_centre",
        "authority": f"{found.area}_authority",
        "superior": None if found.superior is None else UNITS[found.superior],
    }


def start_values(centre: str) -> dict[str, str]:
    """What an act knows of a call that this centre takes."""
    area = _ALL[centre].area
    return {
        "number": "20260001",
        "area": area,
        "centre": UNITS[centre],
        "authority": f"{area}_authority",
        "type": "",
        "channel": "",
    }


def sources(asking: str) -> dict[str, list[dict[str, str]]]:
    """The lists that a form is filled from, as the unit that fills it sees them."""
    area = _ALL[NAMES[asking]].area
    there = {name: unit for name, unit in _ALL.items() if unit.area == area}
    handlers = {name: u for name, u in there.items() if u.kind not in ("centre", "authority")}
    below = [u for u in _ALL.values() if area == "city" != u.area and u.kind == "centre"]
    own = NAMES[asking]
    units = [u.id for u in handlers.values() if u.superior not in there] + [u.id for u in below]
    sections = [u.id for name, u in handlers.items() if own in (name, u.superior)]
    return {
        "units": [{"label": NAMES[id], "value": id} for id in units],
        "parties": [
            {"label": name, "value": u.id}
            for name, u in _ALL.items()
            if u.kind not in ("centre", "authority")
        ],
        "sections": [{"label": NAMES[id], "value": id} for id in sections],
        "items": [{"label": name, "value": id} for name, id in ITEMS.items()],
    }
