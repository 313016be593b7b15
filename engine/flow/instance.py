"""A process under way: the state that holds its scopes and tokens, and the loop that moves them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import CodeEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.simple import TerminateEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from engine.flow import expressions, loops, specs
from engine.flow.events import ErrorEvent, MessageEvent
from engine.flow.model import Json, Leg, Message, Milestone, Readings, Refused, Walked
from engine.flow.plain import copied, snapshot
from engine.flow.timers import due_of
from engine.flow.tokens import Journal, Scope, ScopeNotices, Token, Variables
from engine.flow.world import Asking

if TYPE_CHECKING:
    from engine.flow.definitions import Definitions

MOST_MOVES = 20_000
"""Changes of tokens that one step may make: more is a loop that waits for nothing."""


class State(Asking, ScopeNotices, BpmnWorkflow):
    """A process under way, with all that it called and that messages started beside it.

    It has one owner, and a step consumes it.
    """

    def __init__(self, definitions: Definitions, process: str) -> None:
        all_specs = definitions.specs
        super().__init__(all_specs[process], all_specs, script_engine=self, deserializing=True)
        self.definitions = definitions
        self.process = process
        self.data: Variables = {}
        self.counts: dict[str, int] = {}
        self.leg: int | None = None
        self.address = ""
        self.ids = 0
        self.legs = 0
        self.started: dict[str, int] = {}
        self.moves = 0
        self.ready: deque[Token] = deque()
        self.firing: int | None = None
        self.clock = datetime.min.replace(tzinfo=UTC)
        self.journal = Journal()
        self.readings: Readings | None = None
        self.dues: list[Mapping[str, Json]] = []
        self.spoiled = False

    def new_id(self) -> int:
        """The next number of the instance's counter."""
        self.ids += 1
        return self.ids

    # --- the journal -----------------------------------------------------------------------

    def walk(self, token: Token) -> None:
        """Notes that a token passed its element."""
        element = token.task_spec.element
        if element is not None:
            flow = self.definitions.flow(element.scope, token.source, element.id)
            self.journal.walked.append(Walked(element.id, flow, token.id, token.address))

    def passed(self, token: Token) -> None:
        """Notes a completed element, sets what it assigns, and notes the milestone that it is."""
        element = token.task_spec.element
        if element is None:
            return  # a helper of the library's
        self.walk(token)
        for passing in element.assigned:
            value = self.value(token, expressions.read_value(passing.expression))
            token.data[passing.target] = copied(value)
        if element.milestone:
            due = due_of(token)
            at = self.clock if due is None else min(due, self.clock)
            values = snapshot(token.data)
            self.journal.milestones.append(
                Milestone(
                    element.milestone, at, element.id, token.id, token.leg, values, token.address
                )
            )

    def declared(self, token: Token) -> dict[str, Json] | None:
        """The payload that the token's element declares for what it throws or sends, if any."""
        element = specs.drawn(token.task_spec)
        if element is None or not element.payload:
            return None
        return {
            one.target: copied(self.value(token, expressions.read_value(one.expression)))
            for one in element.payload
        }

    def say(self, token: Token, topic: str) -> None:
        """Notes a message to the world: what its element declares, or else the whole scope.

        The check wants a declaration; definitions that were deployed before have none.
        """
        values = self.declared(token) or snapshot(token.data)
        element = token.task_spec.bpmn_id or ""
        self.journal.messages.append(Message(topic, element, token.id, token.leg, values))

    # --- scopes ----------------------------------------------------------------------------

    def begin(self, scope: State | Scope) -> None:
        """Puts the first token of a scope."""
        scope.task_tree = Token(scope, scope.spec.start)
        scope.task_tree._ready()

    def create_subprocess(self, my_task: Token, spec_name: str) -> Scope:
        """Opens a called or embedded process; a call that opens a leg counts it."""
        scope = Scope(self.subprocess_specs[spec_name], my_task, self)
        self.subprocesses[my_task.id] = scope
        element = specs.drawn(my_task.task_spec)
        if element is not None and element.leg:
            self.legs += 1
            scope.leg = self.legs
        self.begin(scope)
        return scope

    def set_off(self, process: str, leg: int | None, payload: Mapping[str, Json]) -> None:
        """Starts a process beside the outermost one; a message that nobody waited for did it."""
        self.started[process] = self.started.get(process, 0) + 1
        place = f"{process}#{self.started[process]}/"
        scope = Scope(self.subprocess_specs[process], None, self, place)
        scope.leg = leg
        scope.data.update(copied(dict(payload)))
        self.subprocesses[-self.new_id()] = scope
        self.begin(scope)

    @property
    def over(self) -> bool:
        """Whether the outermost process has ended, and all that messages started beside it."""
        beside = (scope for scope in self.subprocesses.values() if scope.host is None)
        return self.completed and all(scope.completed for scope in beside)

    def note_leg(self, scope: Scope, event: str) -> None:
        """Notes that a leg was opened, or taken away before its own end."""
        host = scope.host
        element = specs.drawn(host.task_spec) if host is not None else None
        if host is None or element is None or not element.leg or scope.leg is None:
            return
        unit, nth = scope.data.get("unit"), scope.data.get("round")
        self.journal.legs.append(
            Leg(
                number=scope.leg,
                parent=host.leg,
                duty=element.leg,
                unit=unit if isinstance(unit, str) else "",
                round=nth if isinstance(nth, int) and not isinstance(nth, bool) else None,
                event=event,
                at=self.clock,
                address=host.address,
            )
        )

    def scopes(self) -> list[State | Scope]:
        """The outermost process and all others that are not over."""
        return [self, *(one for one in self.subprocesses.values() if not one.completed)]

    def called(self) -> Iterator[Scope]:
        """The called and started processes under way, each with variables of its own."""
        for scope in self.scopes():
            if isinstance(scope, Scope) and scope.own_data:
                yield scope

    def tokens(self) -> list[Token]:
        """All tokens of scopes that are not over, as they were made."""
        return [token for scope in self.scopes() for token in scope.tasks.values()]

    def find(self, task: int) -> Token | None:
        """The token with this id."""
        for scope in self.scopes():
            if task in scope.tasks:
                return scope.tasks[task]
        return None

    # --- the loop --------------------------------------------------------------------------

    def advance(self) -> None:
        """Moves tokens until every one waits: for a person, a message or a time."""
        first = self.moves
        while True:
            while self.ready:
                token = self.ready.popleft()
                # Cancelled meanwhile, by a terminate or an interrupt of the same step?
                if token.state == TaskState.READY:
                    token.run()
                if self.moves - first > MOST_MOVES:
                    raise Refused("loop", element=token.task_spec.bpmn_id)
            if not self._wake_joins() and not self._fire_due():
                return

    def _wake_joins(self) -> bool:
        for token in self.tokens():
            if token._state == TaskState.WAITING and isinstance(token.task_spec, UnstructuredJoin):
                token.task_spec._update(token)
                if self.ready:
                    return True
        return False

    def waiting_timers(self) -> list[tuple[datetime, Token]]:
        """The tokens that wait for a time, the earliest first."""
        found = [
            (due, token)
            for token in self.event_manager.tasks.values()
            if token._state == TaskState.WAITING and (due := due_of(token)) is not None
        ]
        return sorted(found, key=lambda pair: (pair[0], pair[1].id))

    def _fire_due(self) -> bool:
        for due, token in self.waiting_timers()[:1]:
            if due > self.clock:
                return False
            self.firing = token.id
            token.task_spec._update(token)
            self.firing = None
            if token.state == TaskState.WAITING:
                raise Refused("stuck", element=token.task_spec.bpmn_id, problem="定时没有触发")
            return True
        return False

    # --- events ----------------------------------------------------------------------------

    def catch(self, event: Any) -> None:
        """Takes what an element has thrown to those who wait for it."""
        definition = event.event_definition
        if isinstance(definition, TerminateEventDefinition):
            return  # the end event cancels the tokens of its scope itself
        if isinstance(definition, CodeEventDefinition):
            self._climb(event)
            return
        waiting = self.receivers(event)
        for token in waiting:
            self.wake(token, event)
        if not waiting and isinstance(definition, MessageEvent):
            process = self.definitions.started_by.get(definition.name)
            if process is not None:  # or else the message is lost
                self.set_off(process, event.token.leg, event.payload or {})

    def receivers(self, event: Any) -> list[Token]:
        """The waiting tokens that take an event, as they were made.

        Sorted: a state that was loaded holds them in another order than one kept in memory.
        """
        found = [
            token
            for token in self.event_manager.tasks.values()
            if token.state == TaskState.WAITING and token.task_spec.catches(token, event)
        ]
        return sorted(found, key=lambda token: token.id)

    def wake(self, token: Token, event: Any) -> None:
        """Gives a waiting token its event."""
        token.task_spec.catch(token, event)
        token.task_spec._update(token)

    def _climb(self, event: Any) -> None:
        """Gives an error or escalation to the nearest activity round it that waits for it."""
        scope = event.target
        while isinstance(scope, Scope) and scope.host is not None:
            host: Any = scope.host
            if isinstance(host.parent.task_spec, loops.LOOPS):
                host = host.parent
            taken = [token for token in self.receivers(event) if token._parent == host._parent]
            for token in taken:
                self.wake(token, event)
            if taken:
                return
            scope = scope.parent_workflow
        if isinstance(event.event_definition, ErrorEvent):
            raise Refused("stuck", element="", problem="错误事件没有接收者")

    def release(self) -> None:
        """Forgets everything, once it was dumped: tokens and scopes hold each other, so that they
        would be left to the collector."""
        for scope in (*self.subprocesses.values(), self):
            vars(scope).clear()

    # --- compaction ------------------------------------------------------------------------

    def compact(self) -> None:
        """Drops what is finished and needed by nobody; the log has the history."""
        for task, scope in list(self.subprocesses.items()):
            host = scope.host
            if scope.completed or (host is not None and host.has_state(TaskState.FINISHED_MASK)):
                for token in scope.tasks.values():
                    self.event_manager.remove_task(token)
                del self.subprocesses[task]
        for scope in self.scopes():
            # Children have larger numbers than their parents: leaves first.
            for token in reversed(list(scope.tasks.values())):
                if token._state & TaskState.FINISHED_MASK:
                    gone = not self._needed(token)
                else:
                    gone = _idle(token)
                if gone:
                    self._splice(token)
            for token in scope.tasks.values():
                token._running = False
                if len(token._children) > 1:
                    token._children.sort()

    def _needed(self, token: Token) -> bool:
        parent = token.parent
        if parent is None:
            return True
        if not token._children:
            return False
        # The joins under a boundary split look for it, and tell its activity from its events.
        return self._split(token) or self._split(parent)

    def _split(self, token: Token) -> bool:
        return isinstance(token.task_spec, BoundaryEventSplit) and specs.attended(token)

    def _splice(self, token: Token) -> None:
        parent, tasks = token.parent, token.workflow.tasks
        parent._children.remove(token.id)
        parent._children.extend(token._children)
        for child in token.children:
            child._parent = parent.id
        self.event_manager.remove_task(token)
        del tasks[token.id]


def _idle(token: Token) -> bool:
    """Whether it is what a boundary event that did not interrupt leaves at its activity's join.

    The activity's own token opens the join; one more would stay behind for each message taken.
    """
    return token._state == TaskState.WAITING and isinstance(token.task_spec, BoundaryEventJoin)
