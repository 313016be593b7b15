"""Random walks: whatever people do in whatever order, three engines agree.

One is kept in memory, one is restored after every step, one replays from what was recorded.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.flow import Definitions, Refused, process, state
from tests.unit.flow.small import NOW, EveryDay, diagram, replayed

SHAPES = {
    "several": (diagram("several.bpmn"), {"units": ["a", "b", "c"]}),
    "branches": (diagram("branches.bpmn"), {"stopped": False}),
    "nested": (diagram("nested.bpmn"), {}),
    "calls": (diagram("calls.bpmn"), {"last": "no"}),
    "rework": (diagram("rework.bpmn"), {"unit": "u", "begun": NOW.isoformat(), "limit": 2}),
    "town": (diagram("started.bpmn"), {"units": ["a", "b"]}),
    "choices": (
        diagram("choices.bpmn", "limits.dmn"),
        {"type": "help", "calls": 4, "what": ["fire", "police"]},
    ),
}
DEFINITIONS = {name: Definitions.read(files) for name, (files, _) in SHAPES.items()}
MESSAGES = ("returned", "withdrawn", "called_again", "urged", "watch_needed")
ANSWERS = {
    "more": st.sampled_from(["yes", "no"]),
    "said": st.sampled_from(["yes", "no", "why"]),
    "verdict": st.sampled_from(["good", "bad"]),
    "answer": st.integers(0, 2),
}


def moves(data, step, now):
    """One thing that somebody or something may do now."""
    kind = data.draw(st.sampled_from(["complete", "complete", "complete", "send", "tick"]))
    if kind == "complete" and step.tasks:
        task = data.draw(st.sampled_from(step.tasks)).id
        answers = {name: data.draw(values) for name, values in ANSWERS.items()}
        return lambda held, readings: process.complete(held, task, answers, now, readings)
    if kind == "send":
        message = data.draw(st.sampled_from(MESSAGES))
        leg = data.draw(st.sampled_from([None, 1, 2]))
        payload = {"last": "no", "watched": "a"}
        return lambda held, readings: process.send(held, message, payload, now, readings, leg)
    return lambda held, readings: process.tick(held, now, readings)


@pytest.mark.parametrize("shape", sorted(SHAPES))
@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_kept_restored_and_replayed_agree_on_every_walk(shape, data):
    definitions, values = DEFINITIONS[shape], SHAPES[shape][1]
    kept = process.start(definitions, shape, values, NOW, EveryDay())
    restored = process.start(definitions, shape, values, NOW, EveryDay())
    again = process.start(definitions, shape, values, NOW, replayed(kept.readings))
    now = NOW
    for _ in range(data.draw(st.integers(1, 14))):
        if kept.ended:
            break
        now += timedelta(hours=data.draw(st.sampled_from([0, 1, 30])))
        if any(timer.due <= now for timer in kept.timers):
            move = lambda held, readings, now=now: process.tick(held, now, readings)  # noqa: E731
        else:
            move = moves(data, kept, now)
        blob = state.dump(kept.state)
        try:
            kept = move(kept.state, EveryDay())
        except Refused as refused:
            if refused.code != "nobody_waits":
                raise
            assert state.dump(kept.state) == blob
            continue
        loaded = state.load(definitions, state.dump(restored.state))
        restored = move(loaded, EveryDay())
        again = move(again.state, replayed(kept.readings))
        assert state.dump(kept.state) == state.dump(restored.state) == state.dump(again.state)
        assert state.canonical(kept) == state.canonical(restored)
        assert kept.walked == restored.walked == again.walked
        assert kept.legs == restored.legs == again.legs
        sound(kept)


def sound(step):
    """What holds of every state at rest."""
    tokens = list(step.state.tokens())
    assert len({token.id for token in tokens}) == len(tokens)
    assert all(token.id <= step.state.ids for token in tokens)
    assert len({task.address for task in step.tasks}) == len(step.tasks)
    assert step.ended or step.tasks or step.timers or step.state.event_manager.tasks
    assert all(timer.due > step.state.clock for timer in step.timers)
    for scope in step.state.scopes():
        for token in scope.tasks.values():
            assert token.parent is None or token.id in token.parent._children
            assert all(scope.tasks[child]._parent == token.id for child in token._children)
    for waiting in step.state.event_manager.tasks.values():
        assert waiting in tokens
