"""What a backup holds, and whether it is still that: written last, read first."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, func, select

from engine import files
from engine.errors import Trouble
from engine.record import SYSTEM, canonical
from engine.store import schema
from engine.store.tables import chains, events, tickets
from engine.vault import Vault

FORMAT: Final = 1
NAME: Final = "manifest.json"
OUTBOX: Final = "outbox"
DRAFT: Final = ".partial"
"""How the name of a backup ends that is not there yet; no restore takes it."""
DATABASES: Final = {"sqlite": "database.sqlite", "postgresql": "database.dump"}

Told = Callable[[str, int, int], None]
"""Hears how far a part is: its name, bytes done, bytes in all (0: nobody knows)."""

_PART: Final = re.compile(r"database\.(sqlite|dump)|outbox/[a-z0-9][a-z0-9._-]{0,59}\.jsonl")
_LARGEST: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the backup, by its path inside."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What a database holds: two that agree in it have the same tickets with the same records."""

    key: str
    """Fingerprint of the master key; the key cannot be had from it."""
    tickets: int
    events: int
    system: str
    """Hash of the last event of the system chain."""
    heads: str
    """sha256 over the number, length and last hash of every ticket's chain."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup's own description."""

    product: str
    made_at: str
    database: str
    """sqlite | postgresql."""
    server: int
    """Major version of PostgreSQL's programs that wrote it; 0 for SQLite."""
    revision: str
    serves: str | None
    survey: Survey
    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts)


def survey(conn: Connection) -> Survey:
    """Count and digest what the transaction sees."""
    number = conn.execute(select(func.count()).select_from(events)).scalar_one()
    head = conn.execute(select(chains.c.head).where(chains.c.name == SYSTEM)).scalar_one()
    query = select(tickets.c.number, tickets.c.seq, tickets.c.head).order_by(tickets.c.id)
    found, digest = 0, hashlib.sha256()
    for row in conn.execute(query):
        found += 1
        digest.update(f"{row.number} {row.seq} {row.head}\n".encode())
    key = schema.fingerprint(conn) or ""
    return Survey(key, found, number, str(head), digest.hexdigest())


def write(folder: Path, manifest: Manifest, vault: Vault) -> None:
    """Put it into the folder of a backup, sealed with the installation's key. Errors: OSError."""
    plain = {"format": FORMAT, **asdict(manifest)}
    plain["seal"] = _seal(plain, vault)
    plain["sha256"] = _digest(plain)
    files.make(folder / NAME, _text(plain))


def read(folder: Path) -> tuple[Manifest, dict[str, Any]]:
    """The manifest of a backup, and as it stands there, for `check_seal`.

    Errors: Trouble backup_missing, backup_none, backup_damaged, backup_newer.
    """
    if not folder.exists():
        raise Trouble("backup_missing", path=str(folder))
    if folder.name.endswith(DRAFT):
        raise Trouble("backup_none", path=str(folder))
    damaged = Trouble("backup_damaged", part=NAME)
    try:
        with files.opened(folder / NAME) as file:
            content = file.read(_LARGEST)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Trouble("backup_none", path=str(folder)) from error
    except OSError as error:
        raise damaged from error
    try:
        plain = json.loads(content)
        told = {key: plain[key] for key in plain if key != "sha256"}
        if _digest(told) != plain["sha256"] or _text(plain) != content:
            raise damaged
        if plain["format"] != FORMAT:
            raise Trouble("backup_newer", product=str(plain.get("product", "?")))
        manifest = Manifest(
            survey=Survey(**plain["survey"]),
            parts=tuple(Part(**part) for part in plain["parts"]),
            **{key: plain[key] for key in _PLAIN},
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise damaged from error
    names = [part.name for part in manifest.parts]
    whole = DATABASES.get(manifest.database) in names and len(set(names)) == len(names)
    if not whole or not all(_PART.fullmatch(name) for name in names):
        raise damaged
    return manifest, plain


def is_backup(folder: Path) -> bool:
    """Whether a folder holds a backup, whole or not; other things have a manifest.json too."""
    try:
        with files.opened(folder / NAME) as file:
            plain = json.loads(file.read(_LARGEST))
    except (OSError, ValueError):
        return False
    return isinstance(plain, dict) and {"format", "seal"} <= plain.keys()


def check_seal(plain: dict[str, Any], vault: Vault) -> None:
    """Errors: Trouble backup_foreign: whoever wrote the manifest did not have this key."""
    told = {key: plain[key] for key in plain if key not in ("sha256", "seal")}
    if not hmac.compare_digest(_seal(told, vault), str(plain.get("seal"))):
        raise Trouble("backup_foreign")


_PLAIN: Final = ("product", "made_at", "database", "server", "revision", "serves")


def _text(plain: dict[str, Any]) -> bytes:
    return json.dumps(plain, ensure_ascii=False, indent=1).encode() + b"\n"


def _digest(plain: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(plain)).hexdigest()


def _seal(plain: dict[str, Any], vault: Vault) -> str:
    return hmac.digest(vault.secret("backup"), canonical(plain), "sha256").hex()
