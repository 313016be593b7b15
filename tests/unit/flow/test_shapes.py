"""What diagrams may be drawn of: branches, loops, several units at once, messages, nested scopes.

Most of these bite with the library alone; each test says what must hold instead.
"""

from __future__ import annotations

import pytest

from engine.flow import Refused, process
from tests.unit.flow.small import NOW, EveryDay, Play, changed, diagram, play_elsewhere


@pytest.fixture(params=["kept", "restored"])
def restored(request):
    return request.param == "restored"


# --- parallel branches ---------------------------------------------------------------------


@pytest.fixture
def branches(restored):
    return Play(
        diagram("branches.bpmn"), "branches", restored, a="old", b="old", found=[], stopped=False
    )


def test_a_join_waits_for_all_branches_and_each_keeps_what_it_wrote(branches):
    branches.complete("go_left", a="new")
    assert branches.tasks() == ["go_right"]
    step = branches.complete("go_right", b="new")
    assert branches.tasks() == ["decide"]
    # The library's join puts the old value of a branch back over the other's new one.
    assert (step.values["a"], step.values["b"]) == ("new", "new")


def test_what_one_branch_writes_the_other_sees(branches):
    branches.complete("go_left", found=["left"])
    assert branches.step.values["found"] == ["left"]
    branches.complete("go_right", found=["left", "right"])
    assert branches.step.values["found"] == ["left", "right"]


def test_a_join_in_a_loop_waits_again_in_every_round(branches):
    # The library counts the first round's tokens, and opens the join early in the second.
    for _ in range(3):
        branches.complete("go_right")
        assert branches.tasks() == ["go_left"]
        branches.complete("go_left")
        assert branches.tasks() == ["decide"]
        branches.complete("decide", more="yes")
        assert branches.tasks() == ["go_left", "go_right"]
    branches.complete("go_left")
    branches.complete("go_right")
    assert branches.complete("decide", more="no").ended


def test_the_flows_of_all_branches_that_met_are_walked(branches):
    branches.complete("go_left")
    step = branches.complete("go_right")
    assert {one.flow for one in step.walked if one.element == "join"} == {"e", "f"}


def test_fifty_rounds_do_not_grow_the_state(branches):
    sizes = []
    branches.restored = False
    for _ in range(50):
        branches.complete("go_left")
        branches.complete("go_right")
        branches.complete("decide", more="yes")
        sizes.append(len(branches.blob))
    assert max(sizes) <= 2 * sizes[0]
    assert max(sizes) < 700


@pytest.mark.parametrize("late", [False, True])
def test_fifty_rounds_of_rework_do_not_grow_the_state(restored, late):
    played = Play(
        diagram("rework.bpmn"), "rework", restored, unit="u1", begun=NOW.isoformat(), limit=1
    )
    if late:
        played.tick(days=3)
    sizes = []
    for _ in range(50):
        played.complete("carry_out")
        played.complete("look_over", verdict="bad")
        sizes.append(len(played.blob))
    assert max(sizes) <= 2 * sizes[0]
    assert len(list(played.state.tokens())) < 12


# --- inclusive gateways --------------------------------------------------------------------


def chosen(restored, *what):
    files = diagram("choices.bpmn", "limits.dmn")
    return Play(files, "choices", restored, type="report", calls=1, what=list(what))


def test_an_inclusive_gateway_opens_the_ways_that_hold_and_joins_just_those(restored):
    played = chosen(restored, "fire", "police")
    assert played.tasks() == ["call_fire", "call_police"]
    played.complete("call_fire")
    played.complete("call_police")
    # A token before an inner task of the other branch: the join must still wait.
    assert played.tasks() == ["check_police"]
    played.complete("check_police")
    assert played.tasks() == ["sum_up"]


@pytest.mark.parametrize(("what", "task"), [(["fire"], "call_fire"), ([], "call_nobody")])
def test_an_inclusive_join_does_not_wait_for_a_way_not_taken(restored, what, task):
    played = chosen(restored, *what)
    assert played.tasks() == [task]
    played.complete(task)
    assert played.tasks() == ["sum_up"]


def test_what_a_terminate_has_cancelled_in_the_same_pass_does_not_run(restored):
    played = chosen(restored, "fire")
    played.complete("call_fire")
    step = played.complete("sum_up")
    assert step.ended
    assert not step.messages  # with the library the SMS goes out


