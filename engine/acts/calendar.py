"""The calendar of working days: a year published or corrected, open due times reckoned again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from engine.access import User
from engine.store import Store


@dataclass(frozen=True, slots=True)
class Row:
    """One day that is not as its weekday says; `source` 法定 | 放假 | 调休."""

    date: date
    is_workday: bool
    source: str
    document: str


@dataclass(frozen=True, slots=True)
class Published:
    """A new revision, and how many open tickets' due times moved."""

    revision: int
    tickets: int
    moved: int


def publish(
    store: Store,
    user: User | None,
    year: int,
    rows: Iterable[Row],
    document: str,
    now: datetime,
    key: str = "",
) -> Published:
    """Publish a year's arrangement, then reckon every open ticket's due times again."""
    raise NotImplementedError


def resume(store: Store, now: datetime) -> Published:
    """Go on with a publication that was interrupted (each ticket has its own transaction)."""
    raise NotImplementedError
