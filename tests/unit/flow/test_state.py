"""States as bytes: what they hold, what they refuse, and how two are compared."""

from __future__ import annotations

import gc
import json
import weakref
import zlib

import orjson
import pytest

from engine.flow import Definitions, Refused, process, state
from tests.unit.flow.small import NOW, EveryDay, Play, changed, diagram


def several(**values):
    return Play(diagram("several.bpmn"), "several", **{"units": ["u1", "u2"], **values})


def test_a_dump_holds_no_specs_and_no_finished_tokens():
    played = several()
    text = zlib.decompress(played.blob[1:]).decode()
    assert "terminate" not in text.lower()
    finished = [token for token in played.state.tokens() if token.has_state(64 | 128 | 256)]
    assert {token.task_spec.name for token in finished} == {
        "Start",  # the root of each scope
        "ask_units.BoundaryEventSplit",  # its joins look for it while the activity runs
    }


def test_a_dump_does_not_depend_on_the_order_of_keys_but_keeps_it():
    played = several(z=1, a={"y": 1, "b": 2})
    loaded = state.load(played.definitions, played.blob)
    assert set(loaded.data) == {"z", "a", "units"}
    assert list(loaded.data["a"]) == ["y", "b"]
    # A store that sorts keys (JSONB does) loses nothing either.
    whole = json.loads(zlib.decompress(played.blob[1:]))
    shuffled = json.dumps(whole, sort_keys=True).encode()
    again = state.load(played.definitions, state.FORMAT + zlib.compress(shuffled))
    assert state.digest(again) == state.digest(loaded)


def test_a_state_that_is_let_go_leaves_nothing_to_the_collector():
    played = several()
    loaded = state.load(played.definitions, played.blob)
    tokens = [weakref.ref(token) for token in loaded.tokens()]
    assert len(tokens) > 5
    gc.disable()
    try:
        loaded.release()
        assert [token for token in tokens if token() is not None] == []
    finally:
        gc.enable()
    assert state.digest(state.load(played.definitions, played.blob)) == state.digest(played.step)


def test_variables_may_have_any_name_that_the_librarys_serializer_stumbles_over():
    played = several(typename="x", data={"typename": "y", "1": [1, 2.5, None, True]})
    assert played.step.values["typename"] == "x"
    assert played.step.values["data"] == {"typename": "y", "1": [1, 2.5, None, True]}


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\x02",
        b"\x01nonsense",
        b"\x01" + zlib.compress(b"{}"),
        b"\x01" + zlib.compress(b"[1,2]"),
        b"\x01" + zlib.compress(orjson.dumps(["several", 1, 0, False, []])),
        b"\x01" + zlib.compress(orjson.dumps(["nothing", 1, 0, False, []])),
    ],
)
def test_bytes_that_are_no_state_are_refused(blob):
    with pytest.raises(Refused, match="state"):
        state.load(Definitions.read(diagram("several.bpmn")), blob)


def test_a_state_of_other_definitions_is_refused_and_not_half_loaded():
    played = several()
    files = changed(diagram("several.bpmn"), ('"report_back"', '"answer_back"'))
    with pytest.raises(Refused, match="state"):
        state.load(Definitions.read(files), played.blob)


def test_a_state_is_compared_by_addresses_and_not_by_ids():
    played = several()
    files = changed(
        diagram("several.bpmn"),
        (
            '<bpmn:exclusiveGateway id="watch" />',
            '<bpmn:exclusiveGateway id="watch" /><bpmn:exclusiveGateway id="first" />'
            '<bpmn:sequenceFlow id="z" sourceRef="first" targetRef="fork" />',
        ),
        (
            '<bpmn:sequenceFlow id="a" sourceRef="opens" targetRef="fork" />',
            '<bpmn:sequenceFlow id="a" sourceRef="opens" targetRef="first" />',
        ),
    )
    other = Play(files, "several", units=["u1", "u2"])
    assert [task.id for task in other.step.tasks] != [task.id for task in played.step.tasks]
    assert other.digests == played.digests


def test_the_canonical_form_of_a_step_and_of_its_state_differ_in_milestones_only():
    played = several()
    played.complete("report_back", "u1", answer="x")
    of_step = state.canonical(played.step)
    of_state = state.canonical(played.state)
    assert [one["name"] for one in of_step.pop("milestones")] == ["reported", "answered"]
    assert of_state.pop("milestones") == []
    assert of_step == of_state
    json.dumps(of_step)


