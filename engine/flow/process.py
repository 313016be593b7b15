"""The five steps of a process. Everything that a step needs comes in, all it decides goes out.

A step consumes the State that it was given; when it raises, the State must be thrown away.
`now` is an aware datetime; nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.util.task import TaskState

from engine.flow import expressions, loops
from engine.flow.definitions import Definitions
from engine.flow.drawing import Element
from engine.flow.events import FirstOf, MessageEvent
from engine.flow.instance import State
from engine.flow.model import Json, OpenTask, Readings, Refused, Step, Timer, Wait
from engine.flow.plain import copied, snapshot
from engine.flow.readings import RecordedReadings
from engine.flow.timers import DueTimer, why_of
from engine.flow.tokens import Journal, Token

UNIT = "unit"
"""Where a token keeps the unit that was asked for."""

MOST_FIRED = 1_000
"""Timers that one tick may fire."""


def start(
    definitions: Definitions,
    process_id: str,
    values: Mapping[str, Json],
    now: datetime,
    readings: Readings,
) -> Step:
    """Starts a process with its first variables."""
    if process_id not in definitions.drawings:
        raise Refused("process_unknown", process=process_id)
    state = State(definitions, process_id)

    def begin() -> None:
        state.data.update(_checked(values))
        state.begin(state)
        state.advance()

    return _step(state, now, readings, begin)


def complete(
    state: State, task: int, answers: Mapping[str, Json], now: datetime, readings: Readings
) -> Step:
    """Completes a user task with its routing answers.

    Refused("task_gone") when somebody or something was quicker, Refused("task_unknown") when the
    task never was; Refused("tick_first") when a timer is due, whose lateness must be recorded.
    """
    _undue(state, now)
    if state.over:
        raise Refused("task_gone", task=task)
    token = state.find(task)
    if token is None or token.state != TaskState.READY:
        raise Refused("task_gone" if 0 < task <= state.ids else "task_unknown", task=task)
    if not isinstance(token.task_spec, defaults.UserTask):
        raise Refused("task_unknown", task=task)

    def go_on() -> None:
        token.data.update(_checked(answers))
        token.run()
        state.advance()

    return _step(state, now, readings, go_on)


def send(
    state: State,
    message: str,
    payload: Mapping[str, Json],
    now: datetime,
    readings: Readings,
    leg: int | None = None,
) -> Step:
    """Gives a message to those who wait for it; with a leg, only to those of that leg.

    When there are none it starts the process that starts with it, if one is drawn;
    Refused("nobody_waits") otherwise.
    """
    _undue(state, now)
    if state.over:
        raise Refused("ended")
    event = BpmnEvent(MessageEvent(message), payload=_checked(payload))
    waiting = [token for token in state.receivers(event) if leg is None or token.leg == leg]
    starts = state.definitions.started_by.get(message)
    if not waiting and starts is None:
        raise Refused("nobody_waits", message=message, leg=leg)

    def deliver() -> None:
        if not waiting and starts is not None:
            state.set_off(starts, leg, event.payload)
        for token in waiting:
            if token.state == TaskState.WAITING:
                state.wake(token, event)
        state.advance()

    return _step(state, now, readings, deliver)


def tick(state: State, now: datetime, readings: Readings) -> Step:
    """Fires every timer due at or before `now`, in the order of their due times.

    While one fires the engine's clock stands at its due time, so that a late sweep decides as a
    punctual one would have.
    """

    def fire() -> None:
        stood = None
        for _ in range(MOST_FIRED):
            due = [one for one, _ in state.waiting_timers()[:1] if one <= now]
            if not due:
                return
            # Never back: what was set off at one due time may be due since an earlier one.
            stood = state.clock = due[0] if stood is None else max(stood, due[0])
            state.advance()
            state.compact()
        raise Refused("loop")

    return _step(state, now, readings, fire)


def revise(state: State, now: datetime, readings: Readings) -> Step:
    """Reckons every waiting deadline that asked the calendar anew; fires none of them."""

    def reckon() -> None:
        for _, token in state.waiting_timers():
            if why_of(token):
                _timer_of(token).reckon(token)

    return _step(state, now, readings, reckon)


# --- what the steps share ------------------------------------------------------------------


def _step(state: State, now: datetime, readings: Readings, move: Callable[[], None]) -> Step:
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    if state.spoiled:
        raise Refused("spoiled")
    state.spoiled = True
    # In UTC, whatever zone the door and the log write: the canonical form must not show it.
    state.clock, state.readings, state.journal = now.astimezone(UTC), readings, Journal()
    try:
        move()
    except SpiffWorkflowException as error:
        element = getattr(getattr(error, "task_spec", None), "bpmn_id", "") or ""
        raise Refused("stuck", element=element, problem=str(error)) from error
    except RecursionError as error:
        raise Refused("loop") from error
    state.compact()
    state.spoiled = False
    return _result(state)


def _result(state: State) -> Step:
    journal = state.journal
    tasks, timers = open_tasks(state), open_timers(state)
    if isinstance(state.readings, RecordedReadings):
        state.readings.check(journal.readings)
    if not state.over and not tasks and not state.event_manager.tasks:
        raise Refused("stuck", element="", problem="没有任务，也没有等待的事件")
    return Step(
        state=state,
        tasks=tasks,
        timers=timers,
        milestones=tuple(journal.milestones),
        messages=tuple(journal.messages),
        readings=tuple(journal.readings),
        walked=tuple(journal.walked),
        values=snapshot(state.data),
        scopes={scope.address: snapshot(scope.data) for scope in state.called()},
        ended=state.over,
        waits=waits(state),
        legs=tuple(journal.legs),
    )


def _undue(state: State, now: datetime) -> None:
    for due, token in state.waiting_timers()[:1]:
        if due <= now:
            raise Refused("tick_first", due=due.isoformat(), element=token.task_spec.bpmn_id)


def _checked(values: Mapping[str, Json]) -> dict[str, Json]:
    """A copy of what becomes process data; Refused("data") for what expressions could not read."""
    for name in values:
        if not name.isidentifier() or name in expressions.CONSTANTS:
            raise Refused("data", problem=f"变量名“{name}”不能用")
    return {name: copied(value) for name, value in values.items()}


def _timer_of(token: Token) -> DueTimer:
    definition = token.task_spec.event_definition
    if isinstance(definition, FirstOf):
        return next(one for one in definition.event_definitions if isinstance(one, DueTimer))
    found: DueTimer = definition
    return found


def open_tasks(state: State) -> tuple[OpenTask, ...]:
    """The user tasks that wait for somebody, the oldest first."""
    found = []
    for token in state.tokens():
        if token._state != TaskState.READY:
            continue
        element = token.task_spec.element
        if element is not None and element.kind == "userTask":
            unit = _unit(state, token, element) if element.unit else ""
            found.append(
                OpenTask(
                    id=token.id,
                    element=element.id,
                    name=element.name,
                    form=element.form,
                    role=element.role,
                    unit=str(unit or ""),
                    leg=token.leg,
                    address=token.address,
                    article=element.article,
                    optional=element.optional,
                    other_than=element.other_than,
                )
            )
    return tuple(sorted(found, key=lambda task: task.id))


def _unit(state: State, token: Token, element: Element) -> Json:
    """The unit of an open task. One that must be asked for is asked when the task opens, once."""
    expression = expressions.read_value(element.unit)
    if not expression.functions & expressions.ASKING:
        return state.value(token, expression)
    kept = token.internal_data
    if UNIT not in kept:
        kept[UNIT] = state.value(token, expression)
    return kept[UNIT]


def open_timers(state: State) -> tuple[Timer, ...]:
    """The timers that wait, the earliest first."""
    found = []
    for due, token in state.waiting_timers():
        element, why = _timed_element(state, token), why_of(token)
        found.append(
            Timer(
                id=token.id,
                element=element.id,
                deadline=element.deadline,
                due=due,
                leg=token.leg,
                address=token.address,
                provisional=bool(why.get("provisional", False)),
                why=why,
                article=element.article,
                attached_to=element.attached_to,
            )
        )
    return tuple(found)


def waits(state: State) -> tuple[Wait, ...]:
    """Every token that is not through its element, by address."""
    found = []
    for token in state.tokens():
        if token._state & TaskState.FINISHED_MASK:
            continue
        spec = token.task_spec
        if isinstance(spec, loops.LOOPS):
            spec = token.workflow.spec.task_specs[spec.task_spec]
        element = spec.element
        if element is None:
            continue  # the library's helpers stand where those stand that they help
        kept = token.internal_data
        found.append(
            Wait(
                address=token.address,
                element=element.id,
                kind=element.kind,
                awaited=token.task_spec.awaited,
                source=token.source if isinstance(spec, UnstructuredJoin) else "",
                progress=_progress(kept) if kept else {},
                local=None if token.local is None else snapshot(token.local),
            )
        )
    return tuple(sorted(found, key=lambda wait: (wait.address, str(wait.progress))))


def _progress(kept: Mapping[str, Json]) -> Mapping[str, Json]:
    """How far a loop is, of what is kept with its token."""
    found = {part: kept[part] for part in loops.PROGRESS if part in kept}
    return snapshot(found) if found else found


def _timed_element(state: State, token: Token) -> Element:
    """The element whose timer it is: behind an event gateway, the event that stands there."""
    element: Element = token.task_spec.extensions["element"]
    if element.kind == "eventBasedGateway":
        timer = _timer_of(token)
        return state.definitions.drawings[element.process].elements[timer.name]
    return element


__all__ = ["complete", "open_tasks", "open_timers", "revise", "send", "start", "tick", "waits"]
