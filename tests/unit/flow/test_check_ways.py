"""Ways, loops, joins and the values on them: what sound diagrams do, and is said of no sound one.

The broken ones are files in tests/broken; here are the neighbours that a rougher rule would hit.
"""

from __future__ import annotations

import json

import pytest

from engine.flow.check import check
from tests.broken.test_broken import SOUND

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn">'
    '<bpmn:message id="message_again" name="call_again" />'
)
UNIT = (
    "<bpmn:extensionElements><camunda:properties>"
    '<camunda:property name="unit" value="works" /></camunda:properties></bpmn:extensionElements>'
)


def task(id, form="do_work", sets=""):
    more = f"<camunda:inputOutput>{sets}</camunda:inputOutput></bpmn:extensionElements>"
    return (
        f'<bpmn:userTask id="{id}" camunda:formKey="{form}" camunda:candidateGroups="officer">'
        f"{UNIT.replace('</bpmn:extensionElements>', more) if sets else UNIT}</bpmn:userTask>"
    )


def node(kind, id, inner=""):
    return f'<bpmn:{kind} id="{id}">{inner}</bpmn:{kind}>'


def output(name, value):
    return f'<camunda:outputParameter name="{name}">{value}</camunda:outputParameter>'


def assigning(kind, id, *pairs):
    sets = "".join(output(*pair) for pair in pairs)
    extension = f"<camunda:inputOutput>{sets}</camunda:inputOutput>"
    return node(kind, id, f"<bpmn:extensionElements>{extension}</bpmn:extensionElements>")


def flows(*ways):
    found = []
    for number, way in enumerate(ways):
        source, target, *condition = way.split(" ", 2)
        inner = "".join(
            f"<bpmn:conditionExpression><![CDATA[${{{one}}}]]></bpmn:conditionExpression>"
            for one in condition
        )
        ends = f'sourceRef="{source}" targetRef="{target}"'
        found.append(
            f'<bpmn:sequenceFlow id="f{number}_{source}" {ends}>{inner}</bpmn:sequenceFlow>'
        )
    return "".join(found)


def process(*parts, id="tried"):
    return f'<bpmn:process id="{id}" isExecutable="true">{"".join(parts)}</bpmn:process>'


START, END = node("startEvent", "begins"), node("endEvent", "ends")
TERMINATE = node("endEvent", "over", "<bpmn:terminateEventDefinition />")


def found(*processes, forms=()):
    """What is said of these processes, beside the sound set."""
    text = f"{HEAD}{''.join(processes)}</bpmn:definitions>"
    return check({**SOUND, "bpmn/tried.bpmn": text.encode(), **dict(forms)})


def told(*processes, forms=()):
    """The rules that speak of them; many compare with a word that nothing sets, to leave a gap."""
    said = found(*processes, forms=forms)
    return [f"{one.element}:{one.rule}" for one in said if one.rule != "never"]


# --- ways that end ---------------------------------------------------------------------------

WATCH = node("receiveTask", "hear").replace(">", ' messageRef="message_again">', 1)


def test_a_watch_that_goes_on_for_ever_is_right_where_something_else_ends_it():
    parts = (
        START, node("parallelGateway", "split"), node("exclusiveGateway", "back"), WATCH,
        task("do_it"),
        flows("begins split", "split back", "back hear", "hear back", "split do_it",
              "do_it over"),
    )  # fmt: skip
    assert told(process(*parts, TERMINATE)) == []
    over = node("endEvent", "over")
    assert told(process(*parts, over)) == ["back:never_ends"]


def test_what_never_ends_inside_is_right_where_an_edge_ends_it_from_outside():
    inner = (node("startEvent", "b"), node("exclusiveGateway", "k"), task("t"))
    inside = "".join((*inner, node("endEvent", "e"), flows("b k", "k t", "t k")))
    around = (START, node("subProcess", "inside", inside), END)
    ways = flows("begins inside", "inside ends")
    edge = (
        '<bpmn:boundaryEvent id="told" attachedToRef="inside">'
        '<bpmn:messageEventDefinition messageRef="message_again" /></bpmn:boundaryEvent>'
    )
    assert "k:never_ends" in told(process(*around, ways))
    other = node("endEvent", "other")
    found = told(process(*around, edge, other, ways, flows("told other")))
    assert found == ["e:unreachable"]


