"""Legs: opened with what their process was told, cancelled when they are taken away."""

from __future__ import annotations

import pytest

from engine.flow.model import Leg
from tests.unit.flow.small import Play, changed, diagram

OWN_END = '<bpmn:endEvent id="answered"><bpmn:terminateEventDefinition /></bpmn:endEvent>'


@pytest.fixture(params=["kept", "restored"])
def restored(request):
    return request.param == "restored"


def noted(play):
    return [(leg.event, leg.number, leg.parent, leg.unit) for leg in play.step.legs]


def test_a_leg_is_opened_with_its_unit_round_and_duty(restored):
    town = Play(diagram("started.bpmn"), "town", restored, units=["u1", "u2"])
    assert town.step.legs == tuple(
        Leg(n, None, "lead", f"u{n}", 7, "opened", town.now, f"ask_units#{n}[{n - 1}]")
        for n in (1, 2)
    )
    assert town.send("urged").legs == ()
    # Its own end is no cancellation.
    assert town.complete("work", "u1").legs == ()
    assert town.complete("work", "u2").legs == ()


def test_legs_that_are_interrupted_are_cancelled(restored):
    played = Play(diagram("several.bpmn"), "several", restored, units=["u1", "u2", "u3"])
    assert [leg.duty for leg in played.step.legs] == ["co"] * 3
    assert played.complete("report_back", "u1", answer="x").legs == ()
    played.send("withdrawn")
    assert noted(played) == [("cancelled", 2, None, "u2"), ("cancelled", 3, None, "u3")]
    assert played.step.ended


def test_legs_are_numbered_on_when_a_multi_instance_of_calls_is_entered_again(restored):
    played = Play(diagram("several.bpmn"), "several", restored, units=["u1", "u2"])
    for time in range(3):
        assert [leg.number for leg in played.step.legs] == [2 * time + 1, 2 * time + 2]
        played.complete("report_back", "u2", answer="b")
        played.complete("report_back", "u1", answer="a")
        played.complete("collect", more="yes")
    assert [task.leg for task in played.step.tasks] == [7, 8]


def nested(*pairs):
    """Two legs; the first unit hands on to units below, by the same process."""
    return changed(
        diagram("several.bpmn"),
        (
            '<bpmn:sequenceFlow id="c" sourceRef="report_back" targetRef="answered" />',
            '<bpmn:callActivity id="hand_on" calledElement="one_leg"><bpmn:extensionElements>'
            '<camunda:properties><camunda:property name="leg" value="lead" /></camunda:properties>'
            '<camunda:in source="below" target="unit" /><camunda:in source="place" '
            'target="place" />'
            "</bpmn:extensionElements>"
            '<bpmn:multiInstanceLoopCharacteristics camunda:collection="${answer}" '
            'camunda:elementVariable="below" /></bpmn:callActivity>'
            '<bpmn:sequenceFlow id="c" sourceRef="report_back" targetRef="hand_on" />'
            '<bpmn:sequenceFlow id="c2" sourceRef="hand_on" targetRef="answered" />',
        ),
        *pairs,
    )


def test_a_process_may_call_itself_and_its_legs_know_the_leg_around(restored):
    played = Play(nested(), "several", restored, units=["u1"])
    played.complete("report_back", answer=["u11", "u12"])
    assert noted(played) == [("opened", 2, 1, "u11"), ("opened", 3, 1, "u12")]
    played.complete("report_back", "u12", answer=["u121"])
    assert noted(played) == [("opened", 4, 3, "u121")]
    played.complete("report_back", "u121", answer=[])
    played.complete("report_back", "u11", answer=[])
    # Nobody is below: the multi-instance over nothing is passed, all the way up.
    assert played.tasks() == ["collect"]


def test_a_leg_that_is_cancelled_takes_those_below_with_it(restored):
    played = Play(nested(), "several", restored, units=["u1", "u2"])
    played.complete("report_back", "u1", answer=["u11", "u12"])
    played.send("withdrawn")
    assert sorted(noted(played)) == [
        ("cancelled", 1, None, "u1"),
        ("cancelled", 2, None, "u2"),
        ("cancelled", 3, 1, "u11"),
        ("cancelled", 4, 1, "u12"),
    ]


def test_a_terminate_in_a_called_process_leaves_nothing_of_its_parallel_watches(restored):
    files = nested(
        (
            '<bpmn:sequenceFlow id="h" sourceRef="unit_returns" targetRef="judge_return" />',
            '<bpmn:sequenceFlow id="h" sourceRef="unit_returns" targetRef="returned" />'
            '<bpmn:endEvent id="returned"><bpmn:terminateEventDefinition /></bpmn:endEvent>',
        ),
        (
            '<bpmn:userTask id="judge_return" camunda:formKey="f" '
            'camunda:candidateGroups="dispatcher" />',
            "",
        ),
        ('<bpmn:sequenceFlow id="i" sourceRef="judge_return" targetRef="watch" />', ""),
    )
    played = Play(files, "several", restored, units=["u1", "u2"])
    played.complete("report_back", "u1", answer=["u11"])
    step = played.send("returned", leg=1)
    # Leg 1 ended by itself; the one below was taken away.
    assert noted(played) == [("cancelled", 3, 1, "u11")]
    assert played.tasks() == ["report_back@u2"]
    assert {timer.leg for timer in step.timers} == {2}
    assert {wait.address.split("/")[0] for wait in step.waits if "/" in wait.address} == {
        "ask_units#2[1]"
    }
    assert {token.leg for token in played.state.event_manager.tasks.values()} == {None, 2}


def test_a_leg_ended_by_the_condition_of_its_multi_instance_is_cancelled(restored):
    files = changed(
        diagram("several.bpmn"),
        (
            'camunda:elementVariable="unit" />',
            'camunda:elementVariable="unit"><bpmn:completionCondition>'
            "${nrOfCompletedInstances == 1}</bpmn:completionCondition>"
            "</bpmn:multiInstanceLoopCharacteristics>",
        ),
    )
    played = Play(files, "several", restored, units=["u1", "u2"])
    played.complete("report_back", "u1", answer="x")
    assert noted(played) == [("cancelled", 2, None, "u2")]


def test_a_leg_may_be_empty_handed(restored):
    played = Play(diagram("several.bpmn"), "several", restored, units=[])
    assert played.step.legs == ()
    assert played.tasks() == ["collect"]
