"""A ticket's key: erased, its content is gone for ever, and the chain still verifies."""

from __future__ import annotations

from datetime import datetime

from engine.access import User
from engine.errors import Trouble
from engine.store import Store, attachments, log, rights, search, spoken, steps, tickets


def erase(store: Store, user: User, number: str, reason: str, now: datetime, key: str) -> None:
    """Destroy a ticket's key, its card, drafts, attachments and words in the index; the fact stays.

    Only a ticket whose process has ended: an open one could no longer be worked on. The reason
    stands in clear, for ever: it must name nobody.
    Errors: Denied; Trouble reason_needed, reason_long, text_characters, ticket_open,
    already_erased, request_*.
    """
    reason = spoken.reason(reason)
    with store.write() as conn:
        if not steps.once(conn, key, user.name, f"erase/{number}", now):
            return
        ticket = rights.hold(conn, store, user, number, "erase")
        if ticket.columns["erased_at"] is not None:
            raise Trouble("already_erased")
        if ticket.columns["ended_at"] is None:
            raise Trouble("ticket_open")
        said = {"reason": reason, "request": key}
        log.append(conn, ticket, "fact", "erase", now, user.name, user.unit, said)
        tickets.erase(conn, ticket, now)
        search.remove(conn, ticket.id)
        attachments.erase(conn, ticket.id)
