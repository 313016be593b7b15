"""`hotline restore`: a backup into an empty place; looked at whole before anything is changed."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from sqlalchemy import column, insert, inspect, table

from engine import files
from engine.backup import disk, postgresql
from engine.backup import manifest as manifests
from engine.backup.manifest import DATABASES, Manifest, Part, Survey, Told
from engine.errors import Trouble, VaultError, reason
from engine.settings import Settings
from engine.store import engines, schema
from engine.store.session import WAIT, schema_work, sentences
from engine.vault import MasterKey, Vault

_REVISION = table("alembic_version", column("version_num"))


def check(source: Path, key: MasterKey, told: Told) -> Manifest:
    """Look whether a backup is whole, and whether the key opens it; changes nothing.

    Errors: Trouble backup_missing, backup_none, backup_damaged (which part), backup_newer,
    backup_foreign; VaultError key_other.
    """
    found, plain = manifests.read(source)
    if found.survey.key != key.fingerprint:
        raise VaultError("key_other", path=str(key.path), backup=str(source))
    manifests.check_seal(plain, Vault(key))
    if not schema.understood(found.revision, found.serves):
        raise Trouble("backup_newer", product=found.product)
    for part in found.parts:
        _check_part(source, part, told)
    return found


def _check_part(source: Path, part: Part, told: Told) -> None:
    def heard(done: int) -> None:
        told(part.name, done, part.size)

    try:
        # A byte more than it should have is enough to know.
        stands = files.digest(source / part.name, heard, part.size + 1)
    except OSError as error:
        raise Trouble("backup_damaged", part=part.name) from error
    if stands != (part.size, part.sha256):
        raise Trouble("backup_damaged", part=part.name)


def restore(settings: Settings, source: Path, key: MasterKey, told: Told) -> Manifest:
    """Bring a backup into an empty home and an empty database; its manifest.

    What makes the database one that can be opened comes last. The schema stays the backup's.
    Errors: as check; Trouble backup_other_database, restore_outbox, restore_differs,
    restore_not_empty, disk_full, disk_failed, program_missing, program_failed; StoreError
    role_missing, database_*; VaultError restore_other_key, restore_no_key.
    """
    found, _ = manifests.read(source)
    kind = "sqlite" if settings.is_sqlite else "postgresql"
    if found.database != kind:
        raise Trouble("backup_other_database", kind=found.database)
    _check_place(settings, key)
    found = check(source, key, told)
    outbox = [part for part in found.parts if part.name != DATABASES[kind]]
    _check_outbox(settings, outbox)
    place = settings.sqlite_file.parent if settings.is_sqlite else settings.home
    with disk.troubles(place), sentences(settings):
        if settings.is_sqlite:
            _sqlite(settings, source, found, key, outbox, told)
        else:
            _postgresql(settings, source, found, key, outbox, told)
    return found


def _check_place(settings: Settings, key: MasterKey) -> None:
    _check_key_file(settings.key_file, key)
    if settings.is_sqlite:
        file = settings.sqlite_file
        if any(file.with_name(file.name + end).exists() for end in ("", "-wal", "-journal")):
            raise Trouble("restore_not_empty", place=str(file))
        return
    engine = engines.connect(settings, WAIT, schema=True)
    try:
        with sentences(settings), engines.begin(engine, writes=False) as conn:
            if there := inspect(conn).get_table_names():
                raise Trouble("restore_not_empty", place=there[0])
            schema.check_role(conn, settings)
    finally:
        engine.dispose()


def _check_key_file(place: Path, key: MasterKey) -> None:
    """Whether the key lies there already, or could be put there: it comes late, after the data."""
    if place.exists():
        if MasterKey.open(place).key != key.key:
            raise VaultError("restore_other_key", path=str(place), key=str(key.path))
        return
    folder = next(one for one in place.parents if one.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix="."):
            pass
    except OSError as error:
        raise VaultError("restore_no_key", path=str(place), reason=reason(error)) from error


def _check_outbox(settings: Settings, parts: list[Part]) -> None:
    """An interrupted restore may have left the very same files; others are not ours to mix."""
    told = {settings.outbox / Path(part.name).name: part for part in parts}
    for path in sorted(settings.outbox.glob("*.jsonl")):
        part = told.get(path)
        if part is None or files.digest(path) != (part.size, part.sha256):
            raise Trouble("restore_outbox", path=str(path))


def _sqlite(
    settings: Settings,
    source: Path,
    found: Manifest,
    key: MasterKey,
    outbox: list[Part],
    told: Told,
) -> None:
    name, file = DATABASES["sqlite"], settings.sqlite_file
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.") as draft:
        copy = _copied(source, _part(found, name), Path(draft) / name, partial(told, name))
        engine = engines.frozen(copy)
        try:
            with engine.connect() as conn:
                _compare(manifests.survey(conn), found.survey)
        finally:
            engine.dispose()
        _place_beside(settings, source, key, outbox, told)
        try:
            files.place(copy, file)
        except FileExistsError as error:
            raise Trouble("restore_not_empty", place=str(file)) from error


def _postgresql(
    settings: Settings,
    source: Path,
    found: Manifest,
    key: MasterKey,
    outbox: list[Part],
    told: Told,
) -> None:
    name = DATABASES["postgresql"]
    size = _part(found, name).size
    program, _ = postgresql.program("pg_restore", found.server)
    postgresql.load(settings, program, source / name, lambda done: told(name, done, size))
    with schema_work(settings, WAIT) as conn:
        _compare(manifests.survey(conn), found.survey)
        _place_beside(settings, source, key, outbox, told)
        schema.grant(conn, settings)
        conn.execute(insert(_REVISION).values(version_num=found.revision))


def _part(found: Manifest, name: str) -> Part:
    return next(part for part in found.parts if part.name == name)


def _copied(source: Path, part: Part, target: Path, told: partial[None]) -> Path:
    with files.opened(source / part.name) as file:
        chunks = files.chunks(file, part.size + 1)
        written = files.write(target, chunks, lambda done: told(done, part.size))
    if written != (part.size, part.sha256):
        raise Trouble("backup_damaged", part=part.name)
    return target


def _compare(stands: Survey, said: Survey) -> None:
    if stands != said:
        raise Trouble("restore_differs")


def _place_beside(
    settings: Settings, source: Path, key: MasterKey, outbox: list[Part], told: Told
) -> None:
    if not settings.key_file.exists():
        MasterKey.keep(settings.key_file, key.key)
    for part in outbox:
        target = settings.outbox / Path(part.name).name
        if target.exists():
            continue
        settings.outbox.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=settings.outbox, prefix=".") as draft:
            copy = Path(draft) / target.name
            files.place(_copied(source, part, copy, partial(told, part.name)), target)
    if outbox:
        files.sync_folder(settings.outbox.parent)
