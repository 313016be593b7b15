"""A simulated ticket as a pattern: all that was said of it, with gaps where its number stands.

A copy differs from its original in the numbers of tickets, in its keys and salts, and in all that
follows from those: digests, commitments, hashes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, bindparam, select

from engine.flow import state as codec
from engine.read import verify
from engine.record import Event, canonical
from engine.store import Store, log, search
from engine.store.tables import deadlines, ledger, legs, outbox, states, tasks, tickets, timers
from engine.store.tickets import unseal_of

_NUMBER = re.compile(r"\d{8}-\d{5,9}")

ROWS = (legs, ledger, deadlines, tasks, timers)
"""Tables of a ticket's rows that are copied as they are, under another ticket."""


class Pattern:
    """A text with gaps for numbers of tickets."""

    def __init__(self, text: str, numbers: Sequence[str]) -> None:
        known = set(numbers)
        self._parts: list[str] = []
        self._gaps: list[str] = []
        end = 0
        for found in _NUMBER.finditer(text):
            if found[0] in known:
                self._parts.append(text[end : found.start()])
                self._gaps.append(found[0])
                end = found.end()
        self._rest = text[end:]

    def of(self, numbers: Mapping[str, str]) -> str:
        """The text with other numbers in its gaps."""
        filled = [part + numbers[gap] for part, gap in zip(self._parts, self._gaps, strict=True)]
        return "".join(filled) + self._rest


@dataclass(frozen=True, slots=True)
class Happened:
    """An event to be copied: `body` has a gap more, for the digest that `state` will have."""

    event: Event
    before: Pattern
    after: Pattern | None
    """What stands after the digest; None when the event is no step."""
    state: Pattern | None
    payload: Pattern | None


@dataclass(frozen=True, slots=True)
class Original:
    """A ticket to be copied."""

    number: str
    columns: Mapping[str, Any]
    merged_into: str | None
    card: Mapping[str, Any]
    events: Sequence[Happened]
    semantics: int
    state: Pattern
    rows: Mapping[Table, Sequence[Mapping[str, Any]]]
    letters: Sequence[tuple[Pattern, Pattern, Mapping[str, Any]]]
    """Key, content and the other columns of its messages."""
    words: Mapping[int, str]
    """Event number → by what it is found: numbers of tickets are not among it."""

    @property
    def day(self) -> str:
        """The series that its number is of."""
        return self.number.partition("-")[0]


_TICKET = select(tickets).where(tickets.c.number == bindparam("number"))
_STATE = select(states).where(states.c.ticket == bindparam("ticket"))
_LETTERS = select(outbox).where(outbox.c.ticket == bindparam("ticket")).order_by(outbox.c.id)
_ROWS = {
    table: select(table)
    .where(table.c.ticket == bindparam("ticket"))
    .order_by(*table.primary_key.columns)
    for table in ROWS
}


def original(store: Store, number: str, numbers: Sequence[str]) -> Original | None:
    """A ticket as a pattern; None for one whose key is destroyed, of which nothing can be told.

    `numbers` are those that the copy has others for: its own, and the tickets merged with it.
    """
    texts = {
        taken.event.seq: codec.text(taken.step).decode() for taken in verify.replay(store, number)
    }
    with store.read() as conn:
        row = dict(conn.execute(_TICKET, {"number": number}).one()._mapping)
        key = log.key_of(conn, store, number)
        if key is None:
            return None
        payloads = log.read_payloads(conn, store, number)
        events = [
            _happened(event, texts.get(event.seq), payloads.get(event.seq), numbers)
            for event in log.iterate(conn, number)
        ]
        here = {"ticket": row["id"]}
        state = conn.execute(_STATE, here).one()
        return Original(
            number=number,
            columns={k: v for k, v in row.items() if k not in _OWN},
            merged_into=row["merged_into"],
            card=unseal_of(key, number, "card", row["card"]),
            events=events,
            semantics=state.semantics,
            state=Pattern(codec.opened(state.blob).decode(), numbers),
            rows={table: _rows(conn, table, here) for table in ROWS},
            letters=[
                (Pattern(letter.key, numbers), Pattern(letter.content, numbers), _rest(letter))
                for letter in conn.execute(_LETTERS, here)
            ],
            words=search.found(conn, row["id"]),
        )


_OWN = frozenset({"id", "number", "merged_into", "card", "seq", "head"})
"""Columns that a copy has its own values of."""


def _happened(
    event: Event, state: str | None, payload: Mapping[str, Any] | None, numbers: Sequence[str]
) -> Happened:
    said = None if payload is None else Pattern(canonical(payload).decode(), numbers)
    if state is None:
        return Happened(event, Pattern(event.text, numbers), None, None, said)
    gap = f'"state":{json.dumps(event.body["state"])}'
    before, _, after = event.text.partition(gap)
    return Happened(
        event, Pattern(before, numbers), Pattern(after, numbers), Pattern(state, numbers), said
    )


def _rows(conn: Connection, table: Table, here: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row._mapping.items() if name != "ticket"}
        for row in conn.execute(_ROWS[table], here)
    ]


def _rest(letter: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in letter._mapping.items()
        if name not in ("id", "key", "content", "ticket")
    }