# --- loops -----------------------------------------------------------------------------------


def looping(middle, *ways):
    gate = node("exclusiveGateway", "enough")
    first = (START, node("exclusiveGateway", "back"), task("weigh", "weigh_work"), middle, gate)
    return process(
        *first,
        END,
        flows("begins weigh", "weigh back", *ways, "enough ends weight < 5"),
        flows("enough back weight >= 5").replace("f0_", "g_"),
    )


CALL = (
    '<bpmn:callActivity id="call" calledElement="small_work"><bpmn:extensionElements>'
    '<camunda:in sourceExpression="${1}" target="step" /></bpmn:extensionElements>'
    "</bpmn:callActivity>"
)


def subprocess(*inside):
    parts = (node("startEvent", "b"), task("t"), node("endEvent", "e"), *inside)
    return node("subProcess", "in", "".join(parts))


def test_a_way_round_waits_where_a_called_process_or_a_subprocess_does():
    assert told(looping(task("do_it"), "back do_it", "do_it enough")) == []
    assert told(looping(CALL, "back call", "call enough")) == []
    waits = subprocess(flows("b t", "t e"))
    assert told(looping(waits, "back in", "in enough")) == []
    past = flows("b x", "x t weight > 1", "x e weight <= 1", "t e")
    by_itself = subprocess(node("exclusiveGateway", "x"), past)
    assert told(looping(by_itself, "back in", "in enough")) == ["back:loop"]
    nothing = node("intermediateThrowEvent", "pass")
    assert told(looping(nothing, "back pass", "pass enough")) == ["back:loop"]


# --- joins -----------------------------------------------------------------------------------


def test_a_join_is_passed_by_the_ways_that_are_open_together():
    parts = (START, node("parallelGateway", "split"), task("one"), task("two"),
             node("parallelGateway", "join"), END)  # fmt: skip
    ways = flows("begins split", "split one", "split two", "one join", "two join", "join ends")
    assert told(process(*parts, ways)) == []
    # A boundary that interrupts takes its host's place: only one of both comes.
    edge = (
        '<bpmn:boundaryEvent id="told" attachedToRef="one" cancelActivity="{}">'
        '<bpmn:messageEventDefinition messageRef="message_again" /></bpmn:boundaryEvent>'
    )
    alone = (START, task("one"), node("parallelGateway", "join"), END)
    ways = flows("begins one", "one join", "told join", "join ends")
    assert told(process(*alone, edge.format("true"), ways)) == ["join:join"]
    assert told(process(*alone, edge.format("false"), ways)) == []


def test_all_the_edges_that_do_not_interrupt_may_give_a_token_to_a_join():
    def edge(id, interrupting="false"):
        return (
            f'<bpmn:boundaryEvent id="{id}" attachedToRef="one" cancelActivity="{interrupting}">'
            "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration>"
            "</bpmn:timerEventDefinition></bpmn:boundaryEvent>"
        )

    parts = (START, task("one"), node("parallelGateway", "join"), END, node("endEvent", "other"))
    ways = ("begins one", "one other", "told join", "late join", "join ends")
    assert told(process(*parts, edge("told"), edge("late"), flows(*ways))) == []
    assert told(process(*parts, edge("told"), edge("late", "true"), flows(*ways))) == []
    found = told(process(*parts, edge("told", "true"), edge("late", "true"), flows(*ways)))
    assert found == ["join:join"]


# --- values ----------------------------------------------------------------------------------


DO_IT = task("do_it")


def choosing(*ways, before=(DO_IT,), lead=("begins do_it", "do_it which"), start=START):
    return process(
        start,
        *before,
        node("exclusiveGateway", "which"),
        END,
        node("endEvent", "other"),
        flows(*lead, *ways),
    )


def test_a_value_that_a_condition_on_the_way_ruled_out_needs_no_way():
    before = (task("do_it"), node("exclusiveGateway", "first"), task("more"), node("endEvent", "x"))
    before = (before[0], before[1], node("intermediateThrowEvent", "on"), before[3])
    lead = ("begins do_it", "do_it first", "first x verdict == 'bad'", "first on verdict == 'good'",
            "on which")  # fmt: skip
    ways = ("which ends verdict == 'good'", "which other verdict == 'awful'")
    assert told(choosing(*ways, before=before, lead=lead)) == []
    assert told(choosing(*ways)) == ["which:gap"]


