"""Files with forms, and the files of tickets: taken in, listed, sent."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flask import Blueprint, Response, request

from engine.acts import uploads
from engine.errors import Trouble, sentence
from engine.formjs import View
from engine.formjs.kinds import plain_name
from engine.formjs.model import MOST_FILES
from engine.read import ticket as reading
from engine.store.attachments import LARGEST_FILE, LARGEST_FORM, MB
from webapp import door
from webapp.pages import page

desk = Blueprint("attachments", __name__)

FIELD = "_file-"
"""What the name of an input for files begins with; the field's own name has their tokens."""

REFUSED = frozenset(
    {
        "file_empty",
        "file_large",
        "file_kind",
        "file_markup",
        "file_program",
        "file_macros",
        "file_old",
        "file_unwanted",
        "files_waiting",
        "field_unknown",
    }
)
"""Codes of a file that is not taken: said on the form, which keeps everything else."""

POLICY = "sandbox; default-src 'none'"
"""What somebody brought acts as nothing, wherever a browser opens it."""


def arrived(raw: door.Raw, number: str, task: int) -> tuple[door.Raw, dict[str, str]]:
    """The form with the tokens of the files that came along, and why others were not taken.

    Errors: as acts.uploads.put, but for files that are not taken.
    """
    tokens = {key: list(texts) for key, texts in raw.items()}
    errors: dict[str, str] = {}
    for name, files in request.files.lists():
        field = name.removeprefix(FIELD)
        chosen = [file for file in files if file.filename]
        if field == name or not chosen:
            continue
        had = tokens.setdefault(field, [])
        if len(had) + len(chosen) > MOST_FILES:  # none is stored that cannot be submitted
            errors[field] = sentence("files_many", {"most": MOST_FILES})
            continue
        said = []
        for file in chosen:
            called = file.filename or ""
            now, key = door.now(), door.key()
            try:
                token = uploads.put(
                    door.store(), door.person(), number, task, field, called, file.stream, now, key
                )
            except Trouble as trouble:
                if trouble.code not in REFUSED:
                    raise
                said.append(sentence(trouble.code, {**trouble.facts, "name": plain_name(called)}))
            else:
                had.append(token)
        if said:
            errors[field] = " ".join(said)
    return {key: list(dict.fromkeys(texts)) for key, texts in tokens.items()}, errors


def waiting(views: Iterable[View]) -> dict[str, reading.Said]:
    """Token → the file that waits under it, of all fields of a form."""
    tokens = [token for view in _pickers(views) for token in view.value]  # type: ignore[union-attr]
    return reading.waiting(door.store(), door.person(), tokens) if tokens else {}


def _pickers(views: Iterable[View]) -> Iterable[View]:
    for view in views:
        if view.type == "filepicker":
            yield view
        yield from _pickers(view.views)


def size_words(size: int) -> str:
    """How large a file is, such as 1.2 MB or 34 KB."""
    if size >= MB:
        return f"{size / MB:.1f} MB"
    return f"{max(round(size / 1024), 1)} KB"


LIMITS = {"file": LARGEST_FILE, "form": LARGEST_FORM, "files": MOST_FILES}
"""What a page says before somebody chooses: bytes of a file and of a form, files of a field."""


@page(desk, "/tickets/<number>/attachments/<int(max=2147483647):n>", "read_ticket")
def attachment(number: str, n: int) -> Response:
    """A file of a ticket: to be kept, never opened as a page; an <img> shows a picture."""
    found = reading.attachment(door.store(), door.person(), number, n)
    response = Response(found.chunks, mimetype=found.type)
    response.content_length = found.size
    response.headers["Content-Security-Policy"] = POLICY
    return door.download(response, found.name, f"{number}-{n}{Path(found.name).suffix}")
