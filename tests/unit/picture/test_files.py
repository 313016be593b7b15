"""Files as they come: hostile, broken, without shapes, too large; the same picture every time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from engine import picture
from engine.picture import PictureRefused, reading
from tests.unit.picture.drawn import HEAD, edge, element, file, one, parts, shape, svg, words

ROOT = Path(__file__).resolve().parents[3]


def refused(content, page=1):
    with pytest.raises(PictureRefused) as caught:
        picture.draw(content, page)
    return caught.value.code, str(caught.value)


# --- hostile -------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    "]]></text><image href='http://x/'/>",
    "\"' onload='x' <!-- &amp; -->",
    "\u202e倒着写\u202c",
    "&lt;svg&gt;",
    "${secret}",
    "a\tb\u0085c\u2028d",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ["userTask", "startEvent", "lane", "dataObjectReference"])
def test_a_name_is_text_whatever_stands_in_it(kind, name):
    root = svg(one(kind, name=name))
    tags = {etree.QName(node).localname for node in root.iter()}
    assert tags <= {
        "svg",
        "title",
        "desc",
        "rect",
        "g",
        "path",
        "circle",
        "polygon",
        "text",
        "tspan",
    }
    assert not [key for node in root.iter() for key in node.attrib if key.startswith("on")]
    shown = "".join(words(root)).replace("…", "").replace(" ", "")
    assert shown.startswith("".join(name.split())[:3])


@pytest.mark.parametrize("name", HOSTILE)
def test_ids_titles_and_annotations_are_text_too(name):
    content = file(
        element(
            "textAnnotation",
            name,
            "<bpmn:text><![CDATA[" + name.replace("]]>", "") + "]]></bpmn:text>",
        ),
        shape(name, 0, 0, 100, 30),
    )
    drawing = picture.draw(content, title=name, marks={name: picture.Mark.DONE})
    root = etree.fromstring(drawing.encode())
    assert root.find("{*}title").text == name
    assert "<script" not in drawing


@pytest.mark.parametrize(
    "colour",
    ["url(http://x/)", "red;x:y", "javascript:x", "#12", "#1234567", "#ggg", "", "expression(1)"],
)
def test_a_colour_is_hexadecimal_or_none(colour):
    drawing = picture.draw(one("userTask", drawn={"bioc__fill": colour, "bioc__stroke": colour}))
    assert not colour or colour not in drawing


def test_a_good_colour_is_kept():
    (_, frame) = parts(svg(one("task", drawn={"bioc__fill": "#FFCC00"})), "rect")
    assert frame.get("fill") == "#FFCC00"


@pytest.mark.parametrize("prefix", ["", "1x", "a b", "a'", "x" * 41, "é"])
def test_a_prefix_that_is_no_beginning_of_an_id_is_the_caller_s_mistake(prefix):
    with pytest.raises(ValueError, match="prefix"):
        picture.draw(one("task"), prefix=prefix)


def test_a_picture_asks_for_nothing_outside():
    drawing = picture.draw(one("userTask", name="http://example.org/"))
    assert "href" not in drawing
    assert "url(" not in drawing


# --- broken --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"", b"<", b"no xml", b"<x/>", b"<!DOCTYPE x><x/>", b"\xff\xfe\x00", b"PK\x03\x04"],
)
def test_what_is_no_diagram_is_refused_in_a_sentence(content):
    code, sentence = refused(content)
    assert code == "picture_unreadable"
    assert sentence.endswith("。")


def test_a_file_without_coordinates_gets_a_sentence_and_no_empty_picture():
    content = f'{HEAD}<bpmn:process id="p"><bpmn:task id="a"/></bpmn:process></bpmn:definitions>'
    code, sentence = refused(content.encode())
    assert code == "picture_undrawn"
    assert "请" in sentence


@pytest.mark.parametrize(
    "bounds",
    [
        "",
        '<dc:Bounds x="1" y="2" width="3"/>',
        '<dc:Bounds x="left" y="2" width="3" height="4"/>',
        '<dc:Bounds x="NaN" y="2" width="3" height="4"/>',
        '<dc:Bounds x="inf" y="2" width="3" height="4"/>',
        '<dc:Bounds x="1e9" y="2" width="3" height="4"/>',
        '<dc:Bounds x="1" y="2" width="-3" height="4"/>',
    ],
)
def test_a_shape_without_a_place_is_named(bounds):
    content = file(element("task", "it"), f'<di:BPMNShape bpmnElement="it">{bounds}</di:BPMNShape>')
    code, sentence = refused(content)
    assert code == "picture_unplaced"
    assert "it" in sentence


def test_shapes_of_no_element_and_shapes_told_twice_are_passed_over():
    twice = shape("it", 0, 0, 100, 80) + shape("it", 500, 0, 100, 80) + shape("gone", 0, 0, 9, 9)
    content = file(element("task", "it", name="一"), twice + edge("gone", (0, 0), (9, 9)))
    assert words(svg(content)) == ["一"]


def test_an_empty_page_is_an_empty_picture():
    root = svg(file("", ""))
    assert root.get("viewBox")
    assert root.find("{*}desc").text == "共0个环节。"


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (0.4, 900), (900, 0.4), (200_000, 100_000)])
@pytest.mark.parametrize("kind", ["userTask", "startEvent", "parallelGateway", "subProcess", "lane",
                                  "participant", "dataObjectReference", "dataStoreReference",
                                  "textAnnotation", "transaction", "conversation"])  # fmt: skip
def test_any_shape_of_any_size_is_drawn(kind, size):
    content = file(element(kind, "it", name="很长的名称 with words"), shape("it", 5, 5, *size))
    drawing = picture.draw(content, marks={"it": picture.Mark.FAILED}, tokens={"it": 3})
    assert "nan" not in drawing
    assert len(drawing) < 200_000


# --- pages and sizes -----------------------------------------------------------------------


def test_each_diagram_is_a_page_and_a_page_that_is_not_there_is_said():
    first = file(element("task", "a", name="一"), shape("a", 0, 0, 100, 80)).decode()
    second = '<di:BPMNDiagram><di:BPMNPlane bpmnElement="a"/></di:BPMNDiagram></bpmn:definitions>'
    content = first.replace("</bpmn:definitions>", second).encode()
    assert [page.number for page in picture.pages(content)] == [1, 2]
    assert words(svg(content, 1)) == ["一"]
    for page in (0, 3):
        code, sentence = refused(content, page)
        assert code == "picture_no_page"
        assert "2 页" in sentence


def test_too_many_shapes_and_too_many_points_are_refused(monkeypatch):
    monkeypatch.setattr(reading, "MOST_ELEMENTS", 3)
    monkeypatch.setattr(reading, "MOST_POINTS", 3)
    shapes = "".join(shape("it", n, 0, 1, 1) for n in range(4))
    assert refused(file(element("task", "it"), shapes))[0] == "picture_too_large"
    ways = edge("it", *((n, n % 2) for n in range(4)))
    assert refused(file(element("sequenceFlow", "it"), ways))[0] == "picture_too_large"


def test_a_name_without_end_is_cut():
    drawing = picture.draw(one("textAnnotation", f"<bpmn:text>{'文 ' * 200_000}</bpmn:text>"))
    assert len(drawing) < 100_000


# --- always the same -----------------------------------------------------------------------


def test_the_same_bytes_for_the_same_file_in_another_interpreter():
    path = ROOT / "bpmn/ticket.bpmn"
    script = (
        "import sys; from engine import picture; content = open(sys.argv[1], 'rb').read(); "
        "marks = {one: picture.Mark.DONE for one in picture.pages(content)[0].ids}; "
        "sys.stdout.write(picture.draw(content, marks=marks))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script, str(path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "77")
    }
    assert len(found) == 1


def test_several_pictures_in_one_page_have_ids_of_their_own():
    content = one("task")
    ids = [
        node.get("id")
        for prefix in ("a", "b")
        for node in svg(content, prefix=prefix).iter()
        if node.get("id")
    ]
    assert len(ids) == len(set(ids)) == 4


def test_a_file_in_latin_1_shows_its_names():
    content = one("task", name="Prüfen").decode()
    said = '<?xml version="1.0" encoding="ISO-8859-1"?>'
    assert words(svg((said + content).encode("latin-1"))) == ["Prüfen"]
