"""The web door: pages for the people of the hotline. It reads the clock, calls acts and reads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect, generate_csrf
from werkzeug.middleware.proxy_fix import ProxyFix

from engine.access import sees_reporter
from engine.formjs import in_rows
from engine.store import Store
from webapp import (
    announcements,
    attachments,
    calls,
    desks,
    door,
    drawings,
    duty,
    health,
    intake,
    leave,
    legs,
    people,
    problems,
    several,
    shifts,
    supervision,
    texts,
    tickets,
    unit,
    words,
    work,
)

LARGEST_REQUEST = 1_000_000
"""Bytes; the longest text of a form is far shorter. Forms with files: door.LARGEST_WITH_FILES."""


def create_app(
    store: Store, clock: Callable[[], datetime], *, tls: bool = False, proxies: int = 0
) -> Flask:
    """The application over an open store.

    `clock` gives the aware time of each request. `tls`: people reach it by https, so cookies are
    Secure and the browser is told to stay with https. `proxies`: how many proxies of our own
    stand in front and set X-Forwarded-*.
    """
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=store.vault.secret("web pages"),
        SESSION_COOKIE_NAME="hotline_page",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=tls,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,  # the address changes with the content
        WTF_CSRF_FIELD_NAME="_csrf",  # no key of a form begins with _
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a form may stay open over lunch
        BABEL_DEFAULT_LOCALE="zh",
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        TLS=tls,
    )
    app.extensions["hotline"] = door.Hotline(store, clock)
    app.extensions["hotline_file"] = health.file_of(store)
    Babel(app, locale_selector=door.language)
    door.attach(app)
    CSRFProtect(app)
    problems.attach(app)
    for blueprint in (
        people.desk,
        work.desk,
        several.desk,
        unit.desk,
        desks.desk,
        leave.desk,
        duty.desk,
        shifts.desk,
        tickets.desk,
        attachments.desk,
        drawings.desk,
        calls.desk,
        intake.desk,
        announcements.desk,
        supervision.desk,
        texts.desk,
        health.desk,
    ):
        app.register_blueprint(blueprint)
    _words_for_templates(app)
    if proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
        )
    return app


def _words_for_templates(app: Flask) -> None:
    """What every template may call."""
    marks: dict[str, str] = {}

    def asset(path: str) -> str:
        """The address of a static file, which changes with its content."""
        if path not in marks or app.debug:
            file = Path(str(app.static_folder)) / path
            content = file.read_bytes() if file.is_file() else b""
            marks[path] = hashlib.sha256(content).hexdigest()[:12]
        return url_for("static", filename=path, v=marks[path])

    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["rows"] = in_rows
    app.jinja_env.globals.update(
        asset=asset,
        label=words.label,
        limits=attachments.LIMITS,
        moment=words.moment,
        size_words=attachments.size_words,
        taking=intake.taking,
        due_words=words.due_words,
        time_left=words.time_left,
        urgency=words.urgency,
        is_number=words.is_number,
        dialled=words.dialled,
        under_way=legs.under_way,
        until=legs.until,
        sees_reporter=sees_reporter,
    )

    @app.context_processor
    def about_request() -> dict[str, Any]:
        return {
            "now": door.now(),
            "person": door.person_or_none(),
            "must_change": door.must_change(),
            "here": door.here(),
            "lang": "zh-CN" if words.chinese() else "en",
            "csrf": generate_csrf,
            "new_key": door.new_key,
            "untaken": duty.untaken_of_person,
            "may": door.may,
            "may_do": door.may_do,
            "on_desk": door.on_desk,
            "may_reassign": door.may_reassign,
        }
