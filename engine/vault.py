"""Keys and what they seal: the master key outside every database, a key for each ticket inside.

Every ticket's key is wrapped by the master key and kept in the database; what is said about
people and matters is sealed under the ticket's key. Destroying the wrapped key erases the ticket.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import stat
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine import files
from engine.confidential import exposed
from engine.errors import VaultError, reason

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
TERMS_KEPT: Final = 30_000
"""Words of the index that are not keyed anew: few pairs of characters make most of a text."""
_AES_256_GCM: Final = b"\x01"  # leads every sealed blob, so that another cipher can be told apart


@dataclass(frozen=True)
class MasterKey:
    """The installation's master key; never printed."""

    path: Path
    key: bytes = field(repr=False)

    @classmethod
    def create(cls, path: Path) -> MasterKey:
        """Make a new master key in `path`, mode 0600; complete or not there at all.

        Errors: VaultError key_exists (a key is never replaced), key_unwritable.
        """
        return cls.keep(path, secrets.token_bytes(KEY_BYTES))

    @classmethod
    def keep(cls, path: Path, key: bytes) -> MasterKey:
        """Put a master key that there is into a new file. Errors: as create."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            files.make(path, key.hex().encode() + b"\n")
        except FileExistsError as error:
            raise VaultError("key_exists", path=str(path)) from error
        except OSError as error:
            raise VaultError("key_unwritable", path=str(path), reason=reason(error)) from error
        return cls(path, key)

    @classmethod
    def open(cls, path: Path) -> MasterKey:
        """Read the master key of an existing installation.

        Errors: VaultError key_missing, key_permissions (others can read it), key_unreadable,
        key_broken (not 64 hex digits).
        """
        try:
            with files.opened(path) as file:
                found = os.fstat(file.fileno())
                content = file.read(1000)
        except FileNotFoundError as error:
            raise VaultError("key_missing", path=str(path)) from error
        except OSError as error:
            raise VaultError("key_unreadable", path=str(path), reason=reason(error)) from error
        if exposed(found):
            mode = f"{stat.S_IMODE(found.st_mode):04o}"
            raise VaultError("key_permissions", path=str(path), mode=mode)
        if not re.fullmatch(rb"[0-9a-f]{64}\n?", content):
            raise VaultError("key_broken", path=str(path))
        return cls(path, bytes.fromhex(content.decode().strip()))

    @property
    def fingerprint(self) -> str:
        """64 hex digits that stand in the database, so that a wrong key is noticed."""
        return _derive(self.key, "fingerprint").hex()


def _derive(key: bytes, purpose: str) -> bytes:
    """A key of its own for each purpose, so that no two uses of the master key meet."""
    return hmac.digest(key, b"hotline12345:" + purpose.encode(), "sha256")


def seal(key: bytes, plain: bytes, aad: str) -> bytes:
    """Encrypt and authenticate; `aad` names what this is, and opens it again only under it."""
    nonce = os.urandom(_NONCE_BYTES)
    return _AES_256_GCM + nonce + AESGCM(key).encrypt(nonce, plain, aad.encode())


def unseal(key: bytes, blob: bytes, aad: str) -> bytes:
    """What was sealed. Errors: VaultError sealed_broken (changed, another key, another aad)."""
    head, nonce, rest = blob[:1], blob[1 : 1 + _NONCE_BYTES], blob[1 + _NONCE_BYTES :]
    if head != _AES_256_GCM or len(nonce) != _NONCE_BYTES:
        raise VaultError("sealed_broken", aad=aad)
    try:
        return AESGCM(key).decrypt(nonce, rest, aad.encode())
    except InvalidTag as error:
        raise VaultError("sealed_broken", aad=aad) from error


class Vault:
    """What the master key is used for: wrapping keys, digests for search, secrets of the doors."""

    def __init__(self, master: MasterKey) -> None:
        self._wrapping = _derive(master.key, "wrap")
        self._digesting = _derive(master.key, "digest")
        self._secrets = _derive(master.key, "secret")
        terms = _derive(master.key, "terms")
        self._keyed = hashlib.blake2b(key=terms, digest_size=5)
        self._term = lru_cache(maxsize=TERMS_KEPT)(self._new_term)
        self.fingerprint = master.fingerprint

    def __repr__(self) -> str:
        return f"Vault({self.fingerprint[:8]}…)"

    def new_key(self, name: str) -> tuple[bytes, bytes]:
        """A new key of a ticket or chain called `name`, and the same wrapped, for the database."""
        key = secrets.token_bytes(KEY_BYTES)
        return key, seal(self._wrapping, key, f"key/{name}")

    def unwrap(self, wrapped: bytes, name: str) -> bytes:
        """The key of `name`. Errors: VaultError sealed_broken (another's key, changed)."""
        return unseal(self._wrapping, wrapped, f"key/{name}")

    def digest(self, text: str) -> str:
        """A keyed digest (64 hex digits): equal texts are found without being readable."""
        return hmac.new(self._digesting, text.encode(), hashlib.sha256).hexdigest()

    def term(self, text: str) -> str:
        """A word of the search index: 8 letters and digits that only this key leads to.

        Of 2**40, so that two words of a city's language hardly ever meet in one.
        """
        return self._term(text)

    def _new_term(self, text: str) -> str:
        keyed = self._keyed.copy()
        keyed.update(text.encode())
        return base64.b32encode(keyed.digest()).decode().lower()

    def secret(self, purpose: str) -> bytes:
        """32 bytes for a door's own use, such as signing form tokens; the same in each process."""
        return _derive(self._secrets, purpose)