@pytest.mark.parametrize("change", ["task", "due", "value", "scope"])
def test_a_difference_in_any_part_changes_the_digest(change):
    played = several()
    one = state.load(played.definitions, played.blob)
    before = state.digest(one)
    match change:
        case "task":
            step = process.complete(one, played.task("report_back").id, {}, NOW, EveryDay())
            one = step.state
        case "due":
            one = process.revise(one, NOW, EveryDay(shift=1)).state
        case "value":
            one.data["x"] = 1
        case "scope":
            next(iter(one.called())).data["x"] = 1
    assert state.digest(one) != before


def twice_read(played):
    """Two states of the same bytes."""
    return [state.load(played.definitions, played.blob) for _ in range(2)]


def test_two_waits_for_other_messages_have_other_digests():
    one = Play(diagram("calls.bpmn"), "calls", last="no")
    files = changed(diagram("calls.bpmn"), ('name="urged"', 'name="hurried"'))
    other = Play(files, "calls", last="no")
    parts = [state.canonical(played.step) for played in (one, other)]
    assert [wait["awaited"] for wait in parts[0].pop("waits")] == [
        [],
        ["called_again"],
        ["urged"],
        [],
    ]
    assert [wait["awaited"] for wait in parts[1].pop("waits")] == [
        [],
        ["called_again"],
        ["hurried"],
        [],
    ]
    assert parts[0] == parts[1]
    assert one.digests != other.digests


@pytest.mark.parametrize("part", ["receiver", "source", "progress", "items", "local"])
def test_a_difference_in_what_waits_alone_changes_the_digest(part):
    match part:
        case "receiver":
            played = Play(diagram("calls.bpmn"), "calls", last="no")
        case "source":
            played = Play(diagram("branches.bpmn"), "branches", stopped=False)
            played.complete("go_left")
        case "items":
            files = changed(
                diagram("several.bpmn"),
                ("camunda:collection", 'isSequential="true" camunda:collection'),
            )
            played = Play(files, "several", units=["u1", "u2"])
        case _:
            played = several()
    one, other = twice_read(played)
    tokens = list(other.tokens())
    match part:
        case "receiver":
            found = next(token for token in tokens if token.task_spec.name == "is_urged")
            other.event_manager.remove_task(found)
            del found.workflow.tasks[found.id]
        case "source":
            found = next(token for token in tokens if token.source == "go_left")
            assert found.source in [wait["source"] for wait in state.canonical(one)["waits"]]
            found.source = "go_right"
        case "progress":
            next(token for token in tokens if "done" in token.internal_data).internal_data[
                "done"
            ] += 1
        case "items":
            next(token for token in tokens if "items" in token.internal_data).internal_data[
                "items"
            ] = ["u1", "u3"]
        case "local":
            next(token for token in tokens if token.local).local["x"] = 1
    first, second = state.canonical(one), state.canonical(other)
    assert first.pop("waits") != second.pop("waits")
    assert first == second
    assert state.digest(one) != state.digest(other)


def test_a_step_says_what_waited_when_it_was_taken_though_its_state_went_on():
    played = Play(diagram("branches.bpmn"), "branches", restored=False, stopped=False)
    first = played.step
    played.complete("go_left")
    assert state.digest(first) == played.digests[0]


def test_answers_are_copied_so_that_nobody_changes_them_afterwards():
    played = several()
    answer = ["a"]
    step = process.complete(
        played.state, played.task("report_back").id, {"answer": answer}, NOW, EveryDay()
    )
    answer.append("b")
    assert step.values["answer"] == ["a"]
    assert step.milestones[0].values["answer"] == ["a"]


@pytest.mark.parametrize(
    "value",
    [object(), {1: 2}, b"x", {"a": {"b": (1, {2})}}, ["x"] * 10_001, "x" * 10_001],
    ids=["object", "int key", "bytes", "set", "long", "text"],
)
def test_only_plain_values_of_a_sensible_size_become_process_data(value):
    with pytest.raises(Refused, match="data"):
        several(value=value)


@pytest.mark.parametrize("name", ["", "a b", "1", "a.b", "true", "null"])
def test_only_names_that_expressions_can_read_become_variables(name):
    with pytest.raises(Refused, match="data"):
        several(**{name: 1})


def test_a_state_of_fifty_legs_still_loads_in_order():
    played = several(units=[f"u{n}" for n in range(50)])
    assert [task.leg for task in played.step.tasks] == list(range(1, 51))
    played.complete("report_back", "u49")
    assert len(played.step.tasks) == 49
