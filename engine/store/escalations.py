"""What telling people of an untaken emergency leaves behind: from the fact, its rows and letter."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, func

from engine.record import Event, canonical
from engine.store.tables import deadlines, tasks

ESCALATE = "escalate"
"""The fact in a ticket's chain."""
TOPIC = "alert.duty"
"""The topic of the letter: whoever sends text messages finds the numbers of these people."""

TARGET = "target"
"""The deadline (engine.milestones) whose task somebody has to take."""
TARGETED = and_(
    deadlines.c.ticket == tasks.c.ticket,
    deadlines.c.leg == func.coalesce(tasks.c.leg, 0),
    deadlines.c.name == TARGET,
    # A task's due time is that of its own target, if it has one.
    deadlines.c.due == tasks.c.due,
)
"""How a task is joined to its target among the deadlines."""


def letter(event: Event) -> dict[str, str]:
    """What the outbox holds of it: key, topic, content."""
    body = event.body
    said = {name: body[name] for name in ("task", "level", "due", "of", "to")}
    return {
        "key": f"{event.chain}/{event.seq}/1",
        "topic": TOPIC,
        "content": canonical({"number": event.chain, "values": said}).decode(),
    }


def rows(event: Event) -> list[tuple[int, int, int, str | None, datetime, datetime]]:
    """The rows of it: task, level, n, who (None: there was nobody), due, told at."""
    body = event.body
    due = datetime.fromisoformat(body["due"])
    to: list[str | None] = body["to"] or [None]
    return [(body["task"], body["level"], n, who, due, event.at) for n, who in enumerate(to, 1)]
