"""Desks beside the work list: decisions about others' requests, calls to those who called.

A desk is the work list narrowed to what is drawn to lie there, with what led to each task in its
row; one goes from there to the form, and from the form on to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from engine.acts import work
from engine.errors import Denied, Trouble
from engine.read import asked, worklist
from engine.read.worklist import Narrowing, WorkItem
from webapp import door, problems, several
from webapp.pages import page

desk = Blueprint("desks", __name__)

ROWS = 20
"""Rows on a page: each has what was asked and why, and is read, not skimmed."""

TRIED = 50
"""Tasks among which the next one is looked for; others may have taken the first of them."""

PAGES = {"decisions": "desks.decisions", "calls": "desks.calls"}
"""The page of each desk."""


@page(desk, "/decisions", "work_task")
def decisions() -> str:
    """Decisions about others' requests, with what is asked and why."""
    return _desk_page("decisions")


@page(desk, "/follow-up", "work_task")
def calls() -> str:
    """Those who are to be called, in the order in which they wait."""
    return _desk_page("calls")


def _desk_page(which: str) -> str:
    store, person, now = door.store(), door.person(), door.now()
    narrow = replace(Narrowing.of(request.args), desk=which)
    start = door.offset()
    found = worklist.tasks_of(store, person, now, "all", ROWS, start, narrow)
    said = _said(narrow)
    return render_template(
        "desk.html",
        desk=which,
        listing=PAGES[which],
        found=found,
        asked=asked.asked(store, person, found.items, now),
        choices=worklist.choices(store, person, now, desk=which),
        narrow=narrow,
        said=said,
        several=len(person.roles) > 1,
        offset=start,
        rows=ROWS,
    )


def _said(narrow: Narrowing) -> dict[str, str]:
    """How a desk is narrowed, as its address says it."""
    return replace(narrow, desk="").said()


@page(desk, "/next", "work_task", methods=("POST",))
def take_next() -> Response:
    """Take the next task of a desk, and go to its form; put back the one that is passed over."""
    narrow = Narrowing.of(request.form)
    if not narrow.desk:
        abort(400)
    skip = request.form.get("skip", "")
    passed = request.form.getlist("passed")
    one = several.ref(skip)
    if one is None:
        return _next(narrow, passed)
    store, person, now = door.store(), door.person(), door.now()
    # A leader may put back what a colleague has taken; a page that is old must not.
    if any(item.mine for item in worklist.picked(store, person, [one], now)):
        try:
            work.release(store, person, *one, now, door.key())
        except Trouble as trouble:  # it is not this person's any more
            if trouble.code not in problems.CONFLICTS and not isinstance(trouble, Denied):
                raise
    return _next(narrow, [*passed, skip])


def onward() -> Response:
    """Where somebody goes on to who has done a task: the next one, the desk, or the work list."""
    narrow = _in_turn()
    if narrow:
        return _next(narrow, passed_over())
    return redirect(door.local_path(request.args.get("then", "")))


def led_to(item: WorkItem | None) -> asked.Asked | None:
    """What led to a task that lies on a desk, for beside its form."""
    if item is None or not item.desk:
        return None
    found = asked.asked(door.store(), door.person(), (item,), door.now())
    return found[item.number, item.task]


def passing() -> Mapping[str, str]:
    """What leads to the next one, on the form of one of several that are done in turn; or {}."""
    narrow = _in_turn()
    return narrow.said() if narrow else {}


def passed_over() -> list[str]:
    """The tasks, NUMBER/TASK, that somebody has put off until the others are done."""
    return request.args.getlist("passed")


def _in_turn() -> Narrowing | None:
    """The desk whose tasks are done one after the other, as the form's address says it."""
    place = urlsplit(door.local_path(request.args.get("then", "")))
    which = next((one for one, page in PAGES.items() if url_for(page) == place.path), "")
    if not which or not request.args.get("on"):
        return None
    return replace(Narrowing.of(dict(parse_qsl(place.query))), desk=which)


def _next(narrow: Narrowing, passed: list[str]) -> Response:
    """To the form of the next task, which is taken so that nobody else begins with it too."""
    store, person, now = door.store(), door.person(), door.now()
    back = url_for(PAGES[narrow.desk], **_said(narrow))
    items = worklist.tasks_of(store, person, now, limit=TRIED, narrow=narrow).items
    for item in sorted(items, key=lambda item: not item.mine):  # what was begun comes first
        if f"{item.number}/{item.task}" in passed or not item.takable or item.barred:
            continue
        try:
            if not item.mine:
                work.claim(store, person, item.number, item.task, now, door.new_key())
        except Trouble as trouble:
            if trouble.code not in problems.CONFLICTS:
                raise
            continue  # somebody was quicker
        going = {"then": back, "on": "yes", "passed": passed}
        return redirect(url_for("tickets.task", number=item.number, task=item.task, **going))
    flash(gettext("这里没有下一件了。"))
    return redirect(back)
