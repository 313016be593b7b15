"""Files: they wait with a form under a token, then a ticket has them; content is kept in pieces.

Every file has a key of its own. While it waits, that is sealed under the token, of which only a
digest is kept; once a ticket has it, under the ticket's key. The content itself is never moved.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO, Any, Final

import orjson
from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select

from engine.access import User
from engine.errors import VaultError, sentence
from engine.formjs import Checked, Form
from engine.record import canonical
from engine.store.prepared import Prepared
from engine.store.session import Store
from engine.store.tables import attachments, drafts, files, pieces, uploads
from engine.store.tickets import Ticket, unseal_of
from engine.vault import KEY_BYTES, seal, unseal

MB: Final = 1024 * 1024
LARGEST_FILE: Final = 20 * MB
"""A telephone's photo has 3 to 8 MB, an hour of a call as AMR 5: larger is film, or a scan that
nobody made smaller, and every unit of the ticket loads it over the city's network."""
LARGEST_FORM: Final = 50 * MB
"""All files of a form that is submitted: what a proxy takes, and a step may add to a ticket."""
LARGEST_TICKET: Final = 200 * MB
"""All files of a ticket, of all its units and rounds: what a check of the record reads again."""
MOST_WAITING: Final = 200 * MB
"""All files of a person that wait with forms which were not submitted."""
PIECE: Final = MB
"""Bytes of content in a row: so much is in memory at once, however large the file."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is known of a file: its name, the name of its kind, its bytes, their SHA-256."""

    name: str
    kind: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Taken:
    """Files taken from a form: the form with what they are in place of their tokens, the
    sentences for fields whose files cannot be taken, and what `attach` writes."""

    checked: Checked
    errors: Mapping[str, str]
    rows: tuple[tuple[int, int, str], ...]  # (n, file, key)


# --- waiting with a form -----------------------------------------------------------------------


def token_of(store: Store, user: User, request: str, field: str, said: Said) -> str:
    """The token of a file: random to everybody, the same when a form is sent twice."""
    of = "\0".join((user.name, request, field, said.name, said.sha256))
    return hmac.digest(store.vault.secret("upload tokens"), of.encode(), "sha256").hex()


_WAITING = Prepared(
    select(uploads.c.file, uploads.c.sealed).where(
        uploads.c.digest == bindparam("digest"), uploads.c.user == bindparam("user")
    )
)


