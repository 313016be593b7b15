"""What the elements of the dialect do when a token comes by, where the library does otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, _EndJoin
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.util.task import TaskState

from engine.flow import expressions
from engine.flow.drawing import Element, Passing
from engine.flow.events import CHOSEN
from engine.flow.model import Json, Refused
from engine.flow.plain import copied
from engine.flow.timers import DUE, DueTimer


def drawn(spec: Any) -> Element | None:
    """The element of the diagram that a spec carries out; None for the library's own helpers."""
    element: Element | None = spec.element  # set for each when the definitions are read
    return element


# --- gateways ------------------------------------------------------------------------------


class _Joining:
    """A gateway that waits for tokens: each is a waiting task, and firing consumes one a flow.

    The library counts finished tasks instead, so that in a loop cancelled tokens of the first
    round open the join too early in the second; and it merges data, which belongs to the scope
    here and needs no merging.
    """

    def arrivals(self, token: Any) -> dict[str, Any]:
        """The first waiting token on each incoming flow, this one's arrival included."""
        if token.state != TaskState.WAITING:
            token._set_state(TaskState.WAITING)
        waiting: dict[str, Any] = {}
        for other in token.workflow.tasks.values():
            if other.task_spec is self and other.state == TaskState.WAITING:
                waiting.setdefault(other.source, other)
        return waiting

    def consume(self, token: Any, arrived: Iterable[Any]) -> None:
        """Takes the other tokens away; this one goes on."""
        for other in arrived:
            if other is not token:
                other.merged()


class ParallelGateway(_Joining, defaults.ParallelGateway):
    """Fires when every incoming flow has a token."""

    def _update_hook(self, token: Any) -> bool:
        arrived = self.arrivals(token)
        if not set(self._inputs) <= arrived.keys() or arrived[token.source] is not token:
            return False
        self.consume(token, arrived.values())
        return True

    def _run_hook(self, token: Any) -> bool:
        return True


class InclusiveGateway(_Joining, defaults.InclusiveGateway):
    """Fires when no other token can still reach an incoming flow that has none."""

    def _update_hook(self, token: Any) -> bool:
        arrived = self.arrivals(token)
        if arrived[token.source] is not token:
            return False
        for other in token.workflow.tasks.values():
            if (
                other.has_state(TaskState.FINISHED_MASK)
                or (other.task_spec is self and other.state == TaskState.WAITING)
                or isinstance(
                    other.task_spec, defaults.BoundaryEvent | BoundaryEventJoin | _EndJoin
                )
            ):
                continue
            reached = self._reached_from(other.task_spec)
            if reached - arrived.keys() and not reached & arrived.keys():
                return False
        self.consume(token, arrived.values())
        return True

    def _reached_from(self, start: Any) -> set[str]:
        """The incoming flows (by their sources) that a token at `start` can come by."""
        reached: set[str] = set()
        seen, level = {start.name}, [start]
        while level:
            spec = level.pop()
            for following in spec.outputs:
                if following is self:
                    reached.add(spec.name)
                elif following.name not in seen:
                    seen.add(following.name)
                    level.append(following)
        return reached

    def _run_hook(self, token: Any) -> bool:
        matches, defaulted = self._get_matching_outputs(token)
        if not matches and not defaulted:
            raise Refused("stuck", element=self.name, problem="没有一个条件成立")
        token._sync_children(matches or defaulted, TaskState.FUTURE)
        return True


class ExclusiveGateway(defaults.ExclusiveGateway):
    """Takes the first flow, in the order of the file, whose condition holds."""

    def _run_hook(self, token: Any) -> bool:
        chosen = self.default_task_spec
        for condition, name in self.cond_task_specs:
            if condition is not None and condition._matches(token):
                chosen = name
                break
        if chosen is None:
            raise Refused("stuck", element=self.name, problem="没有一个条件成立")
        token._sync_children([token.workflow.spec.task_specs[chosen]], TaskState.FUTURE)
        return True


class EventBasedGateway(defaults.EventBasedGateway):
    """Goes the way of the first event that happens."""

    def _run_hook(self, token: Any) -> bool:
        place = token.internal_data[CHOSEN]
        token._sync_children([self.outputs[place]], TaskState.FUTURE)
        if isinstance(self.event_definition.event_definitions[place], DueTimer):
            # The milestone of the timer behind the gateway is reached at its due time.
            for child in token.children:
                child.internal_data[DUE] = token.internal_data[DUE]
        return True


