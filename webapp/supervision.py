"""Supervision (督办): what an authority looks after, the ledger, and a ticket's own entries."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from engine.read import late, ledger, worklist
from engine.read.narrowing import Choice
from engine.read.ticket import TicketPage
from webapp import door
from webapp.pages import page
from webapp.work import ROWS

desk = Blueprint("supervision", __name__)


@page(desk, "/ledger", "read_ledger")
def entries() -> str:
    """The entries that still run, or all of them."""
    which = request.args.get("tab", ledger.WHICH[0])
    if which not in ledger.WHICH:
        which = ledger.WHICH[0]
    start = door.offset()
    found = ledger.entries(
        door.store(), door.person(), door.now(), which=which, limit=ROWS, offset=start
    )
    return render_template("ledger.html", which=which, found=found, offset=start, rows=ROWS)


@page(desk, "/supervision", "read_ledger")
def overview() -> str:
    """What an authority has to look after: its decisions, warnings, rectifications, the ledger."""
    store, person, now = door.store(), door.person(), door.now()
    kinds: tuple[Choice, ...] = ()
    if door.may("work_task"):
        kinds = worklist.choices(store, person, now, desk="decisions")["task"]
    return render_template(
        "supervising.html",
        kinds=kinds,
        late=late.waiting(store, person),
        counts=ledger.counts(store, person, now),
    )


def of_ticket(ticket: TicketPage) -> tuple[ledger.LedgerItem, ...]:
    """The entries of one ticket, for its page."""
    return ledger.of_ticket(door.store(), door.person(), ticket.number, door.now())
