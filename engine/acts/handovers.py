"""A shift is handed over: the leaver signs what stands open, the next confirms. System facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, update

from engine.access import User, authorize
from engine.duty import HANDED_OVER
from engine.errors import Trouble
from engine.record import SYSTEM, instant
from engine.store import Store, claims, handovers, log, rights, roster, spoken, standing, steps
from engine.store import tables as t

LONGEST: Final = 2000


def sign(
    store: Store, user: User, taker: str, offered: bool, remarks: str, now: datetime, key: str
) -> int:
    """Hand over the shift that the user is in, or was in last, to a colleague of the unit.

    `offered`: what the user has taken is to go to the colleague. Remarks may be empty. What stands
    open is kept as it is now. The number of the hand-over.
    Errors: Denied; Trouble shift_none, shift_signed, shift_taker, shift_remarks, request_*.
    """
    authorize(user, "read_duty", {"unit": user.unit})
    sent = {"to": [taker], "offered": ["yes"] if offered else [], "remarks": [remarks]}
    if remarks.strip():
        remarks = spoken.plain(remarks, LONGEST, "shift_remarks", "shift_remarks")
    with store.write() as conn:
        if not steps.once(conn, key, user.name, "sign_shift", now, sent):
            return handovers.signed(conn, user.id, key)
        # Two open pages at once would each find the shift unsigned.
        mine = select(t.users.c.id).where(t.users.c.id == user.id)
        conn.execute(mine.with_for_update(key_share=True))
        shift = roster.of_person(conn, user.unit, user.id, now)
        if shift is None or now - shift.until > HANDED_OVER:
            raise Trouble("shift_none")
        before = handovers.of_shift(conn, user.id, shift.since, shift.until)
        if before is not None:
            raise Trouble("shift_signed", who=before.taker_display)
        other = conn.execute(
            select(t.users.c.id).where(
                t.users.c.name == taker,
                t.users.c.active,
                t.users.c.unit == user.unit,
                t.users.c.id != user.id,
            )
        ).scalar_one_or_none()
        if other is None:
            raise Trouble("shift_taker")
        body = {
            "of": user.unit,
            "to": taker,
            "since": instant(shift.since),
            "until": instant(shift.until),
            "offered": offered,
            "request": key,
        }
        said = {"remarks": remarks.strip(), "open": standing.of(conn, store, user, now)}
        event = log.append_system(
            conn, store, handovers.SIGNED, now, user.name, user.unit, body, said
        )
        conn.execute(
            insert(t.handovers).values(
                seq=event.seq,
                unit=user.unit,
                leaver=user.id,
                taker=other,
                since=shift.since,
                until=shift.until,
                signed_at=now,
                offered=offered,
            )
        )
        return event.seq


def confirm(store: Store, user: User, seq: int, accepted: bool, now: datetime) -> None:
    """Take over a shift that was handed to the user.

    `accepted`: with what the leaver has taken, if that was offered; each of it is to be taken.
    Errors: Trouble shift_confirmed (before, or somebody else's).
    """
    mine = (
        t.handovers.c.seq == seq,
        t.handovers.c.taker == user.id,
        t.handovers.c.confirmed_at.is_(None),
    )
    with store.write() as conn:
        row = conn.execute(select(t.handovers.c.offered).where(*mine).with_for_update()).first()
        if row is None:
            raise Trouble("shift_confirmed")
        both = bool(row.offered and accepted)
        conn.execute(update(t.handovers).where(*mine).values(confirmed_at=now, accepted=both))
        body = {"of": seq, "accepted": both}
        log.append_system(conn, store, handovers.CONFIRMED, now, user.name, user.unit, body)


def take(store: Store, user: User, seq: int, number: str, task: int, now: datetime) -> None:
    """Take a task that the leaver of a shift had and offered, and the user accepted.

    What the user has already stays so. The fact says from whom it was taken, by which hand-over.
    Errors: Denied; Trouble shift_task (nobody agreed on that, or the leaver has it no more),
    task_done, task_gone, task_unknown, task_claimed, four_eyes.
    """
    agreed = (
        t.handovers.c.seq == seq,
        t.handovers.c.taker == user.id,
        t.handovers.c.offered,
        t.handovers.c.accepted,
    )
    with store.write() as conn:
        row = conn.execute(handovers.rows(*agreed)).first()
        open_then = log.payload_of(conn, store, SYSTEM, seq)["open"]["held"] if row else ()
        if row is None or (number, task) not in {(one["number"], one["task"]) for one in open_then}:
            raise Trouble("shift_task")
        ticket = rights.hold(conn, store, user, number)
        # The leaver let the taker do their work, as who is on leave lets a colleague.
        lent = replace(user, stands_for=user.stands_for | {row.leaver})
        found = rights.open_task(conn, lent, number, task, ticket.seen)
        if found.claimed_by == user.id:
            return
        if found.claimed_by != row.leaver:
            raise Trouble("shift_task")
        claims.give(conn, ticket, task, user.id, now)
        body = {"task": task, "name": found.name, "of": row.leaver_name, "shift": seq}
        log.append(conn, ticket, "fact", "claim", now, user.name, user.unit, body)
