"""Shifts handed over: what waits to be signed or confirmed, and those of before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from engine.access import User
from engine.duty import HANDED_OVER
from engine.read.roster import Post, post_of
from engine.record import SYSTEM
from engine.store import Store, handovers, log, roster, standing
from engine.store import tables as t
from engine.store.standing import MOST, Item, Standing

__all__ = ["MOST", "Handover", "Leaving", "Whole", "leaving", "past", "waiting", "whole"]


@dataclass(frozen=True, slots=True)
class Handover:
    """A shift that was signed; `confirmed_at` None while the next has not confirmed."""

    seq: int
    leaver: str
    leaver_name: str
    taker: str
    taker_name: str
    since: datetime
    until: datetime
    signed_at: datetime
    offered: bool
    confirmed_at: datetime | None
    accepted: bool


@dataclass(frozen=True, slots=True)
class Leaving:
    """A shift that somebody is to hand over: what stands open, and who comes next."""

    shift: Post
    standing: Standing
    next: tuple[Post, ...]


@dataclass(frozen=True, slots=True)
class Whole:
    """A hand-over with what was said; `left`: what the leaver offered and still has."""

    handover: Handover
    remarks: str
    standing: Standing
    left: tuple[Item, ...]


def leaving(store: Store, user: User, now: datetime) -> Leaving | None:
    """What the user has to hand over: of the shift they are in, or were in until lately."""
    with store.read() as conn:
        shift = roster.of_person(conn, user.unit, user.id, now)
        if shift is None or now - shift.until > HANDED_OVER:
            return None
        if handovers.of_shift(conn, user.id, shift.since, shift.until) is not None:
            return None
        open_now = standing.of(conn, store, user, now)
        later = roster.to_come(conn, user.unit, min(now, shift.until - timedelta(microseconds=1)))
        return Leaving(post_of(shift), open_now, tuple(map(post_of, later)))


def waiting(store: Store, user: User) -> tuple[Handover, ...]:
    """What the user is to confirm."""
    query = handovers.rows(
        t.handovers.c.taker == user.id,
        t.handovers.c.unit == user.unit,
        t.handovers.c.confirmed_at.is_(None),
    )
    with store.read() as conn:
        return tuple(map(_handover, conn.execute(query)))


def past(store: Store, user: User, limit: int, offset: int) -> tuple[tuple[Handover, ...], int]:
    """The hand-overs of the user's unit, the newest first, and how many there are."""
    ours = t.handovers.c.unit == user.unit
    with store.read() as conn:
        total = conn.execute(select(func.count()).select_from(t.handovers).where(ours)).scalar_one()
        rows = conn.execute(handovers.rows(ours).limit(limit).offset(offset))
        return tuple(map(_handover, rows)), int(total)


def whole(store: Store, user: User, seq: int) -> Whole | None:
    """A hand-over of the user's unit, as it was signed. Errors: VaultError sealed_broken."""
    with store.read() as conn:
        row = conn.execute(
            handovers.rows(t.handovers.c.unit == user.unit, t.handovers.c.seq == seq)
        ).one_or_none()
        if row is None:
            return None
        said: Mapping[str, Any] = log.payload_of(conn, store, SYSTEM, seq)
        held = {(one["number"], one["task"]): one for one in said["open"]["held"]}
        still = conn.execute(
            select(t.tickets.c.number, t.tasks.c.task)
            .join(t.tickets, t.tickets.c.id == t.tasks.c.ticket)
            .where(t.tasks.c.claimed_by == row.leaver)
        )
        left = tuple(held[tuple(one)] for one in still if tuple(one) in held)
        found = _handover(row)
        return Whole(found, said["remarks"], said["open"], left if found.offered else ())


def _handover(row: Any) -> Handover:
    return Handover(
        seq=row.seq,
        leaver=row.leaver_name,
        leaver_name=row.leaver_display,
        taker=row.taker_name,
        taker_name=row.taker_display,
        since=row.since,
        until=row.until,
        signed_at=row.signed_at,
        offered=row.offered,
        confirmed_at=row.confirmed_at,
        accepted=bool(row.accepted),
    )
