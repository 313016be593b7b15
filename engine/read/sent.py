"""The messages that a ticket sent to the world: to whom, when, and whether they arrived."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from engine.flow import Definitions
from engine.read.history import Names, elements
from engine.store import escalations
from engine.store import tables as t

TO_CALLER = "sms"
"""Topics that begin with it and a dot go to the caller's telephone."""

ON_DUTY = "值班提醒"
"""What the letter to people on duty is called, which no diagram draws."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One message to the world; what it says is composed by whoever receives it."""

    name: str  # what the diagram calls it, or ON_DUTY
    topic: str
    to_caller: bool
    unit_name: str  # whom it is for, "" where it names no unit
    leg: int | None
    queued_at: datetime
    tries: int  # how often it failed; of a delivered one, how often it was carried
    next_try_at: datetime | None  # None once delivered
    delivered_at: datetime | None


_OUTBOX = select(t.outbox).where(t.outbox.c.ticket == bindparam("ticket")).order_by(t.outbox.c.id)


def sent_of(
    conn: Connection,
    ticket: int,
    under: Mapping[int, Definitions],
    names: Names,
) -> tuple[Sent, ...]:
    """The messages of a ticket in the order in which they were queued.

    `under`: event number → the definitions that it happened under.
    """
    return tuple(
        _sent(row, json.loads(row.content), under, names)
        for row in conn.execute(_OUTBOX, {"ticket": ticket})
    )


def _sent(
    row: Row[Any],
    content: Mapping[str, Any],
    under: Mapping[int, Definitions],
    names: Names,
) -> Sent:
    definitions = under.get(int(row.key.split("/")[1]))  # its key: number/event/n-th
    drawn = elements(definitions).get(content.get("element", "")) if definitions else None
    # What tells people on duty comes from no element and no leg.
    plain = ON_DUTY if row.topic == escalations.TOPIC else row.topic
    unit = content["values"].get("unit") or content["values"].get("of") or ""
    return Sent(
        name=drawn.name if drawn is not None and drawn.name else plain,
        topic=row.topic,
        to_caller=row.topic.partition(".")[0] == TO_CALLER,
        unit_name=names.units.get(str(unit), ""),
        leg=content.get("leg"),
        queued_at=row.created_at,
        tries=row.tries,
        next_try_at=row.next_try_at,
        delivered_at=row.delivered_at,
    )