def keep(
    conn: Connection,
    store: Store,
    user: User,
    token: str,
    said: Said,
    file: IO[bytes],
    now: datetime,
    ticket: int | None = None,
    task: int | None = None,
) -> None:
    """Store a file, to wait under a token; what waits there already is left as it is.

    `ticket` and `task` say with which form: as long as that has a draft, the file waits.
    """
    if _WAITING.first(conn, {"digest": _digest(token), "user": user.id}) is not None:
        return
    key = secrets.token_bytes(KEY_BYTES)
    number = conn.execute(insert(files).values(size=said.size).returning(files.c.id)).scalar_one()
    file.seek(0)
    for n in range(-(-said.size // PIECE)):
        content = seal(key, file.read(PIECE), f"piece/{n}")
        conn.execute(insert(pieces).values(file=number, n=n, content=content))
    about = {**_plain(said), "key": key.hex()}
    row = {
        "digest": _digest(token),
        "file": number,
        "user": user.id,
        "ticket": ticket,
        "task": task,
        "at": now,
        "sealed": seal(_key(store, token), canonical(about), f"upload/{_digest(token)}"),
    }
    conn.execute(insert(uploads).values(row))


def waiting(conn: Connection, store: Store, user: User, tokens: Sequence[str]) -> dict[str, Said]:
    """Token → what waits under it for this person, in this order; tokens of nothing are left out.

    Errors: VaultError sealed_broken.
    """
    found = {}
    for token in tokens:
        row = _WAITING.first(conn, {"digest": _digest(token), "user": user.id})
        if row is not None:
            found[token] = _opened(store, token, row.sealed)[0]
    return found


def waiting_bytes(conn: Connection, user: User) -> int:
    """How much waits for a person, in all forms."""
    query = select(func.sum(files.c.size)).join(uploads, uploads.c.file == files.c.id)
    return conn.execute(query.where(uploads.c.user == user.id)).scalar() or 0


def forget(conn: Connection, before: datetime) -> int:
    """Delete files that have waited since before a time, unless a draft has them; how many."""
    drafted = exists().where(
        drafts.c.ticket == uploads.c.ticket,
        drafts.c.task == uploads.c.task,
        drafts.c.user == uploads.c.user,
    )
    gone = delete(uploads).where(uploads.c.at < before, ~drafted).returning(uploads.c.file)
    return _drop(conn, conn.execute(gone).scalars().all())


# --- from a form to a ticket -------------------------------------------------------------------

_TAKE = Prepared(
    delete(uploads)
    .where(uploads.c.digest == bindparam("digest"), uploads.c.user == bindparam("user"))
    .returning(uploads.c.file, uploads.c.sealed)
)
_HAD = Prepared(
    select(func.max(attachments.c.n), func.sum(files.c.size))
    .join(files, files.c.id == attachments.c.file)
    .where(attachments.c.ticket == bindparam("ticket"))
)
_ATTACH = Prepared(insert(attachments))


def take(
    conn: Connection,
    store: Store,
    user: User,
    form: Form,
    checked: Checked,
    ticket: Ticket | None = None,
) -> Taken:
    """Take the files of a form that is submitted, for a ticket (None: one that is not made yet).

    With `errors` the caller rolls back. Errors: VaultError sealed_broken.
    """
    fields = {f.key: f for f in form.pickers if checked.values.get(f.key)}
    if not fields:
        return Taken(checked, {}, ())
    last, had = _HAD.one(conn, {"ticket": ticket.id}) if ticket else (0, 0)
    last, had, mine = last or 0, had or 0, 0
    values, errors, rows = dict(checked.values), {}, list[tuple[int, int, str]]()
    for key, field in fields.items():
        entries: list[dict[str, Any]] = []
        for token in checked.values[key]:
            row = _TAKE.first(conn, {"digest": _digest(token), "user": user.id})
            if row is None:
                errors[key] = sentence("file_gone", {"field": field.name})
                continue
            said, secret = _opened(store, token, row.sealed)
            if said.kind not in field.kinds:
                errors[key] = sentence("file_unwanted", {"name": said.name, "field": field.name})
            last += 1
            mine += said.size
            rows.append((last, row.file, secret))
            entries.append({"n": last, **_plain(said)})
        values[key] = entries
        if mine > LARGEST_FORM:
            errors.setdefault(key, sentence("files_form", _most(LARGEST_FORM, mine)))
        elif had + mine > LARGEST_TICKET:
            errors.setdefault(key, sentence("files_ticket", _most(LARGEST_TICKET, had + mine)))
    return Taken(replace(checked, values=values), errors, tuple(rows))


def _most(most: int, count: int) -> dict[str, int]:
    return {"most": most // MB, "count": -(-count // MB)}


def attach(conn: Connection, ticket: Ticket, taken: Taken) -> None:
    """Give a locked ticket the files that its last event names. Errors: VaultError erased."""
    for n, file, key in taken.rows:
        wrapped = ticket.seal(f"attachment/{n}", {"key": key})
        row = {"ticket": ticket.id, "n": n, "seq": ticket.seq, "file": file, "wrapped": wrapped}
        _ATTACH.run(conn, row)


# --- of a ticket -------------------------------------------------------------------------------

_OF_TICKET = (
    select(attachments, files.c.size)
    .join(files, files.c.id == attachments.c.file)
    .where(attachments.c.ticket == bindparam("ticket"))
    .order_by(attachments.c.n)
)
_PIECE = Prepared(
    select(pieces.c.content).where(pieces.c.file == bindparam("file"), pieces.c.n == bindparam("n"))
)
_COUNT = select(func.count()).where(pieces.c.file == bindparam("file"))


def entries(payload: Mapping[str, Any]) -> Iterator[tuple[str, int, Said]]:
    """(field, n, what it is) of each file that the payload of an event names."""
    for field, answer in payload.get("answers", {}).items():
        for one in answer if isinstance(answer, list) else ():
            if isinstance(one, dict):
                yield field, one["n"], Said(one["name"], one["kind"], one["size"], one["sha256"])


def rows_of(conn: Connection, ticket: int) -> dict[int, Any]:
    """n → the row of each file of a ticket, with its size."""
    return {row.n: row for row in conn.execute(_OF_TICKET, {"ticket": ticket})}


def key_of(row: Any, key: bytes | None, number: str) -> bytes:
    """The key of a ticket's file. Errors: VaultError erased, sealed_broken."""
    return bytes.fromhex(unseal_of(key, number, f"attachment/{row.n}", row.wrapped)["key"])


def piece(conn: Connection, file: int, n: int, key: bytes) -> bytes:
    """The n-th piece of a file's content. Errors: VaultError sealed_broken (it is gone, too)."""
    content = _PIECE.scalar(conn, {"file": file, "n": n})
    if content is None:
        raise VaultError("sealed_broken", aad=f"piece/{n}")
    return unseal(key, content, f"piece/{n}")


def whole(conn: Connection, row: Any, said: Said, key: bytes) -> bool:
    """Whether a file holds what its event says, to the byte. Errors: VaultError sealed_broken."""
    count = -(-said.size // PIECE)
    if row.size != said.size or conn.execute(_COUNT, {"file": row.file}).scalar_one() != count:
        return False
    digest = hashlib.sha256()
    for n in range(count):
        digest.update(piece(conn, row.file, n, key))
    return digest.hexdigest() == said.sha256


def erase(conn: Connection, ticket: int) -> None:
    """Delete the files of a ticket, and those that wait with its forms."""
    for table in (attachments, uploads):
        gone = delete(table).where(table.c.ticket == ticket).returning(table.c.file)
        _drop(conn, conn.execute(gone).scalars().all())


def _drop(conn: Connection, numbers: Sequence[int]) -> int:
    for number in numbers:
        conn.execute(delete(pieces).where(pieces.c.file == number))
        conn.execute(delete(files).where(files.c.id == number))
    return len(numbers)


def _plain(said: Said) -> dict[str, Any]:
    return {"name": said.name, "kind": said.kind, "size": said.size, "sha256": said.sha256}


def _opened(store: Store, token: str, sealed: bytes) -> tuple[Said, str]:
    about = orjson.loads(unseal(_key(store, token), sealed, f"upload/{_digest(token)}"))
    key = about.pop("key")
    return Said(**about), key


def _key(store: Store, token: str) -> bytes:
    return hmac.digest(store.vault.secret("uploads"), token.encode(), "sha256")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
