"""The tables as a whole: made, upgraded, granted, and whether they fit the code and the key."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, inspect, select, text

from engine.errors import StoreError, VaultError
from engine.record import GENESIS, SYSTEM
from engine.settings import Settings
from engine.store.tables import chains, meta, metadata
from engine.vault import MasterKey, Vault

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010")
"""Every revision of migrations/versions, oldest first; the last is the one this code needs."""

NEEDED: Final = REVISIONS[-1]

BEFORE_SEARCH: Final = REVISIONS[:5]
"""Revisions without a search index: tickets of then are brought into it by `hotline reindex`."""

Told = Callable[[str, int, int], None]
"""Hears which migration comes next: its revision, the how manieth of how many it is."""

_FINGERPRINT: Final = "master_key"
_SERVES: Final = "serves"  # the revision before, when its code may go on with these tables
_ADVISORY: Final = 12345_01  # any number: two inits or upgrades at once wait for one another

# What the application's role may do beside SELECT. The log and the versions are only ever added
# to; content is destroyed by deleting a ticket's wrapped key, never by touching the log.
_APPEND: Final = "INSERT"
_CHANGE: Final = "INSERT, UPDATE, DELETE"
GRANTS: Final = {
    "alembic_version": "",
    "meta": "",
    "events": _APPEND,
    "payloads": _APPEND,
    "versions": _APPEND,
    "version_files": _APPEND,
    "deployments": _APPEND,
    "calendar_revisions": _APPEND,
    "imported": _APPEND,
    "search": "INSERT, DELETE",
    "ticket_keys": "INSERT, DELETE",
    "shifts": "INSERT, DELETE",
    "handovers": "INSERT, UPDATE",
    "escalations": _APPEND,
    **dict.fromkeys(("files", "pieces", "uploads", "attachments"), "INSERT, DELETE"),
    "chains": "INSERT, UPDATE",
    "tickets": "INSERT, UPDATE",
    **dict.fromkeys(("announcements", "announcement_calls"), "INSERT, UPDATE"),
    **dict.fromkeys(
        (
            "areas",
            "units",
            "items",
            "users",
            "user_roles",
            "sessions",
            "kept_lists",
            "delegations",
            "templates",
            "calendar_days",
            "calendar_years",
            "states",
            "legs",
            "ledger",
            "deadlines",
            "tasks",
            "timers",
            "drafts",
            "numbers",
            "requests",
            "outbox",
        ),
        _CHANGE,
    ),
}
"""Table → privileges of the application's role on PostgreSQL, beside SELECT."""


def make_file(path: Path) -> None:
    """An empty file that only this user reads, so that SQLite does not make it by the umask."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError("cannot_open", path=str(path)) from error


def revision(conn: Connection) -> str | None:
    """The revision of the database's tables; None when there are none of ours."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    found = conn.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return str(found[0]) if len(found) == 1 else None


def check_revision(conn: Connection) -> None:
    """Errors: StoreError no_schema, schema_older, schema_newer."""
    found = known(conn)
    if found in REVISIONS and found != NEEDED:
        raise StoreError("schema_older", found=found, needed=NEEDED)


def known(conn: Connection) -> str:
    """The revision of tables that this code understands, perhaps after an upgrade.

    Errors: StoreError no_schema, schema_newer.
    """
    found = revision(conn)
    if found is None:
        raise StoreError("no_schema")
    if not understood(found, serves(conn)):
        raise StoreError("schema_newer", found=found, needed=NEEDED)
    return found


def serves(conn: Connection) -> str | None:
    """The revision whose code may go on though the tables are one revision ahead of it."""
    found = conn.execute(_META, {"name": _SERVES}).scalar()
    return None if found is None else str(found)


def understood(found: str, serves: str | None) -> bool:
    """Whether this code can have to do with tables of revision `found`.

    One that it has never heard of was made by later code. That is read and written all the
    same when its migration only added things and came right after this code's own.
    """
    return found in REVISIONS or serves == NEEDED


_META = select(meta.c.value).where(meta.c.name == bindparam("name"))


def check_key(conn: Connection, settings: Settings) -> Vault:
    """The vault of the settings' key file. Errors: VaultError key_missing, key_wrong, ….

    A missing or wrong key is never replaced: what is sealed could not be opened any more.
    """
    master = MasterKey.open(settings.key_file)
    if fingerprint(conn) != master.fingerprint:
        raise VaultError("key_wrong", path=str(settings.key_file))
    return Vault(master)


def fingerprint(conn: Connection) -> str | None:
    """The fingerprint of the key that this database was made with."""
    found = conn.execute(_META, {"name": _FINGERPRINT}).scalar()
    return None if found is None else str(found)


