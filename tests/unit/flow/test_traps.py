"""What bites in the library, each with the test that shows that it does not bite here.

| trap | test |
|---|---|
| a data object two subprocesses down makes the parser loop for ever | test_data_objects_are_refused_however_deep_they_stand |
| a parallel join puts old values back over new ones | test_a_join_waits_for_all_branches_and_each_keeps_what_it_wrote |
| two branches that change one variable lose a change | test_what_one_branch_writes_the_other_sees |
| a parallel join in a loop fires early in round two | test_a_join_in_a_loop_waits_again_in_every_round |
| a multi-instance entered again raises | test_several_instances_can_be_entered_again_in_a_loop |
| a multi-instance merges its instances into what is around it | test_instances_leave_nothing_behind_in_the_scope_around_them |
| a boundary timer on a multi-instance is one for the whole | test_a_timer_on_the_edge_of_several_instances_is_one_for_all |
| a deadline per unit needs its own scope | test_every_instance_opens_a_leg_with_its_own_unit_task_and_timer |
| an interrupt of a multi-instance of calls leaves children and timers alive | test_an_interrupt_takes_all_instances_with_their_tasks_and_timers |
| an interrupted outer subprocess leaves orphans that break a load | test_a_leg_that_is_cancelled_takes_those_below_with_it |
| merge_child is connected only where an instance is made | test_instances_under_way_go_on_in_a_fresh_interpreter_at_every_step |
| event subprocesses never complete, and change the cached spec | test_what_the_engine_cannot_run_is_a_finding_that_names_file_and_element |
| cycle timers fire ten times at once and lose what they started | test_what_the_engine_cannot_run_is_a_finding_that_names_file_and_element |
| plain, manual and script tasks stop or run code; links stop silently | test_what_the_engine_cannot_run_is_a_finding_that_names_file_and_element |
| a boundary message that does not interrupt fires once, then raises | test_a_message_that_does_not_interrupt_is_heard_every_time |
| an escalation the same | test_an_escalation_does_not_interrupt_and_can_come_again |
| task.run() runs a task that is not ready | test_a_token_that_is_not_ready_does_not_run |
| a state after an exception is saved | test_a_step_that_fails_spoils_its_state |
| task data is shared with finished tasks and siblings | test_answers_are_copied_so_that_nobody_changes_them_afterwards |
| has_fired, tokens and ids ask the computer's clock and chance | test_whole_runs_pass_while_the_librarys_clock_raises |
| a due timer needs a second call | test_a_timer_that_is_due_on_arrival_fires_in_the_same_step |
| completing after the due time cancels the timer unfired | test_completing_past_a_due_time_needs_a_tick_first |
| a late tick decides by the hour at which it came | test_a_late_tick_decides_as_a_punctual_one |
| a timer is claimed and no token moved | test_a_timer_that_does_not_move_stops_the_step |
| a naive due time is of the host's zone | test_a_time_without_a_zone_is_no_time |
| state is restored in the order of JSON keys | test_a_dump_does_not_depend_on_the_order_of_keys_but_keeps_it |
| `typename` among the variables makes a load raise | test_variables_may_have_any_name_that_the_librarys_serializer_stumbles_over |
| int keys become strings, tuples lists | test_only_plain_values_of_a_sensible_size_become_process_data |
| finished tasks stay: 15 KB a round | test_fifty_rounds_of_rework_do_not_grow_the_state |
| the same, of the whole procedure | test_many_rounds_of_the_whole_procedure_weigh_as_much_as_one |
| beyond depth 1,000 ready tasks are not found | test_a_thousandth_repeat_call_costs_what_the_first_did |
| a state is loaded under other definitions half (migrations are not here yet) | test_a_state_of_other_definitions_is_refused_and_not_half_loaded |
| eval in conditions, timers, tables, collections, correlations | test_an_attack_is_a_finding_wherever_an_expression_may_stand |
| eval anywhere in the engine | test_the_engine_evaluates_no_text |
| powers, repeats and long texts exhaust the memory | test_what_grows_is_bounded |
| DTDs and entities, in UTF-16 too | test_document_types_and_entities_are_refused_in_every_encoding |
| a branch cancelled by a terminate in the same pass still runs | test_what_a_terminate_has_cancelled_in_the_same_pass_does_not_run |
| signals carry all the thrower's data | test_a_signal_reaches_all_who_wait_and_carries_nothing_along |
| messages carry all the thrower's data | test_a_thrown_message_brings_its_payload_to_the_catcher_of_its_correlation_alone |
| a message sent before its receiver waits is lost | test_a_message_that_nobody_waits_for_and_that_starts_nothing_is_lost |
| one message is taken by every waiting leg | test_a_message_to_a_leg_leaves_the_others_alone |
| waiting_events() hides messages behind an event gateway | test_a_correlation_narrows_an_event_behind_a_gateway_too |
| two timers behind an event gateway share one due time | test_behind_an_event_gateway_there_is_one_timer_and_each_message_once |
| flows are ordered by their height on the page | test_flows_stay_in_the_order_of_the_file_wherever_the_shapes_stand |
| call activities copy everything both ways | test_a_called_process_sees_what_is_passed_and_nothing_else |
| variables set inside an interrupted subprocess are lost | test_variables_set_in_an_interrupted_subprocess_are_kept |
| an embedded subprocess is given its inner elements' properties | test_an_embedded_subprocess_keeps_its_lane_and_its_own_properties |
| overlapping conditions, unreachable elements, overlapping rules pass | test_rules |
| UNIQUE tables are not checked for uniqueness | test_two_rules_of_a_unique_table_are_an_error_and_of_a_first_table_are_not |
| no match of a table keeps the old value | test_no_rule_is_an_error |
| `[4..9]` and `true` raise, `"a","b"` and `not("a")` never match | test_unary_tests |
| replay by random ids | test_a_replay_from_the_recorded_readings_is_the_same |
| ids break on a changed diagram, addresses hold | test_a_state_is_compared_by_addresses_and_not_by_ids |
"""  # noqa: E501 - a table that is wrapped is no table

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from engine.flow import Definitions, DefinitionsRefused, Refused
from engine.flow.specs import BoundaryEvent
from tests.unit.flow.small import NOW, Play, changed, diagram

