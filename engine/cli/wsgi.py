"""The application as gunicorn loads it in each worker: a store of its own, the real clock."""

from __future__ import annotations

import os

from flask import Flask

from engine.cli.common import now, opened
from webapp import create_app


def app() -> Flask:
    """The web application over the store that the environment names.

    HOTLINE_TLS=1: people reach it by https. HOTLINE_PROXIES: how many proxies of one's own
    stand in front of it.
    """
    return create_app(
        opened(),
        now,
        tls=os.environ.get("HOTLINE_TLS", "") == "1",
        proxies=int(os.environ.get("HOTLINE_PROXIES") or 0),
    )
