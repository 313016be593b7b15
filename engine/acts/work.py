"""Who works on a task: claimed, released, handed over, drafted, commented; facts, no steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.access import User
from engine.store import Store


def claim(store: Store, user: User, number: str, task: int, now: datetime, key: str) -> None:
    """Take a task for oneself."""
    raise NotImplementedError


def release(store: Store, user: User, number: str, task: int, now: datetime, key: str) -> None:
    """Give a claimed task back to the unit."""
    raise NotImplementedError


def hand_over(
    store: Store, user: User, number: str, task: int, to: str, now: datetime, key: str
) -> None:
    """Give a task to a colleague (`to`: sign-in name) of the same unit who has its role."""
    raise NotImplementedError


def save_draft(
    store: Store,
    user: User,
    number: str,
    task: int,
    raw: Mapping[str, Sequence[str]],
    now: datetime,
    key: str,
) -> None:
    """Keep what was typed so far, encrypted, not validated; the chain has the fact alone."""
    raise NotImplementedError


def comment(store: Store, user: User, number: str, text: str, now: datetime, key: str) -> None:
    """Write a comment on a ticket for those who may read it; at most 2,000 characters."""
    raise NotImplementedError
