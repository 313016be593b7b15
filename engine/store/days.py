"""The working days as one digest, by which the chain vouches for the whole calendar."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, select

from engine.record import canonical
from engine.store.tables import calendar_days as days
from engine.store.tables import calendar_years as years

_DAYS = select(days.c.date, days.c.is_workday, days.c.source, days.c.document).order_by(days.c.date)
_YEARS = select(years.c.year, years.c.document).order_by(years.c.year)

FAILED = "calendar failed/"
"""Before a ticket's id the name of a row of `numbers`: its due times do not follow the calendar."""


def digest(conn: Connection) -> str:
    """A sha256 over all days and published years as they stand."""
    said = {
        "days": [[row[0].isoformat(), *row[1:]] for row in conn.execute(_DAYS)],
        "years": [list(row) for row in conn.execute(_YEARS)],
    }
    return hashlib.sha256(canonical(said)).hexdigest()
