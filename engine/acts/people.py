"""People: signed in and out, added, given roles. Every act is a fact on the system chain."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, insert, select, update

from engine.access import ROLES, User, may_give
from engine.errors import Denied, Trouble
from engine.formjs.text import forbidden, trimmed
from engine.sentences import ROLE_CODES
from engine.store import Store, claims, people, spoken
from engine.store.tables import sessions, user_roles, users

IDLE = timedelta(hours=2)
LONGEST = timedelta(hours=12)
FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=1)  # a request writes its session at most this often
SHORTEST_PASSWORD = 10
LONGEST_NAME = 40
RESERVED = frozenset({"system", "clock", "console"})  # actors on the chain that are nobody's names

_hasher = PasswordHasher()  # the library's defaults: argon2id, RFC 9106's low-memory profile


@cache
def _nobody() -> str:
    """A hash that no password fits: an unknown name costs as much as a wrong password."""
    return _hasher.hash(secrets.token_urlsafe())


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session begun: `token` goes into the cookie and is stored nowhere else."""

    token: str
    user: User
    must_change: bool


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def sign_in(store: Store, name: str, password: str, now: datetime) -> SignedIn:
    """Begin a session.

    Errors: Trouble "sign_in", the same sentence for an unknown name, a wrong password, a person
    who may no longer sign in and a name that is locked out, so that nobody learns which it was.
    """
    with store.read() as conn:
        row = conn.execute(select(users).where(users.c.name == name)).one_or_none()
    # The slow comparison runs outside any transaction, and for an unknown name as well.
    stand_in = _nobody()
    right = _matches(row.password_hash if row else stand_in, password)
    if row is None:
        raise Trouble("sign_in")
    with store.write() as conn:
        # Read again: guesses that ran side by side were counted meanwhile.
        row = conn.execute(select(users).where(users.c.id == row.id).with_for_update()).one()
        user = people.load(conn, row.id)
        locked = row.locked_until is not None and row.locked_until > now
        if right and row.active and not locked:
            return _begin(conn, store, user, row.must_change, now)
        if not locked and not right:
            _count_failure(conn, store, user, row.failures, "sign_in_failed", now)
    raise Trouble("sign_in")


def _count_failure(
    conn: Connection, store: Store, user: User, before: int, name: str, now: datetime
) -> None:
    """Note a wrong password after `before` others; the last one that is allowed locks out."""
    failures = before + 1
    until = now + LOCKED_FOR if failures >= FAILURES else None
    conn.execute(
        update(users)
        .where(users.c.id == user.id)
        .values(failures=0 if until else failures, locked_until=until)
    )
    people.fact(conn, store, "locked_out" if until else name, now, user)


def _begin(
    conn: Connection, store: Store, user: User, must_change: bool, now: datetime
) -> SignedIn:
    token = secrets.token_urlsafe(32)
    conn.execute(update(users).where(users.c.id == user.id).values(failures=0, locked_until=None))
    conn.execute(
        delete(sessions).where(
            (sessions.c.created_at < now - LONGEST) | (sessions.c.seen_at < now - IDLE)
        )
    )
    conn.execute(
        insert(sessions).values(digest=_digest(token), user=user.id, created_at=now, seen_at=now)
    )
    people.fact(conn, store, "sign_in", now, user)
    return SignedIn(token, user, must_change)


def sign_out(store: Store, token: str, now: datetime) -> None:
    """End a session; an unknown token is no error."""
    with store.write() as conn:
        owner = conn.execute(
            select(sessions.c.user).where(sessions.c.digest == _digest(token))
        ).scalar_one_or_none()
        if owner is None:
            return
        conn.execute(delete(sessions).where(sessions.c.digest == _digest(token)))
        people.fact(conn, store, "sign_out", now, people.load(conn, owner))


def user_of(store: Store, token: str, now: datetime, *, touch: bool = True) -> SignedIn | None:
    """Who a session's token stands for; None when idle for 2 h, older than 12 h, or unknown."""
    with store.read() as conn:
        row = conn.execute(
            select(sessions.c.seen_at, sessions.c.created_at, users.c.id, users.c.must_change)
            .join(users, users.c.id == sessions.c.user)
            .where(sessions.c.digest == _digest(token), users.c.active)
        ).one_or_none()
        if row is None or row.seen_at < now - IDLE or row.created_at < now - LONGEST:
            return None
        user = people.load(conn, row.id, now)
    if touch and row.seen_at < now - SEEN_EVERY:
        with store.write() as conn:
            conn.execute(
                update(sessions).where(sessions.c.digest == _digest(token)).values(seen_at=now)
            )
    return SignedIn(token, user, row.must_change)


