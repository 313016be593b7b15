"""A ticket's own row: made, locked, its state and sealed contents, the facts for access."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, bindparam, delete, exists, insert, select, update

from engine.errors import StoreError, VaultError
from engine.flow import state as codec
from engine.flow.model import READABLE, SEMANTICS, Refused
from engine.record import GENESIS, canonical
from engine.store import milestones
from engine.store.log import Chain
from engine.store.milestones import Rows
from engine.store.prepared import Prepared
from engine.store.session import Store
from engine.store.tables import (
    drafts,
    ledger,
    legs,
    states,
    tasks,
    ticket_keys,
    tickets,
    timers,
    units,
    users,
)
from engine.vault import seal, unseal

FIRST: Final = 1
"""The instance that is the ticket's own process."""


_FACTS: Final = ("id", "area", "centre", "authority", "about_unit")


@dataclass(frozen=True)
class Seen:
    """A ticket as it was read: its row, its legs, its open tasks by number.

    A task's row says more than its columns: `who` and `who_name` claimed it, `unit_name`, and
    whether it is `drafted`.
    """

    columns: Mapping[str, Any]
    legs: Sequence[Row[Any]] = ()
    tasks: Mapping[int, Row[Any]] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """What access asks about a ticket (see access.authorize), and its id."""
        valid = [leg for leg in self.legs if leg.void_at is None]
        return {
            **{name: self.columns[name] for name in _FACTS},
            "units": {leg.unit for leg in valid} | {task.unit for task in self.tasks.values()},
            "peer_centres": {leg.peer_centre for leg in valid},
            "authorities": {self.columns["authority"]} | {leg.authority for leg in valid},
        }


@dataclass
class Ticket(Chain):
    """A ticket locked in this transaction; as a Chain it is what events are appended to.

    `columns` is its row, `rows` what steps write, `state` its process's state (None before the
    first step): read with the lock, moved on by projection.project. `seen` stays as it was read.
    """

    id: int
    version: int
    columns: dict[str, Any] = field(repr=False)
    seen: Seen = field(repr=False)
    rows: Rows = field(repr=False)
    state: bytes | None = field(repr=False)
    semantics: int | None = None
    """The version of the semantics that the state was saved under."""

    @property
    def number(self) -> str:
        """The ticket's number, which is also the name of its chain."""
        return self.name

    def seal(self, purpose: str, content: Mapping[str, Any]) -> bytes:
        """Encrypt something of the ticket, such as a draft. Errors: VaultError erased."""
        return seal_of(self.key, self.number, purpose, content)

    def unseal(self, purpose: str, blob: bytes) -> dict[str, Any]:
        """What `seal` encrypted for this purpose. Errors: VaultError erased, sealed_broken."""
        return unseal_of(self.key, self.number, purpose, blob)


def seal_of(key: bytes | None, number: str, purpose: str, content: Mapping[str, Any]) -> bytes:
    """Encrypt something of a ticket under its key; `purpose` says what, "draft/7/3"."""
    if key is None:
        raise VaultError("erased", number=number)
    return seal(key, canonical(dict(content)), f"{purpose}/{number}")


def unseal_of(key: bytes | None, number: str, purpose: str, blob: bytes) -> dict[str, Any]:
    """What seal_of encrypted. Errors: VaultError erased, sealed_broken."""
    if key is None:
        raise VaultError("erased", number=number)
    content: dict[str, Any] = json.loads(unseal(key, blob, f"{purpose}/{number}"))
    return content


