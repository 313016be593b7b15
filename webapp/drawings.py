"""Where a ticket stands on the diagrams, as a picture in the page: no script is needed."""

from __future__ import annotations

from collections.abc import Collection

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext
from markupsafe import Markup

from engine import picture
from engine.picture import Mark
from engine.read import drawn
from webapp import door
from webapp.pages import page

desk = Blueprint("drawings", __name__)


@page(desk, "/tickets/<number>/drawing", "read_ticket")
def drawing(number: str) -> str:
    """One of the diagrams that a ticket goes by, with what is done, what waits, what is late."""
    sheets = drawn.sheets(door.store(), door.person(), number, door.now())
    chosen = request.args.get("sheet", 0, type=int)
    chosen = chosen if 0 <= chosen < len(sheets) else 0
    return render_template(
        "drawing.html",
        number=number,
        sheets=sheets,
        chosen=chosen,
        svg=_svg(number, sheets[chosen]) if sheets else "",
    )


@page(desk, "/tickets/<number>/drawing.svg", "read_ticket")
def excerpt(number: str) -> Response:
    """The part of the first diagram where the ticket stands, for its page."""
    sheets = drawn.sheets(door.store(), door.person(), number, door.now())
    if not sheets or not sheets[0].stands:
        abort(404)
    return Response(_svg(number, sheets[0], sheets[0].stands), mimetype="image/svg+xml")


def _svg(number: str, sheet: drawn.Sheet, around: Collection[str] = ()) -> Markup:
    """The picture; what stands in it as text was escaped when it was drawn."""
    title = gettext("工单 %(number)s：%(name)s", number=number, name=sheet.name)
    words = {
        Mark.OVERDUE: gettext("超期"),
        Mark.ACTIVE: gettext("正在办理"),
        Mark.WAITING: gettext("等待"),
        Mark.DONE: gettext("已经过"),
    }
    svg = picture.draw_page(
        sheet.page,
        marks=sheet.marks,
        tokens=sheet.tokens,
        title=title,
        words=words,
        around=around,
    )
    return Markup(svg)  # noqa: S704 (lxml wrote it)
