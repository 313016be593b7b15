"""The default sender: a file of JSON lines for each topic, for whoever fetches them."""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

from engine.out.sender import Letter
from engine.record import canonical

_KEY = re.compile(rb'"key":"([^"\\]*)"')


class FileSender:
    """Appends to `<folder>/<topic>.jsonl`, one line a message, on disk before it returns.

    Several processes may write: the file is locked meanwhile. A key that stands in the file is
    not written again, and half a line that a crash left behind is taken away.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[int, int, set[bytes]]] = {}  # topic: inode, offset, keys

    def send(self, letter: Letter) -> None:
        """Append the message unless its key is there. Errors: ValueError (topic), OSError."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,59}", letter.topic):
            raise ValueError("a topic is a plain name")
        line = canonical(letter.as_json()) + b"\n"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{letter.topic}.jsonl"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            keys, end = self._keys(handle, letter.topic)
            if letter.key.encode() not in keys:
                os.pwrite(handle, line, end)
                keys.add(letter.key.encode())
                end += len(line)
            os.fsync(handle)
            self._read[letter.topic] = (os.fstat(handle).st_ino, end, keys)
        except BaseException:
            self._read.pop(letter.topic, None)
            raise
        finally:
            os.close(handle)

    def _keys(self, handle: int, topic: str) -> tuple[set[bytes], int]:
        """All keys in the file, of which only what is new is read, and where it ends."""
        about = os.fstat(handle)
        inode, start, keys = self._read.get(topic, (0, 0, set()))
        if inode != about.st_ino or start > about.st_size:  # somebody fetched the file away
            start, keys = 0, set()
        rest = b""
        while start + len(rest) < about.st_size:
            more = os.pread(handle, 1 << 20, start + len(rest))
            if not more:
                break
            rest += more
        whole = rest.rfind(b"\n") + 1
        if whole < len(rest):
            os.ftruncate(handle, start + whole)
        for line in rest[:whole].splitlines():
            if found := _KEY.search(line):
                keys.add(found[1])
        return keys, start + whole
