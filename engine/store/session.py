"""The store as acts and reads see it: a transaction to write, a snapshot to read, the vault."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, bindparam, select
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import StoreError
from engine.settings import Settings
from engine.store import engines, schema
from engine.store.gate import Gate
from engine.store.tables import deployments
from engine.vault import Vault

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
        self._reading = engine.execution_options()
        self._writing = engine.execution_options(writes=True)
        if not settings.is_sqlite:
            self._reading = engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self._gate = self._new_gate()

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
            with _sentences(settings), engine.connect() as conn:
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
        with _schema_work(settings, wait) as conn:
            schema.create(conn, settings)
        return cls.open(settings, wait)

    @classmethod
    def upgrade(cls, settings: Settings, wait: float = WAIT) -> tuple[str | None, str]:
        """Bring an older database to this code's schema and grant again; (from, to) revisions.

        Errors: StoreError no_schema, schema_newer, role_missing, database_*; VaultError.
        """
        if settings.is_sqlite and not settings.sqlite_file.exists():
            raise StoreError("no_schema")
        with _schema_work(settings, wait) as conn:
            return schema.upgrade(conn, settings)

    def close(self) -> None:
        """Close all connections; the store cannot be used afterwards."""
        self._engine.dispose()

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
        Errors: StoreError database_*, with nothing of the block done.
        """
        self._after_fork()
        turn = self._gate.hold() if self._gate else nullcontext()
        with turn, _sentences(self.settings), self._writing.begin() as conn:
            yield conn

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot: all statements of the block see one state, and none can write."""
        self._after_fork()
        with _sentences(self.settings), self._reading.begin() as conn:
            yield conn

    def _new_gate(self) -> Gate | None:
        if not self.is_sqlite:
            return None
        return Gate(lock_file(self.settings.sqlite_file), self._wait)

    def _after_fork(self) -> None:
        # A child must not use its parent's connections, nor wait for its threads.
        if self._pid != os.getpid():
            self._engine.dispose(close=False)
            self._gate = self._new_gate()
            self._pid = os.getpid()

    # --- what changes seldom ---------------------------------------------------------------

    def current_version(self, conn: Connection, now: datetime) -> int:
        """The id of the version in force for new tickets. Errors: StoreError nothing_deployed."""
        found = conn.execute(_CURRENT, {"now": now}).scalar_one_or_none()
        if found is None:
            raise StoreError("nothing_deployed")
        return int(found)


_CURRENT = (
    select(deployments.c.version)
    .where(deployments.c.in_force_from <= bindparam("now"))
    .order_by(deployments.c.in_force_from.desc(), deployments.c.id.desc())
    .limit(1)
)


def lock_file(database: Path) -> Path:
    """The file on which writers of the embedded database queue up."""
    return database.with_name(database.name + "-writers")


@contextmanager
def _sentences(settings: Settings) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        found = engines.trouble(error, settings)
        if found is None:
            raise
        raise found from error


@contextmanager
def _schema_work(settings: Settings, wait: float) -> Iterator[Connection]:
    if settings.is_sqlite:
        schema.make_file(settings.sqlite_file)
    engine = engines.connect(settings, wait, schema=True)
    try:
        with _sentences(settings), engine.execution_options(writes=True).begin() as conn:
            yield conn
    finally:
        engine.dispose()
