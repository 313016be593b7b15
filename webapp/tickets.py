"""A ticket: found, started, its page, its tasks' forms."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from engine.access import sees_reporter
from engine.acts import tickets, work
from engine.errors import Denied, Trouble
from engine.flow.model import Refused
from engine.formjs import Form
from engine.read import ticket as reading
from engine.read.worklist import WorkItem
from webapp import (
    attachments,
    desks,
    door,
    intake,
    legs,
    problems,
    search,
    supervision,
    texts,
    words,
)
from webapp.pages import page

desk = Blueprint("tickets", __name__)


def _doing() -> str:
    """Which button was used: done, draft, update; that of a language is an update, and a page
    that saves by itself says keep."""
    updates = door.asked_language() or texts.inserting() or intake.TAKEN in request.form
    return "update" if updates else request.form.get("_do", "done")


@page(desk, "/tickets", "read_ticket")
def find() -> str | Response:
    """Search by number, telephone or words."""
    looked = search.looked_up()
    if any(hit.number == looked["text"] for hit in looked["found"].hits):
        return redirect(url_for("tickets.ticket", number=looked["text"]))
    return render_template("find.html", **looked)


@page(desk, "/tickets/new", "start_ticket", methods=("GET", "POST"), files=True)
def new() -> Response:
    """A new call: the start form, then a ticket."""
    form = reading.start_form(door.store(), door.person(), door.now())
    raw: door.Raw = {}
    errors: Mapping[str, str] = {}
    if request.method == "POST":
        raw = door.typed()
        try:
            raw, errors = attachments.arrived(intake.taken(raw), "", 0)
            if _doing() != "update" and not errors:
                linked = request.form.getlist(intake.LINKED)
                number = tickets.start(
                    door.store(), door.person(), raw, door.now(), door.key(), about=linked
                )
                flash(gettext("已登记，工单编号 %(number)s。", number=number) + _what_next(number))
                return redirect(_at_once(number) or url_for("work.tasks"))
        except tickets.Invalid as invalid:
            errors = invalid.errors
        except (Trouble, Refused) as trouble:
            if trouble.code != "announcement_over":
                return _given_back(raw, trouble)
            errors = {"": problems.sentence(trouble)}
    return _form_page(form, raw, errors, None)


def typed_again(raw: door.Raw, sentence: str) -> Response:
    """The form of a new call with what was typed, and why it could not be taken so."""
    form = reading.start_form(door.store(), door.person(), door.now())
    return _form_page(form, raw, {"": sentence}, None)


@page(desk, "/tickets/<number>", "read_ticket")
def ticket(number: str) -> Response:
    """The page of a ticket."""
    return _ticket_page(number)


def _ticket_page(number: str, words: str = "", error: str = "") -> Response:
    """The page of a ticket; `words`: a comment that was not kept, for a reason (`error`)."""
    found = reading.page(door.store(), door.person(), number, door.now())
    body = render_template(
        "ticket.html",
        **_present(found),
        others=[item for item in found.tasks if not door.may_do(item)],
        entries=supervision.of_ticket(found),
        tree=legs.tree(found.legs, found.deadlines),
        own_deadlines=[one for one in found.deadlines if not one.leg and one.remaining],
        words=words,
        within=_within(),
        error=error,
    )
    return door.page(body, 422 if error else 200)


def _within() -> bool:
    """Whether a comment is for the own unit alone: as was chosen, else where units do the work."""
    person, chosen = door.person(), request.form.get("for", "")
    at_desk = person.unit not in (person.centre, person.authority)
    return chosen == "unit" or (chosen != "all" and at_desk)


def _present(found: reading.TicketPage) -> dict[str, Any]:
    """What the parts show that an open page asks for again."""
    return {
        "ticket": found,
        "duties": [item for item in found.tasks if door.may_do(item)],
        "colleagues": {
            item.task: reading.colleagues(door.store(), item, but)
            for item in found.tasks
            if (but := _without(item))
        },
        "units": {leg.leg: leg.unit_name for leg in found.legs},
        "over": legs.over(found, door.person(), door.now()),
        "standing": [
            (name, unit_name, n)
            for (name, unit_name), n in Counter(
                (item.name, item.unit_name) for item in found.tasks
            ).items()
        ],
    }


@page(desk, "/tickets/<number>/news", "read_ticket")
def news(number: str) -> Response:
    """What has changed since an open page was made (`seq`): nothing (204), or its parts anew.

    `told`: the page says already that there is something new.
    """
    since = request.args.get("seq", 0, type=int)
    if reading.last_event(door.store(), door.person(), number) == since:
        return Response(status=204)
    found = reading.page(door.store(), door.person(), number, door.now())
    body = render_template(
        "ticket/moved.html",
        **_present(found),
        told="told" in request.args or found.history[-1].seq > since,
        here=url_for("tickets.ticket", number=number),
        swapped=Markup(' hx-swap-oob="true"'),
    )
    return door.page(body)


@page(desk, "/tickets/<number>/order", "read_ticket")
def order(number: str) -> str:
    """The ticket on paper (交办单): for those who have to sign on a sheet."""
    found = reading.page(door.store(), door.person(), number, door.now())
    running = [leg for leg in found.legs if leg.void_at is None]
    return render_template("order.html", ticket=found, running=running)


def _without(item: WorkItem) -> str:
    """Whom to leave out of the colleagues of a task that a page has to name; "" where it names
    none: of a barred one the reader, of one that a leader may give to somebody else its holder."""
    if door.may_do(item) and item.barred:
        return door.person().name
    return item.claimed_by if door.may_reassign(item) else ""


@page(
    desk,
    "/tickets/<number>/tasks/<int(max=2147483647):task>",
    "work_task",
    methods=("GET", "POST"),
    files=True,
)
def task(number: str, task: int) -> Response:
    """A user task: its form, with the ticket's facts beside it."""
    store, person, now = door.store(), door.person(), door.now()
    raw = door.typed() if request.method == "POST" else None
    errors: Mapping[str, str] = {}
    try:
        if raw is not None:
            raw, errors = attachments.arrived(intake.taken(raw), number, task)
        if raw is not None and _doing() == "keep":
            work.save_draft(store, person, number, task, raw, now, door.new_key())
            return door.page(gettext("已自动保存草稿，%(at)s。", at=words.clock(now)))
        if raw is not None and _doing() == "draft":
            # What was typed last is what is kept, whether or not the form was sent before.
            work.save_draft(store, person, number, task, raw, now, door.new_key())
            if not errors:
                flash(gettext("草稿已保存，尚未提交。"))
                return redirect(request.full_path.rstrip("?"))
        if raw is not None and _doing() == "done" and not errors:
            # First the act: sent twice, it answers twice the same, though the task is gone.
            name = _name_of(number, task)
            try:
                tickets.complete(store, person, number, task, raw, now, door.key())
            except tickets.Invalid as invalid:
                errors = invalid.errors
            else:
                said = gettext("工单 %(number)s 的“%(task)s”已提交。", number=number, task=name)
                flash(said + _what_next(number))
                return desks.onward()
        form = reading.task_form(store, person, number, task, now)
    except (Trouble, Refused) as trouble:
        if raw is None:
            raise
        return _given_back(raw, trouble)
    found = reading.page(store, person, number, now)
    return _form_page(form, form.raw if raw is None else raw, errors, found)


