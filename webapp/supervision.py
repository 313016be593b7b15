"""The ledger of supervision (督办台账): its page, and a ticket's own entries."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from engine.read import ledger
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


def of_ticket(ticket: TicketPage) -> tuple[ledger.LedgerItem, ...]:
    """The entries of one ticket, for its page."""
    return ledger.of_ticket(door.store(), door.person(), ticket.number, door.now())
