"""Versions of the definitions: all diagrams, tables and forms under one hash, deployed together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from engine.access import User
from engine.store import Store


def deploy(
    store: Store,
    user: User | None,
    files: Mapping[str, bytes],
    reason: str,
    now: datetime,
    in_force_from: datetime | None = None,
) -> int:
    """Store and put in force a set of files; the version's id.

    Refuses with DefinitionsRefused (findings) whatever engine.flow.check refuses. Tickets that
    are open keep the version that they were started with.
    """
    raise NotImplementedError
