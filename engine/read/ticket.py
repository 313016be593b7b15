"""One ticket: its page, the forms of its tasks, its history in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from engine.access import User, authorize, content_reader, sees_reporter
from engine.errors import Denied
from engine.flow import Definitions
from engine.read.attached import Attached, Content, attached, content, waiting
from engine.read.contacts import Contact, contacts_of
from engine.read.filling import TaskForm, colleagues, start_form, task_form
from engine.read.history import Entry, Names, entry
from engine.read.imported import Origin, origin_of
from engine.read.legs import DeadlineView, LegView, deadlines_of, legs_of
from engine.read.opinions import Opinions, opinions_of
from engine.read.promises import Promise, promises_of
from engine.read.search import tickets_in_reach
from engine.read.sent import Sent, sent_of
from engine.read.worklist import WorkItem, card_of, open_tasks
from engine.record import Event
from engine.store import Store, forms, log, rights, spoken
from engine.store import tables as t
from engine.store.attachments import Said
from engine.store.cards import Card
from engine.store.tickets import Seen

__all__ = [
    "Attached",
    "Content",
    "DeadlineView",
    "Entry",
    "LegView",
    "Origin",
    "Said",
    "TaskForm",
    "TicketPage",
    "attachment",
    "colleagues",
    "last_event",
    "page",
    "start_form",
    "task_form",
    "waiting",
]


@dataclass(frozen=True, slots=True)
class TicketPage:
    """All that the page of a ticket shows."""

    number: str
    seq: int  # of its last event
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
    refused_at: datetime | None
    withdrawn_at: datetime | None
    emergency: str
    protected: bool  # the reporter is hidden from everybody outside the centres
    repeat_calls: int  # how often somebody called again on the same matter
    dissatisfied: int  # in how many follow-ups
    merged_into: str  # the number of the main ticket
    merged: tuple[str, ...]  # the tickets merged into this one that this person may read
    earlier_ticket: str  # the number of the ticket that this one repeats, as it was written down
    origin: Origin | None  # the other platform that it came from
    deadlines: tuple[DeadlineView, ...]
    tasks: tuple[WorkItem, ...]
    rights: tuple[WorkItem, ...]  # what this person may do and need not
    history: tuple[Entry, ...]
    attachments: tuple[Attached, ...]
    opinions: tuple[Opinions, ...]  # what co-handling units answered, for who writes the reply
    promises: tuple[Promise, ...]
    contacts: tuple[Contact, ...]
    sent: tuple[Sent, ...]  # messages to the world
    may_comment: bool
    may_unmask: bool
    may_call_again: bool
    may_erase: bool


def page(store: Store, user: User, number: str, now: datetime) -> TicketPage:
    """The page of a ticket; Denied(hidden=True) when it is unknown or not the user's to see.

    An auditor sees what happened, not what was said.
    """
    with store.read() as conn:
        seen = rights.see(conn, user, number)
        facts = seen.facts
        row = conn.execute(_TICKET.where(t.tickets.c.number == number)).one()
        readable = _reads_content(user, facts)
        definitions = store.definitions(row.version)
        labels = forms.labels(definitions)
        names = Names.read(conn)
        payloads = log.read_payloads(conn, store, number) if readable else {}
        legs = legs_of(conn, row.id, names)
        leads = [leg for leg in legs if leg.void_at is None and leg.duty == "lead"]
        last = leads[-1] if leads else None  # whose centre and authority are the ticket's now
        calendar = store.calendar(conn)
        shield = not sees_reporter(user, row.protected)
        events = _heard(log.read_events(conn, number), payloads, user)
        under = _versions(conn, store, events, definitions)
        history = tuple(
            entry(event, payloads.get(event.seq), under[event.seq], names, shield)
            for event in events
        )
        items = [
            item if readable else replace(item, card=Card())
            for item in open_tasks(conn, store, user, row.id, now)
        ]

        def label(key: str) -> str:
            code = getattr(row, key) or ""
            return labels.get((key, code), code)

        return TicketPage(
            number=row.number,
            seq=row.seq,
            type=row.type,
            type_label=label("type"),
            channel=row.channel,
            channel_label=label("channel"),
            area_name=row.area_name,
            centre_name=names.units.get(row.centre, ""),
            peer_centre_name=(last.peer_centre_name if last else names.units.get(row.centre, "")),
            authority_name=last.authority_name if last else names.units.get(row.authority, ""),
            created_at=row.created_at,
            created_by_name=names.person(row.created_by),
            accepted_at=row.accepted_at,
            dispatched_at=row.dispatched_at,
            closed_at=row.closed_at,
            outcome=row.outcome or "",
            outcome_label=label("outcome"),
            followed_up_at=row.followed_up_at,
            rating=row.rating or "",
            rating_label=label("rating"),
            archived_at=row.archived_at,
            ended_at=row.ended_at,
            erased_at=row.erased_at,
            version=definitions.hash,
            card=card_of(store, user, row) if readable else Card(),
            legs=legs,
            deadlines=deadlines_of(conn, row.id, legs, calendar, now, definitions.deadlines),
            refused_at=row.refused_at,
            withdrawn_at=row.withdrawn_at,
            emergency=row.emergency or "",
            protected=row.protected,
            repeat_calls=row.calls - 1,
            dissatisfied=row.dissatisfied,
            merged_into=row.merged_into or "",
            merged=_merged(conn, user, number),
            earlier_ticket=_earlier(payloads),
            origin=origin_of(conn, row.id),
            tasks=tuple(item for item in items if not item.optional),
            rights=tuple(item for item in items if item.optional and _now(conn, user, seen, item)),
            history=history,
            attachments=attached(conn, store, events, payloads, names, shield),
            opinions=opinions_of(legs, events, history, user.unit, now),
            promises=promises_of(conn, row.id, legs, events, payloads, history, calendar, now),
            contacts=contacts_of(events, history, under),
            sent=sent_of(conn, row.id, under, names),
            may_comment=row.erased_at is None and _may(user, "comment_ticket", facts),
            may_unmask=row.erased_at is None and _may(user, "unmask", facts),
            may_call_again=row.erased_at is None and _may(user, "call_again", facts),
            may_erase=(
                row.ended_at is not None and row.erased_at is None and _may(user, "erase", facts)
            ),
        )


def last_event(store: Store, user: User, number: str) -> int:
    """The number of a ticket's last event: whether a page is still up to date. Errors: Denied."""
    with store.read() as conn:
        return int(rights.see(conn, user, number).columns["seq"])


