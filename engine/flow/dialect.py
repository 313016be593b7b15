"""From Camunda 7's attributes to specs that the library can run.

The elements were read and judged before (drawing, support); here the library's parsers build the
graph, and what they do not know is taken from the records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.event_parsers import (
    BoundaryEventParser,
    EndEventParser,
    EventBasedGatewayParser,
    EventDefinitionParser,
    IntermediateCatchEventParser,
    IntermediateThrowEventParser,
    ReceiveTaskParser,
    SendTaskParser,
    StartEventParser,
)
from SpiffWorkflow.bpmn.parser.task_parsers import (
    CallActivityParser,
    ConditionalGatewayParser,
    GatewayParser,
    SubWorkflowParser,
)
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition
from SpiffWorkflow.dmn.parser.BpmnDmnParser import BpmnDmnParser

from engine.flow import events, expressions, loops, specs
from engine.flow.drawing import Drawing, Element
from engine.flow.timers import DueTimer


class _Drawn(TaskParser):
    """A parser that knows the record of its element."""

    STANDARD_LOOP_CLASS = loops.Repetition
    PARALLEL_MI_CLASS = loops.ParallelInstances
    SEQUENTIAL_MI_CLASS = loops.SequentialInstances
    task: Any

    @property
    def element(self) -> Element:
        found: Element = self.process_parser.parser.element(self.process_parser, self.bpmn_id)
        return found

    def parse_extensions(self, node: etree._Element | None = None) -> dict[str, Any]:
        return {"element": self.element}

    def get_position(self, node: etree._Element | None = None) -> dict[str, float]:
        # The library orders flows by their height on the page, so that moving a shape would change
        # the way; alike for all, they stay in the order of the file.
        return {"x": 0.0, "y": 0.0}

    def parse_condition(self, sequence_flow: etree._Element) -> str | None:
        condition: str | None = super().parse_condition(sequence_flow)
        return condition.strip() if condition and condition.strip() else None

    def _add_multiinstance_task(self, loop_characteristics: etree._Element) -> None:
        loop = self.element.loop
        if loop is None:
            return
        original = self.spec.task_specs.pop(self.task.name)
        parallel = loop.kind == "parallel"
        kind = self.PARALLEL_MI_CLASS if parallel else self.SEQUENTIAL_MI_CLASS
        self.task = kind(self.spec, original.name, "", lane=original.lane)
        self.task.collection = _braced(loop.collection)
        self.task.variable = loop.variable
        self.task.amount = _braced(loop.cardinality)
        self.task.until = loop.condition
        self._copy_task_attrs(original, loop_characteristics)


def _braced(text: str) -> str:
    """Camunda takes a bare variable name for a collection, and a bare number for a cardinality."""
    return text if not text or "${" in text else f"${{{text}}}"


class _DrawnEvent(_Drawn, EventDefinitionParser):
    """A parser whose events come from the record, with definitions of our own."""

    def parse_timer_event(self, event: etree._Element) -> DueTimer:
        element = self.element
        text = element.time_date or element.time_duration
        expression = expressions.read_value(text)
        return DueTimer(element.id, expression, duration=not element.time_date)

    def parse_message_event(self, message_event: etree._Element) -> Any:
        element = self.element
        if element.topic:
            return events.TopicEvent(element.topic)
        correlation = element.correlation
        return events.MessageEvent(
            element.reference, expressions.read(correlation) if correlation else None
        )

    def parse_signal_event(self, signal_event: etree._Element) -> Any:
        return events.SignalEvent(self.element.reference)

    def parse_error_event(self, error_event: etree._Element) -> Any:
        return events.ErrorEvent("error", self.element.reference or None)

    def parse_escalation_event(self, escalation_event: etree._Element) -> Any:
        return events.EscalationEvent("escalation", self.element.reference or None)


class _Start(_DrawnEvent, StartEventParser):
    def parse_message_event(self, message_event: etree._Element) -> Any:
        # The state sets the process off when the message is thrown; its token waits for nothing.
        return NoneEventDefinition()

    def handles_multiple_outgoing(self) -> bool:
        return False


class _End(_DrawnEvent, EndEventParser):
    def create_task(self) -> Any:
        if self.element.event != "signal":
            return super().create_task()
        # The library knows no signal end events.
        task = self._create_task(self.parse_signal_event(self.node))
        task.connect(self.spec.end)
        return task


class _Catch(_DrawnEvent, IntermediateCatchEventParser):
    pass


class _Throw(_DrawnEvent, IntermediateThrowEventParser):
    pass


class _Boundary(_DrawnEvent, BoundaryEventParser):
    pass


class _Receive(_DrawnEvent, ReceiveTaskParser):
    pass


class _Send(_DrawnEvent, SendTaskParser):
    def create_task(self) -> Any:
        if self.element.topic:
            return specs.TopicTask(self.spec, self.bpmn_id, **self.bpmn_attributes)
        return super().create_task()


class _EventGateway(_DrawnEvent, EventBasedGatewayParser):
    def create_task(self) -> Any:
        return self._create_task(events.FirstOf())


class _Gateway(_Drawn, GatewayParser):
    pass


class _Choice(_Drawn, ConditionalGatewayParser):
    pass


class _Call(_Drawn, CallActivityParser):
    pass


class _Embedded(_Drawn, SubWorkflowParser):
    pass


class Parser(BpmnDmnParser):
    """Builds the specs of all processes of one version of the definitions."""

    PARSER_CLASSES: Mapping[str, tuple[Any, Any]] = {}  # nothing but what is listed here
    OVERRIDE_PARSER_CLASSES: Mapping[str, tuple[Any, Any]] = {
        full_tag("startEvent"): (_Start, specs.StartEvent),
        full_tag("endEvent"): (_End, defaults.EndEvent),
        full_tag("userTask"): (_Drawn, defaults.UserTask),
        full_tag("serviceTask"): (_Drawn, specs.TopicTask),
        full_tag("sendTask"): (_Send, defaults.SendTask),
        full_tag("receiveTask"): (_Receive, specs.ReceiveTask),
        full_tag("businessRuleTask"): (_Drawn, specs.DecisionTask),
        full_tag("callActivity"): (_Call, specs.CallActivity),
        full_tag("subProcess"): (_Embedded, specs.EmbeddedProcess),
        full_tag("exclusiveGateway"): (_Choice, specs.ExclusiveGateway),
        full_tag("inclusiveGateway"): (_Choice, specs.InclusiveGateway),
        full_tag("parallelGateway"): (_Gateway, specs.ParallelGateway),
        full_tag("eventBasedGateway"): (_EventGateway, specs.EventBasedGateway),
        full_tag("intermediateCatchEvent"): (_Catch, specs.IntermediateCatchEvent),
        full_tag("intermediateThrowEvent"): (_Throw, defaults.IntermediateThrowEvent),
        full_tag("boundaryEvent"): (_Boundary, specs.BoundaryEvent),
    }

    def __init__(self, drawings: Mapping[str, Drawing]) -> None:
        super().__init__()
        self._elements = {
            (element.scope, element.id): element
            for drawing in drawings.values()
            for element in drawing.elements.values()
        }

    def add_bpmn_xml(self, bpmn: etree._Element, filename: str | None = None) -> None:
        # Messages, data stores, correlations and shapes come from the records or are not run; the
        # library stumbles over those that it does not know, and over odd coordinates.
        self._add_processes(bpmn, filename)

    def element(self, process_parser: Any, element: str) -> Element:
        """The record of an element of a process or embedded subprocess."""
        return self._elements[process_parser.bpmn_id, element]

    def _find_dependencies(self, process: etree._Element) -> None:
        # The library crashes here on a business rule task; what is called was checked before.
        pass


def build(roots: Mapping[str, etree._Element], drawings: Mapping[str, Drawing]) -> dict[str, Any]:
    """The specs by process id, embedded subprocesses included."""
    parser = Parser(drawings)
    for path, root in roots.items():
        parser.add_bpmn_xml(root, path)
    built: dict[str, Any] = parser.find_all_specs()
    for spec in built.values():
        for task_spec in spec.task_specs.values():
            # What steps ask of each token's spec, looked up once.
            task_spec.element = getattr(task_spec, "extensions", {}).get("element")
            task_spec.awaited = events.awaited(getattr(task_spec, "event_definition", None))
            # The library connects a loop with its instances when it creates one: a fresh process
            # that loads a multi-instance under way would never finish it.
            if isinstance(task_spec, loops.LOOPS):
                instance = spec.task_specs[task_spec.task_spec]
                instance.completed_event.connect(task_spec.merge_child)
    return built
