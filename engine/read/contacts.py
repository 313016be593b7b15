"""Everything in which the caller was spoken to (联系记录), one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.flow import Definitions
from engine.read.history import Entry
from engine.record import Event

_AGAIN = "call_again"
"""What the manifest calls the message of a repeat call."""


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
    match event.name:
        case "call_again":  # after its end a ticket only notes it
            yield ""
        case "send" if event.body.get("as") == _AGAIN:
            yield ""
        case "start" if definitions.contacts:
            start = definitions.drawings[event.body["process"]].start
            if start is not None and start.id in definitions.contacts:
                yield start.name
        case "complete" if definitions.contacts:
            body = event.body
            if body["element"] in definitions.contacts:
                yield str(body["name"])