def notices(conn: Connection) -> tuple[str, ...]:
    """Sentences about what works but should not stay so."""
    if conn.dialect.name == "sqlite":
        return ()
    strong, role = conn.execute(
        text(
            "SELECT has_table_privilege('events', 'UPDATE') OR has_table_privilege('events',"
            " 'TRIGGER') OR has_schema_privilege(current_schema(), 'CREATE'), current_user"
        )
    ).one()
    return (StoreError("role_is_owner", role=role).sentence(),) if strong else ()


def create(conn: Connection, settings: Settings) -> None:
    """Make everything in an empty database, inside the caller's transaction."""
    _alone(conn)
    if revision(conn) is not None:
        raise StoreError("already_there")
    if others := inspect(conn).get_table_names():
        raise StoreError("foreign_schema", table=others[0])
    _migrate(conn, REVISIONS)
    # The key comes after the tables: an init that fails for another reason leaves none behind.
    if settings.key_file.exists():
        master = MasterKey.open(settings.key_file)
    else:
        master = MasterKey.create(settings.key_file)
    _, wrapped = Vault(master).new_key(SYSTEM)
    conn.execute(insert(meta).values(name=_FINGERPRINT, value=master.fingerprint))
    conn.execute(insert(chains).values(name=SYSTEM, seq=0, head=GENESIS, wrapped=wrapped))
    grant(conn, settings)


def missing(conn: Connection) -> tuple[str, ...]:
    """The revisions that an upgrade would bring. Errors: StoreError no_schema, schema_newer."""
    found = known(conn)
    return REVISIONS[REVISIONS.index(found) + 1 :] if found in REVISIONS else ()


def upgrade(conn: Connection, settings: Settings, told: Told) -> tuple[str, str]:
    """Run the migrations that are missing and grant again, inside the caller's transaction.

    Acts that run now are waited for, and later ones wait: each reads the revision first.
    """
    _alone(conn)
    found = known(conn)
    check_key(conn, settings)
    if found not in REVISIONS:  # later code has been here, and granted what it needs
        return found, found
    if pending := missing(conn):
        if conn.dialect.name == "postgresql":
            conn.execute(text("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"))
        _migrate(conn, pending, told)
    if conn.dialect.name == "sqlite" and conn.execute(text("PRAGMA foreign_key_check")).first():
        raise StoreError("database_damaged")
    grant(conn, settings)
    return found, NEEDED


def _alone(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY})"))


def _migrate(
    conn: Connection, revisions: Sequence[str], told: Told = lambda revision, n, count: None
) -> None:
    # Alembic is needed here only, and takes a tenth of a second to import.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": conn})
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    for n, one in enumerate(revisions, 1):
        told(one, n, len(revisions))
        command.upgrade(config, one)
    last = ScriptDirectory.from_config(config).get_revision(revisions[-1])
    conn.execute(delete(meta).where(meta.c.name == _SERVES))
    if getattr(last.module, "compatible", False):
        conn.execute(insert(meta).values(name=_SERVES, value=last.down_revision))


def check_role(conn: Connection, settings: Settings) -> str | None:
    """The application's role when the tables belong to another (PostgreSQL).

    Errors: StoreError role_missing.
    """
    role = settings.database_url.username
    if settings.owner_url is None or role == settings.owner_url.username or role is None:
        return None
    if conn.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :r"), {"r": role}).first() is None:
        raise StoreError("role_missing", role=role)
    return role


def grant(conn: Connection, settings: Settings) -> None:
    """Give the application's role what it needs and take away the rest (PostgreSQL)."""
    role = check_role(conn, settings)
    if role is None:
        return
    quote = conn.dialect.identifier_preparer.quote
    app = quote(role)
    place = quote(str(conn.execute(text("SELECT current_schema()")).scalar_one()))
    owns_place, owns_database, database = conn.execute(
        text(
            "SELECT pg_has_role(n.nspowner, 'USAGE'), pg_has_role(d.datdba, 'USAGE'), d.datname"
            " FROM pg_namespace n, pg_database d"
            " WHERE n.nspname = current_schema() AND d.datname = current_database()"
        )
    ).one()
    if owns_place:
        conn.execute(text(f"REVOKE CREATE ON SCHEMA {place} FROM PUBLIC, {app}"))
        conn.execute(text(f"GRANT USAGE ON SCHEMA {place} TO {app}"))
    if owns_database:
        # A temporary table may shadow a real one for the session that made it.
        conn.execute(
            text(f"REVOKE CREATE, TEMPORARY ON DATABASE {quote(database)} FROM PUBLIC, {app}")
        )
    there = set(inspect(conn).get_table_names())  # a restored database may still be an older one
    for table in sorted({"alembic_version", *metadata.tables} & there):
        conn.execute(text(f"REVOKE ALL ON {quote(table)} FROM PUBLIC, {app}"))
        also = f", {GRANTS[table]}" if GRANTS[table] else ""
        conn.execute(text(f"GRANT SELECT{also} ON {quote(table)} TO {app}"))
    # SELECT beside USAGE, so that this role can make a backup.
    conn.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {place} TO {app}"))