def change_password(
    store: Store, user: User, old: str, new: str, now: datetime, keep: str = ""
) -> None:
    """Change one's own password; every other session of the user ends (`keep`: this token).

    A wrong old password counts as one at sign-in does: whoever finds a screen left open does
    not guess on. Errors: Trouble "password_wrong", "password_weak", "password_same"; "sign_in"
    while the name is locked out, whatever was given.
    """
    with store.read() as conn:
        stored = conn.execute(
            select(users.c.password_hash).where(users.c.id == user.id)
        ).scalar_one()
    right = _matches(stored, old)
    with store.write() as conn:
        # Read again: guesses that ran side by side were counted meanwhile.
        row = conn.execute(select(users).where(users.c.id == user.id).with_for_update()).one()
        locked = row.locked_until is not None and row.locked_until > now
        if not locked and not right:
            _count_failure(conn, store, user, row.failures, "change_password_failed", now)
    if locked:
        raise Trouble("sign_in")
    if not right:
        raise Trouble("password_wrong")
    if old == new:
        raise Trouble("password_same")
    hashed = _hashed(new, user.name)
    with store.write() as conn:
        conn.execute(
            update(users)
            .where(users.c.id == user.id)
            .values(password_hash=hashed, must_change=False, failures=0)
        )
        conn.execute(
            delete(sessions).where(sessions.c.user == user.id, sessions.c.digest != _digest(keep))
        )
        people.fact(conn, store, "change_password", now, user)


def _new_password() -> str:
    # Letters and digits that nobody mistakes on paper or at the telephone; 79 bits.
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def _hashed(password: str, name: str) -> str:
    named = len(name) > 3 and name.lower() in password.lower()
    if len(password) < SHORTEST_PASSWORD or named or password == name:
        raise Trouble("password_weak", least=SHORTEST_PASSWORD)
    return _hasher.hash(password)


