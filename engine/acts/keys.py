"""A ticket's key: erased, its content is gone for ever, and the chain still verifies."""

from __future__ import annotations

from datetime import datetime

from engine.access import User
from engine.store import Store


def erase(store: Store, user: User, number: str, reason: str, now: datetime, key: str) -> None:
    """Destroy a ticket's key with its card and drafts; the fact and its reason stay."""
    raise NotImplementedError
