"""How far elements have come: a ring, a pattern and a sign for each mark, beside its colour.

Whoever tells no colours apart, or prints in grey, tells them by the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from engine.picture import areas, labels, nodes
from engine.picture import text as words
from engine.picture.icons import regular
from engine.picture.model import Box, Mark, Point, Shape
from engine.picture.svg import INK, PAPER, Pen

RING = 5.0
"""How far outside a shape its ring runs."""

REACH = 14.0
"""How far marks and badges stick out of a shape."""


class Style(NamedTuple):
    """What a mark looks like."""

    colour: str
    tint: str
    wide: float
    dash: str
    hatch: tuple[int, ...] = ()
    """The directions of the lines over the shape: 1 rising, -1 falling."""


STYLES: Mapping[Mark, Style] = {
    Mark.ACTIVE: Style("#0b57b0", "#dceafc", 4, ""),
    Mark.WAITING: Style("#6a3fa0", "#efe7fa", 3, "9 5"),
    Mark.OVERDUE: Style("#b3261e", "#fde4e1", 4, "", (1,)),
    Mark.DONE: Style("#17683a", "#e2f3e7", 1.6, ""),
    Mark.CANCELLED: Style("#5c6066", "#eceded", 2, "2 4", (-1,)),
    Mark.FAILED: Style("#8a1253", "#fbe0ee", 4, "14 3 3 3", (1, -1)),
}


def outline(shape: Shape, by: float = 0) -> list[Point]:
    """The corners of a shape's edge, so far outside; a circle is told by many."""
    middle, (_, _, width, height) = shape.box.middle, shape.box
    if shape.thing.kind in nodes.EVENTS:
        return [
            Point(middle.x + x, middle.y + y) for x, y in regular(36, min(width, height) / 2 + by)
        ]
    x, y = width / 2 + by, height / 2 + by
    if shape.thing.kind in nodes.GATEWAYS:
        x, y = x + by * 0.4, y + by * 0.4
        return [
            Point(middle.x + a * x, middle.y + b * y) for a, b in ((0, -1), (1, 0), (0, 1), (-1, 0))
        ]
    if shape.thing.kind in areas.CONVERSATIONS:
        corners = ((-1, 0), (-0.5, -1), (0.5, -1), (1, 0), (0.5, 1), (-0.5, 1))
        return [Point(middle.x + a * x, middle.y + b * y) for a, b in corners]
    return [
        Point(middle.x + a * x, middle.y + b * y) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def hatched(pen: Pen, shape: Shape, mark: Mark) -> None:
    """The pattern over a shape's ground, under its name."""
    style = STYLES[mark]
    edge = outline(shape, -2)
    for rising in style.hatch:
        parts: list[str | float] = []
        for start, end in _strokes(edge, rising):
            parts += ["M", *start, "L", *end]
        if parts:
            pen.path(*parts, fill="none", stroke=style.colour, stroke_width=0.8, opacity=0.4)


def _strokes(edge: list[Point], rising: int, step: float = 9.0) -> Iterator[tuple[Point, Point]]:
    """The pieces of slanting lines that lie within a convex polygon; at most 400."""
    along = [p.x + rising * p.y for p in edge]
    low, high = min(along), max(along)
    step = max(step, (high - low) / 400)
    place = low + step
    while place < high:
        met = []
        for first, second in zip(edge, [*edge[1:], edge[0]], strict=True):
            a, b = first.x + rising * first.y - place, second.x + rising * second.y - place
            if (a < 0) != (b < 0):
                share = a / (a - b)
                met.append(
                    Point(
                        first.x + (second.x - first.x) * share,
                        first.y + (second.y - first.y) * share,
                    )
                )
        if len(met) == 2:
            yield met[0], met[1]
        place += step


def ringed(pen: Pen, shape: Shape, mark: Mark) -> None:
    """The ring around a shape."""
    style = STYLES[mark]
    pen = pen.put("g", stroke=style.colour, stroke_width=style.wide, stroke_dasharray=style.dash)
    kind = shape.thing.kind
    middle = shape.box.middle
    if kind in nodes.EVENTS:
        pen.circle(*middle, min(shape.box.width, shape.box.height) / 2 + RING)
    elif kind in nodes.GATEWAYS or kind in areas.CONVERSATIONS:
        pen.polygon(outline(shape, RING))
    else:
        pen.rect(*shape.box.grown(RING), rx=nodes.CORNER + RING)


def signed(pen: Pen, shape: Shape, mark: Mark) -> None:
    """The sign of a mark at a shape's upper right."""
    sign(pen, mark, _corner(shape, 1, -1))


def counted(pen: Pen, shape: Shape, count: int) -> None:
    """How many tokens stand on a shape: at its lower left, above the name of a small one."""
    said = str(count) if count <= 999 else "999+"
    wide = max(18.0, words.width(said) * 12 + 10)
    at = _corner(shape, -1, -1 if shape.thing.kind in _SMALL else 1)
    x, y = at.x - (wide - 18) / 2, at.y
    pen.rect(x - wide / 2, y - 9, wide, 18, rx=9, fill=INK, stroke=PAPER, stroke_width=1.5)
    pen.lines([said], x, y - 7.2, 12, fill=PAPER)


_SMALL = nodes.EVENTS | nodes.GATEWAYS


def _corner(shape: Shape, right: int, low: int) -> Point:
    """A corner of a shape: 1 is right or low, -1 left or high; of a round one nearer."""
    near = 0.9 if shape.thing.kind in _SMALL else 1.0
    x, y = shape.box.width / 2 * near + 2, shape.box.height / 2 * near + 2
    return Point(shape.box.middle.x + right * x, shape.box.middle.y + low * y)


def sign(pen: Pen, mark: Mark, at: Point) -> None:
    """The small sign that tells a mark by its form alone."""
    ink = STYLES[mark].colour
    pen = pen.put("g", transform=f"translate({at.x:.2f} {at.y:.2f})", stroke_width=1.5)
    full: dict[str, str | float] = {"fill": ink, "stroke": PAPER}
    white: dict[str, str | float] = {"fill": "none", "stroke": PAPER, "stroke_width": 2.2}
    match mark:
        case Mark.ACTIVE:
            pen.circle(0, 0, 10, **full)
            pen.path("M -3 -5 L 5.2 0 L -3 5 Z", fill=PAPER, stroke="none")
        case Mark.WAITING:
            pen.rect(-9.5, -9.5, 19, 19, rx=4, **full)
            pen.path("M -5 -5.6 L 5 -5.6 L -5 5.6 L 5 5.6 Z", fill=PAPER, stroke="none")
        case Mark.OVERDUE:
            pen.polygon([Point(x, y + 2) for x, y in regular(3, 13)], **full)
            pen.path("M 0 -4 L 0 2.6", **white)
            pen.circle(0, 6, 1.5, fill=PAPER, stroke="none")
        case Mark.DONE:
            pen.circle(0, 0, 8.5, **full)
            pen.path("M -4.2 0.4 L -1.2 3.6 L 4.4 -3.4", **white)
        case Mark.CANCELLED:
            pen.circle(0, 0, 8.5, fill=PAPER, stroke=ink, stroke_width=2)
            pen.path("M -5.6 5.6 L 5.6 -5.6", stroke=ink, stroke_width=2)
        case Mark.FAILED:
            pen.polygon(regular(8, 10.5, -67.5), **full)
            pen.path("M -3.8 -3.8 L 3.8 3.8 M 3.8 -3.8 L -3.8 3.8", **white)


def legend(pen: Pen, marks: list[Mark], said: Mapping[Mark, str], at: Point) -> Box:
    """What the marks mean, in a row; the room that it takes."""
    x = at.x + 12
    for mark in marks:
        sign(pen, mark, Point(x, at.y + 12))
        word = said.get(mark, mark.value)
        pen.lines([word], x + 17, at.y + 12 - 7.2, labels.INSIDE, anchor="start")
        x += 17 + words.width(word) * labels.INSIDE + 32
    return Box(at.x, at.y, math.ceil(x - at.x - 20), 24)