TESTS = Path(__file__).resolve().parents[2]


def test_every_trap_has_its_test():
    rows = re.findall(r"^\| (.+) \| (\w+) \|$", __doc__ or "", re.MULTILINE)
    there = {
        node.name
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    assert len(rows) > 40
    assert [(trap, test) for trap, test in rows[1:] if test not in there] == []


def refused(files):
    with pytest.raises(DefinitionsRefused) as caught:
        Definitions.read(files)
    return {f"{one.element}:{one.rule}" for one in caught.value.findings}


def test_data_objects_are_refused_however_deep_they_stand():
    paper = (
        '<bpmn:dataObject id="paper" /><bpmn:dataObjectReference id="seen" dataObjectRef="paper" />'
    )
    scope = '<bpmn:subProcess id="{0}"><bpmn:startEvent id="{0}_a" /><bpmn:endEvent id="{0}_z" />{1}</bpmn:subProcess>'  # noqa: E501 - the same
    deep = scope.format("outer", scope.format("inner", paper))
    files = changed(diagram("rework.bpmn"), ("</bpmn:process>", f"{deep}</bpmn:process>"))
    assert {"paper:unsupported", "seen:unsupported"} <= refused(files)


# --- several instances ---------------------------------------------------------------------

TIMED = (
    '<bpmn:boundaryEvent id="withdraw" attachedToRef="ask_units">\n'
    '      <bpmn:messageEventDefinition messageRef="message_withdrawn" />',
    '<bpmn:boundaryEvent id="withdraw" attachedToRef="ask_units">\n'
    "      <bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration>"
    "</bpmn:timerEventDefinition>",
)


@pytest.mark.parametrize("restored", [False, True])
def test_a_timer_on_the_edge_of_several_instances_is_one_for_all(restored):
    files = changed(diagram("several.bpmn"), TIMED)
    played = Play(files, "several", restored, units=["a", "b", "c"])
    edges = [timer for timer in played.step.timers if timer.attached_to == "ask_units"]
    assert len(edges) == 1
    assert len(played.step.tasks) == 3
    played.complete("report_back", unit="b", answer="x")
    step = played.tick(hours=1)
    assert step.ended
    assert (step.tasks, step.timers) == ((), ())
    assert [leg.number for leg in step.legs if leg.event == "cancelled"] == [1, 3]


@pytest.mark.parametrize("restored", [False, True])
def test_a_timer_on_the_edge_that_does_not_interrupt_leaves_all_instances(restored):
    edge = TIMED[1].replace(
        'attachedToRef="ask_units"', 'attachedToRef="ask_units" cancelActivity="false"'
    )
    files = changed(diagram("several.bpmn"), (TIMED[0], edge))
    played = Play(files, "several", restored, units=["a", "b"])
    step = played.tick(hours=1)
    assert [one.element for one in step.walked if one.element == "withdraw"] == ["withdraw"]
    assert played.tasks() == ["report_back@a", "report_back@b"]
    assert not [timer for timer in step.timers if timer.attached_to == "ask_units"]
    for unit in ("a", "b"):
        played.complete("report_back", unit=unit, answer="x")
    assert played.tasks() == ["collect"]


@pytest.mark.parametrize("restored", [False, True])
def test_instances_leave_nothing_behind_in_the_scope_around_them(restored):
    played = Play(diagram("several.bpmn"), "several", restored, units=["a", "b"])
    for unit in ("b", "a"):
        played.complete("report_back", unit=unit, answer=unit, aside="of the unit alone")
    assert played.tasks() == ["collect"]
    # What is passed out is there, the last one's; not the element variable, nor the counter.
    assert played.step.values == {"units": ["a", "b"], "answer": "a"}
    played.complete("collect", more="yes")
    assert played.tasks() == ["report_back@a", "report_back@b"]


# --- timers --------------------------------------------------------------------------------

TIMER = "<bpmn:timeDate>${workdays(begun, limit)}</bpmn:timeDate>"


@pytest.mark.parametrize("restored", [False, True])
def test_a_timer_that_is_due_on_arrival_fires_in_the_same_step(restored):
    files = changed(diagram("rework.bpmn"), (TIMER, "<bpmn:timeDate>${begun}</bpmn:timeDate>"))
    long_ago = "2026-01-01T00:00:00+08:00"
    played = Play(files, "rework", restored, unit="u", begun=long_ago, limit=1)
    assert "limit_passes" in [one.element for one in played.step.walked]
    assert played.step.timers == ()
    (late,) = [one for one in played.step.milestones if one.element == "limit_passes"]
    assert late.at.isoformat() == "2025-12-31T16:00:00+00:00"


def test_a_timer_that_does_not_move_stops_the_step(monkeypatch):
    played = Play(diagram("rework.bpmn"), "rework", unit="u", begun=NOW.isoformat(), limit=1)
    blob = played.blob
    monkeypatch.setattr(BoundaryEvent, "_update", lambda self, token: None)
    with pytest.raises(Refused, match="stuck"):
        played.tick(days=9)
    assert played.state.spoiled
    assert played.blob == blob


# --- expressions ---------------------------------------------------------------------------

ATTACKS = (
    '__import__("os").system("true")',
    "().__class__.__bases__[0].__subclasses__()",
    "[x for x in (1,)]",
    "open('/etc/passwd')",
    "9 ** 9 ** 9",
    "(lambda: 1)()",
)
PLACES = {
    "condition": ("rework.bpmn", '${verdict == "bad"}', "${{{0}}}"),
    "timer": ("rework.bpmn", "${workdays(begun, limit)}", "${{{0}}}"),
    "unit": ("rework.bpmn", 'value="${unit}"', 'value="${{{0}}}"'),
    "collection": (
        "several.bpmn",
        'camunda:collection="${units}"',
        'camunda:collection="${{{0}}}"',
    ),
    "bare collection": (
        "several.bpmn",
        'camunda:collection="${units}"',
        'camunda:collection="{0}"',
    ),
    "passed in": ("several.bpmn", "${loopCounter}", "${{{0}}}"),
    "due time": ("several.bpmn", "${workdays(now(), place + 1)}", "${{{0}}}"),
    "until": (
        "several.bpmn",
        'camunda:elementVariable="unit" />',
        'camunda:elementVariable="unit"><bpmn:completionCondition>${{{0}}}</bpmn:completionCondition>'
        "</bpmn:multiInstanceLoopCharacteristics>",
    ),
    "correlation": (
        "several.bpmn",
        '<bpmn:intermediateCatchEvent id="unit_returns">',
        '<bpmn:intermediateCatchEvent id="unit_returns"><bpmn:extensionElements>'
        '<camunda:properties><camunda:property name="correlation" value="${{{0}}}" />'
        "</camunda:properties></bpmn:extensionElements>",
    ),
    "set on completion": (
        "several.bpmn",
        '<bpmn:userTask id="collect" camunda:formKey="f" camunda:candidateGroups="dispatcher" />',
        '<bpmn:userTask id="collect" camunda:formKey="f" camunda:candidateGroups="dispatcher">'
        '<bpmn:extensionElements><camunda:inputOutput><camunda:outputParameter name="x">${{{0}}}'
        "</camunda:outputParameter></camunda:inputOutput></bpmn:extensionElements></bpmn:userTask>",
    ),
    "table input": ("limits.dmn", "<text>calls</text>", "<text>{0}</text>"),
    "table test": ("limits.dmn", "<text>&gt;= 3</text>", "<text>{0}</text>"),
    "table answer": ("limits.dmn", "<text>15</text>", "<text>{0}</text>"),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("place", sorted(PLACES))
def test_an_attack_is_a_finding_wherever_an_expression_may_stand(place, attack):
    name, old, new = PLACES[place]
    files = diagram(*({name} if name.endswith(".bpmn") else {"choices.bpmn", name}))
    text = attack.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    rules = {found.partition(":")[2] for found in refused(changed(files, (old, new.format(text))))}
    assert rules & {"expression", "timer", "cell", "table", "decision", "input", "loop"}, rules
