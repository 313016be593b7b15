"""Words that conditions compare with: those that a variable can have, and typing errors."""

from __future__ import annotations

import pytest

from tests.unit.flow.test_check_ways import (
    CASE,
    CLASSES,
    END,
    START,
    assigning,
    choosing,
    flows,
    form,
    found,
    node,
    process,
    task,
)


def never(*processes, forms=()):
    """The elements that compare with a word that never comes, and what is said of it."""
    said = found(*processes, forms=forms)
    assert {one.rule for one in said} <= {"never"}, said
    return {one.element: one.sentence for one in said}


DO_IT = task("do_it")


def deciding(condition, before=(DO_IT,), lead=("begins do_it", "do_it which"), start=START):
    """A gateway with this condition, and a default for all else."""
    drawn = choosing(f"which ends {condition}", "which other", before=before, lead=lead,
                     start=start)  # fmt: skip
    default = f"f{len(lead) + 1}_which"
    assert default in drawn
    return drawn.replace('Gateway id="which"', f'Gateway id="which" default="{default}"')


def test_a_word_that_no_option_is_hides_behind_a_default_no_longer():
    assert never(deciding("verdict == 'good'")) == {}
    (said,) = never(deciding("verdict == 'goood'")).values()
    assert said == (
        "“which”拿变量“verdict”和“goood”比较，但它从来没有这个值，只有“bad”、“good”，请检查拼写。"
    )


@pytest.mark.parametrize(
    ("condition", "wrong"),
    [
        ("verdict != 'goood'", True),
        ("'goood' == verdict", True),
        ("not (verdict == 'goood')", True),
        ("verdict in ['good', 'goood']", True),
        ("verdict in ['good', 'bad']", False),
        ("verdict == null or verdict == 'bad'", False),
    ],
)
def test_a_word_is_looked_for_however_it_is_compared(condition, wrong):
    assert bool(never(deciding(condition))) == wrong


def test_a_number_and_yes_or_no_are_compared_without_quotes():
    weigh = {"before": (task("weigh", "weigh_work"),), "lead": ("begins weigh", "weigh which")}
    assert never(deciding("urgent == true and weight == 5", **weigh)) == {}
    for condition in ("urgent == 'true'", "weight == '5'"):
        (said,) = never(deciding(condition, **weigh)).values()
        assert "从来不是文字" in said


def test_whatever_sets_the_variable_anywhere_counts():
    start = assigning("startEvent", "begins", ("verdict", "open"))
    assert never(deciding("verdict == 'open'", start=start)) == {}
    start = assigning("startEvent", "begins", ("verdict", "${'open' if now() > '2' else null}"))
    assert never(deciding("verdict == 'open'", start=start)) == {}
    start = assigning("startEvent", "begins", ("last", "open"), ("verdict", "${last}"))
    assert never(deciding("verdict == 'open'", start=start)) == {}
    assert list(never(deciding("verdict == 'opened'", start=start))) == ["which"]
    # Of a calculation, of a unit's kind, nothing is known.
    start = assigning("startEvent", "begins", ("verdict", "${kind_of('works')}"))
    assert never(deciding("verdict == 'centre'", start=start)) == {}


def test_a_table_answers_what_stands_in_its_cells():
    rank = '<bpmn:businessRuleTask id="rank" camunda:decisionRef="classes" />'
    lead = ("begins do_it", "do_it rank", "rank which")

    def said(word):
        drawn = deciding(f"grade == '{word}'", (task("do_it", "asked"), rank), lead)
        return list(never(drawn, forms=[*form(*CASE), ("bpmn/classes.dmn", CLASSES.encode())]))

    assert said("high") == []
    assert said("hihg") == ["which"]


def test_a_word_is_followed_through_calls_and_messages():
    call = ('<bpmn:callActivity id="call" calledElement="judge"><bpmn:extensionElements>'
            '<camunda:in sourceExpression="${&quot;first&quot;}" target="said" />'
            '<camunda:out source="fate" target="end" /></bpmn:extensionElements>'
            "</bpmn:callActivity>")  # fmt: skip
    lead = ("begins call", "call which")

    def said(outside, inside):
        well = node("exclusiveGateway", "well").replace(">", ' default="f2_well">', 1)
        judge = process(
            START, well, assigning("endEvent", "yes", ("fate", "kept")),
            assigning("endEvent", "no", ("fate", "given_up")),
            flows("begins well", f"well yes said == '{inside}'", "well no"), id="judge",
        )  # fmt: skip
        return sorted(never(deciding(f"end == '{outside}'", (call,), lead), judge))

    assert said("kept", "first") == []
    assert said("keept", "first") == ["which"]
    assert said("kept", "frist") == ["well"]


def test_of_what_comes_from_outside_nothing_is_known():
    hear = (
        '<bpmn:receiveTask id="hear" messageRef="message_again"><bpmn:extensionElements>'
        '<camunda:properties><camunda:property name="sets" value="verdict" />'
        "</camunda:properties></bpmn:extensionElements></bpmn:receiveTask>"
    )
    before, lead = (task("do_it"), hear), ("begins do_it", "do_it hear", "hear which")
    assert never(deciding("verdict == 'whatever'", before, lead)) == {}


def test_the_variable_of_a_loop_is_its_own():
    parts = (
        START, node("subProcess", "each", "".join((
            '<bpmn:multiInstanceLoopCharacteristics camunda:collection="${[&quot;x&quot;]}" '
            'camunda:elementVariable="verdict" />', node("startEvent", "b"),
            node("exclusiveGateway", "which").replace(">", ' default="f2_which">', 1),
            node("endEvent", "e"), node("endEvent", "o"),
            flows("b which", "which e verdict == 'x'", "which o")))),
        task("do_it"), END, flows("begins do_it", "do_it each", "each ends").replace("f", "g", 1),
    )  # fmt: skip
    assert never(process(*parts)) == {}
