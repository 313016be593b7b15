"""What is kept only for a while: request keys that nobody repeats, files that nobody submits."""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.store import Store, attachments, requests

KEPT = timedelta(days=30)
WAITING = timedelta(days=1)
"""How long a file waits whose form is not submitted: it is deleted once a day, so on the second."""


def forget(store: Store, now: datetime) -> int:
    """Forget request keys older than thirty days; how many."""
    with store.write() as conn:
        return requests.forget(conn, now - KEPT)


def forget_uploads(store: Store, now: datetime) -> int:
    """Delete files that wait for more than a day with a form that nobody keeps; how many."""
    with store.write() as conn:
        return attachments.forget(conn, now - WAITING)