def attachment(store: Store, user: User, number: str, n: int) -> Content:
    """The n-th file of a ticket, for who reads what was said in it.

    Errors: Denied, hidden if there is none that the user may know of; VaultError sealed_broken.
    """
    with store.read() as conn:
        seen = rights.see(conn, user, number)
        if not _reads_content(user, seen.facts):
            raise Denied
        shield = not sees_reporter(user, seen.columns["protected"])
        return content(conn, store, seen.columns["id"], number, n, shield)


_TICKET = (
    select(t.tickets, t.areas.c.name.label("area_name"), t.ticket_keys.c.wrapped)
    .join(t.areas, t.areas.c.id == t.tickets.c.area)
    .outerjoin(t.ticket_keys, t.ticket_keys.c.ticket == t.tickets.c.id)
)


_MERGED = (
    select(t.tickets.c.number)
    .where(t.tickets.c.merged_into == bindparam("number"))
    .order_by(t.tickets.c.number)
)


def _merged(conn: Connection, user: User, number: str) -> tuple[str, ...]:
    # A report may have been merged into a ticket of the very unit that it is about.
    return tuple(conn.execute(_MERGED.where(tickets_in_reach(user)), {"number": number}).scalars())


_EARLIER = "earlier_ticket"
"""The key of the fields in which an earlier ticket is named (第十一条第四项)."""


def _earlier(payloads: Mapping[int, Mapping[str, Any]]) -> str:
    """The ticket that was named last as one that this repeats; it is no routing, but content."""
    named = (payloads[seq].get("answers", {}).get(_EARLIER) for seq in sorted(payloads))
    return next((str(number) for number in reversed(list(named)) if number), "")


def _now(conn: Connection, user: User, seen: Seen, item: WorkItem) -> bool:
    """Whether a person may do a task that is open: by role, unit, claim and four eyes."""
    row = seen.tasks[item.task]
    about = {"role": row.role, "unit": row.unit, "claimed_by": row.claimed_by}
    return _may(user, "work_task", {**seen.facts, **about}) and not rights.completed_by(
        conn, item.number, user.name, row
    )


def _heard(events: Iterable[Event], payloads: dict[int, dict[str, Any]], user: User) -> list[Event]:
    """The events without what was kept to other units; an auditor sees that there was something."""
    found = []
    for event in events:
        if not spoken.heard(event, user):
            payloads.pop(event.seq, None)
            if "auditor" not in user.roles:
                continue
        found.append(event)
    return found


def _versions(
    conn: Connection, store: Store, events: Iterable[Event], definitions: Definitions
) -> dict[int, Definitions]:
    """Event number → the definitions that it happened under; a fact goes by the step before."""
    found = {}
    for event in events:
        if event.kind == "step":
            definitions = store.definitions_of(event.body["version"], conn)
        found[event.seq] = definitions
    return found


def _may(user: User, action: str, facts: Mapping[str, Any]) -> bool:
    try:
        authorize(user, action, facts)
    except Denied:
        return False
    return True


def _reads_content(user: User, facts: Mapping[str, Any]) -> bool:
    """Whether somebody reads what was said: not for an auditor's role alone."""
    return _may(content_reader(user), "read_ticket", facts)