# --- several units at once -----------------------------------------------------------------


@pytest.fixture
def several(restored):
    return Play(diagram("several.bpmn"), "several", restored, units=["u1", "u2", "u3"])


def test_every_instance_opens_a_leg_with_its_own_unit_task_and_timer(several):
    assert several.tasks() == ["report_back@u1", "report_back@u2", "report_back@u3"]
    assert [task.leg for task in several.step.tasks] == [1, 2, 3]
    assert [task.address for task in several.step.tasks] == [
        "ask_units#1[0]/report_back#1",
        "ask_units#2[1]/report_back#1",
        "ask_units#3[2]/report_back#1",
    ]
    assert [(timer.leg, timer.element) for timer in several.step.timers] == [
        (1, "time_is_up"),
        (2, "time_is_up"),
        (3, "time_is_up"),
    ]


def test_a_message_to_a_leg_leaves_the_others_alone(several):
    several.send("returned", leg=2, reason="not ours")
    assert several.tasks() == [
        "judge_return",
        "report_back@u1",
        "report_back@u2",
        "report_back@u3",
    ]
    assert several.task("judge_return").leg == 2
    assert [timer.leg for timer in several.step.timers] == [1, 3]
    with pytest.raises(Refused, match="nobody_waits"):
        process.send(several.state, "returned", {}, NOW, EveryDay(), leg=2)
    scopes = several.step.scopes
    assert [scope.get("reason") for scope in scopes.values()] == [None, "not ours", None]


def test_a_message_to_nobody_in_particular_is_taken_by_all_who_wait(several):
    several.send("returned")
    assert several.tasks().count("judge_return") == 3


def test_a_wait_behind_an_event_gateway_is_armed_again(several):
    for _ in range(3):
        several.send("returned", leg=1)
        several.complete("judge_return")
    assert [timer.leg for timer in several.step.timers] == [1, 2, 3]


def test_the_timer_behind_an_event_gateway_reaches_its_milestone_at_its_due_time(several):
    due = several.step.timers[0].due
    step = several.tick(days=3)
    assert [(one.name, one.leg) for one in step.milestones] == [
        ("overdue", 1),
        ("overdue", 2),
    ]
    assert step.milestones[0].at == due
    assert [timer.leg for timer in step.timers] == [3]
    assert several.tasks() == ["report_back@u1", "report_back@u2", "report_back@u3"]


def test_a_terminate_ends_the_watches_of_its_own_leg_and_the_outcome_comes_back(several):
    step = several.complete("report_back", "u2", answer="two")
    assert [one.name for one in step.milestones] == ["reported", "answered"]
    assert several.tasks() == ["report_back@u1", "report_back@u3"]
    assert [timer.leg for timer in several.step.timers] == [1, 3]
    several.complete("report_back", "u1", answer="one")
    step = several.complete("report_back", "u3", answer="three")
    assert several.tasks() == ["collect"]
    assert step.values["answer"] == "three"
    assert "unit" not in step.values  # the element variable stays with its instance


def test_several_instances_can_be_entered_again_in_a_loop(several):
    for start in (1, 4, 7):
        assert [task.leg for task in several.step.tasks] == [start, start + 1, start + 2]
        for unit in ("u1", "u2", "u3"):
            several.complete("report_back", unit)
        several.complete("collect", more="yes")


def test_an_interrupt_takes_all_instances_with_their_tasks_and_timers(several):
    # With the library: TaskNotFoundException, and the timers live on.
    several.complete("report_back", "u1")
    step = several.send("withdrawn")
    assert step.ended
    assert not step.tasks
    assert not step.timers


def test_no_units_means_no_instances(restored):
    played = Play(diagram("several.bpmn"), "several", restored, units=[])
    assert played.tasks() == ["collect"]


def test_a_collection_that_is_no_list_or_too_long_is_refused():
    for units, code in (("u1", "expression"), ({"u": 1}, "expression"), (["u"] * 501, "loop")):
        with pytest.raises(Refused, match=code):
            Play(diagram("several.bpmn"), "several", units=units)


def test_one_after_the_other(restored):
    files = changed(
        diagram("several.bpmn"),
        (
            "<bpmn:multiInstanceLoopCharacteristics",
            '<bpmn:multiInstanceLoopCharacteristics isSequential="true"',
        ),
    )
    played = Play(files, "several", restored, units=["u1", "u2"])
    assert played.tasks() == ["report_back@u1"]
    played.complete("report_back")
    assert played.tasks() == ["report_back@u2"]
    played.complete("report_back")
    assert played.tasks() == ["collect"]