_BY_ID = Prepared(select(tickets).where(tickets.c.id == bindparam("which")).with_for_update())
_BY_NUMBER = Prepared(
    select(tickets).where(tickets.c.number == bindparam("which")).with_for_update()
)
_KEY_AND_STATE = Prepared(
    select(ticket_keys.c.wrapped, states.c.semantics, states.c.blob)
    .select_from(
        tickets.outerjoin(ticket_keys, ticket_keys.c.ticket == tickets.c.id).outerjoin(
            states, (states.c.ticket == tickets.c.id) & (states.c.instance == FIRST)
        )
    )
    .where(tickets.c.id == bindparam("ticket"))
)
_FIRST_STATE = Prepared(insert(states))
_SAVE = Prepared(
    update(states).where(states.c.ticket == bindparam("of"), states.c.instance == FIRST)
)
_SEE = Prepared(
    select(
        tickets.c.id,
        tickets.c.area,
        tickets.c.centre,
        tickets.c.authority,
        tickets.c.version,
        tickets.c.about_unit,
        tickets.c.protected,
        tickets.c.seq,
    ).where(tickets.c.number == bindparam("number"))
)
_LEGS = Prepared(select(legs).where(legs.c.ticket == bindparam("ticket")))
_TASKS = Prepared(
    select(
        tasks,
        users.c.name.label("who"),
        users.c.display_name.label("who_name"),
        units.c.name.label("unit_name"),
        exists()
        .where(drafts.c.ticket == tasks.c.ticket, drafts.c.task == tasks.c.task)
        .label("drafted"),
    )
    .outerjoin(users, users.c.id == tasks.c.claimed_by)
    .outerjoin(units, units.c.id == tasks.c.unit)
    .where(tasks.c.ticket == bindparam("ticket"), tasks.c.instance == FIRST)
)
_LEDGER = Prepared(select(ledger).where(ledger.c.ticket == bindparam("ticket")))
_TIMERS = Prepared(
    select(timers).where(timers.c.ticket == bindparam("ticket"), timers.c.instance == FIRST)
)
_NEW = Prepared(insert(tickets).returning(tickets.c.id))
_NEW_KEY = Prepared(insert(ticket_keys))


_BORN: Final = {"protected": False, "calls": 1, "dissatisfied": 0}
"""What the columns with a default hold in a new row."""


def create(
    conn: Connection,
    store: Store,
    *,
    number: str,
    version: int,
    process: str,
    area: str,
    centre: str,
    authority: str,
    type: str,
    channel: str,
    now: datetime,
    actor: str,
    card: Mapping[str, str],
) -> Ticket:
    """Make a ticket's row and key, with no event yet; `card` (see cards.words) is sealed."""
    key, wrapped = store.vault.new_key(number)
    columns = {
        "number": number,
        "version": version,
        "process": process,
        "area": area,
        "centre": centre,
        "authority": authority,
        "type": type,
        "channel": channel,
        "created_at": now,
        "created_by": actor,
        "card": seal_of(key, number, "card", card),
        "seq": 0,
        "head": GENESIS,
    }
    made = _NEW.scalar(conn, columns)
    _NEW_KEY.run(conn, {"ticket": made, "wrapped": wrapped})
    columns = {column.name: None for column in tickets.c} | _BORN | columns | {"id": made}
    return bare(columns, key)


def bare(columns: dict[str, Any], key: bytes | None = None) -> Ticket:
    """A ticket's row alone: not locked, and nothing read of what is around it."""
    seq, head, id, version = (columns[name] for name in ("seq", "head", "id", "version"))
    rows = milestones.nothing()
    return Ticket(
        columns["number"], seq, head, key, id, version, columns, Seen(columns), rows, None
    )


def lock(conn: Connection, store: Store, which: int | str) -> Ticket:
    """Lock a ticket, by id or number, until the transaction ends, and read all that is its.

    Errors: StoreError ticket_unknown, database_locked (somebody held it for too long).
    """
    by = _BY_ID if isinstance(which, int) else _BY_NUMBER
    row = by.first(conn, {"which": which})
    if row is None:
        raise StoreError("ticket_unknown", number=which)
    return _locked(conn, store, row)


def _locked(conn: Connection, store: Store, row: Row[Any]) -> Ticket:
    # Read after the lock, in statements of their own: in one with it, PostgreSQL would answer
    # for joined tables from before the wait.
    rest = _KEY_AND_STATE.one(conn, {"ticket": row.id})
    key = None if rest.wrapped is None else store.vault.unwrap(rest.wrapped, row.number)
    columns = row._asdict()
    seen = _seen(conn, columns)
    return Ticket(
        row.number,
        row.seq,
        row.head,
        key,
        row.id,
        row.version,
        columns,
        seen,
        _rows_of(conn, seen),
        rest.blob,
        rest.semantics,
    )


