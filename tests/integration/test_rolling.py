"""Old and new code side by side over one migration that only adds; otherwise the old one stops."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, inspect, select, text

from engine.errors import StoreError
from engine.read.verify import verify
from engine.settings import Settings
from engine.store import Store, engines, schema
from engine.store import tables as t
from tests import crowd
from tests.commands import ROOT
from tests.integration import office

LATER = "9998"
ENOUGH = 4
MIGRATION = f'''"""Where a ticket was opened."""

import sqlalchemy as sa
from alembic import op

revision = "{LATER}"
down_revision = "{schema.NEEDED}"
branch_labels = None
depends_on = None
compatible = {{compatible}}


def upgrade() -> None:
    op.add_column("tickets", sa.Column("origin", sa.String(20), nullable=True))
'''
COLUMN = '\n\ntickets.append_column(Column("origin", String(20), default="later"))\n'


@pytest.fixture(scope="module")
def _later(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("later")
    for name in ("engine", "bpmn", "forms"):
        shutil.copytree(ROOT / name, place / name)
    (place / "tests").symlink_to(ROOT / "tests")
    with (place / "engine/store/tables.py").open("a") as file:
        file.write(COLUMN)
    file_ = place / "engine/store/schema.py"
    source, changed = re.subn(
        r"(REVISIONS: Final = \([^)]*)\)", rf'\1, "{LATER}")', file_.read_text("utf-8"), count=1
    )
    assert changed == 1
    file_.write_text(source, "utf-8")
    return place


@pytest.fixture
def later(_later) -> Callable[[bool], Path]:
    """The code of a later release: one more migration, by which each ticket gets a column."""

    def code(compatible: bool) -> Path:
        folder = _later / "engine/store/migrations/versions"
        (folder / f"{LATER}_origin.py").write_text(MIGRATION.format(compatible=compatible))
        return _later

    return code


def runs(code: Path, settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`hotline` as that code has it."""
    return subprocess.run(
        [sys.executable, "-m", "engine.cli", *arguments],
        env={**os.environ, **settings.environment(), "PYTHONPATH": str(code)},
        cwd=settings.home,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_old_and_new_code_work_side_by_side_after_a_migration_that_only_adds(
    settings, tmp_path, now, later
):
    new_code = later(True)
    with Store.open(settings) as store:
        office.opened(store, now)
    with crowd.at_work(settings, tmp_path, "old") as old:
        crowd.wait_for(old["old"], ENOUGH)
        done = runs(new_code, settings, "upgrade", "--no-backup")
        assert done.returncode == 0, done.stderr
        assert f"正在升级结构到 {LATER}（第 1 步，共 1 步）" in done.stderr
        with crowd.at_work(settings, tmp_path, "new", code=new_code) as new:
            crowd.wait_for(new["new"], ENOUGH)
            crowd.wait_for(old["old"], len(crowd.acts(old["old"])) + ENOUGH)
    with Store.open(settings) as store:  # also code that starts only now
        assert verify(store).differences == ()
        with store.read() as conn:
            assert schema.revision(conn) == LATER
            origins = conn.execute(text("SELECT DISTINCT origin FROM tickets")).scalars().all()
        assert set(origins) == {None, "later"}
    assert Store.upgrade(settings) == (LATER, LATER), "old code leaves the newer tables alone"
    for journal in (old["old"], new["new"]):
        number = crowd.acts(journal)[-1]["ticket"]
        assert runs(new_code, settings, "verify", number).returncode == 0


def test_nothing_of_old_code_is_written_after_any_other_migration(settings, later):
    new_code = later(False)
    with Store.open(settings) as store:
        with store.write() as conn:
            conn.execute(insert(t.areas).values(id="a", name="a", level="city"))
        done = runs(new_code, settings, "upgrade", "--no-backup")
        assert done.returncode == 0, done.stderr
        with pytest.raises(StoreError) as raised, store.write() as conn:
            # Its process has run all the time.
            conn.execute(insert(t.areas).values(id="b", name="b", level="city"))
        assert raised.value.code == "schema_newer"
        with store.read() as conn:
            assert conn.execute(select(t.areas.c.id)).scalars().all() == ["a"]
    for way in (Store.open, Store.upgrade):
        with pytest.raises(StoreError) as raised:
            way(settings)
        assert raised.value.code == "schema_newer"


def _marked(settings: Settings, revision: str, serves: str | None) -> None:
    engine = engines.connect(settings, 5.0, schema=True)
    with engines.begin(engine, writes=True) as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
        conn.execute(text("DELETE FROM meta WHERE name = 'serves'"))
        if serves:
            conn.execute(text("INSERT INTO meta VALUES ('serves', :s)"), {"s": serves})
    engine.dispose()


def test_old_code_serves_one_migration_on_and_no_more(settings):
    _marked(settings, LATER, schema.NEEDED)
    Store.open(settings).close()
    for serves in (None, LATER, schema.REVISIONS[-2]):
        _marked(settings, "9999", serves)
        with pytest.raises(StoreError) as raised:
            Store.open(settings)
        assert raised.value.code == "schema_newer"
        assert "新版程序" in raised.value.sentence()


def test_an_upgrade_keeps_acts_waiting_and_waits_for_them(settings, monkeypatch):
    with Store.open(settings, wait=0.3) as store:
        said = []

        def migrate(*_: object) -> None:
            with pytest.raises(StoreError) as raised, store.write():
                pass
            said.append(raised.value.code)

        older = schema.REVISIONS
        with store.write() as conn:  # an act under way
            conn.execute(select(t.areas)).all()
            monkeypatch.setattr(schema, "REVISIONS", (*older, LATER))
            monkeypatch.setattr(schema, "NEEDED", LATER)
            with pytest.raises(StoreError) as raised:
                Store.upgrade(settings, wait=0.3)
            assert raised.value.code == "database_locked"
        monkeypatch.setattr(schema, "_migrate", migrate)
        Store.upgrade(settings, wait=5.0)
        assert said == ["database_locked"]


def test_a_migration_that_is_marked_only_adds(bare_sqlite):
    """What old code reads is still there, and what it writes may leave out what is new."""
    bare_sqlite.sqlite_file.parent.mkdir()
    engine = engines.connect(bare_sqlite, 5.0, schema=True)
    with engines.begin(engine, writes=True) as conn:
        schema._migrate(conn, schema.REVISIONS[:1])
        was = _columns(conn)
        for revision in schema.REVISIONS[1:]:
            schema._migrate(conn, [revision])
            is_now = _columns(conn)
            if schema.serves(conn) is not None:
                assert {name: is_now.get(name) for name in was} == was
                for table, column in is_now.keys() - was.keys():
                    new_table = table not in {of for of, _ in was}
                    nullable, default = is_now[table, column][1:]
                    assert new_table or nullable or default is not None, (table, column)
            was = is_now
    engine.dispose()


def _columns(conn):
    found = inspect(conn)
    return {
        (table, column["name"]): (str(column["type"]), column["nullable"], column["default"])
        for table in found.get_table_names()
        for column in found.get_columns(table)
    }
