"""Whether the record holds: chains, commitments, replay, projections; the first difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.flow.model import Step
from engine.store import Store


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that does not hold; `what` chain | payload | replay | projection."""

    chain: str
    seq: int | None
    what: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at, and the first difference of each chain that has one."""

    chains: int
    events: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A step taken again from its event."""

    event: Any  # engine.record.Event
    step: Step


def verify(store: Store, number: str | None = None) -> Verified:
    """Verify one ticket's chain, or with None the system chain and every ticket's."""
    raise NotImplementedError


def replay(store: Store, number: str) -> Iterator[Replayed]:
    """Take a ticket's steps again in a fresh engine, with the readings that were recorded."""
    raise NotImplementedError
