"""Make a set of golden tickets: tickets under way in every state, with their whole database.

    python -m tests.golden.make_golden 0001-first-landing

Run once at a landing that changes what is kept; a set that was committed is never made anew. The
key is a test's: it protects invented people.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from engine import definitions, settings
from engine.cli.setting_up import create, furnish_demo
from engine.cli.simulating import month
from engine.flow import Definitions
from engine.store import Store
from engine.store.tables import legs, tasks
from tests import servers

HERE = Path(__file__).parent
BEGINS = datetime.fromisoformat("2026-09-21T08:00:00+08:00")
DAYS, TICKETS, SEED = 28.1, 160, 5


def live(chosen: settings.Settings) -> None:
    """Four weeks of the demo city, the National Day holiday among them."""
    with create(chosen) as store:
        furnish_demo(store, BEGINS)
        month(store, BEGINS, DAYS, TICKETS, SEED).run()
        look(store)


def look(store: Store) -> None:
    """Refuse to keep tickets that leave a state out."""
    with store.read() as conn:
        names = set(conn.execute(select(tasks.c.name)).scalars())
        warned = conn.execute(select(legs.c.unsigned_at).where(legs.c.unsigned_at.isnot(None)))
        late = conn.execute(select(legs.c.overdue_at).where(legs.c.overdue_at.isnot(None)))
        assert warned.first() is not None, "no leg was signed late"
        assert late.first() is not None, "no leg is overdue"
    drawn = {task.name for task in Definitions.read(definitions.shipped()).user_tasks()}
    assert names == drawn, f"no ticket waits at {drawn - names}"


def pack(file: Path, place: Path) -> None:
    """Compress a file into the folder of the set."""
    packed = gzip.compress(file.read_bytes(), mtime=0)
    (place / f"{file.name}.gz").write_bytes(packed)


def main(name: str) -> None:
    """Write the set `name`: a SQLite file and a PostgreSQL dump, each with its key."""
    place = HERE / name
    place.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "sqlite"
        home.mkdir()
        chosen = settings.read({"HOTLINE_HOME": str(home)})
        live(chosen)
        with sqlite3.connect(chosen.sqlite_file) as conn:
            conn.execute("VACUUM INTO ?", (str(home / "hotline.db"),))
        pack(home / "hotline.db", place)
        shutil.copy(chosen.key_file, place / "sqlite.key")
        home = Path(folder) / "postgresql"
        home.mkdir()
        with servers.server() as server:
            server.execute(f"CREATE DATABASE golden OWNER {servers.OWNER}")
            owner = server.url("golden", servers.OWNER)
            chosen = settings.read(
                {
                    "HOTLINE_HOME": str(home),
                    "HOTLINE_DATABASE_URL": server.url("golden"),
                    "HOTLINE_OWNER_DATABASE_URL": owner,
                }
            )
            live(chosen)
            programs = (servers.binaries() / "initdb").resolve().parent
            dump = [programs / "pg_dump", "--file", home / "hotline.sql"]
            subprocess.run([*dump, server.url("golden", servers.ADMIN)], check=True)
            pack(home / "hotline.sql", place)
            shutil.copy(chosen.key_file, place / "postgresql.key")
    ends = BEGINS + timedelta(days=DAYS)
    (place / "golden.json").write_text(json.dumps({"until": ends.isoformat()}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
