"""A backup made while people work restores whole, or is refused in a sentence; never half."""

from __future__ import annotations

import errno
import io
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text

from engine import backup as backups
from engine import files
from engine import settings as settings_of
from engine.acts import uploads
from engine.acts.housekeeping import forget_uploads
from engine.acts.keys import erase
from engine.backup import keys, postgresql
from engine.backup import manifest as manifests
from engine.cli import common
from engine.errors import StoreError, Trouble, VaultError
from engine.read import agenda
from engine.read.ticket import attachment
from engine.read.verify import verify
from engine.settings import Settings
from engine.store import Store, engines
from engine.store import tables as t
from engine.vault import MasterKey, Vault
from tests import conftest, crowd, samples, servers
from tests.commands import ROOT, copied, hotline
from tests.integration import office

_count = itertools.count(1)
BEFORE, AFTER = 8, 4
"""Acts that are acknowledged before the backup begins, and after it has ended."""
RESUMED = 3


def untold(name: str, done: int, size: int) -> None:
    """Nobody watches."""


@pytest.fixture
def empty(request, tmp_path, settings) -> Settings:
    """Another home, and another empty database of the same kind."""
    if not settings.is_sqlite:
        found: Settings = request.getfixturevalue("bare_elsewhere")
        return found
    home = tmp_path / "elsewhere"
    home.mkdir()
    return settings_of.read({"HOTLINE_HOME": str(home)})


@pytest.fixture
def bare_elsewhere(tmp_path, postgresql_server) -> Iterator[Settings]:
    """Another home, and another empty database of PostgreSQL."""
    home = tmp_path / "elsewhere"
    home.mkdir()
    name = f"restored_{next(_count)}"
    postgresql_server.execute(f"CREATE DATABASE {name} OWNER {servers.OWNER}")
    yield settings_of.read(
        {
            "HOTLINE_HOME": str(home),
            "HOTLINE_DATABASE_URL": postgresql_server.url(name),
            "HOTLINE_OWNER_DATABASE_URL": postgresql_server.url(name, servers.OWNER),
        }
    )
    postgresql_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def key(settings) -> MasterKey:
    """The key of the database that is backed up."""
    return MasterKey.open(settings.key_file)


@pytest.fixture
def saved(settings, tmp_path, now) -> Path:
    """A backup of a database that has tables and some messages in its outbox folder."""
    settings.outbox.mkdir()
    (settings.outbox / "unit.warned.jsonl").write_bytes(b'{"key":"T-1/1/1"}\n' * 3)
    backups.backup(settings, tmp_path / "saved", now, untold)
    return tmp_path / "saved"


def code_of(raised: pytest.ExceptionInfo[Trouble]) -> str:
    """The code of what was raised, after a look at its sentence."""
    sentence = raised.value.sentence()
    assert sentence.endswith("。")
    assert "?" not in sentence
    assert "%" not in sentence
    return raised.value.code


def assert_nothing_there(place: Settings) -> None:
    """No database that opens, no key, and nothing in the way of a restore."""
    assert not place.key_file.exists()
    assert not place.outbox.exists()
    with pytest.raises(StoreError) as raised:
        Store.open(place)
    assert code_of(raised) == "no_schema"


# --- a crowd ---------------------------------------------------------------------------------


def test_what_was_acknowledged_before_a_backup_is_in_it_and_goes_on(
    settings, empty, tmp_path, now, key
):
    with Store.open(settings) as store:
        office.opened(store, now)
    with crowd.at_work(settings, tmp_path, "hu", "li") as journals:
        for journal in journals.values():
            crowd.wait_for(journal, BEFORE)
        begins = time.monotonic()
        made = backups.backup(settings, tmp_path / "saved", now, untold)
        for journal in journals.values():  # nobody has to wait for the backup
            crowd.wait_for(journal, len(crowd.acts(journal)) + AFTER)
    acts = [act for journal in journals.values() for act in crowd.acts(journal)]
    before = {act["key"] for act in acts if act["at"] < begins}
    assert len(before) >= 2 * BEFORE

    restored = backups.restore(empty, tmp_path / "saved", key, untold)
    assert restored == made
    with Store.open(empty) as store:
        assert store.notices == ()
        assert verify(store).differences == ()
        with store.read() as conn:
            known = set(conn.execute(select(t.requests.c.key)).scalars())
        assert before <= known
        assert len(known) < len(acts), "the backup is of its moment, and not of the end"
        for number in agenda.numbers(store)[:RESUMED]:
            waited = agenda.waiting(store, number)
            crowd.does(store, number, f"restored/{number}", crowd.BEGINS + timedelta(hours=1))
            assert agenda.waiting(store, number) != waited
            assert verify(store, number).differences == ()
        # The log is as append-only as before, for whoever does it.
        for statement in ("UPDATE events SET actor = 'x'", "DELETE FROM payloads"):
            with pytest.raises((StoreError, Exception), match=r"append-only|账号"):
                _as_owner(empty, statement)
        if not store.is_sqlite:
            with pytest.raises(StoreError) as raised, store.write() as conn:
                conn.execute(text("UPDATE events SET actor = 'x'"))
            assert code_of(raised) == "database_forbidden"


