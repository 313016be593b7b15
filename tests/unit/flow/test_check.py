"""The rules of `hotline check`: each with an example that breaks it and a legal neighbour."""

from __future__ import annotations

import json

import pytest

from engine.flow.check import check, people
from engine.flow.check.variables import set_in
from engine.flow.definitions import draw
from engine.flow.support import starts_by_message
from engine.milestones import REQUIRED
from engine.variables import VARIABLES
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
        ["begins", *(f"mark_{name}" for name in REQUIRED)],
        REQUIRED,
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
    <bpmn:endEvent id="good">
      <bpmn:extensionElements><camunda:inputOutput>
        <camunda:outputParameter name="outcome">none</camunda:outputParameter>
        <camunda:outputParameter name="rating">none</camunda:outputParameter>
      </camunda:inputOutput></bpmn:extensionElements>
    </bpmn:endEvent>
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
                            "validate": {"required": True},
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
                    "validate": {"required": True},
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


def test_the_shipped_procedure_sets_every_variable_that_the_product_reads():
    drawn = draw(shipped())
    root = drawn.drawings[drawn.manifest["start"]["call"]]
    started = [one for one in drawn.drawings.values() if starts_by_message(one)]
    legs = [
        drawn.drawings[element.called]
        for one in drawn.drawings.values()
        for element in one.elements.values()
        if element.leg
    ]
    places = {"ticket": [root], "supervision": started, "leg": legs}
    missing = {
        (read.where, read.name)
        for read in VARIABLES
        if not read.milestones  # or else the check demands it
        and not (any if read.where == "supervision" else all)(  # promises begin alike
            read.name in set_in(drawn, one) for one in places[read.where]
        )
    }
    assert missing == set()


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
            ('camunda:formKey="do" ', 'camunda:formKey="do" camunda:asyncBefore="true" '),
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
            ('name="rating">none', 'name="stars">none'),
            f"{WHOLE}:mark_rated:named",
            ('name="rating">none', 'name="rating">good'),
            id="no rating where the product reads one",
        ),
        pytest.param(
            (
                '<bpmn:endEvent id="noted" />',
                f'<bpmn:endEvent id="noted">{props(milestone="merged")}</bpmn:endEvent>',
            ),
            f"{WHOLE}:noted:named",
            (
                '<bpmn:endEvent id="noted" />',  # in the ticket's own process it enters no ledger
                f'<bpmn:endEvent id="noted">{props(milestone="warned")}</bpmn:endEvent>',
            ),
            id="no main ticket where the product reads one",
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
    outside = ('"whole"}}', '"whole"}, "messages": {"told": "x"}}')
    undeclared = (message[0], message[1].format(""))
    declared = (message[0], message[1].format(props(sets="place, more")))
    assert findings(undeclared, reads, outside) == [f"{WHOLE}:do_it:variable"]
    assert findings(declared, reads, outside) == [f"{WHOLE}:do_it:unset"]  # it comes later


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
        "“ask_units”用到的变量“answer”没有任何地方赋值，请检查拼写，或由表单、决策、输出参数赋值。",
        "“again”用到的变量“more”没有任何地方赋值，请检查拼写，或由表单、决策、输出参数赋值。",
    }


def test_the_roles_are_those_that_people_can_have():
    from engine import access

    assert people.ROLES == access.ROLES
    assert frozenset(access.ACTIONS["work_task"]) == people.WORKING


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"not json",
        b"\xff\x00\x01\x80",
        b"[" * 100_000,
        b'{"type": "default", "components": [{"type": "documentPreview", "id": "x", "key": "x"}]}',
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


@pytest.mark.parametrize("process", [["whole"], {"id": "whole"}, 1, None, True], ids=str)
def test_a_manifest_that_names_no_process_is_a_finding(process):
    manifest = json.dumps({"start": {"call": process}}).encode()
    found = check({**SOUND, "bpmn/manifest.json": manifest})
    assert [(one.file, one.element, one.rule) for one in found] == [
        ("bpmn/manifest.json", "call", "manifest")
    ]


