"""While somebody calls: what is known of the caller and the place, beside the form."""

from __future__ import annotations

from flask import Blueprint, render_template

from engine.errors import Denied
from engine.formjs import Form
from engine.read import intake
from engine.read import ticket as reading
from webapp import door
from webapp.pages import page

desk = Blueprint("intake", __name__)


def known(form: Form, raw: door.Raw) -> intake.Known:
    """What is known of what was typed so far, as far as it can be told."""
    said = {
        field.card: " ".join(raw.get(field.key, ())).strip() for field in form.fields if field.card
    }
    places = (said.get(name, "") for name in ("phone", "place", "title"))
    return intake.known(door.store(), door.person(), *places)


@page(desk, "/calls/known", "start_ticket", methods=("POST",))
def beside() -> str:
    """What stands beside the form, for what is typed there now."""
    form = reading.start_form(door.store(), door.person(), door.now()).form
    return render_template("known.html", known=known(form, door.typed()), asked=True)


@page(desk, "/tickets/<number>/join", "start_ticket", methods=("POST",))
def join(number: str) -> str:
    """The page of a repeat call on a ticket, with what was typed for a new one; nothing is kept
    before it is sent from there."""
    found = reading.page(door.store(), door.person(), number, door.now())
    if not found.may_call_again:
        raise Denied("denied")
    form = reading.start_form(door.store(), door.person(), door.now()).form
    typed = door.typed()
    lines = [" ".join(typed.get(field.key, ())) for field in form.fields if field.searched]
    text = "\n".join(line for line in lines if line.strip())
    return render_template("again.html", ticket=found, text=text, error="")
