"""Tickets brought in from another platform: a batch of rows, each number of a source once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from engine.access import User, authorize
from engine.errors import Denied, Trouble
from engine.flow import process
from engine.formjs import Checked, Option
from engine.imports import Kept, Known, Ready
from engine.record import canonical
from engine.store import Store, cards, forms, imported, log, search, steps
from engine.store.imported import CLOSED, OPEN, Origin, Record
from engine.store.steps import Beginning
from engine.store.tables import units

MADE, KNOWN, DIFFERS, UNCOMPARED, REFUSED = "made", "known", "differs", "uncompared", "refused"

RATING, OUTCOME = "rating", "outcome"
"""Keys of the fields whose options say how a caller rated, and how a matter ended."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row.

    made; known (the same came before); differs (its number came before, with something else);
    uncompared (its number came before, of other columns); refused, with `errors` by field key
    ("" for the procedure's). `number` is the ticket's, "" where there is none or nothing was
    written.
    """

    row: Ready
    became: str
    number: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


def known(store: Store, user: User, now: datetime) -> Known:
    """What a mapping may name, for this person. Errors: Denied; StoreError nothing_deployed."""
    _may(user)
    with store.read() as conn:
        by = steps.beginning(conn, store, now)
        labels = forms.labels(by.definitions)
        query = select(units.c.id, units.c.name).where(units.c.active).order_by(units.c.id)
        return Known(
            form=by.form,
            sources=forms.sources(conn, by.definitions, by.form, user.unit),
            units=[Option(row.name, row.id) for row in conn.execute(query)],
            ratings=[Option(label, code) for (key, code), label in labels.items() if key == RATING],
            outcomes=[
                Option(label, code) for (key, code), label in labels.items() if key == OUTCOME
            ],
        )


def bring(
    store: Store,
    user: User,
    source: str,
    batch: Sequence[Ready],
    now: datetime,
    *,
    dry: bool = False,
) -> list[Outcome]:
    """Bring a batch of rows in, in one transaction; what became of each, in order.

    What was open is started as a call starts a ticket, at `now`: limits count from here on, for
    nobody here could have kept them before. What was closed becomes a record. A row that cannot
    be taken leaves nothing behind. `dry` does it all and writes nothing.
    Errors: Denied; StoreError, with nothing of the batch done.
    """
    _may(user)
    access: AbstractContextManager[Connection] = store.read() if dry else store.write()
    with access as conn:
        if not dry:
            imported.queue(conn)
        by = steps.beginning(conn, store, now)
        sources = forms.sources(conn, by.definitions, by.form, user.unit)
        there = imported.known(conn, source, [row.original for row in batch])
        outcomes: list[Outcome] = []
        records: dict[int, Record] = {}
        for row in batch:
            origin = _origin(store, source, row)
            was = there.get(row.original)
            if was is not None:
                outcomes.append(Outcome(row, _compared(was, origin), was.number))
                continue
            checked = by.form.validate(row.raw, sources)
            if checked.errors:
                outcomes.append(Outcome(row, REFUSED, errors=checked.errors))
            elif row.closed:
                records[len(outcomes)] = _record(by, origin, row, checked)
                outcomes.append(Outcome(row, MADE))
            else:
                outcomes.append(_opened(conn, store, user, by, origin, row, checked, now, dry))
        if not dry:
            made = imported.write(conn, store, user, by, list(records.values()), now)
            for n, number in zip(records, made, strict=True):
                outcomes[n] = Outcome(outcomes[n].row, MADE, number)
    return outcomes


def ended(store: Store, user: User, source: str, counts: Mapping[str, int], now: datetime) -> None:
    """Note in the system chain that a person's import came to its end, with its counts."""
    with store.write() as conn:
        said = {"source": source, "counts": dict(counts)}
        log.append_system(conn, store, "import_ended", now, user.name, user.unit, said)


def _may(user: User) -> None:
    """Tickets are brought in by whoever may start them. Errors: Denied."""
    try:
        authorize(user, "start_ticket", steps.place_of(user))
    except Denied as error:
        raise Denied("import_denied", name=user.name) from error


def _origin(store: Store, source: str, row: Ready) -> Origin:
    # Keyed: what a row said of somebody cannot be guessed from its digest.
    digest = store.vault.digest(canonical([source, row.original, dict(row.cells)]).decode())
    state = CLOSED if row.closed else OPEN
    return Origin(source, row.original, state, row.received_at, row.unit, row.columns, digest)


def _compared(was: Any, origin: Origin) -> str:
    if was.columns != origin.columns:
        return UNCOMPARED
    return KNOWN if was.digest == origin.digest else DIFFERS


def _kept(kept: Sequence[Kept]) -> list[dict[str, Any]]:
    return [{"label": one.label, "text": one.text, "personal": one.personal} for one in kept]


def _record(by: Beginning, origin: Origin, row: Ready, checked: Checked) -> Record:
    return Record(
        origin=origin,
        closed_at=row.closed_at,
        rating=row.rating,
        outcome=row.outcome,
        routing=checked.routing,
        answers=steps.answered(checked),
        kept=_kept(row.kept),
        card=cards.words(forms.card(by.form, checked.values)),
    )


def _opened(
    conn: Connection,
    store: Store,
    user: User,
    by: Beginning,
    origin: Origin,
    row: Ready,
    checked: Checked,
    now: datetime,
    dry: bool,
) -> Outcome:
    """Start a ticket in the procedure, as a call does; all of it, or nothing."""
    # No mapping gives a field that names another ticket.
    routing = {**checked.routing, **{one.ticket: None for one in by.form.fields if one.ticket}}
    try:
        if dry:
            values = steps.begin_values(user, routing, "")
            with steps.sentences():
                process.start(by.definitions, by.process, values, now, steps.Live(conn, store))
            return Outcome(row, MADE)
        with conn.begin_nested():
            ticket = steps.begin(conn, store, user, by, checked, routing, now)
            kept = {"kept": _kept(row.kept)} if row.kept else None
            who = user.name, user.unit
            said = origin.said()
            search.append(conn, store, ticket, "fact", imported.NAME, now, *who, said, kept)
            imported.note(conn, [(origin, ticket.id)])
            return Outcome(row, MADE, ticket.number)
    except Trouble as trouble:
        if trouble.code.startswith("database_"):
            raise
        return Outcome(row, REFUSED, errors={"": str(trouble)})