def _as_owner(place: Settings, statement: str) -> None:
    engine = engines.connect(place, 5.0, schema=True)
    try:
        with engines.begin(engine, writes=True) as conn:
            conn.execute(text(statement))
    finally:
        engine.dispose()


def test_messages_that_were_delivered_to_files_come_along(settings, empty, saved, key):
    backups.restore(empty, saved, key, untold)
    (mine,) = settings.outbox.iterdir()
    (its,) = empty.outbox.iterdir()
    assert its.read_bytes() == mine.read_bytes()
    assert its.stat().st_mode & 0o777 == 0o600


def test_only_its_owner_reads_a_backup(saved):
    assert saved.stat().st_mode & 0o777 == 0o700
    found = [path for path in saved.rglob("*") if path.is_file()]
    assert len(found) == 3
    assert {path.stat().st_mode & 0o777 for path in found} == {0o600}


def test_no_key_is_in_a_backup(saved, key):
    for path in saved.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert key.key not in content
            assert key.key.hex().encode() not in content


def test_the_key_of_an_erased_ticket_is_not_in_a_backup(sqlite_store, make_ticket, tmp_path, now):
    conftest.add_places(sqlite_store)
    with sqlite_store.write() as conn:
        ticket = make_ticket(conn, sqlite_store, "T-1")
    with sqlite_store.read() as conn:
        wrapped = conn.execute(select(t.ticket_keys.c.wrapped)).scalar_one()
    with sqlite_store.write() as conn:
        conn.execute(delete(t.ticket_keys).where(t.ticket_keys.c.ticket == ticket.id))
    sqlite_store.close()
    assert wrapped in sqlite_store.settings.sqlite_file.read_bytes(), "the control"
    backups.backup(sqlite_store.settings, tmp_path / "saved", now, untold)
    assert wrapped not in (tmp_path / "saved/database.sqlite").read_bytes()


# --- damage ----------------------------------------------------------------------------------


def test_attachments_come_along_and_those_of_an_erased_ticket_do_not(
    settings, empty, tmp_path, now, key
):
    def put(city: office.Office) -> str:
        photo = io.BytesIO(samples.png(4))
        taker = city.who("call_taker", "sr-centre")
        args = (city.store, taker, "", 0, "materials", "现场.png", photo, now)
        return uploads.put(*args, office.key())

    with Store.open(settings) as store:
        city = office.opened(store, now - timedelta(days=9))
        kept = city.call(now, materials=[put(city)])
        gone = city.call(now, materials=[put(city)])
        put(city)  # with a form that nobody submits
        city.runs(gone, now, lead_unit="sr-water", review="accepted")
        supervisor = city.who("supervisor", "sr-authority")
        erase(store, supervisor, gone, "保存期满", now, office.key())
    backups.backup(settings, tmp_path / "full", now, untold)
    backups.restore(empty, tmp_path / "full", key, untold)
    with Store.open(empty) as store:
        assert verify(store).differences == ()
        taker = city.who("call_taker", "sr-centre")
        assert b"".join(attachment(store, taker, kept, 1).chunks) == samples.png(4)
        assert forget_uploads(store, now + timedelta(days=2)) == 1
        with store.read() as conn:
            assert len(conn.execute(select(t.pieces)).all()) == 1