def called(inner, *, mapped=""):
    """The sound example with a call of a second process before the decision."""
    call = (
        f'<bpmn:callActivity id="call_second" calledElement="second">{mapped}</bpmn:callActivity>'
        '<bpmn:sequenceFlow id="a" sourceRef="mark_archived" targetRef="call_second" />'
        '<bpmn:sequenceFlow id="a2" sourceRef="call_second" targetRef="decide" />'
    )
    second = f"""{HEAD}
  <bpmn:process id="second" isExecutable="true">
    <bpmn:startEvent id="second_begins" />{inner}<bpmn:endEvent id="second_ends" />
    <bpmn:sequenceFlow id="s1" sourceRef="second_begins" targetRef="inner" />
    <bpmn:sequenceFlow id="s2" sourceRef="inner" targetRef="second_ends" />
  </bpmn:process>
</bpmn:definitions>"""
    pair = ('<bpmn:sequenceFlow id="a" sourceRef="mark_archived" targetRef="decide" />', call)
    return {**changed(SOUND, pair), "bpmn/second.bpmn": second.encode()}


def told(files):
    return [f"{one.file}:{one.element}:{one.rule}" for one in check(files)]


def test_a_process_that_calls_itself_is_refused():
    assert told(called('<bpmn:intermediateThrowEvent id="inner" />')) == []
    itself = called('<bpmn:callActivity id="inner" calledElement="second" />')
    assert told(itself) == ["bpmn/second.bpmn:inner:cycle"]
    through = called('<bpmn:callActivity id="inner" calledElement="whole" />')
    assert told(through) == ["bpmn/second.bpmn:inner:cycle", f"{WHOLE}:call_second:cycle"]


def test_a_process_may_call_itself_where_somebody_is_waited_for_on_the_way():
    task = (
        '<bpmn:userTask id="inner" camunda:formKey="do" camunda:candidateGroups="officer">'
        f'{props(unit="u")}</bpmn:userTask><bpmn:callActivity id="again" calledElement="{{}}" />'
        '<bpmn:sequenceFlow id="s3" sourceRef="inner" targetRef="again" />'
        '<bpmn:sequenceFlow id="s4" sourceRef="again" targetRef="second_ends" />'
    )
    drawn = ('<bpmn:sequenceFlow id="s2" sourceRef="inner" targetRef="second_ends" />', "")
    assert told(changed(called(task.format("second")), drawn)) == []
    assert told(changed(called(task.format("whole")), drawn)) == []
    # An error may happen without anybody having come.
    edge = (
        '<bpmn:callActivity id="inner" calledElement="third" />'
        '<bpmn:boundaryEvent id="fails" attachedToRef="inner"><bpmn:{}EventDefinition {}/>'
        '</bpmn:boundaryEvent><bpmn:callActivity id="again" calledElement="second" />'
        '<bpmn:sequenceFlow id="s3" sourceRef="fails" targetRef="again" />'
        '<bpmn:sequenceFlow id="s4" sourceRef="again" targetRef="second_ends" />'
    )
    third = SOUND["bpmn/whole.bpmn"].replace(b'id="whole"', b'id="third"')
    at_once = called(edge.format("error", ""))
    assert "bpmn/second.bpmn:again:cycle" in told({**at_once, "bpmn/third.bpmn": third})
    later = called(edge.format("message", 'messageRef="message_x" '))
    assert "bpmn/second.bpmn:again:cycle" not in told({**later, "bpmn/third.bpmn": third})


DAYS = "${workdays(now(), days)}"


@pytest.mark.parametrize("days", ["0", "-10", "2.5", "1001", "100000", "'5'", "True", "2 - 3"])
def test_a_limit_that_no_calendar_counts_is_refused_where_it_is_written(days):
    assert f"{WHOLE}:too_late:workdays" in findings((DAYS, f"${{workdays(now(), {days})}}"))


@pytest.mark.parametrize("days", ["1", "1000", "2 + 3"])
def test_a_limit_that_the_calendar_counts_may_be_written(days):
    assert findings((DAYS, f"${{workdays(now(), {days})}}")) == []
    assert findings((DAYS, f"${{days(now(), {days})}}")) == []


def test_a_deadline_may_be_extended_by_any_whole_number_of_days():
    for days in ("0", "-3", "15", "days"):
        assert findings((DAYS, f"${{extend(now(), {days})}}")) == []
    for written in ("extend(now(), 1.5)", "extend(now(), -1001)", "days(now(), 0)"):
        assert f"{WHOLE}:too_late:workdays" in findings((DAYS, f"${{{written}}}"))