def test_what_a_start_sets_counts_only_where_nothing_is_set_after_it():
    start = assigning("startEvent", "begins", ("verdict", "unknown"))
    ways = ("which ends verdict == 'good'", "which other verdict == 'bad'")
    assert told(choosing(*ways, start=start)) == []
    round_ = (node("exclusiveGateway", "skip"), task("weigh", "weigh_work"), task("do_it"))
    lead = ("begins weigh", "weigh skip", "skip do_it weight > 5", "skip which weight <= 5",
            "do_it which")  # fmt: skip
    found = told(choosing(*ways, start=start, before=round_, lead=lead))
    assert found == ["which:gap"]


def test_behind_a_join_nothing_is_said_of_what_one_branch_sets():
    start = assigning("startEvent", "begins", ("verdict", "unknown"))
    before = (node("parallelGateway", "split"), task("do_it"), task("weigh", "weigh_work"),
              node("parallelGateway", "join"))  # fmt: skip
    lead = ("begins split", "split do_it", "split weigh", "do_it join", "weigh join", "join which")
    ways = ("which ends verdict == 'good'", "which other verdict == 'bad'")
    assert told(choosing(*ways, start=start, before=before, lead=lead)) == []


def test_values_are_followed_into_a_called_process_and_out_of_it():
    passing = '<bpmn:callActivity id="call" calledElement="judge"><bpmn:extensionElements>' \
              '<camunda:in source="verdict" target="said" /><camunda:out source="fate" ' \
              'target="end" /></bpmn:extensionElements></bpmn:callActivity>'  # fmt: skip
    lead = ("begins do_it", "do_it call", "call which")
    before = (task("do_it"), passing)

    def judge(second):
        return process(
            START, node("exclusiveGateway", "well"), assigning("endEvent", "yes", ("fate", "kept")),
            assigning("endEvent", "no", ("fate", "given_up")),
            flows("begins well", "well yes said == 'good'", f"well no {second}"), id="judge",
        )  # fmt: skip

    ways = ("which ends end == 'kept'", "which other end == 'given_up'")
    sound = choosing(*ways, before=before, lead=lead)
    assert told(sound, judge("said == 'bad'")) == []
    assert told(sound, judge("said == 'awful'")) == ["well:gap"]
    short = choosing(ways[0], "which other end == 'lost'", before=before, lead=lead)
    assert told(short, judge("said == 'bad'")) == ["which:gap"]


def form(*fields):
    content = {"type": "default", "id": "asked", "components": fields}
    return [("forms/asked.form", json.dumps(content).encode())]


ROUTING = {"properties": {"routing": "true"}}


def number(**more):
    return {"type": "number", "id": "n", "key": "n", "label": "数", **ROUTING, **more}


@pytest.mark.parametrize(
    ("field", "ways", "found"),
    [
        (number(validate={"required": True}), ("n > 2", "n < 3"), []),  # of whole numbers
        (number(validate={"required": True}, decimalDigits=1), ("n > 2", "n < 3"), ["overlap"]),
        (number(validate={"required": True}, decimalDigits=1), ("n >= 3", "n <= 2"), ["gap"]),
        (number(validate={"required": True, "min": 1}), ("n == 1", "n > 1"), []),
        (number(), ("n != null and n > 1", "n != null and n <= 1"), ["gap"]),  # left empty
        (number(), ("n != null", "n == null"), []),
        (number(validate={"required": True}), ("n * 2 > 4", "n * 2 < 4"), ["gap"]),
        (number(validate={"required": True}), ("n < 2.5", "n > 3.5"), ["gap"]),  # 3
        (number(validate={"required": True, "min": 0, "max": 9}), ("n < 2.5", "n > 3.5"), ["gap"]),
        (number(validate={"required": True}), ("n < 2.5", "n > 2.5"), []),
        (number(validate={"required": True}), ("n < 2.5", "n > 1.5"), ["overlap"]),  # 2
        (number(validate={"required": True, "min": 0.5}), ("n == 0", "n > 0"), []),
        (number(validate={"required": True}, increment=5), ("n < 4", "n > 6"), ["gap"]),  # 5
    ],
)
def test_numbers_are_tried_on_both_sides_of_each_bound(field, ways, found):
    first, second = ways
    drawn = choosing(
        f"which ends {first}", f"which other {second}", before=(task("do_it", "asked"),)
    )
    said = told(drawn, forms=form(field))
    assert said == [f"which:{one}" for one in found]


