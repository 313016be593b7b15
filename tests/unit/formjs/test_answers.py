"""What people submit: values, or a sentence that says what to do; shown again as they left it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.formjs import Form, View, in_rows
from engine.formjs.model import Json

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

YES_NO = [{"label": "是", "value": "yes"}, {"label": "否", "value": "no"}]
UNITS = {
    "units": [{"label": "市城管局", "value": "cg"}, {"label": "市水务局", "value": "sw"}],
}


def field(kind: str, key: str = "f", **more: Any) -> dict[str, Any]:
    return {"id": f"id_{key}", "type": kind, "key": key, "label": f"项{key}", **more}


def form(*components: dict[str, Any]) -> Form:
    return Form.read(json.dumps({"components": components}).encode(), "forms/x.form")


def one(text: str | list[str], kind: str, **more: Any) -> tuple[Json, str]:
    """The value and the sentence of a form of one field."""
    raw = {"f": text if isinstance(text, list) else [text]}
    checked = form(field(kind, **more)).validate(raw, UNITS)
    return checked.values["f"], checked.errors.get("f", "")


REQUIRED = {"validate": {"required": True}}


@pytest.mark.parametrize(
    ("text", "kind", "more", "value"),
    [
        (" 一楼 ", "textfield", {}, "一楼"),
        ("", "textfield", {}, None),
        (" \u3000\u200b", "textfield", {}, None),
        ([], "textfield", {}, None),
        ("a\r\nb\rc\n", "textarea", {}, "a\nb\nc"),
        ("家👨‍👩‍👧", "textfield", {}, "家👨‍👩‍👧"),
        ("字" * 200, "textfield", {}, "字" * 200),
        ("1", "number", {}, 1),
        ("１２．５", "number", {}, 12.5),
        ("－３", "number", {}, -3),
        ("+0", "number", {}, 0),
        ("-0.0", "number", {}, 0),
        ("1.50", "number", {}, 1.5),
        ("2.00", "number", {"decimalDigits": 0}, 2),
        ("0.3", "number", {"increment": 0.1}, 0.3),
        ("999999999999999", "number", {}, 999999999999999),
        ("12.50", "number", {"serializeToString": True}, "12.5"),
        ("2026-10-08", "datetime", {"subtype": "date"}, "2026-10-08"),
        ("２０２６－１０－０８", "datetime", {"subtype": "date"}, "2026-10-08"),
        ("09:30", "datetime", {"subtype": "time"}, "09:30"),
        ("09：30", "datetime", {"subtype": "time"}, "09:30"),
        ("2026-10-08T09:30", "datetime", {"subtype": "datetime"}, "2026-10-08T09:30+08:00"),
        (
            "2026-10-08 09:30:00",
            "datetime",
            {"subtype": "datetime", "timeSerializingFormat": "no_timezone"},
            "2026-10-08T09:30",
        ),
        ("on", "checkbox", {}, True),
        ([], "checkbox", {}, False),
        ("yes", "radio", {"values": YES_NO}, "yes"),
        ("sw", "select", {"valuesKey": "units"}, "sw"),
        (["no", "yes", "no"], "checklist", {"values": YES_NO}, ["yes", "no"]),
        ([], "checklist", {"values": YES_NO}, []),
        (["sw"], "taglist", {"valuesKey": "units"}, ["sw"]),
        ("wang@example.com", "textfield", {"validate": {"validationType": "email"}}, None),
        ("138 0013 8000", "textfield", {"validate": {"validationType": "phone"}}, "13800138000"),
        ("１３８００１３８０００", "textfield", {"validate": {"validationType": "phone"}}, None),
        ("0793-8123456", "textfield", {"validate": {"validationType": "phone"}}, None),
        ("+86 13800138000", "textfield", {"validate": {"validationType": "phone"}}, None),
        ("400-820-8820", "textfield", {"validate": {"validationType": "phone"}}, None),
        ("12345", "textfield", {"validate": {"validationType": "phone"}}, None),
        ("赣E12345", "textfield", {"validate": {"pattern": "^赣[A-Z][0-9]{5}$"}}, None),
    ],
)
def test_taken(text: str | list[str], kind: str, more: dict[str, Any], value: Json):
    found, error = one(text, kind, **more)
    assert error == ""
    plain = text if isinstance(text, str) else ""
    if value is None and plain.strip(" \u3000\u200b"):  # what is kept as it is, made half-width
        value = plain.replace(" ", "").translate({0xFF10 + n: str(n) for n in range(10)})
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "kind", "more", "sentence"),
    [
        ("", "textfield", REQUIRED, "请填写“项f”。"),
        ("\u3000", "textarea", REQUIRED, "请填写“项f”。"),
        ("", "radio", {"values": YES_NO, **REQUIRED}, "请选择“项f”。"),
        ([], "checkbox", REQUIRED, "请勾选“项f”。"),
        ([], "checklist", {"values": YES_NO, **REQUIRED}, "请至少选择一项“项f”。"),
        ("maybe", "checkbox", {}, "“项f”的值不对，请重新勾选。"),
        (["a", "b"], "textfield", {}, "“项f”只能填写一项，请重新填写。"),
        ("字" * 201, "textfield", {}, "“项f”最多200字，现有201字，请删减后再提交。"),
        ("字" * 4001, "textarea", {}, "“项f”最多4000字，现有4001字，请删减后再提交。"),
        ("字" * 6, "textarea", {"validate": {"maxLength": 5}}, "“项f”最多5字，现有6字"),
        ("字", "textfield", {"validate": {"minLength": 5}}, "“项f”至少5字，现有1字，请补充。"),
        ("a\0b", "textfield", {}, "控制字符"),
        ("a\nb", "textfield", {}, "换行"),
        ("a\x1bb", "textarea", {}, "控制字符"),
        ("a\ud800", "textarea", {}, "控制字符"),
        ("a\u202eb", "textarea", {}, "控制字符"),
        ("三", "number", {}, "“项f”应为数字，如“3”，请不要写逗号、单位或其他文字。"),
        ("1,000", "number", {}, "应为数字"),
        ("1e5", "number", {}, "应为数字"),
        ("NaN", "number", {}, "应为数字"),
        ("٣", "number", {}, "应为数字"),
        ("1" * 16, "number", {}, "应为数字"),
        ("1.5", "number", {"decimalDigits": 0}, "“项f”应为整数，请去掉小数。"),
        ("1.234", "number", {"decimalDigits": 2}, "“项f”最多2位小数，请修改。"),
        ("0", "number", {"validate": {"min": 1}}, "“项f”不能小于1，请修改。"),
        ("21", "number", {"validate": {"max": "20"}}, "“项f”不能大于20，请修改。"),
        ("0.25", "number", {"increment": "0.1"}, "“项f”应为0.1的倍数，请修改。"),
        ("2026-02-30", "datetime", {"subtype": "date"}, "请写成“2026-10-08”的样式。"),
        ("2026-1-1", "datetime", {"subtype": "date"}, "请写成“2026-10-08”的样式。"),
        ("0026-10-08", "datetime", {"subtype": "date"}, "1900年至2100年"),
        ("24:00", "datetime", {"subtype": "time"}, "请写成“09:30”的样式"),
        ("9:30", "datetime", {"subtype": "time"}, "请写成“09:30”的样式"),
        ("2026-10-08", "datetime", {"subtype": "datetime"}, "日期和时间都填写完整"),
        ("2026-10-08T25:00", "datetime", {"subtype": "datetime"}, "请写成“09:30”的样式"),
        ("maybe", "radio", {"values": YES_NO}, "“项f”没有“maybe”这一项，请从列出的选项中选择。"),
        ("cg2", "select", {"valuesKey": "units"}, "没有“cg2”这一项"),
        (["yes", "x"], "checklist", {"values": YES_NO}, "没有“x”这一项"),
        ("a@b", "textfield", {"validate": {"validationType": "email"}}, "电子邮箱"),
        ("123456789012", "textfield", {"validate": {"validationType": "phone"}}, "电话"),
        ("电话", "textfield", {"validate": {"validationType": "phone"}}, "电话"),
        (
            "赣E",
            "textfield",
            {"validate": {"pattern": "^赣E.+$"}, "description": "如赣E12345"},
            "“项f”的格式不对（如赣E12345），请修改。",
        ),
    ],
)
def test_refused(text: str | list[str], kind: str, more: dict[str, Any], sentence: str):
    value, error = one(text, kind, **more)
    assert sentence in error
    assert error.endswith("。")
    assert value is None


def test_a_list_without_options_is_said():
    done = form(field("select", valuesKey="units")).validate({"f": ["x"]}, {"units": []})
    assert "目前没有可选的项，请联系系统管理员。" in done.errors["f"]


CASCADE = form(
    field("radio", "reached", values=YES_NO, properties={"routing": "true"}, **REQUIRED),
    {
        "id": "group",
        "type": "group",
        "label": "评价",
        "conditional": {"hide": '=reached != "yes"'},
        "components": [
            field("radio", "good", values=YES_NO, properties={"routing": "true"}, **REQUIRED),
            field("textfield", "why", conditional={"hide": '=good != "no"'}, **REQUIRED),
            {
                "id": "hint",
                "type": "text",
                "text": "# 提示\n请耐心",
                "conditional": {"hide": "=why = null"},
            },
        ],
    },
    field("textfield", "after", conditional={"hide": "=why != null"}),
)


def test_what_is_asked_follows_what_is_answered():
    asked = {
        (): "reached after",
        ("reached=no",): "reached after",
        ("reached=yes",): "reached group good after",
        ("reached=yes", "good=no"): "reached group good why after",
        ("reached=yes", "good=no", "why=慢"): "reached group good why hint",
        ("reached=no", "good=no", "why=慢"): "reached after",  # hidden answers do not count
    }
    for answers, expected in asked.items():
        given = dict(answer.split("=") for answer in answers)
        assert " ".join(flat(CASCADE.show(given, {}))) == expected, answers


def flat(views: list[View] | tuple[View, ...]) -> Iterator[str]:
    for view in views:
        yield view.key or view.id
        yield from flat(view.views)


def test_a_hidden_field_is_neither_required_nor_taken():
    checked = CASCADE.validate({"reached": ["no"]}, {})
    assert checked.errors == {}
    assert checked.values == {"reached": "no", "good": None, "why": None, "after": None}
    assert checked.routing == {"reached": "no", "good": None}
    assert checked.content == {"why": None, "after": None}
    checked = CASCADE.validate({"reached": ["no"], "why": ["慢"], "good": [""]}, {})
    assert checked.errors == {
        "why": "“项why”在当前情况下不用填写，所填内容已去掉，请核对后重新提交。"
    }
    assert checked.typed == {"reached": "no", "good": None, "why": None, "after": None}


def test_an_answer_that_cannot_be_taken_counts_as_none_for_others():
    checked = CASCADE.validate({"reached": ["perhaps"]}, {})
    assert list(checked.errors) == ["reached"]
    assert checked.typed["reached"] == "perhaps"
    assert [view.error for view in CASCADE.show(checked.typed, {}, checked.errors)] == [
        "“项reached”没有“perhaps”这一项，请从列出的选项中选择。",
        "",
    ]


def test_a_key_that_the_form_does_not_have_is_an_error_of_the_form():
    checked = CASCADE.validate({"reached": ["no"], "x\u202e": ["1"], "b": [], "c": [], "d": []}, {})
    assert checked.errors == {
        "": "提交的内容中有本表单没有的项“b”、“c”、“d”，请刷新页面后重新填写。"
    }


def test_a_field_that_may_only_be_read_is_shown_and_not_taken():
    found = form(field("textfield", readonly=True, defaultValue="甲"))
    assert [(view.value, view.readonly) for view in found.show({}, {})] == [("甲", True)]
    assert found.validate({}, {}).values == {"f": None}
    assert "只读" in found.validate({"f": ["乙"]}, {}).errors["f"]


def test_a_default_is_shown_until_there_is_an_answer_and_none_is_an_answer():
    found = form(field("number", defaultValue=1, validate={"min": 1, "max": 3}, decimalDigits=1))
    (view,) = found.show({}, {})
    assert (view.value, view.min, view.max, view.step) == ("1", "1", "3", "0.1")
    assert found.show({"f": None}, {})[0].value == ""
    assert found.validate({}, {}).values == {"f": None}


def test_views_tell_a_template_all_it_needs():
    found = form(
        field("datetime", "when", subtype="datetime", timeInterval=15, layout={"row": "r1"}),
        field("checkbox", "sure", layout={"row": "r1", "columns": 4}),
        field("select", "unit", valuesKey="units", searchable=True, description="按权责清单"),
        field("taglist", "tags", values=YES_NO),
        field("textfield", "fee", appearance={"prefixAdorner": "¥", "suffixAdorner": "元"}),
        {"id": "s1", "type": "spacer", "height": 30},
        {"id": "s2", "type": "separator"},
    )
    given = {"when": "2026-10-08T09:30+08:00", "sure": True, "unit": "sw", "tags": ["no"]}
    when, sure, unit, tags, fee, spacer, _ = found.show(given, UNITS)
    assert (when.value, when.step, when.row) == ("2026-10-08T09:30", "900", "r1")
    assert (sure.value, sure.columns) == (True, 4)
    assert [option.label for option in unit.options] == ["市城管局", "市水务局"]
    assert (unit.value, unit.searchable, unit.description) == ("sw", True, "按权责清单")
    assert (tags.value, fee.prefix, fee.suffix, spacer.height) == (["no"], "¥", "元", 30)
    assert [len(line) for line in in_rows(found.show(given, UNITS))] == [2, 1, 1, 1, 1, 1]


def test_a_form_may_be_empty():
    assert form().show({}, {}) == []
    assert form().validate({}, {}).values == {}


# --- whatever comes in ------------------------------------------------------------------------

EVERYTHING = form(
    field("textfield", "a", validate={"maxLength": 20}),
    field("textarea", "b", conditional={"hide": '=contains(a, "x")'}),
    field("number", "c", decimalDigits=2, conditional={"hide": "=b = null"}),
    field("number", "d", serializeToString=True, increment=0.5, validate={"min": -5}),
    field("datetime", "e", subtype="date"),
    field("datetime", "g", subtype="time"),
    field("datetime", "h", subtype="datetime"),
    field("checkbox", "i"),
    field("checklist", "j", values=YES_NO, conditional={"hide": "=i"}),
    field("radio", "k", values=YES_NO, conditional={"hide": "=count(j) > 1"}),
    field("select", "l", valuesKey="units"),
    field("taglist", "m", valuesKey="units", conditional={"hide": '=k = "no"'}),
    field("textfield", "n", validate={"validationType": "phone"}),
    field("textfield", "o", validate={"pattern": "^[a-z]+$"}),
)
GOOD = ["yes", "no", "cg", "sw", "true", "", "x", "1", "１２．５", "-3.5", "0.001", "13800138000"]
TIMES = ["2026-10-08", "09:30", "2026-10-08T09:30", " a ", "a\r\nb", "2026-02-30T09:30"]
TEXTS = st.sampled_from(GOOD + TIMES) | st.text() | st.text(st.characters(categories=["Cs", "Cc"]))
RAW = st.dictionaries(
    st.sampled_from("abcdeghijklmno") | st.text(max_size=2), st.lists(TEXTS, max_size=3)
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=6,
)


def as_browser(views: list[View]) -> dict[str, list[str]]:
    """What a browser submits when nobody touches what is shown."""
    raw = {}
    for view in views:
        if isinstance(view.value, bool):
            raw[view.key] = ["true"] if view.value else []
        else:
            raw[view.key] = [view.value] if isinstance(view.value, str) else view.value
    return raw


@CALM
@given(RAW)
def test_nothing_submitted_makes_it_fail_and_what_is_taken_comes_back(raw: dict[str, list[str]]):
    checked = EVERYTHING.validate(raw, UNITS)
    assert all(sentence.endswith("。") for sentence in checked.errors.values())
    json.dumps(checked.values, allow_nan=False).encode()
    again = EVERYTHING.validate(as_browser(EVERYTHING.show(checked.typed, UNITS)), UNITS)
    left = {key for key in checked.errors if key and checked.typed[key] is not None}
    assert set(again.errors) <= left
    if not checked.errors:
        assert (again.values, again.errors) == (checked.values, {})
        assert checked.typed == checked.values


@CALM
@given(st.dictionaries(st.sampled_from("abcdeghijklmno"), ANY))
def test_any_stored_answers_are_shown(answers: dict[str, Any]):
    for view in EVERYTHING.show(answers, UNITS):
        assert isinstance(view.value, bool | str | list)


@CALM
@given(st.dictionaries(st.text(max_size=2), ANY))
def test_not_even_what_no_browser_sends_makes_it_fail(raw: dict[str, Any]):
    EVERYTHING.validate(raw, UNITS)


PAST = {"properties": {"past": "true"}}
NOON = datetime(2026, 10, 10, 4, 0, tzinfo=UTC)
"""12:00 in Shangrao."""


@pytest.mark.parametrize(
    ("text", "subtype", "said"),
    [
        ("2026-10-10T12:00", "datetime", ""),
        ("2026-10-10T12:01", "datetime", "还没有到"),
        ("2026-10-10", "date", ""),
        ("2026-10-11", "date", "还没有到"),
        ("2025-10-10", "date", ""),
        ("2025-10-09T23:59", "datetime", ""),
        ("2025-10-08", "date", "在一年以前"),
        ("1926-10-10T09:00", "datetime", "在一年以前"),
    ],
)
def test_what_has_happened_lies_in_the_year_before_it_is_written_down(text, subtype, said):
    happened = form(field("datetime", subtype=subtype, **PAST))
    sentence = happened.validate({"f": [text]}, {}, NOON).errors.get("f", "")
    assert said in sentence
    assert bool(said) == bool(sentence)
    # Without a clock (a form shown again, a ticket of another platform) nothing is held against it.
    assert not happened.validate({"f": [text]}, {}).errors


def test_a_date_that_is_not_said_to_be_past_may_lie_ahead():
    appointed = form(field("datetime", subtype="date"))
    assert not appointed.validate({"f": ["2027-01-01"]}, {}, NOON).errors


def test_a_hidden_date_of_the_past_is_not_asked():
    hidden = form(
        field("checkbox", "told"),
        field("datetime", subtype="date", conditional={"hide": "=told = false"}, **PAST),
    )
    assert not hidden.validate({}, {}, NOON).errors


def test_a_checklist_that_routes_is_a_list_even_when_hidden_or_empty() -> None:
    both = form(
        field("radio", "reached", values=YES_NO, properties={"routing": "true"}),
        field("checklist", "with_units", values=YES_NO, properties={"routing": "true"}),
        field(
            "taglist",
            "later",
            values=YES_NO,
            properties={"routing": "true"},
            conditional={"hide": '=reached = "no"'},
        ),
    )
    empty = both.validate({"reached": ["no"]}, {})
    assert empty.routing == {"reached": "no", "with_units": [], "later": []}
    chosen = both.validate({"with_units": ["no", "yes"]}, {})
    assert chosen.routing == {"reached": None, "with_units": ["yes", "no"], "later": []}


def test_a_ticket_s_number_is_no_routing_of_the_form_itself() -> None:
    linked = form(field("textfield", "other", properties={"ticket": "main_ticket"}))
    assert [one.ticket for one in linked.fields] == ["main_ticket"]
    assert linked.validate({"other": ["20261010-00012"]}, {}).routing == {}
