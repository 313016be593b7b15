"""An import killed half way, stopped by Ctrl-C and run again, on each database."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from engine.settings import Settings

LONG = (50_000, 500)
"""Rows, and how many of them are bad."""
SHORT = (300, 20)


def test_an_import_that_is_killed_goes_on_without_doubles(
    settings: Settings, pytestconfig: pytest.Config
) -> None:
    long = pytestconfig.getoption("--long")
    rows, bad = LONG if long else SHORT
    words = ["--rows", str(rows), "--bad", str(bad), "--verified", "1000" if long else "20"]
    words += [] if long else ["--weight", "40"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.imports", *words],
        env=os.environ | settings.environment(),
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    print(done.stdout)
    found = json.loads(done.stdout)
    assert (found["written by the dry run"], found["told by the dry run"]) == (0, bad)
    assert 0 < found["killed at"] < found["stopped at"] <= rows - bad
    expected = {
        "tickets": rows - bad,
        "originals": rows - bad,
        "open": (rows - bad) // 10,
        "started": (rows - bad) // 10,
        "closed": (rows - bad) * 9 // 10,
        "told": bad,
        "not told": 0,
        "told wrongly": 0,
        "told twice": 0,
        "made again": 0,
        "differences": 0,
    }
    assert {name: found[name] for name in expected} == expected
