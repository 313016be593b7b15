"""Every request comes in here: who it is, whether they may, which language, which headers."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from flask import Flask, Response, current_app, g, make_response, request, url_for
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response as AnyResponse

from engine.access import Denied, User, authorize
from engine.acts import people
from engine.errors import StoreError
from engine.read import desks
from engine.read.worklist import WorkItem
from engine.store import Store
from webapp.pages import ACTIONS, OPEN, SIGNED_IN, TAKES_FILES

Raw = Mapping[str, Sequence[str]]

COOKIE = "hotline_session"
LANGUAGE = "hotline_language"
LANGUAGES = ("zh", "en")

MAY_WAIT = ("people.password", "people.sign_out")
"""What somebody may do who has still to change the first password."""

LARGEST_WITH_FILES = 64 * 1024 * 1024
"""Bytes of a request that brings files: those that a form may have, and what is around them."""

REFRESHED = frozenset({"work.figures", "tickets.news", "drawings.excerpt", "duty.untaken"})
"""What pages ask for by themselves: that nobody sits there any more must show all the same."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # Bootstrap's ticks and arrows
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


@dataclass(frozen=True, slots=True)
class Hotline:
    """What the application was made with."""

    store: Store
    clock: Callable[[], datetime]


def _hotline() -> Hotline:
    hotline: Hotline = current_app.extensions["hotline"]
    return hotline


def store() -> Store:
    """The store that the door opened."""
    return _hotline().store


def now() -> datetime:
    """The time of this request: the clock is read once."""
    if "now" not in g:
        g.now = _hotline().clock()
    moment: datetime = g.now
    return moment


def token() -> str:
    """The random token of the session, "" without one."""
    return request.cookies.get(COOKIE, "")


def _signed_in() -> people.SignedIn | None:
    if "signed_in" not in g:
        g.signed_in = None  # should the store fail, the page that says so is for nobody
        if token():
            at_work = request.endpoint not in REFRESHED
            g.signed_in = people.user_of(store(), token(), now(), touch=at_work)
    found: people.SignedIn | None = g.signed_in
    return found


def person_or_none() -> User | None:
    """Who is signed in, as far as this request has asked."""
    found: people.SignedIn | None = g.get("signed_in")
    return found.user if found else None


def person() -> User:
    """Who is signed in; only for views that are not open to everybody."""
    found = _signed_in()
    if found is None:
        raise RuntimeError("a view that needs a person was reached without one")
    return found.user


def must_change() -> bool:
    """Whether the person has to change the password before anything else."""
    found: people.SignedIn | None = g.get("signed_in")
    return bool(found and found.must_change)


def tls() -> bool:
    """Whether people reach this by https."""
    return bool(current_app.config["TLS"])


def may(action: str, facts: Mapping[str, Any] | None = None) -> bool:
    """Whether the person may do something, for what a page offers (the act asks again)."""
    someone = person_or_none()
    if someone is None:
        return False
    try:
        authorize(someone, action, facts or {})
    except Denied:
        return False
    return True


def may_do(item: WorkItem) -> bool:
    """Whether an open task waits for this person and nobody else has taken it."""
    facts = {"role": item.role, "unit": item.unit, "claimed_by": None}
    return may("work_task", facts) and item.takable


def may_reassign(item: WorkItem) -> bool:
    """Whether this person leads the unit of a task that somebody else has taken."""
    facts = {"role": item.role, "unit": item.unit}
    return bool(item.claimed_by) and not item.mine and may("reassign_task", facts)


def on_desk(name: str) -> bool:
    """Whether tasks for this person's roles may lie on a desk, as it is drawn."""
    someone = person_or_none()
    if someone is None or not may("work_task"):
        return False
    if "desks" not in g:
        try:
            g.desks = desks.open_to(store(), someone, now())
        except StoreError:  # the page that says so has a head too
            g.desks = frozenset()
    return name in g.desks


def new_key() -> str:
    """An idempotency key for a form: sent twice, it is done once."""
    return secrets.token_urlsafe(24)


def typed() -> Raw:
    """What was typed, as it was typed; no key of a form begins with _, names of the page do."""
    return {key: values for key, values in request.form.lists() if not key.startswith("_")}


