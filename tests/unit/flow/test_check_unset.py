"""Variables that are read before anything set them, on a way that can be walked and no other."""

from __future__ import annotations

import pytest

from tests.unit.flow.test_check_ways import (
    START,
    assigning,
    choosing,
    found,
    node,
    task,
)

FORK = node("exclusiveGateway", "fork")
MERGE = node("exclusiveGateway", "merge")
WAYS = ("which ends verdict == 'good'", "which other verdict == 'bad'")
LEAD = ("begins weigh", "weigh fork", "fork do_it weight > 5", "fork merge weight <= 5",
        "do_it merge", "merge which")  # fmt: skip


def unset(ways=WAYS, lead=LEAD, start=START, more=(), fork=FORK):
    """The readers to which a way leads that sets nothing; other rules have nothing to say."""
    parts = (task("weigh", "weigh_work"), fork, task("do_it"), MERGE, *more)
    said = found(choosing(*ways, before=parts, lead=lead, start=start))
    assert {one.rule for one in said} <= {"unset"}, said
    return [one.element for one in said]


def test_a_way_past_what_sets_a_variable_is_told():
    assert unset() == ["which"]


def test_a_value_to_begin_with_is_enough():
    start = assigning("startEvent", "begins", ("verdict", "good"))
    assert unset(start=start) == []
    between = (*LEAD[:3], "fork none weight <= 5", "none merge", *LEAD[4:])
    none = assigning("intermediateThrowEvent", "none", ("verdict", "bad"))
    assert unset(lead=between, more=(none,)) == []


@pytest.mark.parametrize(
    "ways",
    [
        # What was asked before it, or about it, guards the reading.
        ("which ends weight <= 5 or verdict == 'good'", "which other weight > 5"),
        ("which ends weight <= 5", "which other verdict == 'good' or verdict == 'bad'"),
        ("which ends (verdict == 'good') if weight > 5 else true", "which other weight > 5"),
    ],
)
def test_a_reading_that_is_guarded_is_right(ways):
    parts = (task("weigh", "weigh_work"), FORK, task("do_it"), MERGE)
    said = found(choosing(*ways, before=parts, lead=LEAD))
    assert [one for one in said if one.rule == "unset"] == []


def test_the_same_question_asked_again_leads_only_where_it_was_set():
    second = node("exclusiveGateway", "second")
    lead = (*LEAD[:5], "merge second", "second which weight > 5", "second over weight <= 5")
    assert unset(lead=lead, more=(second, node("endEvent", "over"))) == []
    lead = (*LEAD[:5], "merge second", "second which urgent", "second over not urgent")
    assert unset(lead=lead, more=(second, node("endEvent", "over"))) == ["which"]


def test_a_default_that_no_answer_takes_is_no_way():
    fork = FORK.replace(">", ' default="f2_fork">', 1)
    more = (assigning("intermediateThrowEvent", "none", ("verdict", "bad")),)
    lead = ("begins weigh", "weigh fork", "fork merge", "fork do_it weight > 5",
            "fork none weight <= 5", "none merge", "do_it merge", "merge which")  # fmt: skip
    assert unset(lead=lead, more=more, fork=fork) == []
    lead = (*lead[:4], "fork none weight < 5", *lead[5:])
    assert unset(lead=lead, more=more, fork=fork) == ["which"]


def test_a_mark_that_one_way_leaves_tells_the_ways_apart():
    done = assigning("intermediateThrowEvent", "done", ("done", "${true}"))
    skip = assigning("intermediateThrowEvent", "skip", ("done", "${false}"))
    second = node("exclusiveGateway", "second")
    lead = ("begins weigh", "weigh fork", "fork do_it weight > 5", "fork skip weight <= 5",
            "do_it done", "done merge", "skip merge", "merge second", "second which done",
            "second over not done")  # fmt: skip
    assert unset(lead=lead, more=(done, skip, second, node("endEvent", "over"))) == []


def test_behind_a_join_another_branch_may_have_set_it():
    split, join = node("parallelGateway", "split"), node("parallelGateway", "join")
    lead = ("begins split", "split weigh", "split do_it", "weigh join", "do_it join", "join which")
    parts = (split, task("weigh", "weigh_work"), task("do_it"), join)
    assert found(choosing(*WAYS, before=parts, lead=lead)) == []


def test_a_timer_that_interrupts_leaves_a_form_unfilled():
    edge = (
        '<bpmn:boundaryEvent id="late" attachedToRef="do_it">'
        "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration>"
        "</bpmn:timerEventDefinition></bpmn:boundaryEvent>"
    )
    parts = (task("do_it"), edge, MERGE)
    lead = ("begins do_it", "do_it merge", "late merge", "merge which")
    (said,) = found(choosing(*WAYS, before=parts, lead=lead))
    assert (said.element, said.rule) == ("which", "unset")
    assert said.sentence == (
        "“which”要用变量“verdict”，但有的走法到这里还没有给它赋过值，工单会停在这里；"
        "请在开始事件的输出参数里写初值，如 verdict = ${null}，或在每条路上都赋值。"
    )
