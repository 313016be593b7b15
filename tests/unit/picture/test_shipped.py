"""The shipped diagrams drawn: every page, every element."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from engine import picture

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted(ROOT.glob("bpmn/*.bpmn"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_page_of_a_shipped_file_shows_every_element_that_is_drawn(path: Path):
    content = path.read_bytes()
    diagrams = etree.fromstring(content).findall("{*}BPMNDiagram")
    assert len(picture.pages(content)) == len(diagrams)
    for number, diagram in enumerate(diagrams, 1):
        svg = etree.fromstring(picture.draw(content, number))
        shown = [one.get("data-element-id") for one in svg.iter("{*}g")]
        wanted = [one.get("bpmnElement") for one in diagram.iter("{*}BPMNShape", "{*}BPMNEdge")]
        assert sorted(filter(None, shown)) == sorted(wanted)
