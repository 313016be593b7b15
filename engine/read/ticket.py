"""One ticket: its page, the forms of its tasks, its history in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.access import User
from engine.formjs import Form
from engine.read.worklist import Card, Remaining, WorkItem
from engine.store import Store


@dataclass(frozen=True, slots=True)
class DeadlineView:
    """A due time, and how it was counted; `steps` are Chinese sentences, one a day or run."""

    name: str  # sign | handle | …
    label: str
    leg: int | None
    due: datetime
    provisional: bool
    article: str
    steps: tuple[str, ...]
    remaining: Remaining | None  # None once it no longer runs
    met: bool | None  # None while open


@dataclass(frozen=True, slots=True)
class LegView:
    """One dispatch to one unit for one round."""

    leg: int
    parent: int | None
    round: int
    duty: str
    duty_label: str
    unit: str
    unit_name: str
    area_name: str
    centre_name: str
    peer_centre_name: str
    authority_name: str
    dispatched_at: datetime | None
    sign_due: datetime | None
    due: datetime | None
    signed_at: datetime | None
    unsigned_at: datetime | None
    reported_at: datetime | None
    closed_at: datetime | None
    overdue_at: datetime | None
    void_at: datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of the history, in words."""

    seq: int
    kind: str  # step | fact
    name: str
    at: datetime
    actor: str
    actor_name: str
    unit_name: str
    sentence: str
    lines: tuple[str, ...]  # what it led to: milestones, due times set or moved, messages
    answers: tuple[tuple[str, str], ...]  # (label, value) by the form of the pinned version
    withheld: bool  # there is content that this reader may not read, or that was erased


@dataclass(frozen=True, slots=True)
class TicketPage:
    """All that the page of a ticket shows."""

    number: str
    type: str
    type_label: str
    channel: str
    channel_label: str
    area_name: str
    centre_name: str  # 派单中心
    peer_centre_name: str  # 同级中心
    authority_name: str
    created_at: datetime
    created_by_name: str
    accepted_at: datetime | None
    dispatched_at: datetime | None
    closed_at: datetime | None
    outcome: str
    outcome_label: str
    followed_up_at: datetime | None
    rating: str
    rating_label: str
    archived_at: datetime | None
    ended_at: datetime | None
    erased_at: datetime | None
    version: str
    card: Card
    legs: tuple[LegView, ...]
    deadlines: tuple[DeadlineView, ...]
    tasks: tuple[WorkItem, ...]
    history: tuple[Entry, ...]
    may_comment: bool
    may_erase: bool


@dataclass(frozen=True, slots=True)
class TaskForm:
    """The form of a task (or of a new ticket: task 0, number "") with what fills it."""

    number: str
    task: int
    name: str
    article: str
    unit_name: str
    form: Form
    sources: Mapping[str, Sequence[Mapping[str, str]]]
    raw: Mapping[str, Sequence[str]]  # the draft of this user, else empty
    draft_at: datetime | None
    due: datetime | None
    claimed_by: str
    claimed_by_name: str
    mine: bool
    colleagues: tuple[tuple[str, str], ...]  # (sign-in name, display name) to hand over to


@dataclass(frozen=True, slots=True)
class Found:
    """A ticket that a search found."""

    number: str
    type_label: str
    created_at: datetime
    ended: bool
    card: Card


def page(store: Store, user: User, number: str, now: datetime) -> TicketPage:
    """The page of a ticket; Denied(hidden=True) when it is unknown or not the user's to see."""
    raise NotImplementedError


def task_form(store: Store, user: User, number: str, task: int, now: datetime) -> TaskForm:
    """The form of an open task; Trouble "task_gone" says who did it, and when."""
    raise NotImplementedError


def start_form(store: Store, user: User, now: datetime, kind: str = "call") -> TaskForm:
    """The form of a new ticket, of the version in force now."""
    raise NotImplementedError


def find(store: Store, user: User, text: str, limit: int = 20) -> tuple[Found, ...]:
    """Tickets whose number begins with `text`, among those that the user may read."""
    raise NotImplementedError