def test_a_flipped_byte_is_found_in_whichever_part_it_is(settings, empty, saved, key):
    for path in sorted(path for path in saved.rglob("*") if path.is_file()):
        content = path.read_bytes()
        name = path.relative_to(saved).as_posix()
        for place in (0, len(content) // 2, len(content) - 1):
            flipped = bytearray(content)
            flipped[place] ^= 1
            path.write_bytes(flipped)
            with pytest.raises(Trouble) as raised:
                backups.restore(empty, saved, key, untold)
            assert code_of(raised) == "backup_damaged"
            assert name in raised.value.sentence()
            assert_nothing_there(empty)
        path.write_bytes(content[:-1])
        with pytest.raises(Trouble, match="损坏"):
            backups.restore(empty, saved, key, untold)
        path.write_bytes(content)
    (saved / "outbox/unit.warned.jsonl").unlink()
    with pytest.raises(Trouble, match=r"unit\.warned"):
        backups.restore(empty, saved, key, untold)
    assert_nothing_there(empty)


def test_a_manifest_written_by_somebody_without_the_key_is_refused(settings, empty, saved, key):
    part = next(saved.glob("database.*"))
    part.write_bytes(b"something else")
    _, plain = manifests.read(saved)
    size, digest = files.digest(part)
    plain["parts"] = [
        {"name": p["name"], "size": size, "sha256": digest} if "database" in p["name"] else p
        for p in plain["parts"]
    ]
    del plain["sha256"]
    plain["sha256"] = manifests._digest(plain)
    (saved / "manifest.json").write_bytes(manifests._text(plain))
    with pytest.raises(Trouble) as raised:
        backups.restore(empty, saved, key, untold)
    assert code_of(raised) == "backup_foreign"
    assert_nothing_there(empty)


def _sealed_anew(saved: Path, key: MasterKey, **changes: object) -> None:
    """The manifest as other code of this installation would have written it."""
    _, plain = manifests.read(saved)
    told = {k: v for k, v in plain.items() if k not in ("seal", "sha256")} | changes
    told["seal"] = manifests._seal(told, Vault(key))
    told["sha256"] = manifests._digest(told)
    (saved / "manifest.json").write_bytes(manifests._text(told))


def test_a_backup_of_newer_code_asks_for_that(settings, empty, saved, key):
    for changes in (
        {"revision": "9999", "serves": None},
        {"revision": "9999", "serves": "9998"},
        {"format": 2},
    ):
        _sealed_anew(saved, key, **{"format": 1, "product": "9.9", **changes})
        with pytest.raises(Trouble) as raised:
            backups.restore(empty, saved, key, untold)
        assert code_of(raised) == "backup_newer"
        assert "9.9" in raised.value.sentence()
        assert_nothing_there(empty)


def test_rows_that_are_not_the_manifests_are_not_put_in_use(settings, empty, saved, key):
    _, plain = manifests.read(saved)
    _sealed_anew(saved, key, survey=plain["survey"] | {"events": 77})
    with pytest.raises(Trouble) as raised:
        backups.restore(empty, saved, key, untold)
    assert code_of(raised) == "restore_differs"
    assert not empty.key_file.exists()
    with pytest.raises(StoreError) as refused:
        Store.open(empty)
    assert code_of(refused) in ("no_schema", "database_forbidden")


# --- killed ----------------------------------------------------------------------------------

HANGS = """
import os, sys, time
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock
from engine import backup, settings
from engine.backup import keys

def hang(*_args, **_more):
    print("hangs", flush=True)
    time.sleep(600)

chosen, what, where, place, key = settings.read(os.environ), *sys.argv[1:]
place = Path(place)
with mock.patch(where, hang):
    if what == "backup":
        backup.backup(chosen, place, datetime(2026, 9, 30, tzinfo=UTC), lambda *_: None)
    else:
        backup.restore(chosen, place, keys.read(Path(key)), lambda *_: None)
"""


def _killed(settings: Settings, what: str, where: str, place: Path, key: Path) -> None:
    """Begin something in another process and kill it as soon as it stands at `where`."""
    child = subprocess.Popen(
        [sys.executable, "-c", HANGS, what, where, str(place), str(key)],
        env={**os.environ, **settings.environment(), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "hangs\n"
    child.send_signal(signal.SIGKILL)
    assert child.wait(30) == -signal.SIGKILL
    child.stdout.close()


@pytest.mark.parametrize("where", ["engine.backup.manifest.survey", "os.rename"])
def test_a_killed_backup_leaves_nothing_that_restores(settings, empty, tmp_path, now, key, where):
    place = tmp_path / "backups"
    place.mkdir()
    _killed(settings, "backup", where, place / "saved", settings.key_file)
    (left,) = place.iterdir()
    for source, code in ((left, "backup_none"), (place / "saved", "backup_missing")):
        with pytest.raises(Trouble) as raised:
            backups.restore(empty, source, key, untold)
        assert code_of(raised) == code
    assert_nothing_there(empty)
    backups.backup(settings, place / "saved", now, untold)
    backups.restore(empty, place / "saved", key, untold)
    Store.open(empty).close()


def test_a_killed_restore_leaves_nothing_that_opens(settings, empty, saved, key):
    last = "engine.files.place" if settings.is_sqlite else "engine.backup.postgresql._feed"
    _killed(empty, "restore", last, saved, settings.key_file)
    _until_free(empty)
    with pytest.raises(StoreError) as raised:
        Store.open(empty)
    assert code_of(raised) == "no_schema"
    backups.restore(empty, saved, key, untold)
    Store.open(empty).close()


def test_killed_before_its_last_act_a_restore_has_rows_but_no_hotline_opens_them(
    postgresql_settings, bare_elsewhere, tmp_path, now
):
    backups.backup(postgresql_settings, tmp_path / "saved", now, untold)
    key = MasterKey.open(postgresql_settings.key_file)
    where = "engine.store.schema.grant"
    _killed(bare_elsewhere, "restore", where, tmp_path / "saved", postgresql_settings.key_file)
    _until_free(bare_elsewhere)
    for role in (bare_elsewhere, replace(bare_elsewhere, database_url=bare_elsewhere.owner_url)):
        with pytest.raises(StoreError) as raised:
            Store.open(role)
        assert code_of(raised) in ("no_schema", "database_forbidden")
    with pytest.raises(Trouble) as raised_again:
        backups.restore(bare_elsewhere, tmp_path / "saved", key, untold)
    assert code_of(raised_again) == "restore_not_empty"


def _until_free(place: Settings) -> None:
    """Wait until the server has noticed that its client is gone."""
    if place.is_sqlite:
        return
    engine = engines.connect(place, 5.0, schema=True)
    others = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with engines.begin(engine, writes=False) as conn:
            if not conn.execute(others).scalar_one():
                break
    engine.dispose()


def test_a_key_that_could_not_be_put_in_its_place_is_noticed_before_the_data_are(
    settings, empty, saved, key
):
    """As in /etc/hotline, where the services' user may read and not write."""
    for place in ("/proc/hotline/master.key", "/proc/master.key"):
        sealed = replace(empty, key_file=Path(place))
        with pytest.raises(VaultError) as raised:
            backups.restore(sealed, saved, key, untold)
        assert code_of(raised) == "restore_no_key"
        assert place in raised.value.sentence()
    assert_nothing_there(empty)
    backups.restore(empty, saved, key, untold)


# --- the wrong place -------------------------------------------------------------------------


def test_a_restore_never_replaces_anything(settings, empty, saved, key):
    before = settings.key_file.read_bytes()
    with pytest.raises(Trouble) as raised:
        backups.restore(settings, saved, key, untold)
    assert code_of(raised) == "restore_not_empty"
    assert settings.key_file.read_bytes() == before
    Store.open(settings).close()

    other = MasterKey.create(empty.key_file)
    with pytest.raises(VaultError) as raised_key:
        backups.restore(empty, saved, key, untold)
    assert code_of(raised_key) == "restore_other_key"
    sentence = raised_key.value.sentence()
    for told in (empty.key_file, key.path, "移到别处", "HOTLINE_HOME"):
        assert str(told) in sentence
    assert MasterKey.open(empty.key_file) == other
    empty.key_file.unlink()

    empty.outbox.mkdir(parents=True)
    (empty.outbox / "unit.warned.jsonl").write_text("another\n")
    with pytest.raises(Trouble) as raised:
        backups.restore(empty, saved, key, untold)
    assert code_of(raised) == "restore_outbox"
    shutil.rmtree(empty.outbox)

    if not empty.is_sqlite:
        _as_owner(empty, "CREATE TABLE invoices (id integer)")
        with pytest.raises(Trouble) as raised:
            backups.restore(empty, saved, key, untold)
        assert code_of(raised) == "restore_not_empty"
        _as_owner(empty, "DROP TABLE invoices")
    assert_nothing_there(empty)


def test_a_wrong_key_is_noticed_before_anything_is_done(settings, empty, saved, tmp_path):
    wrong = MasterKey.create(tmp_path / "wrong.key")
    with pytest.raises(VaultError) as raised:
        backups.restore(empty, saved, wrong, untold)
    assert code_of(raised) == "key_other"
    assert_nothing_there(empty)


def test_a_backup_of_the_other_database_is_refused(bare_sqlite, postgresql_settings, tmp_path, now):
    backups.backup(postgresql_settings, tmp_path / "saved", now, untold)
    key = MasterKey.open(postgresql_settings.key_file)
    with pytest.raises(Trouble) as raised:
        backups.restore(bare_sqlite, tmp_path / "saved", key, untold)
    assert code_of(raised) == "backup_other_database"
    assert not bare_sqlite.sqlite_file.exists()


def test_a_backup_never_replaces_anything(settings, saved, tmp_path, now):
    before = {path: path.read_bytes() for path in saved.rglob("*") if path.is_file()}
    (tmp_path / "file").write_text("here before")
    for target in (saved, tmp_path / "file"):
        with pytest.raises(Trouble) as raised:
            backups.backup(settings, target, now, untold)
        assert code_of(raised) == "backup_exists"
    with pytest.raises(Trouble) as raised:
        backups.backup(settings, tmp_path / "unmounted/saved", now, untold)
    assert code_of(raised) == "backup_nowhere"
    assert before == {path: path.read_bytes() for path in saved.rglob("*") if path.is_file()}
    assert not list(tmp_path.glob("*.partial"))


def test_a_full_disk_leaves_nothing(settings, tmp_path, now, monkeypatch):
    def full(*_args: object) -> object:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    place = tmp_path / "small"
    place.mkdir()
    monkeypatch.setattr(files, "digest", full)
    monkeypatch.setattr(files, "write", full)
    with pytest.raises(Trouble) as raised:
        backups.backup(settings, place / "saved", now, untold)
    assert code_of(raised) == "disk_full"
    assert str(place) in raised.value.sentence()
    assert list(place.iterdir()) == []


def test_too_little_room_is_seen_before_a_long_copy(sqlite_settings, tmp_path, now, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    with pytest.raises(Trouble) as raised:
        backups.backup(sqlite_settings, tmp_path / "saved", now, untold)
    assert code_of(raised) == "disk_full"
    assert not list(tmp_path.glob("*saved*"))


def test_a_missing_pg_dump_names_the_package(postgresql_settings, tmp_path, now, monkeypatch):
    monkeypatch.setattr(postgresql, "PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Trouble) as raised:
        backups.backup(postgresql_settings, tmp_path / "saved", now, untold)
    assert code_of(raised) == "program_missing"
    assert "postgresql-client-" in raised.value.sentence()
    assert not list(tmp_path.glob("*saved*"))


def test_a_program_that_is_too_old_is_not_taken(tmp_path, monkeypatch):
    for version in (9, 15, 17):
        program = tmp_path / str(version) / "pg_dump"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}.1 (Debian)'\n")
        program.chmod(0o755)
    monkeypatch.setattr(postgresql, "PLACES", (str(tmp_path / "*"),))
    monkeypatch.setenv("PATH", "")
    assert postgresql.program("pg_dump", 15)[1] == 15
    assert postgresql.program("pg_dump", 16)[1] == 17
    with pytest.raises(Trouble, match="18"):
        postgresql.program("pg_dump", 18)


def test_a_pg_dump_that_fails_says_why_and_leaves_nothing(
    postgresql_settings, postgresql_server, tmp_path, now
):
    name = postgresql_settings.database_url.database
    postgresql_server.execute("CREATE TABLE secret (id integer)", database=name)
    with pytest.raises(StoreError) as raised:
        backups.backup(postgresql_settings, tmp_path / "saved", now, untold)
    assert code_of(raised) == "database_forbidden"
    assert not list(tmp_path.glob("*saved*"))


def test_the_applications_role_can_make_a_backup(postgresql_settings, tmp_path, now):
    environment = postgresql_settings.environment()
    del environment["HOTLINE_OWNER_DATABASE_URL"]
    alone = settings_of.read(environment)
    assert backups.backup(alone, tmp_path / "saved", now, untold).survey.events == 0


def test_a_database_that_is_not_there_has_no_backup(bare_settings, tmp_path, now):
    with pytest.raises(StoreError) as raised:
        backups.backup(bare_settings, tmp_path / "saved", now, untold)
    assert code_of(raised) == "no_schema"
    assert not list(tmp_path.glob("*saved*"))


@pytest.mark.parametrize("name", ["manifest.json", "database.sqlite"])
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_part_that_is_no_file_is_damage(sqlite_settings, tmp_path, now, name, make):
    backups.backup(sqlite_settings, tmp_path / "saved", now, untold)
    (tmp_path / "saved" / name).unlink()
    make(tmp_path / "saved" / name)
    done = hotline(sqlite_settings.home, "restore", tmp_path / "saved", "--check", code=1)
    assert f"备份已损坏：{name} " in done.stderr


def test_a_pipe_among_the_messages_is_not_waited_for(sqlite_settings, tmp_path):
    sqlite_settings.outbox.mkdir()
    os.mkfifo(sqlite_settings.outbox / "unit.warned.jsonl")
    done = hotline(sqlite_settings.home, "backup", tmp_path / "saved", code=1)
    assert "unit.warned.jsonl（是管道或设备，不是普通文件）" in done.stderr
    assert not list(tmp_path.glob("*saved*"))


def test_of_a_part_no_more_is_read_than_it_should_have(sqlite_settings, tmp_path, now):
    made = backups.backup(sqlite_settings, tmp_path / "saved", now, untold)
    part = tmp_path / "saved/database.sqlite"
    with part.open("ab") as file:
        file.truncate(made.size + (1 << 30))
    heard: list[int] = []
    key = MasterKey.open(sqlite_settings.key_file)
    with pytest.raises(Trouble) as raised:
        backups.check(tmp_path / "saved", key, lambda _name, done, _size: heard.append(done))
    assert code_of(raised) == "backup_damaged"
    assert heard[-1] <= made.size + 1


# --- the key ---------------------------------------------------------------------------------


def test_a_key_is_kept_apart(sqlite_settings, tmp_path, now):
    backups.backup(sqlite_settings, tmp_path / "saved", now, untold)
    for place in (
        sqlite_settings.sqlite_file.with_name("copy.key"),
        tmp_path / "copy.key",
        tmp_path / "saved/copy.key",
        tmp_path / "saved/deep/copy.key",
    ):
        place.parent.mkdir(exist_ok=True)
        with pytest.raises(Trouble) as raised:
            keys.apart(sqlite_settings, None, place)
        assert code_of(raised) == "key_beside_data"
        refused = hotline(sqlite_settings.home, "backup", "--keys", place, code=1)
        assert "--together" in refused.stderr
        assert not place.exists()
    safe = tmp_path / "safe"
    safe.mkdir()
    keys.keep(sqlite_settings, safe / "copy.key")
    assert (safe / "copy.key").stat().st_mode & 0o777 == 0o600
    assert keys.read(safe / "copy.key").fingerprint == (
        MasterKey.open(sqlite_settings.key_file).fingerprint
    )
    with pytest.raises(VaultError) as raised_key:
        keys.keep(sqlite_settings, safe / "copy.key")
    assert code_of(raised_key) == "key_exists"
    hotline(sqlite_settings.home, "backup", "--keys", tmp_path / "copy.key", "--together")


def test_a_key_under_a_passphrase(sqlite_settings, tmp_path):
    copy = tmp_path / "copy.key"
    with pytest.raises(Trouble, match="12"):
        keys.keep(sqlite_settings, copy, "short")
    keys.keep(sqlite_settings, copy, "春江潮水连海平海上明月共潮生")
    own = MasterKey.open(sqlite_settings.key_file)
    assert own.key.hex() not in copy.read_text()
    assert keys.read(copy, "春江潮水连海平海上明月共潮生").key == own.key
    for word, code in (
        (None, "passphrase_needed"),
        ("滟滟随波千万里何处春江无月明", "passphrase_wrong"),
    ):
        with pytest.raises(Trouble) as raised:
            keys.read(copy, word)
        assert code_of(raised) == code
    broken = json.loads(copy.read_text())
    broken["scrypt"]["n"] = 2**40
    copy.write_text(json.dumps(broken))
    with pytest.raises(VaultError) as raised_key:
        keys.read(copy, "春江潮水连海平海上明月共潮生")
    assert code_of(raised_key) == "key_broken"


def test_a_passphrase_that_is_typed(sqlite_settings, tmp_path, monkeypatch):
    typed = iter(["short and long enough", "something else", *["short and long enough"] * 2])
    monkeypatch.setattr("engine.cli.backing_up._typed", lambda _what: next(typed))
    home, key = sqlite_settings.home, tmp_path / "copy.key"
    wrong = hotline(home, "backup", "--keys", key, "--passphrase", code=2)
    assert "两次" in wrong.stderr
    assert not key.exists()
    hotline(home, "backup", "--keys", key, "--passphrase")
    assert keys.is_wrapped(key)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_passphrase_or_key_that_is_no_file_is_said(sqlite_settings, tmp_path, now, make):
    home, pipe, key = sqlite_settings.home, tmp_path / "pipe", tmp_path / "copy.key"
    make(pipe)
    said = "是管道或设备，不是普通文件"
    given = ("--keys", key, "--passphrase-file", pipe)
    assert said in hotline(home, "backup", *given, code=1).stderr
    assert not key.exists()
    backups.backup(sqlite_settings, tmp_path / "saved", now, untold)
    given = ("restore", tmp_path / "saved", "--key", pipe)
    assert said in hotline(home, *given, code=2).stderr
    given = ("restore", tmp_path / "saved", "--passphrase-file", pipe)
    assert said in hotline(home, *given, code=1).stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "第一行是空的"),
        (b"\nword that is long enough", "第一行是空的"),
        (b"x" * 5000, "第一行太长"),
        (b"\xff" * 20, "不是 UTF-8 编码的文字"),
    ],
)
def test_a_passphrase_file_without_a_passphrase_says_why(sqlite_settings, tmp_path, content, said):
    (tmp_path / "word").write_bytes(content)
    given = ("--keys", tmp_path / "copy.key", "--passphrase-file", tmp_path / "word")
    assert said in hotline(sqlite_settings.home, "backup", *given, code=1).stderr


def test_without_a_terminal_no_passphrase_is_asked_for(sqlite_settings, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "backup", "--keys", tmp_path / "k", "--passphrase"],
        env={**os.environ, **sqlite_settings.environment(), "PYTHONPATH": str(ROOT)},
        input="a word that is long enough\n" * 2,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # nor is the tests' own terminal asked
    )
    assert done.returncode == 1
    assert done.stderr == "没有终端可以输入口令。请改用 --passphrase-file 写明口令文件。\n"
    assert not (tmp_path / "k").exists()


