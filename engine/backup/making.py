"""`hotline backup`: a snapshot of the database and what belongs to it, under web and sweep."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2
from sqlalchemy import text

from engine import files
from engine.backup import disk, postgresql
from engine.backup import manifest as manifests
from engine.backup.manifest import DATABASES, DRAFT, OUTBOX, Manifest, Part, Told
from engine.errors import StoreError, Trouble
from engine.record import instant
from engine.settings import Settings
from engine.store import engines, schema
from engine.store.session import WAIT, sentences

_STEPS = 20_000
"""Instructions of SQLite between two words about how far it is; some milliseconds."""


def backup(settings: Settings, target: Path, now: datetime, told: Told) -> Manifest:
    """Make a backup called `target`, of this moment or a little later; complete or not at all.

    Errors: Trouble backup_exists, backup_nowhere, disk_full, disk_failed, program_missing,
    program_failed; StoreError no_schema, schema_newer, database_*; VaultError of the key.
    """
    if os.path.lexists(target):
        raise Trouble("backup_exists", path=str(target))
    if not target.parent.is_dir():
        raise Trouble("backup_nowhere", path=str(target.parent))
    with disk.troubles(target.parent), _draft(target) as folder, sentences(settings):
        copy = _sqlite if settings.is_sqlite else _postgresql
        found, vault = copy(settings, folder, now, told)
        # After the database: a message that it calls delivered is then in these files.
        found = _with_outbox(settings, folder, found, told)
        manifests.write(folder, found, vault)
        files.sync_folder(folder)
        try:
            os.rename(folder, target)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise Trouble("backup_exists", path=str(target)) from error
            raise
        files.sync_folder(target.parent)
    return found


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """A folder beside the target, under a name of its own; gone after an error."""
    folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=DRAFT))
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _sqlite(settings: Settings, folder: Path, now: datetime, told: Told) -> tuple[Manifest, Any]:
    if not settings.sqlite_file.exists():
        raise StoreError("no_schema")
    name = DATABASES["sqlite"]
    file = folder / name
    engine = engines.connect(settings, WAIT)
    try:
        with engines.begin(engine, writes=False) as conn:
            schema.known(conn)
            vault = schema.check_key(conn, settings)
            pages, size = (
                conn.execute(text(f"PRAGMA {what}")).scalar_one()
                for what in ("page_count", "page_size")
            )
        expected = pages * size
        if shutil.disk_usage(folder).free < expected:
            raise Trouble("disk_full", path=str(folder.parent))
        files.make(file, b"")  # of our mode, before SQLite makes it by the umask
        _vacuum(engine, file, partial(told, name), expected)
    finally:
        engine.dispose()
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())
    copy = engines.frozen(file)
    try:
        with copy.connect() as conn:
            survey = manifests.survey(conn)
            revision, serves = schema.revision(conn), schema.serves(conn)
    finally:
        copy.dispose()
    part = Part(name, *files.digest(file))
    return _described(now, "sqlite", 0, revision, serves, survey, part), vault


def _vacuum(engine: Any, file: Path, told: Any, expected: int) -> None:
    """Write the database anew, as one transaction sees it, while others go on writing.

    The copy holds what is in the tables and nothing else: a copy of the pages would hold
    leftovers of deleted rows too, and so the keys of erased tickets.
    """
    raw = engine.raw_connection()
    try:
        own = raw.driver_connection

        def heard() -> int:
            told(file.stat().st_size, expected)
            return 0

        own.set_progress_handler(heard, _STEPS)
        try:
            own.execute("VACUUM INTO ?", (str(file),))
        except pysqlite3.dbapi2.Error as error:
            if str(getattr(error, "sqlite_errorname", "")).startswith("SQLITE_FULL"):
                raise Trouble("disk_full", path=str(file.parent.parent)) from error
            raise
        finally:
            own.set_progress_handler(None, 0)
    finally:
        raw.close()


def _postgresql(
    settings: Settings, folder: Path, now: datetime, told: Told
) -> tuple[Manifest, Any]:
    name = DATABASES["postgresql"]
    with postgresql.snapshot(settings, WAIT) as (conn, snapshot):
        schema.known(conn)
        vault = schema.check_key(conn, settings)
        program, version = postgresql.program("pg_dump", postgresql.server(conn))
        revision, serves = schema.revision(conn), schema.serves(conn)
        survey = manifests.survey(conn)
        chunks = postgresql.dump(settings, program, snapshot, WAIT)
        part = Part(name, *files.write(folder / name, chunks, lambda done: told(name, done, 0)))
    return _described(now, "postgresql", version, revision, serves, survey, part), vault


def _described(
    now: datetime,
    database: str,
    server: int,
    revision: str | None,
    serves: str | None,
    survey: manifests.Survey,
    part: Part,
) -> Manifest:
    return Manifest(
        _product(), instant(now), database, server, revision or "", serves, survey, (part,)
    )


def _product() -> str:
    try:
        return version("hotline12345")
    except PackageNotFoundError:  # run from a checkout that was never set up
        return ""


def _told_of(told: Told, name: str, size: int, done: int) -> None:
    told(name, done, size)


def _with_outbox(settings: Settings, folder: Path, found: Manifest, told: Told) -> Manifest:
    parts = list(found.parts)
    for source in sorted(settings.outbox.glob("*.jsonl")):
        (folder / OUTBOX).mkdir(mode=0o700, exist_ok=True)
        name = f"{OUTBOX}/{source.name}"
        with files.opened(source) as file:
            fcntl.flock(file, fcntl.LOCK_SH)  # a sender holds it while it appends a line
            size = os.fstat(file.fileno()).st_size
            heard = partial(_told_of, told, name, size)
            written = files.write(folder / name, files.chunks(file), heard)
        parts.append(Part(name, *written))
        files.sync_folder(folder / OUTBOX)
    return replace(found, parts=tuple(parts))
