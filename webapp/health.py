"""/healthz: whether the database answers, fits the code, and is swept; for what watches us."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify

from engine.errors import Trouble
from engine.read import health
from engine.store import Store, schema
from webapp import door
from webapp.pages import OPEN, page

desk = Blueprint("health", __name__)


def file_of(store: Store) -> tuple[int, int] | None:
    """Which file the database is: device and inode; None for one that is no file, or is gone."""
    if not store.settings.is_sqlite:
        return None
    try:
        found = store.settings.sqlite_file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


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
        # A connection goes on reading a file that was deleted or replaced under it.
        if file_of(door.store()) != current_app.extensions["hotline_file"]:
            found |= {"status": "failing", "database": "file_gone"}
        found["alarms"] = sorted(alarms)
        if "timers_late" in alarms:
            found["sweep"] = "late"
            if found["status"] == "ok":
                found["status"] = "degraded"
    answer = jsonify(found)
    answer.status_code = 503 if found["status"] == "failing" else 200
    return answer
