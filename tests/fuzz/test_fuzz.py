"""A few hundred changed files for each reader, always the same; the long run is a module.

See `tests.fuzz.run`. The controls show that a crash, a hang and a flood would be noticed.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from tests.fuzz import mutation, readers, run

ROOT = Path(__file__).resolve().parents[2]
MANY = {"diagram": 90, "picture": 60, "table": 300, "form": 250, "feel": 700, "expression": 700}


@pytest.mark.parametrize("name", list(readers.READERS))
def test_a_reader_refuses_in_its_own_way_whatever_comes(name, tmp_path):
    reader = readers.READERS[name]
    judge = run.fuzz(reader, seed=1, most=MANY.get(name, 100), keep=tmp_path)
    assert judge.failures == {}
    assert len(judge.words) > 3, "everything ends alike: the changes meet nothing"


@pytest.mark.parametrize("name", list(readers.READERS))
def test_a_run_is_repeated_by_its_seed(name):
    reader = readers.READERS[name]

    def inputs():
        random = Random(5)
        return [mutation.changed(reader.change, random, one) for one in reader.seeds[:3] * 4]

    first = inputs()
    assert first == inputs()
    assert len(set(first)) > 3


def crash(content):
    raise KeyError(content)


def hang(content):
    while True:
        pass


def hang_in_an_expression(content):
    re.match(r"(a+)+$", "a" * 60 + "b")


def lie(content):
    raise readers.Wrong("no sentence", "rule")


@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (crash, "KeyError"),
        (hang, "TooLong"),
        (hang_in_an_expression, "TooLong"),
        (lie, "Wrong"),
    ],
)
def test_what_must_not_be_is_noticed_once_and_its_input_kept(read, kind, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "LONGEST", 0.2)
    reader = SimpleNamespace(
        name="x", seeds=[b"a"], read=read, change=mutation.of_text(["b", "c"], [])
    )
    judge = run.fuzz(reader, seed=1, most=2, keep=tmp_path)
    assert [failure.split()[0] for failure in judge.failures] == [kind]
    assert len([path for path in tmp_path.iterdir() if path.name != "last"]) == 1


FLOOD = """
from types import SimpleNamespace
from tests.fuzz import mutation, run
run.LARGEST = 50_000
def flood(content):
    return str(len(b"x" * 80_000_000))
reader = SimpleNamespace(name="x", seeds=[b"a"], read=flood, change=mutation.bytewise)
print(*run.fuzz(reader, seed=1, most=1).failures)
"""


def test_a_flood_is_noticed():
    """In a process of its own, whose memory was never larger."""
    done = subprocess.run(
        [sys.executable, "-c", FLOOD], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.splitlines()[-1].startswith("MemoryError")
