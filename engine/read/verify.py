"""Whether the record holds: chains, commitments, replay, projections; the first difference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import StoreError, Trouble
from engine.flow import Definitions, process
from engine.flow import state as codec
from engine.flow.model import READABLE, Leg, Reading, Refused, Step
from engine.flow.readings import RecordedReadings
from engine.read import announced, beside, settled
from engine.record import ANNOUNCEMENT, SYSTEM, Event, instant
from engine.store import Store, escalations, indexed, log, milestones, projection
from engine.store import tables as t
from engine.store.tickets import Ticket, bare


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that does not hold; `what` chain | payload | replay | projection."""

    chain: str
    seq: int | None
    what: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at, and the first difference of each chain that has one."""

    chains: int
    events: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A step taken again from its event."""

    event: Event
    step: Step


class _Differs(Exception):
    """A step that cannot be taken again as it is recorded."""

    def __init__(self, seq: int, sentence: str) -> None:
        super().__init__(sentence)
        self.seq = seq
        self.sentence = sentence


_NUMBERS = select(t.tickets.c.number).order_by(t.tickets.c.id)
_TICKET = select(t.tickets).where(t.tickets.c.number == bindparam("number"))
_CHAINS = select(t.events.c.chain).distinct().order_by(t.events.c.chain)


def verify(store: Store, number: str | None = None) -> Verified:
    """Verify one chain (a ticket's number, or "system"), or with None all of them.

    Errors: StoreError chain_unknown.
    """
    looked = [_verify(store, chain) for chain in ([number] if number else chains(store))]
    wrong = tuple(found for _, found in looked if found)
    return Verified(len(looked), sum(events for events, _ in looked), wrong)


MOST_MISSING = 100
"""Tickets of one day that are named when they are gone; the first of them say enough."""


def chains(store: Store) -> tuple[str, ...]:
    """All chains there are or must have been: the system's, every announcement's and ticket's.

    Those with a row, those with an event, and those whose number was given out.
    """
    with store.read() as conn:
        found = dict.fromkeys([SYSTEM, *announced.numbers(conn)])
        found |= dict.fromkeys(conn.execute(_NUMBERS).scalars())
        found |= dict.fromkeys(conn.execute(_CHAINS).scalars())
        given = beside.given(conn)
    for day, last in given.items():
        missing = (name for n in range(1, last + 1) if (name := f"{day}-{n:05d}") not in found)
        found |= dict.fromkeys(list(islice(missing, MOST_MISSING)))
    return tuple(str(name) for name in found)


def replay(store: Store, number: str) -> Iterator[Replayed]:
    """Take a ticket's steps again in a fresh engine, with the readings that were recorded.

    The state is dumped and loaded between all steps. Errors: StoreError chain_unknown; Trouble
    (what the flow refuses) where a step cannot be taken as it is recorded.
    """
    with store.read() as conn:
        ticket = _ticket(conn, number)
        if ticket is None:
            raise StoreError("chain_unknown", chain=number)
        events = log.read_events(conn, number)
    blob = b""
    for event in events:
        if event.kind == "step":
            body = event.body
            try:
                with store.read() as conn:
                    definitions = store.definitions_of(body["version"], conn)
                step = _again(definitions, blob, event, body)
            except Refused as refused:
                raise Trouble(refused.code, **refused.facts) from refused
            blob = codec.dump(step.state)
            yield Replayed(event, step)


def _ticket(conn: Connection, number: str) -> Ticket | None:
    row = conn.execute(_TICKET, {"number": number}).one_or_none()
    return None if row is None else bare(row._asdict())


def _again(definitions: Definitions, blob: bytes, event: Event, body: dict[str, Any]) -> Step:
    """One step, from the state before it (empty for the first). Errors: StoreError state_newer."""
    if body["semantics"] not in READABLE:
        raise StoreError("state_newer", number=event.chain)
    readings = RecordedReadings([Reading(**reading) for reading in body["readings"]])
    if body["step"] == "start":
        return process.start(definitions, body["process"], body["routing"], event.at, readings)
    state = codec.load(definitions, blob)
    match body["step"]:
        case "complete":
            return process.complete(state, body["task"], body["routing"], event.at, readings)
        case "send":
            message, payload = body["message"], body["routing"]
            return process.send(state, message, payload, event.at, readings, leg=body["leg"])
        case "tick":
            return process.tick(state, event.at, readings)
        case "revise":
            return process.revise(state, event.at, readings)
    raise Refused("step_unknown", step=body["step"])


_UNUSABLE = ("database_", "not_a_database", "cannot_open", "chain_unknown")
"""Errors that say nothing about a chain: nothing can be looked at, or there is no such chain."""


