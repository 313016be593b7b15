"""A store is opened only on a database and a key that fit; otherwise a sentence says what to do."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, text, update
from sqlalchemy.exc import DataError

from engine import settings as settings_of
from engine.errors import StoreError, Trouble, VaultError
from engine.settings import Settings
from engine.store import Store, engines, schema, tables
from engine.store.gate import Gate
from engine.vault import MasterKey
from tests import servers
from tests.servers import Server


def code_of(raised: pytest.ExceptionInfo[Trouble]) -> str:
    """The code of what was raised, after a look at its sentence."""
    sentence = raised.value.sentence()
    assert sentence.endswith("。")
    assert "?" not in sentence
    assert "%" not in sentence
    return raised.value.code


# --- making a database ---------------------------------------------------------------------------


def test_init_makes_tables_key_and_file_for_their_owner_alone(bare_settings: Settings) -> None:
    with Store.create(bare_settings) as store:
        assert store.notices == ()
        assert (bare_settings.key_file.stat().st_mode & 0o777) == 0o600
        if store.is_sqlite:
            assert (bare_settings.sqlite_file.stat().st_mode & 0o777) == 0o600
        with store.read() as conn:
            assert schema.revision(conn) == schema.NEEDED


def test_a_second_init_is_refused_and_changes_nothing(settings: Settings) -> None:
    key = settings.key_file.read_bytes()
    with pytest.raises(StoreError) as raised:
        Store.create(settings)
    assert code_of(raised) == "already_there"
    assert settings.key_file.read_bytes() == key
    Store.open(settings).close()


def test_a_second_database_shares_the_key_that_is_there(bare_settings: Settings) -> None:
    made = MasterKey.create(bare_settings.key_file)
    with Store.create(bare_settings) as store:
        assert store.vault.fingerprint == made.fingerprint


def test_an_init_that_fails_leaves_neither_tables_nor_key(bare_postgresql: Settings) -> None:
    stranger = bare_postgresql.database_url.set(username="nobody_knows")
    settings = replace(bare_postgresql, database_url=stranger)
    with pytest.raises(StoreError) as raised:
        Store.create(settings)
    assert code_of(raised) == "role_missing"
    Store.create(bare_postgresql).close()


def test_a_database_with_other_tables_is_left_alone(bare_settings: Settings) -> None:
    engine = _owner(bare_settings)
    with engines.begin(engine, writes=True) as conn:
        conn.execute(text("CREATE TABLE invoices (id integer)"))
    engine.dispose()
    with pytest.raises(StoreError) as raised:
        Store.create(bare_settings)
    assert code_of(raised) == "foreign_schema"
    assert not bare_settings.key_file.exists()


def test_given_alone_the_application_makes_the_tables_and_is_warned(
    bare_postgresql: Settings, postgresql_server: Server
) -> None:
    name = bare_postgresql.database_url.database
    postgresql_server.execute(f"ALTER DATABASE {name} OWNER TO {servers.APPLICATION}")
    alone = replace(bare_postgresql, owner_url=None)
    with Store.create(alone) as store:
        assert len(store.notices) == 1
        assert "HOTLINE_OWNER_DATABASE_URL" in store.notices[0]
        # The triggers hold for the owner as well.
        with pytest.raises(StoreError), store.write() as conn:
            conn.execute(text("TRUNCATE events CASCADE"))


def test_the_tables_are_those_that_the_code_describes(settings: Settings) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = _owner(settings)
    with engine.connect() as conn:
        opts = {"compare_type": True, "include_object": _compared(settings)}
        context = MigrationContext.configure(conn, opts=opts)
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def _compared(settings: Settings) -> Callable[..., bool]:
    """All but what SQLite's full-text search keeps in tables of its own kind."""
    return lambda thing, name, kind, *_: (
        not (settings.is_sqlite and kind == "table" and name.split("_")[0] == "search")
    )


def test_the_code_knows_every_migration() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("path_separator", "os")
    folder = Path(schema.__file__).with_name("migrations")
    config.set_main_option("script_location", str(folder))
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(known)) == schema.REVISIONS


