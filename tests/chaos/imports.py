"""An import of many rows, killed half way, stopped by Ctrl-C, and brought to its end.

A script of its own: `python -m tests.chaos.imports --rows 50000 --bad 500`, with the database in
the environment, or in a folder that is thrown away. It prints one line of JSON with what it
counted; `tests/chaos/test_imports.py` has a smaller one.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import func, select

from engine import definitions, settings
from engine.acts import calendar, people, places, versions
from engine.cli import importing, setting_up
from engine.read import verify
from engine.store import Store
from engine.store import tables as t
from tests import old_platform
from tests.integration import office

USER = "caller-desk"
INTERRUPTED = 130


def set_up(store: Store) -> None:
    """A city with two units and one who takes calls, before the command is run."""
    now = datetime.now(UTC) - timedelta(days=1)
    calendar.seed(store, now)
    versions.deploy(store, None, definitions.shipped(), "初次部署", now)
    places.add(store, None, office.AREAS, office.UNITS, now)
    newcomer = people.Newcomer(USER, "话务员", "sr-centre", ("call_taker",))
    with mock.patch.object(people, "_hasher", office.CHEAP):
        people.add_crowd(store, [newcomer], office.PASSWORD, now)


WEIGHED = """
import sys
from engine import cli
from engine.cli import importing
importing.WEIGHT = int(sys.argv[1])
cli.main(sys.argv[2:])
"""
"""`hotline` with batches of another size: of a small file there are too few to stop between."""


def command(folder: Path, file: Path, weight: int, *more: str) -> subprocess.Popen[str]:
    """`hotline import`, begun."""
    words = ["import", str(file), "--map", str(folder / "映射.csv"), "--user", USER, *more]
    return subprocess.Popen(
        [sys.executable, "-c", WEIGHED, str(weight), *words, "--report", str(folder / "报告.csv")],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def tickets(store: Store) -> int:
    """How many tickets there are."""
    with store.read() as conn:
        return int(conn.execute(select(func.count()).select_from(t.tickets)).scalar_one())


def until(store: Store, count: int, running: subprocess.Popen[str]) -> None:
    """Wait until so many tickets are there."""
    while running.poll() is None and tickets(store) < count:
        time.sleep(0.002)


def refused(path: Path) -> list[tuple[int, str, str]]:
    """The rows that a report names: where, which number, which column."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [(int(row["行号"]), row["原编号"], row["栏目"]) for row in csv.DictReader(file)]


def counted(store: Store, export: old_platform.Export, report: Path) -> dict[str, Any]:
    """What is in the database and the report, held against what the file is known to hold."""
    with store.read() as conn:
        rows = conn.execute(select(t.imported.c.original, t.imported.c.state)).all()
        given = conn.execute(select(t.tickets.c.id)).all()
        started = conn.execute(select(t.events.c.chain).where(t.events.c.name == "start")).all()
    states = Counter(row.state for row in rows)
    told, known = refused(report), [(bad.line, bad.original, bad.column) for bad in export.bad]
    return {
        "tickets": len(given),
        "originals": len({row.original for row in rows}),
        "open": states["open"],
        "started": len(started),
        "closed": states["closed"],
        "told": len(told),
        "not told": len(set(known) - set(told)),
        "told wrongly": len(set(told) - set(known)),
        "told twice": len(told) - len(set(told)),
    }


def run(store: Store, folder: Path, rows: int, bad: int, weight: int) -> dict[str, Any]:
    """Kill, stop, go on, and once more for nothing; what was counted."""
    set_up(store)
    export = old_platform.export(folder / "旧平台.csv", rows, bad)
    old_platform.mapping(folder)
    good = rows - bad
    found: dict[str, Any] = {"rows": rows, "bad": bad}

    def timed(name: str, act: Callable[[], None]) -> None:
        begun = time.perf_counter()
        act()
        found[f"{name}, s"] = round(time.perf_counter() - begun, 1)

    def to_the_end(name: str, code: int, *more: str) -> None:
        running = command(folder, export.path, weight, *more)
        said, _ = running.communicate()
        if running.returncode != code or "Traceback" in said:
            raise SystemExit(f"{name} ended with {running.returncode}:\n{said[-3000:]}")
        found[name] = said.splitlines()[-1]

    timed("dry run", lambda: to_the_end("dry run", 1, "--dry-run"))
    found["written by the dry run"] = tickets(store)
    found["told by the dry run"] = len(refused(folder / "报告.csv"))

    running = command(folder, export.path, weight)
    until(store, good // 2, running)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    found["killed at"] = tickets(store)

    running = command(folder, export.path, weight)
    until(store, good * 3 // 4, running)
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate()
    if running.returncode != INTERRUPTED or "Traceback" in said:
        raise SystemExit(f"stopped, it ended with {running.returncode}:\n{said[-3000:]}")
    found["stopped at"] = tickets(store)

    timed("the rest", lambda: to_the_end("the rest", 1))
    found |= counted(store, export, folder / "报告.csv")
    timed("again", lambda: to_the_end("again", 1))
    found["made again"] = tickets(store) - found["tickets"]
    return found


def differences(store: Store, most: int) -> int:
    """How many chains do not hold, of so many that lie evenly among all."""
    found = verify.chains(store)
    looked = found[:: max(1, len(found) // most)]
    return sum(bool(verify.verify(store, chain).differences) for chain in looked)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--bad", type=int, default=500)
    parser.add_argument("--weight", type=int, default=importing.WEIGHT, help="of a batch")
    parser.add_argument("--verified", type=int, default=1_000_000, help="at most so many chains")
    parser.add_argument("--whole", action="store_true", help="measure one run that nobody stops")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ.setdefault("HOTLINE_HOME", place)
        with setting_up.create(settings.read(os.environ)) as store:
            act = whole if given.whole else run
            found = act(store, folder, given.rows, given.bad, given.weight)
            begun = time.perf_counter()
            found["differences"] = differences(store, given.verified)
            found["verify, s"] = round(time.perf_counter() - begun, 1)
    print(json.dumps(found, ensure_ascii=False))


def whole(store: Store, folder: Path, rows: int, bad: int, weight: int) -> dict[str, Any]:
    """One run from beginning to end, to measure."""
    set_up(store)
    export = old_platform.export(folder / "旧平台.csv", rows, bad)
    old_platform.mapping(folder)
    begun = time.perf_counter()
    running = command(folder, export.path, weight)
    said, _ = running.communicate()
    taken = time.perf_counter() - begun
    if running.returncode != 1:
        raise SystemExit(said[-3000:])
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {
        "s": round(taken, 1),
        "of the processor, s": round(used.ru_utime + used.ru_stime, 1),
        "rows/s": round(rows / taken),
        "MB": used.ru_maxrss // 1024,
    }
    return {"rows": rows, "bad": bad} | figures | counted(store, export, folder / "报告.csv")


if __name__ == "__main__":
    main()
