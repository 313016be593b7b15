"""A shift handed over: signed by who leaves, confirmed by who comes, printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from engine.acts import handovers as acts
from engine.errors import Trouble
from engine.read import handovers, roster
from engine.read.handovers import MOST, Whole
from webapp import door, problems, words
from webapp.pages import page

desk = Blueprint("shifts", __name__)

ROWS = 50
"""Hand-overs on a page."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A task that could not be handed over, and why not."""

    number: str
    name: str
    said: str


@page(desk, "/duty/hand-over", "read_duty", methods=("GET", "POST"))
def shifts() -> Response:
    """What one has to hand over or to confirm, and the hand-overs of before."""
    store, person, wrong = door.store(), door.person(), ""
    if request.method == "POST":
        form = request.form
        try:
            offered = form.get("offered") == "yes"
            to, remarks = form.get("to", ""), form.get("remarks", "")
            seq = acts.sign(store, person, to, offered, remarks, door.now(), door.key())
        except Trouble as trouble:
            if not trouble.code.startswith("shift_") and trouble.code != "text_characters":
                raise
            wrong = problems.sentence(trouble)
        else:
            flash(gettext("已签字交班，等接班人确认。"))
            return redirect(url_for("shifts.shift", seq=seq))
    start = door.offset()
    past, total = handovers.past(store, person, ROWS, start)
    leaving = handovers.leaving(store, person, door.now())
    body = render_template(
        "hand_over.html",
        leaving=leaving,
        waiting=handovers.waiting(store, person),
        people=[one for one in roster.people(store, person) if one[0] != person.name],
        past=past,
        total=total,
        offset=start,
        rows=ROWS,
        span=words.span,
        at=_at,
        most_standing=MOST,
        longest=acts.LONGEST,
        wrong=wrong,
        form=request.form,
    )
    return door.page(body, 422 if wrong else 200)


def _at(text: str | None) -> datetime | None:
    """An instant as the record writes it."""
    return None if text is None else datetime.fromisoformat(text)


@page(desk, "/duty/hand-over/<int(max=2147483647):seq>", "read_duty")
def shift(seq: int) -> str:
    """A hand-over as it was signed, to read and to print."""
    return _shown(_found(seq), ())


@page(desk, "/duty/hand-over/<int(max=2147483647):seq>/confirm", "read_duty", methods=("POST",))
def confirm(seq: int) -> str | Response:
    """Take over a shift, and with it what the leaver had taken if both agree.

    Sent again it goes on with the tasks that are left.
    """
    found = _found(seq)
    person = door.person()
    if found.handover.confirmed_at is None or found.handover.taker != person.name:
        accepted = request.form.get("accepted") == "yes"
        acts.confirm(door.store(), person, seq, accepted, door.now())
        found = _found(seq)
    kept = _move(found) if found.handover.accepted else []
    if kept:
        return _shown(_found(seq), kept)
    flash(gettext("已确认接班。"))
    return redirect(url_for("shifts.shift", seq=seq))


def _found(seq: int) -> Whole:
    found = handovers.whole(door.store(), door.person(), seq)
    if found is None:
        abort(404)
    return found


def _move(found: Whole) -> list[Kept]:
    """Take, one by one, the tasks that the leaver offered; what stays with the leaver."""
    store, person, now = door.store(), door.person(), door.now()
    kept = []
    for one in found.left:
        number, task = one["number"], one["task"]
        try:
            acts.take(store, person, found.handover.seq, number, task, now)
        except Trouble as trouble:
            kept.append(Kept(number, one["name"], problems.sentence(trouble)))
    return kept


def _shown(found: Whole, kept: list[Kept] | tuple[()]) -> str:
    return render_template(
        "shift_record.html",
        found=found,
        handover=found.handover,
        kept=kept,
        most_standing=MOST,
        mine=found.handover.taker == door.person().name,
        span=words.span,
        at=_at,
    )
