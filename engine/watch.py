"""What those who run the system see: structured logs without content, and a daily look."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

from engine.errors import Trouble
from engine.flow.model import Refused
from engine.read import health
from engine.store import Store

log = logging.getLogger(__name__)

EVERY = timedelta(days=1)
"""How often the sweep looks whether everything still agrees."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line: at (UTC), level, logger, what, and the ids that were given.

    Of an exception its type and where it went through, not what it says: that may be content.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            # A logger of ours passes ids in `extra`; what others put into their text stays out.
            "what": record.getMessage() if _ours(record) else str(record.msg),
        }
        for name, value in vars(record).items():
            if name not in _STANDARD and isinstance(value, str | int | float | bool | None):
                line[name] = value
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["through"] = [
                f"{frame.filename}:{frame.lineno}:{frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-12:]
            ]
        return json.dumps(line, ensure_ascii=False)


def _ours(record: logging.LogRecord) -> bool:
    return record.name.split(".")[0] in ("engine", "webapp")


def configure(level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Let all loggers of this process write JSON lines to `stream` (stderr)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)


def cause(error: BaseException) -> str:
    """Why something failed, for logs and alarms: codes, elements and types, never content."""
    if isinstance(error, Trouble | Refused):
        where = error.facts.get("element") or error.facts.get("deadline") or ""
        return f"{error.code} {where}".strip()
    return type(error).__name__


def look(store: Store, now: datetime) -> int:
    """The daily look: log an error for everything that does not agree; how many there were.

    Compares the timers that wait in each open ticket's state with the rows that the sweep reads,
    and names what needs somebody: stuck timers, undelivered messages, an unpublished year.
    """
    found = 0
    for difference in health.timers_that_differ(store):
        found += 1
        log.error(
            "timer rows and state differ",
            extra={"ticket": difference.number, "cause": difference.what},
        )
    for alarm in health.alarms(store, now):
        found += 1
        level = logging.WARNING if alarm.notice else logging.ERROR
        log.log(level, "alarm", extra={"cause": alarm.code, "about": alarm.about})
    log.info("looked", extra={"found": found})
    return found
