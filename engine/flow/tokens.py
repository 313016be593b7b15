"""The tokens of a process under way, and the scopes that they stand in.

Three things differ from the library. Ids are integers from the instance's own counter. Variables
belong to a scope (a process that was started or called), as in BPMN, and not to tokens, so that
parallel branches have nothing to merge. Tokens are made when they arrive and not foreseen, so that
what is finished can be dropped after every step.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.specs.MultiChoice import MultiChoice
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.flow import specs
from engine.flow.model import Json, Leg, Message, Milestone, Reading, Refused, Walked

Variables = MutableMapping[str, Json]


@dataclass(slots=True)
class Journal:
    """What a step has decided so far."""

    milestones: list[Milestone] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    walked: list[Walked] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)


class Token(Task):
    """A token at an element. `source` is the element that it came from, for joins and drawings."""

    triggered = False
    thread_id = 0
    last_state_change = 0
    local: dict[str, Json] | None = None
    source = ""
    nth = 0
    _running = False

    def __init__(
        self,
        workflow: Any,
        task_spec: Any,
        parent: Token | None = None,
        state: int = TaskState.FUTURE,
        id: int | None = None,
    ) -> None:
        # Not the library's: that draws a random id and reads the computer's clock.
        self.id = id or workflow.top_workflow.new_id()
        self.workflow = workflow
        self.task_spec = task_spec
        self._parent = parent.id if parent is not None else None
        self._children: list[int] = []
        self._state = state
        self.internal_data: dict[str, Json] = {}
        workflow.tasks[self.id] = self
        if parent is None:
            return
        parent._children.append(self.id)
        if id is None:  # a restored one is told where it came from
            came_from = parent.task_spec.bpmn_id
            inside = came_from is None or came_from == task_spec.bpmn_id
            self.source = parent.source if inside else came_from

    @property
    def children(self) -> list[Token]:
        """The tokens under it."""
        tasks = self.workflow.tasks
        return [tasks[child] for child in self._children]

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
        if self.task_spec.element is not None:
            counts, name = self.workflow.counts, self.task_spec.name
            self.nth = counts[name] = counts.get(name, 0) + 1

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
        done = self.task_spec._run_hook(self)
        if done is None:
            self._set_state(TaskState.STARTED)
        else:
            self.complete()
        return done

    def complete(self) -> None:
        """Notes what was reached before what follows goes on."""
        self._set_state(TaskState.COMPLETED)
        self.workflow.top_workflow.passed(self)
        self.task_spec._on_complete_hook(self)
        for child in self.children:
            if not child._state & TaskState.FINISHED_MASK:
                child.task_spec._update(child)
        self.workflow._task_completed_notify(self)

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
        if self._running and self._children:
            super()._sync_children(task_specs, state)
        elif self._running:
            for task_spec in task_specs:
                self._add_child(task_spec, state)

    def _ready(self) -> None:
        # The library tests the spec once more whenever a token comes to it.
        if not self._state & (TaskState.COMPLETED | TaskState.CANCELLED):
            self._set_state(TaskState.READY)
            self.task_spec._on_ready_hook(self)

    def _add_child(self, task_spec: Any, state: int = TaskState.FUTURE) -> Token:
        child = Token(self.workflow, task_spec, self, state)
        child.arrive()
        return child

    def _set_state(self, value: int) -> None:
        if value == self._state:
            return
        top = self.workflow.top_workflow
        self._state = value
        top.moves += 1
        if value == TaskState.READY and not self.task_spec.manual:
            top.ready.append(self)


class ScopeNotices:
    """What the outermost process and the called and embedded ones share."""

    completed: bool
    tasks: dict[int, Token]

    def _task_completed_notify(self, task: Token) -> None:
        # The library also looks at every waiting task here; the engine's loop does when idle.
        if task.task_spec.name == "End":
            self._mark_complete(task)
        if self.completed:
            self._tell_host()

    def _mark_complete(self, task: Token) -> None:
        self.completed = True

    def _task_removed_notify(self, task: Token) -> None:
        pass  # nobody asks

    def _tell_host(self) -> None:
        pass


class Scope(ScopeNotices, BpmnSubWorkflow):
    """A called or embedded process, or one that a message started: that has no host.

    An embedded one has the variables of its surroundings.
    """

    def __init__(self, spec: Any, host: Token | None, top: Any, address: str = "") -> None:
        # Not the library's: that makes events for listeners that nobody is.
        self.spec = spec
        self.host = host
        self.parent_task_id = None if host is None else host.id
        self.top_workflow = top
        self.tasks = {}
        self.correlations: dict[str, Json] = {}
        self.completed = False
        self.data: Variables = {} if host is None or self.own_data else host.data
        self.counts: dict[str, int] = {}
        self.leg: int | None = None if host is None else host.leg
        self.address = address if host is None else host.address + "/"

    def _tell_host(self) -> None:
        if self.host is not None:
            self.host.task_spec._on_subworkflow_completed(self, self.host)

    @property
    def own_data(self) -> bool:
        """Whether it has variables of its own: called and started processes do."""
        return self.host is None or isinstance(self.host.task_spec, specs.CallActivity)

    @property
    def parent_workflow(self) -> Any:
        """The scope around it."""
        return self.top_workflow if self.host is None else self.host.workflow