@pytest.mark.parametrize("sequential", ["true", "false"])
def test_enough_instances_end_the_rest(restored, sequential):
    files = changed(
        diagram("several.bpmn"),
        (
            'camunda:collection="${units}" camunda:elementVariable="unit" />',
            f'isSequential="{sequential}" camunda:collection="units" '
            'camunda:elementVariable="unit">'
            "<bpmn:completionCondition>${nrOfCompletedInstances &gt;= 2 || answer == 'no'}"
            "</bpmn:completionCondition></bpmn:multiInstanceLoopCharacteristics>",
        ),
    )
    played = Play(files, "several", restored, units=["u1", "u2", "u3"], answer="")
    played.complete("report_back", "u1", answer="yes")
    played.complete("report_back", "u2", answer="yes")
    assert played.tasks() == ["collect"]
    assert not played.step.timers


def test_a_number_of_instances_without_a_collection(restored):
    files = changed(
        diagram("several.bpmn"),
        (
            'camunda:collection="${units}" camunda:elementVariable="unit" />',
            "><bpmn:loopCardinality>2</bpmn:loopCardinality>"
            "</bpmn:multiInstanceLoopCharacteristics>",
        ),
    )
    played = Play(files, "several", restored, unit="u9")
    assert played.tasks() == ["report_back@u9", "report_back@u9"]


def test_instances_under_way_go_on_in_a_fresh_interpreter_at_every_step():
    """The library connects instances to their loop when it makes them; in one process that hides
    that a fresh one never finishes them."""
    script = {"diagrams": ["several.bpmn"], "process": "several", "values": {"units": ["a", "b"]}}
    moves = [
        ("complete", {"element": "report_back", "unit": "b", "answer": "x"}),
        ("complete", {"element": "report_back", "unit": "a", "answer": "y"}),
        ("complete", {"element": "collect", "more": "yes"}),
    ]
    far = play_elsewhere({**script, "steps": []})
    for move in moves:
        again = {"diagrams": script["diagrams"], "blob": far["blob"], "now": far["now"]}
        far = play_elsewhere({**again, "steps": [move]})
    assert far["tasks"] == ["report_back@a", "report_back@b"]
    near = Play(diagram("several.bpmn"), "several", restored=False, units=["a", "b"])
    for verb, arguments in moves:
        getattr(near, verb)(**arguments)
    assert far["digests"] == near.digests[-1:]


# --- messages ------------------------------------------------------------------------------


@pytest.fixture
def calls(restored):
    return Play(diagram("calls.bpmn"), "calls", restored, last="no")


def test_a_receive_task_with_a_standard_loop_hears_four_hundred_calls(calls):
    # Drawn as a gateway loop the library dies at depth 1,000.
    calls.restored = False
    for number in range(400):
        calls.send("called_again", count=number)
    size = len(calls.blob)
    assert calls.step.values["count"] == 399
    assert size < 400
    calls.send("called_again", last="yes")
    with pytest.raises(Refused, match="nobody_waits"):
        process.send(calls.state, "called_again", {}, NOW, EveryDay())


def test_a_message_that_does_not_interrupt_is_heard_every_time(calls):
    # With the library the second one raises.
    for _ in range(3):
        calls.send("urged")
        assert calls.milestones() == ["urged"]
    assert calls.tasks() == ["work"]
    calls.complete("work")
    with pytest.raises(Refused, match="nobody_waits"):
        process.send(calls.state, "urged", {}, NOW, EveryDay())


@pytest.mark.parametrize("payload", [{"a b": 1}, {"x": object()}])
def test_a_payload_is_plain_and_has_names_that_expressions_can_read(calls, payload):
    with pytest.raises(Refused, match="data"):
        process.send(calls.state, "urged", payload, NOW, EveryDay())
    calls.send("urged")  # refused before anything moved


def test_messages_that_nobody_waits_for_do_not_spoil_the_state(calls):
    with pytest.raises(Refused, match="nobody_waits"):
        process.send(calls.state, "nonsense", {}, NOW, EveryDay())
    calls.complete("work")


