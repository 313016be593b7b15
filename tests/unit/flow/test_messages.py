"""Messages that start a process beside the ticket's, carry a payload and name their catcher."""

from __future__ import annotations

import pytest

from engine.flow import Definitions, DefinitionsRefused, Refused, process, state
from tests.unit.flow.small import NOW, EveryDay, Play, changed, diagram


@pytest.fixture(params=["kept", "restored"])
def town(request):
    restored = request.param == "restored"
    return Play(diagram("started.bpmn"), "town", restored, units=["u1", "u2"])


# --- processes that a message starts -------------------------------------------------------


def test_a_thrown_message_starts_the_process_that_waits_for_it_at_its_start(town):
    step = town.send("urged", leg=2)
    assert town.tasks() == ["look@u2", "work@u1", "work@u2"]
    task = town.task("look")
    assert task.address == "watch#1/look_closer#1/look#1"
    assert task.leg == 2
    assert step.scopes["watch#1/"] == {"watched": "u2", "round": 8, "seen": 0}
    assert step.messages == ()


def test_what_is_started_again_is_counted_in_its_address(town):
    town.send("urged")
    town.send("urged", leg=1)
    assert sorted(task.address for task in town.step.tasks if task.element == "look") == [
        f"watch#{n}/look_closer#1/look#1" for n in (1, 2, 3)
    ]
    assert [task.leg for task in town.step.tasks if task.element == "look"] == [1, 2, 1]


def test_a_started_process_goes_on_after_the_ticket_s_own_has_ended(town):
    town.send("urged", leg=1)
    town.complete("work", "u1")
    step = town.complete("work", "u2")
    assert not step.ended
    assert town.tasks() == ["look@u1"]
    assert len(step.timers) == 1
    assert not town.tick(days=1).ended
    assert town.complete("look").ended
    with pytest.raises(Refused, match="ended"):
        process.send(town.state, "watch_needed", {}, NOW, EveryDay())
    with pytest.raises(Refused, match="task_gone"):
        process.complete(town.state, 1, {}, NOW, EveryDay())


def test_the_last_step_may_be_a_timer_of_a_started_process(town):
    town.send("urged", leg=1)
    town.complete("work", "u1")
    town.complete("work", "u2")
    # An escalation climbs to the edge of the process that was started, and no further.
    assert town.tick(days=4).ended


def test_a_started_process_that_ends_leaves_nothing_behind(town):
    town.send("urged", leg=1)
    before = len(town.blob)
    for _ in range(30):
        town.complete("look")
        town.send("urged", leg=1)
    assert len(town.blob) < before + 80
    assert len(town.state.subprocesses) == 4


def test_an_escalation_that_nobody_takes_does_not_leave_the_started_process():
    files = changed(
        diagram("started.bpmn"),
        (
            '<bpmn:endEvent id="nobody_knows"><bpmn:escalation',
            '<bpmn:endEvent id="nobody_knows"><bpmn:error',
        ),
        (
            '<bpmn:boundaryEvent id="gives_up" attachedToRef="look_closer">\n      '
            "<bpmn:escalationEventDefinition />",
            '<bpmn:boundaryEvent id="gives_up" attachedToRef="look_closer">\n      '
            '<bpmn:messageEventDefinition messageRef="message_urged" />',
        ),
    )
    town = Play(files, "town", units=["u1"])
    town.send("urged")
    with pytest.raises(Refused, match="stuck"):
        town.tick(days=4)


def test_a_message_from_outside_starts_what_nobody_waits_for(town):
    step = town.send("watch_needed", leg=2, watched="u9")
    assert town.tasks() == ["look@u9", "work@u1", "work@u2"]
    assert town.task("look").leg == 2
    assert step.scopes["watch#1/"] == {"watched": "u9", "seen": 0}
    with pytest.raises(Refused, match="nobody_waits"):
        process.send(town.state, "nonsense", {}, NOW, EveryDay())


def test_a_waiting_receiver_comes_before_a_process_to_be_started():
    files = changed(
        diagram("started.bpmn"),
        (
            '<bpmn:boundaryEvent id="hears" attachedToRef="work" cancelActivity="false">',
            '<bpmn:boundaryEvent id="hears" attachedToRef="work" cancelActivity="false" name="x">',
        ),
        ('<camunda:property name="correlation" value="${unit}" />', ""),
        (
            '<bpmn:messageEventDefinition messageRef="message_news" />\n    </bpmn:boundaryEvent>',
            '<bpmn:messageEventDefinition messageRef="message_needed" />\n    '
            "</bpmn:boundaryEvent>",
        ),
    )
    town = Play(files, "town", units=["u1"])
    town.send("urged")
    assert town.milestones() == ["heard"]
    assert town.tasks() == ["work@u1"]


