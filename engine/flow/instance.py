"""A process under way: the state that holds its scopes and tokens, and the loop that moves them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import CodeEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.simple import TerminateEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from engine.flow import expressions, specs
from engine.flow.events import ErrorEvent, MessageEvent
from engine.flow.model import Json, Message, Milestone, Reading, Readings, Refused, Walked
from engine.flow.plain import copied, snapshot
from engine.flow.readings import due_question
from engine.flow.timers import due_of
from engine.flow.tokens import Journal, Scope, ScopeNotices, Token, Variables

if TYPE_CHECKING:
    from engine.flow.definitions import Definitions

MOST_MOVES = 20_000
"""Changes of tokens that one step may make: more is a loop that waits for nothing."""


class State(ScopeNotices, BpmnWorkflow):
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
        self.dues: list[Mapping[str, Json]] = []
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
        if days < 1:
            raise Refused("deadline", value=days, problem="不能这样数工作日")
        return self._count(start, days)

    def extend(self, due: datetime, days: int) -> Json:
        """The same from the day that ends at `due`: at 00:00 sharp that is the day before."""
        return self._count(due - timedelta(microseconds=1), days)

    def _count(self, start: datetime, days: int) -> Json:
        if self.readings is None or not 1 <= abs(days) <= 1_000:
            raise Refused("deadline", value=days, problem="不能这样数工作日")
        answer = dict(self.readings.due(start, days))
        question = due_question(start, days)
        self.journal.readings.append(Reading("due", question, answer, self._element))
        self.dues.append(answer)
        return answer["due"]

    def value(
        self, token: Token, expression: expressions.Expression, values: Variables | None = None
    ) -> Json:
        """An expression's value as the token sees it, or over other variables."""
        self._element = token.task_spec.bpmn_id or ""
        self.dues = []
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
        """Notes a completed element, sets what it assigns, and notes the milestone that it is."""
        self.walk(token)
        element = specs.drawn(token.task_spec)
        for passing in element.assigned if element is not None else ():
            value = self.value(token, expressions.read_value(passing.expression))
            token.data[passing.target] = copied(value)
        if element is not None and element.milestone:
            due = due_of(token)
            at = self.clock if due is None else min(due, self.clock)
            values = snapshot(token.data)
            self.journal.milestones.append(
                Milestone(element.milestone, at, element.id, token.id, token.leg, values)
            )

    def say(self, token: Token, topic: str) -> None:
        """Notes a message to the world."""
        values = snapshot(token.data)
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

    def called(self) -> Iterator[Scope]:
        """The called processes that are under way, each with variables of its own."""
        for scope in self.scopes():
            if isinstance(scope, Scope) and scope.own_data:
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
        return isinstance(token.task_spec, BoundaryEventSplit) and specs.attended(token)

    def _splice(self, token: Token) -> None:
        parent, tasks = token.parent, token.workflow.tasks
        parent._children.remove(token.id)
        parent._children.extend(token._children)
        for child in token.children:
            child._parent = parent.id
        self.event_manager.remove_task(token)
        del tasks[token.id]