STORM = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
  <bpmn:signal id="signal_storm" name="storm" />
  <bpmn:process id="outer" isExecutable="true">
    <bpmn:startEvent id="begins" />
    <bpmn:parallelGateway id="fork" />
    <bpmn:callActivity id="call_inner" calledElement="inner" />
    <bpmn:userTask id="go_on" camunda:formKey="f" />
    <bpmn:boundaryEvent id="stop_work" attachedToRef="go_on">
      <bpmn:signalEventDefinition signalRef="signal_storm" />
    </bpmn:boundaryEvent>
    <bpmn:userTask id="raise_alarm" camunda:formKey="f" />
    <bpmn:intermediateThrowEvent id="tell_all">
      <bpmn:signalEventDefinition signalRef="signal_storm" />
    </bpmn:intermediateThrowEvent>
    <bpmn:endEvent id="called" />
    <bpmn:endEvent id="worked" />
    <bpmn:endEvent id="stopped" />
    <bpmn:endEvent id="told">
      <bpmn:messageEventDefinition camunda:type="external" camunda:topic="sms.storm" />
    </bpmn:endEvent>
    <bpmn:sequenceFlow id="a" sourceRef="begins" targetRef="fork" />
    <bpmn:sequenceFlow id="b" sourceRef="fork" targetRef="call_inner" />
    <bpmn:sequenceFlow id="c" sourceRef="fork" targetRef="go_on" />
    <bpmn:sequenceFlow id="d" sourceRef="fork" targetRef="raise_alarm" />
    <bpmn:sequenceFlow id="e" sourceRef="call_inner" targetRef="called" />
    <bpmn:sequenceFlow id="f" sourceRef="go_on" targetRef="worked" />
    <bpmn:sequenceFlow id="g" sourceRef="stop_work" targetRef="stopped" />
    <bpmn:sequenceFlow id="h" sourceRef="raise_alarm" targetRef="tell_all" />
    <bpmn:sequenceFlow id="i" sourceRef="tell_all" targetRef="told" />
  </bpmn:process>
  <bpmn:process id="inner" isExecutable="true">
    <bpmn:startEvent id="begins" />
    <bpmn:intermediateCatchEvent id="wait_for_storm">
      <bpmn:signalEventDefinition signalRef="signal_storm" />
    </bpmn:intermediateCatchEvent>
    <bpmn:endEvent id="ends" />
    <bpmn:sequenceFlow id="a" sourceRef="begins" targetRef="wait_for_storm" />
    <bpmn:sequenceFlow id="b" sourceRef="wait_for_storm" targetRef="ends" />
  </bpmn:process>
