"""Texts kept ready on the system chain: the facts, and by what one is told from an earlier."""

from __future__ import annotations

import hashlib
from typing import Final

from engine.record import canonical

WRITE: Final = "write_template"
CHANGE: Final = "change_template"
RETIRE: Final = "retire_template"
RESTORE: Final = "restore_template"


def digest(kind: str, name: str, text: str) -> str:
    """SHA-256 of all that people write of it."""
    return hashlib.sha256(canonical([kind, name, text])).hexdigest()
