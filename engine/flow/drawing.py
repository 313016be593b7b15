"""What stands on the diagrams, as records: elements, flows, and the properties read from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from engine.flow.xml import local

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"

EVENTS = frozenset(
    ("startEvent", "endEvent", "boundaryEvent", "intermediateCatchEvent", "intermediateThrowEvent")
)
GATEWAYS = frozenset(
    ("exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway")
)
TASKS = frozenset(("userTask", "serviceTask", "sendTask", "receiveTask", "businessRuleTask"))
SCOPES = frozenset(("callActivity", "subProcess"))
NODES = EVENTS | GATEWAYS | TASKS | SCOPES

BESIDE = frozenset(
    (
        *("documentation", "extensionElements", "auditing", "monitoring", "property", "laneSet"),
        *("association", "group", "textAnnotation", "ioSpecification", "supportedInterfaceRef"),
        *("ioBinding", "supports", "resourceRole", "performer", "humanPerformer"),
        *("potentialOwner", "incoming", "outgoing", "dataInputAssociation"),
        *("dataOutputAssociation", "standardLoopCharacteristics"),
        "multiInstanceLoopCharacteristics",
    )
)
"""What may stand in a process or a subprocess beside flow elements; it moves no token."""

_BOOLEAN = {"1": "true", "0": "false"}
_BOOLEANS = frozenset(
    (
        *("isExecutable", "cancelActivity", "isInterrupting", "triggeredByEvent"),
        *("isForCompensation", "instantiate", "isSequential", "testBefore", "parallelMultiple"),
        *("isCollection", "isExpanded", "isHorizontal", "isMarkerVisible"),
    )
)


@dataclass(frozen=True, slots=True)
class Passing:
    """One `camunda:in` or `camunda:out`: a variable or an expression, and where it goes."""

    source: str
    expression: str
    target: str


@dataclass(frozen=True, slots=True)
class Loop:
    """Multi-instance or standard loop characteristics of an activity."""

    kind: str
    """parallel | sequential | standard"""
    collection: str = ""
    variable: str = ""
    cardinality: str = ""
    condition: str = ""
    maximum: str = ""
    test_before: bool = False


@dataclass(frozen=True, slots=True)
class Element:
    """A node of a diagram, with what the dialect reads from it; absent texts are empty."""

    id: str
    kind: str
    name: str
    process: str
    scope: str
    """The embedded subprocess that it stands in, or the process."""
    file: str
    lane: str = ""
    form: str = ""
    role: str = ""
    unit: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    event: str = ""
    """timer | message | signal | error | escalation | terminate | "" for none"""
    reference: str = ""
    """The message, signal, error or escalation of an event, or a receive task's message."""
    time_date: str = ""
    time_duration: str = ""
    topic: str = ""
    decision: str = ""
    result: str = ""
    map_result: str = ""
    called: str = ""
    inputs: tuple[Passing, ...] = ()
    outputs: tuple[Passing, ...] = ()
    assigned: tuple[Passing, ...] = ()
    """Variables that completing it sets (`camunda:outputParameter`)."""
    payload: tuple[Passing, ...] = ()
    """What a thrown message or signal carries (`camunda:inputParameter`)."""
    loop: Loop | None = None
    attached_to: str = ""
    interrupting: bool = True
    default: str = ""

    @property
    def milestone(self) -> str:
        """The milestone that completing it reaches."""
        return self.properties.get("milestone", "")

    @property
    def deadline(self) -> str:
        """The deadline that its timer is."""
        return self.properties.get("deadline", "")

    @property
    def article(self) -> str:
        """The article of the regulation that it carries out."""
        return self.properties.get("article", "")

    @property
    def leg(self) -> str:
        """lead or co, when it opens a leg."""
        return self.properties.get("leg", "")

    @property
    def correlation(self) -> str:
        """What a thrown message and its catcher must have alike."""
        return self.properties.get("correlation", "")

    @property
    def optional(self) -> bool:
        """Whether a user task is a right and not a duty."""
        return self.properties.get("optional") == "true"

    @property
    def other_than(self) -> tuple[str, ...]:
        """The user tasks whose last worker may not do this one."""
        return tuple(listed(self.properties.get("other_than", "")))

    @property
    def sets(self) -> tuple[str, ...]:
        """The variables that a message from outside brings."""
        return tuple(listed(self.properties.get("sets", "")))

    @property
    def title(self) -> str:
        """How a finding names it: the name that people drew, and the id."""
        return f"“{self.name}”（{self.id}）" if self.name else f"“{self.id}”"


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow; `condition` is empty when it has none."""

    id: str
    scope: str
    source: str
    target: str
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """One process as drawn."""

    id: str
    name: str
    file: str
    elements: Mapping[str, Element]
    flows: tuple[Flow, ...]
    others: frozenset[str] = frozenset()
    """Ids of what stands there beside and is refused for its kind."""

    @property
    def start(self) -> Element | None:
        """The start event of the process itself."""
        for element in self.elements.values():
            if element.kind == "startEvent" and element.scope == self.id:
                return element
        return None

    def outgoing(self, element: str) -> tuple[Flow, ...]:
        """The flows out of an element, in the order of the file."""
        return tuple(flow for flow in self.flows if flow.source == element)

    def attached(self, element: str) -> tuple[Element, ...]:
        """The boundary events on an activity."""
        return tuple(one for one in self.elements.values() if one.attached_to == element)


def spelled(root: etree._Element) -> etree._Element:
    """The same tree, with "true" and "false" where XML allows "1" and "0" to be written."""
    attributes: Any = root.xpath("//@*[. = '1' or . = '0']")
    for found in attributes:
        if found.attrname in _BOOLEANS:
            found.getparent().set(found.attrname, _BOOLEAN[found])
    return root


def processes(root: etree._Element) -> Iterator[etree._Element]:
    """The process nodes of a BPMN file."""
    return (child for child in root if child.tag == BPMN + "process")


def read(path: str, root: etree._Element, node: etree._Element) -> Drawing:
    """The records of one process of a file."""
    names = {
        child.get("id", ""): child.get("name", "")
        for child in root
        if local(child) in ("message", "signal")
    }
    names |= {
        child.get("id", ""): child.get("errorCode") or child.get("escalationCode") or ""
        for child in root
        if local(child) in ("error", "escalation")
    }
    reader = _Reader(path, node.get("id", ""), names, _lanes(node))
    reader.walk(node, reader.process, None)
    return Drawing(
        reader.process,
        node.get("name", ""),
        path,
        reader.elements,
        tuple(reader.flows),
        frozenset(reader.others),
    )


@dataclass(frozen=True, slots=True)
class _Lane:
    name: str
    properties: Mapping[str, str]


class _Reader:
    def __init__(
        self, path: str, process: str, names: Mapping[str, str], lanes: Mapping[str, _Lane]
    ) -> None:
        self.path = path
        self.process = process
        self.names = names
        self.lanes = lanes
        self.elements: dict[str, Element] = {}
        self.flows: list[Flow] = []
        self.others: set[str] = set()

    def walk(self, parent: etree._Element, scope: str, lane: _Lane | None) -> None:
        for node in parent:
            kind = local(node)
            if kind == "sequenceFlow":
                condition = node.find(BPMN + "conditionExpression")
                text = "" if condition is None else (condition.text or "").strip()
                self.flows.append(
                    Flow(
                        node.get("id", ""),
                        scope,
                        node.get("sourceRef", ""),
                        node.get("targetRef", ""),
                        text,
                    )
                )
            elif kind in NODES:
                own_lane = self.lanes.get(node.get("id", ""), lane)
                element = self.element(node, kind, scope, own_lane)
                self.elements[element.id] = element
                if kind == "subProcess":
                    self.walk(node, element.id, own_lane)
            elif kind not in BESIDE and node.get("id"):
                self.others.add(node.get("id", ""))

    def element(self, node: etree._Element, kind: str, scope: str, lane: _Lane | None) -> Element:
        own = _properties(node)
        lane_properties = lane.properties if lane else {}
        event, reference, definition = self._event(node)
        return Element(
            id=node.get("id", ""),
            kind=kind,
            name=" ".join(node.get("name", "").split()),
            process=self.process,
            scope=scope,
            file=self.path,
            lane=lane.name if lane else "",
            form=node.get(CAMUNDA + "formKey", ""),
            role=node.get(CAMUNDA + "candidateGroups")
            or own.get("role")
            or lane_properties.get("role", ""),
            unit=own.get("unit") or lane_properties.get("unit", ""),
            properties=own,
            event=event,
            reference=reference,
            time_date=_text(definition, "timeDate"),
            time_duration=_text(definition, "timeDuration"),
            topic=self._topic(node, definition),
            decision=node.get(CAMUNDA + "decisionRef", ""),
            result=node.get(CAMUNDA + "resultVariable", ""),
            map_result=node.get(CAMUNDA + "mapDecisionResult", ""),
            called=node.get("calledElement", ""),
            inputs=_mappings(node, "in"),
            outputs=_mappings(node, "out"),
            assigned=_parameters(node, "output"),
            payload=_parameters(node, "input"),
            loop=_loop(node),
            attached_to=node.get("attachedToRef", ""),
            interrupting=node.get("cancelActivity", "true") == "true",
            default=node.get("default", ""),
        )

    def _event(self, node: etree._Element) -> tuple[str, str, etree._Element | None]:
        for child in node:
            kind = local(child)
            if child.tag.startswith(BPMN) and kind.endswith("EventDefinition"):
                kind = kind.removesuffix("EventDefinition")
                return kind, self.names.get(child.get(kind + "Ref", ""), ""), child
        message = node.get("messageRef")
        if message is not None:
            return "message", self.names.get(message, ""), None
        return "", "", None

    def _topic(self, node: etree._Element, definition: etree._Element | None) -> str:
        for one in (node, definition):
            if one is not None and one.get(CAMUNDA + "type") == "external":
                return one.get(CAMUNDA + "topic", "")
        return ""


def listed(text: str) -> list[str]:
    """The members of a property that is a list with commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _properties(node: etree._Element) -> dict[str, str]:
    path = f"{BPMN}extensionElements/{CAMUNDA}properties/{CAMUNDA}property"
    return {one.get("name", ""): one.get("value", "").strip() for one in node.findall(path)}