@page(desk, "/tickets/<number>/comments", "comment_ticket", methods=("POST",))
def comment(number: str) -> Response:
    """Write a comment on a ticket."""
    text = request.form.get("text", "").strip()
    try:
        key = door.key_for(text)
        within = _within()
        work.comment(door.store(), door.person(), number, text, door.now(), key, within=within)
    except Trouble as trouble:
        if trouble.code not in problems.WORDS_REFUSED:
            raise
        return _ticket_page(number, text, problems.sentence(trouble))
    flash(gettext("备注已保存。"))
    return redirect(url_for("tickets.ticket", number=number))


@page(desk, "/tickets/<number>/caller", "unmask", methods=("GET", "POST"))
def caller(number: str) -> Response:
    """Who called and where to reach them, unmasked for a reason that stays on record."""
    store, person, now = door.store(), door.person(), door.now()
    found = reading.page(store, person, number, now)
    if not found.may_unmask:
        raise Denied("denied")
    if not sees_reporter(person, found.protected):
        raise Denied("reporter_protected")
    reason = request.form.get("reason", "").strip()
    shown: Mapping[str, str] | None = None
    error = ""
    if request.method == "POST":
        try:
            shown = work.unmask(store, person, number, reason, now, door.key())
        except Trouble as trouble:
            if trouble.code not in problems.WORDS_REFUSED:
                raise
            error = problems.sentence(trouble)
    part = request.headers.get("HX-Request") == "true"
    template = "dial.html" if part else "caller.html"
    body = render_template(template, ticket=found, shown=shown, error=error, reason=reason)
    return door.page(body, 422 if error else 200)


