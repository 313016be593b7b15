"""A step of a locked ticket: taken, appended to its chain, projected; what every act shares."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from engine.access import User
from engine.errors import StoreError, Trouble
from engine.flow import Definitions, process
from engine.flow import state as codec
from engine.flow.model import (
    SEMANTICS,
    Json,
    Leg,
    Message,
    Milestone,
    Reading,
    Refused,
    Step,
    Timer,
    Walked,
)
from engine.formjs import Checked, Form
from engine.record import Event, instant
from engine.store import cards, forms, numbers, places, projection, requests, search, tickets
from engine.store.prepared import Prepared
from engine.store.session import Store
from engine.store.tables import deadlines, units
from engine.store.tickets import FIRST, Ticket
from engine.workdays import ZONE, Calendar, OutOfCalendar

CLOCK = "clock"
"""The actor of what nobody did: a due time came."""


class Live:
    """Answers a process from the world as it is now: the calendar in force, when it is asked."""

    def __init__(self, conn: Connection, store: Store) -> None:
        self._conn = conn
        self._store = store
        self._units: dict[str, Mapping[str, Json]] = {}
        self._calendar: Calendar | None = None

    def due(self, start: datetime, days: int) -> Mapping[str, Json]:
        """The end of the n-th working day after `start`. Errors: Refused deadline."""
        if self._calendar is None:  # which revision is in force is asked once a step
            self._calendar = self._store.calendar(self._conn)
        try:
            return self._calendar.due(start, days).as_json()
        except OutOfCalendar as error:
            raise Refused("deadline", **error.facts) from error

    def unit(self, id: str) -> Mapping[str, Json]:
        """What a unit is and whom it answers to; asked for once. Errors: Refused unit_unknown."""
        if id not in self._units:
            try:
                peers = places.of_unit(self._conn, id)
            except StoreError as error:
                raise Refused(error.code, **error.facts) from error
            row = _UNIT.one(self._conn, {"unit": id})
            self._units[id] = {
                "kind": row.kind,
                "level": row.level,
                "area": peers.area,
                "centre": peers.centre,
                "authority": peers.authority,
                "superior": row.superior,
            }
        return self._units[id]


_UNIT = Prepared(
    select(units.c.kind, units.c.level, units.c.superior).where(units.c.id == bindparam("unit"))
)


@contextmanager
def sentences() -> Iterator[None]:
    """Turn what the flow refuses into a Trouble with its sentence."""
    try:
        yield
    except Refused as refused:
        raise Trouble(refused.code, **refused.facts) from refused


def once(
    conn: Connection,
    key: str,
    user: str,
    act: str,
    now: datetime,
    sent: Mapping[str, Sequence[str]] | None = None,
) -> bool:
    """Whether this request is to be acted upon; False when it was before, with success.

    `sent` is the form as it came: the same key with other answers was never acted upon.
    Errors: Trouble request_key (none, or too long), request_other (the key of another act).
    """
    if not 0 < len(key) <= 64:
        raise Trouble("request_key")
    digest = None if sent is None else _digest(key, sent)
    if requests.first_time(conn, key, user, act, now, digest):
        return True
    was, of = requests.act_of(conn, key, user)
    if was != act or (digest is not None and of not in (None, digest)):
        raise Trouble("request_other")
    return False


def _digest(key: str, sent: Mapping[str, Sequence[str]]) -> str:
    # What nobody typed is not sent by every browser.
    plain = {str(name): list(texts) for name, texts in sent.items() if any(texts)}
    return hashlib.sha256(json.dumps([key, plain], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Beginning:
    """By what a ticket is started: the version in force, its process, the form that starts it."""

    version: int
    definitions: Definitions
    process: str
    form: Form


def beginning(conn: Connection, store: Store, now: datetime, kind: str = "call") -> Beginning:
    """How a ticket is started that comes by a call. Errors: StoreError nothing_deployed."""
    version = store.current_version(conn, now)
    definitions = store.definitions(version)
    process_id = definitions.start_process(kind)
    form = forms.form(definitions, definitions.start_form(process_id))
    return Beginning(version, definitions, process_id, form)


def place_of(user: User) -> dict[str, str]:
    """Where a ticket belongs that somebody takes in."""
    return {"area": user.area, "centre": user.centre, "authority": user.authority}


def begin_values(user: User, routing: Mapping[str, Any], number: str) -> dict[str, Any]:
    """What a ticket's process begins with; what the act knows wins over what a form says."""
    return {"type": "", "channel": "", **routing, "number": number, **place_of(user)}


def begin(
    conn: Connection,
    store: Store,
    user: User,
    by: Beginning,
    checked: Checked,
    routing: Mapping[str, Any],
    now: datetime,
    said: Mapping[str, Any] | None = None,
) -> Ticket:
    """Start a ticket from the answers of its form, under the next number of the day.

    Errors: Trouble (what the flow refuses); StoreError.
    """
    day = f"{now.astimezone(ZONE):%Y%m%d}"
    number = f"{day}-{numbers.take(conn, f'ticket/{day}'):05d}"
    values = begin_values(user, routing, number)
    ticket = tickets.create(
        conn,
        store,
        number=number,
        version=by.version,
        process=by.process,
        **place_of(user),
        type=str(values["type"] or ""),
        channel=str(values["channel"] or ""),
        now=now,
        actor=user.name,
        card=cards.words(forms.card(by.form, checked.values)),
    )
    with sentences():
        step = process.start(by.definitions, by.process, values, now, Live(conn, store))
    said = {"form": by.form.name, "routing": values, **(said or {})}
    payload = {"answers": answered(checked)}
    record(conn, store, ticket, step, "start", now, user.name, user.unit, said, payload)
    return ticket