def add_user(
    store: Store,
    actor: User | None,
    name: str,
    display_name: str,
    unit: str,
    roles: Iterable[str],
    now: datetime,
    password: str | None = None,
    must_change: bool = True,
    operator: str = "",
) -> str:
    """Add a person; the password (made here unless given), to be changed at the first sign-in.

    `actor` None is the system itself; `operator` as in reset_password. Errors: Denied; Trouble
    "name_taken", "name_bad", "display_bad", "unit_unlisted", "role_unknown".
    """
    given = _known(roles, actor)
    password = password or _new_password()
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", name):
        raise Trouble("name_bad", name=name)
    display_name = trimmed(display_name)
    if not 0 < len(display_name) <= LONGEST_NAME or forbidden(display_name, lines=False):
        raise Trouble("display_bad", most=LONGEST_NAME)
    if name in RESERVED:
        raise Trouble("name_taken", name=name)
    hashed = _hashed(password, name)
    with store.write() as conn:
        people.allow(conn, actor, unit)
        if conn.execute(select(users.c.id).where(users.c.name == name)).first():
            raise Trouble("name_taken", name=name)
        made = conn.execute(
            insert(users)
            .values(
                name=name,
                display_name=display_name,
                unit=unit,
                password_hash=hashed,
                must_change=must_change,
                active=True,
                failures=0,
            )
            .returning(users.c.id)
        ).scalar_one()
        if given:
            conn.execute(insert(user_roles), [{"user": made, "role": r} for r in given])
        said = {"user": name, "unit": unit, "roles": given}
        people.fact(conn, store, "add_user", now, actor, operator, **said)
    return password


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody to be added; `name` is what they sign in with."""

    name: str
    display_name: str
    unit: str
    roles: tuple[str, ...]


def add_crowd(store: Store, newcomers: Iterable[Newcomer], password: str, now: datetime) -> int:
    """Add many people with one password that they keep, in one transaction; how many.

    For demo cities alone: whoever knows the password is everybody. One hash serves all, because
    hundreds of argon2 hashes take half a minute. Errors: Trouble "name_taken", "role_unknown".
    """
    rows = [(one, _known(one.roles)) for one in newcomers]
    hashed = _hasher.hash(password)
    with store.write() as conn:
        taken = set(conn.execute(select(users.c.name)).scalars())
        for one, given in rows:
            if one.name in taken or one.name in RESERVED:
                raise Trouble("name_taken", name=one.name)
            new = conn.execute(
                insert(users).values(
                    name=one.name,
                    display_name=one.display_name,
                    unit=one.unit,
                    password_hash=hashed,
                    must_change=False,
                    active=True,
                    failures=0,
                )
            ).inserted_primary_key
            assert new is not None  # noqa: S101 - one row was inserted
            if given:
                conn.execute(insert(user_roles), [{"user": new[0], "role": r} for r in given])
        said = {one.name: given for one, given in rows}
        people.fact(conn, store, "add_crowd", now, None, users=list(said), roles=said)
    return len(rows)


def _known(roles: Iterable[str], actor: User | None = None) -> list[str]:
    given = sorted(set(roles))
    if unknown := set(given) - ROLES:
        raise Trouble("role_unknown", role=min(unknown), known=ROLE_CODES)
    if actor is not None and not all(may_give(actor, role) for role in given):
        raise Denied("denied")
    return given


def set_roles(
    store: Store,
    actor: User | None,
    name: str,
    roles: Iterable[str],
    now: datetime,
    operator: str = "",
) -> None:
    """Give a person these roles and no others; takes effect at the next request.

    A task that they took and may no longer do goes back to the unit. `operator` as in
    reset_password. Errors: Denied; Trouble "user_unknown", "role_unknown".
    """
    given = _known(roles, actor)
    with store.write() as conn:
        row = people.find(conn, actor, name)
        conn.execute(delete(user_roles).where(user_roles.c.user == row.id))
        if given:
            conn.execute(insert(user_roles), [{"user": row.id, "role": r} for r in given])
        people.fact(conn, store, "set_roles", now, actor, operator, user=name, roles=given)
    claims.release(store, row.id, now, actor)


def set_active(store: Store, actor: User | None, name: str, active: bool, now: datetime) -> None:
    """Let a person sign in, or no longer; a person is never deleted, the chain names them.

    The tasks of somebody who may no longer sign in go back to the unit.
    """
    with store.write() as conn:
        row = people.find(conn, actor, name)
        conn.execute(update(users).where(users.c.id == row.id).values(active=active))
        if not active:
            conn.execute(delete(sessions).where(sessions.c.user == row.id))
        people.fact(conn, store, "set_active", now, actor, user=name, active=active)
    claims.release(store, row.id, now, actor)


def reset_password(
    store: Store, actor: User | None, name: str, reason: str, now: datetime, operator: str = ""
) -> str:
    """A new password for somebody, shown once; ends their sessions and a lock-out.

    `operator`: whose hands it was where `actor` is None, as the computer knows them.
    Errors: Denied; Trouble "user_unknown", reason_needed, reason_long, text_characters.
    """
    reason = spoken.reason(reason)
    password = _new_password()
    hashed = _hasher.hash(password)
    with store.write() as conn:
        row = people.find(conn, actor, name)
        conn.execute(
            update(users)
            .where(users.c.id == row.id)
            .values(password_hash=hashed, must_change=True, failures=0, locked_until=None)
        )
        conn.execute(delete(sessions).where(sessions.c.user == row.id))
        people.fact(conn, store, "reset_password", now, actor, operator, user=name, reason=reason)
    return password


def unlock(
    store: Store, actor: User | None, name: str, reason: str, now: datetime, operator: str = ""
) -> None:
    """End a lock-out, and forget the wrong passwords; the password and the sessions stay.

    `operator` and errors as in reset_password; Trouble "not_locked" when there is none to end.
    """
    reason = spoken.reason(reason)
    with store.write() as conn:
        row = people.find(conn, actor, name)
        if not row.failures and (row.locked_until is None or row.locked_until <= now):
            raise Trouble("not_locked", name=name)
        conn.execute(
            update(users).where(users.c.id == row.id).values(failures=0, locked_until=None)
        )
        people.fact(conn, store, "unlock", now, actor, operator, user=name, reason=reason)


def load(store: Store, name: str) -> User:
    """A person by sign-in name, with unit, area, centre, authority and roles (for doors)."""
    with store.read() as conn:
        row = conn.execute(select(users.c.id).where(users.c.name == name)).one_or_none()
        if row is None:
            raise Trouble("user_unknown", name=name)
        return people.load(conn, row.id)
