"""Messages to the world leave: claimed for a while, carried, marked as delivered."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update

from engine.out.sender import Letter
from engine.store import Store
from engine.store.backoff import pause
from engine.store.prepared import Prepared
from engine.store.tables import outbox, tickets

CLAIMED_FOR = timedelta(minutes=2)
"""How long a claimed message is left to whoever claimed it; then another sweep sends it."""
LONGEST_PAUSE = timedelta(hours=1)

_DUE = Prepared(
    select(outbox, tickets.c.number)
    .join(tickets, tickets.c.id == outbox.c.ticket)
    .where(outbox.c.next_try_at <= bindparam("now"))
    .order_by(outbox.c.next_try_at, outbox.c.id)
    .limit(bindparam("most"))
    .with_for_update(of=outbox, skip_locked=True)
)
_CLAIM = update(outbox).where(outbox.c.id == bindparam("which"))
_CLAIMED = Prepared(_CLAIM)
_DELIVERED = Prepared(_CLAIM.values(tries=outbox.c.tries + 1, next_try_at=None, error=None))
_ANY = Prepared(select(outbox.c.id).where(outbox.c.next_try_at <= bindparam("now")).limit(1))


def any_due(store: Store, now: datetime) -> bool:
    """Whether a message waits to be sent: one cheap look before anything is locked."""
    with store.read() as conn:
        return _ANY.first(conn, {"now": now}) is not None


def claim(store: Store, now: datetime, most: int) -> list[tuple[int, Letter]]:
    """Claim messages for two minutes, oldest first; none that another sweep has claimed.

    No transaction is open while they are carried: a slow receiver must not stop the acts. Should
    the sweep die in between, the message goes again, under the same key.
    """
    with store.write() as conn:
        found = _DUE.all(conn, {"now": now, "most": most})
        until = now + CLAIMED_FOR
        _CLAIMED.each(conn, [{"which": row.id, "next_try_at": until} for row in found])
        return [
            (
                row.id,
                Letter(row.key, row.topic, row.number, json.loads(row.content), row.created_at),
            )
            for row in found
        ]


def delivered(store: Store, ids: list[int], now: datetime) -> None:
    """Mark messages as delivered."""
    with store.write() as conn:
        _DELIVERED.each(conn, [{"which": id, "delivered_at": now} for id in ids])


def failed(store: Store, id: int, now: datetime, error: str) -> int:
    """Count a failed delivery and put the message off; how often it failed."""
    with store.write() as conn:
        tries = (
            conn.execute(
                select(outbox.c.tries).where(outbox.c.id == id).with_for_update()
            ).scalar_one()
            + 1
        )
        conn.execute(
            update(outbox)
            .where(outbox.c.id == id)
            .values(tries=tries, next_try_at=now + pause(tries, LONGEST_PAUSE), error=error[:500])
        )
        return int(tries)
