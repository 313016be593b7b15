"""The record: events chained by hashes, commitments to what is encrypted, offline verification.

Pure: no database, no clock, no key. What is here can be checked by anybody who has the events.
"""

from engine.record.chain import Difference, verify_chain
from engine.record.events import (
    ANNOUNCEMENT,
    GENESIS,
    SYSTEM,
    Event,
    canonical,
    chained,
    commit,
    instant,
    make_event,
)

__all__ = [
    "ANNOUNCEMENT",
    "GENESIS",
    "SYSTEM",
    "Difference",
    "Event",
    "canonical",
    "chained",
    "commit",
    "instant",
    "make_event",
    "verify_chain",
]
