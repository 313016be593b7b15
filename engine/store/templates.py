"""By what a text kept ready is told from an earlier one, in rows and on the system chain."""

from __future__ import annotations

import hashlib

from engine.record import canonical


def digest(kind: str, name: str, text: str) -> str:
    """SHA-256 of all that people write of it."""
    return hashlib.sha256(canonical([kind, name, text])).hexdigest()
