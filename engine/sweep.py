"""The sweep: due times fired and messages delivered, by any number of processes at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine.store import Store


@dataclass(frozen=True, slots=True)
class Swept:
    """What one run did."""

    fired: int
    failed: int
    delivered: int
    undelivered: int


def run_once(store: Store, now: datetime, limit: int = 200) -> Swept:
    """Fire what is due and deliver what waits, at most `limit` tickets and messages."""
    raise NotImplementedError


def serve(store: Store, interval: float = 5.0, clock: Callable[[], datetime] | None = None) -> None:
    """Run the sweep every `interval` seconds until SIGTERM or SIGINT (the door: reads the clock)."""
    raise NotImplementedError
