"""Where names stand: inside, beside, under, along a pool's edge."""

from __future__ import annotations

from engine.picture import text as words
from engine.picture.model import Box, Point
from engine.picture.svg import Pen

INSIDE = 12.0
OUTSIDE = 11.0
SMALLEST = 9.0
PADDING = 6.0
DEFAULT_WIDTH = 90.0
"""How wide a name is that a file gives no place."""


def inside(pen: Pen, name: str, box: Box, top: bool = False, corner: float = 0) -> None:
    """A name in the middle of a shape or at its top; smaller, then shortened, when it is long.

    `corner`: how much of the upper left corner is taken, so that a wide name moves down a little.
    """
    if not name:
        return
    room = max(box.width - 2 * PADDING, SMALLEST)
    size = INSIDE
    while True:
        lines = words.balanced(name, room / size)
        high = len(lines) * size * words.LINE
        start = _start(lines, size, box, top, corner)
        if start + high <= box.y + box.height or size <= SMALLEST:
            break
        size -= 1
    most = max(1, int(box.height / (size * words.LINE)))
    lines = words.shortened(lines, most, room / size)
    high = len(lines) * size * words.LINE
    start = min(_start(lines, size, box, top, corner), max(box.y, box.y + box.height - high))
    pen.lines(lines, box.middle.x, start, size)


def _start(lines: list[str], size: float, box: Box, top: bool, corner: float) -> float:
    """Where the first line begins: lower, if a line were to run into the corner otherwise."""
    line = size * words.LINE
    start = box.y if top else box.middle.y - len(lines) * line / 2
    free = box.width - 2 * (corner + PADDING)
    for place, text in enumerate(lines):
        if corner and start + place * line < box.y + corner and words.width(text) * size > free:
            return max(start, box.y + corner)
    return start


def outside(pen: Pen, name: str, place: Box | None, under: Point) -> Box | None:
    """A name beside its shape: at the place that the file gives, else under a point.

    The bounds that it takes, or None without a name. Places are measured by the modeller's font,
    so that a line may be a little wider than they are.
    """
    if not name:
        return None
    if place:
        lines = words.wrap(name, max(place.width * 1.08 + 3, OUTSIDE) / OUTSIDE)
    else:
        lines = words.balanced(name, DEFAULT_WIDTH / OUTSIDE)
    middle, top = (place.middle.x, place.y) if place else under
    pen.lines(lines, middle, top, OUTSIDE, halo=True)
    return _taken(lines, middle, top)


def over(pen: Pen, name: str, place: Box | None, way: Point) -> Box | None:
    """The name of a flow: at the place that the file gives, else above the middle of its way."""
    if not name or place:
        return outside(pen, name, place, way)
    lines = words.balanced(name, DEFAULT_WIDTH / OUTSIDE)
    top = way.y - len(lines) * OUTSIDE * words.LINE - 3
    pen.lines(lines, way.x, top, OUTSIDE, halo=True)
    return _taken(lines, way.x, top)


def _taken(lines: list[str], middle: float, top: float) -> Box:
    wide = max(map(words.width, lines)) * OUTSIDE
    return Box(middle - wide / 2, top, wide, len(lines) * OUTSIDE * words.LINE)


def note(pen: Pen, text: str, box: Box) -> Box:
    """The text of an annotation, from its upper left corner; the bounds that it takes."""
    room = max(box.width - 10, SMALLEST)
    lines = words.wrap(text, (room + 3) / INSIDE)
    pen.lines(lines, box.x + 6, box.y + 5, INSIDE, anchor="start")
    wide = max(map(words.width, lines)) * INSIDE
    return Box(box.x + 6, box.y + 5, wide, len(lines) * INSIDE * words.LINE)


def along(pen: Pen, name: str, box: Box, horizontal: bool) -> None:
    """The name of a pool or a lane, in the 30 pixels at its beginning, upwards when it lies."""
    if not name:
        return
    long = box.height if horizontal else box.width
    lines = words.wrap(name, max(long - 2 * PADDING, SMALLEST) / INSIDE)
    lines = words.shortened(lines, 2, max(long - 2 * PADDING, SMALLEST) / INSIDE)
    high = len(lines) * INSIDE * words.LINE
    if horizontal:
        middle = Point(box.x + 15, box.middle.y)
        pen = pen.put("g", transform=f"rotate(-90 {middle.x:.2f} {middle.y:.2f})")
    else:
        middle = Point(box.middle.x, box.y + 15)
    pen.lines(lines, middle.x, middle.y - high / 2, INSIDE)
