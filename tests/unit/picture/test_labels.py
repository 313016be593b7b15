"""Where names stand, and what becomes of long ones."""

from __future__ import annotations

import pytest

from engine.picture import text
from engine.picture.svg import PAPER
from tests.unit.picture.drawn import (
    element,
    file,
    one,
    parts,
    place,
    shape,
    svg,
    words,
)  # fmt: skip

LONG = "对承办单位提出的退回申请进行审核并在一个工作日内作出决定"


def lines(root):
    """Each line of words: text, left, top, right and bottom, by the table of widths."""
    found = []
    for node in parts(root, "text"):
        size = float(node.get("font-size"))
        for line in node:
            wide = text.width(line.text) * size
            base, x = float(line.get("y")), float(line.get("x"))
            found.append((line.text, x - wide / 2, base - 0.95 * size, x + wide / 2, base))
    return found


def test_a_long_name_gets_lines_then_smaller_letters_then_dots():
    sizes = []
    for name in ("签收", LONG, LONG * 3):
        root = svg(one("userTask", name=name))
        sizes.append({node.get("font-size") for node in parts(root, "text")})
        for _, left, top, right, low in lines(root):
            assert left >= 100
            assert right <= 200
            assert top >= 100
            assert low <= 180
    assert sizes[0] == {"12"}
    assert words(svg(one("userTask", name=LONG * 3)))[-1].endswith("…")


@pytest.mark.parametrize("name", ["签收", "User Task 7 Standard Loop", "对退回申请进行审核"])
@pytest.mark.parametrize("inner", ["", "<bpmn:standardLoopCharacteristics/>"])
def test_a_name_keeps_clear_of_the_sign_and_of_the_markers(name, inner):
    content = file(element("userTask", "it", inner, name=name), shape("it", 0, 0, 90, 70))
    for said, left, top, _, low in lines(svg(content)):
        assert left >= 26 or top >= 24, said
        assert low <= (53 if inner else 70), said


def test_a_name_keeps_clear_of_a_boundary_event_below_it():
    elements = element("userTask", "it", name="办理工单，按期答复") + element(
        "boundaryEvent", "due", attachedToRef="it"
    )
    under = svg(file(elements, shape("it", 0, 0, 100, 80) + shape("due", 32, 62, 36, 36)))
    corner = svg(file(elements, shape("it", 0, 0, 100, 80) + shape("due", 80, 62, 36, 36)))
    assert max(low for *_, low in lines(under)) <= 62
    assert max(low for *_, low in lines(corner)) <= 80


def test_names_beside_shapes_stand_where_the_file_says_and_have_paper_around_them():
    content = file(
        element("startEvent", "it", name="来电"), shape("it", 0, 0, 36, 36, place(100, 50, 40, 14))
    )
    root = svg(content)
    ((said, left, top, right, _),) = lines(root)
    assert said == "来电"
    assert (left + right) / 2 == 120
    assert 50 <= top <= 53
    (halo,) = parts(root, "text")
    assert (halo.get("paint-order"), halo.get("stroke")) == ("stroke", PAPER)


def test_names_beside_shapes_stand_below_when_the_file_does_not_say():
    ((_, left, top, right, _),) = lines(svg(one("endEvent", name="办结")))
    assert (left + right) / 2 == 118
    assert top > 136


def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one():
    found = text.wrap("办理（第十三条），审核（第十四条），回访。", 5)
    assert not [line for line in found if line[0] in "），。" or line[-1] in "（"]
    assert "".join(found) == "办理（第十三条），审核（第十四条），回访。"


@pytest.mark.parametrize("most", [0.1, 1, 3, 1000])
def test_wrapping_loses_nothing_however_narrow(most):
    told = "Customer-notified about 取消 W" + "w" * 50
    assert "".join(text.wrap(told, most)).replace(" ", "") == told.replace(" ", "")
    assert text.shortened(text.wrap(told, most), 1, most)[0]


def test_lines_that_a_person_broke_stay_broken():
    content = one("userTask", name="上").replace(b'name="&#19978;"', b"")
    content = content.replace('name="上"'.encode(), 'name="上&#10;下"'.encode())
    assert words(svg(content)) == ["上", "下"]
