"""What somebody looks for, on every page that has a search box."""

from __future__ import annotations

from typing import Any

from flask import request

from engine.read.search import LONGEST_QUERY, find
from webapp import door

ROWS = 20
"""Tickets on a page."""

_FURTHEST = 10_000


def looked_up() -> dict[str, Any]:
    """What was asked for and what was found, for found.html; `text` is "" when nothing was."""
    # Under its earlier name too, which stands in people's bookmarks.
    text = (request.args.get("q") or request.args.get("number", "")).strip()
    start = door.offset(_FURTHEST)
    return {
        "text": text,
        "found": find(door.store(), door.person(), text, ROWS, start),
        "offset": start,
        "rows": ROWS,
        "longest": LONGEST_QUERY,
    }
