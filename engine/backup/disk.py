"""A disk that is full or fails, as a sentence that names the place."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from engine.errors import Trouble, reason

FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def troubles(place: Path) -> Iterator[None]:
    """Errors: Trouble disk_full, disk_failed instead of OSError."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise Trouble("disk_full", path=str(place)) from error
        path = str(error.filename or place)
        raise Trouble("disk_failed", path=path, reason=reason(error)) from error
