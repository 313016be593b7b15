"""Four sweeps and a handler, killed again and again, on each database.

`make long`: a hundred times over 2,000 timers; in the suite a part of that.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from engine.settings import Settings

LONG = (500, 100)
"""Tickets, of four timers each, and kills."""
SHORT = (100, 20)

NOTHING_WRONG = dict.fromkeys(
    (
        "lost",
        "twice",
        "untold",
        "told twice",
        "answered and lost",
        "done twice",
        "waiting",
        "differences",
        "kills: died by themselves",
    ),
    0,
)


def run(settings: Settings, *arguments: str) -> dict[str, object]:
    """The script in a process of its own; its figures are shown when the test fails."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.run", *arguments],
        env=os.environ | settings.environment(),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    print(done.stdout)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_nothing_is_lost_or_twice_whoever_is_killed(
    settings: Settings, pytestconfig: pytest.Config
) -> None:
    tickets, kills = LONG if pytestconfig.getoption("--long") else SHORT
    found = run(settings, "kill", "--tickets", str(tickets), "--kills", str(kills))
    assert (found["timers"], found["kills"], found["answered"]) == (4 * tickets, kills, 2 * tickets)
    assert {name: found[name] for name in NOTHING_WRONG} == NOTHING_WRONG
    assert found["kills: inside"], "no kill met a transaction: the test would prove nothing"


def test_without_the_lock_the_same_fires_twice(settings: Settings) -> None:
    found = run(settings, "control", "--tickets", "40")
    assert found["twice"], "the control is sound, so that the count above proves nothing"
    assert found["differences"]


@pytest.fixture(autouse=True)
def _from_the_top(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    monkeypatch.chdir(pytestconfig.rootpath)
