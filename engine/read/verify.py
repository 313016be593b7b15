"""Whether the record holds: chains, commitments, replay, projections; the first difference."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import StoreError, Trouble, VaultError
from engine.flow import Definitions, process
from engine.flow import state as codec
from engine.flow.model import READABLE, Reading, Refused, Step
from engine.flow.readings import RecordedReadings
from engine.read import settled
from engine.record import SYSTEM, Event
from engine.store import Store, cards, forms, log, milestones, projection
from engine.store import tables as t
from engine.store.tickets import FIRST, Ticket, bare, unseal_of


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
_STATE = select(t.states.c.blob, t.states.c.semantics).where(
    t.states.c.ticket == bindparam("ticket"), t.states.c.instance == FIRST
)
_OUTBOX = select(t.outbox.c.key, t.outbox.c.topic, t.outbox.c.content).where(
    t.outbox.c.ticket == bindparam("ticket")
)
_TRIES = (
    select(t.timers.c.element)
    .where(
        t.timers.c.ticket == bindparam("ticket"),
        t.timers.c.tries == 0,
        t.timers.c.next_try_at != t.timers.c.due,
    )
    .order_by(t.timers.c.task)
)
_KEPT = select(t.ticket_keys.c.ticket).where(t.ticket_keys.c.ticket == bindparam("ticket"))
_CHAINS = select(t.events.c.chain).distinct().order_by(t.events.c.chain)
_GIVEN = select(t.numbers.c.name, t.numbers.c.last).where(t.numbers.c.name.like("ticket/%"))
_PLACES = select(t.events.c.body).where(
    t.events.c.chain == SYSTEM, t.events.c.name == "add_places", t.events.c.at >= bindparam("since")
)


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
    """All chains there are or must have been: the system's, then every ticket's.

    Of tickets those with a row, those with an event, and those whose number was given out.
    """
    with store.read() as conn:
        found = dict.fromkeys([SYSTEM, *conn.execute(_NUMBERS).scalars()])
        found |= dict.fromkeys(conn.execute(_CHAINS).scalars())
        given = _given(conn)
    for day, last in given.items():
        missing = (name for n in range(1, last + 1) if (name := f"{day}-{n:05d}") not in found)
        found |= dict.fromkeys(list(islice(missing, MOST_MISSING)))
    return tuple(str(name) for name in found)


def _given(conn: Connection) -> dict[str, int]:
    """How many numbers were given out on each day."""
    given: dict[str, int] = defaultdict(int)
    for row in conn.execute(_GIVEN):
        if isinstance(row.last, int):
            given[row.name.removeprefix("ticket/")] = row.last
    return given


def _was_given(given: dict[str, int], number: str) -> bool | None:
    """Whether a ticket's number was given out; None for one that is no such number."""
    found = re.fullmatch(r"(\d{8})-(\d{5,9})", number)
    return int(found[2]) <= given.get(found[1], 0) if found else None


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
            return 0, Difference(chain, None, "chain", "工单已连同全部事件被删去：其编号发出过。")
        if trouble.code.startswith(_UNUSABLE):
            raise
        return 0, Difference(chain, None, "projection", f"不能核查：{trouble}")
    except Exception as error:  # changed into what no code foresees
        what = f"{type(error).__name__}"
        return 0, Difference(chain, None, "projection", f"不能核查：内容无法读取（{what}）。")


def _gone(store: Store, chain: str) -> bool:
    with store.read() as conn:
        return bool(_was_given(_given(conn), chain))


def _looked(store: Store, chain: str) -> tuple[int, Difference | None]:
    with store.read() as conn:
        found = log.verify(conn, store, chain)
        if found is not None:
            payload = found.code.startswith(("event_payload", "event_commitment"))
            what = "payload" if payload else "chain"
            return 0, Difference(chain, found.seq, what, found.sentence())
        events = log.read_events(conn, chain)
        if chain == SYSTEM:
            wrong = settled.wrong(conn, store, events)
            return len(events), Difference(chain, None, "projection", wrong) if wrong else None
        ticket = _ticket(conn, chain)
        if ticket is None:
            return len(events), Difference(chain, None, "projection", "工单的行已被删去。")
        try:
            rows, blob, letters = _replayed(conn, store, ticket, events)
        except _Differs as differs:
            return len(events), Difference(chain, differs.seq, "replay", differs.sentence)
        wrong = (
            _birth(conn, ticket, events)
            or _card(conn, store, ticket, events)
            or _erased(conn, ticket, events)
            or _rows(conn, ticket, rows)
            or _leftovers(conn, store, ticket, blob, letters)
        )
        return len(events), Difference(chain, None, "projection", wrong) if wrong else None


