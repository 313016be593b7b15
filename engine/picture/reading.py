"""A BPMN file read for drawing: any kind of element, whether or not the engine runs it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import replace

from lxml import etree

from engine.flow.drawing import BPMN, spelled
from engine.flow.xml import XmlRefused, local, root_of
from engine.picture.model import Box, Edge, Page, PictureRefused, Point, Shape, Thing

BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DI = "{http://www.omg.org/spec/DD/20100524/DI}"
COLOR = "{http://www.omg.org/spec/BPMN/non-normative/color/1.0}"
BIOC = "{http://bpmn.io/schema/bpmn/biocolor/1.0}"

MOST_ELEMENTS = 10_000
MOST_POINTS = 100_000
FARTHEST = 1_000_000.0
LONGEST_NAME = 1_000

SUBPROCESSES = frozenset(("subProcess", "transaction", "adHocSubProcess"))

_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def read(content: bytes) -> tuple[Page, ...]:
    """The pages of a BPMN file. Errors: PictureRefused."""
    try:
        root = spelled(root_of(content))
    except XmlRefused as refused:
        raise PictureRefused("picture_unreadable", problem=str(refused)) from None
    if root.tag != BPMN + "definitions":
        raise PictureRefused("picture_unreadable", problem="文件不是 BPMN 流程图")
    diagrams = root.findall(BPMNDI + "BPMNDiagram")
    if not diagrams:
        raise PictureRefused("picture_undrawn")
    return _Reader(root).pages(diagrams)


class _Reader:
    def __init__(self, root: etree._Element) -> None:
        self.elements: dict[str, etree._Element] = {}
        for element in root.iter(BPMN + "*"):
            self.elements.setdefault(element.get("id", ""), element)
        self.elements.pop("", None)
        self.points = 0

    def pages(self, diagrams: list[etree._Element]) -> tuple[Page, ...]:
        drawn = sum(
            1
            for diagram in diagrams
            for one in diagram.iter(BPMNDI + "BPMNShape", BPMNDI + "BPMNEdge")
        )
        if drawn > MOST_ELEMENTS:
            raise PictureRefused("picture_too_large", found=drawn, most=MOST_ELEMENTS)
        return tuple(self.page(number, one) for number, one in enumerate(diagrams, 1))

    def page(self, number: int, diagram: etree._Element) -> Page:
        plane = diagram.find(BPMNDI + "BPMNPlane")
        about = "" if plane is None else _id(plane.get("bpmnElement"))
        shapes = self.covered(list(self.shapes(plane))) if plane is not None else ()
        boxes = {shape.thing.id: shape.box for shape in shapes}
        edges = tuple(self.edges(plane, boxes)) if plane is not None else ()
        return Page(number, about, self.title(about), shapes, edges)

    def title(self, about: str) -> str:
        """What the page is about; a collaboration is named by the first pool with a process."""
        element = self.elements.get(about)
        if element is None:
            return ""
        name = _name(element)
        if not name and local(element) == "collaboration":
            pools = element.findall(BPMN + "participant")
            pools.sort(key=lambda pool: pool.get("processRef") is None)
            name = _name(pools[0]) if pools else ""
        return name

    def shapes(self, plane: etree._Element) -> Iterator[Shape]:
        seen: set[str] = set()
        drawn = {_id(n.get("bpmnElement")) for n in plane.iterchildren(BPMNDI + "BPMNShape")}
        for node in plane.iterchildren(BPMNDI + "BPMNShape"):
            about = _id(node.get("bpmnElement"))
            element = self.elements.get(about)
            if element is None:
                continue
            band = node.get("choreographyActivityShape") is not None
            if about in seen and not band:
                continue
            seen.add(about)
            bounds = node.find(DC + "Bounds")
            if bounds is None:
                raise PictureRefused("picture_unplaced", element=about)
            yield Shape(
                self.thing(element),
                _box(bounds, about),
                _label(node, about),
                expanded=_expanded(node, element, drawn),
                horizontal=node.get("isHorizontal", "true") != "false",
                sign=node.get("isMarkerVisible") == "true",
                band=band,
                fill=_colour(node.get(COLOR + "background-color") or node.get(BIOC + "fill")),
                stroke=_colour(node.get(COLOR + "border-color") or node.get(BIOC + "stroke")),
            )

    def covered(self, shapes: list[Shape]) -> tuple[Shape, ...]:
        """With how much of each activity boundary events hide, so that its name keeps clear."""
        depths: dict[str, float] = {}
        hosts = {shape.thing.id: shape.box for shape in shapes}
        for shape in shapes:
            about = _id(self.elements[shape.thing.id].get("attachedToRef"))
            host = hosts.get(about)
            if host is None:
                continue
            in_middle = abs(shape.box.middle.x - host.middle.x) < host.width / 4
            depth = host.y + host.height - shape.box.y
            if in_middle and 0 < depth < host.height / 2:
                depths[about] = max(depth, depths.get(about, 0))
        return tuple(
            replace(one, covered=depths[one.thing.id]) if one.thing.id in depths else one
            for one in shapes
        )

    def edges(self, plane: etree._Element, boxes: Mapping[str, Box]) -> Iterator[Edge]:
        seen: set[str] = set()
        for node in plane.iterchildren(BPMNDI + "BPMNEdge"):
            about = _id(node.get("bpmnElement"))
            element = self.elements.get(about)
            if element is None or about in seen:
                continue
            thing = self.thing(element)
            points = [
                Point(_number(one, "x", about), _number(one, "y", about))
                for one in node.iterchildren(DI + "waypoint")
            ]
            self.points += len(points)
            if self.points > MOST_POINTS:
                raise PictureRefused("picture_too_large", found=self.points, most=MOST_POINTS)
            points = [p for n, p in enumerate(points) if not n or p != points[n - 1]]
            ends = [boxes[one] for one in (thing.source, thing.target) if one in boxes]
            if len(points) < 2 and len(ends) == 2:
                points = [box.middle for box in ends]
            if len(points) < 2:
                continue
            seen.add(about)
            yield Edge(
                thing,
                tuple(points),
                _label(node, about),
                message=node.get("messageVisibleKind")
                or ("initiating" if element.get("messageRef") else ""),
                stroke=_colour(node.get(COLOR + "border-color") or node.get(BIOC + "stroke")),
            )

    def thing(self, element: etree._Element) -> Thing:
        kind = local(element)
        about = element.get("id", "")
        return Thing(
            id=about,
            kind=kind,
            name=self.name(element, kind),
            events=_events(element),
            all_of_them=element.get("parallelMultiple") == "true",
            interrupting="false"
            not in (element.get("cancelActivity"), element.get("isInterrupting")),
            loop=_loop(element),
            compensation=element.get("isForCompensation") == "true",
            ad_hoc=kind == "adHocSubProcess",
            event_started="true" in (element.get("triggeredByEvent"), element.get("instantiate")),
            collection=self.collection(element, kind),
            exclusively=element.get("eventGatewayType") != "Parallel",
            called=self.called(element),
            empty=kind == "participant" and element.get("processRef") is None,
            source=_end(element, "source"),
            target=_end(element, "target"),
            mark=self.mark(element, kind, about),
        )

    def name(self, element: etree._Element, kind: str) -> str:
        if kind == "textAnnotation":
            text = element.find(BPMN + "text")
            return _clean("" if text is None else "".join(map(str, text.itertext())), lines=True)
        if kind == "group":
            value = self.elements.get(_id(element.get("categoryValueRef")))
            return "" if value is None else _clean(value.get("value", ""))
        state = element.find(BPMN + "dataState")
        if (
            kind in ("dataObjectReference", "dataStoreReference", "dataObject")
            and state is not None
        ):
            name, said = _name(element), f"[{_name(state)}]"
            return name if name.endswith(said) else f"{name} {said}".strip()
        return _name(element)

    def called(self, element: etree._Element) -> str:
        """The kind of a called task: BPMN has global tasks beside processes."""
        called = self.elements.get(_id(element.get("calledElement")))
        name = "" if called is None else local(called)
        return (
            name[len("global")].lower() + name[len("global") + 1 :]
            if (name.startswith("global") and name.endswith("Task"))
            else ""
        )

    def collection(self, element: etree._Element, kind: str) -> bool:
        if kind == "participant":
            return element.find(BPMN + "participantMultiplicity") is not None
        about = self.elements.get(_id(element.get("dataObjectRef")))
        return "true" in (
            element.get("isCollection"),
            None if about is None else about.get("isCollection"),
        )

    def mark(self, element: etree._Element, kind: str, about: str) -> str:
        if kind == "association":
            return element.get("associationDirection", "None")
        if kind != "sequenceFlow":
            return ""
        source = self.elements.get(_id(element.get("sourceRef")))
        if source is None:
            return ""
        if about and source.get("default") == about:
            return "default"
        conditional = element.find(BPMN + "conditionExpression") is not None
        return "conditional" if conditional and not local(source).endswith("Gateway") else ""


def _expanded(node: etree._Element, element: etree._Element, drawn: Set[str]) -> bool:
    """Whether a subprocess is open; a file that does not say so shows it by what stands in it."""
    said = node.get("isExpanded")
    if said is not None:
        return said == "true"
    if local(element) not in SUBPROCESSES:
        return False
    return any(child.get("id", "") in drawn for child in element.iterchildren(BPMN + "*"))


def _id(reference: str | None) -> str:
    """An id from a reference that may have a prefix."""
    return (reference or "").strip().rpartition(":")[2]


def _name(element: etree._Element) -> str:
    return _clean(element.get("name", ""))


def _clean(text: str, lines: bool = False) -> str:
    """A text with its white space told apart from its lines, and of a bearable length."""
    kept = text[: LONGEST_NAME + 1]
    if len(kept) > LONGEST_NAME:
        kept = kept[: LONGEST_NAME - 1] + "…"
    if not lines and "\n" not in kept:
        return " ".join(kept.split())
    return "\n".join(" ".join(line.split()) for line in kept.strip().splitlines())


def _events(element: etree._Element) -> tuple[str, ...]:
    own = [local(child) for child in element.iterchildren(BPMN + "*")]
    found = [kind.removesuffix("EventDefinition") for kind in own if "EventDefinition" in kind]
    return tuple(kind for kind in found if kind)


def _loop(element: etree._Element) -> str:
    several = element.find(BPMN + "multiInstanceLoopCharacteristics")
    if several is not None:
        return "sequential" if several.get("isSequential") == "true" else "parallel"
    return "standard" if element.find(BPMN + "standardLoopCharacteristics") is not None else ""


def _end(element: etree._Element, which: str) -> str:
    """A flow's source or target; those of data associations are elements of their own."""
    said = element.get(which + "Ref")
    child = element.find(BPMN + which + "Ref")
    return _id(said if said is not None or child is None else child.text)


def _number(node: etree._Element, key: str, about: str) -> float:
    try:
        found = float(node.get(key, ""))
    except ValueError:
        raise PictureRefused("picture_unplaced", element=about) from None
    if not math.isfinite(found) or abs(found) > FARTHEST:
        raise PictureRefused("picture_unplaced", element=about)
    return found


def _box(bounds: etree._Element, about: str) -> Box:
    box = Box(*(_number(bounds, key, about) for key in ("x", "y", "width", "height")))
    if box.width < 0 or box.height < 0:
        raise PictureRefused("picture_unplaced", element=about)
    return box


def _label(node: etree._Element, about: str) -> Box | None:
    bounds = node.find(f"{BPMNDI}BPMNLabel/{DC}Bounds")
    return None if bounds is None else _box(bounds, about)


def _colour(text: str | None) -> str:
    """A colour that a modeller gave; nothing but hexadecimal digits is passed on."""
    return text if text and _HEX.fullmatch(text) else ""
