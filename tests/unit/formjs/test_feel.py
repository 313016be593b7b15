"""Conditions: what they mean, and what is refused when the form is read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.formjs import feel

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

VALUES: dict[str, Any] = {
    "reached": "yes",
    "rating": "dissatisfied",
    "times": 3,
    "urgent": True,
    "wishes": ["secret", "unpublished"],
    "none": [],
    "评价": "不满意",
    "nothing": None,
}


@pytest.mark.parametrize(
    "text",
    [
        'reached = "yes"',
        'reached != "no"',
        '"yes" = reached',
        'nothing != "no"',
        "nothing = null",
        "missing = null",
        "urgent",
        "not(urgent = false)",
        'not(reached = "no")',
        "times > 2 and times >= 3 and times < 4 and times <= 3",
        "times = 3.0",
        "times > -1",
        "times in [1..3]",
        "times in (2..4)",
        "times in (1, 3)",
        "not(times in [1..3))",
        "not(times in (3..4])",
        "times between 1 and 3 and urgent",
        'rating in ("dissatisfied", "very_dissatisfied")',
        'rating in ["dissatisfied"]',
        "not(rating in [])",
        '"secret" in wishes',
        'reached in (["yes"], "other")',
        'list contains(wishes, "secret")',
        "count(wishes) = 2",
        "count(none) = 0",
        'contains(rating, "sat") and starts with(rating, "dis") and ends with(rating, "fied")',
        "string length(reached) = 3",
        '评价 = "不满意"',
        'reached = "\\u0079es"',
        'if urgent then reached = "yes" else false',
        'reached = "no" or urgent',
        '(reached = "no" or urgent) and times = 3',
        "true or nothing",
        "not(false and nothing)",
        'reached < "z"',
    ],
)
def test_holds(text: str):
    assert feel.read(text).holds(VALUES)


@pytest.mark.parametrize(
    "text",
    [
        'reached = "no"',
        'nothing = "no"',
        "nothing < 3",
        "not(nothing < 3)",
        "not(nothing)",
        'times = "3"',
        'times != "3"',
        "urgent = 1",
        "nothing",
        "times",
        "true and nothing",
        "false or nothing",
        'list contains(nothing, "x")',
        "count(nothing) = 0",
        "contains(times, reached)",
        'nothing in ("yes", "no")',
        "if nothing then true else false",
        "times between nothing and 4",
    ],
)
def test_does_not_hold(text: str):
    assert not feel.read(text).holds(VALUES)


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("", "没有写完"),
        ("a =", "没有写完"),
        ("a = b = c", "不认识“=”"),
        ("a == 1", "不认识|位置不对"),
        ("a && b", "不认识“&& b”"),
        ("a + 1", r"不认识“\+ 1”"),
        ("a - 1 > 2", "不认识“-”"),
        ("1.2.3 = a", "不认识"),
        ("'x' = a", "不认识"),
        ('a = "x', "不认识"),
        ("a.b = 1", "不认识"),
        ("today() = a", "没有函数“today”"),
        ("not(a, b)", "应有1个参数"),
        ("contains(a)", "应有2个参数"),
        ("(a", "缺少“）”|缺少“\\)”"),
        ("[a", "缺少"),
        ("a in [1..2", "范围没有写完"),
        ("if a then b", "缺少“else”"),
        ("and", "位置不对"),
        ("some x in a satisfies x", "不认识"),
        ("(" * 40 + "a" + ")" * 40, "嵌套太深"),
        ("a" * 1001, "超过1000个字符"),
    ],
)
def test_anything_else_is_refused_when_read(text: str, clause: str):
    with pytest.raises(feel.FeelRefused, match=clause):
        feel.read(text)


def test_names_and_literals_that_are_compared():
    expression = feel.read('a = "x" and not(b in ("y", "z")) or "q" != c')
    assert expression.names() == {"a", "b", "c"}
    assert list(expression.compared()) == [("a", "x"), ("b", "y"), ("b", "z"), ("c", "q")]


SOME = ["a", "b", "1", "-2", '"x"', "null", "true", "not(", "count(", "(", ")", "[", "]", ".."]
MORE = ["and", "or", ",", "=", "!=", "<", "<=", "in", "between", "if", "then", "else"]
WORDS = st.sampled_from(SOME + MORE)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@CALM
@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(), JSON, JSON)
def test_any_text_is_read_or_refused_and_any_values_are_judged(text: str, a: Any, b: Any):
    try:
        expression = feel.read(text)
    except feel.FeelRefused:
        return
    assert expression.holds({"a": a, "b": b}) in (True, False)
