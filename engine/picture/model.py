"""What a picture is made of: pages with shapes and edges, what stands on them, and the marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from engine.errors import Trouble


class PictureRefused(Trouble):
    """A file that cannot be drawn; str() is a Chinese sentence that says why and what to do."""


class Mark(StrEnum):
    """How far an element has come. Each has a colour, an outline, a pattern and a sign."""

    ACTIVE = "active"
    WAITING = "waiting"
    OVERDUE = "overdue"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


WORDS: Mapping[Mark, str] = MappingProxyType(
    {
        Mark.ACTIVE: "正在办理",
        Mark.WAITING: "等待",
        Mark.OVERDUE: "超期",
        Mark.DONE: "已经过",
        Mark.CANCELLED: "已取消",
        Mark.FAILED: "失败",
    }
)
"""What marks are called in the legend and in the text for screen readers."""


class Point(NamedTuple):
    """A place on a page, in pixels."""

    x: float
    y: float


class Box(NamedTuple):
    """Bounds on a page, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> Point:
        """The point in the middle."""
        return Point(self.x + self.width / 2, self.y + self.height / 2)

    def grown(self, by: float) -> Box:
        """The same with so many pixels more on each side."""
        return Box(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)


@dataclass(frozen=True, slots=True)
class Thing:
    """What a shape or an edge stands for; `kind` is the element's name in BPMN."""

    id: str
    kind: str
    name: str = ""
    events: tuple[str, ...] = ()
    """The kinds of its event definitions: timer, message …"""
    all_of_them: bool = False
    """An event that waits for all of its definitions (parallelMultiple)."""
    interrupting: bool = True
    loop: str = ""
    """parallel | sequential | standard"""
    compensation: bool = False
    ad_hoc: bool = False
    event_started: bool = False
    """A subprocess that an event starts; a gateway or a receive task that starts a process."""
    collection: bool = False
    """A data object of several, a participant of several."""
    exclusively: bool = True
    """An event gateway that goes one way only (not Parallel)."""
    called: str = ""
    """The kind of task that a call activity calls, when that is a task and not a process."""
    empty: bool = False
    """A participant whose process is not told."""
    source: str = ""
    target: str = ""
    mark: str = ""
    """A sequence flow's mark at its source: conditional, default; an association's direction."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A thing with bounds."""

    thing: Thing
    box: Box
    label: Box | None = None
    expanded: bool = False
    horizontal: bool = True
    sign: bool = False
    """An exclusive gateway that shows its X."""
    covered: float = 0
    """How much of an activity's height, from below, is under the boundary events in its middle."""
    band: bool = False
    """A participant drawn as a band of a choreography's activity."""
    fill: str = ""
    stroke: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A thing with a way: at least two points."""

    thing: Thing
    points: tuple[Point, ...]
    label: Box | None = None
    message: str = ""
    """A message shown on it: initiating | non_initiating"""
    stroke: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One BPMNDiagram of a file."""

    number: int
    """Counted from 1, in the order of the file."""
    element: str
    """The process, collaboration or collapsed subprocess that it shows."""
    name: str
    shapes: tuple[Shape, ...]
    edges: tuple[Edge, ...]

    @property
    def ids(self) -> frozenset[str]:
        """The elements that stand on it."""
        return frozenset(
            (*(one.thing.id for one in self.shapes), *(one.thing.id for one in self.edges))
        )
