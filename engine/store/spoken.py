"""Words that somebody gives beside a form, such as a comment or a reason: trimmed and judged."""

from __future__ import annotations

from engine.access import User
from engine.errors import Trouble
from engine.formjs.text import forbidden, trimmed
from engine.record import Event

LONGEST_REASON = 500
WITHIN = "within"
"""What the body of a comment says that is kept to the writer's own unit."""


def heard(event: Event, user: User) -> bool:
    """Whether somebody may read what an event brought, as far as its writer decided that."""
    own = event.unit == user.unit
    return own or event.kind == "step" or not event.body.get(WITHIN)


def plain(text: str, most: int, missing: str, long: str) -> str:
    """The text as it is kept. Errors: Trouble `missing`, `long` (the codes), text_characters."""
    text = trimmed(text)
    if not text:
        raise Trouble(missing)
    if forbidden(text, lines=True):
        raise Trouble("text_characters")
    if len(text) > most:
        raise Trouble(long, most=most, count=len(text))
    return text


def reason(text: str) -> str:
    """A reason that goes on record. Errors: Trouble reason_needed, reason_long, text_characters."""
    return plain(text, LONGEST_REASON, "reason_needed", "reason_long")
