"""What stands around and beside: pools, lanes, groups, annotations, data, conversations."""

from __future__ import annotations

from engine.picture import icons, labels
from engine.picture.model import Point, Shape
from engine.picture.svg import INK, PAPER, Pen

DATA = frozenset(("dataObjectReference", "dataObject", "dataInput", "dataOutput"))
STORES = frozenset(("dataStoreReference", "dataStore"))
CONVERSATIONS = frozenset(("conversation", "subConversation", "callConversation"))


def pool(pen: Pen, shape: Shape) -> None:
    """A participant: its name along the edge, or in the middle when its process is not told."""
    box, thing = shape.box, shape.thing
    stroke = shape.stroke or INK
    pen.rect(*box, fill=shape.fill or PAPER, stroke=stroke, stroke_width=1.5)
    if shape.band or (thing.empty and not shape.expanded):
        labels.inside(pen, thing.name, box)
    else:
        far = "M", box.x + 30, box.y, "L", box.x + 30, box.y + box.height
        if not shape.horizontal:
            far = "M", box.x, box.y + 30, "L", box.x + box.width, box.y + 30
        pen.path(*far, stroke=stroke, stroke_width=1.5)
        labels.along(pen, thing.name, box, shape.horizontal)
    if thing.collection:
        place = Point(box.middle.x, box.y + box.height - 9)
        icons.parallel(pen.put("g", transform=f"translate({place.x:g} {place.y:g})"))


def lane(pen: Pen, shape: Shape) -> None:
    """A lane of a pool."""
    stroke = shape.stroke or INK
    pen.rect(*shape.box, fill=shape.fill or "none", stroke=stroke, stroke_width=1.5)
    labels.along(pen, shape.thing.name, shape.box, shape.horizontal)


def group(pen: Pen, shape: Shape) -> None:
    """A dashed frame."""
    pen.rect(
        *shape.box,
        rx=10,
        fill="none",
        stroke=shape.stroke or INK,
        stroke_width=1.5,
        stroke_dasharray="10 5 1.5 5",
    )


def annotation(pen: Pen, shape: Shape) -> None:
    """The bracket of a text."""
    box = shape.box
    tick = min(10.0, box.width)
    pen.path(
        "M", box.x + tick, box.y, "L", box.x, box.y, "L", box.x, box.y + box.height,
        "L", box.x + tick, box.y + box.height, fill="none", stroke=shape.stroke or INK,
    )  # fmt: skip


def data(pen: Pen, shape: Shape) -> None:
    """A sheet with a folded corner."""
    box, thing = shape.box, shape.thing
    fold = min(10.0, box.width / 3, box.height / 3)
    left, top, right, low = box.x, box.y, box.x + box.width, box.y + box.height
    line: dict[str, str | float] = {"stroke": shape.stroke or INK, "stroke_width": 1.8}
    pen.path(
        "M", left, top, "L", right - fold, top, "L", right, top + fold, "L", right, low,
        "L", left, low, "Z", fill=shape.fill or PAPER, **line,
    )  # fmt: skip
    pen.path(
        "M", right - fold, top, "L", right - fold, top + fold, "L", right, top + fold,
        fill="none", **line,
    )  # fmt: skip
    if thing.kind in ("dataInput", "dataOutput"):
        place = pen.put("g", transform=f"translate({left + 5:g} {top + 6:g})", stroke_width=1.2)
        place.path(
            "M 0 2.5 L 7 2.5 L 7 -0.5 L 12 5 L 7 10.5 L 7 7.5 L 0 7.5 Z",
            fill=INK if thing.kind == "dataOutput" else PAPER,
        )
    if thing.collection:
        icons.parallel(pen.put("g", transform=f"translate({box.middle.x:g} {low - 9:g})"))


def store(pen: Pen, shape: Shape) -> None:
    """A drum."""
    box = shape.box
    left, right = box.x, box.x + box.width
    flat = min(7.0, box.height / 4)
    top, low = box.y + flat, box.y + box.height - flat
    line: dict[str, str | float] = {"stroke": shape.stroke or INK, "stroke_width": 1.8}
    across = box.width / 2
    pen.path(
        "M", left, top, "A", across, flat, "0 0 1", right, top, "L", right, low,
        "A", across, flat, "0 0 1", left, low, "Z", fill=shape.fill or PAPER, **line,
    )  # fmt: skip
    for lower in (0.0, flat, 2 * flat):
        pen.path(
            "M", left, top + lower, "A", across, flat, "0 0 0", right, top + lower,
            fill="none", **line,
        )  # fmt: skip


def conversation(pen: Pen, shape: Shape) -> None:
    """A hexagon."""
    box = shape.box
    x, y = box.width / 2, box.height / 2
    pen.polygon(
        [
            Point(box.middle.x + a * x, box.middle.y + b * y)
            for a, b in ((-1, 0), (-0.5, -1), (0.5, -1), (1, 0), (0.5, 1), (-0.5, 1))
        ],
        fill=shape.fill or PAPER,
        stroke=shape.stroke or INK,
        stroke_width=4 if shape.thing.kind == "callConversation" else 2,
    )


def message(pen: Pen, shape: Shape) -> None:
    """An envelope."""
    box = shape.box
    pen.rect(*box, fill=shape.fill or PAPER, stroke=shape.stroke or INK, stroke_width=1.5)
    pen.path(
        "M", box.x, box.y, "L", box.middle.x, box.middle.y + box.height * 0.1,
        "L", box.x + box.width, box.y, fill="none", stroke_width=1.5,
    )  # fmt: skip
