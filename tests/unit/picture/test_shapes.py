"""Each family of shapes: what makes it known from the others."""

from __future__ import annotations

import pytest

from engine.picture import icons
from tests.unit.picture.drawn import (
    body,
    edge,
    element,
    file,
    one,
    parts,
    shape,
    strokes,
    svg,
    words,
)  # fmt: skip

EVENTS = ("message", "timer", "signal", "error", "escalation", "conditional", "compensate",
          "cancel", "terminate", "link")  # fmt: skip
TASKS = ("userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask",
         "receiveTask")  # fmt: skip
GATEWAYS = ("exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway",
            "complexGateway")  # fmt: skip


def drawn(content):
    """What stands in the picture for `it`, as text."""
    from lxml import etree

    found = body(svg(content))
    found.attrib.clear()
    return etree.tostring(found)


def differ(*contents):
    pictures = [drawn(content) for content in contents]
    assert len(set(pictures)) == len(pictures)


# --- events --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "widths"),
    [
        ("startEvent", [2.0]),
        ("endEvent", [4.0]),
        ("intermediateCatchEvent", [1.5, 1.5]),
        ("intermediateThrowEvent", [1.5, 1.5]),
        ("boundaryEvent", [1.5, 1.5]),
    ],
)
def test_an_event_is_thin_at_the_start_double_on_the_way_and_thick_at_the_end(kind, widths):
    assert strokes(svg(one(kind)), "circle") == widths


def test_every_kind_of_event_has_a_sign_of_its_own():
    kinds = [one("intermediateCatchEvent")]
    kinds += [one("intermediateCatchEvent", f"<bpmn:{k}EventDefinition/>") for k in EVENTS]
    both = "<bpmn:messageEventDefinition/><bpmn:timerEventDefinition/>"
    kinds += [
        one("intermediateCatchEvent", both),
        one("intermediateCatchEvent", both, parallelMultiple="true"),
    ]
    differ(*kinds)


@pytest.mark.parametrize("kind", ["message", "signal", "escalation", "compensate", "link"])
def test_what_is_thrown_is_filled_and_what_is_caught_is_not(kind):
    inner = f"<bpmn:{kind}EventDefinition/>"
    differ(one("intermediateCatchEvent", inner), one("intermediateThrowEvent", inner))


@pytest.mark.parametrize("no", ["false", "0"])
@pytest.mark.parametrize(
    ("kind", "attribute"), [("boundaryEvent", "cancelActivity"), ("startEvent", "isInterrupting")]
)
def test_an_event_that_does_not_interrupt_is_dashed(kind, attribute, no):
    def dashes(content):
        return {c.get("stroke-dasharray") for c in parts(svg(content), "circle")}

    assert dashes(one(kind, **{attribute: no})) == {"6 4"}
    assert dashes(one(kind, **{attribute: "true"})) == {None}


# --- gateways ------------------------------------------------------------------------------


def test_every_gateway_has_a_sign_of_its_own_and_a_diamond_around():
    differ(*(one(kind, drawn={"isMarkerVisible": "true"}) for kind in GATEWAYS))
    for kind in GATEWAYS:
        diamond = parts(svg(one(kind)), "polygon")[0].get("points")
        assert diamond == "0,-25 25,0 0,25 -25,0"


def test_an_exclusive_gateway_shows_its_x_when_the_file_says_so():
    plain, crossed = one("exclusiveGateway"), one("exclusiveGateway", drawn={"isMarkerVisible": 1})
    assert not parts(svg(plain), "path")
    assert len(parts(svg(crossed), "path")) == 1


def test_an_event_gateway_tells_whether_it_starts_and_whether_all_are_awaited():
    kind = "eventBasedGateway"
    differ(one(kind), one(kind, instantiate="true"), one(kind, eventGatewayType="Parallel"))


# --- activities ----------------------------------------------------------------------------


def test_every_kind_of_task_has_a_sign_of_its_own():
    differ(one("task"), *(one(kind) for kind in TASKS), one("receiveTask", instantiate="true"))
    assert icons.TASKS.keys() == set(TASKS)


def test_the_markers_at_the_lower_edge_are_told_apart_and_stand_side_by_side():
    loops = {
        "": "",
        "standard": "<bpmn:standardLoopCharacteristics/>",
        "parallel": "<bpmn:multiInstanceLoopCharacteristics/>",
        "sequential": '<bpmn:multiInstanceLoopCharacteristics isSequential="true"/>',
    }
    differ(*(one("userTask", inner) for inner in loops.values()))
    differ(one("userTask"), one("userTask", isForCompensation="true"))
    differ(one("subProcess"), one("adHocSubProcess"), one("transaction"))
    several = body(svg(one("subProcess", loops["parallel"], isForCompensation="true")))
    places = [g.get("transform") for g in several if g.get("transform", "").endswith("169)")]
    assert places == ["translate(131 169)", "translate(150 169)", "translate(169 169)"]


def test_a_collapsed_subprocess_has_a_plus_and_an_open_one_has_none():
    def boxes(**said):
        return len(parts(svg(one("subProcess", drawn=said)), "rect"))

    assert boxes(isExpanded="false") == boxes() == boxes(isExpanded="0") == 3  # ground, frame, plus
    assert boxes(isExpanded="true") == boxes(isExpanded="1") == 2


def test_a_subprocess_is_open_when_what_it_holds_is_drawn_and_the_file_does_not_say():
    inner = element("userTask", "inner", name="在里面")
    content = file(
        element("subProcess", "it", inner),
        shape("it", 0, 0, 300, 200) + shape("inner", 100, 50, 100, 80),
    )
    root = svg(content)
    assert words(root) == ["在里面"]
    order = [g.get("data-element-id") for g in root.iter("{*}g") if g.get("data-element-id")]
    assert order == ["it", "inner"]


