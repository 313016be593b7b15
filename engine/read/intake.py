"""What is known while somebody calls: their earlier tickets, and open ones about the same place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, select

from engine import terms
from engine.access import User, content_reader
from engine.read.search import Found, Hit, find, hits, tickets_in_reach
from engine.store import Store, search
from engine.store import tables as t

MOST_EARLIER: Final = 5
MOST_NEAR: Final = 6
_LOOKED_AT: Final = 30
"""Open tickets among which the nearest are chosen, the newest first."""


@dataclass(frozen=True, slots=True)
class Known:
    """Tickets that this call may belong to."""

    earlier: tuple[Hit, ...]  # of the same telephone, the newest first
    more: bool  # there are earlier ones still
    near: tuple[Hit, ...]  # open, about the same place, the most alike first

    def __bool__(self) -> bool:
        return bool(self.earlier or self.near)


def known(store: Store, user: User, phone: str, place: str, title: str) -> Known:
    """What a call taker should see before a ticket is made of this call; "" is not yet known."""
    earlier = Found((), False, (), True)
    if terms.phones(phone):
        earlier = find(store, user, phone, MOST_EARLIER)
    seen = {hit.number for hit in earlier.hits}
    near = (hit for hit in _near(store, user, place, title) if hit.number not in seen)
    return Known(earlier.hits, earlier.more, tuple(near)[:MOST_NEAR])


# A place is told from its district down to the door; each of these ends a part of it.
_PART = re.compile(
    r".{1,12}?(?:大道|路口|公路|小区|花园|社区|广场|公园|学校|小学|中学|医院|市场|车站|大厦"
    r"|路|街|巷|弄|村|镇|乡|桥|苑|城|栋|幢)"
)
_DISTRICT = re.compile(r"^(?:[\u4e00-\u9fff]{0,3}[省市区县])+")
_DOOR = re.compile(r"[0-9一二三四五六七八九十]+(?:号|栋|幢|单元|室|楼|层)?")


def _near(store: Store, user: User, place: str, title: str) -> list[Hit]:
    with store.read() as conn:
        parts = parts_of(conn, place)
        if not parts:
            return []
        told = select(search.TICKET).where(search.holds(conn, store.vault, parts))
        found = hits(
            conn,
            store,
            user,
            and_(
                t.tickets.c.id.in_(told),
                t.tickets.c.closed_at.is_(None),
                t.tickets.c.ended_at.is_(None),
                tickets_in_reach(content_reader(user)),
            ),
            _LOOKED_AT,
        )
    wanted = terms.terms(title)

    def likeness(hit: Hit) -> tuple[int, int]:
        card = terms.terms(f"{hit.card.place} {hit.card.title}")
        return sum(part <= card for part in parts), len(wanted & card)

    return sorted(found, key=likeness, reverse=True)


def parts_of(conn: Connection, place: str) -> list[frozenset[str]]:
    """The parts of a place by which others about it are found, as terms."""
    return _parts(place, _areas(conn))


def _areas(conn: Connection) -> list[str]:
    """Names of areas, long and short, the longest first: they tell no ticket from another."""
    names = conn.execute(select(t.areas.c.name)).scalars()
    both = {form for name in names for form in (name, re.sub("[省市区县]$", "", name))}
    return sorted(both - {""}, key=len, reverse=True)


def _parts(place: str, areas: Iterable[str]) -> list[frozenset[str]]:
    text = terms.plain(place)
    for area in areas:
        text = text.replace(terms.plain(area), " ")
    found = []
    for piece in text.split():
        piece = _DISTRICT.sub("", piece)
        parts = _PART.findall(piece) or [piece]
        found += [terms.terms(part) for part in parts if not _DOOR.fullmatch(part)]
    return [part for part in found if part]