def load_state(store: Store, ticket: Ticket) -> Any:
    """The state of the ticket's process, a fresh one each time (a step consumes it).

    Errors: StoreError state_missing, state_newer; flow's errors when the state does not load.
    """
    if not ticket.columns["process"]:  # ended on another platform, and only kept here
        raise Refused("ended")
    if ticket.state is None:
        raise StoreError("state_missing", number=ticket.number)
    if ticket.semantics not in READABLE:
        raise StoreError("state_newer", number=ticket.number)
    return codec.load(store.definitions(ticket.version), ticket.state)


def save_state(conn: Connection, ticket: Ticket, state: Any) -> None:
    """Save the state after a step, which is the end of it."""
    blob = codec.dump(state)
    state.release()
    row = {"semantics": SEMANTICS, "blob": blob}
    if ticket.state is None:
        _FIRST_STATE.run(conn, {"ticket": ticket.id, "instance": FIRST, **row})
    else:
        _SAVE.run(conn, {"of": ticket.id, **row})
    ticket.state, ticket.semantics = blob, SEMANTICS


def erase(conn: Connection, ticket: Ticket, now: datetime) -> None:
    """Destroy the ticket's key and what is sealed outside the log; the chain stays as it is."""
    conn.execute(delete(ticket_keys).where(ticket_keys.c.ticket == ticket.id))
    conn.execute(delete(drafts).where(drafts.c.ticket == ticket.id))
    conn.execute(update(tickets).where(tickets.c.id == ticket.id).values(card=None, erased_at=now))
    ticket.key = None
    ticket.columns.update(card=None, erased_at=now)


# --- reading -----------------------------------------------------------------------------------


def see(conn: Connection, number: str) -> Seen | None:
    """A ticket without a lock; None if unknown. Of its row: id, version and what access asks."""
    row = _SEE.first(conn, {"number": number})
    return None if row is None else _seen(conn, row._asdict())


def _seen(conn: Connection, columns: Mapping[str, Any]) -> Seen:
    here = {"ticket": columns["id"]}
    found = {row.task: row for row in _TASKS.all(conn, here)}
    return Seen(columns, _LEGS.all(conn, here), found)


def read_rows(conn: Connection, columns: Mapping[str, Any]) -> Rows:
    """The rows of a ticket that steps write, as they stand, but for its deadlines."""
    return _rows_of(conn, _seen(conn, columns))


def _rows_of(conn: Connection, seen: Seen) -> Rows:
    # A step does not need the deadlines: it writes those whose timers changed.
    here = {"ticket": seen.columns["id"]}
    return Rows(
        ticket={column: seen.columns[column] for column in milestones.OF_TICKET},
        legs={row.leg: _of_leg(row) for row in seen.legs},
        tasks={task: _of_task(row) for task, row in seen.tasks.items()},
        timers={row.task: _of_timer(row) for row in _TIMERS.all(conn, here)},
        ledger={row.entry: _of_entry(row) for row in _LEDGER.all(conn, here)},
    )


def _but(table: Table, *names: str) -> Callable[[Row[Any]], dict[str, Any]]:
    """What reads the other columns of a row that begins with those of a table."""
    kept = [place for place, column in enumerate(table.c) if column.name not in names]
    columns = tuple(table.c[place].name for place in kept)
    values = itemgetter(*kept)
    return lambda row: dict(zip(columns, values(row), strict=True))


_of_leg = _but(legs, "ticket", "leg")
_of_entry = _but(ledger, "ticket", "entry")
_of_task = _but(tasks, "ticket", "instance", "task", "claimed_by", "claimed_at")
_of_timer = _but(timers, "ticket", "instance", "task", "tries", "next_try_at", "alarm")
