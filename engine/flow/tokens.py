"""A process under way: its tokens, its scopes and the state that holds them.

Three things differ from the library. Ids are integers from the instance's own counter. Variables
belong to a scope (a process that was started or called), as in BPMN, and not to tokens, so that
parallel branches have nothing to merge. Tokens are made when they arrive and not foreseen, so that
what is finished can be dropped after every step.
"""

from __future__ import annotations

from collections import ChainMap, deque
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import CodeEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.simple import TerminateEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.specs.MultiChoice import MultiChoice
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.flow import expressions, specs
from engine.flow.events import ErrorEvent, MessageEvent
from engine.flow.model import Json, Message, Milestone, Reading, Readings, Refused, Walked
from engine.flow.plain import copied
from engine.flow.readings import due_question
from engine.flow.timers import due_of

if TYPE_CHECKING:
    from engine.flow.definitions import Definitions

MOST_MOVES = 20_000
"""Tokens that one step may move: more is a loop that waits for nothing."""

Variables = MutableMapping[str, Json]


@dataclass(slots=True)
class Journal:
    """What a step has decided so far."""

    milestones: list[Milestone] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    walked: list[Walked] = field(default_factory=list)


class Token(Task):
    """A token at an element. `source` is the element that it came from, for joins and drawings."""

    def __init__(
        self,
        workflow: Any,
        task_spec: Any,
        parent: Token | None = None,
        state: int = TaskState.FUTURE,
        id: int | None = None,
    ) -> None:
        # Not the library's: that draws a random id and reads the computer's clock.
        top = workflow.top_workflow
        self.id = id or top.new_id()
        self.workflow = workflow
        self.task_spec = task_spec
        self._parent = parent.id if parent is not None else None
        self._children: list[int] = []
        self._state = state
        self.triggered = False
        self.thread_id = 0
        self.internal_data: dict[str, Json] = {}
        self.last_state_change = 0
        self.local: dict[str, Json] | None = None
        self.source = ""
        self.nth = 0
        self._running = False
        workflow.tasks[self.id] = self
        if parent is not None:
            parent._children.append(self.id)
            came_from = parent.task_spec.bpmn_id
            inside = came_from is None or came_from == task_spec.bpmn_id
            self.source = parent.source if inside else came_from

    @property
    def data(self) -> Variables:
        """The variables that it sees: its scope's, under an instance's own."""
        scope: Variables = self.workflow.data
        return scope if self.local is None else ChainMap(self.local, scope)

    @property
    def address(self) -> str:
        """Where it stands, in words that hold on a changed diagram too: calls, element, n-th."""
        place = "" if self.local is None else f"[{self.local['loopCounter']}]"
        return f"{self.workflow.address}{self.task_spec.bpmn_id}#{self.nth}{place}"

    @property
    def leg(self) -> int | None:
        """The number of the leg that it belongs to."""
        leg: int | None = self.workflow.leg
        return leg

    def add_instance(self, spec: Any, local: dict[str, Json] | None) -> Token:
        """A token for one instance of a loop, with variables of its own if `local` is given."""
        child = Token(self.workflow, spec, self, TaskState.WAITING)
        child.triggered = True
        child.local = local
        child.arrive()
        return child

    def arrive(self) -> None:
        """Counts the tokens that came to this element, for the address."""
        if specs.drawn(self.task_spec) is not None:
            counts = self.workflow.counts
            self.nth = counts[self.task_spec.name] = counts.get(self.task_spec.name, 0) + 1

    def merged(self) -> None:
        """The token was taken by a join: it is walked, and gone."""
        self.workflow.top_workflow.walk(self)
        self.cancel()

    def run(self) -> Any:
        """Carries out the element. Only a token that is ready: the library runs any."""
        if self._state != TaskState.READY:
            raise Refused("task_gone", task=self.id)
        self._running = True
        if not isinstance(
            self.task_spec, MultiChoice | specs.EventBasedGateway
        ):  # these choose among what follows; for all others it is known
            self._sync_children(self.task_spec.outputs, TaskState.FUTURE)
        return super().run()

    def complete(self) -> None:
        """Notes what was reached before what follows goes on."""
        self._set_state(TaskState.COMPLETED)
        self.workflow.top_workflow.passed(self)
        self.task_spec._on_complete(self)

    def cancel(self) -> None:
        """Takes the token away, and first those under it: the library leaves their calls alive."""
        for child in self.children:
            child.cancel()
        if not self.has_state(TaskState.FINISHED_MASK):
            self._set_state(TaskState.CANCELLED)
            self.task_spec._on_cancel(self)

    def _inherit_data(self) -> None:
        pass  # variables belong to the scope

    def _sync_children(self, task_specs: list[Any], state: int = TaskState.FUTURE) -> None:
        # Nothing is foreseen: tokens are made by the one that is running.
        if self._running:
            super()._sync_children(task_specs, state)

    def _add_child(self, task_spec: Any, state: int = TaskState.FUTURE) -> Token:
        child = Token(self.workflow, task_spec, self, state)
        child.local = None
        child.arrive()
        return child

    def _set_state(self, value: int) -> None:
        if value == self._state:
            return
        top = self.workflow.top_workflow
        self._state = value
        top.moves += 1
        # Joins sort by this: a count of moves, because instants within a step are all the same.
        self.last_state_change = top.moves
        if value == TaskState.READY and not self.task_spec.manual:
            top.ready.append(self)