def _what_next(number: str) -> str:
    """What comes next on a ticket, as far as the person may see it; "" if that cannot be read.

    Asked after an act has taken effect: no failure here may become a page that denies it.
    """
    try:
        found = reading.page(door.store(), door.person(), number, door.now())
    except Denied:
        return gettext("工单已转出，不再由您的单位办理。")
    except Exception:
        return problems.unread()
    if not found.tasks:
        return gettext("全部环节已办完。") if found.ended_at else ""
    steps = gettext("；").join(
        gettext("%(task)s（%(unit)s）", task=item.name, unit=item.unit_name) for item in found.tasks
    )
    return gettext("下一步：%(steps)s。", steps=steps)


def _at_once(number: str) -> str:
    """The form that waits for who has taken the call of an emergency; "" where there is none."""
    try:
        found = reading.page(door.store(), door.person(), number, door.now())
    except Exception:
        return ""  # the call is registered: no failure here may become a page that denies it
    own = (one for one in found.tasks if words.emergency(one.emergency) and door.may_do(one))
    return next((url_for("tickets.task", number=number, task=one.task) for one in own), "")


def _name_of(number: str, task: int) -> str:
    """The name of an open task; once it is done, only that it was one."""
    try:
        found = reading.page(door.store(), door.person(), number, door.now())
    except Denied:
        return gettext("任务")
    open_ones = (*found.tasks, *found.rights)
    return next((item.name for item in open_ones if item.task == task), gettext("任务"))


def _given_back(raw: door.Raw, trouble: Trouble | Refused) -> Response:
    """Why a form was not taken, with what was typed: somebody was quicker, the ticket has gone
    elsewhere meanwhile, the database is not there."""
    typed = [
        (called, value)
        for key, called in _names_back(request.form.get("_names", ""))
        for value in raw.get(key, ())
        if value.strip()
    ]
    return problems.told(trouble, template="typed.html", typed=typed)


def _form_page(
    form: reading.TaskForm,
    raw: door.Raw,
    errors: Mapping[str, str],
    ticket: reading.TicketPage | None,
) -> Response:
    """A form as a page; only its fields when htmx asks for it again."""
    ready = texts.ready(form.form, ticket)
    raw = texts.inserted(raw, form.form, ready)
    if raw:
        checked = form.form.validate(raw, form.sources)
        views = form.form.show(checked.typed, form.sources, errors)
    else:
        views = form.form.show({}, form.sources)
    part = request.headers.get("HX-Request") == "true" and _doing() == "update"
    item = next((one for one in ticket.tasks if one.task == form.task), None) if ticket else None
    beside: dict[str, Any] = {}
    if not form.number and not part:
        beside = intake.known(form, raw)
    elif ticket is not None and not part:
        beside = {"suggestions": intake.suggested(form, raw, ticket)}
    body = render_template(
        "fields.html" if part else "form.html",
        form=form,
        views=views,
        errors=errors,
        watched=form.form.watched,
        names=_names(form.form),
        waiting=attachments.waiting(views),
        ready=ready,
        ticket=ticket,
        right=_right(ticket, form.task),
        of_leg=_leg_of(ticket, form.task),
        item=item,
        led=None if part else desks.led_to(item),
        passing=desks.passing(),
        passed=desks.passed_over(),
        **beside,
    )
    answer = door.page(body, 422 if errors and not part else 200)
    if chosen := door.asked_language():
        door.keep_language(answer, chosen)
    return answer


def _right(ticket: reading.TicketPage | None, task: int) -> WorkItem | None:
    """The task, if it is one that need not be done."""
    return next((item for item in ticket.rights if item.task == task), None) if ticket else None


def _leg_of(ticket: reading.TicketPage | None, task: int) -> int | None:
    """The dispatch that an open task belongs to."""
    open_ones = (*ticket.tasks, *ticket.rights) if ticket else ()
    return next((item.leg for item in open_ones if item.task == task), None)


WRITTEN = ("textfield", "textarea", "number", "datetime")


def _names(form: Form) -> str:
    """What the fields that are written into are called, for when the form is gone."""
    return json.dumps([[field.key, field.name] for field in form.fields if field.type in WRITTEN])


def _names_back(text: str) -> list[tuple[str, str]]:
    """The way back from `_names`; what comes from outside may be anything."""
    try:
        found = [(key, called) for key, called in json.loads(text)]
        "".join(part for pair in found for part in pair).encode()  # words, and no half characters
    except (ValueError, TypeError, RecursionError):
        return []
    return found
