"""Announcements: one script for all who call about the same cut, and the calls linked to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.access import User, authorize
from engine.errors import Trouble
from engine.formjs.text import forbidden
from engine.store import Store, announcements, spoken, steps
from engine.store.announcements import KINDS

LONGEST: Final = {"title": 60, "places": 500, "script": 2000, "contact": 120}
"""Characters; the script is read out in two or three minutes."""
LONGEST_WORDS: Final = 2000
LONGEST_PHONE: Final = 40


@dataclass(frozen=True, slots=True)
class Words:
    """What an announcement says: `kind` one of KINDS, in force from `since` until `until`
    (half-open, aware; None was not to be read)."""

    kind: str
    title: str
    places: str
    script: str
    contact: str
    since: datetime | None
    until: datetime | None


class Invalid(Trouble):
    """An announcement that was not filled in as it has to be: `errors` by field."""

    def __init__(self, errors: Mapping[str, Trouble]) -> None:
        super().__init__("form", count=len(errors))
        self.errors = errors


def write(store: Store, user: User, words: Words, now: datetime, key: str) -> str:
    """Write an announcement of the user's centre; its number, such as GG20261010-001.

    Errors: Denied; Invalid; Trouble request_*.
    """
    place = steps.place_of(user)
    authorize(user, "announce", place)
    with store.write() as conn:
        if not steps.once(conn, key, user.name, announcements.WRITE, now, _sent(words)):
            return announcements.written(conn, user, key)
        said = _judged(words, now)
        return announcements.create(conn, store, user, place, said, now, key).number


def revise(
    store: Store, user: User, number: str, words: Words, revision: int, now: datetime, key: str
) -> None:
    """Write it anew; calls that heard an earlier revision keep that.

    `revision`: the one that was changed; another may have been written meanwhile.
    Errors: Denied; Invalid; Trouble announcement_ended, announcement_changed, request_*.
    """
    with store.write() as conn:
        act = f"{announcements.REVISE}/{number}"
        if not steps.once(conn, key, user.name, act, now, _sent(words)):
            return
        held = announcements.hold(conn, store, user, number, "announce")
        if held.columns["ended_at"] is not None or held.columns["erased_at"] is not None:
            raise Trouble("announcement_ended", number=number)
        if held.columns["revision"] != revision:
            raise Trouble("announcement_changed", number=number)
        announcements.revise(conn, user, held, _judged(words, now), now, key)


def end(store: Store, user: User, number: str, now: datetime, key: str) -> None:
    """End an announcement before its time: the cut is over, it is read to nobody any more.

    Errors: Denied; Trouble announcement_ended, request_*.
    """
    with store.write() as conn:
        if not steps.once(conn, key, user.name, f"{announcements.END}/{number}", now):
            return
        held = announcements.hold(conn, store, user, number, "announce")
        if held.columns["ended_at"] is not None or held.columns["until"] <= now:
            raise Trouble("announcement_ended", number=number)
        announcements.end(conn, user, held, now, key)


def link(
    store: Store,
    user: User,
    number: str,
    phone: str,
    text: str,
    channel: str,
    now: datetime,
    key: str,
) -> int:
    """Note a call about an announcement, which needs no ticket; how many calls there are now.

    `phone` and `text`, what was said, may be empty; both are sealed. Sent twice it counts once.
    Errors: Denied; Trouble announcement_over, phone_long, words_long, text_characters, request_*;
    VaultError erased.
    """
    if text.strip():
        text = spoken.plain(text, LONGEST_WORDS, "words_empty", "words_long")
    if len(phone.strip()) > LONGEST_PHONE or forbidden(phone, lines=False):
        raise Trouble("phone_long", most=LONGEST_PHONE)
    said = {"phone": phone.strip(), "text": text.strip()}
    with store.write() as conn:
        sent = {name: [text] for name, text in said.items()}
        act = f"{announcements.CALL}/{number}"
        if not steps.once(conn, key, user.name, act, now, sent):
            return announcements.count(conn, number)
        body = {"channel": channel, "request": key}
        return announcements.link(conn, store, user, number, now, body, said)


def erase(store: Store, user: User, number: str, reason: str, now: datetime, key: str) -> None:
    """Destroy an announcement's key: what callers said and their numbers are gone for ever.

    What was announced stays, and how many called. Only of one that is over.
    Errors: Denied; Trouble reason_needed, reason_long, text_characters, announcement_open,
    already_erased, request_*.
    """
    reason = spoken.reason(reason)
    with store.write() as conn:
        if not steps.once(conn, key, user.name, f"erase/{number}", now):
            return
        held = announcements.hold(conn, store, user, number, "erase")
        if held.columns["erased_at"] is not None:
            raise Trouble("already_erased")
        if held.columns["ended_at"] is None and now < held.columns["until"]:
            raise Trouble("announcement_open", number=number)
        announcements.erase(conn, user, held, reason, now, key)


def _sent(words: Words) -> dict[str, list[str]]:
    return {field: [str(getattr(words, field))] for field in Words.__dataclass_fields__}


def _judged(words: Words, now: datetime) -> dict[str, object]:
    """What is kept of it. Errors: Invalid."""
    errors: dict[str, Trouble] = {}
    said: dict[str, object] = {}
    if words.kind not in KINDS:
        errors["kind"] = Trouble("announcement_kind")
    said["kind"] = words.kind
    for name, most in LONGEST.items():
        try:
            said[name] = spoken.plain(
                getattr(words, name), most, f"announcement_{name}", "announcement_long"
            )
        except Trouble as trouble:
            errors[name] = trouble
    if words.since is None:
        errors["since"] = Trouble("announcement_time")
    if words.until is None:
        errors["until"] = Trouble("announcement_time")
    elif words.until <= now or (words.since is not None and words.until <= words.since):
        errors["until"] = Trouble("announcement_until")
    if errors:
        order = [field for field in Words.__dataclass_fields__ if field in errors]
        raise Invalid({field: errors[field] for field in order})
    return {**said, "since": words.since, "until": words.until}