class _Scope:
    """What the outermost process and the called and embedded ones share."""

    completed: bool
    tasks: dict[int, Token]

    def _task_completed_notify(self, task: Token) -> None:
        # The library also looks at every waiting task here; the engine's loop does when idle.
        if task.task_spec.name == "End":
            self._mark_complete(task)
        if self.completed:
            self.completed_event(self)  # type: ignore[attr-defined]

    def _mark_complete(self, task: Token) -> None:
        self.completed = True


class Scope(_Scope, BpmnSubWorkflow):
    """A called or embedded process. An embedded one has the variables of its surroundings."""

    def __init__(self, spec: Any, host: Token, top: State) -> None:
        self.host = host
        super().__init__(spec, host.id, top, deserializing=True)
        self.data: Variables = {} if self.own_data else host.data
        self.counts: dict[str, int] = {}
        self.leg: int | None = host.leg
        self.address = host.address + "/"

    @property
    def own_data(self) -> bool:
        """Whether it has variables of its own: called processes do."""
        return isinstance(self.host.task_spec, specs.CallActivity)

    @property
    def parent_workflow(self) -> Any:
        """The scope around it."""
        return self.host.workflow


class State(_Scope, BpmnWorkflow):
    """A process under way, with all that it called. It has one owner, and a step consumes it."""

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
        self.moves = 0
        self.ready: deque[Token] = deque()
        self.firing: int | None = None
        self.clock = datetime.min.replace(tzinfo=UTC)
        self.journal = Journal()
        self.readings: Readings | None = None
        self.last_due: Mapping[str, Json] | None = None
        self.spoiled = False
        self._element = ""

    def new_id(self) -> int:
        """The next number of the instance's counter."""
        self.ids += 1
        return self.ids

    # --- the world, for expressions (expressions.World) and conditions ---------------------

    def now(self) -> datetime:
        """The engine's clock."""
        return self.clock

    def workdays(self, start: datetime, days: int) -> Json:
        """The end of the n-th working day after `start`, kept as a reading."""
        if self.readings is None or not 1 <= days <= 1_000:
            raise Refused("deadline", value=days, problem="不能这样数工作日")
        answer = dict(self.readings.due(start, days))
        question = due_question(start, days)
        self.journal.readings.append(Reading("due", question, answer, self._element))
        self.last_due = answer
        return answer["due"]

    def value(
        self, token: Token, expression: expressions.Expression, values: Variables | None = None
    ) -> Json:
        """An expression's value as the token sees it, or over other variables."""
        self._element = token.task_spec.bpmn_id or ""
        self.last_due = None
        return expression.value(token.data if values is None else values, self)

    def truth(self, token: Token, expression: expressions.Expression, values: Variables) -> bool:
        """The same for a condition, which must be true or false."""
        value = self.value(token, expression, values)
        if not isinstance(value, bool):
            raise Refused("expression", expression=expression.text, problem="条件要得出“是”或“否”")
        return value

    def evaluate(self, token: Token, expression: str, external_context: Any = None) -> bool:
        """The library's way to ask whether the condition of a flow holds."""
        return self.truth(token, expressions.read(expression), token.data)

    def decide(self, token: Token, decision: str) -> Mapping[str, Json]:
        """What a decision table says, kept as a reading."""
        self._element = token.task_spec.bpmn_id or ""
        answer = self.definitions.tables[decision].decide(token.data, self)
        question = {"decision": decision, "inputs": copied(dict(answer.inputs))}
        outputs = dict(answer.outputs)
        reading = Reading(
            "decision", question, {"rule": answer.rule, "outputs": outputs}, self._element
        )
        self.journal.readings.append(reading)
        return outputs

    # --- the journal -----------------------------------------------------------------------

    def walk(self, token: Token) -> None:
        """Notes that a token passed its element."""
        element = specs.drawn(token.task_spec)
        if element is not None:
            flow = self.definitions.flow(element.scope, token.source, element.id)
            self.journal.walked.append(Walked(element.id, flow, token.id, token.address))

    def passed(self, token: Token) -> None:
        """Notes a completed element, and the milestone that it is."""
        self.walk(token)
        element = specs.drawn(token.task_spec)
        if element is not None and element.milestone:
            due = due_of(token)
            at = self.clock if due is None else min(due, self.clock)
            values = copied(dict(token.data))
            self.journal.milestones.append(
                Milestone(element.milestone, at, element.id, token.id, token.leg, values)
            )

    def say(self, token: Token, topic: str) -> None:
        """Notes a message to the world."""
        values = copied(dict(token.data))
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

    def scopes(self) -> Iterator[State | Scope]:
        """The outermost process and all those within that are not over."""
        yield self
        for scope in list(self.subprocesses.values()):
            if not scope.completed:
                yield scope

    def tokens(self) -> Iterator[Token]:
        """All tokens of scopes that are not over, as they were made."""
        for scope in self.scopes():
            yield from list(scope.tasks.values())

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
            if token.state == TaskState.WAITING and isinstance(token.task_spec, UnstructuredJoin):
                token.task_spec._update(token)
                if self.ready:
                    return True
        return False

    def waiting_timers(self) -> list[tuple[datetime, Token]]:
        """The tokens that wait for a time, the earliest first."""
        found = [
            (due, token)
            for token in self.event_manager.tasks.values()
            if token.state == TaskState.WAITING and (due := due_of(token)) is not None
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
            self.say(event.token, definition.name)

    def receivers(self, event: Any) -> list[Token]:
        """The waiting tokens that take an event."""
        return [
            token
            for token in self.event_manager.tasks.values()
            if token.state == TaskState.WAITING and token.task_spec.catches(token, event)
        ]

    def wake(self, token: Token, event: Any) -> None:
        """Gives a waiting token its event."""
        token.task_spec.catch(token, event)
        token.task_spec._update(token)

    def _climb(self, event: Any) -> None:
        """Gives an error or escalation to the nearest activity round it that waits for it."""
        scope = event.target
        while isinstance(scope, Scope):
            host: Any = scope.host
            if isinstance(host.parent.task_spec, specs.LOOPS):
                host = host.parent
            taken = [token for token in self.receivers(event) if token._parent == host._parent]
            for token in taken:
                self.wake(token, event)
            if taken:
                return
            scope = scope.parent_workflow
        if isinstance(event.event_definition, ErrorEvent):
            raise Refused("stuck", element="", problem="错误事件没有接收者")

    # --- compaction ------------------------------------------------------------------------

    def compact(self) -> None:
        """Drops what is finished and needed by nobody; the log has the history."""
        for task, scope in list(self.subprocesses.items()):
            if scope.completed or scope.host.has_state(TaskState.FINISHED_MASK):
                for token in scope.tasks.values():
                    self.event_manager.remove_task(token)
                del self.subprocesses[task]
        for scope in self.scopes():
            # Children have larger numbers than their parents: leaves first.
            for token in reversed(list(scope.tasks.values())):
                token._running = False
                if token.has_state(TaskState.FINISHED_MASK) and not self._needed(token):
                    self._splice(token)
            for token in scope.tasks.values():
                token._children.sort()

    def _needed(self, token: Token) -> bool:
        if token._parent is None:
            return True
        if not token._children:
            return False
        # The joins under a boundary split look for it, and tell its activity from its events.
        return self._split(token) or self._split(token.parent)

    def _split(self, token: Token) -> bool:
        return isinstance(token.task_spec, BoundaryEventSplit) and any(
            not child.has_state(TaskState.FINISHED_MASK)
            and not isinstance(child.task_spec, specs.BoundaryEvent)
            for child in token.children
        )

    def _splice(self, token: Token) -> None:
        parent, tasks = token.parent, token.workflow.tasks
        parent._children.remove(token.id)
        parent._children.extend(token._children)
        for child in token.children:
            child._parent = parent.id
        self.event_manager.remove_task(token)
        del tasks[token.id]
