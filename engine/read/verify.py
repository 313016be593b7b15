"""Whether the record holds: chains, commitments, replay, projections; the first difference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select

from engine.errors import StoreError, Trouble
from engine.flow import Definitions, process
from engine.flow import state as codec
from engine.flow.model import SEMANTICS, Reading, Refused, Step
from engine.flow.readings import RecordedReadings
from engine.record import SYSTEM, Event
from engine.store import Store, log, milestones, projection
from engine.store import tables as t
from engine.store.tickets import FIRST, Ticket, bare


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
_STATE = select(t.states.c.blob).where(
    t.states.c.ticket == bindparam("ticket"), t.states.c.instance == FIRST
)
_OUTBOX = select(t.outbox.c.key).where(t.outbox.c.ticket == bindparam("ticket"))
_PLACES = select(t.events.c.body).where(
    t.events.c.chain == SYSTEM, t.events.c.name == "add_places", t.events.c.at >= bindparam("since")
)


def verify(store: Store, number: str | None = None) -> Verified:
    """Verify one chain (a ticket's number, or "system"), or with None all of them.

    Errors: StoreError chain_unknown.
    """
    if number is not None:
        events, found = _verify(store, number)
        return Verified(1, events, (found,) if found else ())
    with store.read() as conn:
        chains = [SYSTEM, *conn.execute(_NUMBERS).scalars()]
    looked = [_verify(store, chain) for chain in chains]
    wrong = tuple(found for _, found in looked if found)
    return Verified(len(chains), sum(events for events, _ in looked), wrong)


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
    definitions = store.definitions(ticket.version)
    blob = b""
    for event in events:
        if event.kind == "step":
            try:
                step = _again(definitions, blob, event, event.body)
            except Refused as refused:
                raise Trouble(refused.code, **refused.facts) from refused
            blob = codec.dump(step.state)
            yield Replayed(event, step)


def _ticket(conn: Connection, number: str) -> Ticket | None:
    row = conn.execute(_TICKET, {"number": number}).one_or_none()
    return None if row is None else bare(row._asdict())


def _again(definitions: Definitions, blob: bytes, event: Event, body: dict[str, Any]) -> Step:
    """One step, from the state before it (empty for the first)."""
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


def _verify(store: Store, chain: str) -> tuple[int, Difference | None]:
    """How many events a chain has, and its first difference."""
    with store.read() as conn:
        found = log.verify(conn, store, chain)
        if found is not None:
            payload = found.code.startswith(("event_payload", "event_commitment"))
            what = "payload" if payload else "chain"
            return 0, Difference(chain, found.seq, what, found.sentence())
        events = log.read_events(conn, chain)
        if chain == SYSTEM:
            return len(events), None
        ticket = _ticket(conn, chain)
        if ticket is None:
            return len(events), Difference(chain, None, "projection", "工单的行已被删去。")
        try:
            rows, blob, keys = _replayed(conn, store, ticket, events)
        except _Differs as differs:
            return len(events), Difference(chain, differs.seq, "replay", differs.sentence)
        wrong = (
            _birth(ticket, events)
            or _rows(conn, ticket, rows)
            or _leftovers(conn, store, ticket, blob, keys)
        )
        return len(events), Difference(chain, None, "projection", wrong) if wrong else None


def _replayed(
    conn: Connection, store: Store, ticket: Ticket, events: list[Event]
) -> tuple[milestones.Rows, bytes, set[str]]:
    """The rows, the state and the outbox's keys that the recorded steps lead to."""
    definitions = store.definitions(ticket.version)
    place = projection.place_of(conn, ticket)
    rows, blob, keys = milestones.nothing(), b"", set[str]()
    for event in events:
        if event.kind != "step":
            continue
        try:
            body = event.body
            if body["version"] != definitions.hash or body["semantics"] != SEMANTICS:
                raise _Differs(event.seq, f"第{event.seq}个事件是按另一个流程版本办理的。")
            step = _again(definitions, blob, event, body)
            blob = codec.dump(step.state)
        except (Refused, Trouble) as refused:
            said = f"第{event.seq}个事件不能按记录重演（{refused}）。"
            raise _Differs(event.seq, said) from refused
        except (KeyError, TypeError, ValueError) as error:
            raise _Differs(event.seq, f"第{event.seq}个事件的内容不完整，不能重演。") from error
        what = _step_differs(step, body)
        if what:
            raise _Differs(event.seq, f"第{event.seq}个事件重演的{what}与记录不符。")
        sent = len(step.messages)
        keys |= {f"{ticket.number}/{event.seq}/{n}" for n in range(1, sent + 1)}
        rows = milestones.advance(rows, step, event.at, place)
    return rows, blob, keys


def _step_differs(step: Step, body: dict[str, Any]) -> str:
    if codec.digest(step) != body["state"]:
        return "结果"
    if _plain(step.walked) != body["walked"]:
        return "路径"
    if _plain(step.messages) != body["messages"]:
        return "消息"
    return ""


def _plain(records: tuple[Any, ...]) -> list[Any]:
    plain: list[Any] = json.loads(json.dumps([asdict(record) for record in records]))
    return plain


# --- what stands beside the chain --------------------------------------------------------------

_TABLES = {
    "tickets": "工单",
    "legs": "派单",
    "tasks": "待办",
    "timers": "定时",
    "deadlines": "期限",
}
_PLACED = frozenset({"area", "peer_centre", "authority"})
"""Columns that follow from where a unit belongs, which may have changed since."""


def _birth(ticket: Ticket, events: list[Event]) -> str:
    """Whether the ticket's row still says what its first event says."""
    if not events or events[0].name != "start":
        return "工单没有受理的事件。"
    first, columns = events[0], ticket.columns
    said = first.body["routing"]
    for name in ("number", "area", "centre", "authority", "type", "channel"):
        if columns[name] != (said.get(name) or ""):
            return f"工单的行与记录不符：{name}。"
    if columns["created_at"] != first.at or columns["created_by"] != first.actor:
        return "工单的行与记录不符：created_at。"
    return ""


def _rows(conn: Connection, ticket: Ticket, rows: milestones.Rows) -> str:
    stored = projection.read(conn, ticket)
    moved: set[str] | None = None
    for table, key, column in milestones.differences(rows, stored):
        if column in _PLACED and table in ("legs", "tasks"):
            if moved is None:
                moved = _moved(conn, ticket)
            if getattr(rows, table)[key]["unit"] in moved:
                continue
        where = f"{key}" if table != "deadlines" else f"{key[0]}/{key[1]}"
        row = "" if table == "tickets" else f"（{where}）"
        said = f"：{column}" if column else "，多出或缺少一行"
        return f"{_TABLES[table]}{row}的数据与重演结果不符{said}。"
    return ""


def _moved(conn: Connection, ticket: Ticket) -> set[str]:
    """Units whose place was registered anew since the ticket began."""
    found: set[str] = set()
    for text in conn.execute(_PLACES, {"since": ticket.columns["created_at"]}).scalars():
        found |= {unit["id"] for unit in json.loads(text)["units"]}
    return found


def _leftovers(conn: Connection, store: Store, ticket: Ticket, blob: bytes, keys: set[str]) -> str:
    stored = conn.execute(_STATE, {"ticket": ticket.id}).scalar_one_or_none()
    definitions = store.definitions(ticket.version)
    try:
        if stored is None or codec.digest(codec.load(definitions, stored)) != codec.digest(
            codec.load(definitions, blob)
        ):
            return "流程的状态与重演结果不符。"
    except Refused:
        return "流程的状态无法读取。"
    queued = set(conn.execute(_OUTBOX, {"ticket": ticket.id}).scalars())
    if queued != keys:
        return f"待发消息与重演结果不符：{min(queued ^ keys)}。"
    return ""
