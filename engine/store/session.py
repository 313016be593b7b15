"""The store as acts and reads see it: a transaction to write, a snapshot to read, the vault."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import pysqlite3.dbapi2
from sqlalchemy import Connection, Engine, bindparam, func, select
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import StoreError
from engine.flow import Definitions
from engine.settings import Settings
from engine.store import engines, schema
from engine.store.gate import Gate
from engine.store.prepared import Prepared
from engine.store.tables import (
    calendar_days,
    calendar_revisions,
    calendar_years,
    deployments,
    version_files,
    versions,
)
from engine.vault import Vault
from engine.workdays import Calendar
from engine.workdays import Row as CalendarRow

WAIT = 15.0
"""How long an act waits for a lock, in seconds, before it says that the database is busy."""


class Store:
    """An open database with its vault; safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        vault: Vault,
        notices: tuple[str, ...],
        wait: float,
    ) -> None:
        self.settings = settings
        self.vault = vault
        self.notices = notices
        """Sentences that the door shows: what works but should not stay so."""
        self._engine = engine
        self._wait = wait
        self._pid = os.getpid()
        self._reading = engines.reader(engine, settings, wait)
        self._gate = self._new_gate()
        self._versions: dict[int, Definitions] = {}
        self._by_hash: dict[str, int] = {}
        self._calendar: Calendar | None = None
        self._fitting: set[str | None] = set()

    # --- opening and closing ---------------------------------------------------------------

    @classmethod
    def open(cls, settings: Settings, wait: float = WAIT) -> Self:
        """Open an existing database.

        Errors: StoreError no_schema, schema_older, schema_newer, not_a_database, database_*;
        VaultError key_missing, key_wrong, key_permissions, key_broken.
        """
        if settings.is_sqlite and not settings.sqlite_file.exists():
            raise StoreError("no_schema")
        engine = engines.connect(settings, wait)
        try:
            with sentences(settings), engines.begin(engine, writes=False) as conn:
                schema.check_revision(conn)
                vault = schema.check_key(conn, settings)
                notices = schema.notices(conn)
        except BaseException:
            engine.dispose()
            raise
        return cls(settings, engine, vault, notices, wait)

    @classmethod
    def create(cls, settings: Settings, wait: float = WAIT) -> Self:
        """Make the tables, triggers, grants and, unless it exists, the master key; then open.

        All or nothing, but for the key file. Errors: StoreError already_there, foreign_schema,
        role_missing, database_*; VaultError of an existing key file.
        """
        with schema_work(settings, wait) as conn:
            schema.create(conn, settings)
        return cls.open(settings, wait)

    @classmethod
    def upgrade(
        cls,
        settings: Settings,
        wait: float = WAIT,
        told: schema.Told = lambda revision, n, count: None,
    ) -> tuple[str, str]:
        """Bring an older database to this code's schema and grant again; (from, to) revisions.

        All or nothing; `told` hears of each migration before it runs. Errors: StoreError
        no_schema, schema_newer, role_missing, database_*; VaultError.
        """
        if settings.is_sqlite and not settings.sqlite_file.exists():
            raise StoreError("no_schema")
        with schema_work(settings, wait) as conn:
            return schema.upgrade(conn, settings, told)

    @classmethod
    def pending(cls, settings: Settings, wait: float = WAIT) -> tuple[str, ...]:
        """The revisions that an upgrade would bring. Errors: as upgrade; nothing is changed."""
        if settings.is_sqlite and not settings.sqlite_file.exists():
            raise StoreError("no_schema")
        engine = engines.connect(settings, wait)
        try:
            with sentences(settings), engines.begin(engine, writes=False) as conn:
                return schema.missing(conn)
        finally:
            engine.dispose()

    def close(self) -> None:
        """Close all connections; the store cannot be used afterwards."""
        self._engine.dispose()
        self._reading.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- transactions ----------------------------------------------------------------------

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return self.settings.is_sqlite

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: committed at the end of the block, rolled back by an error.

        On SQLite nobody else writes meanwhile; on PostgreSQL lock the rows that you depend on.
        Errors: StoreError database_*, or schema_newer when the database was upgraded meanwhile
        to what this code does not know; nothing of the block is done.
        """
        self._after_fork()
        turn = self._gate.hold() if self._gate else nullcontext()
        with turn:
            try:
                with sentences(self.settings), engines.begin(self._engine, writes=True) as conn:
                    self._check_revision(conn)
                    yield conn
            except BaseException:
                # It may have been read from a revision that is not going to exist.
                self._calendar = None
                raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot: all statements of the block see one state, and none can write."""
        self._after_fork()
        with sentences(self.settings), engines.begin(self._reading, writes=False) as conn:
            yield conn

    def _check_revision(self, conn: Connection) -> None:
        # An upgrade waits for those who have read this row, and they for it: no act of code that
        # does not fit the tables any more is ever written, however long its process has run.
        found = conn.exec_driver_sql(_SCHEMA).scalar()
        if found not in self._fitting:
            schema.check_revision(conn)
            self._fitting.add(found)

    def _new_gate(self) -> Gate | None:
        if not self.is_sqlite:
            return None
        return Gate(lock_file(self.settings.sqlite_file), self._wait)

    def _after_fork(self) -> None:
        # A child must not use its parent's connections, nor wait for its threads.
        if self._pid != os.getpid():
            self._engine.dispose(close=False)
            self._reading.dispose(close=False)
            self._gate = self._new_gate()
            self._pid = os.getpid()

    # --- what changes seldom ---------------------------------------------------------------

    def current_version(self, conn: Connection, now: datetime) -> int:
        """The id of the version in force for new tickets. Errors: StoreError nothing_deployed."""
        found = _CURRENT.scalar(conn, {"now": now})
        if found is None:
            raise StoreError("nothing_deployed")
        return int(found)

    def definitions(self, version: int, conn: Connection | None = None) -> Definitions:
        """The definitions of a version, parsed once for all threads.

        Give `conn` only for a version that this very transaction adds; nothing is kept then.
        Errors: StoreError version_unknown; DefinitionsRefused when they no longer parse.
        """
        if version in self._versions:
            return self._versions[version]
        if conn is not None:
            return self._parse(conn, version)
        with self.read() as own:
            found = self._parse(own, version)
        return self._versions.setdefault(version, found)

    def definitions_of(self, hash: str, conn: Connection) -> Definitions:
        """The definitions that an event names by their hash. Errors: as definitions."""
        version = self._by_hash.get(hash)
        if version is None:
            version = conn.execute(_BY_HASH, {"hash": hash}).scalar_one_or_none()
            if version is None:
                raise StoreError("version_unknown", version=hash[:12])
            self._by_hash[hash] = version
        return self.definitions(version)

    def _parse(self, conn: Connection, version: int) -> Definitions:
        rows = conn.execute(_FILES, {"version": version}).all()
        if not rows:
            raise StoreError("version_unknown", version=version)
        found = Definitions.read({row.path: row.content for row in rows}, judged=False)
        if found.hash != rows[0].hash:
            raise StoreError("version_changed", version=version)
        return found

    def calendar(self, conn: Connection) -> Calendar:
        """The working days as they are published now, parsed once for each revision."""
        revision = _REVISION.scalar(conn) or 0
        known = self._calendar
        if known is not None and known.revision == revision:
            return known
        rows = [
            CalendarRow(row.date, row.is_workday, row.source, row.document)
            for row in conn.execute(_DAYS)
        ]
        published = set(conn.execute(_YEARS).scalars())
        self._calendar = found = Calendar.of(rows, published, revision)
        return found


