"""The expression language: what it reads, what it means, and what it keeps out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.flow import expressions
from engine.flow.expressions import ExpressionError
from engine.flow.model import Refused

VALUES = {
    "outcome": "done",
    "count": 3,
    "rate": 0.5,
    "units": ["u1", "u2"],
    "limits": {"sign": 1, "handle": 5},
    "urgent": True,
    "nothing": None,
    "start": "2026-09-30T10:00:00+08:00",
}


class World:
    def now(self):
        return datetime(2026, 9, 30, 2, 0, tzinfo=UTC)

    def workdays(self, start, days):
        return f"{start.isoformat()}+{days}"

    def extend(self, due, days):
        return f"{due.isoformat()} extended by {days}"

    def standing_leg(self):
        return 4

    def unit(self, id):
        return {
            "kind": "bureau",
            "level": "county",
            "area": "north",
            "centre": f"{id}_centre",
            "authority": "county",
            "superior": None,
        }


def value(text, values=VALUES):
    return expressions.read(text).value(values, World())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('${outcome == "done"}', True),
        ("${outcome == 'done' && count > 2}", True),
        ("${outcome == 'other' || !urgent}", False),
        ("${!urgent == false}", True),  # `!` binds tighter than `==`, as in Camunda
        ("${not urgent or count != 3}", False),
        ("${'a && b || !c'}", "a && b || !c"),
        ("${urgent == true and nothing == null}", True),
        ("${True}", True),
        ("${None}", None),
        ("${count in [1, 2, 3]}", True),
        ('${"u3" not in units}', True),
        ('${"on" in outcome}', True),
        ("${limits['handle'] + 1}", 6),
        ("${units[0]}", "u1"),
        ("${units[-1]}", "u2"),
        ("${count * 2 - 1 / 2 % 3}", 5.5),
        ("${-count}", -3),
        ("${1 if urgent else 2}", 1),
        ("${1e3 + 2.5E-1}", 1000.25),
        ("${'1if 0x1'}", "1if 0x1"),
        ("${{'a': [count]}}", {"a": [3]}),
        ("${1 < count <= 3}", True),
        ('${"a" + "b"}', "ab"),
        ("${[1] + [2]}", [1, 2]),
        ("${len(units) + len('abc')}", 5),
        ("${min(3, 1) + max([4, 2]) + abs(-1) + round(2.6)}", 9),
        ("${round(2.345, 1)}", 2.3),
        ("${now()}", "2026-09-30T10:00:00+08:00"),
        ("${workdays(start, limits['sign'])}", "2026-09-30T10:00:00+08:00+1"),
        ("${extend(start, -1)}", "2026-09-30T10:00:00+08:00 extended by -1"),
        (" ${ count } ", 3),
        # To Python True is 1; to JSON it is not.
        ("${urgent == 1}", False),
        ("${urgent != 1}", True),
    ],
)
def test_expressions_mean_what_they_say(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "outcome == 'done'",
        "=outcome",
        "#{outcome}",
        "${outcome",
        "${}",
        "${a b}",
        "${a = 1}",
        "${(a := 1)}",
        "${lambda: 1}",
        "${[x for x in units]}",
        "${{x for x in units}}",
        "${f'{count}'}",
        "${b'x'}",
        "${u'x'}",
        "${...}",
        "${1j}",
        "${count ** 2}",
        "${count // 2}",
        "${count << 99}",
        "${count | 1}",
        "${~count}",
        "${count is None}",
        "${units[0:1]}",
        "${units[0, 1]}",
        "${limits.handle}",
        "${outcome.upper()}",
        "${().__class__}",
        "${'{0.__class__}'.format(1)}",
        '${__import__("os").system("true")}',
        "${eval('1')}",
        "${open('/etc/passwd')}",
        "${getattr(outcome, 'upper')}",
        "${len(*units)}",
        "${max(units, key=len)}",
        "${units[0]()}",
        "${(len)(units) if print else 1}" if False else "${print(1)}",
        "${await x}",
        "${yield}",
        "${*units}",
        "${{1: 2}}",
        "${{**limits}}",
        "${1e400}",
        "${1if urgent else 2}",  # Python reads these, and warns
        "${0x1f}",
        "${1_000}",
        "${count or 1and 2}",
        "${" + "9" * 5000 + "}",
        "${" + "9" * 40 + "}",
        "${" + "(" * 500 + "1" + ")" * 500 + "}",
        "${" + "-" * 900 + "1}",
        "${" + "[" * 60 + "]" * 60 + "}",
        "${" + "1+" * 2000 + "1}",
        "${'a\x00b'}" if False else "${\x00}",
    ],
)
def test_what_is_not_in_the_language_is_refused_when_it_is_read(text):
    with pytest.raises(ExpressionError):
        expressions.read(text)


@pytest.mark.parametrize(
    "text",
    [
        "${missing}",
        "${__builtins__}",
        "${len}",
        "${limits['other']}",
        "${units[9]}",
        "${units['a']}",
        "${units[true]}",
        "${outcome[0]}",
        "${outcome * 1000000000}",
        "${[1] * 1000000000}",
        "${'%d' % 5}",
        "${urgent + 1}",
        "${count + 'a'}",
        "${count < 'a'}",
        "${urgent < 2}",
        "${nothing > 1}",
        "${1 / 0}",
        "${1 % 0}",
        "${1000000000000000 * 1000}",
        "${count in 5}",
        "${not count}",
        "${count and urgent}",
        "${1 if count else 2}",
        "${len(5)}",
        "${min()}",
        "${max([])}",
        "${min(1, 'a')}",
        "${abs('a')}",
        "${round(1.5, 1000000000)}",
        "${round(1.5, -1)}",
        "${now(1)}",
        "${workdays(start)}",
        "${workdays(start, true)}",
        "${workdays(start, '1')}",
        "${extend(start)}",
        "${extend(start, true)}",
    ],
)
def test_what_has_no_value_is_refused_when_it_is_reckoned(text):
    with pytest.raises(Refused, match="expression"):
        value(text)


@pytest.mark.parametrize("start", ["2026-09-30", "2026-09-30T10:00:00", "soon"])
def test_a_time_without_a_zone_is_no_time(start):
    with pytest.raises(Refused, match="deadline"):
        value("${workdays(start, 1)}", {"start": start})


def test_what_grows_is_bounded():
    with pytest.raises(Refused, match="expression"):
        value("${a + a}", {"a": "x" * 6_000})
    with pytest.raises(Refused, match="expression"):
        value("${a + a}", {"a": [0] * 6_000})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${leg()}", 4),
        ("${kind_of('u1')}", "bureau"),
        ("${level_of('u1') == 'county'}", True),
        ("${centre_of(units[0])}", "u1_centre"),
        ("${authority_of('u1')}", "county"),
        ("${superior_of('u1')}", None),
        # The end of the n-th day after; 00:00 is its end, as of working days.
        ("${days(start, 1)}", "2026-10-02T00:00:00+08:00"),
        ("${days('2026-09-30T16:00:00+00:00', 3)}", "2026-10-05T00:00:00+08:00"),
        ("${days('2026-12-31T23:59:59+08:00', 1000)}", "2029-09-27T00:00:00+08:00"),
        ("${extend(start, 0)}", "2026-09-30T10:00:00+08:00"),
        # null is no bound.
        ("${min(nothing, 3, 2)}", 2),
        ("${max([nothing, 'a', 'b', nothing])}", "b"),
        ("${min(nothing, nothing)}", None),
        ("${max([nothing])}", None),
    ],
)
def test_days_units_legs_and_bounds(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "${leg(1)}",
        "${kind_of(nothing)}",
        "${kind_of('u1', 'u2')}",
        "${days(start, 1.5)}",
        "${days(start, true)}",
        "${extend(start, false)}",
        "${min([])}",
        "${min(nothing, 1, 'a')}",
    ],
)
def test_what_they_cannot_be_asked_is_refused(text):
    with pytest.raises(Refused, match="expression"):
        value(text)


@pytest.mark.parametrize("text", ["${days(start, 0)}", "${days(start, 1001)}", "${days('x', 1)}"])
def test_days_that_cannot_be_counted_are_no_deadline(text):
    with pytest.raises(Refused, match="deadline"):
        value(text)


def test_variables_may_be_called_as_functions_are():
    read = expressions.read("${days(start, days) + leg}")
    assert read.names == {"start", "days", "leg"}
    assert read.functions == {"days"}
    assert value("${leg + len}", {"leg": 1, "len": 2}) == 3


def test_the_world_is_asked_only_where_there_is_one():
    with pytest.raises(Refused, match="expression"):
        expressions.read("${now()}").value({})


def test_an_expression_knows_what_it_reads_and_calls():
    read = expressions.read("${workdays(start, limits['sign']) == now() && true}")
    assert read.names == {"start", "limits"}
    assert read.functions == {"workdays", "now"}


def test_a_bare_text_is_itself_where_a_value_is_wanted():
    assert expressions.read_value("u1").value({}) == "u1"
    assert expressions.read_value("${unit}").value({"unit": "u2"}) == "u2"
    with pytest.raises(ExpressionError):
        expressions.read_value("a ${unit} b")


TEXTS = st.text(alphabet="ab1 '\"!&|<>=+-*/%()[]{},.~:notrueifinelse_lambda", max_size=40)


@given(TEXTS)
def test_whatever_is_written_is_refused_or_gives_a_plain_value(text):
    try:
        result = expressions.read_bare(text).value({"a": 1, "b": [1, "x"]}, World())
    except (ExpressionError, Refused):
        return
    assert result is None or isinstance(result, bool | int | float | str | list | dict)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=6,
)


@given(JSON, JSON)
def test_reading_never_changes_what_it_reads(one, other):
    import copy

    values = {"a": one, "b": other}
    before = copy.deepcopy(values)
    for text in ("${a == b}", "${a + b}", "${[a] + [b]}", "${a[0]}", "${min(a, b)}", "${a in b}"):
        try:
            value(text, values)
        except Refused:
            continue
    assert values == before


def test_a_list_without_a_member():
    values = {"units": ["a", "b", "a"], "lead": "a"}
    assert expressions.read("${without(units, lead)}").value(values) == ["b"]
    assert expressions.read("${without(units, null)}").value(values) == ["a", "b", "a"]
    with pytest.raises(Refused):
        expressions.read("${without(lead, units)}").value(values)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("${approval == “approved”}", '文字要用英文双引号，请写成 "approved"'),
        ("${approval == ‘approved’}", '请写成 "approved"'),
        ('${approval = "approved"}', "比较是否相等要写两个等号（==）"),
        ('${approval ＝＝ "approved"}', "“＝”是中文符号，请改成英文的 ="),
        ("${n ≥ 3}", "“≥”是中文符号，请改成英文的 >="),
        ("${n > 3 且 n < 5}", "请把“且”改成 and"),
        ("${workdays(now(), 7天)}", "数后面不写单位，请去掉“天”，只写数"),
        ("${n > 3 4}", "表达式写得不对：n > 3 4"),
    ],
)
def test_a_usual_slip_is_named_with_what_to_write(text, advice):
    with pytest.raises(ExpressionError) as error:
        expressions.read(text)
    assert advice in str(error.value)
