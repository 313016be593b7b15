"""Everything in which the caller was spoken to (联系记录), one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.flow import Definitions
from engine.read.history import Entry
from engine.record import Event

_AGAIN = "call_again"
"""The fact of a repeat call, and what the manifest calls its message."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A call, an answer, a follow-up: `name` is what the diagram calls it."""

    name: str
    entry: Entry


def contacts_of(
    events: Iterable[Event],
    history: Iterable[Entry],
    under: Mapping[int, Definitions],
) -> tuple[Contact, ...]:
    """The contacts of a ticket: what its version marks with the property `contact`, and calls.

    `under`: event number → the definitions that it happened under.
    """
    entries = {entry.seq: entry for entry in history}
    return tuple(
        Contact(name, entries[event.seq])
        for event in events
        if event.seq in entries
        for name in _names(event, under[event.seq])
    )


def _names(event: Event, definitions: Definitions) -> Iterator[str]:
    body = event.body
    if _AGAIN in (event.name, body.get("as")):
        yield ""
    elif event.kind == "step" and event.name in ("start", "complete"):
        start = definitions.drawings[body["process"]].start
        about = body.get("element") or (start.id if start is not None else "")
        if about in definitions.contacts:
            yield str(body.get("name") or (start.name if start is not None else ""))
