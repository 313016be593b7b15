"""An announcement locked in a transaction: its row, its chain, the calls that are linked to it.

Every change and every call is an event of the announcement's own chain, and what a caller said is
sealed under its own key. So a storm of calls waits for nobody else, and erasing the key takes all
that callers said and leaves what was announced, to how many, and by whom.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, insert, select, update

from engine import terms
from engine.access import User, authorize
from engine.errors import Denied, Trouble
from engine.record import ANNOUNCEMENT, instant
from engine.store import log, numbers
from engine.store.log import Chain
from engine.store.prepared import Prepared
from engine.store.session import Store
from engine.store.tables import announcement_calls, announcements, events
from engine.vault import Vault
from engine.workdays import ZONE

KINDS: Final = ("water", "power", "gas", "road", "other")
WORDS: Final = ("kind", "title", "places", "script", "contact")
"""What an announcement says in words; `since` and `until` say when."""

WRITE, REVISE, END = "announce", "revise_announcement", "end_announcement"
CALL: Final = "link_call"
"""What the fact is called that somebody called about it."""

_LOCK = Prepared(
    select(announcements).where(announcements.c.number == bindparam("number")).with_for_update()
)
_CALL = Prepared(insert(announcement_calls))
_COUNT = Prepared(
    select(func.count())
    .select_from(announcement_calls)
    .join(announcements, announcements.c.id == announcement_calls.c.announcement)
    .where(announcements.c.number == bindparam("number"))
)


@dataclass(frozen=True, slots=True)
class Held:
    """An announcement locked in this transaction: its row and its chain."""

    columns: Mapping[str, Any]
    chain: Chain

    @property
    def number(self) -> str:
        """Its number, such as GG20261010-001, which is also the name of its chain."""
        return self.chain.name


def facts(columns: Mapping[str, Any]) -> dict[str, Any]:
    """What access asks about an announcement."""
    return {name: columns[name] for name in ("area", "centre", "authority")}


def said(columns: Mapping[str, Any]) -> dict[str, Any]:
    """What an announcement says, as its chain has it."""
    words = {name: columns[name] for name in WORDS}
    return {**words, "since": instant(columns["since"]), "until": instant(columns["until"])}


def create(
    conn: Connection, store: Store, user: User, place: Mapping[str, str], words: Mapping[str, Any],
    now: datetime, request: str,
) -> Held:  # fmt: skip
    """A new announcement of a place (area, centre, authority), and its first event."""
    day = f"{now.astimezone(ZONE):%Y%m%d}"
    number = f"{ANNOUNCEMENT}{day}-{numbers.take(conn, series(day)):03d}"
    columns = {
        **{name: words[name] for name in (*WORDS, "since", "until")},
        **place,
        "number": number,
        "revision": 1,
        "created_at": now,
        "created_by": user.name,
    }
    made = conn.execute(insert(announcements).values(**columns).returning(announcements.c.id))
    chain = log.begin(conn, store, number)
    held = Held({**columns, "id": made.scalar_one(), "ended_at": None, "erased_at": None}, chain)
    body = {**place, "revision": 1, **said(columns), "request": request}
    log.append(conn, chain, "fact", WRITE, now, user.name, user.unit, body)
    return held


def series(day: str) -> str:
    """By what the numbers of a day's announcements are counted."""
    return f"announcement/{day}"


def hold(conn: Connection, store: Store, user: User, number: str, action: str) -> Held:
    """The announcement, locked, if the user may do the action to it.

    Errors: Denied, hidden when it is unknown or not the user's to see.
    """
    row = _LOCK.first(conn, {"number": number})
    if row is None:
        raise Denied("denied_hidden", hidden=True)
    columns = row._asdict()
    authorize(user, "read_announcements", facts(columns))
    authorize(user, action, facts(columns))
    return Held(columns, log.lock(conn, store, number))


def written(conn: Connection, user: User, request: str) -> str:
    """The number of the announcement that a request made before."""
    query = (
        select(events.c.chain, events.c.body)
        .join(announcements, announcements.c.number == events.c.chain)
        .where(events.c.seq == 1, announcements.c.created_by == user.name)
    )
    found = (row.chain for row in conn.execute(query) if json.loads(row.body)["request"] == request)
    return str(next(found))


def revise(
    conn: Connection, user: User, held: Held, words: Mapping[str, Any], now: datetime, request: str
) -> None:
    """Write a locked announcement anew, as its next revision."""
    columns = {**words, "revision": held.columns["revision"] + 1}
    _change(conn, held, **columns)
    body = {**said(columns), "revision": columns["revision"], "request": request}
    log.append(conn, held.chain, "fact", REVISE, now, user.name, user.unit, body)


def end(conn: Connection, user: User, held: Held, now: datetime, request: str) -> None:
    """End a locked announcement before its time."""
    _change(conn, held, ended_at=now)
    log.append(conn, held.chain, "fact", END, now, user.name, user.unit, {"request": request})


def _change(conn: Connection, held: Held, **columns: Any) -> None:
    one = announcements.c.id == held.columns["id"]
    conn.execute(update(announcements).where(one).values(**columns))


def link(
    conn: Connection,
    store: Store,
    user: User,
    number: str,
    now: datetime,
    body: Mapping[str, Any],
    payload: Mapping[str, str] | None = None,
    ticket: str | None = None,
) -> int:
    """Note that somebody called about an announcement in force; the how manieth call it is.

    `payload`: phone and what was said, where no `ticket` was made of it, which has both.
    The revision that is read out stands in the event.
    Errors: Denied; Trouble announcement_over; VaultError erased.
    """
    held = hold(conn, store, user, number, "start_ticket")
    if not in_force(held.columns, now):
        raise Trouble("announcement_over", number=number)
    told = {**body, "revision": held.columns["revision"], "ticket": ticket}
    event = log.append(conn, held.chain, "fact", CALL, now, user.name, user.unit, told, payload)
    row = {
        "announcement": held.columns["id"],
        "seq": event.seq,
        "phone": digest(store.vault, (payload or {}).get("phone", "")),
        "ticket": ticket,
    }
    _CALL.run(conn, row)
    return count(conn, number)


def count(conn: Connection, number: str) -> int:
    """How many calls are linked to it."""
    return int(_COUNT.scalar(conn, {"number": number}))


def in_force(columns: Mapping[str, Any], now: datetime) -> bool:
    """Whether an announcement is to be read out now."""
    return columns["ended_at"] is None and columns["since"] <= now < columns["until"]


def digest(vault: Vault, phone: str) -> str | None:
    """By what a caller's number is known again without being readable; None for no number."""
    found = sorted(terms.phones(phone), key=len)
    return vault.digest(f"announcement{found[0]}") if found else None


def erase(
    conn: Connection, user: User, held: Held, reason: str, now: datetime, request: str
) -> None:
    """Destroy the key under which callers' words and numbers are sealed, and their digests."""
    body = {"reason": reason, "request": request}
    log.append(conn, held.chain, "fact", "erase", now, user.name, user.unit, body)
    log.destroy_key(conn, held.chain)
    mine = announcement_calls.c.announcement == held.columns["id"]
    conn.execute(update(announcement_calls).where(mine).values(phone=None))
    _change(conn, held, erased_at=now)
