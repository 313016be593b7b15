"""/healthz: whether the database answers and the sweep is alive, for what watches the service."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from engine.errors import Trouble
from webapp import door
from webapp.pages import OPEN, page

desk = Blueprint("health", __name__)


@page(desk, "/healthz", OPEN)
def healthz() -> Response:
    """200 while pages can be served, 503 otherwise; JSON without content."""
    found = {"status": "ok", "database": "ok", "time": door.now().isoformat()}
    try:
        with door.store().read() as conn:
            conn.exec_driver_sql("SELECT 1")
    except Trouble as trouble:
        found |= {"status": "failing", "database": trouble.code}
    answer = jsonify(found)
    answer.status_code = 200 if found["status"] == "ok" else 503
    return answer
