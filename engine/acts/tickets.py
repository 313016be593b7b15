"""A ticket takes a step: started, a task completed, a message sent, a due time come, a day moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.access import User
from engine.store import Store

Raw = Mapping[str, Sequence[str]]
"""A form as a browser sends it: every key with its values, nothing converted."""


def start(store: Store, user: User, raw: Raw, now: datetime, key: str, kind: str = "call") -> str:
    """Start a ticket from the answers of the start form; its number, such as 20261010-00012."""
    raise NotImplementedError


def complete(
    store: Store, user: User, number: str, task: int, raw: Raw, now: datetime, key: str
) -> str:
    """Complete a user task with the answers of its form; the ticket's number."""
    raise NotImplementedError


def send(
    store: Store,
    user: User,
    number: str,
    message: str,
    payload: Mapping[str, Any],
    now: datetime,
    key: str,
    leg: int | None = None,
) -> str:
    """Send a message to what waits for it in a ticket; the ticket's number."""
    raise NotImplementedError


def tick(store: Store, ticket_id: int, now: datetime) -> int:
    """Fire what is due in one ticket; how many timers fired (the sweep's step, for tests too)."""
    raise NotImplementedError


def revise(store: Store, actor: str, ticket_id: int, now: datetime) -> bool:
    """Reckon a ticket's waiting due times again; whether one moved."""
    raise NotImplementedError
