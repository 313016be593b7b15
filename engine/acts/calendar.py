"""The calendar of working days: a year published or corrected, open due times reckoned again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from engine.access import User, authorize
from engine.errors import Trouble
from engine.store import Store, days, log, steps, tickets
from engine.store import tables as t
from engine.workdays import Row, load_shipped, shipped_years

__all__ = ["Published", "Row", "publish", "resume", "seed"]

_REVISION, _FOLLOWS = "calendar revision", "calendar ticket"
"""The rows of `numbers` that say how far open tickets follow the calendar: the revision, and the
id of the last ticket that does, -1 when all do."""


@dataclass(frozen=True, slots=True)
class Published:
    """A revision, and of how many open tickets due times were reckoned again and moved."""

    revision: int
    tickets: int
    moved: int


def seed(store: Store, now: datetime) -> int:
    """The shipped years as the first revision, unless there is a calendar; the revision."""
    with store.write() as conn:
        revision = conn.execute(select(func.max(t.calendar_revisions.c.id))).scalar()
        if revision is not None:
            return int(revision)
        revision = _revision(conn, now, "system", "随程序附带")
        years = shipped_years()
        for year, document in years.items():
            conn.execute(
                insert(t.calendar_years).values(year=year, document=document, revision=revision)
            )
        _insert(conn, load_shipped(), "system", revision)
        _move(conn, revision, 0)
        said = {"revision": revision, "years": sorted(years), "digest": days.digest(conn)}
        log.append_system(conn, store, "seed_calendar", now, "system", "", said)
        return revision


def publish(
    store: Store,
    user: User | None,
    year: int,
    rows: Iterable[Row],
    document: str,
    now: datetime,
) -> Published:
    """Publish or correct a year's arrangement, then reckon every open ticket's due times again.

    The rows of the year are replaced as a whole; they may reach into December before it. The
    publication stands when its own transaction does; each ticket follows in one of its own, and
    `resume` goes on where this was interrupted. `user` None is the system.
    Errors: Denied; Trouble year_mismatch, year_twice, reason_needed (no document).
    """
    if user is not None:
        authorize(user, "publish_calendar", {"area": user.area})
    if not document.strip():
        raise Trouble("reason_needed")
    found: dict[date, Row] = {}
    for row in rows:
        if row.date.year != year and (row.date.year, row.date.month) != (year - 1, 12):
            raise Trouble("year_mismatch", date=row.date.isoformat(), year=year)
        if row.date in found:
            raise Trouble("year_twice", date=row.date.isoformat())
        found[row.date] = row
    actor, unit = (user.name, user.unit) if user else ("system", "")
    with store.write() as conn:
        revision = _revision(conn, now, actor, f"{year}年：{document}")
        _replace(conn, year, list(found.values()), document, actor, revision)
        said = {
            "revision": revision,
            "year": year,
            "document": document,
            "digest": days.digest(conn),
            "days": [
                {
                    "date": row.date.isoformat(),
                    "is_workday": row.is_workday,
                    "source": row.source,
                    "document": row.document,
                }
                for row in found.values()
            ],
        }
        _move(conn, revision, 0)
        log.append_system(conn, store, "publish_calendar", now, actor, unit, said)
    return resume(store, now, actor, unit)


def _revision(conn: Connection, now: datetime, actor: str, text: str) -> int:
    made = conn.execute(
        insert(t.calendar_revisions).returning(t.calendar_revisions.c.id),
        {"at": now, "actor": actor, "note": text},
    )
    return int(made.scalar_one())


def _replace(
    conn: Connection, year: int, rows: list[Row], document: str, actor: str, revision: int
) -> None:
    table, years = t.calendar_days, t.calendar_years
    earlier = conn.execute(
        select(years.c.document).where(years.c.year == year)
    ).scalar_one_or_none()
    conn.execute(
        delete(table).where(
            or_(
                table.c.date.between(date(year, 1, 1), date(year, 12, 31))
                # The next year's arrangement may have reached into this December.
                & (table.c.document != _document_of(conn, year + 1)),
                table.c.date.between(date(year - 1, 12, 1), date(year - 1, 12, 31))
                & (table.c.document == (earlier or "")),
                table.c.date.in_([row.date for row in rows]),
            )
        )
    )
    _insert(conn, rows, actor, revision)
    if earlier is None:
        conn.execute(insert(years).values(year=year, document=document, revision=revision))
    else:
        changed = update(years).where(years.c.year == year)
        conn.execute(changed.values(document=document, revision=revision))


def _document_of(conn: Connection, year: int) -> str:
    query = select(t.calendar_years.c.document).where(t.calendar_years.c.year == year)
    return conn.execute(query).scalar_one_or_none() or ""


def _insert(conn: Connection, rows: Iterable[Row], actor: str, revision: int) -> None:
    listed = [
        {
            "date": row.date,
            "is_workday": row.is_workday,
            "source": row.source,
            "document": row.document,
            "editor": actor,
            "revision": revision,
        }
        for row in rows
    ]
    if listed:
        conn.execute(insert(t.calendar_days), listed)


# --- the tickets follow ------------------------------------------------------------------------

_NEXT = (
    select(t.tickets.c.id)
    .where(
        t.tickets.c.id > bindparam("after"),
        t.tickets.c.ended_at.is_(None),
        select(t.timers.c.task)
        .where(t.timers.c.ticket == t.tickets.c.id, t.timers.c.deadline != "")
        .exists(),
    )
    .order_by(t.tickets.c.id)
    .limit(1)
)


def unfinished(store: Store) -> bool:
    """Whether open tickets still have to follow a revision."""
    with store.read() as conn:
        return _cursor(conn)[1] is not None


def resume(store: Store, now: datetime, actor: str = "system", unit: str = "") -> Published:
    """Let the open tickets follow the latest revision, from where it was left; each in its own
    transaction. A ticket that cannot be reckoned is passed over; the daily comparison names it.
    """
    seen = moved = 0
    while True:
        with store.write() as conn:
            revision, after = _cursor(conn)
            if after is None:
                return Published(revision, seen, moved)
            found = conn.execute(_NEXT, {"after": after}).scalar_one_or_none()
            _move(conn, revision, found)
            if found is None:
                continue
            seen += 1
            ticket = tickets.lock(conn, store, found)
            try:
                with conn.begin_nested():
                    moved += steps.revise(conn, store, ticket, now, actor, unit)
            except Trouble:
                continue


def _cursor(conn: Connection) -> tuple[int, int | None]:
    """The revision that tickets follow, and the last that did; None when all have."""
    mine = t.numbers.c.name.in_((_REVISION, _FOLLOWS))
    found = {row.name: row.last for row in conn.execute(select(t.numbers).where(mine))}
    after = found.get(_FOLLOWS, -1)
    return found.get(_REVISION, 0), None if after < 0 else after


def _move(conn: Connection, revision: int, after: int | None) -> None:
    for name, last in ((_REVISION, revision), (_FOLLOWS, -1 if after is None else after)):
        mine = t.numbers.c.name == name
        if conn.execute(update(t.numbers).where(mine).values(last=last)).rowcount == 0:
            conn.execute(insert(t.numbers).values(name=name, last=last))
