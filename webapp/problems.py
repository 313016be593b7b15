"""Every error as a page: a sentence that says what is the matter, and what to do next."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Flask, Response, render_template, request
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from engine.errors import Denied, StoreError, Trouble, VaultError
from engine.errors import template as sentence_template
from engine.flow.model import Refused
from webapp import door, words

log = logging.getLogger(__name__)

CONFLICTS = frozenset(
    {
        "task_done",
        "task_gone",
        "task_unknown",
        "task_claimed",
        "task_yours",
        "task_free",
        "ended",
        "nobody_waits",
        "chain_moved",
        "denied_claimed",
        "erased",
        "already_erased",
        "ticket_open",
        "request_other",
        "announcement_ended",
        "announcement_changed",
        "announcement_over",
        "announcement_open",
        "tick_first",
        "spoiled",
    }
)
"""Codes that say somebody was quicker: 409."""

UNKNOWN = frozenset({"ticket_unknown", "user_unknown", "chain_unknown", "template_unknown"})
"""Codes that say there is no such thing: 404."""

WORDS_REFUSED = frozenset(
    {
        "comment_empty",
        "comment_long",
        "reason_needed",
        "reason_long",
        "words_empty",
        "words_long",
        "text_characters",
    }
)
"""Codes of what somebody wrote that cannot be kept: said on the form, which keeps the words."""

OWNERS = frozenset(
    {
        "stuck",
        "expression",
        "loop",
        "deadline",
        "no_rule",
        "many_rules",
        "data",
        "manifest",
        "process_unknown",
        "message_unknown",
    }
)
"""Codes that the process owner has to mend: 500."""


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def sentence(trouble: Trouble | Refused) -> str:
    """The sentence of an error in the language of the page, its facts in words."""
    facts = {
        name: words.moment(value) if isinstance(value, datetime) else value
        for name, value in trouble.facts.items()
    }
    return gettext(sentence_template(trouble.code)) % _Facts({"code": trouble.code, **facts})


def status_of(trouble: Trouble | Refused) -> int:
    """The HTTP status of an error."""
    if isinstance(trouble, Denied) and trouble.code not in CONFLICTS:
        return 404 if trouble.hidden else 403
    if trouble.code == "four_eyes":
        return 403
    if trouble.code in CONFLICTS:
        return 409
    if trouble.code in UNKNOWN:
        return 404
    if isinstance(trouble, StoreError | VaultError):
        return 503
    return 500 if trouble.code in OWNERS | {"unknown", "reading", "state"} else 400


def answer(
    status: int,
    said: str = "",
    reference: str = "",
    template: str = "problem.html",
    **more: Any,
) -> Response:
    """The page of an error."""
    body = render_template(template, status=status, said=said, reference=reference, **more)
    response = door.page(body, status)
    if status == 503:
        response.headers["Retry-After"] = "30"
    return response


def told(trouble: Trouble | Refused, **more: Any) -> Response:
    """The page of an error, in words for who asked; `more` as for `answer`."""
    status = status_of(trouble)
    reference = _log(trouble, status) if status >= 500 else ""
    said = "" if status == 404 and isinstance(trouble, Denied) else sentence(trouble)
    seen = status == 409 or trouble.code == "four_eyes"
    number = (request.view_args or {}).get("number") if seen else None
    return answer(status, said, reference, number=number, **more)


def _http(error: HTTPException) -> Response:
    response = answer(error.code or 500)
    for name, value in error.get_headers():
        if name.lower() == "allow":
            response.headers[name] = value
    return response


def _forged(error: CSRFError) -> Response:
    return answer(
        400,
        gettext(
            "页面停留太久或不是从本站提交的，刚才的提交没有生效。请返回上一页，刷新后重新提交。"
        ),
    )


def _unforeseen(error: Exception) -> Response:
    return answer(500, reference=_log(error, 500))


def _log(error: Exception, status: int) -> str:
    """Log an error without content: where it happened, and a reference that the page shows."""
    reference = secrets.token_hex(4)
    log.error(
        "request failed",
        exc_info=error,
        extra=_about_request(reference, status),
    )
    return reference


def _about_request(reference: str, status: int) -> Mapping[str, Any]:
    return {"reference": reference, "status": status, "endpoint": request.endpoint or ""}


def unread() -> str:
    """What is said besides, after an act has taken effect, when it could not be read: nothing."""
    log.exception("what an act led to could not be read")
    return ""


def attach(app: Flask) -> None:
    """Answer every error with a page."""
    app.register_error_handler(Trouble, told)
    app.register_error_handler(Refused, told)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)
