"""The application as gunicorn loads it in each worker: a store of its own, the real clock."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from flask import Flask

from engine import settings, watch
from engine.store import Store
from webapp import create_app


def _now() -> datetime:
    return datetime.now(UTC)


def app() -> Flask:
    """The web application over the store that the environment names. Errors: SettingsError."""
    watch.configure()
    found = settings.read(os.environ)
    return create_app(Store.open(found), _now, tls=found.tls, proxies=found.proxies)