</bpmn:definitions>"""


def test_a_signal_reaches_all_who_wait_and_carries_nothing_along(restored):
    played = Play({"bpmn/storm.bpmn": STORM.encode()}, "outer", restored)
    step = played.complete("raise_alarm", secret="x")
    assert step.ended
    walked = [one.element for one in step.walked]
    assert {"wait_for_storm", "stop_work", "call_inner"} <= set(walked)
    assert [(one.topic, one.element) for one in step.messages] == [("sms.storm", "told")]


# --- nested scopes -------------------------------------------------------------------------


def test_variables_set_in_an_interrupted_subprocess_are_kept(restored):
    played = Play(diagram("nested.bpmn"), "nested", restored)
    played.complete("note_reason", reason="rain")
    step = played.tick(hours=1)
    assert played.tasks() == ["apologize"]
    assert step.values["reason"] == "rain"
    assert not step.timers


@pytest.fixture
def nested(restored):
    played = Play(diagram("nested.bpmn"), "nested", restored)
    played.complete("note_reason")
    played.complete("wait_long")
    return played


def replies(played):
    return [(task.element, task.address.split("#")[0]) for task in played.step.tasks]


def test_a_called_process_sees_what_is_passed_and_nothing_else(nested):
    assert nested.step.scopes == {"ask_first#1/": {"who": 1}, "ask_second#1/": {"who": 2}}
    assert nested.milestones() == []


def test_an_error_is_caught_on_its_own_activity_alone(nested):
    task = next(t for t in nested.step.tasks if t.address.startswith("ask_second"))
    step = process.complete(nested.state, task.id, {"said": "no"}, NOW, EveryDay())
    nested._took(step)
    assert replies(nested) == [("reply", "ask_first")]
    assert "second_refused" in [one.element for one in step.walked]


def test_an_escalation_does_not_interrupt_and_can_come_again(nested):
    for round_ in (1, 2):
        task = next(t for t in nested.step.tasks if t.address.startswith("ask_second"))
        nested._took(process.complete(nested.state, task.id, {"said": "why"}, NOW, EveryDay()))
        assert [name for name, _ in replies(nested)].count("answer_question") == round_
    assert replies(nested).count(("reply", "ask_second")) == 1


def test_an_escalation_that_nobody_takes_does_nothing(nested):
    nested.complete("reply", said="why")
    assert replies(nested).count(("reply", "ask_first")) == 1


def test_an_error_that_nobody_takes_stops_the_step():
    files = changed(diagram("nested.bpmn"), ('errorCode="refused"', 'errorCode="other"'))
    files = changed(
        files,
        (
            '<bpmn:errorEventDefinition errorRef="error_refused" /></bpmn:endEvent>',
            '<bpmn:errorEventDefinition errorRef="error_x" /></bpmn:endEvent>',
        ),
        (
            '<bpmn:process id="asked"',
            '<bpmn:error id="error_x" name="x" errorCode="x" /><bpmn:process id="asked"',
        ),
    )
    played = Play(files, "asked")
    with pytest.raises(Refused, match="stuck"):
        played.complete("reply", said="no")


STRAIGHT = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
  <bpmn:process id="straight" isExecutable="true">
    <bpmn:startEvent id="begins" />
    <bpmn:exclusiveGateway id="either" default="{default}" />
    <bpmn:sendTask id="go_left" camunda:type="external" camunda:topic="left" />
    <bpmn:sendTask id="go_right" camunda:type="external" camunda:topic="right" />
    <bpmn:parallelGateway id="join" />
    <bpmn:endEvent id="finished" />
    <bpmn:sequenceFlow id="a" sourceRef="begins" targetRef="either" />
    <bpmn:sequenceFlow id="b" sourceRef="either" targetRef="go_left" />
    <bpmn:sequenceFlow id="c" sourceRef="either" targetRef="go_right">
      <bpmn:conditionExpression>{condition}</bpmn:conditionExpression>
    </bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="d" sourceRef="go_left" targetRef="{left}" />
    <bpmn:sequenceFlow id="e" sourceRef="go_right" targetRef="join" />
    <bpmn:sequenceFlow id="f" sourceRef="join" targetRef="finished" />
  </bpmn:process>
</bpmn:definitions>"""


def straight(**texts):
    texts = {"default": "b", "condition": "${right}", "left": "join", **texts}
    return Play({"bpmn/straight.bpmn": STRAIGHT.format(**texts).encode()}, "straight", right=False)


def test_a_join_that_can_never_open_is_stuck_and_says_so():
    with pytest.raises(Refused, match="stuck"):
        straight()


def test_a_loop_that_waits_for_nothing_is_refused():
    with pytest.raises(Refused, match="loop"):
        straight(left="either")


def test_a_condition_must_be_true_or_false():
    with pytest.raises(Refused, match="expression"):
        straight(condition="${1}")


# --- both ways of keeping a state ----------------------------------------------------------


def test_kept_and_restored_states_are_byte_for_byte_the_same():
    ways = []
    for restored in (False, True):
        played = Play(diagram("several.bpmn"), "several", restored, units=["u1", "u2"])
        played.send("returned", leg=1)
        played.tick(days=4)
        played.complete("report_back", "u2")
        played.complete("judge_return")
        played.complete("report_back")
        played.complete("collect", more="yes")
        ways.append((played.digests, played.blob))
    assert ways[0] == ways[1]


def test_the_same_under_other_hash_seeds_and_time_zones():
    script = {
        "diagrams": ["several.bpmn"],
        "process": "several",
        "values": {"units": ["u1", "u2"], "z": 1, "a": 2},
        "steps": [
            ("send", {"message": "returned", "leg": 1, "b": 1, "a": 3}),
            ("tick", {"days": 4}),
            ("complete", {"element": "report_back", "unit": "u2", "answer": "x"}),
            ("complete", {"element": "judge_return"}),
        ],
    }
    one = play_elsewhere(script, seed="1", zone="Asia/Shanghai")
    other = play_elsewhere(script, seed="4242", zone="America/St_Johns")
    assert one == other
