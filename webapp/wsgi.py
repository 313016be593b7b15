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
    """The web application over the store that the environment names.

    HOTLINE_TLS=1: people reach it by https. HOTLINE_PROXIES: how many proxies of one's own
    stand in front of it.
    """
    watch.configure()
    return create_app(
        Store.open(settings.read(os.environ)),
        _now,
        tls=os.environ.get("HOTLINE_TLS", "") == "1",
        proxies=int(os.environ.get("HOTLINE_PROXIES") or 0),
    )
