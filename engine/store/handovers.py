"""Shifts handed over: the rows of it, as acts, pages and verify ask."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from engine.record import SYSTEM
from engine.store.tables import events, handovers, users

SIGNED, CONFIRMED = "shift_signed", "shift_confirmed"
"""The facts in the system chain; what was said stands in the payload of the first."""

_leaver, _taker = users.alias("leaver_of"), users.alias("taker_of")


def rows(*where: Any) -> Select[Any]:
    """Hand-overs with the names of both, the newest first."""
    return (
        select(
            handovers,
            _leaver.c.name.label("leaver_name"),
            _leaver.c.display_name.label("leaver_display"),
            _taker.c.name.label("taker_name"),
            _taker.c.display_name.label("taker_display"),
        )
        .join(_leaver, _leaver.c.id == handovers.c.leaver)
        .join(_taker, _taker.c.id == handovers.c.taker)
        .where(*where)
        .order_by(handovers.c.seq.desc())
    )


def of_shift(conn: Connection, leaver: int, since: Any, until: Any) -> Row[Any] | None:
    """The hand-over that somebody signed for a shift."""
    which = (
        handovers.c.leaver == leaver,
        handovers.c.since == since,
        handovers.c.until == until,
    )
    return conn.execute(rows(*which)).first()


def signed(conn: Connection, leaver: int, request: str) -> int:
    """The number of the hand-over that somebody's request made before."""
    query = (
        select(events.c.seq, events.c.body)
        .join(handovers, handovers.c.seq == events.c.seq)
        .where(events.c.chain == SYSTEM, handovers.c.leaver == leaver)
        .order_by(events.c.seq.desc())
    )
    bodies = ((row.seq, json.loads(row.body)) for row in conn.execute(query))
    return int(next(seq for seq, body in bodies if body.get("request") == request))
