"""A unit's desk for whoever leads it: who has what, what is late, and handing it to others."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from engine.acts import work
from engine.read import leaves, shares, worklist
from engine.read.narrowing import NOBODY
from engine.read.worklist import Narrowing
from webapp import door, several
from webapp.pages import page
from webapp.work import ROWS

desk = Blueprint("unit", __name__)

LED = "led"
"""The list of what a leader looks after, for engine.read.worklist."""


@page(desk, "/unit", "reassign_task")
def shared() -> str:
    """The open tasks of the unit and its sections, by person, and as a list."""
    store, person, now = door.store(), door.person(), door.now()
    narrow = Narrowing.of(request.args)
    start = door.offset()
    return render_template(
        "unit.html",
        listing="unit.shared",
        shares=shares.shares(store, person, now),
        found=worklist.tasks_of(store, person, now, LED, ROWS, start, narrow),
        choices=worklist.choices(store, person, now, LED),
        narrow=narrow,
        said=narrow.said(),
        nobody=NOBODY,
        colleagues=((person.name, person.display_name), *leaves.colleagues(store, person)),
        offset=start,
        rows=ROWS,
    )


@page(desk, "/unit/hand-over", "reassign_task", methods=("POST",))
def hand_over() -> Response:
    """Give several tasks to a colleague, or back to the unit; each is an act of its own."""
    to = request.form.get("to", "")
    outcomes = several.each(several.chosen_tasks(), partial(_give, to))
    body = render_template(
        "outcomes.html",
        outcomes=outcomes,
        title=gettext("移交结果"),
        done=gettext("已移交或放回"),
        back=(url_for("unit.shared"), gettext("返回本单位任务")),
    )
    return door.page(body)


def _give(to: str, number: str, task: int) -> None:
    store, person, now = door.store(), door.person(), door.now()
    key = door.key_for(f"{number}/{task}/{to}")
    if to == NOBODY:
        work.release(store, person, number, task, now, key)
    else:
        work.hand_over(store, person, number, task, to, now, key)
