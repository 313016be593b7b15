"""A work list made shorter: by what is to be done, for whom, from where, by when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, func, select

from engine.flow.definitions import DESKS
from engine.store import Store, forms
from engine.store import tables as t
from engine.workdays import ZONE, Calendar, end_of

SOON: Final = 3
"""Working days that "soon" looks ahead."""

LONGEST: Final = 200
"""Characters of a value; a longer one fits nothing."""

NOBODY: Final = "-"
"""In place of a person's name: tasks that nobody has taken. No account is called so."""

WORKED_ON = t.tasks.join(t.tickets, t.tickets.c.id == t.tasks.c.ticket).outerjoin(
    t.legs, and_(t.legs.c.ticket == t.tasks.c.ticket, t.legs.c.leg == t.tasks.c.leg)
)
"""Open tasks with their tickets and, where they belong to one, their legs."""

URGENT: Final = func.coalesce(t.tickets.c.emergency, "no") != "no"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a person wants to see of a list; "" is everything."""

    task: str = ""  # the name of the user task, as it is drawn
    type: str = ""
    channel: str = ""
    area: str = ""  # where the ticket belongs
    unit: str = ""  # which unit's dispatch the task is about
    due: str = ""  # late | today (late ones too) | soon | none
    kind: str = ""  # urgent | rework | co | above (from a higher centre)
    who: str = ""  # the sign-in name of who has taken it; NOBODY
    section: str = ""  # the unit that it waits in
    desk: str = ""  # where it lies beside the list: one of DESKS

    @classmethod
    def of(cls, said: Mapping[str, str]) -> Narrowing:
        """From what an address says; what it says of nothing known is left out."""
        found = {one.name: said.get(one.name, "").strip()[:LONGEST] for one in fields(cls)}
        if found["due"] not in DUE:
            found["due"] = ""
        if found["kind"] not in KINDS:
            found["kind"] = ""
        if found["desk"] not in DESKS:
            found["desk"] = ""
        return cls(**found)

    def said(self) -> dict[str, str]:
        """The way back from `of`: what is not everything."""
        return {name: value for name, value in asdict(self).items() if value}

    def __bool__(self) -> bool:
        return bool(self.said())

    def where(
        self, calendar: Calendar, now: datetime, on_desk: Collection[str]
    ) -> list[ColumnElement[bool]]:
        """The conditions on WORKED_ON; `on_desk`: the user tasks of the desk."""
        found = [_COLUMNS[name] == value for name, value in self.said().items() if name in _COLUMNS]
        if self.due:
            found.append(_due(self.due, calendar, now))
        if self.kind:
            found.append(KINDS[self.kind])
        if self.who == NOBODY:
            found.append(t.tasks.c.claimed_by.is_(None))
        elif self.who:
            person = select(t.users.c.id).where(t.users.c.name == self.who).scalar_subquery()
            found.append(t.tasks.c.claimed_by == person)
        if self.section:
            found.append(t.tasks.c.unit == self.section)
        if self.desk:
            found.append(t.tasks.c.element.in_(sorted(on_desk)))
        return found


_COLUMNS: Final[Mapping[str, ColumnElement[Any]]] = {
    "task": t.tasks.c.name,
    "type": t.tickets.c.type,
    "channel": t.tickets.c.channel,
    "area": t.tickets.c.area,
    "unit": t.legs.c.unit,
}
KINDS: Final[Mapping[str, ColumnElement[bool]]] = {
    "urgent": URGENT,
    "rework": t.legs.c.round > 1,
    "co": t.legs.c.duty == "co",
    "above": t.legs.c.parent.is_not(None),
}
DUE: Final = ("late", "today", "soon", "none")


def _due(which: str, calendar: Calendar, now: datetime) -> ColumnElement[bool]:
    if which == "late":
        return t.tasks.c.due <= now
    if which == "today":
        return t.tasks.c.due <= end_of(now.astimezone(ZONE).date())
    if which == "soon":
        return t.tasks.c.due <= calendar.due(now, SOON).at
    return t.tasks.c.due.is_(None)


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that occurs in a list, in words, and how often."""

    value: str
    word: str
    count: int


def choices(
    conn: Connection, store: Store, whose: ColumnElement[bool]
) -> Mapping[str, tuple[Choice, ...]]:
    """By what a list can be narrowed: field → the values that occur in it, the most frequent first.

    One look at the list, however many fields; `whose` is its condition on WORKED_ON.
    """
    columns = [column.label(name) for name, column in _COLUMNS.items()]
    query = (
        select(*columns, func.max(t.tickets.c.version).label("version"), func.count().label("n"))
        .select_from(WORKED_ON)
        .where(whose)
        .group_by(*_COLUMNS.values())
    )
    counted: dict[str, Counter[str]] = {name: Counter() for name in _COLUMNS}
    version = 0
    for row in conn.execute(query):
        version = max(version, row.version)
        for name, counter in counted.items():
            value = getattr(row, name)
            if value is not None:
                counter[value] += row.n
    words = _words(conn, store, counted, version)
    return {
        name: tuple(
            Choice(value, words.get((name, value), value), n)
            for value, n in sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))
        )
        for name, counter in counted.items()
    }


def _words(
    conn: Connection, store: Store, counted: Mapping[str, Counter[str]], version: int
) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    if version:
        found.update(forms.labels(store.definitions(version)))
    for name, table in (("area", t.areas), ("unit", t.units)):
        query = select(table.c.id, table.c.name).where(table.c.id.in_(counted[name]))
        found.update({(name, row.id): row.name for row in conn.execute(query)})
    return found
