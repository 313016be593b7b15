"""A process that acts like somebody at a browser until its standard input ends.

    python -m tests.crowd NAME JOURNAL

It takes calls in the city of tests.integration.office and does what waits, and notes each act once
it is acknowledged: the request's key and the moment on the clock that all processes share.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine import settings
from engine.acts import people, tickets
from engine.read import agenda
from engine.read import ticket as reading
from engine.settings import Settings
from engine.store import Store
from tests.integration.office import filled

BEGINS = datetime(2026, 9, 30, 2, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[1]
DUTIES = 3
"""What is done in each ticket, which then stays open."""
PAUSE = 0.5
"""Seconds between two calls."""


def work(store: Store, name: str, journal: Path) -> None:
    """Take a call and do some of what waits, again and again."""
    n = 0
    with journal.open("a") as file:

        def noted(key: str, number: str) -> None:
            line = {"key": key, "ticket": number, "at": time.monotonic()}
            file.write(json.dumps(line) + "\n")
            file.flush()

        while not select.select([sys.stdin], [], [], PAUSE)[0]:
            n += 1
            key, now = f"{name}/{n}", BEGINS + timedelta(seconds=n)
            user = people.load(store, "sr-centre.call_taker1")
            form = reading.start_form(store, user, now)
            number = tickets.start(store, user, filled(form.form, form.sources, {}), now, key)
            noted(key, number)
            for duty in range(DUTIES):
                does(store, number, f"{key}/{duty}", now)
                noted(f"{key}/{duty}", number)


def does(store: Store, number: str, key: str, now: datetime) -> None:
    """Somebody does the first thing that waits in a ticket."""
    task = next(one for one in agenda.waiting(store, number) if not one.optional)
    user = people.load(store, f"{task.unit}.{task.role}1")
    form = reading.task_form(store, user, number, task.task, now)
    tickets.complete(store, user, number, task.task, filled(form.form, form.sources, {}), now, key)


@contextmanager
def at_work(
    chosen: Settings, folder: Path, *names: str, code: Path = ROOT
) -> Iterator[dict[str, Path]]:
    """Processes of that code that act meanwhile; the journal of each."""
    environment = {**os.environ, **chosen.environment(), "PYTHONPATH": str(code)}
    journals = {name: folder / f"{name}.jsonl" for name in names}
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.crowd", name, str(journal)],
            env=environment,
            cwd=code,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, journal in journals.items()
    ]
    try:
        yield journals
    finally:
        said = [child.communicate("", timeout=180)[1] for child in running]
    assert [child.returncode for child in running] == [0] * len(running), said


def acts(journal: Path) -> list[dict[str, Any]]:
    """What was acknowledged up to now."""
    lines = journal.read_text().splitlines(keepends=True) if journal.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def wait_for(journal: Path, count: int) -> list[dict[str, Any]]:
    """The acts of a journal once there are so many."""
    until = time.monotonic() + 180
    while len(found := acts(journal)) < count:
        assert time.monotonic() < until, f"{len(found)} acts after three minutes"
        time.sleep(0.02)
    return found


if __name__ == "__main__":
    with Store.open(settings.read(os.environ)) as opened:
        work(opened, sys.argv[1], Path(sys.argv[2]))
