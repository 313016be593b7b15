"""Make a set of golden tickets: tickets under way in every state, with their whole database.

    python -m tests.golden.make_golden 0002-whole-procedure

Run once at a landing that changes what is kept; a set that was committed is never made anew. The
key is a test's: it protects invented people.
"""

from __future__ import annotations

import copy
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
from engine.city.places import read
from engine.cli.setting_up import create, furnish_demo
from engine.cli.simulating import month
from engine.flow import Definitions
from engine.store import Store
from engine.store.tables import ledger, legs, tasks, tickets
from tests import servers

HERE = Path(__file__).parent
BEGINS = datetime.fromisoformat("2026-09-21T08:00:00+08:00")
DAYS, TICKETS, SEEDS = 24.1, 90, range(1, 13)
MOST_LACKING = 4

QUICK, WEEKS = 60, 60_000
"""Minutes that a task takes: it is done at once, or left."""
ROUGH = json.loads((HERE / "rough.json").read_text(encoding="utf-8"))


def live(chosen: settings.Settings, seed: int) -> set[str]:
    """Weeks of a rough city, the National Day holiday ahead; what no ticket shows."""
    habits = copy.deepcopy(read("behaviour"))
    for section in ("fields", "chance", "ticks", "calls_again"):
        habits[section].update(ROUGH[section])
    for form, chance in ROUGH["rights"].items():
        habits["rights"][form]["chance"] = chance
    for form, habit in habits["forms"].items():
        share = ROUGH["stuck"].get(form, ROUGH["rare"])
        habit.update(median=QUICK, late_share=share, late_median=WEEKS)
    for habit in habits["roles"].values():
        habit.update(median=QUICK, late_share=ROUGH["common"], late_median=WEEKS)
    before = read("behaviour").copy()
    read("behaviour").update(habits)
    try:
        with create(chosen) as store:
            furnish_demo(store, BEGINS)
            month(store, BEGINS, DAYS, TICKETS, seed).run()
            return missing(store)
    finally:
        read("behaviour").update(before)


def missing(store: Store) -> set[str]:
    """The states that no ticket is in: user tasks, and what legs and ledger can be."""
    with store.read() as conn:
        names = set(conn.execute(select(tasks.c.name)).scalars())
        for name in ("unsigned_at", "overdue_at", "void_at", "extended_at", "hard_at"):
            query = select(legs.c[name]).where(legs.c[name].isnot(None))
            names |= {name} if conn.execute(query).first() else set()
        for what, query in {
            "below": select(legs.c.leg).where(legs.c.parent.isnot(None)),
            "co": select(legs.c.leg).where(legs.c.duty == "co"),
            "again": select(legs.c.leg).where(legs.c.round > 1),
            "merged": select(tickets.c.id).where(tickets.c.merged_into.isnot(None)),
            "ledger": select(ledger.c.entry).where(ledger.c.ended_at.is_(None)),
        }.items():
            names |= {what} if conn.execute(query).first() else set()
    wanted = {"unsigned_at", "overdue_at", "void_at", "extended_at", "hard_at"}
    wanted |= {"below", "co", "again", "merged", "ledger"}
    drawn = {task.name for task in Definitions.read(definitions.shipped()).user_tasks()}
    return (wanted | drawn) - names - SELDOM


SELDOM = frozenset({"主管部门认定", "主管部门裁定"})
"""Decisions that the authority takes in minutes or seldom: no ticket needs to wait for them."""


def seed_of() -> int:
    """The seed whose month leaves the fewest states out; says of each what it lacks."""
    found: dict[int, int] = {}
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as home:
            lacks = live(settings.read({"HOTLINE_HOME": home}), seed)
        found[seed] = len(lacks)
        print(seed, sorted(lacks), flush=True)
        if not lacks:
            break
    best = min(found, key=lambda seed: (found[seed], seed))
    if found[best] > MOST_LACKING:
        raise SystemExit("no seed shows nearly every state: make the city rougher")
    return best


def pack(file: Path, place: Path) -> None:
    """Compress a file into the folder of the set."""
    packed = gzip.compress(file.read_bytes(), mtime=0)
    (place / f"{file.name}.gz").write_bytes(packed)


def main(name: str) -> None:
    """Write the set `name`: a SQLite file and a PostgreSQL dump, each with its key."""
    place = HERE / name
    seed = seed_of()
    place.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "sqlite"
        home.mkdir()
        chosen = settings.read({"HOTLINE_HOME": str(home)})
        live(chosen, seed)
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
            live(chosen, seed)
            programs = (servers.binaries() / "initdb").resolve().parent
            dump = [programs / "pg_dump", "--file", home / "hotline.sql"]
            subprocess.run([*dump, server.url("golden", servers.ADMIN)], check=True)
            pack(home / "hotline.sql", place)
            shutil.copy(chosen.key_file, place / "postgresql.key")
    ends = BEGINS + timedelta(days=DAYS)
    (place / "golden.json").write_text(json.dumps({"until": ends.isoformat()}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
