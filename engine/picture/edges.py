"""Flows: a line with bends, an arrow head, and what is marked at its source."""

from __future__ import annotations

import math

from engine.picture.model import Box, Edge, Point
from engine.picture.svg import INK, PAPER, Pen, path

BEND = 5.0
_Ends = tuple[str, str]
"""What stands at the source and at the target of a line."""

_LINES: dict[str, tuple[float, str]] = {
    "sequenceFlow": (2.0, ""),
    "messageFlow": (1.5, "9 6"),
    "association": (1.6, "1 4"),
    "dataInputAssociation": (1.6, "1 4"),
    "dataOutputAssociation": (1.6, "1 4"),
    "conversationLink": (1.5, ""),
}


def edge(pen: Pen, one: Edge, colour: str = "", wide: float = 0) -> None:
    """A flow or an association; a colour and a width where it was taken."""
    thing = one.thing
    width, dash = _LINES.get(thing.kind, (1.5, ""))
    ink = colour or one.stroke or INK
    if wide:
        width = wide
    start, end = _ends(one)
    points = list(one.points)
    line = points[:]
    if end == "arrow":
        line[-1] = _back(points[-2], points[-1], 4 + width)
    pen.path(bent(line), fill="none", stroke=ink, stroke_width=width, stroke_dasharray=dash)
    _target(pen, end, points[-2], points[-1], ink, width)
    _source(pen, start, points[0], points[1], ink)
    if one.message:
        _envelope(pen, one)


def _ends(one: Edge) -> _Ends:
    match one.thing.kind:
        case "sequenceFlow":
            return one.thing.mark, "arrow"
        case "messageFlow":
            return "ring", "hollow"
        case "dataInputAssociation" | "dataOutputAssociation":
            return "", "open"
        case "association" if one.thing.mark == "Both":
            return "open", "open"
        case "association" if one.thing.mark == "One":
            return "", "open"
    return "", ""


def bent(points: list[Point]) -> str:
    """The text of a line whose bends are round."""
    parts: list[str | float] = ["M", *points[0]]
    for before, bend, after in zip(points, points[1:], points[2:], strict=False):
        round_ = min(BEND, math.dist(before, bend) / 2, math.dist(bend, after) / 2)
        parts += ["L", *_back(before, bend, round_), "Q", *bend, *_back(after, bend, round_)]
    return path(*parts, "L", *points[-1])


def _back(source: Point, tip: Point, by: float) -> Point:
    """A point on the way to the tip, so far before it; not beyond the source."""
    far = math.dist(source, tip)
    share = min(by / far, 0.9) if far else 0.0
    return Point(tip.x + (source.x - tip.x) * share, tip.y + (source.y - tip.y) * share)


def _turned(pen: Pen, at: Point, towards: Point) -> Pen:
    """A pen whose origin is a point and whose x-axis goes to another."""
    angle = math.degrees(math.atan2(towards.y - at.y, towards.x - at.x))
    return pen.put("g", transform=f"translate({at.x:.2f} {at.y:.2f}) rotate({angle:.2f})")


def _target(pen: Pen, end: str, before: Point, tip: Point, ink: str, width: float) -> None:
    if not end:
        return
    pen = _turned(pen, before, tip) if before == tip else _turned(pen, tip, _beyond(before, tip))
    match end:
        case "arrow":
            size = 8 + width
            pen.path("M", -size, -size / 2, "L", 0.0, 0.0, "L", -size, size / 2, "Z",
                     fill=ink, stroke=ink, stroke_width=1)  # fmt: skip
        case "hollow":
            pen.path("M -11 -5 L 0 0 L -11 5 Z", fill=PAPER, stroke=ink, stroke_width=1.3)
        case "open":
            pen.path("M -8 -5 L 0 0 L -8 5", fill="none", stroke=ink, stroke_width=1.5)


def _beyond(before: Point, tip: Point) -> Point:
    return Point(2 * tip.x - before.x, 2 * tip.y - before.y)


def _source(pen: Pen, start: str, at: Point, towards: Point, ink: str) -> None:
    if start not in ("conditional", "default", "ring", "open"):
        return
    pen = _turned(pen, at, towards)
    match start:
        case "conditional":
            pen.path("M 0 0 L 8 -4.5 L 16 0 L 8 4.5 Z", fill=PAPER, stroke=ink, stroke_width=1.5)
        case "default":
            pen.path("M 7 -6 L 12 6", stroke=ink, stroke_width=2)
        case "ring":
            pen.circle(0, 0, 4.5, fill=PAPER, stroke=ink, stroke_width=1.3)
        case "open":
            pen.path("M 8 -5 L 0 0 L 8 5", fill="none", stroke=ink, stroke_width=1.5)


def _envelope(pen: Pen, one: Edge) -> None:
    """A message on its flow: white when it begins a conversation, grey when it answers."""
    middle = halfway(one.points)
    fill = "#d5d8dd" if one.message == "non_initiating" else PAPER
    box = Box(middle.x - 11, middle.y - 7.5, 22, 15)
    pen.rect(*box, fill=fill, stroke=INK, stroke_width=1.3)
    pen.path("M", box.x, box.y, "L", *middle, "L", box.x + 22, box.y, fill="none", stroke_width=1.3)


def halfway(points: tuple[Point, ...]) -> Point:
    """The middle of the piece in the middle of a line."""
    place = (len(points) - 1) // 2
    first, second = points[place], points[place + 1]
    return Point((first.x + second.x) / 2, (first.y + second.y) / 2)
