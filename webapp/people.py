"""Sign-in, sign-out, password, language; what was typed is carried through all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from engine.acts import people
from engine.errors import StoreError, Trouble, VaultError
from webapp import door
from webapp.pages import OPEN, SIGNED_IN, page
from webapp.problems import sentence

desk = Blueprint("people", __name__)

KEPT = "kept."
"""Before the names of the fields that somebody typed while the session ran out."""

FORMS = ("tickets.new", "tickets.task")
"""Pages with a form of the process: what was typed there goes back into it."""

MOST_KEPT = 500
LONGEST_KEPT = 100_000
"""Fields, and characters of them together; as much as a draft may hold."""

SHORTEST_PASSWORD = 10

Kept = list[tuple[str, str]]


def _bounded(fields: Iterable[tuple[str, str]]) -> Kept | None:
    """The fields that somebody filled in; None if there is more than is carried along."""
    kept = [(name, value) for name, value in fields if name and not name.startswith("_")]
    fine = len(kept) <= MOST_KEPT and sum(len(k) + len(v) for k, v in kept) <= LONGEST_KEPT
    return kept if fine else None


def _kept() -> Kept:
    """What was typed into a form before a page of these came between, carried through it."""
    found = request.form.items(multi=True)
    own = ((name[len(KEPT) :], value) for name, value in found if name.startswith(KEPT))
    return _bounded(own) or []


def _sign_in_page(
    status: int, onward: str, kept: Kept | None = None, spoken: str = "", error: str = ""
) -> Response:
    """The page to sign in; `spoken`: a comment that was not saved, to be copied afterwards."""
    body = render_template(
        "sign_in.html",
        onward=onward,
        kept=kept or [],
        spoken=spoken,
        name=request.form.get("name", "") if request.endpoint == "people.sign_in" else "",
        error=error,
    )
    return door.page(body, status)


def ask_to_sign_in() -> Response:
    """Answer a request of nobody: come back after signing in, with what was typed."""
    if request.method != "POST":
        if door.token():
            flash(gettext("登录已过期，请重新登录。"))
        onward = request.full_path.rstrip("?")
        return redirect(url_for("people.sign_in", next=onward))
    if request.endpoint in FORMS:
        kept = _bounded(request.form.items(multi=True))
        if kept is None:
            error = gettext(
                "登录已过期，请重新登录。刚才填写的内容太多，没有保留：请先返回上一页复制，再登录。"
            )
        else:
            error = gettext("登录已过期，请重新登录。您刚才填写的内容没有丢失。")
        return _sign_in_page(401, request.path, kept, error=error)
    number = (request.view_args or {}).get("number")
    onward = url_for("tickets.ticket", number=number) if number else url_for("work.tasks")
    spoken = ""
    if request.endpoint == "tickets.comment":
        spoken = request.form.get("text", "").strip()[:LONGEST_KEPT]
    if spoken:
        error = gettext("登录已过期，请重新登录。备注没有保存，登录后可以复制您写的内容。")
    else:
        error = gettext("登录已过期，请重新登录。刚才的操作没有生效。")
    return _sign_in_page(401, onward, spoken=spoken, error=error)


@page(desk, "/sign-in", OPEN, methods=("GET", "POST"))
def sign_in() -> Response:
    """Begin a session."""
    if request.method != "POST" and door.person_or_none():
        return redirect(door.local_path(request.args.get("next", "")))
    if request.method != "POST":
        return _sign_in_page(200, request.args.get("next", ""))
    onward, kept = request.form.get("next", ""), _kept()
    spoken = request.form.get("spoken", "")[:LONGEST_KEPT]
    name = request.form.get("name", "").strip()
    word = request.form.get("password", "")
    if not name or not word:
        error = gettext("请输入用户名和密码。")
        return _sign_in_page(400, onward, kept, spoken, error)
    try:
        begun = people.sign_in(door.store(), name, word, door.now())
    except (StoreError, VaultError):
        raise  # the password may be right: it could not be asked
    except Trouble as trouble:
        return _sign_in_page(401, onward, kept, spoken, sentence(trouble))
    if door.token():
        people.sign_out(door.store(), door.token(), door.now())
    session.clear()
    goal = door.local_path(onward)
    if begun.must_change and (kept or spoken):
        answer: Response = _password_page(200, True, onward=goal, kept=kept, spoken=spoken)
    elif begun.must_change:
        answer = redirect(url_for("people.password", next=goal))
    else:
        answer = _resume(goal, kept, spoken)
    door.give_token(answer, begun.token)
    return answer


def _resume(goal: str, kept: Kept, spoken: str) -> Response:
    """Go on to where somebody wanted to go, with what they had typed."""
    if not (kept or spoken):
        return redirect(goal)
    return door.page(render_template("resume.html", onward=goal, kept=kept, spoken=spoken))


def ask_to_change() -> Response:
    """Answer a request of somebody who has the first password still: change it, then go on."""
    if request.method != "POST":
        return redirect(url_for("people.password", next=door.here()))
    kept = _bounded(request.form.items(multi=True)) if request.endpoint in FORMS else []
    number = (request.view_args or {}).get("number")
    goal = url_for("tickets.ticket", number=number) if number else url_for("work.tasks")
    if kept:
        return _password_page(403, True, onward=request.path, kept=kept)
    return redirect(url_for("people.password", next=goal))


@page(desk, "/sign-out", SIGNED_IN, methods=("POST",))
def sign_out() -> Response:
    """End the session."""
    people.sign_out(door.store(), door.token(), door.now())
    session.clear()
    flash(gettext("您已退出登录。"))
    answer = redirect(url_for("people.sign_in"))
    door.give_token(answer, "")
    return answer


@page(desk, "/password", SIGNED_IN, methods=("GET", "POST"))
def password() -> Response:
    """Change one's own password; asked for at the first sign-in."""
    errors: dict[str, str] = {}
    status = 200
    onward = request.values.get("next", "")
    kept, spoken = _kept(), request.form.get("spoken", "")[:LONGEST_KEPT]
    if request.method == "POST":
        old = request.form.get("old", "")
        new = request.form.get("new", "")
        if not old:
            errors["old"] = gettext("请输入现在的密码。")
        if len(new) < SHORTEST_PASSWORD:
            errors["new"] = gettext("新密码至少 %(n)d 个字符。", n=SHORTEST_PASSWORD)
        elif new == old:
            errors["new"] = gettext("新密码不能与现在的密码相同。")
        elif new != request.form.get("again", ""):
            errors["again"] = gettext("两次输入的新密码不一致。")
        if not errors:
            try:
                people.change_password(
                    door.store(), door.person(), old, new, door.now(), keep=door.token()
                )
            except (StoreError, VaultError):
                raise
            except Trouble as trouble:
                errors["old"] = sentence(trouble)
            else:
                flash(gettext("密码已修改，其他设备上的登录已全部退出。"))
                return _resume(door.local_path(onward), kept, spoken)
        status = 400
    return _password_page(status, door.must_change(), errors, onward, kept, spoken)


def _password_page(
    status: int,
    must: bool,
    errors: Mapping[str, str] | None = None,
    onward: str = "",
    kept: Kept | None = None,
    spoken: str = "",
) -> Response:
    """The page to change the password, with what waits behind it."""
    body = render_template(
        "password.html",
        errors=errors or {},
        must=must,
        onward=onward,
        kept=kept or [],
        spoken=spoken,
    )
    return door.page(body, status)


@page(desk, "/language/<code>", OPEN)
def language(code: str) -> Response:
    """Choose the language of the pages, and go back to where one was."""
    answer = redirect(door.local_path(request.args.get("next", "")))
    if code in door.LANGUAGES:
        door.keep_language(answer, code)
    return answer
