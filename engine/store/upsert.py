"""INSERT … ON CONFLICT, which each database's dialect has in a construct of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite


def both(build: Callable[[Any], Any]) -> Mapping[str, Any]:
    """Dialect's name → the statement that `build` makes of its `insert`; built once."""
    return {"sqlite": build(sqlite.insert), "postgresql": build(postgresql.insert)}
