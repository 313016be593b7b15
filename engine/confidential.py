"""A file that holds a secret: who may read it besides us, and its one line."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from engine import files
from engine.errors import SettingsError, reason

LONGEST = 4096
"""Bytes; an address of a database is far shorter."""


def exposed(found: os.stat_result) -> bool:
    """Whether others than this process's user may read or change a file.

    A group may read what root owns: so Debian (root:hotline 0640), systemd's credentials and
    mounted secrets hand a file to a service that cannot change it.
    """
    handed = found.st_uid == 0 != os.geteuid()
    return bool(stat.S_IMODE(found.st_mode) & (0o037 if handed else 0o077))


def line(name: str, path: Path) -> str:
    """The one line of the file that the variable `name` names, without the spaces around it.

    Errors: SettingsError secret_unreadable, secret_exposed, secret_empty, secret_broken. None
    repeats what stands in the file.
    """
    try:
        with files.opened(path) as file:
            found = os.fstat(file.fileno())
            content = file.read(LONGEST + 1)
    except (OSError, ValueError) as error:
        why = reason(error)
        raise SettingsError("secret_unreadable", name=name, path=str(path), reason=why) from None
    if exposed(found):
        mode = f"{stat.S_IMODE(found.st_mode):04o}"
        raise SettingsError("secret_exposed", name=name, path=str(path), mode=mode)
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        raise SettingsError("secret_broken", name=name, path=str(path)) from None
    if not text:
        raise SettingsError("secret_empty", name=name, path=str(path))
    if len(content) > LONGEST or not text.isprintable():
        raise SettingsError("secret_broken", name=name, path=str(path))
    return text
