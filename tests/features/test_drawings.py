"""The diagrams as pictures: everything is drawn, nothing lies over something else."""

from __future__ import annotations

import json
import re
from itertools import combinations, pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator

ROOT = Path(__file__).resolve().parents[2]
DIAGRAMS = sorted(ROOT.glob("bpmn/*.bpmn"))
NS = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "di": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
}
FLOW_NODES = [
    "startEvent",
    "endEvent",
    "intermediateThrowEvent",
    "intermediateCatchEvent",
    "boundaryEvent",
    "userTask",
    "sendTask",
    "serviceTask",
    "receiveTask",
    "businessRuleTask",
    "callActivity",
    "subProcess",
    "exclusiveGateway",
    "parallelGateway",
    "inclusiveGateway",
    "eventBasedGateway",
]
ARTICLE = re.compile("第[一二三四五六七八九十]+条")
WIDEST = 2800  # A3 across, with names still read


class Box(NamedTuple):
    """Bounds in pixels, and whose they are."""

    x: float
    y: float
    width: float
    height: float
    whose: str = ""

    def overlaps(self, other: Box) -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )

    def holds(self, other: Box) -> bool:
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.x + other.width <= self.x + self.width
            and other.y + other.height <= self.y + self.height
        )

    def grown(self, by: float) -> Box:
        return Box(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)


def box(bounds: etree._Element, whose: str = "") -> Box:
    return Box(*(float(bounds.get(k)) for k in ("x", "y", "width", "height")), whose)


def tag(element: etree._Element) -> str:
    return etree.QName(element).localname


class Drawing:
    def __init__(self, path: Path) -> None:
        root = etree.parse(path).getroot()
        self.elements = {e.get("id"): e for e in root.iterfind(".//bpmn:*[@id]", NS)}
        self.shapes = {
            s.get("bpmnElement"): box(s.find("dc:Bounds", NS), s.get("bpmnElement"))
            for s in root.iterfind(".//di:BPMNShape", NS)
        }
        self.edges = {
            e.get("bpmnElement"): [
                (float(p.get("x")), float(p.get("y"))) for p in e if tag(p) == "waypoint"
            ]
            for e in root.iterfind(".//di:BPMNEdge", NS)
        }
        self.labels = [
            box(label.find("dc:Bounds", NS), label.getparent().get("bpmnElement"))
            for label in root.iterfind(".//di:BPMNLabel", NS)
        ]
        # A collapsed subprocess has a page of its own, with coordinates of its own.
        self.pages = {
            e.get("bpmnElement"): number
            for number, page in enumerate(root.iterfind(".//di:BPMNPlane", NS))
            for e in page
        }
        self.around = {  # the subprocesses that an element stands in
            e.get("id"): {a.get("id") for a in e.iterancestors(f"{{{NS['bpmn']}}}subProcess")}
            for e in self.elements.values()
        }

    def of(self, *tags: str) -> list[etree._Element]:
        return [e for e in self.elements.values() if tag(e) in tags]

    def together(self, one: str, other: str) -> bool:
        """Do these two stand on the same page?"""
        return self.pages[one] == self.pages[other]


@pytest.fixture(params=DIAGRAMS, ids=lambda path: path.stem)
def drawing(request: pytest.FixtureRequest) -> Drawing:
    return Drawing(request.param)


def test_there_are_diagrams():
    assert DIAGRAMS


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.stem)
def test_the_file_is_as_the_standard_says(path: Path):
    schema = BpmnValidator().validator
    schema.validate(etree.parse(path))
    assert [str(error) for error in schema.error_log] == []


def test_everything_is_drawn(drawing: Drawing):
    nodes = {e.get("id") for e in drawing.of(*FLOW_NODES, "lane", "participant", "textAnnotation")}
    lines = {e.get("id") for e in drawing.of("sequenceFlow", "association")}
    assert nodes == set(drawing.shapes)
    assert lines == set(drawing.edges)


def test_every_node_lies_in_its_lane(drawing: Drawing):
    lanes = drawing.of("lane")
    placed = [ref.text for lane in lanes for ref in lane.iterfind("bpmn:flowNodeRef", NS)]
    nodes = [e.get("id") for e in drawing.of(*FLOW_NODES)]
    # What stands in a subprocess is in the lane of the subprocess.
    assert sorted(placed) == sorted(node for node in nodes if not drawing.around[node])
    for node, inner in drawing.around.items():
        if node in drawing.shapes:
            here = [drawing.shapes[box] for box in inner if drawing.together(box, node)]
            assert all(box.grown(20).holds(drawing.shapes[node]) for box in here), node
    for lane in lanes:
        for ref in lane.iterfind("bpmn:flowNodeRef", NS):
            assert drawing.shapes[lane.get("id")].holds(drawing.shapes[ref.text]), ref.text