def test_every_table_is_granted_on_purpose() -> None:
    assert set(schema.GRANTS) == {*tables.metadata.tables, "alembic_version"}


# --- older, newer, not there ---------------------------------------------------------------------


def _owner(settings: Settings) -> Engine:
    if settings.is_sqlite:
        settings.sqlite_file.parent.mkdir(exist_ok=True)
    return engines.connect(settings, 5.0, schema=True)


def _set_revision(settings: Settings, revision: str) -> None:
    engine = _owner(settings)
    with engines.begin(engine, writes=True) as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
    engine.dispose()


def test_an_older_schema_asks_for_an_upgrade(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "REVISIONS", (*schema.REVISIONS, "9998"))
    monkeypatch.setattr(schema, "NEEDED", "9998")
    with pytest.raises(StoreError) as raised:
        Store.open(settings)
    assert code_of(raised) == "schema_older"
    assert "hotline upgrade" in raised.value.sentence()


def test_a_newer_schema_asks_for_newer_code(settings: Settings) -> None:
    _set_revision(settings, "9999")
    for way in (Store.open, Store.upgrade):
        with pytest.raises(StoreError) as raised:
            way(settings)
        assert code_of(raised) == "schema_newer"


def test_an_upgrade_of_what_is_new_grants_again(settings: Settings) -> None:
    assert Store.upgrade(settings) == (schema.NEEDED, schema.NEEDED)
    Store.open(settings).close()


def test_a_database_that_was_never_made_asks_for_init(bare_settings: Settings) -> None:
    for way in (Store.open, Store.upgrade):
        with pytest.raises(StoreError) as raised:
            way(bare_settings)
        assert code_of(raised) == "no_schema"
    assert not (bare_settings.home / "var").exists(), "opening makes nothing"


def test_a_file_that_is_no_database_is_left_alone(bare_sqlite: Settings) -> None:
    bare_sqlite.sqlite_file.parent.mkdir()
    bare_sqlite.sqlite_file.write_text("工单\n" * 1000)
    for way in (Store.open, Store.create):
        with pytest.raises(StoreError) as raised:
            way(bare_sqlite)
        assert code_of(raised) == "not_a_database"
    assert bare_sqlite.sqlite_file.read_text() == "工单\n" * 1000


def test_a_server_that_is_down(bare_postgresql: Settings) -> None:
    down = replace(bare_postgresql, database_url=bare_postgresql.database_url.set(port=1))
    with pytest.raises(StoreError) as raised:
        Store.open(down)
    assert code_of(raised) == "database_down"


def test_a_database_that_the_server_does_not_have(bare_postgresql: Settings) -> None:
    url = bare_postgresql.database_url.set(database="nowhere")
    with pytest.raises(StoreError) as raised:
        Store.open(replace(bare_postgresql, database_url=url))
    assert code_of(raised) == "database_missing"


def test_a_wrong_password(bare_postgresql: Settings) -> None:
    url = bare_postgresql.database_url.set(username=servers.LOCKED, password="wrong")
    with pytest.raises(StoreError) as raised:
        Store.open(replace(bare_postgresql, database_url=url))
    assert code_of(raised) == "database_refused"
    assert "wrong" not in raised.value.sentence()


def test_a_server_that_went_away_says_so_and_the_next_act_works(
    postgresql_store: Store, postgresql_server: Server
) -> None:
    name = postgresql_store.settings.database_url.database
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    )

    def act() -> None:
        with postgresql_store.write() as conn:
            conn.execute(insert(tables.areas).values(id="x", name="x", level="city"))
            postgresql_server.execute(kill)
            conn.execute(select(tables.areas))

    with pytest.raises(StoreError) as raised:
        act()
    assert code_of(raised) == "database_down"
    with postgresql_store.read() as conn:
        assert conn.execute(select(tables.areas)).all() == []


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="hotline-home-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_disk_that_is_read_only(sqlite_settings: Settings, open_folder: Path) -> None:
    shutil.copytree(sqlite_settings.home / "var", open_folder / "var")
    settings = settings_of.read({"HOTLINE_HOME": str(open_folder)})
    user = servers.ordinary_user()
    files = [open_folder / "var", *(open_folder / "var").rglob("*")]
    for path in files:
        path.chmod(0o500 if path.is_dir() else 0o400)
        if user is not None:
            os.chown(path, user.pw_uid, user.pw_gid)
    said = _as_user(user, lambda: _code_of_writing(settings))
    for path in files:
        path.chmod(0o700)
    assert said == "database_read_only"


