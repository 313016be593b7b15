"""A file comes with a form: judged by its content, kept encrypted until the form is submitted."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import IO

from sqlalchemy import Connection

from engine.access import User, authorize
from engine.errors import Trouble
from engine.formjs import Component, Form, kinds
from engine.store import Store, attachments, forms, requests, rights, steps
from engine.store.attachments import LARGEST_FILE, MB, MOST_WAITING, Said

_CHUNK = 1 << 16


def put(
    store: Store,
    user: User,
    number: str,
    task: int,
    field: str,
    name: str,
    file: IO[bytes],
    now: datetime,
    key: str,
) -> str:
    """Keep a file for a field of a task's form (number "" and task 0: of a new ticket's); its
    token, which the form carries until it is submitted.

    `key` is the form's request key: the same file sent again with it has the same token, and once
    the form has been submitted nothing more is stored. `file` can be sought in.
    Errors: Denied; Trouble file_* and files_waiting (it is not taken, and nothing is kept),
    field_unknown, request_key, task_*.
    """
    if not 0 < len(key) <= 64:
        raise Trouble("request_key")
    said = _judged(file, name)
    token = attachments.token_of(store, user, key, field, said)
    with store.write() as conn:
        if requests.known(conn, key, user.name):
            return token
        form, ticket = _form(conn, store, user, number, task, now)
        if said.kind not in _picker(form, field).kinds:
            raise Trouble("file_unwanted", field=_picker(form, field).name)
        if attachments.waiting_bytes(conn, user) + said.size > MOST_WAITING:
            raise Trouble("files_waiting", most=MOST_WAITING // MB)
        where = (ticket, task) if ticket else (None, None)
        attachments.keep(conn, store, user, token, said, file, now, *where)
    return token


def _judged(file: IO[bytes], name: str) -> Said:
    """What the file is. Errors: Trouble file_large, file_*."""
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if size > LARGEST_FILE:
            raise Trouble("file_large", most=LARGEST_FILE // MB)
    try:
        kind = kinds.tell(file, name)
    except kinds.Untaken as untaken:
        raise Trouble(untaken.code) from untaken
    return Said(kinds.named(name, kind), kind.name, size, digest.hexdigest())


def _form(
    conn: Connection, store: Store, user: User, number: str, task: int, now: datetime
) -> tuple[Form, int | None]:
    if not number:
        authorize(user, "start_ticket", steps.place_of(user))
        return steps.beginning(conn, store, now).form, None
    seen = rights.see(conn, user, number)
    row = rights.open_task(conn, user, number, task, seen)
    definitions = store.definitions(seen.columns["version"])
    return forms.form(definitions, row.form), seen.columns["id"]


def _picker(form: Form, key: str) -> Component:
    found = next((field for field in form.pickers if field.key == key and not field.readonly), None)
    if found is None:
        raise Trouble("field_unknown")
    return found