def _replayed(
    conn: Connection, store: Store, ticket: Ticket, events: list[Event]
) -> tuple[milestones.Rows, bytes, dict[str, tuple[str, str]]]:
    """The rows, the state and the outbox (key → topic, content) that the steps lead to."""
    definitions = store.definitions(ticket.version)
    place = projection.place_of(conn, ticket)
    rows, blob, letters = milestones.nothing(), b"", dict[str, tuple[str, str]]()
    for event in events:
        if event.kind != "step":
            continue
        try:
            body = event.body
            if body["version"] != definitions.hash:
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
        for letter in projection.letters(ticket.number, event.seq, step.messages):
            letters[letter["key"]] = letter["topic"], letter["content"]
        rows = milestones.advance(rows, step, event.at, place, body["semantics"])
    return rows, blob, letters


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
    "ledger": "督办台账",
}
_PLACED = frozenset({"area", "centre", "peer_centre", "authority"})
"""Columns that follow from where a unit belongs, which may have changed since."""


def _birth(conn: Connection, ticket: Ticket, events: list[Event]) -> str:
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
    if columns["process"] != first.body["process"]:
        return "工单的行与记录不符：process。"
    if _was_given(_given(conn), ticket.number) is False:
        return "工单的编号没有发出过，当日的编号登记被改动过。"
    return ""


def _card(conn: Connection, store: Store, ticket: Ticket, events: list[Event]) -> str:
    """Whether the card says what the answers of the start form say."""
    key = log.key_of(conn, store, ticket.number)
    if key is None:
        return ""
    first = events[0].body
    said = log.read_payloads(conn, store, ticket.number)[1]["answers"]
    form = forms.read(store.definitions(ticket.version), first["form"])
    expected = cards.words(forms.card(form, {**first["routing"], **said}))
    blob = ticket.columns["card"]
    try:
        if blob is None or unseal_of(key, ticket.number, "card", blob) != expected:
            return "工单卡片与受理时填写的内容不符。"
    except VaultError:
        return "工单卡片被改动过，无法解开。"
    return ""


def _erased(conn: Connection, ticket: Ticket, events: list[Event]) -> str:
    """Whether the key is gone exactly when the chain says that it was destroyed."""
    told = [event.at for event in events if (event.kind, event.name) == ("fact", "erase")]
    kept = conn.execute(_KEPT, {"ticket": ticket.id}).first() is not None
    at, card = ticket.columns["erased_at"], ticket.columns["card"]
    if not told:
        if not kept:
            return "工单的密钥不在了，而没有销毁的事件。"
        return "工单的行与记录不符：erased_at。" if at is not None else ""
    if kept or card is not None:
        return "记录说密钥已经销毁，而密钥或卡片还在。"
    return "工单的行与记录不符：erased_at。" if at != told[0] else ""


def _rows(conn: Connection, ticket: Ticket, rows: milestones.Rows) -> str:
    stored = projection.read(conn, ticket)
    moved: set[str] | None = None
    for table, key, column in milestones.differences(rows, stored):
        if column in _PLACED and table in ("legs", "tasks", "ledger"):
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


def _leftovers(
    conn: Connection,
    store: Store,
    ticket: Ticket,
    blob: bytes,
    letters: dict[str, tuple[str, str]],
) -> str:
    stored = conn.execute(_STATE, {"ticket": ticket.id}).one_or_none()
    if stored is not None and stored.semantics not in READABLE:
        raise StoreError("state_newer", number=ticket.number)
    definitions = store.definitions(ticket.version)
    try:
        if stored is None or codec.digest(codec.load(definitions, stored.blob)) != codec.digest(
            codec.load(definitions, blob)
        ):
            return "流程的状态与重演结果不符。"
    except Refused:
        return "流程的状态无法读取。"
    if element := conn.execute(_TRIES, {"ticket": ticket.id}).scalars().first():
        return f"定时（{element}）的下次触发时间与期限不符，而它还没有触发过。"
    queued = {
        row.key: (row.topic, row.content) for row in conn.execute(_OUTBOX, {"ticket": ticket.id})
    }
    wrong = [key for key in queued.keys() | letters.keys() if queued.get(key) != letters.get(key)]
    return f"待发消息与重演结果不符：{min(wrong)}。" if wrong else ""
