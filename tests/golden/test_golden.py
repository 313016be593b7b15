"""Tickets of earlier landings verify, replay, resume and come to their end, for ever."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from engine import sweep
from engine.acts import people, tickets
from engine.city.arrivals import dice
from engine.city.filling import fill
from engine.flow.check import check
from engine.read import agenda, search
from engine.read import ticket as tickets_read
from engine.read.verify import verify
from engine.store import Store, engines, rights, schema, tables
from engine.store import tickets as rows
from tests import servers
from tests.commands import hotline

SETS = sorted(place.parent for place in Path(__file__).parent.glob("*/golden.json"))


@pytest.fixture(params=SETS, ids=lambda place: place.name)
def golden(request):
    return request.param


@pytest.fixture(params=["sqlite", "postgresql"])
def older(request, golden):
    """The place of a set, in the database that it was made in, as it was left."""
    chosen = request.getfixturevalue(f"bare_{request.param}")
    chosen.key_file.parent.mkdir(parents=True)
    shutil.copy(golden / f"{request.param}.key", chosen.key_file)
    chosen.key_file.chmod(0o600)
    if request.param == "sqlite":
        chosen.sqlite_file.write_bytes(gzip.decompress((golden / "hotline.db.gz").read_bytes()))
    else:
        server = request.getfixturevalue("postgresql_server")
        admin = server.url(chosen.database_url.database, servers.ADMIN)
        programs = (servers.binaries() / "initdb").resolve().parent
        load = [programs / "psql", "-q", "-v", "ON_ERROR_STOP=1", admin]
        dump = gzip.decompress((golden / "hotline.sql.gz").read_bytes())
        subprocess.run(load, input=dump, check=True, stdout=subprocess.DEVNULL)
    return chosen


@pytest.fixture
def restored(older):
    """The store of a set, upgraded to this code."""
    Store.upgrade(older)
    with Store.open(older) as store:
        yield store


def test_there_are_golden_tickets():
    assert SETS


def test_no_rule_that_was_made_since_is_wrong_about_a_version_that_worked(golden, tmp_path):
    """What went out undeclared is refused since, and nothing else."""
    place = tmp_path / "hotline.db"
    place.write_bytes(gzip.decompress((golden / "hotline.db.gz").read_bytes()))
    with closing(sqlite3.connect(place)) as conn:
        versions: dict[int, dict[str, bytes]] = {}
        for version, path, content in conn.execute(
            "SELECT version, path, content FROM version_files"
        ):
            versions.setdefault(version, {})[path] = content
    assert versions
    for files in versions.values():
        assert [one for one in check(files) if one.rule != "payload"] == []


def test_golden_tickets_verify_and_come_to_their_end(restored, golden):
    until = datetime.fromisoformat(json.loads((golden / "golden.json").read_text())["until"])
    assert verify(restored).differences == ()
    query = select(tables.tickets.c.number).where(tables.tickets.c.ended_at.is_(None))
    with restored.read() as conn:
        open_ones = conn.execute(query.order_by(tables.tickets.c.number)).scalars().all()
    assert len(open_ones) > 10
    at = until
    for _ in range(90):
        at += timedelta(days=1)
        sweep.run_once(restored, at, limit=10_000)
        open_ones = [number for number in open_ones if work(restored, number, at)]
        if not open_ones:
            break
    with restored.read() as conn:
        ended = conn.execute(select(tables.tickets.c.ended_at)).scalars().all()
    assert None not in ended
    assert verify(restored).differences == ()


def work(store, number, at):
    """Do all that has to be done on a ticket, once; whether it has not come to its end."""
    for task in agenda.waiting(store, number):
        still = {one.task: one for one in agenda.waiting(store, number)}
        if task.task in still and not task.optional:
            complete(store, number, still[task.task], at)
    ended = select(tables.tickets.c.ended_at).where(tables.tickets.c.number == number)
    with store.read() as conn:
        return conn.execute(ended).scalar_one() is None


def complete(store, number, task, at):
    """Somebody whose task it is fills its form and completes it."""
    person = select(tables.users.c.name).join(tables.user_roles)
    person = person.where(
        tables.user_roles.c.role == task.role, tables.users.c.unit == task.unit
    ).order_by(tables.users.c.name)
    with store.read() as conn:
        names = conn.execute(person).scalars().all()
        row = rows.see(conn, number).tasks[task.task]
        done = next(n for n in names if not rights.completed_by(conn, number, n, row))
    user = people.load(store, done)
    form = tickets_read.task_form(store, user, number, task.task, at)
    raw = fill(form.form, form.sources, {}, dice(number, task.task), at)
    tickets.complete(store, user, number, task.task, raw, at, f"golden/{number}/{task.task}")


@pytest.mark.parametrize("golden", SETS[:1], indirect=True, ids=lambda place: place.name)
def test_an_upgrade_saves_the_older_database_first_and_that_can_be_brought_back(older, tmp_path):
    """Refused without a backup; then step by step; and the backup restores and upgrades too."""
    place, saved = older.environment(), tmp_path / "saved"
    del place["HOTLINE_HOME"]
    for command in (("versions",), ("upgrade",)):
        refused = hotline(older.home, *command, code=None, **place)
        assert refused.returncode
        assert "--backup" in refused.stderr
    done = hotline(older.home, "upgrade", "--backup", saved, **place)
    for n, revision in enumerate(schema.REVISIONS[1:], 1):
        step = f"正在升级结构到 {revision}（第 {n} 步，共 {len(schema.REVISIONS) - 1} 步）"
        assert step in done.stderr
    assert f"从 {schema.REVISIONS[0]} 升级到 {schema.NEEDED}" in done.stdout
    assert "请再运行 hotline reindex" in done.stdout
    with Store.open(older) as store:
        number = agenda.numbers(store)[-1]
        upgraded = agenda.count(store)
        assert verify(store, number).differences == ()
        assert not _found(store, number)
    again = hotline(older.home, "reindex", **place)
    assert f"已编入检索 {upgraded[0]}/{upgraded[0]} 件工单" in again.stderr
    assert "检索已完整" in again.stdout
    with Store.open(older) as store:
        assert _found(store, number)
        assert verify(store, number).differences == ()
        assert verify(store, "system").differences == ()

    _emptied(older)
    key = tmp_path / "master.key"
    older.key_file.rename(key)
    back = hotline(older.home, "restore", saved, "--key", key, **place)
    assert "比本程序" in back.stdout
    assert "--backup" in hotline(older.home, "versions", code=2, **place).stderr
    _emptied(older)
    back = hotline(older.home, "restore", saved, "--key", key, "--upgrade", **place)
    assert "最近 20 件工单相符" in back.stdout
    with Store.open(older) as store:
        assert store.notices == ()
        assert agenda.count(store) == upgraded


def _found(store, number):
    """Whether somebody at its centre finds a ticket by the words of its title."""
    ticket = tables.tickets.c
    who = select(tables.users.c.name).join(tables.user_roles)
    who = who.join(tables.tickets, ticket.centre == tables.users.c.unit)
    who = who.where(ticket.number == number, tables.user_roles.c.role == "call_taker")
    with store.read() as conn:
        name = conn.execute(who.order_by(tables.users.c.name)).scalars().first()
    user = people.load(store, name)
    (hit,) = search.find(store, user, number).hits
    return number in [one.number for one in search.find(store, user, hit.card.title, 1000).hits]


def _emptied(place):
    """The database is gone, as after a disaster."""
    if place.is_sqlite:
        for path in place.sqlite_file.parent.glob("hotline.db*"):
            path.unlink()
        return
    engine = engines.connect(place, 5.0, schema=True)
    with engines.begin(engine, writes=True) as conn:
        conn.execute(text("DROP SCHEMA public CASCADE"))
        conn.execute(text("CREATE SCHEMA public"))
    engine.dispose()
