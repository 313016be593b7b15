"""What a simulated month came to, as JSON that is the same for the same seed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine.city.month import Done
from engine.store import Store
from engine.store.tables import events, legs, tasks, tickets
from engine.workdays import ZONE


def report(store: Store, done: Done) -> dict[str, Any]:
    """Counts, a line for each ticket, and a digest over all states after all steps.

    Nothing in it depends on keys, salts or the machine: hashes of the chain do, and are left out.
    """
    with store.read() as conn:
        rows = conn.execute(select(tickets).order_by(tickets.c.id)).all()
        by_ticket: dict[int, list[dict[str, Any]]] = {row.id: [] for row in rows}
        late: Counter[str] = Counter()
        for leg in conn.execute(select(legs).order_by(legs.c.ticket, legs.c.leg)):
            late["unsigned"] += leg.unsigned_at is not None
            late["overdue"] += leg.overdue_at is not None
            by_ticket[leg.ticket].append(
                {
                    "leg": leg.leg,
                    "unit": leg.unit,
                    "sign_due": _said(leg.sign_due),
                    "due": _said(leg.due),
                    "signed_at": _said(leg.signed_at),
                    "unsigned_at": _said(leg.unsigned_at),
                    "reported_at": _said(leg.reported_at),
                    "closed_at": _said(leg.closed_at),
                    "overdue_at": _said(leg.overdue_at),
                }
            )
        waiting = Counter(conn.execute(select(tasks.c.name)).scalars())
        digest = hashlib.sha256()
        steps = 0
        for event in conn.execute(
            select(events.c.chain, events.c.seq, events.c.body)
            .where(events.c.kind == "step")
            .order_by(events.c.chain, events.c.seq)
        ):
            state = json.loads(event.body)["state"]
            digest.update(f"{event.chain}/{event.seq}/{state}\n".encode())
            steps += 1
    return {
        "tickets": len(rows),
        "steps": steps,
        "fired": done.fired,
        "types": _sorted(Counter(row.type for row in rows)),
        "closed": sum(row.closed_at is not None for row in rows),
        "ended": sum(row.ended_at is not None for row in rows),
        "outcomes": _sorted(Counter(row.outcome for row in rows if row.outcome)),
        "ratings": _sorted(Counter(row.rating for row in rows if row.rating)),
        "legs": sum(map(len, by_ticket.values())),
        "unsigned": late["unsigned"],
        "overdue": late["overdue"],
        "waiting": _sorted(waiting),
        "nobody": _sorted(done.idle),
        "states": digest.hexdigest(),
        "list": [
            {
                "number": row.number,
                "type": row.type,
                "area": row.area,
                "channel": row.channel,
                "accepted_at": _said(row.accepted_at),
                "outcome": row.outcome,
                "rating": row.rating,
                "ended_at": _said(row.ended_at),
                "legs": by_ticket[row.id],
            }
            for row in rows
        ],
    }


def _said(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(ZONE).isoformat()


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