def _lanes(process: etree._Element) -> dict[str, _Lane]:
    """The innermost lane of each node; what it does not say, the lane around it does."""
    found: dict[str, _Lane] = {}

    def walk(lane_set: etree._Element, outer: Mapping[str, str]) -> None:
        for lane in lane_set.findall(BPMN + "lane"):
            properties = {**outer, **_properties(lane)}
            record = _Lane(lane.get("name", ""), properties)
            for node in lane.findall(BPMN + "flowNodeRef"):
                found[(node.text or "").strip()] = record
            for inner in lane.findall(BPMN + "childLaneSet"):
                walk(inner, properties)

    for lane_set in process.findall(BPMN + "laneSet"):
        walk(lane_set, {})
    return found


def _mappings(node: etree._Element, name: str) -> tuple[Passing, ...]:
    return tuple(
        Passing(one.get("source", ""), one.get("sourceExpression", ""), one.get("target", ""))
        for one in node.findall(f"{BPMN}extensionElements/{CAMUNDA}{name}")
        if one.get("businessKey") is None
    )


def _parameters(node: etree._Element, way: str) -> tuple[Passing, ...]:
    path = f"{BPMN}extensionElements/{CAMUNDA}inputOutput/{CAMUNDA}{way}Parameter"
    return tuple(
        Passing("", (one.text or "").strip(), one.get("name", "")) for one in node.findall(path)
    )


def _loop(node: etree._Element) -> Loop | None:
    several = node.find(BPMN + "multiInstanceLoopCharacteristics")
    if several is not None:
        return Loop(
            kind="sequential" if several.get("isSequential") == "true" else "parallel",
            collection=several.get(CAMUNDA + "collection", ""),
            variable=several.get(CAMUNDA + "elementVariable", ""),
            cardinality=_text(several, "loopCardinality"),
            condition=_text(several, "completionCondition"),
        )
    loop = node.find(BPMN + "standardLoopCharacteristics")
    if loop is not None:
        return Loop(
            kind="standard",
            condition=_text(loop, "loopCondition"),
            maximum=loop.get("loopMaximum", ""),
            test_before=loop.get("testBefore") == "true",
        )
    return None


def _text(node: etree._Element | None, name: str) -> str:
    found = None if node is None else node.find(BPMN + name)
    return "" if found is None else (found.text or "").strip()
