"""Texts kept ready for replies: put into a form, and a unit's own looked after."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from engine.acts import templates
from engine.acts.templates import Draft
from engine.errors import Trouble
from engine.formjs import TEMPLATES, Form
from engine.formjs.placeholders import KNOWN
from engine.read import templates as reading
from engine.read.templates import Template
from engine.read.ticket import TicketPage
from webapp import door, problems
from webapp.pages import page

desk = Blueprint("texts", __name__)

Ready = Mapping[str, tuple[Template, ...]]


def ready(form: Form, ticket: TicketPage | None) -> Ready:
    """The texts that a form's fields offer, filled with what is known of the ticket; {} if none."""
    about = (ticket.number, ticket.card) if ticket else ()
    found = reading.offered(door.store(), door.person(), form.templates, door.now(), *about)
    return found if any(found.values()) else {}


def inserting() -> bool:
    """Whether a text is to be put into a field: without script a button asks for it."""
    return bool(request.form.get("_insert"))


def inserted(raw: door.Raw, form: Form, texts: Ready) -> door.Raw:
    """What was typed, with the chosen text after it in the field whose button was used."""
    key = request.form.get("_insert", "")
    field = next((one for one in form.fields if one.key == key), None)
    chosen = request.form.get(f"_template-{key}", "")
    offered = texts.get(field.templates, ()) if field else ()
    text = next((one.text for one in offered if str(one.id) == chosen), "")
    if not text:
        return raw
    typed = "".join(raw.get(key, ())[:1]).rstrip()
    return {**raw, key: [f"{typed}\n{text}" if typed else text]}


@page(desk, "/templates", "write_templates")
def listed() -> str:
    """The texts of the person's unit."""
    found = reading.of_unit(door.store(), door.person())
    return render_template("texts.html", found=found, kinds=TEMPLATES, most=templates.MOST)


@page(desk, "/templates/new", "write_templates", methods=("GET", "POST"))
def new() -> Response:
    """A new text."""
    draft = _typed()
    error = ""
    if request.method == "POST":
        try:
            templates.write(door.store(), door.person(), draft, door.now(), door.key())
        except Trouble as trouble:
            error = _about_words(trouble)
        else:
            flash(gettext("已保存模板“%(name)s”。", name=draft.name.strip()))
            return redirect(url_for("texts.listed"))
    return _form_page(draft, "", error)


@page(desk, "/templates/<int(max=2147483647):id>", "write_templates", methods=("GET", "POST"))
def change(id: int) -> Response:
    """Change a text."""
    error = ""
    if request.method == "POST":
        draft, seen = _typed(), request.form.get("_seen", "")
        try:
            now, key = door.now(), door.key()
            templates.change(door.store(), door.person(), id, draft, seen, now, key)
        except Trouble as trouble:
            error = _about_words(trouble)
        else:
            flash(gettext("已保存模板“%(name)s”。", name=draft.name.strip()))
            return redirect(url_for("texts.listed"))
    else:
        every = reading.of_unit(door.store(), door.person())
        one = next((found for found in every if found.id == id), None)
        if one is None:
            raise Trouble("template_unknown")
        draft, seen = Draft(one.kind, one.name, one.text), one.digest
    return _form_page(draft, seen, error)


@page(desk, "/templates/<int(max=2147483647):id>/use", "write_templates", methods=("POST",))
def use(id: int) -> Response:
    """Retire a text, or take it into use again."""
    active = request.form.get("active") == "yes"
    templates.set_active(door.store(), door.person(), id, active, door.now())
    flash(gettext("模板已重新启用。") if active else gettext("模板已停用，表单里不再列出。"))
    return redirect(url_for("texts.listed"))


def _typed() -> Draft:
    kind, name, text = (request.form.get(field, "") for field in ("kind", "name", "text"))
    return Draft(kind, name, text)


def _about_words(trouble: Trouble) -> str:
    """The sentence of what somebody wrote that cannot be kept; it stands with the words."""
    if not trouble.code.startswith(("template_", "text_")) or trouble.code == "template_unknown":
        raise trouble
    return problems.sentence(trouble)


def _form_page(draft: Draft, seen: str, error: str) -> Response:
    body = render_template(
        "text.html",
        draft=draft,
        seen=seen,
        error=error,
        kinds=TEMPLATES,
        places=KNOWN,
        longest=templates.LONGEST_TEXT,
        longest_name=templates.LONGEST_NAME,
    )
    return door.page(body, 422 if error else 200)
