"""/healthz: whether the database answers, fits the code, and is swept; for what watches us."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from engine.errors import Trouble
from engine.read import health
from engine.store import schema
from webapp import door
from webapp.pages import OPEN, page

desk = Blueprint("health", __name__)


@page(desk, "/healthz", OPEN)
def healthz() -> Response:
    """200 while pages can be served, 503 otherwise; codes only, no content.

    `sweep` is "late" when a due time passed ten minutes ago and nothing fired it; that and other
    alarms leave 200, because another copy of the web server would not mend them.
    """
    found: dict[str, Any] = {"status": "ok", "database": "ok", "schema": "ok", "sweep": "ok"}
    try:
        with door.store().read() as conn:
            schema.check_revision(conn)
        told = health.alarms(door.store(), door.now())
        alarms = {alarm.code for alarm in told if not alarm.notice}
    except Trouble as trouble:
        at = "schema" if "schema" in trouble.code else "database"
        found |= {"status": "failing", at: trouble.code, "sweep": "unknown"}
    else:
        found["alarms"] = sorted(alarms)
        if "timers_late" in alarms:
            found |= {"status": "degraded", "sweep": "late"}
    answer = jsonify(found)
    answer.status_code = 503 if found["status"] == "failing" else 200
    return answer
