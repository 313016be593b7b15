"""docs/pages.md: each page wide and narrow, full and empty, with a line; nothing too many."""

from __future__ import annotations

import re

import pytest

from tests.browser import pictures
from tests.unit.test_house import ROOT

FOLDER = ROOT / "docs/pages"
SECTIONS = pictures.KEPT.read_text("utf-8").split("\n## ")[1:]
MOST_BYTES = 5_000_000


@pytest.mark.parametrize("section", SECTIONS, ids=lambda text: text.split("\n")[0])
def test_a_page_has_its_line_and_both_widths_full_and_empty(section: str):
    title, line, table = (part.strip() for part in section.split("\n\n", 2))
    assert title
    assert line.endswith("。")
    full, empty = [row for row in table.split("\n") if row.startswith(("| 有", "| 没有"))]
    for row in (full, empty):
        shown = re.findall(r"\]\(pages/([\w-]+)-(wide|narrow)\.jpg\)", row)
        if row is empty and not shown:
            assert row == "| 没有内容 | 不会没有内容 | |"
        else:
            assert [width for _, width in shown] == ["wide", "narrow"]
            assert len({name for name, _ in shown}) == 1


def test_every_picture_stands_on_the_page_once_and_the_folder_stays_small():
    shown = re.findall(r"\]\(pages/([\w-]+\.jpg)\)", pictures.KEPT.read_text("utf-8"))
    assert sorted(shown) == sorted(path.name for path in FOLDER.iterdir())
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < MOST_BYTES


def test_every_picture_is_taken_at_one_place_of_the_browser_tests():
    """So that it is of the same page each time, whichever test is last."""
    texts = [path.read_text("utf-8") for path in (ROOT / "tests/browser").glob("test_*.py")]
    looked = [name for text in texts for name in re.findall(r'"([\w-]+)"', text)]
    assert {name: looked.count(name) for name in pictures.listed()} == dict.fromkeys(
        pictures.listed(), 1
    )