def _code_of_writing(settings: Settings) -> str:
    try:
        with Store.open(settings) as store, store.write() as conn:
            conn.execute(insert(tables.areas).values(id="x", name="x", level="city"))
    except Trouble as error:
        return error.code
    return "written"


def _as_user(user: pwd.struct_passwd | None, ask: Callable[[], str]) -> str:
    """The answer of a child process that has become somebody else, for root writes everywhere."""
    mine, its = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if user is not None:
                os.setgroups([])
                os.setgid(user.pw_gid)
                os.setuid(user.pw_uid)
            os.write(its, ask().encode())
        except BaseException as error:
            os.write(its, repr(error).encode())
        finally:
            os._exit(0)
    os.close(its)
    with os.fdopen(mine) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


# --- the key -------------------------------------------------------------------------------------


def test_a_missing_key_is_never_replaced(settings: Settings) -> None:
    settings.key_file.unlink()
    for way in (Store.open, Store.upgrade):
        with pytest.raises(VaultError) as raised:
            way(settings)
        assert code_of(raised) == "key_missing"
        assert not settings.key_file.exists()
    with pytest.raises(StoreError, match="已经建立"):
        Store.create(settings)
    assert not settings.key_file.exists()


def test_a_wrong_key_is_noticed(settings: Settings) -> None:
    settings.key_file.unlink()
    MasterKey.create(settings.key_file)
    other = settings.key_file.read_bytes()
    with pytest.raises(VaultError) as raised:
        Store.open(settings)
    assert code_of(raised) == "key_wrong"
    assert settings.key_file.read_bytes() == other


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(sqlite_settings: Settings, mode: int) -> None:
    sqlite_settings.key_file.chmod(mode)
    with pytest.raises(VaultError) as raised:
        Store.open(sqlite_settings)
    assert code_of(raised) == "key_permissions"
    assert f"{mode:04o}" in raised.value.sentence()


@pytest.mark.parametrize("content", [b"", b"\x00" * 32, b"ab" * 31, b"ab" * 32 + b"cd", b"AB" * 32])
def test_a_key_file_that_holds_no_key(sqlite_settings: Settings, content: bytes) -> None:
    sqlite_settings.key_file.write_bytes(content)
    with pytest.raises(VaultError) as raised:
        Store.open(sqlite_settings)
    assert code_of(raised) == "key_broken"


# --- locked --------------------------------------------------------------------------------------


def test_a_locked_database_says_so_and_nothing_is_done(settings: Settings) -> None:
    with Store.open(settings, wait=0.2) as store, Store.open(settings, wait=0.2) as other:
        with store.write() as conn:
            conn.execute(insert(tables.areas).values(id="a", name="a", level="city"))
        with other.write() as held:
            held.execute(update(tables.areas).values(name="b"))
            with pytest.raises(StoreError) as raised, store.write() as conn:
                conn.execute(update(tables.areas).values(name="c"))
            assert code_of(raised) == "database_locked"
            with store.read() as conn:  # readers do not wait
                assert conn.execute(select(tables.areas.c.name)).scalar_one() == "a"
        with store.read() as conn:
            assert conn.execute(select(tables.areas.c.name)).scalar_one() == "b"


