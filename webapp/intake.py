"""While somebody calls: what is known of the caller and the place, beside the form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request

from engine.errors import Denied
from engine.formjs import Form
from engine.read import announcements, intake, suggestions
from engine.read import ticket as reading
from webapp import door
from webapp.pages import page

desk = Blueprint("intake", __name__)


LONGEST = 200
"""Characters of a word of the card by which others are looked for: as many as a card holds."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was typed of a call so far: the words of its card, and all words in lines (`text`)."""

    phone: str
    place: str
    title: str
    text: str
    channel: str


def said(raw: door.Raw, form: Form | None = None) -> Said:
    """What was typed into the form of a new call, which is asked for where it is not given."""
    form = form or reading.start_form(door.store(), door.person(), door.now()).form
    card = {field.card: " ".join(raw.get(field.key, ())).strip()[:LONGEST] for field in form.fields}
    lines = [" ".join(raw.get(field.key, ())) for field in form.fields if field.searched]
    channels = {one.value for field in form.fields if field.key == CHANNEL for one in field.options}
    channel = " ".join(raw.get(CHANNEL, ()))
    return Said(
        *(card.get(name, "") for name in ("phone", "place", "title")),
        "\n".join(line for line in lines if line.strip()),
        channel if channel in channels else "",
    )


CHANNEL = "channel"
"""The variable that says by which way a call came; the product reads it by this name."""


def known(form: reading.TaskForm, raw: door.Raw) -> dict[str, Any]:
    """What stands beside the form, for what was typed there so far."""
    store, person, typed = door.store(), door.person(), said(raw, form.form)
    about = (typed.phone, typed.place, typed.title)
    found = intake.known(store, person, *about)
    places = [(hit.card.place, hit.created_at) for hit in found.earlier]
    return {
        "known": found,
        "suggestions": suggestions.suggested(store, person, form, raw, "", door.now(), places),
        "announcements": announcements.in_force(store, person, door.now(), *about),
        "linked": request.form.getlist(LINKED),
        "asked": any(map(any, raw.values())),
    }


TAKEN = "_take"
"""What the buttons are called by which a suggestion is taken; their value is `taking` of it."""


def taking(one: suggestions.Suggestion) -> str:
    """The value of the button by which a suggestion is taken."""
    return json.dumps(one.fill, ensure_ascii=False)


def taken(raw: door.Raw) -> door.Raw:
    """What was typed, with the suggestion that was taken without script, if one was."""
    try:
        fill = {str(key): [str(text)] for key, text in json.loads(request.form.get(TAKEN, "[]"))}
        told = "".join(part for key, (text,) in fill.items() for part in (key, text)).encode()
    except (ValueError, TypeError, RecursionError):
        return raw
    return raw if b"\0" in told else {**raw, **fill}


LINKED = "_announcement"
"""What the boxes are called by which a ticket is linked to announcements."""


def suggested(
    form: reading.TaskForm, raw: door.Raw, ticket: reading.TicketPage
) -> tuple[suggestions.Suggestion, ...]:
    """What the words of a ticket suggest for the form of a task: what was typed at the call."""
    first = [text for entry in ticket.history[:1] for _, text in entry.answers]
    told = "\n".join([ticket.card.title, *first])
    return suggestions.suggested(door.store(), door.person(), form, raw, told, door.now())


@page(desk, "/calls/known", "start_ticket", methods=("POST",))
def beside() -> str:
    """What stands beside the form, for what is typed there now."""
    form = reading.start_form(door.store(), door.person(), door.now())
    return render_template("known.html", **{**known(form, door.typed()), "asked": True})


@page(desk, "/tickets/<number>/join", "start_ticket", methods=("POST",), files=True)
def join(number: str) -> str:
    """The page of a repeat call on a ticket, with what was typed for a new one; nothing is kept
    before it is sent from there."""
    found = reading.page(door.store(), door.person(), number, door.now())
    if not found.may_call_again:
        raise Denied("denied")
    form = reading.start_form(door.store(), door.person(), door.now()).form
    text = said(door.typed(), form).text
    return render_template("again.html", ticket=found, text=text, error="")
