"""A chain outside its database: lines of JSON, verified by anybody with nothing but the lines.

Each line is an event, and where its payload may be shown, the payload with its salt. A payload
that is left out (withheld or erased) takes nothing from the chain: its commitment stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from engine.record.chain import Difference, check_event
from engine.record.events import GENESIS, Event, canonical, commit


def line(event: Event, opened: tuple[bytes, bytes] | None = None) -> bytes:
    """The line of an event; `opened` is the salt and the payload's canonical JSON, to be shown."""
    said: dict[str, Any] = {"event": event.as_json()}
    if opened is not None:
        salt, payload = opened
        said |= {"salt": salt.hex(), "payload": payload.decode()}
    return canonical(said) + b"\n"


def verify_lines(lines: Iterable[bytes], head: str | None = None) -> Difference | None:
    """The first difference in an exported chain, all of it in order; None when it holds.

    `head` is the hash of its last event as it is known from elsewhere: only with it a tail that
    was cut off, or a chain that was written anew, is found.
    """
    chain, seq, previous = "", 0, GENESIS
    for number, text in enumerate(lines, 1):
        try:
            said = json.loads(text)
            event = Event.from_json(said["event"])
            shown = (bytes.fromhex(said["salt"]), said["payload"]) if "salt" in said else None
        except (ValueError, KeyError, TypeError, RecursionError):
            return Difference(chain, seq + 1, "export_unreadable", {"line": number})
        chain = chain or event.chain
        found = check_event(chain, seq + 1, previous, event)
        if found is not None:
            return found
        seq, previous = event.seq, event.hash
        if shown is not None and not _committed(event, *shown):
            return Difference(chain, seq, "event_commitment")
    if head is not None and head != previous:
        return Difference(chain, seq, "chain_head_hash")
    return None


def _committed(event: Event, salt: bytes, payload: object) -> bool:
    try:
        return isinstance(payload, str) and commit(salt, payload.encode()) == event.commitment
    except ValueError:
        return False
