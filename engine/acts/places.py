"""Areas and units: who there is to dispatch to, and whose centre and authority they have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from engine.access import User
from engine.store import Store


@dataclass(frozen=True, slots=True)
class Area:
    """The city, a county or a 管委会; `level` city | county, `parent` the city's id or None."""

    id: str
    name: str
    level: str
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit; `kind` centre | authority | department | station | enterprise | party."""

    id: str
    name: str
    area: str
    kind: str
    superior: str | None = None


def add(
    store: Store,
    actor: User | None,
    areas: Iterable[Area],
    units: Iterable[Unit],
    now: datetime,
) -> None:
    """Add areas and units in one transaction; one that exists with the same id is changed."""
    raise NotImplementedError