def test_the_variables_of_a_started_process_are_part_of_the_canonical_form(town):
    town.send("urged", leg=1)
    one = state.load(town.definitions, town.blob)
    before = state.digest(one)
    one.subprocesses[min(one.subprocesses)].data["seen"] = 1
    assert state.digest(one) != before


def test_a_message_that_nobody_waits_for_and_that_starts_nothing_is_lost():
    calls = Play(diagram("calls.bpmn"), "calls", last="no")
    step = calls.complete("work")
    assert step.messages == ()
    assert "told" in [one.element for one in step.walked]


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('calledElement="closer"', 'calledElement="watch"', "called"),
        (
            '<bpmn:startEvent id="is_needed">',
            '<bpmn:startEvent id="is_needed" camunda:formKey="f">',
            "start",
        ),
        (
            '<bpmn:userTask id="look" camunda:formKey="f" camunda:candidateGroups="officer">\n   '
            "   <bpmn:extensionElements><camunda:properties>",
            '<bpmn:userTask id="look" camunda:formKey="f" camunda:candidateGroups="officer">\n   '
            '   <bpmn:extensionElements><camunda:inputOutput><camunda:inputParameter name="x">'
            "1</camunda:inputParameter></camunda:inputOutput><camunda:properties><camunda:propert"
            'y name="correlation" value="${watched}" />',
            "payload",
        ),
        (
            '<camunda:inputParameter name="news">',
            '<camunda:inputParameter name="no name">',
            "payload",
        ),
        (
            '<camunda:inputParameter name="news">${"seen by " + watched}',
            '<camunda:inputParameter name="news">${"seen',
            "expression",
        ),
        (
            'name="correlation" value="${watched}"',
            'name="correlation" value="watched"',
            "expression",
        ),
    ],
)
def test_what_cannot_be_started_or_carried_is_refused(old, new, rule):
    with pytest.raises(DefinitionsRefused) as refused:
        Definitions.read(changed(diagram("started.bpmn"), (old, new)))
    assert rule in {finding.rule for finding in refused.value.findings}


# --- payload and correlation ---------------------------------------------------------------


def test_a_thrown_message_brings_its_payload_to_the_catcher_of_its_correlation_alone(town):
    town.send("urged", leg=2)
    step = town.complete("look")
    assert [(one.name, one.leg) for one in step.milestones] == [("told", 2), ("heard", 2)]
    assert "news" not in step.scopes["ask_units#1[0]/"]
    assert step.scopes["ask_units#2[1]/"]["news"] == "seen by u2"
    # Of the thrower's variables nothing else comes along.
    assert set(step.scopes["ask_units#2[1]/"]) == {"unit", "round", "news"}


def test_a_correlation_that_nobody_has_wakes_nobody(town):
    town.send("watch_needed", watched="u9")
    assert town.complete("look").milestones[0].name == "told"
    assert town.milestones() == ["told"]


def test_a_message_from_outside_has_no_correlation(town):
    with pytest.raises(Refused, match="nobody_waits"):
        process.send(town.state, "news", {"unit": "u1"}, NOW, EveryDay(), 1)


def test_a_message_without_correlation_is_not_taken_where_one_is_wanted():
    files = changed(
        diagram("started.bpmn"), ('<camunda:property name="correlation" value="${watched}" />', "")
    )
    town = Play(files, "town", units=["u1"])
    town.send("urged")
    town.complete("look")
    assert town.milestones() == ["told"]


def test_a_correlation_is_read_when_the_message_comes_and_true_is_not_one():
    files = changed(
        diagram("started.bpmn"),
        ('name="correlation" value="${unit}"', 'name="correlation" value="${1}"'),
        (
            'name="correlation" value="${watched}"',
            'name="correlation" value="${watched == \'u1\'}"',
        ),
    )
    town = Play(files, "town", units=["u1"])
    town.send("urged")
    town.complete("look")
    assert town.milestones() == ["told"]


def test_a_correlation_narrows_an_event_behind_a_gateway_too():
    files = changed(
        diagram("several.bpmn"),
        (
            '<bpmn:intermediateCatchEvent id="unit_returns">',
            '<bpmn:intermediateCatchEvent id="unit_returns"><bpmn:extensionElements>'
            '<camunda:properties><camunda:property name="correlation" value="${unit}" />'
            "</camunda:properties></bpmn:extensionElements>",
        ),
        (
            '<bpmn:endEvent id="answered"><bpmn:terminateEventDefinition /></bpmn:endEvent>',
            '<bpmn:endEvent id="answered"><bpmn:extensionElements><camunda:properties>'
            '<camunda:property name="correlation" value="${answer}" /></camunda:properties>'
            '</bpmn:extensionElements><bpmn:messageEventDefinition messageRef="message_returned" '
            "/></bpmn:endEvent>",
        ),
    )
    played = Play(files, "several", units=["u1", "u2", "u3"])
    played.complete("report_back", "u1", answer="u3")
    assert [task.leg for task in played.step.tasks if task.element == "judge_return"] == [3]


