"""Files that are complete and on disk, or not there at all; readable by their owner alone.

What is read is a file: a pipe would be waited for, and a device may have no end.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, Final

_CHUNK: Final = 1 << 20
_NO_LINKS: Final = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}

Told = Callable[[int], None]
"""Hears how many bytes are done, now and then."""


def untold(done: int) -> None:
    """Nobody wants to hear how far it is."""


def opened(path: Path) -> BinaryIO:
    """A file, open for reading; nothing else is even opened.

    Errors: OSError, of a folder EISDIR, of a pipe or a device ENODEV.
    """
    kind = os.stat(path).st_mode
    if not stat.S_ISREG(kind):
        code = errno.EISDIR if stat.S_ISDIR(kind) else errno.ENODEV
        raise OSError(code, os.strerror(code), str(path))
    return path.open("rb")


def make(path: Path, content: bytes) -> None:
    """A new file, mode 0600. Errors: FileExistsError (nothing is replaced), OSError."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        place(Path(draft), path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft)


def place(draft: Path, path: Path) -> None:
    """Give a finished file its name. Errors: FileExistsError (nothing is replaced), OSError."""
    try:
        os.link(draft, path)  # unlike a rename, a link never takes an existing file's place
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if path.exists():  # a memory stick's file system knows no links
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        os.rename(draft, path)
    else:
        os.unlink(draft)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        # Some file systems cannot; the names are then as durable as they make them.
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def write(path: Path, chunks: Iterable[bytes], told: Told = untold) -> tuple[int, str]:
    """A new file of these bytes, on disk; its size and sha256. Errors: OSError."""
    done, digest = 0, hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            told(done)
        file.flush()
        os.fsync(file.fileno())
    return done, digest.hexdigest()


def digest(path: Path, told: Told = untold, most: int | None = None) -> tuple[int, str]:
    """The size and sha256 of a file, or of its first `most` bytes. Errors: as opened."""
    done, found = 0, hashlib.sha256()
    with opened(path) as file:
        for chunk in chunks(file, most):
            found.update(chunk)
            done += len(chunk)
            told(done)
    return done, found.hexdigest()


def chunks(file: IO[bytes], most: int | None = None) -> Iterator[bytes]:
    """What is left of an open file, or `most` bytes of it, piece by piece."""
    while chunk := file.read(_CHUNK if most is None else min(_CHUNK, most)):
        yield chunk
        most = None if most is None else most - len(chunk)