def test_a_database_locked_by_another_program(sqlite_settings: Settings) -> None:
    import pysqlite3.dbapi2 as sqlite

    with Store.open(sqlite_settings, wait=0.2) as store:
        other = sqlite.connect(str(sqlite_settings.sqlite_file), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as raised, store.write():
            pass
        assert code_of(raised) == "database_locked"
        other.execute("ROLLBACK")
        other.close()


def test_a_write_inside_a_write_is_a_mistake_in_the_code(sqlite_store: Store) -> None:
    with (
        sqlite_store.write(),
        pytest.raises(RuntimeError, match="inside"),
        sqlite_store.write(),
    ):
        pass


def test_reading_never_writes(store: Store) -> None:
    with pytest.raises(StoreError), store.read() as conn:
        conn.execute(insert(tables.areas).values(id="x", name="x", level="city"))
    with store.read() as conn:
        assert conn.execute(select(tables.areas)).all() == []


def test_a_snapshot_does_not_move(store: Store) -> None:
    with store.read() as conn:
        assert conn.execute(select(tables.areas)).all() == []
        with store.write() as other:
            other.execute(insert(tables.areas).values(id="x", name="x", level="city"))
        assert conn.execute(select(tables.areas)).all() == []


def test_sqlite_is_set_up_as_it_was_measured(sqlite_store: Store) -> None:
    with sqlite_store.write() as conn:
        said = {
            name: conn.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        }
        version = conn.exec_driver_sql("SELECT sqlite_version()").scalar_one()
    assert said == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
    }
    assert tuple(map(int, version.split("."))) >= (3, 51, 3), "older ones corrupt a WAL"


# --- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_address_may_be_written_in_three_ways(scheme: str, home: Path) -> None:
    found = settings_of.read(
        {"HOTLINE_HOME": str(home), "HOTLINE_DATABASE_URL": f"{scheme}://a:b@db.example/x"}
    )
    assert found.database_url.drivername == "postgresql+psycopg"
    assert settings_of.read(found.environment()) == found
    assert "b@" not in repr(found)


@pytest.mark.parametrize("url", ["mysql://a@b/c", "nonsense", "postgresql://host", "sqlite://"])
def test_another_address_is_refused_without_repeating_it(url: str, home: Path) -> None:
    with pytest.raises(Trouble) as raised:
        settings_of.read({"HOTLINE_HOME": str(home), "HOTLINE_DATABASE_URL": url})
    assert code_of(raised) == "url_unknown"
    assert url not in raised.value.sentence()


def test_the_owner_s_address_names_the_same_database(home: Path) -> None:
    here = {"HOTLINE_HOME": str(home), "HOTLINE_OWNER_DATABASE_URL": "postgresql://o@h/x"}
    with pytest.raises(Trouble, match="HOTLINE_DATABASE_URL"):
        settings_of.read(here)
    with pytest.raises(Trouble, match="不是同一个"):
        settings_of.read({**here, "HOTLINE_DATABASE_URL": "postgresql://a@h/y"})
    settings_of.read({**here, "HOTLINE_DATABASE_URL": "postgresql://a@h:5432/x"})


def test_files_lie_below_home_unless_said_otherwise(home: Path) -> None:
    found = settings_of.read({"HOTLINE_HOME": str(home), "HOTLINE_DATABASE_URL": ""})
    assert found.sqlite_file == home / "var" / "hotline.db"
    assert found.key_file == home / "var" / "keys" / "master.key"
    chosen = settings_of.read({"HOTLINE_HOME": str(home), "HOTLINE_KEY_FILE": "/keys/one"})
    assert chosen.key_file == Path("/keys/one")
    with pytest.raises(Trouble, match="HOTLINE_HOME"):
        settings_of.read({"HOTLINE_HOME": str(home / "none")})


# --- the suite itself ----------------------------------------------------------------------------


def test_without_postgresql_the_suite_fails_with_the_command_to_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    with pytest.raises(pytest.fail.Exception, match="apt-get install -y postgresql"):
        servers.binaries()


# --- what breaks later ---------------------------------------------------------------------------


def test_a_directory_that_vanished_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as raised, Gate(tmp_path / "gone" / "lock", 1).hold():
        pass
    assert code_of(raised) == "cannot_open"


def test_a_value_that_the_database_cannot_hold_is_no_outage(bare_settings: Settings) -> None:
    assert engines.trouble(DataError("", {}, ValueError("NUL")), bare_settings) is None