CASE = (
    number(validate={"required": True}),
    {"type": "radio", "id": "s", "key": "sort", "label": "种类", "validate": {"required": True},
     "values": [{"label": one, "value": one} for one in ("plain", "special")], **ROUTING},
)  # fmt: skip


def gates(*lead, before=(), ways=()):
    """A case is asked for, goes by `lead`, and comes to the gateway with these two ways."""
    asked = (task("do_it", "asked"), *before, node("endEvent", "x"))
    drawn = choosing(*ways, before=asked, lead=("begins do_it", *lead))
    return [one for one in told(drawn, forms=form(*CASE)) if one != "x:unreachable"]


def test_what_one_way_asked_of_several_variables_hangs_together():
    ways = ("which ends n > 5", "which other n <= 5 and sort == 'special'")
    first = node("exclusiveGateway", "first").replace(">", ' default="f2_first">', 1)
    both = ("do_it first", "first x", "first which n > 5 or sort == 'special'")
    assert gates(*both, before=(first,), ways=ways) == []
    one = ("which ends n > 9", "which other n > 5 and n <= 9")
    both = (*both[:2], "first which n > 5 and sort == 'special'")
    assert gates(*both, before=(first,), ways=one) == []
    # One after the other, they hang together just as well.
    second = node("exclusiveGateway", "second")
    into = node("exclusiveGateway", "into")
    each = ("do_it first", "first into n > 5", "first second n <= 5",
            "second into sort == 'special'", "second x sort == 'plain'", "into which")  # fmt: skip
    between = (node("exclusiveGateway", "first"), second, into)
    assert gates(*each, before=between, ways=ways) == []
    assert gates("do_it which", ways=ways) == ["which:gap"]


CLASSES = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/">
<decision id="classes"><decisionTable id="t">
<input id="i"><inputExpression id="e"><text>n</text></inputExpression></input>
<output id="o" name="grade" />
<rule id="r1"><inputEntry id="r1i"><text>&gt; 10</text></inputEntry>
<outputEntry id="r1o"><text>"high"</text></outputEntry></rule>
<rule id="r2"><inputEntry id="r2i"><text>&lt;= 10</text></inputEntry>
<outputEntry id="r2o"><text>"low"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def test_what_a_table_derived_hangs_together_with_what_it_derived_it_from():
    rank = '<bpmn:businessRuleTask id="rank" camunda:decisionRef="classes" />'
    first, over = node("exclusiveGateway", "first"), node("endEvent", "x")

    def said(lead, ways, before=(rank, first, over)):
        asked = (task("do_it", "asked"), *before)
        drawn = choosing(*ways, before=asked, lead=("begins do_it", "do_it rank", *lead))
        return told(drawn, forms=[*form(*CASE), ("bpmn/classes.dmn", CLASSES.encode())])

    graded = ("rank first", "first x grade == 'low'", "first which grade == 'high'")
    assert said(graded, ("which ends n > 50", "which other n > 10 and n <= 50")) == []
    split = ("which ends grade == 'high' and n > 10", "which other grade == 'low' and n <= 10")
    assert said(("rank which",), split, before=(rank,)) == []
    asked = ("rank first", "first x n <= 10", "first which n > 10")
    assert said(asked, ("which ends grade == 'high'", "which other grade == 'top'")) == []
    assert said(("rank which",), ("which ends grade == 'high'", "which other n > 10"),
                before=(rank,)) == []  # fmt: skip
    found = said(("rank which",), ("which ends grade == 'high'", "which other grade == 'mid'"),
                 before=(rank,))  # fmt: skip
    assert found == ["which:gap"]


