"""docs/regulation.md names elements of the diagrams: each is where the page says it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from tools import pictures

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/regulation.md").read_text("utf-8")
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
PICTURE = re.compile(r"\[([^\]]+)\]\(pictures/([\w-]+)\.svg\)")
CLAUSES = re.findall(r"\| \[[^\]]+\]\(pictures/([\w-]+)\.svg\) \| ([^|]+) \|\n", PAGE)


def plane(picture: str) -> etree._Element:
    """The page of a diagram that a picture draws; -2 is that of its first sub-process."""
    stem, _, number = picture.partition("-")
    root = etree.parse(ROOT / f"bpmn/{stem}.bpmn").getroot()
    return list(root.iter("{*}BPMNPlane"))[int(number or 1) - 1]


def names(picture: str) -> list[str]:
    """The names of the elements on one page."""
    page = plane(picture)
    drawn = {shape.get("bpmnElement") for shape in page.iter("{*}BPMNShape")}
    root = page.getroottree().getroot()
    return [e.get("name", "") for e in root.iter(f"{BPMN}*") if e.get("id") in drawn]


@pytest.mark.parametrize(("picture", "elements"), CLAUSES)
def test_each_clause_names_elements_that_are_drawn(picture: str, elements: str):
    drawn = names(picture)
    assert [one for one in elements.strip().split(" · ") if one not in drawn] == []


def test_every_article_from_11_to_16_stands_beside_its_pictures():
    chapters = PAGE[PAGE.index("## Chapter 3") : PAGE.index("## Chapters 5 and 6")]
    clauses = re.findall(r"^\| (1\d(?: \(\d\))?)", chapters, re.MULTILINE)
    thirteen = [f"13 ({n})" for n in range(1, 10)]
    assert list(dict.fromkeys(clauses)) == ["10", "11", "12", *thirteen, "14", "15", "16"]


def test_every_picture_is_of_a_diagram_and_is_shown():
    pictures = {path.stem for path in (ROOT / "docs/pictures").glob("*.svg")}
    assert {name for _, name in PICTURE.findall(PAGE)} == pictures
    assert {name.partition("-")[0] for name in pictures} == {
        path.stem for path in ROOT.glob("bpmn/*.bpmn")
    }


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs/pictures").glob("*.svg")), ids=lambda path: path.stem
)
def test_a_picture_shows_the_diagram_as_it_is(path: Path):
    """After a diagram has changed: `make pictures`."""
    page = plane(path.stem)
    drawn = {one.get("bpmnElement") for one in page.iter("{*}BPMNShape", "{*}BPMNEdge")}
    text = path.read_text("utf-8")
    assert set(re.findall(r'data-element-id="(\w+)"', text)) == drawn
    assert text == pictures.drawn()[path.name], "stale: make pictures"
