"""The small signs inside events, tasks and gateways, drawn around a middle at 0,0.

They are drawn here and not taken from any modeller, whose drawings come with a licence and a mark.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from engine.picture.model import Point
from engine.picture.svg import INK, PAPER, Pen

EVENT_RADIUS = 18.0
"""The radius of the event for which the signs are drawn; others scale them."""


def _envelope(pen: Pen, width: float, height: float, filled: bool) -> None:
    x, y = width / 2, height / 2
    back, line = (INK, PAPER) if filled else ("none", INK)
    pen.rect(-x, -y, width, height, fill=back, stroke=INK)
    pen.path("M", -x, -y, "L", 0.0, y / 4, "L", x, -y, stroke=line, fill="none")


def message(pen: Pen, filled: bool) -> None:
    """An envelope."""
    _envelope(pen, 18, 12.5, filled)


def timer(pen: Pen, filled: bool) -> None:
    """A clock."""
    del filled
    pen.circle(0, 0, 10.5)
    for hour in range(12):
        angle = math.radians(30 * hour)
        x, y = math.sin(angle), -math.cos(angle)
        inner = 7.5 if hour % 3 == 0 else 8.7
        pen.path("M", x * inner, y * inner, "L", x * 10.5, y * 10.5, stroke_width=1)
    pen.path("M 2.2 -7 L 0 0 L 5 1.2", fill="none", stroke_width=1.4)


def signal(pen: Pen, filled: bool) -> None:
    """A triangle."""
    pen.path("M 0 -9.5 L 9 6.5 L -9 6.5 Z", fill=INK if filled else "none")


def escalation(pen: Pen, filled: bool) -> None:
    """An arrow head that points up."""
    pen.path("M 0 -10 L 7.5 9 L 0 1.5 L -7.5 9 Z", fill=INK if filled else "none")


def error(pen: Pen, filled: bool) -> None:
    """A flash."""
    pen.path(
        "M -9 9 L -4.5 -7.5 L 2.8 0.8 L 9 -9 L 4.8 8 L -2.6 -0.8 Z", fill=INK if filled else "none"
    )


def conditional(pen: Pen, filled: bool) -> None:
    """A sheet with lines."""
    del filled
    pen.rect(-7.5, -9, 15, 18, fill="none")
    for y in (-5.4, -1.8, 1.8, 5.4):
        pen.path("M", -5.0, y, "L", 5.0, y)


def link(pen: Pen, filled: bool) -> None:
    """An arrow to the right."""
    pen.path(
        "M -10 -4 L 1 -4 L 1 -8.5 L 10.5 0 L 1 8.5 L 1 4 L -10 4 Z", fill=INK if filled else "none"
    )


def compensate(pen: Pen, filled: bool) -> None:
    """Two triangles that point back."""
    pen.path(
        "M -1 -6.5 L -1 6.5 L -10 0 Z M 8 -6.5 L 8 6.5 L -1 0 Z", fill=INK if filled else "none"
    )


def cancel(pen: Pen, filled: bool) -> None:
    """An X."""
    pen.polygon(_cross(10.5, 2.3, 45), fill=INK if filled else "none")


def terminate(pen: Pen, filled: bool) -> None:
    """A full circle."""
    del filled
    pen.circle(0, 0, 10.5, fill=INK)


def multiple(pen: Pen, filled: bool) -> None:
    """A pentagon."""
    pen.polygon(regular(5, 10.5), fill=INK if filled else "none")


def all_multiple(pen: Pen, filled: bool) -> None:
    """A plus in outline."""
    del filled
    pen.polygon(_cross(10.5, 2.8, 0), fill="none")


def _cross(arm: float, half: float, turned: float) -> list[Point]:
    corners = [(half, -arm), (half, -half), (arm, -half)]
    points = []
    for quarter in range(4):
        angle = math.radians(90 * quarter + turned)
        cos, sin = math.cos(angle), math.sin(angle)
        points += [Point(x * cos - y * sin, x * sin + y * cos) for x, y in corners]
    return points


def regular(corners: int, radius: float, turned: float = -90) -> list[Point]:
    """The corners of a regular polygon, the first one at the top."""
    angles = [math.radians(360 / corners * n + turned) for n in range(corners)]
    return [Point(radius * math.cos(a), radius * math.sin(a)) for a in angles]


EVENTS: dict[str, Callable[[Pen, bool], None]] = {
    "message": message,
    "timer": timer,
    "signal": signal,
    "escalation": escalation,
    "error": error,
    "conditional": conditional,
    "link": link,
    "compensate": compensate,
    "cancel": cancel,
    "terminate": terminate,
    "several": multiple,
    "all": all_multiple,
}
"""The sign of each event definition; `filled` where the event throws."""


# --- tasks: 20 by 20, the upper left corner at 0,0 -----------------------------------------------


def user(pen: Pen) -> None:
    """A head and shoulders."""
    pen.path("M 1.5 19 C 1.5 13.5 5.5 11.5 10 11.5 S 18.5 13.5 18.5 19 Z", fill=PAPER)
    pen.circle(10, 6, 4.6, fill=PAPER)
    pen.path("M 5.6 5 C 8 5.6 9.4 4.6 10.2 3.2 C 11.4 4.6 13 5.2 14.5 5", fill="none")
    pen.path("M 5.5 19 L 5.5 15.5 M 14.5 19 L 14.5 15.5", fill="none")


def manual(pen: Pen) -> None:
    """A hand."""
    pen.path(
        "M 1 10 C 1 7 3 5.5 5 4.6 L 9.4 2.4 C 11 1.8 12 3.4 10.6 4.4 L 8.4 6.2 L 18.4 6.2",
        "C 20 6.2 20 8.5 18.4 8.5 L 12 8.5 L 19.2 8.5 C 20.6 8.5 20.6 10.8 19.2 10.8 L 12 10.8",
        "L 18.4 10.8 C 19.8 10.8 19.8 13.1 18.4 13.1 L 12 13.1 L 17 13.1",
        "C 18.4 13.1 18.4 15.4 17 15.4 L 6 15.4 C 3 15.4 1 13.8 1 11 Z",
        fill=PAPER,
    )


def service(pen: Pen) -> None:
    """Two wheels."""
    for x, y, size in ((7.2, 7.2, 7.0), (13.6, 13.8, 6.0)):
        pen.polygon([Point(x + a, y + b) for a, b in _wheel(size)], fill=PAPER)
        pen.circle(x, y, size * 0.36, fill=PAPER)


def _wheel(radius: float) -> list[Point]:
    teeth = 8
    points = []
    for tooth in range(teeth):
        for turn, far in ((-14, 0.76), (-8, 1.0), (8, 1.0), (14, 0.76)):
            angle = math.radians(360 / teeth * tooth + turn)
            points.append(Point(radius * far * math.cos(angle), radius * far * math.sin(angle)))
    return points


def script(pen: Pen) -> None:
    """A sheet that curls."""
    pen.path("M 6.5 1 L 18.5 1 C 13 6 20 12 13.5 19 L 1.5 19 C 8 12 1 6 6.5 1 Z", fill=PAPER)
    pen.path(
        "M 6.5 5 L 13 5 M 7.5 8.5 L 14 8.5 M 8.2 12 L 14.5 12 M 6.5 15.5 L 13 15.5", fill="none"
    )


def rule(pen: Pen) -> None:
    """A table."""
    pen.rect(0, 2, 20, 16, fill=PAPER)
    pen.rect(0, 2, 20, 4.5, fill=INK)
    pen.path("M 0 12.2 L 20 12.2 M 6.5 6.5 L 6.5 18", fill="none")


def send(pen: Pen) -> None:
    """A full envelope."""
    _envelope(pen.put("g", transform="translate(10 9)"), 19, 13, filled=True)


def receive(pen: Pen) -> None:
    """An empty envelope."""
    _envelope(pen.put("g", transform="translate(10 9)"), 19, 13, filled=False)


def receive_first(pen: Pen) -> None:
    """An envelope in a circle: the task that starts a process."""
    pen.circle(10, 10, 10.5, fill=PAPER)
    _envelope(pen.put("g", transform="translate(10 10)"), 13, 8.5, filled=False)


TASKS: dict[str, Callable[[Pen], None]] = {
    "userTask": user,
    "manualTask": manual,
    "serviceTask": service,
    "scriptTask": script,
    "businessRuleTask": rule,
    "sendTask": send,
    "receiveTask": receive,
}
"""The sign of each kind of task; others have none."""


# --- the markers at the lower edge of activities: 14 by 14, the middle at 0,0 ---------------------


def collapsed(pen: Pen) -> None:
    """A plus in a box."""
    pen.rect(-7, -7, 14, 14, fill=PAPER, stroke_width=1.2)
    pen.path("M 0 -4.5 L 0 4.5 M -4.5 0 L 4.5 0", stroke_width=1.6)


def parallel(pen: Pen) -> None:
    """Three lines that stand."""
    pen.path("M -4 -5 L -4 5 M 0 -5 L 0 5 M 4 -5 L 4 5", stroke_width=2)


def sequential(pen: Pen) -> None:
    """Three lines that lie."""
    pen.path("M -5 -4 L 5 -4 M -5 0 L 5 0 M -5 4 L 5 4", stroke_width=2)


def standard(pen: Pen) -> None:
    """A circle that does not close, with an arrow."""
    pen.path("M -3.2 5 A 5.9 5.9 0 1 1 1.2 5.8", fill="none", stroke_width=1.6)
    pen.path("M -6.6 5.6 L -2.8 5.4 L -3.6 1.6", fill="none", stroke_width=1.6)


def compensation(pen: Pen) -> None:
    """Two triangles that point back."""
    pen.path("M 0 -5 L 0 5 L -7 0 Z M 7 -5 L 7 5 L 0 0 Z", fill="none", stroke_width=1.2)


def ad_hoc(pen: Pen) -> None:
    """A wave."""
    pen.path(
        "M -6.5 2.2 C -4 -4 -1.6 -2.4 0 0 C 1.6 2.4 4 4 6.5 -2.2", fill="none", stroke_width=2.6
    )


LOOPS: dict[str, Callable[[Pen], None]] = {
    "parallel": parallel,
    "sequential": sequential,
    "standard": standard,
}