def test_a_place_whose_files_never_end_is_not_searched_for_keys():
    keys.apart(settings_of.read({}), Path("/proc/x"), None)


def test_only_a_backup_is_data_that_a_key_may_not_lie_with(settings, saved, tmp_path):
    """A manifest.json that is something else's, such as that of our own bpmn/, is no backup."""
    place = copied(tmp_path / "definitions")
    keys.apart(settings, None, place / "k")
    keys.apart(settings, None, place / "bpmn/k")
    for content in ("", "[]", '{"format": 1}', "\0"):
        (place / "manifest.json").write_text(content)
        keys.apart(settings, None, place / "k")
    for key in (saved / "k", saved.parent / "k", saved / "outbox/k"):
        with pytest.raises(Trouble) as raised:
            keys.apart(settings, None, key)
        assert code_of(raised) == "key_beside_data"


def test_how_far_a_backup_is_stands_beside_the_result(sqlite_settings, tmp_path, monkeypatch):
    monkeypatch.setattr(common, "EVERY", 0.0)
    hotline(sqlite_settings.home, "backup", tmp_path / "saved")
    done = hotline(sqlite_settings.home, "restore", tmp_path / "saved", "--check")
    assert re.search(r"^正在检查 database.sqlite：\d+/\d+ MB$", done.stderr, re.MULTILINE)
    assert "备份完整" in done.stdout


