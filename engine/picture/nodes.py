"""Events, gateways and activities."""

from __future__ import annotations

from engine.picture import icons, labels
from engine.picture.model import Box, Point, Shape
from engine.picture.svg import INK, PAPER, Pen

EVENTS = frozenset(
    (
        "startEvent",
        "endEvent",
        "boundaryEvent",
        "intermediateCatchEvent",
        "intermediateThrowEvent",
        "implicitThrowEvent",
    )
)
GATEWAYS = frozenset(
    (
        "exclusiveGateway",
        "parallelGateway",
        "inclusiveGateway",
        "eventBasedGateway",
        "complexGateway",
    )
)
SUBPROCESSES = frozenset(("subProcess", "transaction", "adHocSubProcess"))
CALLS = frozenset(("callActivity", "callChoreography"))
CORNER = 10.0
"""How round an activity is."""

SIGN = 23.0
"""How far into an activity's upper left corner its sign reaches, beyond the frame."""

_THROWING = frozenset(("endEvent", "intermediateThrowEvent", "implicitThrowEvent"))
OPENING = SUBPROCESSES | {"callActivity", "subChoreography"}
"""What may show what it holds."""


def event(pen: Pen, shape: Shape) -> None:
    """A circle: thin at the start, double on the way, thick at the end."""
    thing = shape.thing
    radius = min(shape.box.width, shape.box.height) / 2
    pen = pen.put("g", transform=_moved(shape.box.middle))
    fill, stroke = shape.fill or PAPER, shape.stroke or INK
    dash = "" if thing.interrupting else "6 4"
    ends = thing.kind == "endEvent"
    wide = 4.0 if ends else 2.0 if thing.kind == "startEvent" else 1.5
    pen.circle(0, 0, radius, fill=fill, stroke=stroke, stroke_width=wide, stroke_dasharray=dash)
    if wide == 1.5:
        pen.circle(
            0, 0, max(radius - 3, 0), fill="none", stroke=stroke, stroke_width=1.5,
            stroke_dasharray=dash,
        )  # fmt: skip
    _event_sign(pen, shape, radius)


def _event_sign(pen: Pen, shape: Shape, radius: float) -> None:
    thing = shape.thing
    throws = thing.kind in _THROWING
    if len(thing.events) > 1:
        draw = icons.EVENTS["all" if thing.all_of_them else "several"]
    elif thing.events and thing.events[0] in icons.EVENTS:
        draw = icons.EVENTS[thing.events[0]]
    else:
        return
    size = radius / icons.EVENT_RADIUS
    scale = f"scale({size:.3f})" if size != 1 else ""
    draw(pen.put("g", transform=scale, stroke_width=1.2), throws)


def gateway(pen: Pen, shape: Shape) -> None:
    """A diamond with its sign."""
    box, thing = shape.box, shape.thing
    pen = pen.put("g", transform=_moved(box.middle))
    x, y = box.width / 2, box.height / 2
    fill, stroke = shape.fill or PAPER, shape.stroke or INK
    pen.polygon([Point(0, -y), Point(x, 0), Point(0, y), Point(-x, 0)], fill=fill, stroke=stroke)
    r = min(x, y)
    match thing.kind:
        case "exclusiveGateway":
            if shape.sign:
                a, b = r * 0.28, r * 0.36
                pen.path("M", -a, -b, "L", a, b, "M", a, -b, "L", -a, b, stroke_width=3.5)
        case "parallelGateway":
            a = r * 0.5
            pen.path("M", 0.0, -a, "L", 0.0, a, "M", -a, 0.0, "L", a, 0.0, stroke_width=3.5)
        case "inclusiveGateway":
            pen.circle(0, 0, r * 0.46, fill="none", stroke_width=2.6)
        case "complexGateway":
            a, b = r * 0.5, r * 0.36
            pen.path("M", 0.0, -a, "L", 0.0, a, "M", -a, 0.0, "L", a, 0.0, stroke_width=3)
            pen.path("M", -b, -b, "L", b, b, "M", b, -b, "L", -b, b, stroke_width=3)
        case "eventBasedGateway":
            _event_gateway(pen, shape, r)


def _event_gateway(pen: Pen, shape: Shape, r: float) -> None:
    pen.circle(0, 0, r * 0.56, fill="none", stroke_width=1.2)
    if not shape.thing.event_started:
        pen.circle(0, 0, r * 0.46, fill="none", stroke_width=1.2)
    if shape.thing.exclusively:
        pen.polygon(icons.regular(5, r * 0.34), fill="none", stroke_width=1.2)
    else:
        a = r * 0.34
        pen.path("M", 0.0, -a, "L", 0.0, a, "M", -a, 0.0, "L", a, 0.0, stroke_width=3)


def activity(pen: Pen, shape: Shape) -> None:
    """A task, a call or a subprocess, with its name and signs."""
    thing, box = shape.thing, shape.box
    wide = 5.0 if thing.kind in CALLS else 2.0
    dash = ""
    if thing.event_started and thing.kind in SUBPROCESSES:
        wide, dash = 2.0, "2 4"
    fill, stroke = shape.fill or PAPER, shape.stroke or INK
    corner = min(CORNER, box.width / 2, box.height / 2)
    pen.rect(
        *box, rx=corner, fill=fill, stroke=stroke, stroke_width=wide, stroke_dasharray=dash
    )  # fmt: skip
    if thing.kind == "transaction":
        inner = box.grown(-3) if min(box.width, box.height) > 12 else box
        pen.rect(*inner, rx=max(corner - 3, 0), fill="none", stroke=stroke, stroke_width=1.5)
    sign = icons.TASKS.get(thing.called or thing.kind)
    if thing.kind == "receiveTask" and thing.event_started:
        sign = icons.receive_first
    if sign:
        sign(pen.put("g", transform=f"translate({box.x + 6:g} {box.y + 6:g})", stroke_width=1.1))
    under = _signs(pen, shape)
    _name(pen, shape, has_sign=sign is not None, under=under)


def _name(pen: Pen, shape: Shape, has_sign: bool, under: bool) -> None:
    """The name, clear of the signs when it has the room, and of the frame always."""
    box = shape.box
    if shape.expanded:
        room = Box(box.x, box.y + 7, box.width, min(box.height, 32))
        labels.inside(pen, shape.thing.name, room, top=True)
        return
    low = max(20.0 if under else 5.0, shape.covered + 2 if shape.covered else 0.0)
    room = Box(box.x, box.y + 5, box.width, max(box.height - 5 - low, 12))
    labels.inside(pen, shape.thing.name, room, corner=SIGN if has_sign else 0)


def _signs(pen: Pen, shape: Shape) -> bool:
    """The markers at the lower edge; whether there are any."""
    thing, box = shape.thing, shape.box
    found = []
    if thing.loop:
        found.append(icons.LOOPS[thing.loop])
    if thing.kind in OPENING and not shape.expanded and not thing.called:
        found.append(icons.collapsed)
    if thing.ad_hoc:
        found.append(icons.ad_hoc)
    if thing.compensation:
        found.append(icons.compensation)
    for place, draw in enumerate(found):
        x = box.middle.x + (place - (len(found) - 1) / 2) * 19
        draw(pen.put("g", transform=_moved(Point(x, box.y + box.height - 11))))
    return bool(found)


def _moved(to: Point) -> str:
    return f"translate({to.x:g} {to.y:g})"