def test_every_line_ends_at_what_it_joins(drawing: Drawing):
    for line in drawing.of("sequenceFlow", "association"):
        points = drawing.edges[line.get("id")]
        for end, point in (("sourceRef", points[0]), ("targetRef", points[-1])):
            shape = drawing.shapes[line.get(end)].grown(1)
            assert shape.holds(Box(*point, 0, 0)), (line.get("id"), end)


def test_nothing_lies_over_something_else(drawing: Drawing):
    attached = {e.get("id") for e in drawing.of("boundaryEvent")}
    drawn = [drawing.shapes[e.get("id")] for e in drawing.of(*FLOW_NODES, "textAnnotation")]
    things = [b for b in drawn if b.whose not in attached] + drawing.labels
    assert [
        (a.whose, b.whose)
        for a, b in combinations(things, 2)
        if a.overlaps(b)
        and drawing.together(a.whose, b.whose)
        and a.whose not in drawing.around[b.whose]
        and b.whose not in drawing.around[a.whose]
    ] == []


def test_no_line_runs_through_a_node_or_a_label(drawing: Drawing):
    """Lines are vertical or horizontal; those of annotations may slant, and are looked at."""
    nodes = [drawing.shapes[e.get("id")] for e in drawing.of(*FLOW_NODES, "textAnnotation")]
    hosts = {e.get("id"): e.get("attachedToRef") for e in drawing.of("boundaryEvent")}
    found = []
    for flow in drawing.of("sequenceFlow"):
        ends = {flow.get("sourceRef"), flow.get("targetRef")}
        ends |= {hosts[end] for end in ends if end in hosts}
        ends |= drawing.around[flow.get("id")]
        here = [n for n in nodes if drawing.together(n.whose, flow.get("id"))]
        labels = [n for n in drawing.labels if drawing.together(n.whose, flow.get("id"))]
        points = drawing.edges[flow.get("id")]
        for (x1, y1), (x2, y2) in pairwise(points):
            assert x1 == x2 or y1 == y2, flow.get("id")
            piece = Box(min(x1, x2), min(y1, y2), abs(x1 - x2), abs(y1 - y2)).grown(1)
            found += [(flow.get("id"), n.whose) for n in here if n.whose not in ends
                      and piece.overlaps(n)]  # fmt: skip
            found += [(flow.get("id"), n.whose) for n in labels if piece.overlaps(n)]
    assert found == []


def test_no_flow_runs_along_another(drawing: Drawing):
    """Flows meet where they leave the same node or go to the same one, and cross upright only."""
    pieces = [
        (flow, Box(min(a[0], b[0]), min(a[1], b[1]), abs(a[0] - b[0]), abs(a[1] - b[1])))
        for flow in drawing.of("sequenceFlow")
        for a, b in pairwise(drawing.edges[flow.get("id")])
    ]
    assert [
        (one.get("id"), two.get("id"))
        for (one, a), (two, b) in combinations(pieces, 2)
        if drawing.together(one.get("id"), two.get("id"))
        and one.get("sourceRef") != two.get("sourceRef")
        and one.get("targetRef") != two.get("targetRef")
        and (a.width == 0) == (b.width == 0)
        and a.grown(2).overlaps(b.grown(2))
    ] == []


def test_one_page_wide(drawing: Drawing):
    assert max(drawing.shapes[e.get("id")].width for e in drawing.of("participant")) <= WIDEST


def test_each_step_names_its_article(drawing: Drawing):
    """User tasks and what has a deadline: by a property for the program, by a note for people."""
    noted = {e.get("sourceRef") for e in drawing.of("association")}
    for task in drawing.of("userTask"):
        assert task.get("id") in noted
    for element in drawing.of("userTask", "boundaryEvent", "intermediateCatchEvent"):
        properties = {p.get("name"): p.get("value") for p in element.iterfind(".//{*}property")}
        if tag(element) != "userTask" and "deadline" not in properties:
            continue
        assert properties.get("article", "").startswith("第"), element.get("id")


def test_each_article_is_told_beside_what_carries_it_out(drawing: Drawing):
    """The article that pages show for an element is also written beside it."""
    words = {note.get("id"): "".join(note.itertext()) for note in drawing.of("textAnnotation")}
    beside: dict[str, str] = {}
    for line in drawing.of("association"):
        node = line.get("sourceRef")
        beside[node] = beside.get(node, "") + words[line.get("targetRef")]
    for element in drawing.of(*FLOW_NODES):
        told = element.iterfind("./bpmn:extensionElements//{*}property[@name='article']", NS)
        for article in (article for one in told for article in ARTICLE.findall(one.get("value"))):
            assert article in beside.get(element.get("id"), ""), (element.get("id"), article)


def test_ids_of_forms_and_their_fields_are_unique():
    forms = {p.stem: json.loads(p.read_text("utf-8")) for p in ROOT.glob("forms/*.form")}
    assert {form["id"] for form in forms.values()} == set(forms)
    fields = [c["id"] for form in forms.values() for c in form["components"]]
    assert len(fields) == len(set(fields))