def answered(checked: Checked) -> dict[str, Any]:
    """What a form's answers leave in the payload: all that is no routing and not empty."""
    return {key: value for key, value in checked.content.items() if value not in (None, [])}


def record(
    conn: Connection,
    store: Store,
    ticket: Ticket,
    step: Step,
    name: str,
    now: datetime,
    actor: str,
    unit: str = "",
    said: Mapping[str, Any] | None = None,
    payload: Mapping[str, Any] | None = None,
) -> Event:
    """Append a step to the ticket's chain and write its rows; `said` goes into the body.

    Errors: StoreError; VaultError erased.
    """
    body = {
        "step": name,
        "version": store.definitions(ticket.version).hash,
        "semantics": SEMANTICS,
        "instance": FIRST,
        "process": ticket.columns["process"],
        "readings": [_plain(reading) for reading in step.readings],
        "walked": [_plain(walked) for walked in step.walked],
        "milestones": [
            _plain(milestone) | {"at": instant(milestone.at)} for milestone in step.milestones
        ],
        "messages": [_plain(message) for message in step.messages],
        "legs": [_plain(leg) | {"at": instant(leg.at)} for leg in step.legs],
        "ended": step.ended,
        "state": codec.digest(step),
        **(said or {}),
    }
    event = search.append(conn, store, ticket, "step", name, now, actor, unit, body, payload)
    projection.project(conn, ticket, step, now)
    return event


def _plain(part: Reading | Walked | Milestone | Message | Leg) -> dict[str, Any]:
    """The fields of a part of a step; dataclasses.asdict would copy all values in them."""
    return {name: getattr(part, name) for name in part.__slots__}


def send(
    conn: Connection,
    store: Store,
    ticket: Ticket,
    name: str,
    payload: Mapping[str, Json],
    now: datetime,
    actor: str,
    unit: str = "",
    leg: int | None = None,
    said: Mapping[str, Any] | None = None,
    content: Mapping[str, Any] | None = None,
) -> Event:
    """Send a locked ticket the message that its manifest knows as `name`, as an event.

    Errors: Trouble message_unknown (not in the manifest), nobody_waits, ended, what else the flow
    refuses; VaultError erased (`content`, but the key is destroyed).
    """
    message = store.definitions(ticket.version).manifest.get("messages", {}).get(name)
    if not isinstance(message, str):
        raise Trouble("message_unknown", message=name)
    with sentences():
        state = tickets.load_state(store, ticket)
        step = process.send(state, message, dict(payload), now, Live(conn, store), leg=leg)
    body = {"message": message, "as": name, "leg": leg, "routing": dict(payload), **(said or {})}
    return record(conn, store, ticket, step, "send", now, actor, unit, body, content)


# --- due times -------------------------------------------------------------------------------


def tick(conn: Connection, store: Store, ticket: Ticket, now: datetime) -> int:
    """Fire what is due in a locked ticket, as an event of its own; how many timers fired.

    Errors: Trouble timer_stuck (a timer was due and no token moved), and what the flow refuses;
    roll back then.
    """
    due = len([timer for timer in ticket.rows.timers.values() if timer["due"] <= now])
    if not due:
        return 0
    with sentences():
        state = tickets.load_state(store, ticket)
        step = process.tick(state, now, Live(conn, store))
    late = [timer.deadline or timer.element for timer in step.timers if timer.due <= now]
    if late or not step.walked:
        raise Trouble("timer_stuck", deadline=", ".join(late))
    record(conn, store, ticket, step, "tick", now, CLOCK)
    return due


_DEADLINES = select(deadlines).where(deadlines.c.ticket == bindparam("ticket"))


def revise(
    conn: Connection, store: Store, ticket: Ticket, now: datetime, actor: str, unit: str
) -> bool:
    """Reckon a locked ticket's waiting due times again; nothing is recorded if none changed."""
    tick(conn, store, ticket, now)
    before = {
        (row.leg, row.name, row.address): row
        for row in conn.execute(_DEADLINES, {"ticket": ticket.id})
    }
    with sentences():
        state = tickets.load_state(store, ticket)
        step = process.revise(state, now, Live(conn, store))
    moved = [
        {
            "leg": timer.leg,
            "deadline": timer.deadline,
            "from": instant(old.due),
            "to": instant(timer.due),
            "provisional": timer.provisional,
            "was_provisional": old.provisional,
        }
        for timer in step.timers
        if (old := _noted(before, timer)) is not None and _differs(old, timer)
    ]
    if not moved:
        return False
    record(conn, store, ticket, step, "revise", now, actor, unit, {"moved": moved})
    return True


def _noted(before: Mapping[tuple[int, str, str], Row[Any]], timer: Timer) -> Row[Any] | None:
    leg, name = timer.leg or 0, timer.deadline
    return before.get((leg, name, timer.address)) or before.get((leg, name, ""))


def _differs(old: Row[Any], timer: Timer) -> bool:
    """Whether a deadline says something new: another time, or the same for other reasons."""
    if old.due != timer.due or old.provisional != timer.provisional:
        return True
    return _reasons(json.loads(old.why)) != _reasons(dict(timer.why))


def _reasons(why: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in why.items() if name != "revision"}
