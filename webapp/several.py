"""Several tasks of one kind done at once: one form, and an act of its own for each ticket.

Which tasks may be done so is drawn (the property `several` of a user task).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from engine.acts import tickets
from engine.errors import Trouble
from engine.flow.model import Refused
from engine.read import filling, worklist
from engine.read.worklist import WorkItem
from webapp import door, problems
from webapp.pages import page

desk = Blueprint("several", __name__)

MOST = 50
"""Tasks at once: as many as a page of the list holds."""

Ref = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of the tasks: done, or why not."""

    number: str
    said: str = ""


@page(desk, "/tasks/several", "work_task", methods=("GET", "POST"))
def together() -> Response:
    """The form of several tasks of one kind, and what became of each."""
    chosen = chosen_tasks()
    items = worklist.picked(door.store(), door.person(), chosen, door.now())
    if len({(item.form, item.name) for item in items}) > 1 or not all(it.several for it in items):
        raise Trouble("several_other")
    doing, typed = request.form.get("_do", ""), _typed()
    # All of them only before they are submitted: each has its own lists to choose from.
    forms = [_form_of(item) for item in (items if doing == "done" else items[:1])]
    if any(form.form.pickers for form in forms):
        raise Trouble("several_files")  # a file belongs to one ticket
    errors: Mapping[str, str] = {}
    if doing == "done":
        errors = _errors(forms, typed)
        if not errors:
            return _done(each(chosen, partial(_complete, typed)))
    if not items:
        outcomes = [
            Outcome(number, problems.sentence(Trouble("task_gone"))) for number, _ in chosen
        ]
        return _done(outcomes, 409)
    return _form_page(forms[0], items, len(chosen) - len(items), typed, errors)


def chosen_tasks() -> list[Ref]:
    """The tasks that the request names, each once. Errors: Trouble several_none, several_many."""
    named = (ref(text) for text in request.values.getlist("task"))
    chosen = list(dict.fromkeys(one for one in named if one is not None))
    if not chosen:
        raise Trouble("several_none")
    if len(chosen) > MOST:
        raise Trouble("several_many", most=MOST)
    return chosen


def ref(text: str) -> Ref | None:
    """A task as a list names it, such as 20261010-00012/7; None if that names none."""
    number, _, task = text.partition("/")
    named = number and task.isascii() and task.isdigit() and len(task) < 10
    return (number, int(task)) if named else None


def each(refs: Sequence[Ref], act: Callable[[str, int], object]) -> list[Outcome]:
    """Do one act after the other, and tell what became of each: one that fails stops no other."""
    outcomes = []
    for number, task in refs:
        try:
            act(number, task)
        except (Trouble, Refused) as trouble:
            outcomes.append(Outcome(number, problems.sentence(trouble)))
        else:
            outcomes.append(Outcome(number))
    return outcomes


def _done(outcomes: Sequence[Outcome], status: int = 200) -> Response:
    body = render_template(
        "outcomes.html",
        outcomes=outcomes,
        title=gettext("办理结果"),
        done=gettext("已提交"),
        back=(url_for("work.tasks"), gettext("返回待办")),
    )
    return door.page(body, status)


def _typed() -> door.Raw:
    """What was typed into the form, without which tasks it is for."""
    return {key: values for key, values in door.typed().items() if key != "task"}


def _form_of(item: WorkItem) -> filling.TaskForm:
    return filling.task_form(door.store(), door.person(), item.number, item.task, door.now())


def _errors(forms: Sequence[filling.TaskForm], typed: door.Raw) -> Mapping[str, str]:
    """What is wrong with the answers for any of the tickets, before the first one is touched."""
    for form in forms:
        errors = form.form.validate(typed, form.sources, door.now()).errors
        if errors:
            return errors
    return {}


def _complete(typed: door.Raw, number: str, task: int) -> None:
    key = door.key_for(f"{number}/{task}")
    tickets.complete(door.store(), door.person(), number, task, typed, door.now(), key)


def _form_page(
    form: filling.TaskForm,
    items: Sequence[WorkItem],
    gone: int,
    typed: door.Raw,
    errors: Mapping[str, str],
) -> Response:
    shown = form.form.validate(typed, form.sources).typed if typed else {}
    part = request.headers.get("HX-Request") == "true" and not errors
    body = render_template(
        "fields.html" if part else "several.html",
        form=form,
        items=items,
        gone=gone,
        views=form.form.show(shown, form.sources, errors),
        errors=errors,
        watched=form.form.watched,
    )
    return door.page(body, 422 if errors else 200)