def _verify(store: Store, chain: str) -> tuple[int, Difference | None]:
    """How many events a chain has, and its first difference.

    Whatever cannot be read is a difference of this chain, so that the others are looked at too.
    """
    try:
        return _looked(store, chain)
    except SQLAlchemyError:
        raise
    except Trouble as trouble:
        if trouble.code == "chain_unknown" and _gone(store, chain):
            what = "公告" if chain.startswith(ANNOUNCEMENT) else "工单"
            sentence = f"{what}已连同全部事件被删去：其编号发出过。"
            return 0, Difference(chain, None, "chain", sentence)
        if trouble.code.startswith(_UNUSABLE):
            raise
        return 0, Difference(chain, None, "projection", f"不能核查：{trouble}")
    except Exception as error:  # changed into what no code foresees
        what = f"{type(error).__name__}"
        return 0, Difference(chain, None, "projection", f"不能核查：内容无法读取（{what}）。")


def _gone(store: Store, chain: str) -> bool:
    with store.read() as conn:
        if chain.startswith(ANNOUNCEMENT):
            return announced.was_given(conn, chain)
        return bool(beside.was_given(beside.given(conn), chain))


def _looked(store: Store, chain: str) -> tuple[int, Difference | None]:
    with store.read() as conn:
        found = log.verify(conn, store, chain)
        if found is not None:
            payload = found.code.startswith(("event_payload", "event_commitment"))
            what = "payload" if payload else "chain"
            return 0, Difference(chain, found.seq, what, found.sentence())
        events = log.read_events(conn, chain)
        if chain == SYSTEM:
            wrong = settled.wrong(conn, store, events) or indexed.wrong(conn)
            return len(events), Difference(chain, None, "projection", wrong) if wrong else None
        if chain.startswith(ANNOUNCEMENT):
            wrong = announced.wrong(conn, store, chain, events)
            return len(events), Difference(chain, None, "projection", wrong) if wrong else None
        ticket = _ticket(conn, chain)
        if ticket is None:
            return len(events), Difference(chain, None, "projection", "工单的行已被删去。")
        try:
            rows, blob, letters = _replayed(conn, store, ticket, events)
        except _Differs as differs:
            return len(events), Difference(chain, differs.seq, "replay", differs.sentence)
        wrong = beside.wrong(conn, store, ticket, events, rows, blob, letters)
        return len(events), Difference(chain, None, "projection", wrong) if wrong else None


def _replayed(
    conn: Connection, store: Store, ticket: Ticket, events: list[Event]
) -> tuple[milestones.Rows, bytes, dict[str, tuple[str, str]]]:
    """The rows, the state and the outbox (key → topic, content) that the steps lead to."""
    own = store.definitions(ticket.version).hash
    place = projection.place_of(conn, ticket)
    rows, blob, letters = milestones.nothing(), b"", dict[str, tuple[str, str]]()
    last = 1, own
    for event in events:
        if event.name == escalations.ESCALATE:
            letter = escalations.letter(event)
            letters[letter["key"]] = letter["topic"], letter["content"]
        if event.kind != "step":
            continue
        try:
            body = event.body
            version = body["version"]
            step = _again(store.definitions_of(version, conn), blob, event, body)
            blob = codec.dump(step.state)
        except (Refused, Trouble) as refused:
            said = f"第{event.seq}个事件不能按记录重演（{refused}）。"
            raise _Differs(event.seq, said) from refused
        except (KeyError, TypeError, ValueError) as error:
            raise _Differs(event.seq, f"第{event.seq}个事件的内容不完整，不能重演。") from error
        what = _step_differs(step, body)
        if what:
            raise _Differs(event.seq, f"第{event.seq}个事件重演的{what}与记录不符。")
        for letter in projection.letters(ticket.number, event.seq, step.messages):
            letters[letter["key"]] = letter["topic"], letter["content"]
        rows = milestones.advance(rows, step, event.at, place, body["semantics"])
        last = event.seq, version
    if last[1] != own:
        raise _Differs(last[0], f"第{last[0]}个事件是按另一个流程版本办理的。")
    return rows, blob, letters


def _step_differs(step: Step, body: dict[str, Any]) -> str:
    if codec.digest(step) != body["state"]:
        return "结果"
    if _plain(step.walked) != body["walked"]:
        return "路径"
    if _plain(step.messages) != body["messages"]:
        return "消息"
    if "legs" in body and [_plain_leg(leg) for leg in step.legs] != body["legs"]:
        return "派发"
    return ""


def _plain_leg(leg: Leg) -> dict[str, Any]:
    return {**asdict(leg), "at": instant(leg.at)}


def _plain(records: tuple[Any, ...]) -> list[Any]:
    plain: list[Any] = json.loads(json.dumps([asdict(record) for record in records]))
    return plain
