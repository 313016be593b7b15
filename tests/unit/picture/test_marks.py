"""How far elements have come: marks and tokens, on whatever stands there."""

from __future__ import annotations

import pytest
from lxml import etree

from engine import picture
from engine.picture import WORDS, Mark
from tests.unit.picture.drawn import edge, element, file, one, parts, shape, svg, words

KINDS = ("userTask", "startEvent", "exclusiveGateway", "subProcess", "dataStoreReference",
         "conversation", "lane", "participant", "group", "textAnnotation")  # fmt: skip


def marked(root):
    return {
        g.get("data-mark-of"): g.get("data-mark")
        for g in parts(root, "g")
        if g.get("data-mark-of") is not None
    }


def test_every_mark_differs_without_its_colour():
    looks = set()
    for mark in Mark:
        root = svg(one("userTask"), marks={"it": mark})
        shapes = [
            (node.tag, node.get("d"), node.get("r"), node.get("points"))
            for group in parts(root, "g")
            if group.get("data-mark")
            for node in group.iter()
        ]
        looks.add(str(shapes))
    assert len(looks) == len(Mark)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mark", list(Mark))
def test_anything_can_have_any_mark_and_the_legend_says_what_it_means(kind, mark):
    root = svg(one(kind), marks={"it": mark}, tokens={"it": 2})
    assert marked(root) == {"it": mark}
    assert WORDS[mark] in words(root)
    assert "2" in words(root)


def test_the_legend_names_each_mark_once_and_only_those_on_the_page():
    elements = "".join(element("userTask", name) for name in "abc")
    shapes = "".join(shape(name, 200 * n, 0, 100, 80) for n, name in enumerate("abc"))
    said = {"a": Mark.DONE, "b": Mark.DONE, "c": Mark.OVERDUE, "elsewhere": Mark.FAILED}
    root = svg(file(elements, shapes), marks=said)
    assert marked(root) == {"a": "done", "b": "done", "c": "overdue"}
    (legend,) = (g for g in parts(root, "g") if g.get("data-legend"))
    assert words(legend) == ["超期", "已经过"]
    assert words(svg(file(elements, shapes))) == []


def test_the_words_of_the_legend_may_be_others():
    root = svg(one("userTask"), marks={"it": Mark.DONE}, words={Mark.DONE: "done"})
    assert "done" in words(root)
    assert "已经过" not in words(root)


def test_who_hears_the_picture_is_told_what_is_marked():
    root = svg(one("userTask", name="签收"), marks={"it": Mark.OVERDUE})
    assert root.find("{*}desc").text == "共1个环节。超期：签收。"
    assert root.get("aria-labelledby") == "picture-title picture-desc"


@pytest.mark.parametrize(("count", "shown"), [(1, "1"), (12, "12"), (999, "999"), (5000, "999+")])
def test_tokens_are_counted(count, shown):
    assert words(svg(one("userTask"), tokens={"it": count})) == [shown]


@pytest.mark.parametrize("count", [0, -1])
def test_no_token_is_not_shown(count):
    root = svg(one("userTask"), tokens={"it": count})
    assert words(root) == []
    assert marked(root) == {}


def test_a_flow_that_was_taken_is_wider_and_of_the_mark_s_colour():
    content = file(element("sequenceFlow", "it"), edge("it", (0, 0), (100, 0)))
    plain, taken = (parts(svg(content, marks=m), "path")[0] for m in ({}, {"it": Mark.DONE}))
    assert float(taken.get("stroke-width")) > float(plain.get("stroke-width"))
    assert taken.get("stroke") != plain.get("stroke")


def test_marks_and_tokens_lie_within_the_sheet():
    x, y, wide, high = (
        float(n) for n in svg(one("userTask"), marks={"it": Mark.DONE}).get("viewBox").split()
    )
    assert x <= 100 - 14
    assert y <= 100 - 14
    assert x + wide >= 200 + 14
    assert y + high >= 180 + 14


def test_a_part_of_a_page_has_in_its_middle_what_it_is_about():
    first, second, far = ((about, x) for about, x in (("a", 100), ("b", 400), ("c", 3000)))
    elements = "".join(element("userTask", about, name=about) for about, _ in (first, second, far))
    shapes = "".join(shape(about, x, 80, 100, 80) for about, x in (first, second, far))
    content = file(elements, shapes)

    def box(*around: str) -> list[float]:
        (page,) = picture.pages(content)
        drawn = picture.draw_page(page, around=around)
        return [float(part) for part in etree.fromstring(drawn).get("viewBox").split()]

    assert box("a", "b") == [300 - 440, 120 - 150, 880, 300]
    assert box("a", "c") == [150 - 440, 120 - 150, 880, 300], "too far apart: the first"
    assert box("nowhere") == box(), "the whole page"
    assert box()[2] > 2900
