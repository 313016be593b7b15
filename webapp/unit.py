"""A unit's desk for whoever leads it: who has what, what is late, and handing it to others."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from engine.acts import work
from engine.errors import Trouble
from engine.read import leaves, shares, worklist
from engine.read.narrowing import NOBODY
from engine.read.worklist import Narrowing
from webapp import door, problems, several
from webapp.pages import page
from webapp.several import Outcome, Ref
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
    refs = several.refs(request.form.getlist("task"))
    if not refs:
        raise Trouble("several_none")
    if len(refs) > several.MOST:
        raise Trouble("several_many", most=several.MOST)
    outcomes = _given(refs, request.form.get("to", ""))
    body = render_template("handed_over.html", outcomes=outcomes)
    return door.page(body)


def _given(refs: Sequence[Ref], to: str) -> list[Outcome]:
    store, person, now = door.store(), door.person(), door.now()
    outcomes = []
    for number, task in refs:
        key = door.key_for(f"{number}/{task}/{to}")
        try:
            if to == NOBODY:
                work.release(store, person, number, task, now, key)
            else:
                work.hand_over(store, person, number, task, to, now, key)
        except Trouble as trouble:
            outcomes.append(Outcome(number, problems.sentence(trouble)))
        else:
            outcomes.append(Outcome(number))
    return outcomes
