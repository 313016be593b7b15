"""Who works on a task: claimed, released, handed over, drafted, commented; facts, no steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from engine.access import User, authorize, sees_reporter
from engine.errors import Denied, Trouble, VaultError
from engine.formjs.text import forbidden
from engine.store import Store, claims, forms, log, rights, search, spoken, steps
from engine.store.tables import drafts, user_roles, users
from engine.store.tickets import Ticket

LONGEST_COMMENT = 2000
LONGEST_DRAFT = 100_000
"""Characters of all answers of a draft together."""


@dataclass(frozen=True, slots=True)
class _Held:
    conn: Connection
    ticket: Ticket
    row: Row[Any]
    user: User
    now: datetime
    key: str

    def note(self, name: str, **said: Any) -> None:
        """A fact about the task, on the ticket's chain."""
        body = {"task": self.row.task, "name": self.row.name, "request": self.key, **said}
        log.append(
            self.conn, self.ticket, "fact", name, self.now, self.user.name, self.user.unit, body
        )

    def taken_from(self) -> dict[str, str]:
        """Who had taken it, where that was not the person who acts."""
        return {} if self.row.claimed_by in (None, self.user.id) else {"of": self.row.who}

    def give_to(self, who: int | None) -> None:
        claims.give(self.conn, self.ticket, self.row.task, who, self.now)


@contextmanager
def _held(
    store: Store, user: User, number: str, task: int, name: str, now: datetime, key: str
) -> Iterator[_Held | None]:
    """An open task, its ticket locked; None when this very request was acted upon before."""
    with store.write() as conn:
        if not steps.once(conn, key, user.name, f"{name}/{number}/{task}", now):
            yield None
            return
        ticket = rights.hold(conn, store, user, number)
        row = _of_unit(user, ticket, task, name) if name in _LED else None
        if row is None:
            row = rights.open_task(conn, user, number, task, ticket.seen)
        yield _Held(conn, ticket, row, user, now, key)


_LED = frozenset({"release", "hand_over"})


def _of_unit(user: User, ticket: Ticket, task: int, name: str) -> Row[Any] | None:
    """A task of the unit, for its leader: who is absent keeps none, and what nobody has taken is
    given to somebody."""
    row = ticket.seen.tasks.get(task)
    if row is None or row.claimed_by == user.id:
        return None
    if row.claimed_by is None and name == "release":
        return None
    try:
        authorize(user, "reassign_task", {**ticket.seen.facts, "role": row.role, "unit": row.unit})
    except Denied:
        return None
    return row


def claim(store: Store, user: User, number: str, task: int, now: datetime, key: str) -> None:
    """Take a task for oneself; it is then in no colleague's way.

    Errors: Denied; Trouble task_claimed, task_done, task_gone, task_unknown, task_yours.
    """
    with _held(store, user, number, task, "claim", now, key) as held:
        if held is None:
            return
        if held.row.claimed_by == user.id:
            raise Trouble("task_yours", task=held.row.name)
        held.note("claim", **held.taken_from())
        held.give_to(user.id)


def release(store: Store, user: User, number: str, task: int, now: datetime, key: str) -> None:
    """Give a claimed task back to the unit; its leader does so with a colleague's too.

    Errors: as claim; Trouble task_free.
    """
    with _held(store, user, number, task, "release", now, key) as held:
        if held is None:
            return
        if held.row.claimed_by is None:
            raise Trouble("task_free", task=held.row.name)
        held.give_to(None)
        held.note("release", **held.taken_from())


def hand_over(
    store: Store, user: User, number: str, task: int, to: str, now: datetime, key: str
) -> None:
    """Give a task to a colleague (`to`: sign-in name) of the same unit who has its role.

    The unit's leader may do so with a task that somebody else has taken, or nobody yet.

    Errors: as claim; Trouble colleague.
    """
    with _held(store, user, number, task, "hand_over", now, key) as held:
        if held is None:
            return
        colleague = held.conn.execute(
            select(users.c.id)
            .join(user_roles, user_roles.c.user == users.c.id)
            .where(
                users.c.name == to,
                users.c.active,
                users.c.unit == held.row.unit,
                user_roles.c.role == held.row.role,
            )
        ).scalar_one_or_none()
        if colleague is None:
            raise Trouble("colleague", name=to)
        if done := rights.completed_by(held.conn, number, to, held.row):
            raise Trouble("four_eyes_other", name=to, task=held.row.name, done=done)
        held.give_to(colleague)
        held.note("hand_over", to=to, **held.taken_from())


