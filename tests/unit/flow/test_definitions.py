"""Reading definitions: what the dialect takes from a diagram, and what it refuses, in Chinese."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from engine.flow import Definitions, DefinitionsRefused, Refused, process, state
from tests.unit.flow.small import NOW, EveryDay, Play, changed, diagram


@pytest.fixture
def rework():
    return Definitions.read(diagram("rework.bpmn"))


def refused(files):
    with pytest.raises(DefinitionsRefused) as caught:
        Definitions.read(files)
    return [f"{one.file}:{one.element}:{one.rule}" for one in caught.value.findings]


# --- what is read --------------------------------------------------------------------------


def test_user_tasks_are_told_by_process_with_role_unit_and_form(rework):
    first, second = rework.user_tasks()
    assert (first.process, first.element, first.name) == ("rework", "carry_out", "办理")
    assert (first.form, first.role, first.unit_expression) == ("carry_out", "officer", "${unit}")
    assert (second.role, second.unit_expression) == ("leader", "centre")


def test_forms_ids_diagrams_elements_and_flows_are_told(rework):
    assert {one.form for one in rework.elements() if one.form} == {
        "new_work",
        "carry_out",
        "look_over",
    }
    assert rework.start_form("rework") == "new_work"
    assert rework.diagrams() == {"rework": "bpmn/rework.bpmn"}
    assert {"rework", "carry_out", "is_bad"} <= rework.ids()
    assert len(rework.elements()) == 9
    assert len(rework.flows()) == 8
    assert rework.flow("rework", "look_over", "good_enough") == "d"
    assert rework.flow("rework", "begins", "finished") == ""


def test_the_manifest_says_what_starts():
    manifest = json.dumps({"start": {"call": "rework"}}).encode()
    read = Definitions.read({**diagram("rework.bpmn"), "bpmn/manifest.json": manifest})
    assert read.start_process() == read.start_process("call") == "rework"
    with pytest.raises(Refused, match="manifest"):
        read.start_process("letter")


def test_the_hash_is_that_of_all_files_and_of_nothing_else():
    files = {**diagram("rework.bpmn"), "forms/carry_out.form": b"{}"}
    one = Definitions.read(files)
    assert len(one.hash) == 64
    assert Definitions.read(dict(reversed(files.items()))).hash == one.hash
    assert Definitions.read({**files, "forms/carry_out.form": b"{ }"}).hash != one.hash
    assert Definitions.read({**files, "forms/other.form": b"{}"}).hash != one.hash


def test_reading_leaves_the_files_alone_and_can_be_repeated():
    files = diagram("several.bpmn")
    before = dict(files)
    one = Definitions.read(files)
    assert Definitions.read(files).hash == one.hash
    assert files == before


def test_the_innermost_lane_says_whose_a_task_is_and_the_outer_one_what_it_leaves_out():
    files = changed(
        diagram("rework.bpmn"),
        (
            "<bpmn:flowNodeRef>carry_out</bpmn:flowNodeRef>",
            "<bpmn:flowNodeRef>carry_out</bpmn:flowNodeRef><bpmn:childLaneSet>"
            '<bpmn:lane id="inner"><bpmn:extensionElements><camunda:properties>'
            '<camunda:property name="role" value="leader" />'
            "</camunda:properties></bpmn:extensionElements>"
            "<bpmn:flowNodeRef>carry_out</bpmn:flowNodeRef></bpmn:lane></bpmn:childLaneSet>",
        ),
    )
    task = Definitions.read(files).user_tasks()[0]
    assert (task.role, task.unit_expression) == ("leader", "${unit}")


def test_an_embedded_subprocess_keeps_its_lane_and_its_own_properties():
    files = changed(
        diagram("nested.bpmn"),
        (
            '<bpmn:startEvent id="begins" />',
            '<bpmn:laneSet id="l"><bpmn:lane id="lane"><bpmn:extensionElements>'
            '<camunda:properties><camunda:property name="role" value="officer" />'
            "</camunda:properties></bpmn:extensionElements>"
            "<bpmn:flowNodeRef>together</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>"
            '<bpmn:startEvent id="begins" />',
        ),
        (
            '<bpmn:userTask id="note_reason" camunda:formKey="f" />',
            '<bpmn:userTask id="note_reason" camunda:formKey="f"><bpmn:extensionElements>'
            '<camunda:properties><camunda:property name="milestone" value="noted" />'
            "</camunda:properties></bpmn:extensionElements></bpmn:userTask>",
        ),
    )
    elements = {element.id: element for element in Definitions.read(files).elements()}
    assert elements["note_reason"].role == "officer"
    # The library gives an embedded subprocess its inner elements' properties.
    assert elements["together"].milestone == ""
    assert elements["note_reason"].milestone == "noted"
    assert (elements["note_reason"].scope, elements["note_reason"].process) == (
        "together",
        "nested",
    )


def test_flows_stay_in_the_order_of_the_file_wherever_the_shapes_stand():
    # The library sorts them by their height on the page: moving a shape changed the way.
    overlapping = (
        ('<bpmn:conditionExpression>${said == "no"}', "<bpmn:conditionExpression>${true}"),
        ('<bpmn:conditionExpression>${said == "why"}', "<bpmn:conditionExpression>${true}"),
    )
    shapes = "".join(
        f'<bpmndi:BPMNShape id="{name}_di" bpmnElement="{name}">'
        f'<dc:Bounds x="0" y="{height}" width="1" height="1" /></bpmndi:BPMNShape>'
        for name, height in (("refused", 900), ("ask_back", 10))
    )
    drawn = (
        "</bpmn:definitions>",
        '<bpmndi:BPMNDiagram xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
        'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"><bpmndi:BPMNPlane>'
        f"{shapes}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></bpmn:definitions>",
    )
    for pairs in (overlapping, (*overlapping, drawn)):
        played = Play(changed(diagram("nested.bpmn"), *pairs), "asked")
        with pytest.raises(Refused, match="stuck"):  # the error end: the first in the file
            played.complete("reply", said="x")


# --- what is refused -----------------------------------------------------------------------

TASK = (
    '<bpmn:userTask id="look_over" name="审核" '
    'camunda:formKey="look_over" camunda:candidateGroups="leader" />'
)
TIMER = "<bpmn:timeDate>${workdays(begun, limit)}</bpmn:timeDate>"
SEND = '<bpmn:sendTask id="warn" camunda:type="external" camunda:topic="warning.overdue" />'
BAD = (
    '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">'
    '${verdict == "bad"}</bpmn:conditionExpression>'
)


@pytest.mark.parametrize(
    ("pair", "finding"),
    [
        ((TASK, '<bpmn:task id="look_over" />'), "look_over:unsupported"),
        ((TASK, '<bpmn:manualTask id="look_over" />'), "look_over:unsupported"),
        ((TASK, '<bpmn:scriptTask id="look_over" />'), "look_over:unsupported"),
        ((TASK, '<bpmn:complexGateway id="look_over" />'), "look_over:unsupported"),
        ((TASK, TASK + '<bpmn:dataObject id="paper" />'), "paper:unsupported"),
        (
            (TASK, TASK + '<bpmn:subProcess id="aside" triggeredByEvent="true" />'),
            "aside:unsupported",
        ),
        ((TASK, '<bpmn:serviceTask id="look_over" camunda:class="x.Y" />'), "look_over:topic"),
        ((TASK, '<bpmn:sendTask id="look_over" />'), "look_over:topic"),
        ((TASK, '<bpmn:receiveTask id="look_over" />'), "look_over:reference"),
        (
            (TASK, '<bpmn:businessRuleTask id="look_over" camunda:decisionRef="x" />'),
            "look_over:decision",
        ),
        ((TASK, '<bpmn:callActivity id="look_over" calledElement="x" />'), "look_over:called"),
        (
            (TASK, '<bpmn:callActivity id="look_over" calledElement="${x}" />'),
            "look_over:called",
        ),
        ((TASK, TASK + TASK), "look_over:id"),
        ((TASK, TASK.replace('"look_over"', '"Start"')), "Start:id"),
        (
            (
                TASK,
                TASK.replace(" />", "><bpmn:multiInstanceLoopCharacteristics /></bpmn:userTask>"),
            ),
            "look_over:loop",
        ),
        (
            (TASK, TASK.replace(" />", "><bpmn:standardLoopCharacteristics /></bpmn:userTask>")),
            "look_over:loop",
        ),
        (
            (
                TASK,
                TASK.replace(
                    " />",
                    '><bpmn:multiInstanceLoopCharacteristics camunda:collection="a.b" '
                    'camunda:elementVariable="a" /></bpmn:userTask>',
                ),
            ),
            "look_over:expression",
        ),
        ((TIMER, "<bpmn:timeCycle>R3/PT1H</bpmn:timeCycle>"), "limit_passes:unsupported"),
        ((TIMER, ""), "limit_passes:timer"),
        ((TIMER, "<bpmn:timeDate>2026-10-01</bpmn:timeDate>"), "limit_passes:timer"),
        ((TIMER, "<bpmn:timeDate>2026-10-01T10:00:00</bpmn:timeDate>"), "limit_passes:timer"),
        ((TIMER, "<bpmn:timeDuration>1 hour</bpmn:timeDuration>"), "limit_passes:timer"),
        ((TIMER, "<bpmn:timeDate>${now(}</bpmn:timeDate>"), "limit_passes:expression"),
        (
            (
                f"<bpmn:timerEventDefinition>{TIMER}</bpmn:timerEventDefinition>",
                "<bpmn:conditionalEventDefinition />",
            ),
            "limit_passes:unsupported",
        ),
        (
            (
                f"<bpmn:timerEventDefinition>{TIMER}</bpmn:timerEventDefinition>",
                "<bpmn:compensateEventDefinition />",
            ),
            "limit_passes:unsupported",
        ),
        (
            (
                f"<bpmn:timerEventDefinition>{TIMER}</bpmn:timerEventDefinition>",
                "<bpmn:messageEventDefinition />",
            ),
            "limit_passes:reference",
        ),
        (
            (
                f"<bpmn:timerEventDefinition>{TIMER}</bpmn:timerEventDefinition>",
                "<bpmn:errorEventDefinition />",
            ),
            "limit_passes:boundary",
        ),
        (('attachedToRef="carry_out"', 'attachedToRef="nothing"'), "limit_passes:boundary"),
        (
            (
                '<bpmn:endEvent id="warned" />',
                '<bpmn:endEvent id="warned"><bpmn:cancelEventDefinition /></bpmn:endEvent>',
            ),
            "warned:unsupported",
        ),
        (
            (
                '<bpmn:endEvent id="warned" />',
                '<bpmn:intermediateThrowEvent id="warned"><bpmn:linkEventDefinition />'
                "</bpmn:intermediateThrowEvent>",
            ),
            "warned:unsupported",
        ),
        (
            (
                '<bpmn:startEvent id="begins" camunda:formKey="new_work" />',
                '<bpmn:startEvent id="begins"><bpmn:timerEventDefinition /></bpmn:startEvent>',
            ),
            "begins:unsupported",
        ),
        (
            (
                '<bpmn:startEvent id="begins" camunda:formKey="new_work" />',
                '<bpmn:startEvent id="begins" /><bpmn:startEvent id="also" />',
            ),
            "rework:start",
        ),
        (('isExecutable="true"', 'isExecutable="false"'), "rework:executable"),
        (('isExecutable="true"', ""), "rework:executable"),
        (
            ('sourceRef="warn" targetRef="warned"', 'sourceRef="carry_out" targetRef="warned"'),
            "carry_out:flows",
        ),
        (('sourceRef="warn" targetRef="warned"', 'sourceRef="warn" targetRef="nothing"'), "h:flow"),
        (
            ('sourceRef="warn" targetRef="warned"', 'sourceRef="warn" targetRef="begins"'),
            "begins:flows",
        ),
        (
            ('sourceRef="warn" targetRef="warned"', 'sourceRef="finished" targetRef="warned"'),
            "finished:flows",
        ),
        ((BAD, ""), "good_enough:condition"),
        ((BAD, BAD.replace('${verdict == "bad"}', "verdict == 'bad'")), "good_enough:expression"),
        ((BAD, BAD.replace('${verdict == "bad"}', "${verdict.bad}")), "good_enough:expression"),
        (
            (
                '<bpmn:sequenceFlow id="c" sourceRef="carry_out" targetRef="look_over" />',
                f'<bpmn:sequenceFlow id="c" sourceRef="carry_out" targetRef="look_over">{BAD}'
                "</bpmn:sequenceFlow>",
            ),
            "carry_out:condition",
        ),
        (
            (
                SEND,
                SEND.replace(
                    " />",
                    '><bpmn:standardLoopCharacteristics loopMaximum="2" /></bpmn:sendTask>',
                ),
            ),
            "warn:loop",
        ),
        (('value="${unit}"', 'value="${unit.name}"'), "carry_out:expression"),
        (('value="${unit}"', 'value="单位 ${unit}"'), "carry_out:expression"),
    ],
)
def test_what_the_engine_cannot_run_is_a_finding_that_names_file_and_element(pair, finding):
    found = refused(changed(diagram("rework.bpmn"), pair))
    assert f"bpmn/rework.bpmn:{finding}" in found


@pytest.mark.parametrize(
    "extension", ["executionListener", "taskListener", "connector", "formData"]
)
def test_extensions_that_would_be_passed_over_in_silence_are_refused(extension):
    task = TASK.replace(
        " />",
        f"><bpmn:extensionElements><camunda:{extension} /></bpmn:extensionElements>"
        "</bpmn:userTask>",
    )
    found = refused(changed(diagram("rework.bpmn"), (TASK, task)))
    assert found == ["bpmn/rework.bpmn:look_over:extension"]


@pytest.mark.parametrize(
    ("parameters", "rules"),
    [
        ('<camunda:outputParameter name="kept">${1 + 1}</camunda:outputParameter>', []),
        ('<camunda:outputParameter name="kept">text</camunda:outputParameter>', []),
        ('<camunda:outputParameter name="1st">${1}</camunda:outputParameter>', ["assigned"]),
        ('<camunda:outputParameter name="true">${1}</camunda:outputParameter>', ["assigned"]),
        ('<camunda:outputParameter name="kept">${1 +}</camunda:outputParameter>', ["expression"]),
        ('<camunda:inputParameter name="kept">${1}</camunda:inputParameter>', ["payload"]),
        (
            '<camunda:outputParameter name="kept"><camunda:script>1</camunda:script>'
            "</camunda:outputParameter>",
            ["extension"],
        ),
    ],
)
def test_only_output_parameters_of_text_or_expression_are_taken(parameters, rules):
    task = TASK.replace(
        " />",
        f"><bpmn:extensionElements><camunda:inputOutput>{parameters}</camunda:inputOutput>"
        "</bpmn:extensionElements></bpmn:userTask>",
    )
    files = changed(diagram("rework.bpmn"), (TASK, task))
    if rules:
        assert refused(files) == [f"bpmn/rework.bpmn:look_over:{rule}" for rule in rules]
    else:
        Definitions.read(files)


LISTENED = (
    TASK,
    TASK.replace(
        " />",
        "><bpmn:extensionElements><camunda:executionListener /></bpmn:extensionElements>"
        "</bpmn:userTask>",
    ),
)


def test_a_stored_version_is_not_judged_by_the_rules_of_today():
    files = changed(diagram("rework.bpmn"), LISTENED)
    assert refused(files) == ["bpmn/rework.bpmn:look_over:extension"]
    kept = Definitions.read(files, judged=False)
    assert kept.hash == Definitions.read(files, judged=False).hash
    step = process.start(
        kept, "rework", {"unit": "u", "begun": NOW.isoformat(), "limit": 2}, NOW, EveryDay()
    )
    assert state.digest(state.load(kept, state.dump(step.state))) == state.digest(step)


def test_a_stored_version_that_cannot_be_read_is_refused_all_the_same():
    with pytest.raises(DefinitionsRefused):
        Definitions.read({"bpmn/rework.bpmn": b"<"}, judged=False)
    with pytest.raises(DefinitionsRefused):
        Definitions.read({**diagram("rework.bpmn"), "bpmn/manifest.json": b"{"}, judged=False)


def chain(length):
    """A process of user tasks one after the other."""
    steps = [f"step_{number}" for number in range(length)]
    nodes = "".join(f'<bpmn:userTask id="{step}" camunda:formKey="f" />' for step in steps)
    flows = "".join(
        f'<bpmn:sequenceFlow id="flow_{place}" sourceRef="{one}" targetRef="{other}" />'
        for place, (one, other) in enumerate(pairwise(["begins", *steps, "ends"]))
    )
    return {
        "bpmn/chain.bpmn": (
            '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
            'xmlns:camunda="http://camunda.org/schema/1.0/bpmn">'
            '<bpmn:process id="chain" isExecutable="true"><bpmn:startEvent id="begins" />'
            f'{nodes}<bpmn:endEvent id="ends" />{flows}</bpmn:process></bpmn:definitions>'
        ).encode()
    }


def test_a_long_process_is_read_and_one_too_long_is_a_finding():
    assert len(Definitions.read(chain(100)).user_tasks()) == 100
    assert refused(chain(500))  # deeper than the library's parser goes
    assert refused(chain(1_500)) == ["bpmn/chain.bpmn:chain:size"]


def test_findings_are_chinese_sentences_naming_the_element():
    with pytest.raises(DefinitionsRefused) as caught:
        Definitions.read(
            changed(diagram("rework.bpmn"), (TASK, '<bpmn:task id="look_over" name="看" />'))
        )
    (finding,) = caught.value.findings
    assert str(finding) == (
        "bpmn/rework.bpmn:look_over: “看”（look_over）是没有类型的任务，不能执行，"
        "请在扳手菜单里改成用户任务或别的类型。"
    )


def test_all_findings_come_at_once():
    files = changed(
        diagram("rework.bpmn"), (TASK, '<bpmn:task id="look_over" />'), (TIMER, ""), (BAD, "")
    )
    assert len(refused(files)) == 3


def test_behind_an_event_gateway_there_is_one_timer_and_each_message_once():
    timer = (
        "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration>"
        "</bpmn:timerEventDefinition>"
    )
    message = '<bpmn:messageEventDefinition messageRef="message_returned" />'
    several = diagram("several.bpmn")
    two_timers = changed(several, (message, timer))
    assert "bpmn/several.bpmn:whichever:gateway" in refused(two_timers)
    assert "bpmn/several.bpmn:whichever:gateway" in refused(
        changed(several, ('targetRef="unit_returns"', 'targetRef="judge_return"'))
    )
    twice = changed(
        several,
        (
            '<bpmn:sequenceFlow id="f" sourceRef="whichever" targetRef="unit_returns" />',
            '<bpmn:sequenceFlow id="f" sourceRef="whichever" targetRef="unit_returns" />'
            f'<bpmn:intermediateCatchEvent id="again">{message}</bpmn:intermediateCatchEvent>'
            '<bpmn:sequenceFlow id="x" sourceRef="whichever" targetRef="again" />'
            '<bpmn:sequenceFlow id="y" sourceRef="again" targetRef="noted" />',
        ),
    )
    assert refused(twice) == ["bpmn/several.bpmn:whichever:gateway"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<camunda:in source="unit" target="unit" />', '<camunda:in variables="all" />'),
        ('<camunda:out source="answer" target="answer" />', '<camunda:out variables="all" />'),
        ('<camunda:in source="unit" target="unit" />', '<camunda:in source="unit" />'),
        ('<camunda:in source="unit" target="unit" />', '<camunda:in target="unit" />'),
    ],
)
def test_what_is_passed_is_written_out(old, new):
    assert "bpmn/several.bpmn:ask_units:passing" in refused(
        changed(diagram("several.bpmn"), (old, new))
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('camunda:mapDecisionResult="singleEntry"', 'camunda:mapDecisionResult="collectEntries"'),
        ('camunda:mapDecisionResult="singleEntry"', ""),
        ('camunda:resultVariable="limit"', ""),
        (
            '<output id="out_limit" name="limit" typeRef="number" />',
            '<output id="out_limit" name="limit" typeRef="number" />'
            '<output id="out_more" name="more" />',
        ),
    ],
)
def test_the_result_of_a_decision_is_mapped_in_a_way_that_is_known(old, new):
    assert refused(changed(diagram("choices.bpmn", "limits.dmn"), (old, new)))


def test_results_of_decisions_become_variables_as_they_are_mapped():
    files = diagram("choices.bpmn", "limits.dmn")
    values = {"type": "consult", "calls": 9, "what": []}
    assert Play(files, "choices", **values).step.values["limit"] == 15
    whole = changed(files, ("singleEntry", "singleResult"))
    assert Play(whole, "choices", **values).step.values["limit"] == {"limit": 15}
    bare = changed(
        files, (' camunda:resultVariable="limit" camunda:mapDecisionResult="singleEntry"', "")
    )
    assert Play(bare, "choices", **values).step.values["limit"] == 15


def test_processes_and_decisions_have_one_file():
    files = diagram("choices.bpmn", "limits.dmn")
    twice = {**files, "bpmn/x.bpmn": files["bpmn/choices.bpmn"]}
    twice["bpmn/x.dmn"] = files["bpmn/limits.dmn"]
    assert refused(twice) == ["bpmn/x.bpmn:choices:twice", "bpmn/x.dmn:limits:twice"]


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'{"start": 1}', b'{"start": {"call": "nothing"}}', b"[" * 100_000]
)
def test_a_manifest_that_cannot_be_used_is_a_finding(content):
    assert refused({**diagram("rework.bpmn"), "bpmn/manifest.json": content})


def test_a_subprocess_called_by_itself_without_end_is_a_loop_and_not_a_crash():
    files = changed(
        diagram("several.bpmn"),
        (
            '<bpmn:userTask id="report_back" camunda:formKey="f" '
            'camunda:candidateGroups="officer">',
            '<bpmn:callActivity id="report_back" calledElement="one_leg">',
        ),
        (
            '</bpmn:userTask>\n    <bpmn:endEvent id="answered">',
            '</bpmn:callActivity>\n    <bpmn:endEvent id="answered">',
        ),
        (
            '<camunda:property name="milestone" value="reported" />\n      </camunda:properties>',
            '</camunda:properties><camunda:in source="place" target="place" />',
        ),
    )
    with pytest.raises(Refused, match="loop"):
        Play(files, "several", units=["u"])


def test_iso_dates_and_durations_may_be_written_without_braces():
    for text, due in (
        ("<bpmn:timeDate>2026-10-08T00:00:00+08:00</bpmn:timeDate>", "2026-10-07T16:00:00+00:00"),
        ("<bpmn:timeDuration>P1DT1H</bpmn:timeDuration>", "2026-10-01T03:00:00+00:00"),
        ("<bpmn:timeDuration>${'PT' + '5M'}</bpmn:timeDuration>", "2026-09-30T02:05:00+00:00"),
    ):
        files = changed(diagram("rework.bpmn"), (TIMER, text))
        played = Play(files, "rework", unit="u", begun=NOW.isoformat(), limit=1)
        assert played.step.timers[0].due.isoformat() == due


@pytest.mark.parametrize("text", ["${1}", "${'soon'}", "${'2026-10-01T10:00:00'}", "${nothing}"])
def test_a_due_time_that_is_none_stops_the_step(text):
    files = changed(diagram("rework.bpmn"), (TIMER, f"<bpmn:timeDate>{text}</bpmn:timeDate>"))
    with pytest.raises(Refused, match=r"deadline|expression"):
        Play(files, "rework", unit="u", begun=NOW.isoformat(), limit=1)
