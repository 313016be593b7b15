"""What a message looks like on its way out, and what can carry it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from engine.record import instant


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to the world: routing values only, nothing said about people or matters.

    `key` is the same however often it is sent: who receives it drops the second.
    """

    key: str
    topic: str
    number: str
    content: dict[str, Any]
    created_at: datetime

    def as_json(self) -> dict[str, Any]:
        """The message as it is written; the time in UTC."""
        return {
            "key": self.key,
            "topic": self.topic,
            "number": self.number,
            "created_at": instant(self.created_at),
            **self.content,
        }


class Sender(Protocol):
    """Something that carries messages out."""

    def send(self, letter: Letter) -> None:
        """Deliver one message durably, at most once for a key; any exception: not delivered."""
