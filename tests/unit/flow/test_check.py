"""The rules of `hotline check`: each with an example that breaks it and a legal neighbour."""

from __future__ import annotations

import json

import pytest

from engine.flow.check import check, milestones, people
from tests.unit.flow.small import ROOT, changed


def shipped():
    paths = [path for name in ("bpmn", "forms") for path in (ROOT / name).rglob("*")]
    return {
        path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths if path.is_file()
    }


HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
  <bpmn:message id="message_x" name="x" />"""


def props(**properties):
    inner = "".join(
        f'<camunda:property name="{name}" value="{value}" />' for name, value in properties.items()
    )
    return (
        "<bpmn:extensionElements><camunda:properties>"
        f"{inner}</camunda:properties></bpmn:extensionElements>"
    )


MARKS = "".join(
    f'<bpmn:intermediateThrowEvent id="mark_{name}">{props(milestone=name)}'
    "</bpmn:intermediateThrowEvent>"
    f'<bpmn:sequenceFlow id="to_{name}" sourceRef="{before}" targetRef="mark_{name}" />'
    for before, name in zip(
        ["begins", *(f"mark_{name}" for name in milestones.REQUIRED)],
        milestones.REQUIRED,
        strict=False,
    )
)
SOUND = {
    "bpmn/manifest.json": json.dumps({"start": {"call": "whole"}}),
    "bpmn/whole.bpmn": f"""{HEAD}
  <bpmn:process id="whole" isExecutable="true">
    <bpmn:startEvent id="begins" camunda:formKey="new" />
    {MARKS}
    <bpmn:userTask id="do_it" name="做" camunda:formKey="do" camunda:candidateGroups="officer">
      {props(unit="${centre}")}
    </bpmn:userTask>
    <bpmn:boundaryEvent id="too_late" attachedToRef="do_it" cancelActivity="false">
      {props(deadline="handle", article="第十四条")}
      <bpmn:timerEventDefinition>
        <bpmn:timeDate>${{workdays(now(), days)}}</bpmn:timeDate>
      </bpmn:timerEventDefinition>
    </bpmn:boundaryEvent>
    <bpmn:endEvent id="noted" />
    <bpmn:businessRuleTask id="decide" camunda:decisionRef="limits" />
    <bpmn:exclusiveGateway id="which" />
    <bpmn:endEvent id="good" />
    <bpmn:endEvent id="bad" />
    <bpmn:sequenceFlow id="a" sourceRef="mark_archived" targetRef="decide" />
    <bpmn:sequenceFlow id="b" sourceRef="decide" targetRef="do_it" />
    <bpmn:sequenceFlow id="c" sourceRef="too_late" targetRef="noted" />
    <bpmn:sequenceFlow id="d" sourceRef="do_it" targetRef="which" />
    <bpmn:sequenceFlow id="is_good" sourceRef="which" targetRef="good">
      <bpmn:conditionExpression>${{verdict == 'good'}}</bpmn:conditionExpression>
    </bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="is_bad" sourceRef="which" targetRef="bad">
      <bpmn:conditionExpression>${{verdict != 'good'}}</bpmn:conditionExpression>
    </bpmn:sequenceFlow>
  </bpmn:process>
</bpmn:definitions>""",
    "bpmn/limits.dmn": """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/">
  <decision id="limits"><decisionTable id="t">
    <input id="i">
      <inputExpression id="x" typeRef="string"><text>kind</text></inputExpression>
    </input>
    <output id="o" name="days" typeRef="number" />
    <rule id="r1"><inputEntry><text>"a"</text></inputEntry>
      <outputEntry><text>1</text></outputEntry></rule>
    <rule id="r2"><inputEntry><text>"b"</text></inputEntry>
      <outputEntry><text>2</text></outputEntry></rule>
  </decisionTable></decision>
