"""What `hotline check` says of messages: thrown to nobody, waited for in vain, drawn nowhere."""

from __future__ import annotations

import json

import pytest

from engine.flow.check import check
from tests.unit.flow.small import changed, diagram
from tests.unit.flow.test_check import SOUND, props

STARTED = "bpmn/started.bpmn"
OUTSIDE = {"urged": "urged"}


def said(*pairs, outside=OUTSIDE, start="town", rules=("message", "correlation", "start", "id")):
    """The findings about messages in the example of started processes."""
    manifest = {"start": {"call": start}, "messages": outside}
    files = {
        **changed(diagram("started.bpmn"), *pairs),
        "bpmn/manifest.json": json.dumps(manifest).encode(),
    }
    return [f"{one.file}:{one.element}:{one.rule}" for one in check(files) if one.rule in rules]


def test_messages_that_find_somebody_are_right():
    assert said() == []


def test_a_message_that_nobody_throws_and_that_no_act_sends_is_waited_for_in_vain():
    assert said(outside={}) == [f"{STARTED}:is_urged:message"]


def test_a_message_of_outside_must_be_drawn():
    assert said(outside={**OUTSIDE, "merge": "merged"}) == ["bpmn/manifest.json:merge:message"]
    # One that starts a process is.
    assert said(outside={**OUTSIDE, "watch": "watch_needed"}) == []


def test_a_message_that_nobody_waits_for_would_be_lost():
    pairs = (
        '<bpmn:messageEventDefinition messageRef="message_needed" />\n    </bpmn:startEvent>',
        "</bpmn:startEvent>",
    )
    assert said(pairs) == [f"{STARTED}:ask_watch:message"]


def test_a_process_that_no_message_reaches_never_starts():
    pair = (
        'messageRef="message_needed" />\n    </bpmn:intermediateThrowEvent>',
        'messageRef="message_news" />\n    </bpmn:intermediateThrowEvent>',
    )
    assert said(pair) == [f"{STARTED}:is_needed:message"]


def test_a_correlation_that_no_thrower_has_is_never_met():
    pair = ('<camunda:property name="correlation" value="${watched}" />', "")
    assert said(pair) == [f"{STARTED}:hears:correlation"]


def test_a_message_starts_one_process_and_that_has_its_id_for_itself():
    twice = (
        '<bpmn:startEvent id="begins">',
        '<bpmn:startEvent id="begins"><bpmn:messageEventDefinition messageRef="message_needed" />',
    )
    pairs = (
        '<bpmn:startEvent id="begins">\n      <bpmn:extensionElements><camunda:inputOutput>\n'
        '        <camunda:outputParameter name="urges">${0}</camunda:outputParameter>\n'
        "      </camunda:inputOutput></bpmn:extensionElements>",
        twice[1],
    )
    assert said(pairs) == [f"{STARTED}:is_needed:start", "bpmn/manifest.json:call:start"]
    assert said(('"ask_units"', '"watch"'))[:1] == [f"{STARTED}:watch:id"]


def test_payload_is_known_where_it_comes_and_only_there():
    def unknown(*pairs):
        return said(*pairs, rules=("variable",))

    # `units` comes from a form that this example has not.
    assert unknown() == [f"{STARTED}:ask_units:variable"]
    more = unknown(('name="watched">${unit}', 'name="seen_by">${unit}'))
    assert sorted(more) == [
        f"{STARTED}:{one}:variable" for one in ("ask_units", "look_closer", "tell_news")
    ]
    read = ('name="unit" value="${unit}"', 'name="unit" value="${news}"')
    assert unknown(read) == [f"{STARTED}:ask_units:variable"]
    read = ('name="unit" value="${watched}"', 'name="unit" value="${news}"')
    assert f"{STARTED}:look:variable" in unknown(read)
    # Of what is thrown itself, and of what is compared, the variables must be known too.
    assert f"{STARTED}:ask_watch:variable" in unknown(("${round + 1}", "${rounds + 1}"))
    assert f"{STARTED}:hears:variable" in unknown(
        ('name="correlation" value="${unit}"', 'name="correlation" value="${units}"')
    )


BESIDE = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
  <bpmn:message id="message_y" name="y" />
  <bpmn:process id="beside" isExecutable="true">
    <bpmn:startEvent id="opens"><bpmn:messageEventDefinition messageRef="message_y" />
    </bpmn:startEvent><bpmn:endEvent id="ends">{}</bpmn:endEvent>
    <bpmn:sequenceFlow id="f" sourceRef="opens" targetRef="ends" />
  </bpmn:process></bpmn:definitions>"""


def test_the_milestones_of_what_a_message_starts_count():
    files = changed(
        SOUND,
        (props(milestone="rated"), ""),
        ('"whole"}}', '"whole"}, "messages": {"y": "y"}}'),
    )
    rated = BESIDE.format(props(milestone="rated"))
    assert check({**files, "bpmn/beside.bpmn": rated.encode()}) == []
    found = check({**files, "bpmn/beside.bpmn": BESIDE.format("").encode()})
    assert [one.rule for one in found] == ["milestone"]


@pytest.mark.parametrize("outside", [["x"], {"x": 1}, {"x": ""}, {"x": None}, "x"])
def test_the_messages_of_the_manifest_are_names(outside):
    found = said(outside=outside, rules=("manifest",))
    assert found == ["bpmn/manifest.json:messages:manifest"]


TOLD = (
    '<bpmn:sendTask id="warn" camunda:type="external" camunda:topic="warning.overdue">'
    "<bpmn:extensionElements><camunda:inputOutput>"
    '<camunda:inputParameter name="unit">${unit}</camunda:inputParameter>'
    "</camunda:inputOutput></bpmn:extensionElements></bpmn:sendTask>"
)


def test_what_goes_to_the_world_is_declared():
    def said_of(*pairs):
        files = changed(diagram("rework.bpmn"), *pairs)
        return [one for one in check(files) if one.rule in ("payload", "unsupported")]

    (finding,) = said_of()
    assert (finding.element, finding.rule) == ("warn", "payload")
    assert "“warning.overdue”，没有写输入参数" in finding.sentence
    bare = '<bpmn:sendTask id="warn" camunda:type="external" camunda:topic="warning.overdue" />'
    assert said_of((bare, TOLD)) == []


@pytest.mark.parametrize("milestone", ["warned", "ledgered"])
def test_a_supervision_is_told_why_and_of_whom(milestone):
    files = changed(SOUND, ('"whole"}}', '"whole"}, "messages": {"y": "y"}}'))
    untold = BESIDE.format(props(milestone=milestone))
    wrong = check({**files, "bpmn/beside.bpmn": untold.encode()})
    assert [(one.element, one.rule) for one in wrong] == [("ends", "named")] * 2
    assert all(f"“{name}”" in f"{wrong}" for name in ("reason", "unit"))
    told = untold.replace('"message_y" />\n', f'"message_y" />{TOLD}\n')
    assert told != untold
    assert check({**files, "bpmn/beside.bpmn": told.encode()}) == []


TOLD = props(sets="reason, unit")