def attended(split: Any) -> bool:
    """Whether the activity of a boundary split is still under way, so that its events matter."""
    return any(
        not child.has_state(TaskState.FINISHED_MASK)
        and not isinstance(child.task_spec, BoundaryEvent)
        for child in split.children
    )


class _Catching:
    """What waits for an event. Nothing is reset in tokens below it: none are foreseen there."""

    event_definition: Any

    def _run_hook(self, token: Any) -> bool:
        self.event_definition.update_task_data(token)
        self.event_definition.reset(token)
        return True

    def _on_cancel(self, token: Any) -> None:
        # The library looks through all below it, which Token.cancel has done before.
        token.workflow.top_workflow.event_manager.remove_task(token)


class StartEvent(_Catching, defaults.StartEvent):
    """A start event; its token waits for nothing."""


class IntermediateCatchEvent(_Catching, defaults.IntermediateCatchEvent):
    """An event on the way that is waited for."""


class ReceiveTask(_Catching, defaults.ReceiveTask):
    """A task that waits for a message."""


class BoundaryEvent(_Catching, defaults.BoundaryEvent):
    """An event on the edge of an activity; one that does not interrupt waits again once caught."""

    def _run_hook(self, token: Any) -> bool:
        super()._run_hook(token)
        waits_again = not self.cancel_activity and not isinstance(self.event_definition, DueTimer)
        if waits_again and attended(token.parent):
            again = token.parent._add_child(self, TaskState.WAITING)
            self._update(again)
        return True


# --- tasks ---------------------------------------------------------------------------------


class TopicTask(BpmnSpecMixin):
    """An external service or send task: a message to the world, and the process goes on."""

    def _run_hook(self, token: Any) -> bool:
        element = drawn(self)
        if element is not None:
            token.workflow.top_workflow.say(token, element.topic)
        return True


class DecisionTask(BpmnSpecMixin):
    """A business rule task: its table decides, and the result becomes process data."""

    def _run_hook(self, token: Any) -> bool:
        element = drawn(self)
        if element is None:
            return True
        outputs = token.workflow.top_workflow.decide(token, element.decision)
        if not element.result:
            token.data.update(outputs)
        elif element.map_result == "singleEntry":
            (token.data[element.result],) = outputs.values()
        else:
            token.data[element.result] = dict(outputs)
        return True


# --- scopes --------------------------------------------------------------------------------


class _Hosting:
    """An activity with a scope inside. Taken away, it takes the leg that it opened with it."""

    spec: str

    def start_workflow(self, token: Any) -> None:
        """Opens the scope and runs its start, which the library looks for in its tree."""
        scope = token.workflow.top_workflow.create_subprocess(token, self.spec)
        self.copy_data(token, scope)  # type: ignore[attr-defined]
        scope.task_tree.run()

    def _on_cancel(self, token: Any) -> None:
        scope = token.workflow.top_workflow.get_subprocess(token)
        if scope is not None and not scope.completed:
            token.workflow.top_workflow.note_leg(scope, "cancelled")
        super()._on_cancel(token)  # type: ignore[misc]


class EmbeddedProcess(_Hosting, defaults.SubWorkflowTask):
    """An embedded subprocess: a scope for tokens, not for variables."""

    def copy_data(self, token: Any, subworkflow: Any) -> None:
        """Nothing: State.create_subprocess gave it the variables of its surroundings."""
        token.workflow.top_workflow.note_leg(subworkflow, "opened")

    def update_data(self, token: Any, subworkflow: Any) -> None:
        """Nothing: the variables are the same ones."""


class CallActivity(_Hosting, defaults.CallActivity):
    """Calls a process, which sees what is passed in, and gives back what is passed out."""

    def copy_data(self, token: Any, subworkflow: Any) -> None:
        """Evaluates the `camunda:in` of the element against the caller's variables."""
        element = drawn(self)
        for passing in element.inputs if element else ():
            subworkflow.data[passing.target] = _passed(passing, token, token.data)
        token.workflow.top_workflow.note_leg(subworkflow, "opened")

    def update_data(self, token: Any, subworkflow: Any) -> None:
        """Evaluates the `camunda:out` against the called process's variables.

        An instance of a multi-instance writes to the scope around it: the last one wins.
        """
        element = drawn(self)
        for passing in element.outputs if element else ():
            token.workflow.data[passing.target] = _passed(passing, token, subworkflow.data)


def _passed(passing: Passing, token: Any, data: Any) -> Json:
    if passing.expression:
        expression = expressions.read(passing.expression)
        return copied(token.workflow.top_workflow.value(token, expression, data))
    return copied(data.get(passing.source))
