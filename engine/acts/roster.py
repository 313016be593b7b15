"""The duty roster of a unit: shifts put in and taken out. Facts on the system chain."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from engine.access import User, authorize
from engine.duty import LONGEST, LONGEST_PHONE, MOST_SHIFTS, RANKS, Shift
from engine.errors import Trouble
from engine.formjs.text import forbidden
from engine.store import Store, log, roster
from engine.store.tables import shifts, units, users

_Taken = tuple[int, Shift]
"""Whose shift it is (a user's id), and the shift under a name by which people know them."""


class Unfit(Trouble):
    """Shifts that cannot be: `troubles` says of each why, in order; nothing was changed."""

    def __init__(self, troubles: Sequence[Trouble]) -> None:
        super().__init__("duty_unfit", count=len(troubles))
        self.troubles = tuple(troubles)


def revise(
    store: Store, user: User, added: Sequence[Shift], removed: Collection[int], now: datetime
) -> int:
    """Change the roster of the user's unit, all of it or nothing; how many shifts were put in.

    `removed`: ids of shifts. Of a shift `who` is a sign-in name, or a display name that only one
    person of the unit has.
    Errors: Denied; Unfit; Trouble duty_none, duty_many, duty_gone (taken out meanwhile, or over).
    """
    authorize(user, "set_duty", {"unit": user.unit})
    if not added and not removed:
        raise Trouble("duty_none")
    if len(added) > MOST_SHIFTS:
        raise Trouble("duty_many", most=MOST_SHIFTS)
    with store.write() as conn:
        # Two leaders at once would each find no overlap.
        conn.execute(select(units.c.id).where(units.c.id == user.unit).with_for_update())
        gone = _take_out(conn, user.unit, removed, now)
        people_of = _people(conn, user.unit)
        standing = _standing(conn, user.unit, added)
        fits: list[_Taken] = []
        wrong = []
        for shift in added:
            try:
                fits.append(_fitting(shift, people_of, [*standing, *fits], now))
            except Trouble as trouble:
                wrong.append(trouble)
        if wrong:
            raise Unfit(wrong)
        rows = [
            {
                "unit": user.unit,
                "user": who,
                "since": shift.since,
                "until": shift.until,
                "rank": shift.rank,
                "phone": shift.phone,
            }
            for who, shift in fits
        ]
        if rows:
            conn.execute(insert(shifts), rows)
        said: dict[str, Any] = {
            "of": user.unit,
            "added": [roster.told(shift.who, shift) for _, shift in fits],
            "removed": [roster.told(row.name, row) for row in gone],
        }
        log.append_system(conn, store, roster.ROSTER, now, user.name, user.unit, said)
    return len(rows)


def _take_out(
    conn: Connection, unit: str, removed: Collection[int], now: datetime
) -> list[Row[Any]]:
    if not removed:
        return []
    query = (
        select(shifts, users.c.name)
        .join(users, users.c.id == shifts.c.user)
        .where(shifts.c.unit == unit, shifts.c.id.in_(sorted(removed)), shifts.c.until > now)
        .order_by(shifts.c.id)
    )
    found = list(conn.execute(query))
    if len(found) != len(set(removed)):
        raise Trouble("duty_gone")
    conn.execute(delete(shifts).where(shifts.c.id.in_([row.id for row in found])))
    return found


def _people(conn: Connection, unit: str) -> Mapping[str, list[Row[Any]]]:
    """Who works in a unit, by sign-in name and by display name."""
    found: dict[str, list[Row[Any]]] = {}
    query = select(users).where(users.c.unit == unit, users.c.active).order_by(users.c.id)
    rows = conn.execute(query).all()
    for row in rows:
        found.setdefault(row.display_name, []).append(row)
    for row in rows:
        found[row.name] = [row]
    return found


def _fitting(
    shift: Shift,
    people_of: Mapping[str, list[Row[Any]]],
    before: Sequence[_Taken],
    now: datetime,
) -> _Taken:
    """A new shift under the sign-in name, if it meets none before it. Errors: Trouble duty_*."""
    about = {"since": shift.since, "who": shift.who}
    if not now < shift.until or not shift.since < shift.until:
        raise Trouble("duty_over", **about)
    if shift.until - shift.since > LONGEST or not 1 <= shift.rank <= RANKS:
        raise Trouble("duty_long", **about, days=LONGEST.days, ranks=RANKS)
    if len(shift.phone) > LONGEST_PHONE or forbidden(shift.phone, lines=False):
        raise Trouble("duty_phone", **about, most=LONGEST_PHONE)
    found = people_of.get(shift.who, [])
    if len(found) != 1:
        raise Trouble("duty_person_many" if found else "duty_person", **about)
    (row,) = found
    for who, other in before:
        if other.since < shift.until and shift.since < other.until:
            if who == row.id:
                raise Trouble("duty_self", **about)
            if other.rank == shift.rank:
                raise Trouble("duty_rank", **about, other=other.who, rank=shift.rank)
    return row.id, replace(shift, who=row.name)


def _standing(conn: Connection, unit: str, added: Sequence[Shift]) -> list[_Taken]:
    """The shifts of the unit that new ones may meet."""
    if not added:
        return []
    since, until = min(one.since for one in added), max(one.until for one in added)
    return [
        (row.user, Shift(row.since, row.until, row.display_name, row.rank, row.phone))
        for row in roster.between(conn, unit, since, until)
    ]
