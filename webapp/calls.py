"""Somebody calls again on the same matter: their ticket is found, it is noted, told."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from engine.acts import tickets
from engine.errors import Denied, Trouble
from engine.read import ticket as reading
from webapp import door, legs, problems, search
from webapp.pages import page

desk = Blueprint("calls", __name__)


@page(desk, "/calls/again", "call_again")
def find() -> str | Response:
    """Which ticket they call about."""
    looked = search.looked_up()
    if any(hit.number == looked["text"] for hit in looked["found"].hits):
        return redirect(url_for("calls.again", number=looked["text"]))
    return render_template("again_find.html", **looked)


@page(desk, "/tickets/<number>/calls", "call_again", methods=("GET", "POST"))
def again(number: str) -> Response:
    """What the caller said this time."""
    store, person, now = door.store(), door.person(), door.now()
    text, error = request.form.get("text", "").strip(), ""
    if request.method == "POST":
        try:
            tickets.call_again(store, person, number, text, now, door.key())
        except Trouble as trouble:
            if trouble.code not in problems.WORDS_REFUSED:
                raise
            error = problems.sentence(trouble)
        else:
            flash(gettext("工单 %(number)s 的再次来电已登记。", number=number) + _counted(number))
            return redirect(url_for("tickets.ticket", number=number))
    found = reading.page(store, person, number, now)
    if not found.may_call_again:
        raise Denied("denied")
    body = render_template("again.html", ticket=found, text=text, error=error)
    return door.page(body, 422 if error else 200)


def _counted(number: str) -> str:
    """How often they have called, and whether anybody is told; "" should that not be readable."""
    try:
        found = reading.page(door.store(), door.person(), number, door.now())
    except Exception:
        return problems.unread()
    said = ngettext("这是第 %(num)d 次来电。", "这是第 %(num)d 次来电。", found.repeat_calls + 1)
    if (found.ended_at or found.closed_at) and not legs.under_way(found):
        said += gettext("工单已经办结，这次来电只作记录。")
    return said