def test_a_call_is_thick_a_transaction_double_and_an_event_subprocess_dotted():
    assert strokes(svg(one("callActivity")), "rect")[0] == 5
    assert strokes(svg(one("transaction")), "rect")[:2] == [2, 1.5]
    dotted = parts(svg(one("subProcess", triggeredByEvent="true")), "rect")[1]
    assert dotted.get("stroke-dasharray") == "2 4"


def test_a_call_of_a_task_shows_that_task_s_sign_and_no_plus():
    beside = '<bpmn:globalUserTask id="asked"/>'
    called = svg(one("callActivity", beside=beside, calledElement="asked"))
    other = svg(one("callActivity", calledElement="main"))
    assert len(parts(called, "rect")) == 2
    assert len(parts(other, "rect")) == 3
    assert len(parts(called, "path")) > len(parts(other, "path"))


# --- around and beside ---------------------------------------------------------------------


def test_a_pool_has_a_band_for_its_name_and_one_without_a_process_has_none():
    told = '<bpmn:participant id="it" name="热线中心" processRef="main"/>'
    silent = told.replace(' processRef="main"', "")
    for pool, bands in ((told, 1), (silent, 0)):
        content = file("", shape("it", 0, 0, 600, 200, isHorizontal="true"), pool)
        root = svg(content)
        assert len(parts(root, "path")) == bands
        assert words(root) == ["热线中心"]


@pytest.mark.parametrize(("lies", "turned"), [("true", 1), ("1", 1), ("false", 0), ("0", 0)])
def test_the_name_of_a_lane_goes_upwards_when_the_lane_lies(lies, turned):
    lane = '<bpmn:laneSet id="s"><bpmn:lane id="it" name="承办单位"/></bpmn:laneSet>'
    root = svg(file(lane, shape("it", 0, 0, 400, 200, isHorizontal=lies)))
    groups = [g for g in parts(root, "g") if g.get("transform", "").startswith("rotate(-90")]
    assert len(groups) == turned


def test_data_stores_groups_annotations_and_messages_are_told_apart():
    data = one("dataObjectReference")
    collection = one(
        "dataObjectReference",
        beside='<bpmn:x><bpmn:dataObject id="d" isCollection="true"/></bpmn:x>',
        dataObjectRef="d",
    )
    differ(
        data, collection, one("dataInput"), one("dataOutput"), one("dataStoreReference"),
        one("group"), one("textAnnotation"), one("message"), one("conversation"),
        one("callConversation"),
    )  # fmt: skip


def test_the_state_of_data_is_said_once():
    state = '<bpmn:dataState name="已登记"/>'
    assert words(svg(one("dataObjectReference", state, name="工单"))) == ["工单 [已登记]"]
    assert words(svg(one("dataObjectReference", state, name="工单 [已登记]"))) == ["工单 [已登记]"]


def test_a_kind_that_nobody_knows_is_drawn_as_an_activity():
    assert words(svg(one("choreographyTask", name="编排"))) == ["编排"]


# --- flows ---------------------------------------------------------------------------------


def flow(kind="sequenceFlow", way=((0, 0), (100, 0)), inner="", elements="", **said):
    return svg(file(elements + element(kind, "it", inner, **said), edge("it", *way)))


def test_a_sequence_flow_has_a_full_head_a_message_flow_a_hollow_one_and_a_ring():
    sequence, message = flow(), flow("messageFlow")
    assert [p.get("fill") for p in parts(sequence, "path")] == ["none", "#22242a"]
    assert [p.get("fill") for p in parts(message, "path")] == ["none", "#ffffff"]
    assert parts(message, "path")[0].get("stroke-dasharray") == "9 6"
    assert len(parts(message, "circle")) == 1


@pytest.mark.parametrize(("direction", "heads"), [("None", 0), ("One", 1), ("Both", 2)])
def test_an_association_has_as_many_heads_as_it_says(direction, heads):
    assert len(parts(flow("association", associationDirection=direction), "path")) == 1 + heads


def test_a_condition_is_marked_at_an_activity_and_a_default_everywhere():
    condition = "<bpmn:conditionExpression/>"
    task, gateway = element("task", "a", default="x"), element("exclusiveGateway", "a")
    default = element("exclusiveGateway", "a", default="it")
    marks = [
        len(parts(flow(inner=inner, elements=source, sourceRef="a"), "path"))
        for source, inner in ((task, condition), (gateway, condition), (default, ""), (task, ""))
    ]
    assert marks == [3, 2, 3, 2]


def test_bends_are_round_and_points_that_fall_together_do_no_harm():
    root = flow(way=((0, 0), (50, 0), (50, 0), (50, 80)))
    assert parts(root, "path")[0].get("d") == "M 0 0 L 45 0 Q 50 0 50 5 L 50 74"
    assert not parts(flow(way=((5, 5), (5, 5))), "path")  # no way at all


def test_a_flow_without_points_goes_from_middle_to_middle():
    content = file(
        element("task", "a") + element("task", "b") + element(
            "sequenceFlow", "it", sourceRef="a", targetRef="b"
        ),
        shape("a", 0, 0, 100, 80) + shape("b", 200, 0, 100, 80) + edge("it"),
    )  # fmt: skip
    line = parts(body(svg(content)), "path")[0].get("d")
    assert line.startswith("M 50 40 L 2")