def save_draft(
    store: Store,
    user: User,
    number: str,
    task: int,
    raw: Mapping[str, Sequence[str]],
    now: datetime,
    key: str,
) -> None:
    """Keep what was typed so far, encrypted, not validated; the chain says that it was begun.

    One draft a person and task: a later one takes its place, completing the task removes it.
    Errors: as claim; Trouble draft_long, text_characters; VaultError erased.
    """
    typed = {name: [str(text) for text in texts] for name, texts in raw.items()}
    # A draft keeps \r\n, for that is how browsers send line ends.
    plain = [text.replace("\r\n", "\n") for texts in typed.values() for text in texts]
    if any(forbidden(text, lines=True) for text in plain):
        raise Trouble("text_characters")
    if sum(len(text) for texts in typed.values() for text in texts) > LONGEST_DRAFT:
        raise Trouble("draft_long")
    with _held(store, user, number, task, "draft", now, key) as held:
        if held is None:
            return
        mine = {"ticket": held.ticket.id, "task": task, "user": user.id}
        content = held.ticket.seal(f"draft/{task}/{user.id}", typed)
        earlier = held.conn.execute(
            delete(drafts).where(*(drafts.c[name] == value for name, value in mine.items()))
        ).rowcount
        held.conn.execute(insert(drafts).values(**mine, at=now, content=content))
        if not earlier:  # pages save every few seconds; who began and when is what matters
            held.note("draft")


def comment(
    store: Store,
    user: User,
    number: str,
    text: str,
    now: datetime,
    key: str,
    *,
    within: bool = False,
) -> None:
    """Write a comment on a ticket for those who may read it; at most 2,000 characters.

    `within`: for the writer's own unit alone, and in no search index.
    Errors: Denied; Trouble comment_empty, comment_long, text_characters, request_*; VaultError
    erased.
    """
    text = spoken.plain(text, LONGEST_COMMENT, "comment_empty", "comment_long")
    with store.write() as conn:
        if not steps.once(conn, key, user.name, f"comment/{number}", now):
            return
        ticket = rights.hold(conn, store, user, number, "comment_ticket")
        body = {"request": key, **({spoken.WITHIN: True} if within else {})}
        payload = {"text": text}
        who = user.name, user.unit
        search.append(conn, store, ticket, "fact", "comment", now, *who, body, payload)


def unmask(
    store: Store, user: User, number: str, reason: str, now: datetime, key: str
) -> dict[str, str]:
    """Read what the card hides or shortens (label → answer), with a reason that goes on record.

    The reason may name people: it is sealed like any content, and goes when the key does.
    Errors: Denied; Trouble reason_needed, reason_long, text_characters, request_*; VaultError
    erased.
    """
    reason = spoken.reason(reason)
    with store.write() as conn:
        ticket = rights.hold(conn, store, user, number, "unmask")
        if not sees_reporter(user, ticket.columns["protected"]):
            raise Denied("reporter_protected")
        if ticket.key is None:
            raise VaultError("erased", number=number)
        if steps.once(conn, key, user.name, f"unmask/{number}", now):
            body, payload = {"request": key}, {"reason": reason}
            log.append(conn, ticket, "fact", "unmask", now, user.name, user.unit, body, payload)
        payloads = log.read_payloads(conn, store, number)
        answers = payloads[1]["answers"]
        first = next(log.iterate(conn, number)).body
        form = forms.read(store.definitions_of(first["version"], conn), first["form"])
        shown = {
            field.label: str(answers[field.key])
            for field in form.fields
            if field.card and field.key in answers
        }
        kept = [one for said in payloads.values() for one in said.get("kept", ())]
        return shown | {one["label"]: one["text"] for one in kept if one["personal"]}