def test_an_upgrade_takes_the_advice_that_it_gives(sqlite_settings, tmp_path):
    home = sqlite_settings.home
    keys.keep(sqlite_settings, tmp_path / "copy.key")
    given = ("upgrade", "--backup", tmp_path / "saved")
    assert "请加 --together" in hotline(home, *given, code=1).stderr
    assert not (tmp_path / "saved").exists()
    assert "已备份" in hotline(home, *given, "--together").stdout


@pytest.mark.parametrize(
    "given",
    [
        ("upgrade", "--backup", "saved", "--no-backup"),
        ("upgrade", "--together"),
        ("backup", "--keys", "k", "--passphrase", "--passphrase-file", "word"),
        ("restore", "saved", "--passphrase", "--passphrase-file", "word"),
    ],
    ids=" ".join,
)
def test_what_contradicts_itself_is_not_begun(sqlite_settings, given):
    before = sorted(sqlite_settings.home.rglob("*"))
    done = hotline(sqlite_settings.home, *given, code=2)
    assert "只能写一个" in done.stderr or "请同时写 --backup" in done.stderr
    assert sorted(sqlite_settings.home.rglob("*")) == before


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("nowhere/k", "文件或文件夹不存在"),
        ("file/k", "路径中有一段不是文件夹"),
        ("there", "已经存在"),
        ("k", "口令至少"),
    ],
)
def test_a_key_that_cannot_be_kept_is_noticed_before_the_data_are_saved(
    sqlite_settings, tmp_path, place, why
):
    safe = tmp_path / "safe"
    safe.mkdir()
    for name in ("file", "there"):
        (safe / name).write_text("short" if place == "k" else "a word that is long enough")
    given = ("--keys", safe / place, "--passphrase-file", safe / "file")
    done = hotline(sqlite_settings.home, "backup", tmp_path / "saved", *given, code=None)
    assert done.returncode in (1, 2)
    assert why in done.stderr
    assert not (tmp_path / "saved").exists()
    assert sorted(path.name for path in safe.iterdir()) == ["file", "there"]


