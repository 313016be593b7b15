"""Tickets brought in from another platform: a batch of rows, each number of a source once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from engine.access import User, authorize
from engine.errors import Trouble
from engine.flow import Definitions, process
from engine.formjs import Checked, Form, Option, Sources
from engine.imports import Kept, Known, Ready, Unit
from engine.record import canonical
from engine.store import Store, cards, forms, imported, log, numbers, steps
from engine.store import tickets as rows
from engine.store.imported import Bringer, Origin, Record
from engine.store.tables import units
from engine.workdays import ZONE

MADE, KNOWN, DIFFERS, UNCOMPARED, REFUSED = "made", "known", "differs", "uncompared", "refused"


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


@dataclass(frozen=True, slots=True)
class _Place:
    """What rows are held against in one transaction."""

    user: User
    version: int
    definitions: Definitions
    process: str
    form: Form
    sources: Sources


def may(user: User) -> None:
    """Whether a person may bring tickets in: whoever may start them. Errors: Denied."""
    authorize(user, "start_ticket", _of(user))


def known(store: Store, user: User, now: datetime) -> Known:
    """What a mapping may name, for this person. Errors: Denied; StoreError nothing_deployed."""
    may(user)
    with store.read() as conn:
        place = _place(conn, store, user, now)
        labels = forms.labels(place.definitions)
        found = conn.execute(select(units.c.id, units.c.name).where(units.c.active)).all()
        return Known(
            form=place.form,
            sources=place.sources,
            units=[Unit(row.id, row.name) for row in found],
            ratings=[Option(label, code) for (key, code), label in labels.items() if key == RATING],
            outcomes=[
                Option(label, code) for (key, code), label in labels.items() if key == OUTCOME
            ],
        )


RATING, OUTCOME = "rating", "outcome"
"""Keys of the fields whose options say how a caller rated, and how a matter ended."""


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
    may(user)
    access: AbstractContextManager[Connection] = store.read() if dry else store.write()
    with access as conn:
        if not dry:
            imported.queue(conn)
        place = _place(conn, store, user, now)
        by = Bringer(
            user.name, user.unit, **_of(user), version=place.version, hash=place.definitions.hash
        )
        there = imported.known(conn, source, [row.original for row in batch])
        outcomes: list[Outcome] = []
        records: list[tuple[int, Record]] = []
        for row in batch:
            origin = _origin(store, source, row)
            was = there.get(row.original)
            if was is not None:
                outcomes.append(Outcome(row, _compared(was, origin), was.number))
                continue
            checked = place.form.validate(row.raw, place.sources)
            if checked.errors:
                outcomes.append(Outcome(row, REFUSED, errors=checked.errors))
            elif row.closed:
                records.append((len(outcomes), _record(place, origin, row, checked)))
                outcomes.append(Outcome(row, MADE))
            else:
                outcomes.append(_opened(conn, store, place, origin, row, checked, now, dry))
        if not dry:
            made = imported.write(conn, store, by, [record for _, record in records], now)
            for (n, _), number in zip(records, made, strict=True):
                outcomes[n] = Outcome(outcomes[n].row, MADE, number)
    return outcomes


def ended(store: Store, user: User, source: str, counts: Mapping[str, int], now: datetime) -> None:
    """Note in the system chain that a person's import came to its end, with its counts."""
    with store.write() as conn:
        said = {"source": source, "counts": dict(counts)}
        log.append_system(conn, store, "import_ended", now, user.name, user.unit, said)


def _of(user: User) -> dict[str, str]:
    return {"area": user.area, "centre": user.centre, "authority": user.authority}


def _place(conn: Connection, store: Store, user: User, now: datetime) -> _Place:
    version = store.current_version(conn, now)
    definitions = store.definitions(version)
    process_id = definitions.start_process()
    form = forms.form(definitions, definitions.start_form(process_id))
    sources = forms.sources(conn, definitions, form, user.unit)
    return _Place(user, version, definitions, process_id, form, sources)


def _origin(store: Store, source: str, row: Ready) -> Origin:
    # Keyed: what a row said of somebody cannot be guessed from its digest.
    digest = store.vault.digest(canonical([source, row.original, dict(row.cells)]).decode())
    return Origin(source, row.original, row.received_at, row.unit, row.columns, digest)


def _compared(was: Any, origin: Origin) -> str:
    if was.columns != origin.columns:
        return UNCOMPARED
    return KNOWN if was.digest == origin.digest else DIFFERS


def _kept(kept: Sequence[Kept]) -> list[dict[str, Any]]:
    return [{"label": one.label, "text": one.text, "personal": one.personal} for one in kept]


def _said(checked: Checked) -> dict[str, Any]:
    return {key: value for key, value in checked.content.items() if value not in (None, [])}


def _record(place: _Place, origin: Origin, row: Ready, checked: Checked) -> Record:
    return Record(
        origin=origin,
        closed_at=row.closed_at,
        rating=row.rating,
        outcome=row.outcome,
        form=place.form.name,
        routing=checked.routing,
        answers=_said(checked),
        kept=_kept(row.kept),
        card=cards.words(forms.card(place.form, checked.values)),
    )


def _opened(
    conn: Connection,
    store: Store,
    place: _Place,
    origin: Origin,
    row: Ready,
    checked: Checked,
    now: datetime,
    dry: bool,
) -> Outcome:
    """Start a ticket in the procedure, as a call does; all of it, or nothing."""
    try:
        if dry:
            with steps.sentences():
                values = _values(place, checked, "")
                process.start(place.definitions, place.process, values, now, _live(conn, store))
            return Outcome(row, MADE)
        with conn.begin_nested():
            return Outcome(row, MADE, _start(conn, store, place, origin, row, checked, now))
    except Trouble as trouble:
        if trouble.code.startswith("database_"):
            raise
        return Outcome(row, REFUSED, errors={"": str(trouble)})


def _start(
    conn: Connection,
    store: Store,
    place: _Place,
    origin: Origin,
    row: Ready,
    checked: Checked,
    now: datetime,
) -> str:
    user = place.user
    day = f"{now.astimezone(ZONE):%Y%m%d}"
    number = f"{day}-{numbers.take(conn, f'ticket/{day}'):05d}"
    values = _values(place, checked, number)
    ticket = rows.create(
        conn,
        store,
        number=number,
        version=place.version,
        process=place.process,
        **_of(user),
        type=str(values["type"] or ""),
        channel=str(values["channel"] or ""),
        now=now,
        actor=user.name,
        card=cards.words(forms.card(place.form, checked.values)),
    )
    with steps.sentences():
        live = _live(conn, store)
        step = process.start(place.definitions, place.process, values, now, live)
    who = user.name, user.unit
    said = {"form": place.form.name, "routing": values}
    steps.record(conn, store, ticket, step, "start", now, *who, said, {"answers": _said(checked)})
    kept = {"kept": _kept(row.kept)} if row.kept else None
    log.append(conn, ticket, "fact", imported.NAME, now, *who, origin.said(imported.OPEN), kept)
    imported.note(conn, origin, imported.OPEN, ticket.id)
    return number


def _live(conn: Connection, store: Store) -> steps.Live:
    return steps.Live(conn, store)


def _values(place: _Place, checked: Checked, number: str) -> dict[str, Any]:
    """What the process starts with; a mapping gives no field that names a ticket."""
    linked = {field.ticket: None for field in place.form.fields if field.ticket}
    routing = {**checked.routing, **linked}
    return {"type": "", "channel": "", **routing, "number": number, **_of(place.user)}
