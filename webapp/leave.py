"""Leave: letting a colleague do one's work for some days."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from engine.acts import delegations
from engine.errors import Trouble
from engine.read import leaves
from engine.workdays import ZONE
from webapp import door, words
from webapp.pages import page
from webapp.problems import sentence

desk = Blueprint("leave", __name__)


@page(desk, "/leave", "work_task", methods=("GET", "POST"))
def leave() -> Response:
    """One's leaves, and a form for another one: from the first day to the last, both whole."""
    error = ""
    if request.method == "POST":
        try:
            since, until = _day("since"), _day("until") + timedelta(days=1)
            to = request.form.get("to", "")
            delegations.give(door.store(), door.person(), to, since, until, door.now())
        except (OverflowError, ValueError):
            error = gettext("日期请写成 2026-10-08 的样子。")
        except Trouble as trouble:
            if not trouble.code.startswith("leave_"):
                raise
            error = sentence(trouble)
        else:
            flash(gettext("已委托代办。到期自动结束，也可以提前结束。"))
            return redirect(url_for("leave.leave"))
    today = door.now().astimezone(ZONE).date()
    body = render_template(
        "leave.html",
        given=leaves.given(door.store(), door.person(), door.now()),
        taken=leaves.taken(door.store(), door.person(), door.now()),
        colleagues=leaves.colleagues(door.store(), door.person()),
        since=request.form.get("since", today.isoformat()),
        until=request.form.get("until", ""),
        to=request.form.get("to", ""),
        last_day=words.last_day,
        error=error,
    )
    return door.page(body, 422 if error else 200)


def _day(name: str) -> datetime:
    """The beginning of a day of the form. Errors: ValueError."""
    return datetime.combine(date.fromisoformat(request.form.get(name, "").strip()), time(), ZONE)


@page(desk, "/leave/<int(max=2147483647):leave>/end", "work_task", methods=("POST",))
def end(leave: int) -> Response:
    """End a leave before its last day is over."""
    delegations.end(door.store(), door.person(), leave, door.now())
    flash(gettext("已结束委托，您的任务由您自己办理。"))
    return redirect(url_for("leave.leave"))