def test_only_a_target_and_an_attempt_may_be_a_duration():
    drawn = (
        ('"deadline" value="handle"', '"deadline" value="{}"'),
        (f"<bpmn:timeDate>{DAYS}</bpmn:timeDate>", "<bpmn:timeDuration>PT15M</bpmn:timeDuration>"),
    )
    for name in ("target", "attempt"):
        assert findings((drawn[0][0], drawn[0][1].format(name)), drawn[1]) == []
    for name in ("sign", "handle", "return", "decide", "rectify", "promise"):
        assert findings((drawn[0][0], drawn[0][1].format(name)), drawn[1]) == [
            f"{WHOLE}:too_late:deadline"
        ]


ENTRY = "<outputEntry><text>2</text></outputEntry>"


@pytest.mark.parametrize("days", ["0", "-10", "2.5", "100000", "null"])
def test_a_limit_that_no_calendar_counts_is_refused_in_the_decision(days):
    entry = (ENTRY, f"<outputEntry><text>{days}</text></outputEntry>")
    assert findings(entry) == ["bpmn/limits.dmn:limits:workdays"]
    elsewhere = (DAYS, "${workdays(now(), 5)}")
    assert findings(entry, elsewhere) == []


def test_a_word_that_is_no_time_is_right_where_it_only_says_which_word_is_not_known():
    known = 'workdays(now(), 5) if kind == "a" else days(now(), 5) if kind == "b" else'
    assert findings((DAYS, f"${{{known} kind}}")) == []
    assert findings((DAYS, f"${{{known} 'c'}}")) == [f"{WHOLE}:too_late:timer"]
    of_any = findings((DAYS, "${workdays(now(), 5) if true else kind}"))
    assert set(of_any) == {f"{WHOLE}:too_late:timer"}


def test_a_table_with_a_bad_cell_is_drawn_all_the_same():
    entry = (ENTRY, "<outputEntry><text>2天</text></outputEntry>")
    assert findings(entry) == ["bpmn/limits.dmn:limits:table"]
    (renamed,) = findings(('<decision id="limits">', '<decision id="limit">'))
    assert renamed.endswith(":decision")


def test_a_limit_is_followed_into_the_process_that_is_called():
    timer = (
        '<bpmn:intermediateCatchEvent id="inner"><bpmn:timerEventDefinition>'
        "<bpmn:timeDate>${workdays(now(), limit)}</bpmn:timeDate>"
        "</bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"
    )

    def passing(what):
        return (
            f'<bpmn:extensionElements><camunda:in {what} target="limit" /></bpmn:extensionElements>'
        )

    assert told(called(timer, mapped=passing('source="days"'))) == []
    assert told(called(timer, mapped=passing('sourceExpression="${3}"'))) == []
    wrong = called(timer, mapped=passing('sourceExpression="${0}"'))
    assert told(wrong) == [f"{WHOLE}:call_second:workdays"]
    files = changed(
        called(timer, mapped=passing('source="days"')),
        (ENTRY, "<outputEntry><text>0</text></outputEntry>"),
        (DAYS, "${workdays(now(), 5)}"),
    )
    assert told(files) == ["bpmn/limits.dmn:limits:workdays"]


def test_a_role_that_may_work_on_no_task_is_refused():
    assert f"{WHOLE}:do_it:role" in findings(
        ('candidateGroups="officer"', 'candidateGroups="administrator"')
    )


LANES = (
    '<bpmn:startEvent id="begins" camunda:formKey="new" />',
    '<bpmn:laneSet id="lanes"><bpmn:lane id="lane" name="道">{}'
    "<bpmn:flowNodeRef>do_it</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>"
    '<bpmn:startEvent id="begins" camunda:formKey="new" />',
)


def lane(**properties):
    return (LANES[0], LANES[1].format(props(**properties)))


def test_a_property_that_nobody_reads_is_refused():
    deadline = props(deadline="handle", article="第十四条")
    typo = props(deadlin="handle", article="第十四条")
    assert findings((deadline, typo)) == [f"{WHOLE}:too_late:property"]
    assert findings(lane(role="officer", unit="x")) == []
    assert findings(lane(rol="officer")) == [f"{WHOLE}:lane:property"]
    assert findings(lane(article="第一条")) == [f"{WHOLE}:lane:property"]


