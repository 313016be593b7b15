"""Loops of the dialect: several instances of an activity, at once or in turn, and repetition."""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.util.task import TaskState

from engine.flow import expressions
from engine.flow.model import Json, Refused
from engine.flow.plain import copied

MOST_INSTANCES = 500
"""Members of a collection that a multi-instance may have."""


class _Instances:
    """What both kinds of multi-instance share. Instances write to variables of their own.

    Nothing is merged into the scope around: the library merges the element variable too, and
    entered again in a loop refuses to overwrite it.
    """

    name: str
    task_spec: str
    collection: str = ""
    variable: str = ""
    amount: str = ""
    until: str = ""

    def begin(self, token: Any) -> list[Json]:
        """The members, counted and kept with the token."""
        state = token.workflow.top_workflow
        if self.collection:
            items = state.value(token, expressions.read(self.collection))
            if not isinstance(items, list):
                raise Refused("expression", expression=self.collection, problem="不是列表")
        else:
            number = state.value(token, expressions.read(self.amount))
            if isinstance(number, bool) or not isinstance(number, int) or number < 0:
                raise Refused("expression", expression=self.amount, problem="不是个数")
            items = list(range(min(number, MOST_INSTANCES + 1)))
        if len(items) > MOST_INSTANCES:
            raise Refused("loop", element=self.name)
        token.internal_data.update(all=len(items), done=0)
        return [copied(item) for item in items]

    def open(self, token: Any, place: int, item: Json) -> None:
        """One more instance, with its element variable and loopCounter."""
        spec = token.workflow.spec.task_specs[self.task_spec]
        local = {"loopCounter": place}
        if self.variable:
            local[self.variable] = item
        child = token.add_instance(spec, local)
        child.task_spec._update(child)

    def finished(self, token: Any, child: Any) -> bool:
        """Counts a completed instance; whether the whole is done."""
        counts = token.internal_data
        counts["done"] += 1
        if counts["done"] >= counts["all"]:
            return True
        if not self.until:
            return False
        live = sum(
            one.triggered and not one.has_state(TaskState.FINISHED_MASK) for one in token.children
        )
        values = {
            **child.data,
            "nrOfInstances": counts["all"],
            "nrOfCompletedInstances": counts["done"],
            "nrOfActiveInstances": live,
        }
        return bool(token.workflow.top_workflow.truth(token, expressions.read(self.until), values))


class ParallelInstances(_Instances, defaults.ParallelMultiInstanceTask):
    """All instances at once."""

    def _update_hook(self, token: Any) -> bool:
        items = self.begin(token)
        if not items:
            return True
        token._set_state(TaskState.STARTED)
        for place, item in enumerate(items):
            self.open(token, place, item)
        return False

    def merge_child(self, workflow: Any, child: Any) -> None:
        """Called when an instance completes (connected when the definitions are read)."""
        token = child.parent
        if self.finished(token, child):
            for other in token.children:
                if other is not child:
                    other.cancel()
            token._set_state(TaskState.READY)


class SequentialInstances(_Instances, defaults.SequentialMultiInstanceTask):
    """One instance after the other, over the collection as it was at first."""

    def _update_hook(self, token: Any) -> bool:
        items = self.begin(token)
        if not items:
            return True
        token._set_state(TaskState.STARTED)
        token.internal_data["items"] = items
        self.open(token, 0, items[0])
        return False

    def merge_child(self, workflow: Any, child: Any) -> None:
        """Called when an instance completes (connected when the definitions are read)."""
        token = child.parent
        if self.finished(token, child):
            token._set_state(TaskState.READY)
        else:
            place = token.internal_data["done"]
            self.open(token, place, token.internal_data["items"][place])


class Repetition(defaults.StandardLoopTask):
    """A standard loop: again while its condition holds; the variables are the scope's."""

    def _update_hook(self, token: Any) -> bool:
        token.internal_data["done"] = 0
        if self.test_before and self.loop_complete(token):
            return True
        token._set_state(TaskState.STARTED)
        self.create_child(token)
        return False

    def create_child(self, token: Any) -> None:
        """The next round."""
        child = token.add_instance(token.workflow.spec.task_specs[self.task_spec], None)
        child.task_spec._update(child)

    def merge_child(self, workflow: Any, child: Any) -> None:
        """Called when a round completes (connected when the definitions are read)."""
        token = child.parent
        token.internal_data["done"] += 1
        if self.loop_complete(token):
            token._set_state(TaskState.READY)
        else:
            self.create_child(token)

    def loop_complete(self, token: Any) -> bool:
        """Whether the most rounds are done, or the condition holds no more."""
        if self.maximum is not None and token.internal_data["done"] >= self.maximum:
            return True
        if self.condition is None:
            return False
        state = token.workflow.top_workflow
        return not state.truth(token, expressions.read(self.condition), token.data)


LOOPS = (ParallelInstances, SequentialInstances, Repetition)
PROGRESS = ("all", "done", "items")
"""What a loop keeps with its token."""
