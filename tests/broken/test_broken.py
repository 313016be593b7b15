"""Broken files, whole as an owner would upload them, each beside a sound set: what `check` says.

`expected.toml` names for each the element and the words, and what mends the file: the mended one
is the legal neighbour, against which nothing is said; for some, what is in use (`in_use`). One
folder is one family of rules, and no rule is without a file.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import definitions
from engine.flow.check import check
from engine.flow.check.vanished import InUse
from tests.commands import hotline

HERE = Path(__file__).parent
EXPECTED = tomllib.loads((HERE / "expected.toml").read_text("utf-8"))
FILES = sorted(
    path.relative_to(HERE).as_posix()
    for path in HERE.glob("*/*")
    if path.suffix in definitions.SUFFIXES
)
FLOW = HERE.parents[1] / "engine" / "flow"
SOUND = definitions.read(HERE / "sound")


def place_of(name: str) -> str:
    """Where a version has the file."""
    path = Path(name)
    if path.suffix == ".json":
        return "bpmn/manifest.json"
    return f"{'forms' if path.suffix == '.form' else 'bpmn'}/{path.name}"


def with_file(name: str, content: bytes) -> dict[str, bytes]:
    return {**SOUND, place_of(name): content}


def mended(name: str) -> bytes:
    content = (HERE / name).read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    text = content.decode(encoding)
    for old, new in EXPECTED[name]["mend"]:
        assert old in text, old
        text = text.replace(old, new)
    return text.encode(encoding)


def in_use(name: str) -> list[InUse]:
    return [InUse(*one) for one in EXPECTED[name].get("in_use", ())]


def test_every_broken_file_stands_in_the_table():
    assert sorted(EXPECTED) == FILES
    assert len(FILES) >= 60


def test_the_sound_set_is_sound():
    assert check(SOUND) == []


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_named_with_its_element_and_what_to_do(name):
    expected = EXPECTED[name]
    found = check(with_file(name, (HERE / name).read_bytes()), in_use(name))
    file = place_of(name)
    said = [str(one) for one in found if (one.file, one.element) == (file, expected["element"])]
    assert any(expected["says"] in one for one in said), "\n".join(map(str, found))
    assert all(one.sentence.endswith("。") for one in found)


@pytest.mark.parametrize("name", FILES)
def test_its_legal_neighbour_passes(name):
    assert [str(one) for one in check(with_file(name, mended(name)), in_use(name))] == []


UNFILED = {
    "size": "a process of thousands of elements",
    "parse": "what the library refuses beyond all rules here",
}


def rules_of(path: Path) -> Iterator[str]:
    """The rules that a module names: in findings, or in what it yields together with a sentence."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id="Finding"), args=[_, _, ast.Constant(str(rule)), _]):
                yield rule
            case ast.Yield(ast.Tuple([ast.Constant(str(rule)), ast.Constant() | ast.JoinedStr()])):
                yield rule


def test_every_rule_has_a_file():
    written = {rule for path in FLOW.rglob("*.py") for rule in rules_of(path)}
    assert len(written) > 40
    broken = {name: with_file(name, (HERE / name).read_bytes()) for name in FILES}
    raised = {one.rule for name, files in broken.items() for one in check(files, in_use(name))}
    assert written - raised == UNFILED.keys()


FAMILIES = sorted({name.partition("/")[0] for name in FILES})


@pytest.mark.parametrize("family", FAMILIES)
def test_the_command_says_so_and_leaves_with_one(family, home, tmp_path):
    name = next(one for one in FILES if one.startswith(f"{family}/"))
    for path, content in with_file(name, (HERE / name).read_bytes()).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    done = hotline(home, "check", tmp_path, code=1)
    start = f"{place_of(name)}:{EXPECTED[name]['element']}: "
    told = [line for line in done.stdout.splitlines() if line.startswith(start)]
    assert any(EXPECTED[name]["says"] in line for line in told), done.stdout
