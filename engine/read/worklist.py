"""Lists of a person's day: open tasks, overdue legs, unsigned warnings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.access import User
from engine.store import Store


@dataclass(frozen=True, slots=True)
class Card:
    """What a list shows of a ticket's content; empty strings once its key was erased."""

    title: str = ""
    place: str = ""
    caller: str = ""
    phone: str = ""  # masked: 138****1234


@dataclass(frozen=True, slots=True)
class Remaining:
    """Working time left until a due time; `sentence` in Chinese, such as 还剩 2 个工作日."""

    days: int  # whole working days left after today; negative: that many late
    late: bool
    today: bool  # due at the end of today
    sentence: str


@dataclass(frozen=True, slots=True)
class WorkItem:
    """An open user task in somebody's list."""

    number: str
    task: int
    name: str
    role: str
    unit: str
    unit_name: str
    leg: int | None
    article: str
    type: str
    type_label: str
    channel: str
    opened_at: datetime
    due: datetime | None
    provisional: bool
    remaining: Remaining | None
    claimed_by: str  # sign-in name, "" when free
    claimed_by_name: str
    mine: bool
    card: Card


@dataclass(frozen=True, slots=True)
class WorkList:
    """A page of a list, and how many there are in all."""

    items: tuple[WorkItem, ...]
    total: int


@dataclass(frozen=True, slots=True)
class LegItem:
    """A leg in the overdue list or the list of unsigned warnings."""

    number: str
    leg: int
    unit: str
    unit_name: str
    area_name: str
    centre_name: str  # 派单中心
    peer_centre_name: str  # 同级中心
    authority_name: str
    type: str
    type_label: str
    dispatched_at: datetime | None
    due: datetime | None  # the due time that was missed
    at: datetime  # since when it is late
    done_at: datetime | None  # signed or reported after all
    card: Card


@dataclass(frozen=True, slots=True)
class LegList:
    """A page of a list of legs, and how many there are in all."""

    items: tuple[LegItem, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures beside the lists' names."""

    mine: int
    unit: int
    due_today: int
    overdue: int
    unsigned: int


def tasks_of(
    store: Store,
    user: User,
    now: datetime,
    which: str = "all",
    limit: int = 50,
    offset: int = 0,
) -> WorkList:
    """Open tasks of the user's unit and roles, earliest due first; which: all | mine | free."""
    raise NotImplementedError


def counts(store: Store, user: User, now: datetime) -> Counts:
    """How many tasks and late legs the user's lists hold."""
    raise NotImplementedError


def overdue(store: Store, user: User, now: datetime, limit: int = 50, offset: int = 0) -> LegList:
    """Legs that became overdue, in the user's range: own unit, or own area and those below."""
    raise NotImplementedError


def unsigned(store: Store, user: User, now: datetime, limit: int = 50, offset: int = 0) -> LegList:
    """Legs not signed in time (预警), in the user's range."""
    raise NotImplementedError