def test_a_disk_without_permissions_takes_a_wrapped_key_only(
    sqlite_settings, tmp_path, monkeypatch
):
    safe = tmp_path / "safe"
    safe.mkdir()
    made = tempfile.NamedTemporaryFile

    def on_a_memory_stick(**given: object) -> object:
        file = made(**given)
        os.fchmod(file.fileno(), 0o777)
        return file

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", on_a_memory_stick)
    with pytest.raises(Trouble) as raised:
        keys.ready(sqlite_settings, safe / "k")
    assert code_of(raised) == "key_unprotected"
    keys.ready(sqlite_settings, safe / "k", "a word that is long enough")
    assert list(safe.iterdir()) == []


def test_of_a_backup_whose_key_fails_at_last_it_is_said_what_stands(
    sqlite_settings, tmp_path, monkeypatch
):
    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "safe").mkdir()
    data, key = tmp_path / "saved", tmp_path / "safe/k"
    save = backups.backup
    monkeypatch.setattr(
        backups,
        "backup",
        lambda *given: (save(*given), monkeypatch.setattr(files, "make", full))[0],
    )
    done = hotline(sqlite_settings.home, "backup", data, "--keys", key, code=2)
    assert f"数据已经备份到 {data}，只有主密钥没有另存" in done.stderr
    assert "磁盘空间不足" in done.stderr
    assert (data / "manifest.json").exists()
    assert not key.exists()