_SCHEMA = "SELECT version_num FROM alembic_version"
_FILES = (
    select(version_files.c.path, version_files.c.content, versions.c.hash)
    .join(versions, versions.c.id == version_files.c.version)
    .where(versions.c.id == bindparam("version"))
)
_BY_HASH = select(versions.c.id).where(versions.c.hash == bindparam("hash"))
_REVISION = Prepared(select(func.max(calendar_revisions.c.id)))
_DAYS = select(calendar_days)
_YEARS = select(calendar_years.c.year)
_CURRENT = Prepared(
    select(deployments.c.version)
    .where(deployments.c.in_force_from <= bindparam("now"))
    .order_by(deployments.c.in_force_from.desc(), deployments.c.id.desc())
    .limit(1)
)


def lock_file(database: Path) -> Path:
    """The file on which writers of the embedded database queue up."""
    return database.with_name(database.name + "-writers")


@contextmanager
def sentences(settings: Settings) -> Iterator[None]:
    """Turn a database's errors into StoreErrors with their sentences."""
    try:
        yield
    except (SQLAlchemyError, pysqlite3.dbapi2.Error) as error:
        found = engines.trouble(error, settings)
        if found is None:
            raise
        raise found from error


@contextmanager
def schema_work(settings: Settings, wait: float) -> Iterator[Connection]:
    """A transaction of the tables' owner, in which SQLite makes a missing file."""
    turn: AbstractContextManager[None] = nullcontext()
    if settings.is_sqlite:
        schema.make_file(settings.sqlite_file)
        turn = Gate(lock_file(settings.sqlite_file), wait).hold()
    engine = engines.connect(settings, wait, schema=True)
    try:
        with turn, sentences(settings), engines.begin(engine, writes=True) as conn:
            yield conn
    finally:
        engine.dispose()
