"""Event definitions that carry nothing along: the library's copy all the thrower's data.

Messages, signals, errors and escalations go through State.catch, which knows who waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import (
    ErrorEventDefinition,
    EscalationEventDefinition,
    SignalEventDefinition,
)
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.multiple import MultipleEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent

from engine.flow import expressions
from engine.flow.model import Json
from engine.flow.timers import DueTimer

CHOSEN = "chosen"


class Thrown(BpmnEvent):
    """An event thrown by an element inside, with the payload that the element declares, if any.

    `correlation` is a list with the value by which its catcher knows it; empty if it has none.
    """

    def __init__(self, definition: Any, token: Any) -> None:
        super().__init__(definition, target=token.workflow)
        self.token = token
        self.correlation: list[Json] = []


def _throw(definition: Any, token: Any) -> None:
    state, event = token.workflow.top_workflow, Thrown(definition, token)
    event.payload = state.declared(token)
    if isinstance(definition, MessageEvent) and definition.correlation is not None:
        event.correlation = [state.value(token, definition.correlation)]
    state.catch(event)


class MessageEvent(MessageEventDefinition):
    """A message: thrown inside, or sent from outside; both with just the payload declared."""

    def __init__(self, name: str, correlation: expressions.Expression | None = None) -> None:
        super().__init__(name)
        self.correlation = correlation

    def catches(self, token: Any, event: Any) -> bool:
        """Whether this is the message waited for, and of the same correlation if it has one.

        What is sent from outside has none: it is addressed by its leg.
        """
        if self != event.event_definition:
            return False
        if self.correlation is None:
            return True
        if not isinstance(event, Thrown) or not event.correlation:
            return False
        wanted = token.workflow.top_workflow.value(token, self.correlation)
        # To Python True is 1; to JSON it is not.
        return orjson.dumps([wanted]) == orjson.dumps(event.correlation)

    def throw(self, token: Any) -> None:
        """Gives the message to who waits for it, or starts a process, or else it is lost."""
        _throw(self, token)


class TopicEvent(NoneEventDefinition):
    """A message event of an external topic: to the world, as a service task's."""

    def __init__(self, topic: str) -> None:
        super().__init__()
        self.topic = topic

    def throw(self, token: Any) -> None:
        """Notes the message for the outbox."""
        token.workflow.top_workflow.say(token, self.topic)


class SignalEvent(SignalEventDefinition):
    """A signal: everybody inside who waits for it takes it."""

    def throw(self, token: Any) -> None:
        """Gives the signal to all who wait for it."""
        _throw(self, token)


class ErrorEvent(ErrorEventDefinition):
    """An error, caught by the nearest boundary event of its code round the process."""

    def throw(self, token: Any) -> None:
        """Climbs to the nearest boundary event that takes it."""
        _throw(self, token)


class EscalationEvent(EscalationEventDefinition):
    """An escalation, caught as an error is, but nobody needs to."""

    def throw(self, token: Any) -> None:
        """Climbs to the nearest boundary event that takes it."""
        _throw(self, token)


def awaited(definition: Any) -> tuple[str, ...]:
    """The names of the events that a definition waits for, sorted."""
    return tuple(sorted(_names(definition)))


def _names(definition: Any) -> Iterator[str]:
    match definition:
        case FirstOf():
            for one in definition.event_definitions:
                yield from _names(one)
        case MessageEvent() | SignalEvent():
            yield definition.name
        case ErrorEventDefinition() | EscalationEventDefinition():
            yield definition.code or ""


class FirstOf(MultipleEventDefinition):
    """The events behind an event-based gateway: the first that happens is the only one.

    The library keeps the events seen as objects, which no dump can hold, and lets two that come
    together go both ways.
    """

    def has_fired(self, token: Any) -> bool:
        """Whether one has happened; it reckons the due time of the timer at first."""
        for place, definition in enumerate(self.event_definitions):
            if (
                isinstance(definition, DueTimer)
                and definition.has_fired(token)
                and CHOSEN not in token.internal_data
            ):
                token.internal_data[CHOSEN] = place
        return CHOSEN in token.internal_data

    def catches(self, token: Any, event: Any = None) -> bool:
        """Whether one of them waits for this event."""
        return any(one.catches(token, event) for one in self.event_definitions)

    def catch(self, token: Any, event: Any = None) -> None:
        """Notes the first that waits for this event, and takes its payload."""
        if CHOSEN in token.internal_data:
            return
        for place, definition in enumerate(self.event_definitions):
            if definition.catches(token, event):
                token.internal_data[CHOSEN] = place
                if event.payload:
                    token.set_data(**event.payload)
                return

    def reset(self, token: Any) -> None:
        """Nothing: the choice is read when the gateway runs, and goes with its token."""

    def __hash__(self) -> int:
        return id(self)
