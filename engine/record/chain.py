"""Whether a chain of events holds, and the first place where it does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import sentence
from engine.record.events import GENESIS, Event


@dataclass(frozen=True)
class Difference:
    """The first thing in a chain that does not hold; `seq` is the event's number, 1 the first.

    Codes: event_gap, event_chain, event_previous, event_hash, event_unreadable,
    event_payload_missing, event_payload_extra, event_payload_broken, event_commitment,
    chain_head, chain_head_hash, export_unreadable.
    """

    chain: str
    seq: int
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def sentence(self) -> str:
        """What is wrong, in Chinese."""
        return sentence(self.code, {"chain": self.chain, "seq": self.seq, **self.facts})


def check_event(chain: str, seq: int, previous: str, event: Event) -> Difference | None:
    """What is wrong with one event that has to be number `seq` after the hash `previous`."""
    if event.chain != chain:
        return Difference(chain, seq, "event_chain", {"found": event.chain})
    if event.seq != seq:
        return Difference(chain, seq, "event_gap", {"found": event.seq})
    if event.previous != previous:
        return Difference(chain, seq, "event_previous")
    if event.hash != event.expected_hash():
        return Difference(chain, seq, "event_hash")
    try:
        _ = event.body
    except ValueError:
        return Difference(chain, seq, "event_unreadable")
    return None


def verify_chain(
    events: Iterable[Event],
    chain: str | None = None,
    seq: int | None = None,
    head: str | None = None,
) -> Difference | None:
    """The first difference in all events of one chain, in order; None when it holds.

    `chain` is its name (without it: the first event's), `seq` and `head` the number and hash
    of its last event as they are registered elsewhere; with them a cut tail is found as well.
    """
    last, previous = 0, GENESIS
    for event in events:
        chain = event.chain if chain is None else chain
        found = check_event(chain, last + 1, previous, event)
        if found is not None:
            return found
        last, previous = event.seq, event.hash
    chain = chain or ""
    if seq is not None and seq != last:
        # Named is the first event that is missing, or the first that is too many.
        return Difference(chain, min(seq, last) + 1, "chain_head", {"expected": seq, "found": last})
    if head is not None and head != previous:
        return Difference(chain, last, "chain_head_hash")
    return None
