"""Connections to the two databases, set up as they must be, and their errors as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pysqlite3.dbapi2
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.errors import StoreError
from engine.settings import Settings

CONNECT_SECONDS: Final = 5


def connect(settings: Settings, wait: float, *, schema: bool = False) -> Engine:
    """An engine for the settings' database; nothing is opened yet.

    `wait` is how long a statement waits for a lock, in seconds. `schema`: for init and upgrade,
    as the tables' owner, where a missing file is made and foreign keys are checked at the end.
    """
    if settings.is_sqlite:
        return _sqlite(settings.sqlite_file, wait, schema=schema)
    url = settings.database_url
    if schema and settings.owner_url is not None:
        url = settings.owner_url
    return _postgresql(url, wait)


def reader(engine: Engine, settings: Settings, wait: float) -> Engine:
    """An engine beside the one of `connect`, whose transactions are snapshots and cannot write."""
    if settings.is_sqlite:
        # Connections of its own: to forbid writing and to allow it again, transaction by
        # transaction, makes SQLite prepare all statements anew.
        return _sqlite(settings.sqlite_file, wait, reads=True)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def frozen(path: Path) -> Engine:
    """An engine that reads a SQLite file that nobody else touches; it leaves no trace beside it."""

    def opened() -> Any:
        return pysqlite3.dbapi2.connect(
            f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True, isolation_level=None
        )

    return create_engine("sqlite+pysqlite:///" + str(path), module=pysqlite3.dbapi2, creator=opened)


def _sqlite(path: Path, wait: float, *, schema: bool = False, reads: bool = False) -> Engine:
    mode = "rwc" if schema else "rw"  # a deleted database is an error, not a new empty one

    def opened() -> Any:
        return pysqlite3.dbapi2.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=wait,
            isolation_level=None,  # transactions begin where `begin` says, nowhere else
            check_same_thread=False,  # the pool hands a connection to one thread at a time
        )

    engine = create_engine(
        "sqlite+pysqlite:///" + str(path),
        module=pysqlite3.dbapi2,
        creator=opened,
        pool_reset_on_return=None,  # `begin` leaves no transaction open
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # Before WAL, which may have to wait for others.
        connection.execute(f"PRAGMA busy_timeout={round(wait * 1000)}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        # In pages of 4 KB. The log goes into the database's file (two more fsyncs, and each page
        # once however often it was written) after 16 MB, not after 4.
        connection.execute("PRAGMA wal_autocheckpoint=4000")
        connection.execute("PRAGMA cache_size=4000")
        connection.execute(f"PRAGMA foreign_keys={'OFF' if schema else 'ON'}")
        # INSERT OR REPLACE deletes rows without their triggers unless this is on.
        connection.execute("PRAGMA recursive_triggers=ON")
        connection.execute(f"PRAGMA query_only={'ON' if reads else 'OFF'}")

    return engine


@contextmanager
def begin(engine: Engine, *, writes: bool) -> Iterator[Connection]:
    """A transaction: committed at the end of the block, rolled back by an error.

    Here and not in a listener: with one, SQLAlchemy asks all listeners at each statement.
    """
    with engine.begin() as conn:
        if engine.dialect.name == "sqlite":
            raw: Any = conn.connection.dbapi_connection
            # With a plain BEGIN a writer that read first fails when somebody wrote in between.
            raw.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        yield conn


def _postgresql(url: Any, wait: float) -> Engine:
    engine = create_engine(
        url,
        pool_pre_ping=True,  # after a restart of the database the next act works at once
        pool_size=5,
        max_overflow=10,
        pool_timeout=wait,
        connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "hotline"},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.execute(f"SET lock_timeout = {round(wait * 1000)}")
        connection.execute("SET idle_in_transaction_session_timeout = '60s'")
        connection.commit()

    return engine


_SQLITE_CODES: Final = {
    "SQLITE_BUSY": "database_locked",
    "SQLITE_LOCKED": "database_locked",
    "SQLITE_NOTADB": "not_a_database",
    "SQLITE_CANTOPEN": "cannot_open",
    "SQLITE_READONLY": "database_read_only",
    "SQLITE_PERM": "database_read_only",
    "SQLITE_FULL": "database_full",
    "SQLITE_IOERR": "database_disk",
    "SQLITE_CORRUPT": "database_damaged",
}

# SQLSTATE, or its class (the first two characters); the longer one is looked up first.
_POSTGRESQL_STATES: Final = {
    "08": "database_down",
    "57P01": "database_down",  # admin_shutdown
    "57P02": "database_down",  # crash_shutdown
    "57P03": "database_down",  # cannot_connect_now
    "57P05": "database_down",  # idle_session_timeout
    "25P03": "database_down",  # idle_in_transaction_session_timeout
    "55P03": "database_locked",
    "40": "database_locked",  # deadlock, serialization failure: once more, and it works
    "28": "database_refused",
    "3D": "database_missing",
    "53300": "database_busy",
    "53": "database_full",
    "25006": "database_read_only",
    "42501": "database_forbidden",
    "42P01": "no_schema",
    "58": "database_disk",
    "XX001": "database_damaged",
    "XX002": "database_damaged",
}


def trouble(error: Exception, settings: Settings) -> StoreError | None:
    """The sentence for a database's error; None for those that are the caller's own matter.

    Constraint violations are: the caller knows what was to be unique. So are values that the
    database cannot hold.
    """
    if isinstance(error, PoolTimeout):
        return StoreError("database_busy")
    if isinstance(error, pysqlite3.dbapi2.Error):  # from `begin`, where SQLAlchemy wraps nothing
        return _sqlite_trouble(error, settings.sqlite_file)
    if not isinstance(error, DBAPIError) or isinstance(error, IntegrityError | DataError):
        return None
    origin = error.orig
    if settings.is_sqlite:
        return _sqlite_trouble(origin, settings.sqlite_file)
    state = getattr(origin, "sqlstate", None)
    if state is None:
        # No SQLSTATE: the server never answered, or went away in the middle.
        refused = "authentication failed" in str(origin) or "no pg_hba.conf entry" in str(origin)
        missing = "does not exist" in str(origin) and "database" in str(origin)
        code = "database_refused" if refused else "database_missing" if missing else "database_down"
        return StoreError(code)
    code = _POSTGRESQL_STATES.get(state) or _POSTGRESQL_STATES.get(state[:2], "database_failed")
    return StoreError(code, state=state)


def _sqlite_trouble(origin: BaseException | None, path: Path) -> StoreError | None:
    name = str(getattr(origin, "sqlite_errorname", ""))
    if "no such table" in str(origin):
        return StoreError("no_schema")
    for start, code in _SQLITE_CODES.items():  # extended names begin with the plain one
        if name == start or name.startswith(start + "_"):
            return StoreError(code, path=str(path), state=name)
    if isinstance(origin, pysqlite3.dbapi2.OperationalError):
        return StoreError("database_failed", state=name or "sqlite")
    return None
