"""The calendar of working days: a year published or corrected, open due times reckoned again."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from engine.access import User, authorize
from engine.errors import StoreError, Trouble
from engine.store import Store, days, log, steps, tickets
from engine.store import tables as t
from engine.store.days import FAILED
from engine.workdays import Row, load_shipped, shipped_years

log_lines = logging.getLogger(__name__)

__all__ = ["Published", "Row", "publish", "resume", "seed"]

_REVISION, _FOLLOWS = "calendar revision", "calendar ticket"
"""The rows of `numbers` that say how far open tickets follow the calendar: the revision, and the
id of the last ticket that does, -1 when all do."""

_FAILED = (
    select(t.numbers.c.name)
    .where(t.numbers.c.name.startswith(FAILED, autoescape=True))
    .order_by(t.numbers.c.name)
)


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
    operator: str = "",
) -> Published:
    """Publish or correct a year's arrangement, then reckon every open ticket's due times again.

    The rows of the year are replaced as a whole; they may reach into December before it. The
    publication stands when its own transaction does; each ticket follows in one of its own, and
    `resume` goes on where this was interrupted. `user` None is the system; `operator`: whose hands
    it was then, as the computer knows them.
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
        said = log.by_hand(user, operator) | {
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
    transaction. A ticket that cannot be reckoned is logged and kept, an alarm names it, and it is
    tried again (see `retry`).
    """
    seen = moved = 0
    while True:
        with store.write() as conn:
            revision, after = _cursor(conn)
            if after is None:
                break
            found = conn.execute(_NEXT, {"after": after}).scalar_one_or_none()
            _move(conn, revision, found)
            if found is None:
                continue
            seen += 1
            moved += _follow(conn, store, found, revision, now, actor, unit)
    return Published(revision, seen, moved)


def retry(store: Store, now: datetime) -> int:
    """Try once more every ticket that could not be reckoned; how many still cannot be."""
    with store.read() as conn:
        waiting = [name for (name,) in conn.execute(_FAILED)]
    for name in waiting:
        with store.write() as conn:
            which = int(name.removeprefix(FAILED))
            open_ = select(t.tickets.c.id).where(
                t.tickets.c.id == which, t.tickets.c.ended_at.is_(None)
            )
            if conn.execute(open_).first() is None:
                _note(conn, which, None)
            else:
                _follow(conn, store, which, _cursor(conn)[0], now, "system", "")
    with store.read() as conn:
        return len(conn.execute(_FAILED).all())


def _follow(
    conn: Connection,
    store: Store,
    which: int,
    revision: int,
    now: datetime,
    actor: str,
    unit: str,
) -> bool:
    """Reckon one ticket; whether a due time moved. What fails is undone and kept for `retry`."""
    try:
        with conn.begin_nested():
            ticket = tickets.lock(conn, store, which)
            moved = steps.revise(conn, store, ticket, now, actor, unit)
    except Exception as error:
        if isinstance(error, StoreError) and error.code.startswith("database_"):
            raise  # it is not the ticket that fails
        if isinstance(error, SQLAlchemyError):
            raise
        log_lines.error(
            "a ticket's due times could not be reckoned again",
            exc_info=error,
            extra={
                "ticket_id": which,
                "revision": revision,
                "cause": error.code if isinstance(error, Trouble) else type(error).__name__,
            },
        )
        _note(conn, which, revision)
        return False
    _note(conn, which, None)
    return moved


def _note(conn: Connection, which: int, revision: int | None) -> None:
    """Keep a ticket that does not follow a revision; None: it does now."""
    name = f"{FAILED}{which}"
    conn.execute(delete(t.numbers).where(t.numbers.c.name == name))
    if revision is not None:
        conn.execute(insert(t.numbers).values(name=name, last=revision))


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
