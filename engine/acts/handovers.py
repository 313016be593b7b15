"""A shift is handed over: the leaver signs what stands open, the next confirms. System facts."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, update

from engine.access import User, authorize
from engine.duty import HANDED_OVER
from engine.errors import Trouble
from engine.record import instant
from engine.store import Store, handovers, log, roster, spoken, standing, steps
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

    `accepted`: with what the leaver has taken, if that was offered; the door hands it over, task
    by task. Errors: Trouble shift_confirmed (before, or somebody else's).
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
