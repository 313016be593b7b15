"""Copies of the master key: as it is, or wrapped under a passphrase; never beside the data."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from engine import files
from engine.backup.manifest import NAME, is_backup
from engine.errors import Trouble, VaultError, reason
from engine.settings import Settings
from engine.vault import KEY_BYTES, MasterKey, seal, unseal

FORMAT: Final = "hotline-key-1"
SHORTEST: Final = 12
"""Characters of a passphrase."""

_COST: Final = 2**17  # with r = 8: 128 MiB and a third of a second for each guess
_DEAREST: Final = 2**20
_LARGEST: Final = 4096


def apart(settings: Settings, data: Path | None, key: Path | None) -> None:
    """See that a backup called `data` and a copy of the key called `key` may be written there.

    Neither may lie with the other, nor with what is there already: whoever takes one takes both.
    Errors: Trouble key_beside_data, data_beside_key.
    """
    if data and key:
        whole, folder = data.resolve(), key.resolve().parent
        if folder in (whole.parent, whole) or whole in folder.parents:
            raise Trouble("key_beside_data", path=str(key), data=str(data))
    if key and (there := _data_beside(settings, key)):
        raise Trouble("key_beside_data", path=str(key), data=str(there))
    if data and (lying := _key_beside(data)):
        raise Trouble("data_beside_key", path=str(data), key=str(lying))


def keep(settings: Settings, target: Path, passphrase: str | None = None) -> None:
    """Copy the installation's master key to `target`, a new file of mode 0600. Errors: as ready.

    Whether it may lie there: `apart`.
    """
    master = ready(settings, target, passphrase)
    content = master.key.hex().encode() + b"\n" if passphrase is None else _wrap(master, passphrase)
    try:
        files.make(target, content)
    except FileExistsError as error:
        raise VaultError("key_exists", path=str(target)) from error
    except OSError as error:
        raise VaultError("key_unwritable", path=str(target), reason=reason(error)) from error


def ready(settings: Settings, target: Path, passphrase: str | None = None) -> MasterKey:
    """The master key, of which a copy could be kept now: so a long backup need not be for nothing.

    Errors: VaultError of the key file, key_exists, key_unwritable; Trouble passphrase_short,
    key_unprotected (a file system without permissions; the passphrase protects a wrapped one).
    """
    master = MasterKey.open(settings.key_file)
    if passphrase is not None and len(passphrase) < SHORTEST:
        raise Trouble("passphrase_short", least=SHORTEST)
    if os.path.lexists(target):
        raise VaultError("key_exists", path=str(target))
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".") as trial:  # 0600
            exposed = stat.S_IMODE(os.fstat(trial.fileno()).st_mode) & 0o077
    except OSError as error:
        raise VaultError("key_unwritable", path=str(target), reason=reason(error)) from error
    if passphrase is None and exposed:
        raise Trouble("key_unprotected", path=str(target))
    return master


def _data_beside(settings: Settings, key: Path) -> Path | None:
    """The data that a copy of the key at `key` would lie with: in, beside or above it."""
    folder = key.resolve().parent
    if settings.is_sqlite and settings.sqlite_file.resolve().parent == folder:
        return settings.sqlite_file
    above = (folder, *folder.parents)
    below = (found.parent for found in sorted(folder.glob(f"*/{NAME}")))
    return next(filter(is_backup, (*above, *below)), None)


def _key_beside(target: Path) -> Path | None:
    """A copy of a key in the folder where a backup called `target` would lie."""
    for path in sorted(target.resolve().parent.glob("*")):
        # Of the files that the system makes up (/proc) some never end; they say they are empty.
        if path.is_file() and 0 < path.stat().st_size <= _LARGEST and _is_key(path):
            return path
    return None


def _is_key(path: Path) -> bool:
    try:
        content = path.read_bytes().strip()
    except OSError:
        return False
    plain = len(content) == 2 * KEY_BYTES and not content.strip(b"0123456789abcdef")
    return plain or FORMAT.encode() in content


def read(path: Path, passphrase: str | None = None) -> MasterKey:
    """The master key in a copy, whichever it is; `passphrase` only opens a wrapped one.

    Errors: VaultError key_missing, key_permissions, key_unreadable, key_broken; Trouble
    passphrase_needed, passphrase_wrong.
    """
    wrapped = _wrapped(path)
    if wrapped is None:
        return MasterKey.open(path)
    if passphrase is None:
        raise Trouble("passphrase_needed", path=str(path))
    try:
        key, fingerprint = _unwrap(wrapped, passphrase), wrapped["fingerprint"]
    except VaultError as error:
        raise Trouble("passphrase_wrong", path=str(path)) from error
    except (KeyError, TypeError, ValueError) as error:
        raise VaultError("key_broken", path=str(path)) from error
    found = MasterKey(path, key)
    if found.fingerprint != fingerprint:
        raise VaultError("key_broken", path=str(path))
    return found


def is_wrapped(path: Path) -> bool:
    """Whether a passphrase is needed to read this copy."""
    return _wrapped(path) is not None


def _wrapped(path: Path) -> dict[str, Any] | None:
    try:
        with files.opened(path) as file:
            content = json.loads(file.read(_LARGEST))
    except (OSError, ValueError):
        return None  # MasterKey.open says what is the matter with it
    return content if isinstance(content, dict) and content.get("format") == FORMAT else None


def _wrap(master: MasterKey, passphrase: str) -> bytes:
    salt = os.urandom(16)
    sealed = seal(_stretched(passphrase, salt, _COST), master.key, FORMAT)
    plain = {
        "format": FORMAT,
        "fingerprint": master.fingerprint,
        "scrypt": {"salt": salt.hex(), "n": _COST, "r": 8, "p": 1},
        "sealed": sealed.hex(),
    }
    return json.dumps(plain, indent=1).encode() + b"\n"


def _unwrap(wrapped: dict[str, Any], passphrase: str) -> bytes:
    cost = int(wrapped["scrypt"]["n"])
    if not 2 <= cost <= _DEAREST:
        raise ValueError("not a cost of ours")
    stretched = _stretched(passphrase, bytes.fromhex(wrapped["scrypt"]["salt"]), cost)
    return unseal(stretched, bytes.fromhex(wrapped["sealed"]), FORMAT)


def _stretched(passphrase: str, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(passphrase.encode())
