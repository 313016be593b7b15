"""What every command needs: the clock, the settings, the store, somebody to act as.

What takes long to load is loaded when it is asked for: `hotline check` needs no database.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from engine.access import User

if TYPE_CHECKING:
    from engine import settings
    from engine.store import Store

EVERY = 5.0
"""Seconds between two words about how far something is."""

CONSOLE = User(
    id=0,
    name="console",
    display_name="命令行",
    unit="",
    area="",
    level="city",
    roles=frozenset({"auditor"}),
    centre="",
    authority="",
)
"""Whoever can run commands here can read the database and the key: an auditor's view."""


def now() -> datetime:
    """The time, in UTC: the one place where the command line reads the clock."""
    return datetime.now(UTC)


def configured() -> settings.Settings:
    """The settings of the environment."""
    from engine import settings

    return settings.read(os.environ)


def opened() -> Store:
    """The store of the environment. Errors: SettingsError, StoreError, VaultError."""
    from engine.store import Store

    return Store.open(configured())


def acting_as(store: Store, name: str | None) -> User | None:
    """The person whom an act is put down to; None, the system itself, when nobody is named."""
    from engine.acts import people

    return people.load(store, name) if name else None


def operator() -> str:
    """Who sits at this computer, by its own name for them, before sudo or su where that is told."""
    if os.environ.get("SUDO_USER"):
        return os.environ["SUDO_USER"]
    with contextlib.suppress(OSError):  # nobody has signed in: cron, a service, a container
        return os.getlogin()
    with contextlib.suppress(KeyError):  # a container's user has a number only
        return pwd.getpwuid(os.getuid()).pw_name
    return f"uid {os.getuid()}"


class Stopwatch:
    """How long something has taken so far, and when to say how far it is."""

    def __init__(self) -> None:
        self._begun = self._said = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._begun

    def due(self) -> bool:
        """Whether to say something: EVERY seconds have passed since this was last true."""
        moment = time.monotonic()
        if moment - self._said < EVERY:
            return False
        self._said = moment
        return True


def note(text: str) -> None:
    """Say something beside the result: on stderr, so that stdout can be read by a program."""
    click.echo(text, err=True)
