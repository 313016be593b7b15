"""An import killed half way, stopped by Ctrl-C and run again, on each database."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from engine.settings import Settings

ROWS, BAD = 600, 30


def test_an_import_that_is_killed_goes_on_without_doubles(settings: Settings) -> None:
    words = ["--rows", str(ROWS), "--bad", str(BAD), "--weight", "40", "--verified", "20"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.imports", *words],
        env=os.environ | settings.environment(),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    print(done.stdout)
    found = json.loads(done.stdout)
    assert (found["written by the dry run"], found["told by the dry run"]) == (0, BAD)
    assert 0 < found["killed at"] < found["stopped at"] <= ROWS - BAD
    expected = {
        "tickets": ROWS - BAD,
        "originals": ROWS - BAD,
        "open": (ROWS - BAD) // 10,
        "started": (ROWS - BAD) // 10,
        "closed": (ROWS - BAD) * 9 // 10,
        "told": BAD,
        "not told": 0,
        "told wrongly": 0,
        "told twice": 0,
        "made again": 0,
        "differences": 0,
    }
    assert {name: found[name] for name in expected} == expected
