"""A ticket's dispatches as its page shows them: a tree, marks in words, rights that are over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from engine.access import User
from engine.read.ticket import DeadlineView, LegView, TicketPage
from engine.read.worklist import WorkItem
from webapp.words import due_words

LIMITS = ("sign", "handle")
"""The deadlines of a unit's own work, in their order."""


@dataclass(frozen=True, slots=True)
class Node:
    """A dispatch with those that a lower centre made of it, and with its own due times."""

    leg: LegView
    limits: tuple[DeadlineView, ...]  # by when to sign and to handle
    others: tuple[DeadlineView, ...]
    below: tuple[Node, ...]
    marks: tuple[tuple[str, str], ...]  # (shape, word)

    @property
    def open(self) -> bool:
        """Whether something of it is still under way: then it is shown in full."""
        return (self.leg.void_at is None and self.leg.closed_at is None) or any(
            node.open for node in self.below
        )


def under_way(ticket: TicketPage) -> bool:
    """Whether units are at work on it: again too, after it was closed once (重新办理)."""
    return ticket.ended_at is None and any(
        leg.void_at is None and leg.closed_at is None for leg in ticket.legs
    )


def tree(
    legs: Sequence[LegView], deadlines: Iterable[DeadlineView], parent: int | None = None
) -> tuple[Node, ...]:
    """The dispatches under one of them (None: those of the ticket itself), the first one first."""
    due = tuple(deadlines)
    known = {leg.leg for leg in legs}
    return tuple(
        Node(
            leg,
            tuple(
                item for name in LIMITS for item in due if (item.leg, item.name) == (leg.leg, name)
            ),
            tuple(item for item in due if item.leg == leg.leg and item.name not in LIMITS),
            tree(legs, due, leg.leg),
            tuple(marks(leg)),
        )
        for leg in legs
        if (leg.parent if leg.parent in known else None) == parent
    )


def marks(leg: LegView) -> Iterable[tuple[str, str]]:
    """What is to be known of a dispatch at a glance: a shape (a class of app.css) and a word."""
    asked, refused = leg.return_asked_at, leg.return_rejected_at
    if leg.unsigned_at:
        yield "due due-late", gettext("未及时签收")
    if leg.overdue_at:
        yield "due due-late", gettext("超期")
    if leg.void_at:
        yield "mark mark-void", void(leg)
    elif asked and (refused is None or refused < asked):
        yield "mark mark-return", gettext("已申请退回，待决定")
    elif refused:
        yield "mark mark-return", gettext("申请退回，未准")
    if leg.extended_at:
        yield "mark mark-extended", gettext("已延期")
    if leg.hard_at:
        yield "mark mark-hard", gettext("疑难复杂")
    if leg.centre_late_at:
        yield "mark mark-centre", gettext("中心责任")


def void(leg: LegView) -> str:
    """Why a dispatch no longer holds; those of the first version say only that."""
    match leg.void_reason:
        case "returned":
            return gettext("已退回")
        case "recalled":
            return gettext("已撤回")
        case "cancelled":
            return gettext("随上级作废")
    return gettext("已作废")


def until(ticket: TicketPage, item: WorkItem) -> DeadlineView | None:
    """The due time that goes with a right: its own, or that of its dispatch's handling."""
    for one in ticket.deadlines if item.due else ():
        if one.leg == item.leg and (one.name, one.due) == ("return", item.due):
            return one
    for one in ticket.deadlines if item.due else ():
        if one.leg == item.leg and one.name == "handle":
            return one
    return None


def over(ticket: TicketPage, user: User, now: datetime) -> tuple[str, ...]:
    """Why people of a unit can no longer do what they might look for, as far as rows tell it."""
    found = []
    for leg in ticket.legs:
        if leg.unit != user.unit or leg.void_at or leg.closed_at or leg.signed_at is None:
            continue
        for item in ticket.deadlines:
            gone = item.leg == leg.leg and item.remaining is None and item.due <= now
            if item.name == "return" and gone and leg.return_asked_at is None:
                due = due_words(item.due, now)
                found.append(
                    gettext(
                        "申请退回：期限已于 %(due)s 到期，不能再申请。"
                        "确需改派的，请与派单中心联系。",
                        due=due,
                    )
                )
        if leg.overdue_at:
            found.append(gettext("申请延期：办理期限已过，不能再申请。"))
    return tuple(found)
