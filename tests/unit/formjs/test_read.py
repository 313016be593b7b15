"""What would fail later is refused when the form is read, with a sentence that names the field."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.formjs import Finding, Form, FormRefused

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ROOT = Path(__file__).resolve().parents[3]


def form(*components: dict[str, Any], **more: Any) -> bytes:
    rows = [{"id": f"field_{n}", **row} for n, row in enumerate(components)]
    return json.dumps({"type": "default", "components": rows, **more}).encode()


def text(**more: Any) -> dict[str, Any]:
    return {"type": "textfield", "key": "place", "label": "地点", **more}


def choice(**more: Any) -> dict[str, Any]:
    values = [{"label": "是", "value": "yes"}, {"label": "否", "value": "no"}]
    return {"type": "radio", "key": "reached", "label": "联系上", "values": values, **more}


def number(**more: Any) -> dict[str, Any]:
    return {"type": "number", "key": "times", "label": "次数", **more}


def hidden(condition: Any) -> dict[str, Any]:
    return text(conditional={"hide": condition})


def refused(content: bytes) -> FormRefused:
    with pytest.raises(FormRefused) as caught:
        Form.read(content, "forms/x.form")
    return caught.value


def test_a_sentence_that_quotes_from_the_file_stays_in_one_line_and_bearable():
    (finding,) = refused(form(text(label="一\u2028二\n三", key="1" * 50))).findings
    assert len(str(finding).splitlines()) == 1
    long = Finding("f", "a\nb", "rule", "“" + "很长" * 5_000 + "\x07”写得不对。")
    assert len(long.sentence) < 600
    assert long.sentence.endswith("?”写得不对。")
    assert str(long).startswith("f:a b: “很长")


@pytest.mark.parametrize(
    "kind",
    ["html", "table", "dynamiclist", "documentPreview", "iframe", "image", "expression", "", None],
)
def test_a_component_outside_the_list_is_refused_with_its_name(kind: str | None):
    finding = refused(form(text(type=kind))).findings[0]
    assert (finding.file, finding.element, finding.rule) == (
        "forms/x.form",
        "field_0",
        "form_component",
    )
    assert finding.sentence.startswith(f"“地点”：组件类型“{kind}”不受支持，请改用：textfield、")


@pytest.mark.parametrize(
    ("components", "rule", "sentence"),
    [
        ([text(validate={"unique": True})], "form_validation", "“地点”：校验“unique”不受支持"),
        ([text(validate={"min": 1})], "form_validation", "校验“min”不受支持"),
        ([number(validate={"pattern": "1"})], "form_validation", "校验“pattern”不受支持"),
        ([text(validate={"required": "=a"})], "form_property", "不支持表达式"),
        ([text(validate={"required": 1})], "form_property", "true或false"),
        ([text(validate={"maxLength": "=9"})], "form_property", "整数"),
        ([text(validate={"maxLength": 0})], "form_property", "整数"),
        ([text(validate={"minLength": 300})], "form_validation", "大于maxLength（200）"),
        ([text(validate={"pattern": "(?=x)"})], "form_validation", "pattern不受支持"),
        ([text(validate={"pattern": 3})], "form_validation", "pattern应为文字"),
        (
            [text(validate={"pattern": "x", "maxLength": 2000})],
            "form_validation",
            "不能超过1000",
        ),
        ([text(validate={"validationType": "url"})], "form_validation", "validationType只支持"),
        ([text(validate=[1])], "form_validation", "validate应为"),
        ([number(validate={"min": 3, "max": 1})], "form_validation", "min大于max"),
        ([number(validate={"min": "many"})], "form_property", "应为数字"),
        ([number(validate={"min": 1e300})], "form_property", "应为数字"),
        ([number(increment=0)], "form_validation", "increment应大于0"),
        ([number(decimalDigits=-1)], "form_property", "整数"),
        ([text(magic=True)], "form_property", "属性“magic”不受支持"),
        ([text(properties={"past": "true"})], "form_property", "只用于日期"),
        ([text(properties={"templates": "reply"})], "form_property", "只用于多行文本"),
        (
            [text(type="textarea", properties={"templates": "replies"})],
            "form_property",
            "reply、refusal、decision",
        ),
        (
            [text(properties={"magic": "true"})],
            "form_property",
            "只支持routing、card、ticket、past、search、reporter和templates",
        ),
        ([text(properties={"search": "yes"})], "form_property", "search应为true或false"),
        ([text(properties={"search": [1]})], "form_property", "search应为true或false"),
        ([number(properties={"search": "true"})], "form_property", "只能用于文字"),
        (
            [text(properties={"search": "true", "card": "caller"})],
            "form_property",
            "不能用于诉求人的姓名和电话",
        ),
        ([text(label="")], "form_label", "没有标签"),
        ([text(label="=a")], "form_property", "不支持表达式"),
        ([text(description="{{a}}")], "form_property", "模板"),
        ([text(label="地\u202e点")], "form_property", "控制字符"),
        ([text(key="")], "form_key", "没有键"),
        ([text(key="a.b")], "form_key", "只能由字母"),
        ([text(key="_a")], "form_key", "只能由字母"),
        ([text(key="ｘ")], "form_key", "只能由字母"),
        ([text(id="")], None, None),
        ([text(disabled=True, validate={"required": True})], "form_validation", "只读"),
        ([text(appearance={"icon": "x"})], "form_property", "appearance只支持"),
        ([text(layout={"x": 1})], "form_property", "layout"),
        ([text(layout={"columns": 17})], "form_property", "columns"),
        ([text(properties={"routing": "true"})], "form_routing", "只有select"),
        ([choice(properties={"routing": "yes"})], "form_routing", "true或false"),
        ([choice(properties={"routnig": "true"})], "form_property", "只支持routing"),
        ([choice(properties={"ticket": "main"})], "form_property", "只能用于单行文字"),
        ([text(properties={"ticket": "no name"})], "form_key", "只能由字母"),
        ([choice(values=[])], "form_options", "没有选项"),
        ([choice(values=[{"label": "x"}])], "form_options", "label和value"),
        ([choice(values=[{"label": "x", "value": 1}])], "form_property", "应为文字"),
        ([choice(values=[{"label": "x", "value": " "}])], "form_options", "为空"),
        ([choice(values=[{"label": "x", "value": "1"}] * 2)], "form_options", "value相同"),
        ([choice(values=None, valuesKey="cities")], "form_options", "没有选项来源“cities”"),
        ([choice(values=None, valuesKey="streets")], "form_options", "没有选项来源“streets”"),
        ([choice(valuesKey="units")], "form_options", "之一"),
        ([choice(valuesExpression="=x")], "form_property", "valuesExpression"),
        ([choice(values=None, valuesKey="units", defaultValue="a")], "form_default", "valuesKey"),
        ([choice(defaultValue="maybe")], "form_default", "默认值不能用"),
        ([number(defaultValue="x")], "form_default", "默认值不能用"),
        ([text(defaultValue=" a")], "form_default", "空格"),
        ([{"type": "group", "path": "a", "components": []}], "form_property", "path"),
        ([{"type": "group", "components": 3}], "form_json", "列表"),
        ([{"type": "text", "text": "=a"}], "form_property", "表达式"),
        ([{"type": "spacer", "height": "x"}], "form_property", "height"),
        ([text(), text()], "form_twice", "键“place”用了2次"),
        ([text(id="a"), number(id="a")], "form_twice", "标识“a”用了2次"),
        (
            [{"type": "datetime", "key": "d", "label": "日期", "disallowPassedDates": True}],
            "form_property",
            "disallowPassedDates",
        ),
        (
            [{"type": "datetime", "key": "d", "label": "日期", "subtype": "week"}],
            "form_property",
            "subtype",
        ),
        (
            [{"type": "datetime", "key": "d", "label": "日", "timeSerializingFormat": "utc"}],
            "form_property",
            "timeSerializingFormat",
        ),
        ([hidden("reached")], "form_condition", "以“=”开头"),
        ([hidden(True)], "form_condition", "以“=”开头"),
        ([hidden("=a + 1")], "form_condition", "隐藏条件不受支持：不认识"),
        ([hidden("=unknown = 1")], "form_condition", "“unknown”不是本表单的项"),
        ([text(conditional={"show": "=a"})], "form_condition", "只支持hide"),
        ([choice(), hidden('=reached = "maybe"')], "form_condition", "“maybe”不是“联系上”的选项"),
        ([choice(), hidden("=reached in (1, 2)")], "form_condition", "“1”不是“联系上”的选项"),
        ([hidden('=place = "x"')], "form_condition", "互相依赖：place"),
        (
            [
                text(conditional={"hide": "=times = 1"}),
                number(conditional={"hide": '=place = "x"'}),
            ],
            "form_condition",
            "互相依赖",
        ),
        ([{"type": "textfield", "key": "x", "label": "y"}] * 301, "form_size", "300"),
    ],
)
def test_refused_when_read(
    components: list[dict[str, Any]], rule: str | None, sentence: str | None
):
    content = form(*components)
    if rule is None or sentence is None:
        assert Form.read(content, "x").fields[0].id == "place"
        return
    findings = refused(content).findings
    assert any(f.rule == rule and sentence in f.sentence for f in findings), findings


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"components": 1}',
        b'{"components": [1]}',
        b'{"components": [], "components": []}',
        b'{"components": [], "type": "other"}',
        b'{"components": [], "magic": 1}',
        b'{"components": [{"type": "spacer", "id": "a", "height": NaN}]}',
        b"[" * 100_000,
        b" " * 500_001,
    ],
)
def test_a_file_that_is_no_form_is_refused(content: bytes):
    assert all(finding.sentence.endswith("。") for finding in refused(content).findings)


def test_all_findings_come_at_once():
    error = refused(form(text(type="html"), number(magic=1), choice()))
    assert [finding.element for finding in error.findings] == ["field_0", "field_1"]
    assert str(error).count("\n") == 1


def test_what_a_form_says_of_itself():
    found = Form.read(
        form(
            choice(properties={"routing": "true"}, defaultValue="yes"),
            {
                "type": "group",
                "label": "详情",
                "components": [
                    {"id": "g1", **text(properties={"card": "place"})},
                    {
                        "id": "g2",
                        "type": "select",
                        "key": "unit",
                        "label": "单位",
                        "valuesKey": "units",
                    },
                ],
                "conditional": {"hide": '=reached = "no"'},
            },
            {"type": "button", "label": "提交", "action": "submit"},
            exporter={"name": "Camunda Modeler", "version": "5.40.0"},
            schemaVersion=18,
            executionPlatform="Camunda Platform",
            executionPlatformVersion="7.24.0",
        ),
        "forms/x.form",
    )
    assert [field.key for field in found.fields] == ["reached", "place", "unit"]
    assert found.routing == {"reached"}
    assert found.sources == {"units"}
    assert [field.max_length for field in found.fields] == [0, 200, 0]
    assert found.fields[1].depends == {"reached"}
    assert found.card({"place": "信江书院", "unit": "x"}) == {"place": "信江书院"}
    assert found.card({}) == {"place": ""}


@pytest.mark.parametrize("path", sorted(ROOT.glob("forms/*.form")), ids=lambda path: path.stem)
def test_every_form_of_the_procedure_is_read(path: Path):
    assert Form.read(path.read_bytes(), path.name).fields


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "key", "label", "values", "validate", "components", "text"])
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
MODEL = json.loads(form(text(), choice(), number(), hidden('=reached = "no"') | {"key": "other"}))


@CALM
@given(st.data())
def test_any_change_to_a_form_is_read_or_refused(data: st.DataObject):
    changed = json.loads(json.dumps(MODEL))
    component = data.draw(st.sampled_from(changed["components"]))
    known = ["type", "key", "label", "values", "validate", "conditional", "layout", "properties"]
    name = data.draw(st.sampled_from([*known, "defaultValue", "readonly", "appearance", "id"]))
    component[name] = data.draw(ANY_JSON)
    content = json.dumps(changed, allow_nan=True).encode()
    try:
        found = Form.read(content, "x")
    except FormRefused:
        return
    found.show({}, {})
    found.validate({}, {})


@CALM
@given(st.binary() | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused(content: bytes):
    with contextlib.suppress(FormRefused):
        Form.read(content, "x")


@pytest.mark.parametrize(
    ("component", "searched"),
    [
        ({"type": "textarea"}, True),
        ({"type": "textarea", "properties": {"search": "false"}}, False),
        ({"type": "textarea", "properties": {"card": "caller"}}, False),
        ({}, False),
        ({"properties": {"search": "true"}}, True),
        ({"properties": {"card": "place"}}, True),
        ({"properties": {"card": "title", "search": "false"}}, False),
        ({"properties": {"card": "phone"}}, False),
    ],
)
def test_what_is_searched_is_said_by_the_form(component: dict[str, Any], searched: bool):
    """Long texts, the title and the place, if the form does not say otherwise."""
    (field,) = Form.read(form(text(**component)), "x").fields
    assert field.searched is searched
