"""The duty roster: a month of a unit, shifts put in, changed and taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from engine import duty as shifts
from engine.acts import roster as acts
from engine.duty import Shift, Slip
from engine.errors import Trouble, sentence
from engine.read import escalations, roster
from engine.read.escalations import Untaken
from engine.workdays import ZONE, OutOfCalendar
from webapp import door, problems, words
from webapp.pages import page

desk = Blueprint("duty", __name__)

FURTHEST = 24
"""Months to both sides of this one that can be looked at."""


@page(desk, "/duty", "read_duty")
def month() -> Response:
    """The roster of the own unit in a month."""
    return _month()


@page(desk, "/duty/lines", "set_duty", methods=("POST",))
def lines() -> Response:
    """Put in the shifts that pasted lines say."""
    first = _first()
    found, slips = shifts.read_lines(request.form.get("lines", ""), first.year)
    if slips:
        return _month([_of_slip(slip) for slip in slips])
    return _put_in(found)


def _of_slip(slip: Slip) -> str:
    said = gettext(sentence(slip.code, {}))
    return gettext("第 %(n)s 行“%(text)s”：%(said)s", n=slip.number, text=slip.text, said=said)


@page(desk, "/duty/days", "set_duty", methods=("POST",))
def days() -> Response:
    """Put in one shift on each of several days."""
    form = request.form
    try:
        first, last = (date.fromisoformat(form.get(name, "")) for name in ("first", "last"))
        begins, ends = (time.fromisoformat(form.get(name, "")) for name in ("begins", "ends"))
        weekdays = {int(day) for day in form.getlist("weekday")}
        kind = next(one for one in ("every", "rest", "work") if one == form.get("days"))
        span = timedelta() <= last - first <= timedelta(days=366)
        if not span or begins.tzinfo or ends.tzinfo:
            raise ValueError
    except (StopIteration, ValueError):
        return _month([gettext("日期或时间没有填对：最后一天不早于第一天，最长一年。请改正。")])
    shift = _typed(datetime.min.replace(tzinfo=ZONE), datetime.min.replace(tzinfo=ZONE))
    try:
        found = roster.repeated(door.store(), first, last, weekdays, kind, begins, ends, shift)
    except (OutOfCalendar, OverflowError):
        return _month([gettext("工作日历没有这些日期。请改正。")])
    if not found:
        return _month([gettext("所选的日期里没有一天符合，没有排入。请改选星期或日期。")])
    return _put_in(found)


def _typed(since: datetime, until: datetime) -> Shift:
    """Who, rank and telephone as the form says them."""
    rank = request.form.get("rank", "1")
    return Shift(
        since,
        until,
        request.form.get("who", ""),
        int(rank) if re.fullmatch("[1-9]", rank) else 1,
        request.form.get("phone", "").strip(),
    )


def _put_in(found: list[Shift]) -> Response:
    try:
        n = acts.revise(door.store(), door.person(), found, (), door.now())
    except Trouble as trouble:
        return _month(_sentences(trouble))
    flash(ngettext("已排入 %(num)d 班。", "已排入 %(num)d 班。", n))
    shown = min(found, key=lambda shift: shift.since).since.astimezone(ZONE)
    return redirect(url_for("duty.month", month=f"{shown:%Y-%m}"))


def _sentences(trouble: Trouble) -> list[str]:
    """What was wrong with shifts. Errors: the trouble, where it is about something else."""
    if isinstance(trouble, acts.Unfit):
        return [problems.sentence(one) for one in trouble.troubles]
    if not trouble.code.startswith("duty_"):
        raise trouble
    return [problems.sentence(trouble)]


def _first() -> date:
    """The first day of the month that is asked for, if it is not too far away; else of this."""
    today = door.now().astimezone(ZONE).date().replace(day=1)
    try:
        asked = date.fromisoformat(request.values.get("month", "") + "-01")
    except ValueError:
        return today
    away = (asked.year - today.year) * 12 + asked.month - today.month
    return asked if abs(away) <= FURTHEST else today


def _times(post: roster.Post, day: roster.Day) -> str:
    """When of a day somebody is on duty: the day itself is said beside it."""
    begins, goes_on = post.since >= day.begins, post.until > day.ends
    end = words.clock(post.until)
    if goes_on and post.until - day.ends > timedelta(days=1):
        end = words.due_words(post.until, door.now())
    elif goes_on:
        end = gettext("次日 %(at)s", at=end)
    elif post.until == day.ends:
        end = "24:00"
    if begins:
        return f"{words.clock(post.since)}–{end}"
    return gettext("全天") if goes_on else gettext("到 %(at)s", at=end)


def _month(wrong: Iterable[str] = ()) -> Response:
    first, said = _first(), list(wrong)
    body = render_template(
        "duty.html",
        shown=roster.month(door.store(), door.person(), first, door.now()),
        people=roster.people(door.store(), door.person()),
        ranks=shifts.RANKS,
        longest_phone=shifts.LONGEST_PHONE,
        first=first,
        before=first - timedelta(days=1),
        after=(first + timedelta(days=31)).replace(day=1),
        today=door.now().astimezone(ZONE).date(),
        span=words.span,
        clock=words.clock,
        times=_times,
        wrong=said,
        form=request.form,
    )
    return door.page(body, 422 if said else 200)


@page(desk, "/duty/untaken", "read_duty")
def untaken() -> str:
    """The emergencies alone that nobody has taken: an open page asks for them each minute."""
    return render_template("untaken.html")


def untaken_of_person() -> tuple[Untaken, ...]:
    """What the person was told of and nobody has taken; nothing where it cannot be read.

    The page that says so is a page too.
    """
    someone = door.person_or_none()
    try:
        return escalations.of(door.store(), someone) if someone else ()
    except Exception:
        problems.unread()
        return ()


@page(desk, "/duty/shifts/<int(max=2147483647):shift>", "set_duty", methods=("GET", "POST"))
def shift(shift: int) -> Response:
    """Change a shift, or take it out."""
    found = roster.post(door.store(), door.person(), shift, door.now())
    if found is None:
        abort(404)
    wrong: list[str] = []
    if request.method == "POST":
        try:
            added = [] if request.form.get("_do") == "remove" else [_changed()]
            acts.revise(door.store(), door.person(), added, {shift}, door.now())
        except ValueError:
            wrong = [gettext("日期或时间没有填对。请改正。")]
        except Trouble as trouble:
            wrong = _sentences(trouble)
        else:
            flash(gettext("已更改班次。") if added else gettext("已删去班次。"))
            return redirect(url_for("duty.month", month=f"{found.since.astimezone(ZONE):%Y-%m}"))
    body = render_template(
        "shift.html",
        shift=found,
        people=roster.people(door.store(), door.person()),
        ranks=shifts.RANKS,
        longest_phone=shifts.LONGEST_PHONE,
        since=f"{found.since.astimezone(ZONE):%Y-%m-%dT%H:%M}",
        until=f"{found.until.astimezone(ZONE):%Y-%m-%dT%H:%M}",
        span=words.span,
        clock=words.clock,
        wrong=wrong,
        form=request.form,
    )
    return door.page(body, 422 if wrong else 200)


def _changed() -> Shift:
    """The shift as it is to be. Errors: ValueError."""
    since, until = (words.instant(request.form.get(name, "")) for name in ("since", "until"))
    if since is None or until is None:
        raise ValueError
    return _typed(since, until)
