"""Broken files, whole as an owner would upload them, each beside a sound set: what `check` says.

`expected.toml` names for each the element and the words, and what mends the file: the mended one
is the legal neighbour, against which nothing is said. One folder is one family of rules.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from engine import definitions
from engine.flow.check import check
from tests.commands import hotline

HERE = Path(__file__).parent
EXPECTED = tomllib.loads((HERE / "expected.toml").read_text("utf-8"))
FILES = sorted(
    path.relative_to(HERE).as_posix()
    for path in HERE.glob("*/*")
    if path.suffix in definitions.SUFFIXES
)
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


def test_there_are_sixty_and_the_table_has_them_all():
    assert sorted(EXPECTED) == FILES
    assert len(FILES) >= 60


def test_the_sound_set_is_sound():
    assert check(SOUND) == []


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_named_with_its_element_and_what_to_do(name):
    expected = EXPECTED[name]
    found = check(with_file(name, (HERE / name).read_bytes()))
    file = place_of(name)
    said = [str(one) for one in found if (one.file, one.element) == (file, expected["element"])]
    assert any(expected["says"] in one for one in said), "\n".join(map(str, found))
    assert all(one.sentence.endswith("。") for one in found)


@pytest.mark.parametrize("name", FILES)
def test_its_legal_neighbour_passes(name):
    assert [str(one) for one in check(with_file(name, mended(name)))] == []


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
