"""What is kept only for a while: request keys that nobody repeats any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.store import Store, requests

KEPT = timedelta(days=30)


def forget(store: Store, now: datetime) -> int:
    """Forget request keys older than thirty days; how many."""
    with store.write() as conn:
        return requests.forget(conn, now - KEPT)
