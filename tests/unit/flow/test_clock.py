"""The library never reads the computer's clock, nor draws a random id."""

from __future__ import annotations

import sys
import types

import pytest

from tests.unit.flow.small import NOW, Play, diagram


class Forbidden:
    """Stands for `time`, `datetime` or `uuid4` in a module of the library."""

    def __init__(self, real: object) -> None:
        self.real = real

    def __call__(self, *arguments: object, **named: object) -> object:
        if isinstance(self.real, types.FunctionType | types.BuiltinFunctionType):
            raise AssertionError("the library asked the world")
        return self.real(*arguments, **named)  # type: ignore[operator]

    def __getattr__(self, name: str) -> object:
        if name in ("now", "utcnow", "today", "time", "monotonic"):
            raise AssertionError(f"the library asked for {name}")
        return getattr(self.real, name)


@pytest.fixture
def no_clock(monkeypatch):
    patched = []
    for name, module in sorted(sys.modules.items()):
        if name.startswith("SpiffWorkflow"):
            for attribute in ("time", "datetime", "date", "uuid4"):
                real = getattr(module, attribute, None)
                if real is not None and not name.endswith(f".{attribute}"):
                    monkeypatch.setattr(module, attribute, Forbidden(real))
                    patched.append(f"{name}.{attribute}")
    assert "SpiffWorkflow.task.time" in patched
    assert "SpiffWorkflow.task.uuid4" in patched
    assert "SpiffWorkflow.bpmn.specs.event_definitions.timer.datetime" in patched


@pytest.mark.usefixtures("no_clock")
def test_whole_runs_pass_while_the_librarys_clock_raises():
    rework = Play(diagram("rework.bpmn"), "rework", unit="u", begun=NOW.isoformat(), limit=2)
    rework.tick(days=3)
    rework.complete("carry_out")
    rework.complete("look_over", verdict="bad")
    rework.complete("carry_out")
    assert rework.complete("look_over", verdict="good").ended

    several = Play(diagram("several.bpmn"), "several", units=["a", "b"])
    several.tick(days=2)
    several.send("returned", leg=2)
    several.send("withdrawn")
    assert several.step.ended

    nested = Play(diagram("nested.bpmn"), "nested")
    nested.tick(hours=1)
    nested.revise()
    nested.complete("apologize")
    assert len(nested.step.tasks) == 2


@pytest.mark.usefixtures("no_clock")
def test_the_stock_engine_would_have_been_caught():
    from SpiffWorkflow.specs import WorkflowSpec
    from SpiffWorkflow.specs.Simple import Simple
    from SpiffWorkflow.workflow import Workflow

    spec = WorkflowSpec("w", addstart=True)
    spec.start.connect(Simple(spec, "one"))
    with pytest.raises(AssertionError, match="the library asked"):
        Workflow(spec)
