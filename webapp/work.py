"""Lists of a person's day: tasks to do, overdue legs, unsigned warnings."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from engine.acts import lists, work
from engine.read import handovers, late, leaves, roster, worklist
from engine.read.worklist import Narrowing
from webapp import door, sheets, words
from webapp.pages import SIGNED_IN, page

desk = Blueprint("work", __name__)

ROWS = 50
"""Rows on a page of a list."""

MOST_IN_SHEET = 10_000
"""Rows of a workbook."""

TABS = ("all", "mine", "free")


def _tab() -> str:
    which = request.args.get("tab", TABS[0])
    return which if which in TABS else TABS[0]


def _tabbed(which: str) -> dict[str, str]:
    """The tab as an address says it: the first is not said."""
    return {"tab": which} if which in TABS[1:] else {}


def _figures() -> dict[str, Any]:
    """What a list's head shows: the tabs with their counts."""
    return {
        "which": _tab(),
        "counts": worklist.counts(door.store(), door.person(), door.now()),
        "overdue": late.count(door.store(), door.person()),
    }


@page(desk, "/", SIGNED_IN)
def tasks() -> str:
    """The work list: my unit's tasks, mine, or those that nobody has taken; narrowed or not."""
    if not door.may("work_task"):
        return render_template("no_tasks.html")
    store, person, which = door.store(), door.person(), _tab()
    narrow = Narrowing.of(request.args)
    start = door.offset()
    found = worklist.tasks_of(store, person, door.now(), which, ROWS, start, narrow)
    return render_template(
        "tasks.html",
        **_figures(),
        found=found,
        narrow=narrow,
        said=narrow.said(),
        choices=worklist.choices(store, person, door.now(), which),
        kept=worklist.kept(store, person),
        standing_in=leaves.taken(store, person, door.now()) if person.stands_for else (),
        last_day=words.last_day,
        on_duty=roster.of(store, person, door.now()),
        to_confirm=handovers.waiting(store, person),
        span=words.span,
        shown=_tabbed(which) | narrow.said(),
        several=len(person.roles) > 1,
        batches=any(item.several for item in found.items),
        offset=start,
        rows=ROWS,
    )


@page(desk, "/figures", "work_task")
def figures() -> str:
    """The tabs and figures of the work list alone: an open page asks for them each minute."""
    return render_template("figures.html", **_figures(), said=Narrowing.of(request.args).said())


@page(desk, "/tasks.xlsx", "work_task")
def workbook() -> Response:
    """The work list as it is narrowed, as a workbook."""
    narrow = Narrowing.of(request.args)
    found = worklist.tasks_of(
        door.store(), door.person(), door.now(), _tab(), MOST_IN_SHEET, 0, narrow
    )
    heads = (
        gettext("工单编号"),
        gettext("任务"),
        gettext("类型"),
        gettext("突发事件"),
        gettext("标题"),
        gettext("地点"),
        gettext("应完成时间"),
        gettext("时限"),
        gettext("办理人"),
        gettext("收到"),
    )
    rows = [
        (
            item.number,
            item.name,
            words.label("type", item.type, item.type_label),
            words.emergency(item.emergency),
            item.card.title,
            item.card.place,
            words.due_words(item.due, door.now(), year=True),
            words.time_left(item.remaining, item.due, door.now()),
            item.claimed_by_name,
            words.moment(item.opened_at),
        )
        for item in found.items
    ]
    content = sheets.workbook(gettext("待办"), heads, rows)
    day = door.now().astimezone(words.ZONE)
    return sheets.answer(content, f"{gettext('待办')}-{day:%Y%m%d-%H%M}.xlsx")


@page(desk, "/lists", "work_task", methods=("POST",))
def keep_list() -> Response:
    """Keep how the list is narrowed, under a name."""
    said = Narrowing.of(request.form).said()
    tabbed = _tabbed(request.form.get("tab", ""))
    name = request.form.get("name", "")
    lists.keep(door.store(), door.person(), name, said and {**tabbed, **said})
    flash(gettext("已保存筛选“%(name)s”。", name=name.strip()))
    return redirect(url_for("work.tasks", **tabbed, **said))


@page(desk, "/lists/drop", "work_task", methods=("POST",))
def drop_list() -> Response:
    """Forget a kept list."""
    name = request.form.get("name", "")
    lists.drop(door.store(), door.person(), name)
    flash(gettext("已删除筛选“%(name)s”。", name=name.strip()))
    return redirect(url_for("work.tasks"))


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
    start = door.offset()
    found = late.overdue(door.store(), door.person(), door.now(), limit=ROWS, offset=start)
    return render_template("legs.html", kind="overdue", found=found, offset=start, rows=ROWS)


@page(desk, "/unsigned", "list_overdue")
def unsigned() -> str:
    """Legs that were not signed in time (预警)."""
    start = door.offset()
    found = late.unsigned(door.store(), door.person(), door.now(), limit=ROWS, offset=start)
    return render_template("legs.html", kind="unsigned", found=found, offset=start, rows=ROWS)
