"""Lists of a person's day: tasks to do, overdue legs, unsigned warnings."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from engine.acts import work
from engine.read import worklist
from webapp import door
from webapp.pages import SIGNED_IN, page

desk = Blueprint("work", __name__)

ROWS = 50
"""Rows on a page of a list."""

TABS = ("all", "mine", "free")


def offset() -> int:
    """Where the page of a list begins; a number that is none is the beginning."""
    text = request.args.get("from", "0")
    return min(int(text), 10_000_000) if text.isascii() and text.isdigit() else 0


@page(desk, "/", SIGNED_IN)
def tasks() -> str:
    """The work list: my unit's tasks, mine, or those that nobody has taken."""
    if not door.may("work_task"):
        return render_template("no_tasks.html")
    which = request.args.get("tab", TABS[0])
    if which not in TABS:
        which = TABS[0]
    start = offset()
    found = worklist.tasks_of(
        door.store(), door.person(), door.now(), which=which, limit=ROWS, offset=start
    )
    figures = worklist.counts(door.store(), door.person(), door.now())
    return render_template(
        "tasks.html",
        which=which,
        found=found,
        counts=figures,
        several=len(door.person().roles) > 1,
        offset=start,
        rows=ROWS,
    )


@page(
    desk, "/tickets/<number>/tasks/<int(max=2147483647):task>/claim", "work_task", methods=("POST",)
)
def claim(number: str, task: int) -> Response:
    """Take a task for oneself."""
    work.claim(door.store(), door.person(), number, task, door.now(), door.key())
    flash(gettext("已领取工单 %(number)s 的任务。", number=number))
    return redirect(door.local_path(request.form.get("next", "")))


@page(
    desk,
    "/tickets/<number>/tasks/<int(max=2147483647):task>/release",
    "work_task",
    methods=("POST",),
)
def release(number: str, task: int) -> Response:
    """Give a task back to the unit."""
    work.release(door.store(), door.person(), number, task, door.now(), door.key())
    flash(gettext("已放回工单 %(number)s 的任务，本单位的同事可以领取。", number=number))
    return redirect(door.local_path(request.form.get("next", "")))


@page(
    desk,
    "/tickets/<number>/tasks/<int(max=2147483647):task>/hand-over",
    "work_task",
    methods=("POST",),
)
def hand_over(number: str, task: int) -> Response:
    """Give a task to a colleague."""
    to = request.form.get("to", "")
    work.hand_over(door.store(), door.person(), number, task, to, door.now(), door.key())
    flash(gettext("已把工单 %(number)s 的任务移交给同事。", number=number))
    return redirect(door.local_path(request.form.get("next", "")))


@page(desk, "/overdue", "list_overdue")
def overdue() -> str:
    """Legs that are or were overdue."""
    start = offset()
    found = worklist.overdue(door.store(), door.person(), door.now(), limit=ROWS, offset=start)
    return render_template("legs.html", kind="overdue", found=found, offset=start, rows=ROWS)


@page(desk, "/unsigned", "list_overdue")
def unsigned() -> str:
    """Legs that were not signed in time (预警)."""
    start = offset()
    found = worklist.unsigned(door.store(), door.person(), door.now(), limit=ROWS, offset=start)
    return render_template("legs.html", kind="unsigned", found=found, offset=start, rows=ROWS)
