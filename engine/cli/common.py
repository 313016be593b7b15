"""What every command needs: the clock, the settings, the store, somebody to act as."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import click

from engine import settings
from engine.acts import people
from engine.errors import Trouble
from engine.access import User
from engine.store import Store


def now() -> datetime:
    """The time, in UTC: the one place where the command line reads the clock."""
    return datetime.now(UTC)


def configured() -> settings.Settings:
    """The settings of the environment."""
    return settings.read(os.environ)


def opened() -> Store:
    """The store of the environment. Errors: SettingsError, StoreError, VaultError."""
    return Store.open(configured())


def note(text: str) -> None:
    """Say something beside the result: on stderr, so that stdout can be read by a program."""
    click.echo(text, err=True)
