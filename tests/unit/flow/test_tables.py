"""Decision tables: unary tests as dmn-js writes them, hit policies, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from engine.flow import tables
from engine.flow.cells import TableError, covers, meet, read_output, read_test
from engine.flow.model import Refused
from tests.unit.flow.small import diagram


@pytest.mark.parametrize(
    ("cell", "hits", "misses"),
    [
        ("", ["x", 1, None, True], []),
        ("-", ["x", 1, None, False], []),
        ('"a"', ["a"], ["b", None, 1, True]),
        ('"a","b"', ["a", "b"], ["c", "a,b"]),
        ('"a, \\"b\\""', ['a, "b"'], ["a"]),
        ('"-"', ["-"], ["x"]),
        ('not("a")', ["b", 1, None], ["a"]),
        ('not("a", "b")', ["c"], ["a", "b"]),
        ("5", [5, 5.0], [4, "5", True]),
        ("1", [1], [True, "1"]),
        ("-5", [-5], [5]),
        ("1.5, 3", [1.5, 3], [2]),
        ("< 5", [4, -1, 4.99], [5, "4", None, False]),
        ("<=5", [5], [6]),
        ("> 5", [6], [5]),
        (">= 5", [5], [4]),
        ("[4..9]", [4, 9, 5.5], [3, 10, "5", None]),
        ("(4..9)", [5], [4, 9]),
        ("]4..9[", [5], [4, 9]),
        ("[4..9), 20", [4, 8.9, 20], [9, 19]),
        ("not([1..2], > 8)", [0, 3, 8], [1, 2, 9]),
        ("true", [True], [False, 1, "true"]),
        ("false", [False], [True, 0, None]),
        ("null", [None], ["", 0]),
        ('"咨询","求助"', ["咨询"], ["投诉"]),
    ],
)
def test_unary_tests(cell, hits, misses):
    test = read_test(cell)
    assert all(test.matches(value) for value in hits)
    assert not any(test.matches(value) for value in misses)


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("consult", "string"),  # forgot the quotes
        ('"a" "b"', ""),
        ('"a",', ""),
        ("[4..9", ""),
        ("[4,9]", ""),
        ("[9..4]", ""),
        ("< ", ""),
        ('< "a"', ""),
        ("not()", ""),
        ("not(1", ""),
        ("date(2026)", ""),
        ("? > 5", ""),
        ("1 + 1", ""),
        ("${x}", ""),
        ('"a"', "number"),
        ("5", "string"),
        ("true", "number"),
        ("5", "boolean"),
        ("1.5", "integer"),
        ("9" * 5000, ""),
    ],
)
def test_cells_that_cannot_be_read_are_refused(cell, kind):
    with pytest.raises(TableError, match="单元格"):
        read_test(cell, kind)


@pytest.mark.parametrize(
    ("cell", "value"),
    [('"第十四条"', "第十四条"), ("5", 5), ("-1.5", -1.5), ("true", True), ("null", None)],
)
def test_outputs(cell, value):
    assert read_output(cell) == value


@pytest.mark.parametrize("cell", ["", "-", "a", '"a","b"', "1 + 1", "now()"])
def test_outputs_that_are_no_literals_are_refused(cell):
    with pytest.raises(TableError):
        read_output(cell)


def table(*pairs):
    text = diagram("limits.dmn")["bpmn/limits.dmn"].decode()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return tables.read("bpmn/limits.dmn", etree.fromstring(text.encode()))


def limits(*pairs):
    (one,), findings = table(*pairs)
    assert not findings
    return one


def test_a_table_decides():
    answer = limits().decide({"type": "help", "calls": 5, "other": 1})
    assert answer.rule == "rule_many"
    assert answer.inputs == {"type": "help", "calls": 5}
    assert answer.outputs == {"limit": 15}


def test_no_rule_is_an_error():
    with pytest.raises(Refused, match="no_rule") as refused:
        limits().decide({"type": "help", "calls": -1})
    assert refused.value.facts["inputs"] == {"type": "help", "calls": -1}


def test_two_rules_of_a_unique_table_are_an_error_and_of_a_first_table_are_not():
    with pytest.raises(Refused, match="many_rules") as refused:
        limits(("[0..3)", "[0..3]")).decide({"type": "help", "calls": 3})
    assert refused.value.facts["rules"] == [1, 2]
    first = limits(("[0..3)", "[0..3]"), ("UNIQUE", "FIRST"))
    assert first.decide({"type": "help", "calls": 3}).outputs == {"limit": 2}


def test_a_missing_variable_is_an_error():
    with pytest.raises(Refused, match="expression"):
        limits().decide({"type": "help"})


def test_overlaps_of_a_table_are_found_without_running_it():
    assert list(limits().overlaps()) == []
    ((one, other),) = limits(("[0..3)", "[0..3]")).overlaps()
    assert (one.number, other.number) == (1, 2)
    assert list(limits(('not("consult","help")', 'not("consult")')).overlaps())


NUMBERS = st.integers(-3, 3)
CELLS = st.one_of(
    st.just("-"),
    NUMBERS.map(str),
    st.tuples(st.sampled_from(["<", "<=", ">", ">="]), NUMBERS).map(lambda p: f"{p[0]} {p[1]}"),
    st.tuples(st.sampled_from("[("), NUMBERS, NUMBERS, st.sampled_from("])")).map(
        lambda p: f"{p[0]}{min(p[1:3])}..{max(p[1:3])}{p[3]}"
    ),
)


@given(CELLS, CELLS, st.booleans())
def test_two_cells_meet_exactly_when_some_value_matches_both(one, other, negated):
    one = one if one == "-" or not negated else f"not({one})"
    first, second = read_test(one), read_test(other)
    tried = [number / 2 for number in range(-10, 11)] + ["\0", None, True]
    both = any(first.matches(value) and second.matches(value) for value in tried)
    assert meet(first, second) == both
    all_of_it = all(first.matches(value) for value in tried if second.matches(value))
    assert covers(first, second) == all_of_it


@pytest.mark.parametrize(
    ("pairs", "part"),
    [
        ([("UNIQUE", "COLLECT")], "COLLECT"),
        ([("UNIQUE", "ANY")], "ANY"),
        ([('"consult","help"', "consult")], "双引号"),
        ([("<text>15</text>", "<text></text>")], "空"),
        ([("<text>type</text>", "<text></text>")], "变量名"),
        ([("<text>type</text>", "<text>type.upper()</text>")], "条件列"),
        ([('name="limit"', 'name=""')], "name"),
        ([("decisionTable", "literalExpression")], "决策表"),
        ([('<decision id="limits"', '<decision id=""')], "id"),
    ],
)
def test_tables_that_cannot_be_read_are_findings(pairs, part):
    found, findings = table(*pairs)
    assert not found
    assert part in findings[0].sentence


def test_a_dependency_on_another_decision_is_refused():
    found, findings = table(("<decisionTable id", "<informationRequirement /><decisionTable id"))
    assert not found
    assert "依赖" in findings[0].sentence


def test_inputs_may_be_written_as_expressions():
    assert limits(("<text>type</text>", "<text>${type}</text>")).inputs[0].name == "${type}"


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        ("7天", "数后面不写单位，请去掉“天”，只写数"),
        ("< 7 个工作日", "数后面不写单位，请去掉“个工作日”，只写数"),
        ("“consult”", '文字要用英文双引号，请写成 "consult"'),
        ('"consult"，"help"', "“，”是中文符号，请改成英文的 ,"),
        ("＞5", "“＞”是中文符号，请改成英文的 >"),
        ('= "consult"', "等于某个值，直接写那个值，不写等号"),
    ],
)
def test_a_usual_slip_is_named_with_what_to_write(cell, advice):
    with pytest.raises(TableError) as error:
        read_test(cell)
    assert advice in str(error.value)


def test_a_strange_sign_within_a_text_is_no_slip():
    with pytest.raises(TableError) as error:
        read_test('"他说：“好”"]')
    assert str(error.value).endswith("写得不对")