</definitions>""",
    "forms/new.form": json.dumps(
        {
            "type": "default",
            "id": "new",
            "components": [
                {
                    "type": "group",
                    "id": "field_group",
                    "label": "来电",
                    "components": [
                        {
                            "type": "select",
                            "id": "field_kind",
                            "key": "kind",
                            "label": "类别",
                            "properties": {"routing": "true"},
                            "values": [
                                {"label": "甲", "value": "a"},
                                {"label": "乙", "value": "b"},
                            ],
                        }
                    ],
                },
                {"type": "textfield", "id": "field_story", "key": "story", "label": "经过"},
            ],
        }
    ),
    "forms/do.form": json.dumps(
        {
            "type": "default",
            "id": "do",
            "components": [
                {
                    "type": "radio",
                    "id": "field_verdict",
                    "key": "verdict",
                    "label": "结论",
                    "properties": {"routing": "true"},
                    "values": [
                        {"label": "好", "value": "good"},
                        {"label": "差", "value": "bad"},
                    ],
                }
            ],
        }
    ),
}
SOUND = {path: text.encode() for path, text in SOUND.items()}


def findings(*pairs):
    return [f"{one.file}:{one.element}:{one.rule}" for one in check(changed(SOUND, *pairs))]


def test_the_shipped_procedure_has_no_findings():
    assert check(shipped()) == []


def test_the_sound_example_has_no_findings():
    assert findings() == []


WHOLE = "bpmn/whole.bpmn"


@pytest.mark.parametrize(
    ("broken", "finding", "legal"),
    [
        pytest.param(
            ('<bpmn:endEvent id="noted" />', '<bpmn:task id="noted" />'),
            f"{WHOLE}:noted:unsupported",
            ('<bpmn:endEvent id="noted" />', '<bpmn:endEvent id="noted" name="x" />'),
            id="runs",
        ),
        pytest.param(
            ('"call"', '"letter"'),
            "bpmn/manifest.json::manifest",
            ('"call": "whole"', '"call": "whole", "letter": "whole"'),
            id="manifest",
        ),
        pytest.param(
            (
                '<bpmn:endEvent id="noted" />',
                '<bpmn:endEvent id="noted" /><bpmn:sendTask id="lost" camunda:type="external" '
                'camunda:topic="t" /><bpmn:sequenceFlow id="z" sourceRef="lost" '
                'targetRef="noted" />',
            ),
            f"{WHOLE}:lost:unreachable",
            (
                '<bpmn:endEvent id="noted" />',
                '<bpmn:endEvent id="noted" /><bpmn:textAnnotation id="lost" />',
            ),
            id="unreachable",
        ),
        pytest.param(
            ('camunda:formKey="do" ', ""),
            f"{WHOLE}:do_it:form",
            ('camunda:formKey="do" ', 'camunda:formKey="do" camunda:assignee="x" '),
            id="no form key",
        ),
        pytest.param(
            ('camunda:formKey="do" ', 'camunda:formKey="other" '),
            f"{WHOLE}:do_it:form",
            ('camunda:formKey="do" ', 'camunda:formKey="do"  '),
            id="no form file",
        ),
        pytest.param(
            (
                '<bpmn:startEvent id="begins" camunda:formKey="new" />',
                '<bpmn:startEvent id="begins" />',
            ),
            f"{WHOLE}:begins:form",
            (
                '<bpmn:startEvent id="begins" camunda:formKey="new" />',
                '<bpmn:startEvent id="begins" camunda:formKey="new"></bpmn:startEvent>',
            ),
            id="no start form",
        ),
        pytest.param(
            ('camunda:candidateGroups="officer"', ""),
            f"{WHOLE}:do_it:role",
            ('camunda:candidateGroups="officer"', 'camunda:candidateGroups="leader"'),
            id="no role",
        ),
        pytest.param(
            ('camunda:candidateGroups="officer"', 'camunda:candidateGroups="king"'),
            f"{WHOLE}:do_it:role",
            ('camunda:candidateGroups="officer"', 'camunda:candidateGroups="archivist"'),
            id="unknown role",
        ),
        pytest.param(
            (props(unit="${centre}"), ""),
            f"{WHOLE}:do_it:unit",
            (props(unit="${centre}"), props(unit="city_centre")),
            id="no unit",
        ),
        pytest.param(
            ('name="milestone" value="rated"', 'name="milestone" value="closed"'),
            "bpmn/manifest.json::milestone",
            ("mark_rated", "mark_the_rating"),
            id="missing milestone",
        ),
        pytest.param(
            (
                '<bpmn:endEvent id="noted" />',
                f'<bpmn:endEvent id="noted">{props(milestone="celebrated")}</bpmn:endEvent>',
            ),
            f"{WHOLE}:noted:milestone",
            (
                '<bpmn:endEvent id="noted" />',
                f'<bpmn:endEvent id="noted">{props(milestone="report_rejected")}</bpmn:endEvent>',
            ),
            id="unknown milestone",
        ),
        pytest.param(
            ('value="handle"', 'value="handling"'),
            f"{WHOLE}:too_late:deadline",
            ('value="handle"', 'value="sign"'),
            id="unknown deadline",
        ),
        pytest.param(
            (
                "<bpmn:timeDate>${workdays(now(), days)}</bpmn:timeDate>",
                "<bpmn:timeDuration>P5D</bpmn:timeDuration>",
            ),
            f"{WHOLE}:too_late:deadline",
            ("${workdays(now(), days)}", "${workdays(now(), 5)}"),
            id="deadline by duration",
        ),
        pytest.param(
            ("${workdays(now(), days)}", "${now()}"),
            f"{WHOLE}:too_late:deadline",
            ("${workdays(now(), days)}", "${workdays(now(), days + 1)}"),
            id="deadline not counted",
        ),
        pytest.param(
            (props(deadline="handle", article="第十四条"), props(deadline="handle")),
            f"{WHOLE}:too_late:deadline",
            (props(deadline="handle", article="第十四条"), ""),
            id="deadline without article",
        ),
        pytest.param(
            (
                '<bpmn:endEvent id="noted" />',
                f'<bpmn:endEvent id="noted">{props(deadline="handle")}</bpmn:endEvent>',
            ),
            f"{WHOLE}:noted:deadline",
            ('<bpmn:endEvent id="noted" />', '<bpmn:endEvent id="noted"></bpmn:endEvent>'),
            id="deadline on no timer",
        ),
        pytest.param(
            ("${verdict == 'good'}", "${judgement == 'good'}"),
            f"{WHOLE}:which:variable",
            ("${verdict == 'good'}", "${verdict == 'good' and type != ''}"),
            id="unset variable",
        ),
        pytest.param(
            ("<text>kind</text>", "<text>story</text>"),  # a field that does not route
            f"{WHOLE}:decide:variable",
            ("<text>kind</text>", "<text>${kind}</text>"),
            id="unset input of a decision",
        ),
        pytest.param(
            ("${verdict != 'good'}", "${verdict != ''}"),
            f"{WHOLE}:which:overlap",
            ("${verdict != 'good'}", "${verdict == 'bad'}"),
            id="overlapping conditions",
        ),
        pytest.param(
            ("${verdict != 'good'}", "${verdict == 'awful'}"),
            f"{WHOLE}:which:gap",
            ("${verdict != 'good'}", "${not verdict == 'good'}"),
            id="an answer left out",
        ),
        pytest.param(
            ('<text>"b"</text>', '<text>"a","b"</text>'),
            "bpmn/limits.dmn:limits:overlap",
            ('<text>"b"</text>', '<text>not("a")</text>'),
            id="overlapping rules",
        ),
        pytest.param(
            ('<text>"b"</text>', '<text>"c"</text>'),
            "bpmn/limits.dmn:limits:no_rule",
            ('<text>"b"</text>', '<text>"b","c"</text>'),
            id="an option without a rule",
        ),
    ],
)
def test_rules(broken, finding, legal):
    assert finding in findings(broken)
    assert findings(legal) == []


def test_a_missing_manifest_is_a_finding():
    files = {path: content for path, content in SOUND.items() if "manifest" not in path}
    assert "manifest" in [one.rule for one in check(files)]


def test_what_a_message_brings_is_declared_where_it_is_received():
    message = (
        '<bpmn:endEvent id="noted" />',
        '<bpmn:endEvent id="noted" /><bpmn:boundaryEvent id="told" attachedToRef="do_it" '
        'cancelActivity="false">{}<bpmn:messageEventDefinition messageRef="message_x" />'
        '</bpmn:boundaryEvent><bpmn:sequenceFlow id="z" sourceRef="told" targetRef="noted" />',
    )
    reads = ("${centre}", "${place}")
    undeclared = (message[0], message[1].format(""))
    declared = (message[0], message[1].format(props(sets="place, more")))
    assert findings(undeclared, reads) == [f"{WHOLE}:do_it:variable"]
    assert findings(declared, reads) == []


def test_variables_of_loops_calls_and_mappings_are_known():
    from tests.unit.flow.small import diagram

    files = changed(
        diagram("several.bpmn"),
        ("${units}", "${['a', 'b']}"),
        (
            '<camunda:in sourceExpression="${loopCounter}"',
            '<camunda:in sourceExpression="${nrOfInstances}"',
        ),
    )
    # `answer` and `more` come from forms that this test does not give.
    assert {one.sentence for one in check(files) if one.rule == "variable"} == {
        "“ask_units”用到的变量“answer”没有任何地方赋值。",
        "“again”用到的变量“more”没有任何地方赋值。",
    }


def test_the_roles_are_those_that_people_can_have():
    from engine import access

    assert people.ROLES == access.ROLES


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"not json",
        b"\xff\x00\x01\x80",
        b"[" * 100_000,
        b'{"type": "default", "components": [{"type": "filepicker", "id": "x", "key": "x"}]}',
    ],
    ids=["empty", "no json", "bytes", "deep", "unsupported"],
)
@pytest.mark.parametrize("path", ["forms/do.form", "forms/spare.form"])
def test_a_form_that_pages_could_not_show_is_refused(path, content):
    found = [one for one in check({**SOUND, path: content}) if one.file == path]
    assert found
    assert all(one.rule.startswith("form_") and one.sentence.endswith("。") for one in found)


@pytest.mark.parametrize("value", [["a"], {"a": 1}, 1, None, True], ids=str)
def test_an_option_that_is_no_text_is_a_finding(value):
    form = json.loads(SOUND["forms/do.form"])
    form["components"][0]["values"][0]["value"] = value
    found = check({**SOUND, "forms/do.form": json.dumps(form).encode()})
    assert "forms/do.form" in [one.file for one in found]
