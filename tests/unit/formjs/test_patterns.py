"""Patterns mean what JavaScript means, and none takes long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.formjs import patterns

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("abc", ["abc", "xabcx"], ["ab", ""]),
        ("^a", ["ab"], ["ba"]),
        ("a$", ["ba"], ["ab"]),
        (r"^\d{17}[\dXx]$", ["11010119900307123X", "110101199003071234"], ["1", "１" * 18]),
        (r"^1[3-9]\d{9}$", ["13800138000"], ["12800138000", "138001380001"]),
        ("^(甲|乙)[0-9]{2,3}号?$", ["甲12号", "乙123"], ["丙12号", "甲1号"]),
        (r"^[\u4e00-\u9fff]{2,4}$", ["张三", "欧阳小明"], ["a", "张"]),
        (r"^[^\s,]+$", ["a-b"], ["a b", "a,b", ""]),
        (r"^\w+\.\w*$", ["a_1.", "a.b"], [".b", "é.b"]),
        (r"^(?:ab)*$", ["", "abab"], ["aba"]),
        ("^a{0}b$", ["b"], ["ab"]),
        ("^a{2,}$", ["aa", "aaaa"], ["a"]),
        ("^a+?b??$", ["a", "aab"], ["b"]),
        ("", ["", "x"], []),
        ("^$", [""], ["x"]),
        ("^(a*)*$", ["", "aaa"], ["b"]),
        ("^a|b$", ["ax", "xb"], ["xa"]),
        (r"^[a\-z\]]+$", ["a-z]"], ["b"]),
        (r"^赣[A-Z]·?[A-Z0-9]{5,6}$", ["赣E·12345", "赣E12345D"], ["赣e12345"]),
    ],
)
def test_found(pattern: str, yes: list[str], no: list[str]):
    machine = patterns.read(pattern)
    assert [text for text in yes if not machine.found(text)] == []
    assert [text for text in no if machine.found(text)] == []


@pytest.mark.parametrize(
    ("pattern", "clause"),
    [
        ("a" * 201, "超过200个字符"),
        ("(a", "括号不成对"),
        ("a)", "括号不成对"),
        ("[a", "没有写完"),
        ("a\\", "没有写完"),
        ("(?=a)", "前后断言"),
        ("(?<x>a)", "前后断言"),
        (r"\bword", "不支持“\\\\b”"),
        (r"(a)\1", "不支持“\\\\1”"),
        (r"\p{Han}", "不支持“\\\\p”"),
        (r"\u12", "不支持“\\\\u”"),
        ("*a", "位置不对"),
        ("a**", "不能连用"),
        ("^*", "不能重复"),
        ("a{3,1}", "前大后小"),
        ("a{,3}", "应为次数"),
        ("a{x}", "应为次数"),
        ("a{2", "应为次数"),
        ("[z-a]", "范围不对"),
        (r"[\d-z]", "范围不对"),
        ("a{999}", "太多"),
        ("(a{50}){50}", "太多"),
        ("(((){999}){999}){999}", "太多"),
        ("(" * 30 + ")" * 30, "嵌套太深"),
    ],
)
def test_refused(pattern: str, clause: str):
    with pytest.raises(patterns.PatternRefused, match=clause):
        patterns.read(pattern)


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^(.*)*x$", r"^(\w+\s?)*$", "(a*)*b"])
def test_no_pattern_takes_long(pattern: str):
    machine = patterns.read(pattern)
    before = time.process_time()
    machine.found("a" * 1000 + "!")
    assert time.process_time() - before < 2


ATOMS = ["a", "b", ".", "[ab]", "[^a]", "^", "$", "(a|b)", "(?:ab)", "a?", "b*", "(ab?)+", "a{1,2}"]


@CALM
@given(st.lists(st.sampled_from([*ATOMS, "|"]), max_size=8).map("".join), st.text("ab", max_size=8))
def test_agrees_with_the_library_of_python(pattern: str, text: str):
    assert patterns.read(pattern).found(text) == bool(re.search(pattern, text))


@CALM
@given(st.text("ab()[]{}|^$*+?\\d-,.19", max_size=25), st.text("ab1", max_size=10))
def test_any_pattern_is_read_or_refused(pattern: str, text: str):
    try:
        machine = patterns.read(pattern)
    except patterns.PatternRefused:
        return
    assert machine.found(text) in (True, False)
