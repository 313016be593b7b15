"""Where a ticket stands, on the diagrams of its version: what a page needs to draw it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, select

from engine import picture
from engine.access import User
from engine.errors import StoreError
from engine.flow import Definitions, process
from engine.flow import state as codec
from engine.flow.model import READABLE
from engine.picture import Mark
from engine.read.imported import origin_of
from engine.store import Store, log, rights
from engine.store import tables as t
from engine.store.tickets import FIRST, Seen

_FOREMOST = (Mark.OVERDUE, Mark.ACTIVE, Mark.WAITING, Mark.DONE)
"""Of several marks of one element, the first of these is shown."""


_TO_DO = frozenset({Mark.OVERDUE, Mark.ACTIVE})


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of a diagram on which a ticket has been, with its marks."""

    name: str
    page: picture.Page
    marks: Mapping[str, Mark]
    """What waits and what was passed, of all dispatches together."""
    tokens: Mapping[str, int]
    """How often each element waits now."""
    own: frozenset[str] = frozenset()
    """What waits for the reader's unit."""

    @property
    def tasks(self) -> int:
        """How many elements are somebody's to do."""
        return sum(mark in _TO_DO for mark in self.marks.values())

    @property
    def stands(self) -> frozenset[str]:
        """Where to look first: what is the reader's to do, else somebody's, else what waits."""
        to_do = (about for about, mark in self.marks.items() if mark in _TO_DO)
        return self.own or frozenset(to_do) or frozenset(self.tokens)


def sheets(store: Store, user: User, number: str, now: datetime) -> tuple[Sheet, ...]:
    """The pages on which a ticket has been: first where the reader's unit has to act, then where
    others have, then where it waits.

    Of dispatches to several units, which go by the same diagram, all stand on the same page.
    Errors: Denied, hidden when the ticket is unknown or not the user's to see; StoreError.
    """
    with store.read() as conn:
        seen = rights.see(conn, user, number)
        definitions = store.definitions(seen.columns["version"])
        tokens = _tokens(conn, definitions, seen, number)
        passed = _passed(conn, number)
    marked: dict[str, set[Mark]] = {}
    for element in passed:
        marked.setdefault(element, set()).add(Mark.DONE)
    for element in tokens:
        marked.setdefault(element, set()).add(Mark.WAITING)
    for task in seen.tasks.values():
        if not task.optional:
            late = task.due is not None and task.due <= now
            marked.setdefault(task.element, set()).add(Mark.OVERDUE if late else Mark.ACTIVE)
    own = {one.element for one in seen.tasks.values() if one.unit == user.unit and not one.optional}
    marks = {
        element: next(mark for mark in _FOREMOST if mark in found)
        for element, found in marked.items()
    }
    found = [
        Sheet(
            page.name,
            page,
            {about: marks[about] for about in ids & marks.keys()},
            {about: tokens[about] for about in ids & tokens.keys()},
            ids & own,
        )
        for page, ids in _pages(definitions)
        if ids & marks.keys()
    ]
    return tuple(sorted(found, key=lambda one: (not one.own, -one.tasks, -len(one.tokens))))


def _tokens(
    conn: Connection, definitions: Definitions, seen: Seen, number: str
) -> Mapping[str, int]:
    """How often each element waits.

    An event on an edge does not, it only listens; nor does what holds several of an element
    together, each of which waits itself.
    """
    row = conn.execute(_STATE, {"ticket": seen.columns["id"]}).one_or_none()
    if row is None:
        origin = origin_of(conn, seen.columns["id"])
        if origin is not None and origin.record:
            return {}
        raise StoreError("state_missing", number=number)
    if row.semantics not in READABLE:
        raise StoreError("state_newer", number=number)
    waits = process.waits(codec.load(definitions, row.blob))
    return Counter(
        wait.element for wait in waits if wait.kind != "boundaryEvent" and not wait.progress
    )


_STATE = select(t.states.c.blob, t.states.c.semantics).where(
    t.states.c.ticket == bindparam("ticket"), t.states.c.instance == FIRST
)


def _passed(conn: Connection, number: str) -> set[str]:
    """The elements and flows that the ticket has passed, by its log."""
    found: set[str] = set()
    for event in log.iterate(conn, number):
        walked: list[dict[str, Any]] = event.body.get("walked", []) if event.kind == "step" else []
        for one in walked:
            found |= {one["element"], one["flow"]}
    return found - {""}


@lru_cache(maxsize=16)
def _pages(definitions: Definitions) -> tuple[tuple[picture.Page, frozenset[str]], ...]:
    """The pages of a version's diagrams, the one that a call starts first, and what they show."""
    drawn = definitions.diagrams()
    first = [drawn[one] for one in definitions.manifest.get("start", {}).values() if one in drawn]
    files = dict.fromkeys([*first, *sorted(drawn.values())])
    found = []
    for file in files:
        try:
            pages = picture.pages(definitions.files[file])
        except picture.PictureRefused:
            continue  # a diagram without places runs all the same
        for page in pages:
            found.append((page, page.ids))
    return tuple(found)
