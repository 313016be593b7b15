"""People: signed in and out, added, given roles. Every act is a fact on the system chain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from engine.access import User
from engine.store import Store


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session begun: `token` goes into the cookie and is stored nowhere else."""

    token: str
    user: User
    must_change: bool


def sign_in(store: Store, name: str, password: str, now: datetime) -> SignedIn:
    """Begin a session; Trouble "sign_in" (one sentence for every reason) or "locked_out"."""
    raise NotImplementedError


def sign_out(store: Store, token: str, now: datetime) -> None:
    """End a session; an unknown token is no error."""
    raise NotImplementedError


def user_of(store: Store, token: str, now: datetime) -> SignedIn | None:
    """Who a session's token stands for; None when idle for 2 h, older than 12 h, or unknown."""
    raise NotImplementedError


def change_password(
    store: Store, user: User, old: str, new: str, now: datetime, keep: str = ""
) -> None:
    """Change one's own password; every other session of the user ends (`keep`: this token)."""
    raise NotImplementedError


def add_user(
    store: Store,
    actor: User | None,
    name: str,
    display_name: str,
    unit: str,
    roles: Iterable[str],
    now: datetime,
    password: str | None = None,
) -> str:
    """Add a person; the password (made here unless given), to be changed at the first sign-in.

    `actor` None is the system itself (hotline init).
    """
    raise NotImplementedError


def set_roles(
    store: Store, actor: User | None, name: str, roles: Iterable[str], now: datetime
) -> None:
    """Give a person these roles and no others; takes effect at the next request."""
    raise NotImplementedError


def set_active(store: Store, actor: User | None, name: str, active: bool, now: datetime) -> None:
    """Let a person sign in, or no longer; a person is never deleted, the chain names them."""
    raise NotImplementedError


def reset_password(store: Store, actor: User | None, name: str, now: datetime) -> str:
    """A new password for somebody, shown once; ends their sessions and a lock-out."""
    raise NotImplementedError


def load(store: Store, name: str) -> User:
    """A person by sign-in name, with unit, area, centre, authority and roles (for doors)."""
    raise NotImplementedError