def test_a_backup_that_is_not_there_is_not_called_an_empty_one(sqlite_settings, tmp_path):
    (tmp_path / "empty").mkdir()
    empty = hotline(sqlite_settings.home, "restore", tmp_path / "empty", code=1)
    missing = hotline(sqlite_settings.home, "restore", tmp_path / "nowhere", code=1)
    assert "其中没有 manifest.json" in empty.stderr
    assert f"{tmp_path}/nowhere 不存在" in missing.stderr
    assert "挂载" in missing.stderr
    given = ("restore", tmp_path / "empty", "--key", tmp_path / "no.key")
    assert f"{tmp_path}/no.key" in hotline(sqlite_settings.home, *given, code=1).stderr


# --- at the command line ---------------------------------------------------------------------


def test_backup_and_restore_at_the_command_line(settings, empty, tmp_path):
    from_, to = settings.environment(), empty.environment()
    del from_["HOTLINE_HOME"], to["HOTLINE_HOME"]
    safe = tmp_path / "safe"
    safe.mkdir()
    (safe / "word").write_text("a word that is long enough\n")
    data, key = tmp_path / "saved", safe / "copy.key"

    refused = hotline(settings.home, "backup", data, "--keys", tmp_path / "k", code=1, **from_)
    assert "--together" in refused.stderr
    assert not data.exists()
    word = ("--passphrase-file", safe / "word")
    done = hotline(settings.home, "backup", data, "--keys", key, *word, **from_)
    assert "工单 0 件" in done.stdout
    assert "分开保管" in done.stdout
    twice = hotline(settings.home, "backup", tmp_path / "b", "--keys", key, code=2, **from_)
    assert "不会被替换" in twice.stderr
    assert not (tmp_path / "b").exists()
    beside = hotline(settings.home, "backup", safe / "data", code=1, **from_)
    assert "--together" in beside.stderr
    assert "已经存在" in hotline(settings.home, "backup", data, code=1, **from_).stderr
    hotline(settings.home, "backup", code=2, **from_)

    assert "--key" in hotline(empty.home, "restore", data, code=1, **to).stderr
    with_key = ("restore", data, "--key", key)
    assert "口令" in hotline(empty.home, *with_key, code=1, **to).stderr
    assert "完整" in hotline(empty.home, *with_key, *word, "--check", **to).stdout
    assert_nothing_there(empty)
    done = hotline(empty.home, *with_key, *word, "--verify", **to)
    assert "工单 0 件" in done.stdout
    assert "全部相符：1 条链" in done.stdout
    again = hotline(empty.home, *with_key, *word, code=1, **to)
    assert "已有数据" in again.stderr
    hotline(empty.home, "verify", "--all", **to)
