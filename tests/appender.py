"""A process that appends to a chain: `python -m tests.appender CHAIN COUNT NAME`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

from engine import settings
from engine.record import SYSTEM
from engine.store import Store, log, tickets


def append(store: Store, chain: str, count: int, name: str) -> None:
    """Append `count` facts to a chain, each in a transaction of its own."""
    at = datetime(2026, 9, 30, 2, tzinfo=UTC)
    for n in range(count):
        with store.write() as conn:
            end = log.system(conn, store) if chain == SYSTEM else tickets.lock(conn, store, chain)
            log.append(conn, end, "fact", "comment", at, name, "u", {"n": n}, {"words": "好"})


if __name__ == "__main__":
    with Store.open(settings.read(os.environ)) as opened:
        append(opened, sys.argv[1], int(sys.argv[2]), sys.argv[3])
