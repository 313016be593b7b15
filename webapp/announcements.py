"""Announcements: the list, one with its calls, written, changed, ended; a call linked to one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from engine.acts import announcements
from engine.acts.announcements import KINDS, LONGEST, Words
from engine.errors import Denied, Trouble
from engine.read import announcements as reading
from engine.workdays import ZONE
from webapp import door, intake, problems, sheets, tickets, words
from webapp.pages import page
from webapp.work import MOST_IN_SHEET, ROWS

desk = Blueprint("announcements", __name__)

TYPED = ("kind", "title", "places", "script", "contact", "since", "until")


@page(desk, "/announcements", "read_announcements")
def listed() -> str:
    """Those in force and coming, or those that are over."""
    past = request.args.get("tab") == "past"
    start = door.offset()
    found = reading.listed(door.store(), door.person(), door.now(), past, ROWS, start)
    return render_template("announcements.html", found=found, past=past, offset=start, rows=ROWS)


@page(desk, "/announcements/<number>", "read_announcements")
def announcement(number: str) -> str:
    """One, with what is read out, its changes and its calls."""
    found = reading.page(door.store(), door.person(), number, door.now())
    return render_template("announcement.html", page=found, most=reading.MOST_CALLS)


@page(desk, "/announcements/<number>/calls.xlsx", "read_announcements")
def workbook(number: str) -> Response:
    """Its calls as a workbook; of telephones no more than the page shows."""
    store, person, now = door.store(), door.person(), door.now()
    found = reading.page(store, person, number, now, MOST_IN_SHEET)
    heads = (
        gettext("时间"),
        gettext("接听人"),
        gettext("来源"),
        gettext("来电号码"),
        gettext("说了什么"),
        gettext("听的是第几稿"),
        gettext("工单编号"),
    )
    rows = [
        (
            words.moment(call.at),
            call.who,
            words.label("channel", call.channel),
            call.phone,
            call.text,
            str(call.revision),
            call.ticket,
        )
        for call in found.calls
    ]
    return sheets.answer(sheets.workbook(gettext("来电"), heads, rows), f"{number}.xlsx")


@page(desk, "/announcements/new", "announce", methods=("GET", "POST"))
def new() -> AnyResponse:
    """Write one."""
    typed = {name: request.form.get(name, "") for name in TYPED}
    errors: Mapping[str, str] = {}
    if request.method == "POST":
        try:
            number = announcements.write(
                door.store(), door.person(), _words(typed), door.now(), door.key()
            )
        except announcements.Invalid as invalid:
            errors = _sentences(invalid)
        else:
            flash(gettext("公告已发布，到开始时间即可读给来电人。"))
            return redirect(url_for("announcements.announcement", number=number))
    else:
        typed["since"] = _local(door.now())
    return _form(typed, errors)


@page(desk, "/announcements/<number>/edit", "announce", methods=("GET", "POST"))
def edit(number: str) -> AnyResponse:
    """Change one: calls before keep the words that they heard."""
    store, person, now = door.store(), door.person(), door.now()
    found = reading.page(store, person, number, now)
    errors: Mapping[str, str] = {}
    if request.method == "POST":
        typed = {name: request.form.get(name, "") for name in TYPED}
        revision = request.form.get("_revision", type=int, default=0)
        try:
            announcements.revise(store, person, number, _words(typed), revision, now, door.key())
        except announcements.Invalid as invalid:
            errors = _sentences(invalid)
        except Trouble as trouble:
            if trouble.code not in ("announcement_changed", "announcement_ended"):
                raise
            errors = {"": problems.sentence(trouble)}
        else:
            flash(gettext("公告已修改，之后的来电按新的口径读。"))
            return redirect(url_for("announcements.announcement", number=number))
    else:
        if not found.may_change:
            raise Denied("denied")
        one = found.announcement
        times = {"since": _local(one.since), "until": _local(one.until)}
        typed = {name: times.get(name) or str(getattr(one, name)) for name in TYPED}
    return _form(typed, errors, found)


@page(desk, "/announcements/<number>/end", "announce", methods=("POST",))
def end(number: str) -> AnyResponse:
    """End one before its time."""
    announcements.end(door.store(), door.person(), number, door.now(), door.key())
    flash(gettext("公告已提前结束，不再读给来电人。"))
    return redirect(url_for("announcements.announcement", number=number))


# With the form of a new call come its files, for which the way to tickets alone is wide enough.
@page(desk, "/tickets/new/about/<number>", "start_ticket", methods=("POST",), files=True)
def link(number: str) -> AnyResponse:
    """Note a call about one, with what was typed of it so far; it needs no ticket."""
    store, person, now = door.store(), door.person(), door.now()
    raw = door.typed()
    said = intake.said(raw)
    try:
        # A key of its own: the same page may still make a ticket of what else the caller says.
        key = door.key_for(number)
        count = announcements.link(
            store, person, number, said.phone, said.text, said.channel, now, key
        )
    except Trouble as trouble:
        if trouble.code not in ("announcement_over", "phone_long", "text_characters", "words_long"):
            raise
        return tickets.typed_again(raw, problems.sentence(trouble))
    flash(
        gettext("这次来电已记入，是第 %(n)s 通，不用另建工单。请把下面的口径读给来电人。", n=count)
    )
    return redirect(url_for("announcements.announcement", number=number))


def _form(
    typed: Mapping[str, str], errors: Mapping[str, str], found: reading.Page | None = None
) -> Response:
    body = render_template(
        "announce.html", typed=typed, errors=errors, page=found, kinds=KINDS, longest=LONGEST
    )
    return door.page(body, 422 if errors else 200)


def _words(typed: Mapping[str, str]) -> Words:
    times = {name: words.instant(typed[name]) for name in ("since", "until")}
    return Words(**{**typed, **times})  # type: ignore[arg-type]


def _local(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%dT%H:%M}"


def _sentences(invalid: announcements.Invalid) -> Mapping[str, str]:
    found = {field: problems.sentence(trouble) for field, trouble in invalid.errors.items()}
    # The sentence about a time is the same for both: on top of the form it has to say for which.
    for field, name in (("since", gettext("从什么时候起")), ("until", gettext("到什么时候止"))):
        if field in found:
            found[field] = gettext("“%(field)s”：%(sentence)s", field=name, sentence=found[field])
    return found