def test_a_right_and_those_who_may_not_are_said_of_user_tasks_that_exist():
    def task(**properties):
        return findings((props(unit="${centre}"), props(unit="${centre}", **properties)))

    assert task(optional="true") == task(optional="false") == []
    assert task(optional="yes") == [f"{WHOLE}:do_it:optional"]
    assert task(other_than="do_it") == task(other_than="do_it, do_it") == []
    assert task(other_than="do_it,nobody") == [f"{WHOLE}:do_it:other_than"]
    assert task(other_than=" ,") == [f"{WHOLE}:do_it:other_than"]
    for name, value in (("optional", "true"), ("other_than", "do_it")):
        edge = (props(deadline="handle", article="第十四条"),)
        more = props(deadline="handle", article="第十四条", **{name: value})
        assert findings((edge[0], more)) == [f"{WHOLE}:too_late:{name}"]


def test_a_leg_is_lead_or_co():
    def leg(value, *passed):
        ins = "".join(f'<camunda:in source="centre" target="{name}" />' for name in passed)
        mapped = props(leg=value).replace("</camunda:properties>", f"</camunda:properties>{ins}")
        return told(called('<bpmn:intermediateThrowEvent id="inner" />', mapped=mapped))

    assert leg("lead", "unit", "round") == leg("co", "unit", "round") == []
    assert leg("leader", "unit", "round") == [f"{WHOLE}:call_second:leg"]
    # Its unit and its round are written down with it.
    assert leg("lead", "unit") == leg("lead", "round") == [f"{WHOLE}:call_second:leg"]
    assert findings(('"${centre}"', '"${centre}" /><camunda:property name="leg" value="co"')) == [
        f"{WHOLE}:do_it:leg"
    ]


@pytest.mark.parametrize(
    ("pair", "place"),
    [
        (('"do_it"', f'"{"x" * 81}"'), f"{WHOLE}:{'x' * 81}:length"),
        (('name="做"', f'name="{"做" * 81}"'), f"{WHOLE}:do_it:length"),
        (('value="第十四条"', f'value="{"条" * 41}"'), f"{WHOLE}:too_late:length"),
        (('"whole"', f'"{"x" * 81}"'), f"{WHOLE}:{'x' * 81}:length"),
    ],
    ids=["element", "name", "article", "process"],
)
def test_what_no_column_holds_is_refused(pair, place):
    assert place in findings(pair)
    assert findings((pair[0], pair[1].replace(max(pair[1], key=pair[1].count), "", 1))) == []


def test_options_that_no_column_holds_are_refused():
    def files(key, value):
        form = json.loads(SOUND["forms/new.form"])
        select = form["components"][0]["components"][0]
        values = [{"label": "丙", "value": value}]
        form["components"].append({**select, "id": "more", "key": key, "values": values})
        return {**SOUND, "forms/new.form": json.dumps(form).encode()}

    for key in ("type", "channel", "rating", "outcome"):
        assert told(files(key, "x" * 20)) == []
        assert told(files(key, "x" * 21)) == ["forms/new.form:more:length"]
    assert told(files("other", "x" * 21)) == []


def test_the_lengths_are_those_of_the_columns():
    from engine.flow.check import lengths
    from engine.store import tables

    columns = {
        "element": (tables.tasks.c.element, tables.timers.c.element),
        "name": (tables.tasks.c.name,),
        "form": (tables.tasks.c.form,),
        "article": (tables.tasks.c.article, tables.deadlines.c.article),
        "deadline": (tables.deadlines.c.name, tables.timers.c.deadline),
        "role": (tables.tasks.c.role, tables.user_roles.c.role),
        "process": (tables.tickets.c.process,),
        "topic": (tables.outbox.c.topic,),
        "path": (tables.version_files.c.path,),
        **{name: (tables.tickets.c[name],) for name in lengths.OPTIONS},
    }
    assert {name: {one.type.length for one in found} for name, found in columns.items()} == {
        name: {most} for name, most in {**lengths.LONGEST, **lengths.OPTIONS}.items()
    }