def test_a_signal_carries_its_payload_to_all_who_wait():
    files = changed(
        diagram("started.bpmn"),
        (
            '<bpmn:message id="message_news" name="news" />',
            '<bpmn:signal id="message_news" name="news" />',
        ),
        ('<camunda:property name="correlation" value="${unit}" />', ""),
        ('<camunda:property name="correlation" value="${watched}" />', ""),
        (
            '<bpmn:messageEventDefinition messageRef="message_news" />',
            '<bpmn:signalEventDefinition signalRef="message_news" />',
        ),
        ('<bpmn:intermediateThrowEvent id="tell_news">', '<bpmn:endEvent id="tell_news">'),
        (
            '</bpmn:intermediateThrowEvent>\n    <bpmn:endEvent id="given_up" />\n    '
            '<bpmn:endEvent id="watched_it" />',
            '</bpmn:endEvent>\n    <bpmn:endEvent id="given_up" />',
        ),
        ('<bpmn:sequenceFlow id="c" sourceRef="tell_news" targetRef="watched_it" />', ""),
    )
    town = Play(files, "town", units=["u1", "u2"])
    town.send("urged", leg=1)
    step = town.complete("look")
    assert town.milestones() == ["told", "heard", "heard"] or town.milestones() == [
        "heard",
        "heard",
        "told",
    ]
    assert [step.scopes[f"ask_units#{n + 1}[{n}]/"]["news"] for n in (0, 1)] == ["seen by u1"] * 2


# --- many messages -------------------------------------------------------------------------


def test_a_thousand_messages_that_do_not_interrupt_leave_the_state_as_small_as_one():
    town = Play(diagram("started.bpmn"), "town", restored=False, units=["u1", "u2"])
    files = changed(diagram("calls.bpmn"))
    calls = Play(files, "calls", restored=False, last="no")
    calls.send("urged")
    once = len(list(calls.state.tokens()))
    size = len(calls.blob)
    for _ in range(999):
        calls.send("urged")
    assert len(list(calls.state.tokens())) == once
    assert len(calls.blob) < size + 20
    assert calls.tasks() == ["work"]
    assert town.tasks() == ["work@u1", "work@u2"]


def test_a_message_that_does_not_interrupt_may_lead_to_work_a_thousand_times():
    files = changed(
        diagram("calls.bpmn"),
        (
            '<bpmn:endEvent id="urged_noted" />',
            '<bpmn:endEvent id="urged_noted" /><bpmn:userTask id="note" camunda:formKey="f" />'
            '<bpmn:sequenceFlow id="g" sourceRef="note" targetRef="urged_noted" />',
        ),
        ('targetRef="urged_noted" />\n  </bpmn:process>', 'targetRef="note" />\n  </bpmn:process>'),
    )
    calls = Play(files, "calls", restored=False, last="no")
    calls.send("urged")
    calls.complete("note")
    once, size = len(list(calls.state.tokens())), len(calls.blob)
    for _ in range(300):
        calls.send("urged")
        calls.send("urged")
        calls.complete("note")
        calls.complete("note")
    assert len(list(calls.state.tokens())) == once
    assert len(calls.blob) < size + 20


def test_a_receive_task_in_a_standard_loop_takes_a_thousand_messages():
    calls = Play(diagram("calls.bpmn"), "calls", restored=False, last="no")
    calls.send("called_again", last="no")
    tokens, size = len(list(calls.state.tokens())), len(calls.blob)
    for n in range(999):
        calls.restored = n % 100 == 0
        calls.send("called_again", last="no")
    assert len(list(calls.state.tokens())) == tokens
    assert len(calls.blob) < size + 20
    assert calls.send("called_again", last="yes").values["last"] == "yes"
    with pytest.raises(Refused, match="nobody_waits"):
        process.send(calls.state, "called_again", {}, NOW, EveryDay())


def test_a_message_on_the_edge_of_a_multi_instance_of_calls_may_come_a_thousand_times():
    files = changed(
        diagram("several.bpmn"),
        ('id="withdraw" attachedToRef', 'id="withdraw" cancelActivity="false" attachedToRef'),
    )
    played = Play(files, "several", restored=False, units=["u1", "u2"])
    played.send("withdrawn")
    tokens, size = len(list(played.state.tokens())), len(played.blob)
    for n in range(999):
        played.restored = n % 100 == 0
        played.send("withdrawn")
    assert len(list(played.state.tokens())) == tokens
    assert len(played.blob) < size + 20
    assert played.tasks() == ["report_back@u1", "report_back@u2"]
    played.complete("report_back", "u1", answer="a")
    played.send("withdrawn")
    played.complete("report_back", "u2", answer="b")
    assert played.complete("collect", more="no").ended
