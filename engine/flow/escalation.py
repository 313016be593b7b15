"""Who is told of an emergency that nobody takes, and when: a table of the manifest's.

The table is asked for level 1, 2, … until no rule answers; so is what it may say of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from engine.flow.definitions import Definitions
from engine.flow.model import Json, Refused

MOST_LEVELS: Final = 20
LEVEL: Final = "level"
ASKED: Final = frozenset({LEVEL, "emergency", "type"})
"""What the table may ask: the level, and of the ticket."""
ANSWERED: Final = ("after", "rank", "role", "otherwise")
"""The columns in which it answers."""


@dataclass(frozen=True, slots=True)
class Level:
    """A level of escalation, from 1.

    `after`: per cent of the target's time. Told is who is on duty with this `rank`, or where it
    is None whoever has the first of the `roles` that somebody has; where nobody is found, the
    same of `otherwise`.
    """

    level: int
    after: float
    rank: int | None
    roles: tuple[str, ...]
    otherwise: tuple[str, ...]

    def due(self, opened: datetime, target: datetime) -> datetime:
        """When it comes for a task that was opened then and has this target."""
        return opened + timedelta(seconds=(target - opened).total_seconds() * self.after / 100)


def table_of(manifest: Mapping[str, Json]) -> str:
    """The decision that the manifest names, or ""."""
    said = manifest.get("duty")
    return str(said.get("escalation", "")) if isinstance(said, dict) else ""


def levels(definitions: Definitions, emergency: str, type: str) -> Iterator[Level]:
    """The levels of an emergency's task; none where the set says none."""
    table = definitions.tables.get(table_of(definitions.manifest))
    for level in range(1, MOST_LEVELS + 1):
        if table is None:
            return
        try:
            said = table.decide({LEVEL: level, "emergency": emergency, "type": type}).outputs
        except Refused:
            return
        after, rank = said["after"], said["rank"]
        if not isinstance(after, int | float):
            return
        roles, otherwise = roles_of(said["role"]), roles_of(said["otherwise"])
        yield Level(level, after, None if rank is None else int(str(rank)), roles, otherwise)


def roles_of(cell: Json) -> tuple[str, ...]:
    """Roles as a cell lists them, with commas between."""
    return tuple(role.strip() for role in cell.split(",")) if isinstance(cell, str) else ()