def offset(furthest: int = 10_000_000) -> int:
    """Where the page of a list begins; a number that is none is the beginning."""
    text = request.args.get("from", "0")
    fits = text.isascii() and text.isdigit() and len(text) < 19
    return min(int(text), furthest) if fits else 0


def key() -> str:
    """The idempotency key that came with the form; an act refuses one that is none."""
    return request.form.get("_key", "")


def key_for(text: str) -> str:
    """The form's key for these very words: sent again they are kept once, other words anew."""
    return key() and hashlib.sha256(f"{key()}\0{text}".encode()).hexdigest()


def language() -> str:
    """zh unless the person chose en."""
    chosen = asked_language() or request.cookies.get(LANGUAGE, "")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def asked_language() -> str:
    """The language that was chosen together with a form, "" if none was."""
    try:
        chosen = request.form.get("_do", "")
    except RequestEntityTooLarge:  # the page that says so has a language too
        return ""
    return chosen if chosen in LANGUAGES else ""


def keep_language(response: AnyResponse, code: str) -> None:
    """Put the language of the pages into its cookie, for a year."""
    response.set_cookie(
        LANGUAGE, code, max_age=31_536_000, httponly=True, samesite="Lax", secure=tls()
    )


def here() -> str:
    """The address of this page, to come back to; a form that was sent has the page it is on."""
    return request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else request.path


def local_path(address: str) -> str:
    """An address to go on to, if it is a path of this site; else the work list."""
    fine = (
        address.startswith("/")
        and not address.startswith("//")
        and "\\" not in address
        and address.isprintable()
    )
    try:
        # As a redirect puts it together, so that none fails after an act has taken effect.
        parts = urlsplit(urljoin("http://here/", iri_to_uri(address)))
        fine = fine and parts.netloc == "here"
    except ValueError:
        fine = False
    return address if fine else url_for("work.tasks")


def give_token(response: AnyResponse, value: str) -> None:
    """Put a session's token into the cookie; "" takes it out."""
    if value:
        response.set_cookie(COOKIE, value, httponly=True, samesite="Lax", secure=tls())
    else:
        response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=tls())


def _nul_anywhere() -> bool:
    """Whether a NUL came along: no text of ours has one, and PostgreSQL takes none."""
    pairs = [*request.args.items(multi=True), *request.form.items(multi=True)]
    return any("\0" in text for pair in pairs for text in pair)


def _admit() -> AnyResponse | None:
    """Let a request through to its view, or send it to sign in; the object is asked for later."""
    endpoint = request.endpoint
    if "\0" in request.path:
        raise BadRequest
    if endpoint is None:
        _signed_in()  # for the head of the page that says 404
        return None
    action = ACTIONS[endpoint]  # an endpoint that declares nothing is an error, not open
    if endpoint == "static" or request.path == "/healthz":
        return None
    found = _signed_in()
    if found and endpoint in TAKES_FILES and request.mimetype == "multipart/form-data":
        # Nothing of the form has been read yet. Files go to disk as they come, not into memory.
        request.max_content_length = LARGEST_WITH_FILES
    if _nul_anywhere():
        raise BadRequest
    if action == OPEN:
        return None
    if found is None and endpoint in REFRESHED:
        return page("", 401)  # no page to sign in on belongs into a part of another
    if found is None:
        from webapp.people import ask_to_sign_in

        return ask_to_sign_in()
    if found.must_change and endpoint not in MAY_WAIT:
        from webapp.people import ask_to_change

        return ask_to_change()
    if action != SIGNED_IN:
        authorize(found.user, action, {})
    return None


def _harden(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
    if tls():
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint != "static":
        headers["Cache-Control"] = "no-store"
    return response


def attach(app: Flask) -> None:
    """Put the door in front of every view."""
    app.before_request(_admit)
    app.after_request(_harden)


def page(body: str, status: int = 200) -> Response:
    """An answer with a status."""
    response = make_response(body)
    response.status_code = status
    return response


def download(response: Response, name: str, plain: str = "") -> Response:
    """An answer as a file to keep, called `name`; `plain` by a browser that reads only ASCII.

    A header is ASCII: a server refuses to send any other, and the file with it.
    """
    names = {
        "filename": (plain or name).encode("ascii", "ignore").decode().lstrip("-"),
        "filename*": f"UTF-8''{quote(name, safe='')}",
    }
    response.headers.set("Content-Disposition", "attachment", **names)
    return response