def test_what_was_asked_twice_of_another_variable_rules_a_way_out():
    before = (node("exclusiveGateway", "first"), node("exclusiveGateway", "merge"),
              node("exclusiveGateway", "second"), assigning("intermediateThrowEvent", "a",
              ("v", "one")), assigning("intermediateThrowEvent", "b", ("v", "two")))  # fmt: skip
    lead = ("do_it first", "first a sort == 'special'", "first b sort == 'plain'", "a merge",
            "b merge", "merge second", "second x sort == 'plain'",
            "second which sort == 'special'")  # fmt: skip
    ways = ("which ends v == 'one'", "which other v == 'three'")
    assert gates(*lead, before=before, ways=ways) == []
    lead = (*lead[:6], "second x n > 5", "second which n <= 5")
    assert gates(*lead, before=before, ways=ways) == ["which:gap"]


def test_a_default_that_no_answer_takes_is_no_way():
    first = node("exclusiveGateway", "first").replace(">", ' default="f3_first">', 1)
    two = assigning("intermediateThrowEvent", "two", ("v", "two"))
    one = assigning("intermediateThrowEvent", "one", ("v", "one"))
    lead = ("do_it two", "two first", "first which", "first one {}", "first x {}", "one which")
    ways = ("which ends v == 'one'", "which other v == 'three'")

    def said(some, others):
        asked = (way.format(some if "one" in way else others) for way in lead)
        return gates(*asked, before=(two, first, one), ways=ways)

    assert said("sort == 'special'", "sort == 'plain'") == []
    assert said("sort == 'special'", "sort == 'plain' and n > 5") == ["which:gap"]


def test_what_is_set_beside_may_have_come_between():
    start = assigning("startEvent", "begins", ("verdict", "unknown"))
    before = (node("parallelGateway", "split"), task("do_it"), task("weigh", "weigh_work"),
              node("endEvent", "x"))  # fmt: skip
    lead = ("begins split", "split do_it", "split weigh", "do_it x", "weigh which")
    ways = ("which ends verdict == 'good'", "which other verdict == 'bad'")
    assert told(choosing(*ways, start=start, before=before, lead=lead)) == []
    # Of what is called, an end that does not end everything need not be the last.
    call = ('<bpmn:callActivity id="call" calledElement="judge"><bpmn:extensionElements>'
            '<camunda:out source="fate" target="fate" /></bpmn:extensionElements>'
            "</bpmn:callActivity>")  # fmt: skip

    def judge(over):
        edge = (
            '<bpmn:boundaryEvent id="late" attachedToRef="t" cancelActivity="false">'
            "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration>"
            "</bpmn:timerEventDefinition></bpmn:boundaryEvent>"
        )
        begins = assigning("startEvent", "begins", ("fate", "open"))
        done = assigning("intermediateThrowEvent", "done", ("fate", "kept"))
        ways = flows("begins t", "t done", "done over", "late warned")
        ends = (over, node("endEvent", "warned"))
        return process(begins, task("t"), edge, done, *ends, ways, id="judge")

    drawn = ("which ends fate == 'kept'", "which other fate == 'lost'")
    drawn = choosing(*drawn, before=(call,), lead=("begins call", "call which"))
    assert told(drawn, judge(node("endEvent", "over"))) == []
    assert told(drawn, judge(TERMINATE)) == []
    drawn = ("which ends fate == 'held'", "which other fate == 'lost'")
    drawn = choosing(*drawn, before=(call,), lead=("begins call", "call which"))
    assert told(drawn, judge(TERMINATE)) == ["which:gap"]


def test_an_answer_that_others_may_hide_says_nothing_together_with_theirs():
    radio = {"type": "radio", "properties": {"routing": "true"}, "validate": {"required": True}}
    options = {"values": [{"label": one, "value": one} for one in ("yes", "no")]}
    reached = {**radio, **options, "id": "r", "key": "reached", "label": "联系上了"}
    rated = {**radio, **options, "id": "q", "key": "rated", "label": "满意",
             "conditional": {"hide": '=reached = "no"'}}  # fmt: skip
    ways = ("which ends reached == 'no'", "which other reached == 'yes' and rated != null")
    assert told(choosing(*ways, before=(task("do_it", "asked"),)), forms=form(reached, rated)) == []
