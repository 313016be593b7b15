"""Reading a .form file: everything that would not work later is refused here, with a sentence."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from engine.formjs import answering, feel
from engine.formjs import properties as given
from engine.formjs.model import (
    CARD,
    IDENTIFYING,
    NAMING,
    SOURCES,
    TEMPLATES,
    Component,
    Finding,
    FormRefused,
    Json,
    Option,
)
from engine.formjs.properties import Wrong
from engine.formjs.text import shortened

LONGEST_FILE = 500_000
COMPONENTS = 300
_DEPTH = 6

_FORM = {
    "components",
    "type",
    "id",
    "schemaVersion",
    "executionPlatform",
    "executionPlatformVersion",
    "exporter",
    "versionTag",
    "$schema",
}
_COMMON = frozenset({"id", "type", "layout", "conditional", "properties"})
_FIELD = _COMMON | {"key", "label", "description", "disabled", "readonly", "validate"}
_OPTIONS = _FIELD | {"values", "valuesKey", "defaultValue"}
_TIMES = {"subtype", "dateLabel", "timeLabel", "timeSerializingFormat", "timeInterval", "use24h"}
_ALLOWED: Mapping[str, frozenset[str]] = {
    "textfield": _FIELD | {"appearance", "defaultValue"},
    "textarea": _FIELD | {"defaultValue"},
    "number": _FIELD
    | {"appearance", "defaultValue", "decimalDigits", "increment", "serializeToString"},
    "datetime": _FIELD | _TIMES,
    "checkbox": _FIELD | {"defaultValue"},
    "select": _OPTIONS | {"searchable"},
    "radio": _OPTIONS,
    "checklist": _OPTIONS,
    "taglist": _OPTIONS,
    "filepicker": _FIELD | {"accept", "multiple"},
    "text": _COMMON | {"text"},
    "separator": _COMMON,
    "spacer": _COMMON | {"height"},
    "group": _COMMON | {"label", "components", "showOutline", "verticalAlignment", "path", "key"},
    "button": _COMMON | {"key", "label", "action"},
}
_VALIDATE: Mapping[str, frozenset[str]] = {
    "textfield": frozenset({"required", "minLength", "maxLength", "pattern", "validationType"}),
    "textarea": frozenset({"required", "minLength", "maxLength"}),
    "number": frozenset({"required", "min", "max"}),
}
_PROPERTIES = {"routing", "card", "ticket", "past", "search", "reporter", "templates"}
_ROUTING = ("select", "radio", "checkbox", "number", *answering.MANY)


def read(content: bytes, name: str, sources: frozenset[str] = SOURCES) -> tuple[Component, ...]:
    """The components of a form, checked and with their conditions tied; FormRefused otherwise."""
    try:
        return _Reader(name, sources).form(_json(content))
    except Wrong as wrong:
        raise FormRefused([Finding(name, "", wrong.rule, str(wrong))]) from None


def walk(components: Sequence[Component]) -> Iterator[Component]:
    """Every component, groups before what is in them."""
    for component in components:
        yield component
        yield from walk(component.children)


def _json(content: bytes) -> Json:
    def unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        for key, count in Counter(key for key, _ in pairs).items():
            if count > 1:
                raise Wrong("form_json", f"表单文件中“{shortened(key)}”重复出现。")
        return dict(pairs)

    def constant(text: str) -> Json:
        raise Wrong("form_json", f"表单文件中有不能用的数“{text}”。")

    if len(content) > LONGEST_FILE:
        raise Wrong("form_size", f"表单文件超过{LONGEST_FILE // 1000}千字节。")
    try:
        return json.loads(
            content.decode("utf-8-sig"), object_pairs_hook=unique, parse_constant=constant
        )
    except UnicodeDecodeError:
        raise Wrong("form_json", "表单文件不是UTF-8编码。") from None
    except Wrong:
        raise
    except (ValueError, RecursionError):
        raise Wrong("form_json", "表单文件不是有效的JSON，请用Camunda Modeler重新保存。") from None


class _Reader:
    def __init__(self, name: str, sources: frozenset[str]) -> None:
        self.name = name
        self.sources = sources
        self.findings: list[Finding] = []
        self.count = 0

    def refuse(self, element: str, rule: str, sentence: str) -> None:
        self.findings.append(Finding(self.name, element, rule, sentence))

    def form(self, data: Json) -> tuple[Component, ...]:
        if not isinstance(data, dict) or not isinstance(data.get("components"), list):
            raise Wrong("form_json", "不是form-js表单：缺少components。")
        if data.get("type", "default") != "default":
            raise Wrong("form_type", "表单的type应为default。")
        for key in sorted(data.keys() - _FORM):
            self.refuse("", "form_property", f"表单的属性“{shortened(key)}”不受支持，请删去。")
        components = self.components(data["components"], 0)
        listed = list(walk(components))
        for what, texts in (
            ("标识", [component.id for component in listed]),
            ("键", [component.key for component in listed if component.key]),
        ):
            for text, count in Counter(texts).items():
                if count > 1:
                    self.refuse(text, "form_twice", f"{what}“{text}”用了{count}次，请改成不同的。")
        if not self.findings:
            components = self.tied(components)
        if self.findings:
            raise FormRefused(self.findings)
        return components

    def components(self, rows: Json, depth: int) -> tuple[Component, ...]:
        if not isinstance(rows, list) or depth > _DEPTH:
            raise Wrong("form_json", "components应为列表，嵌套不超过6层。")
        found = []
        for row in rows:
            self.count += 1
            if self.count > COMPONENTS:
                raise Wrong("form_size", f"表单超过{COMPONENTS}个组件，请拆分。")
            if not isinstance(row, dict):
                raise Wrong("form_json", "components中有不是组件的内容。")
            element = row.get("id") or row.get("key") or ""
            element = shortened(element) if isinstance(element, str) else ""
            try:
                component = self.component(row, depth)
            except Wrong as wrong:
                label = row.get("label") or row.get("key") or element or row.get("type")
                named = f"“{shortened(str(label))}”"
                self.refuse(element, wrong.rule, f"{named}：{wrong}")
                continue
            if component:
                found.append(component)
        return tuple(found)

    def component(self, row: Mapping[str, Json], depth: int) -> Component | None:
        kind = row.get("type")
        if not isinstance(kind, str) or kind not in _ALLOWED:
            supported = "、".join(kind for kind in _ALLOWED if kind != "button")
            raise Wrong(
                "form_component",
                f"组件类型“{shortened(str(kind))}”不受支持，请改用：{supported}。",
            )
        for key in sorted(row.keys() - _ALLOWED[kind]):
            raise Wrong("form_property", f"属性“{shortened(key)}”不受支持，请在表单中删去。")
        if kind == "button":
            return None  # the page has its own; action "reset" would lose what was typed
        common = self.common(row, kind)
        if kind in answering.FIELDS:
            return self.field(row, common)
        if kind == "group":
            if row.get("path") or row.get("key"):
                raise Wrong("form_property", "分组的path和key不受支持，请留空。")
            return replace(
                common,
                label=given.text(row, "label"),
                outline=given.flag(row, "showOutline"),
                children=self.components(row.get("components"), depth + 1),
            )
        if kind == "text":
            return replace(
                common, lines=tuple(given.lines_of(given.text(row, "text", 5000, lines=True)))
            )
        if kind == "spacer":
            return replace(common, height=given.whole(row, "height", 0, 1000) or 0)
        return common

    def common(self, row: Mapping[str, Json], kind: str) -> Component:
        layout = row.get("layout") or {}
        if not isinstance(layout, dict) or layout.keys() - {"row", "columns"}:
            raise Wrong("form_property", "layout只能有row和columns。")
        conditional = row.get("conditional") or {}
        if not isinstance(conditional, dict) or conditional.keys() - {"hide"}:
            raise Wrong("form_condition", "条件只支持hide。")
        hide = None
        if conditional.get("hide"):
            text = conditional["hide"]
            if not isinstance(text, str) or not text.strip().startswith("="):
                raise Wrong("form_condition", "隐藏条件应为以“=”开头的表达式。")
            try:
                hide = feel.read(text.strip()[1:])
            except feel.FeelRefused as refused:
                raise Wrong("form_condition", f"隐藏条件不受支持：{refused}。") from None
        properties = row.get("properties") or {}
        if not isinstance(properties, dict) or properties.keys() - _PROPERTIES:
            allowed = "routing、card、ticket、past、search、reporter和templates"
            raise Wrong("form_property", f"自定义属性（properties）只支持{allowed}。")
        card = properties.get("card", "")
        if card not in ("", *CARD) or (card and kind not in answering.FIELDS):
            raise Wrong("form_property", f"自定义属性card应为{'、'.join(CARD)}之一。")
        if card and kind == answering.FILES:
            raise Wrong("form_property", "自定义属性card不能用于文件（filepicker）。")
        routing = properties.get("routing", "false")
        if routing not in ("true", "false"):
            raise Wrong("form_routing", "自定义属性routing应为true或false。")
        if routing == "true" and kind not in _ROUTING:
            raise Wrong(
                "form_routing",
                f"只有{'、'.join(_ROUTING)}可以作为流转数据（routing）；文字只存入加密的内容。",
            )
        ticket = properties.get("ticket") or ""
        if ticket and kind != "textfield":
            raise Wrong("form_property", "自定义属性ticket只能用于单行文字（textfield）。")
        if ticket:
            given.key({"key": ticket})
        past = properties.get("past", "false")
        if past not in ("true", "false") or (past == "true" and kind != "datetime"):
            raise Wrong("form_property", "自定义属性past应为true或false，只用于日期（datetime）。")
        searched = _searched(properties.get("search", ""), kind, card)
        reporter = properties.get("reporter", "false")
        if reporter not in ("true", "false") or (reporter == "true" and kind != answering.FILES):
            sentence = "自定义属性reporter应为true或false，只用于文件（filepicker）。"
            raise Wrong("form_property", sentence)
        templates = properties.get("templates", "")
        if templates not in ("", *TEMPLATES) or (templates and kind != "textarea"):
            known = "、".join(TEMPLATES)
            raise Wrong(
                "form_property",
                f"自定义属性templates应为{known}之一，只用于多行文本（textarea）。",
            )
        identity = given.text(row, "id") or given.text(row, "key")
        if not identity:
            raise Wrong("form_id", "组件没有id，请用Camunda Modeler重新保存。")
        return Component(
            id=identity,
            type=kind,
            routing=routing == "true",
            card=card,
            ticket=ticket,
            past=past == "true",
            searched=searched,
            reporter=reporter == "true",
            templates=templates,
            row=given.text(layout, "row"),
            columns=given.whole(layout, "columns", 1, 16),
            hide=hide,
        )

    def field(self, row: Mapping[str, Json], common: Component) -> Component:
        kind = common.type
        validate = row.get("validate") or {}
        if not isinstance(validate, dict):
            raise Wrong("form_validation", "validate应为校验规则。")
        for key in sorted(validate.keys() - _VALIDATE.get(kind, {"required"})):
            raise Wrong("form_validation", f"校验“{shortened(key)}”不受支持，请在表单中删去。")
        field = replace(
            common,
            key=given.key(row),
            label=given.label(row),
            description=given.text(row, "description", 500),
            required=given.flag(validate, "required"),
            readonly=given.flag(row, "readonly") or given.flag(row, "disabled"),
        )
        if field.required and field.readonly:
            raise Wrong("form_validation", "只读或停用的项不能设为必填。")
        appearance = row.get("appearance") or {}
        if not isinstance(appearance, dict):
            raise Wrong("form_property", "appearance应为前后缀。")
        if appearance.keys() - {"prefixAdorner", "suffixAdorner"}:
            raise Wrong("form_property", "appearance只支持prefixAdorner和suffixAdorner。")
        field = replace(
            field,
            prefix=given.text(appearance, "prefixAdorner", 20),
            suffix=given.text(appearance, "suffixAdorner", 20),
        )
        if kind in ("textfield", "textarea"):
            field = given.texted(field, validate)
        elif kind == "number":
            field = given.numbered(field, row, validate)
        elif kind == "datetime":
            field = given.timed(field, row)
        elif kind == answering.FILES:
            field = given.picked(field, row)
        elif kind in answering.CHOICES:
            field = self.chosen(field, row)
        return given.defaulted(field, row.get("defaultValue"))

    def chosen(self, field: Component, row: Mapping[str, Json]) -> Component:
        searchable = given.flag(row, "searchable")
        source = given.text(row, "valuesKey")
        if source:
            if row.get("values"):
                raise Wrong("form_options", "选项只能用values或valuesKey之一。")
            if source not in self.sources:
                known = "、".join(sorted(self.sources))
                raise Wrong("form_options", f"没有选项来源“{source}”，可用：{known}。")
            return replace(field, source=source, searchable=searchable)
        rows = row.get("values")
        if not isinstance(rows, list) or not rows:
            raise Wrong("form_options", "没有选项，请填写values或valuesKey。")
        options = []
        for entry in rows:
            if not isinstance(entry, dict) or entry.keys() != {"label", "value"}:
                raise Wrong("form_options", "每个选项应有label和value。")
            value = given.text(entry, "value")
            if not value or value != value.strip():
                raise Wrong("form_options", "选项的value为空或前后有空格。")
            options.append(Option(given.text(entry, "label") or value, value))
        if len({option.value for option in options}) < len(options):
            raise Wrong("form_options", "有两个选项的value相同。")
        return replace(field, options=tuple(options), searchable=searchable)

    def tied(self, components: tuple[Component, ...]) -> tuple[Component, ...]:
        """With what each condition depends on; names and literals are checked on the way."""
        fields = {component.key: component for component in walk(components) if component.key}
        for component in walk(components):
            if component.hide is None:
                continue
            element = component.id
            for missing in sorted(component.hide.names() - fields.keys()):
                sentence = f"隐藏条件中的“{missing}”不是本表单的项。"
                self.refuse(element, "form_condition", sentence)
            for key, value in component.hide.compared():
                options = fields[key].options if key in fields else ()
                if options and value is not None and value not in [o.value for o in options]:
                    sentence = f"隐藏条件中的“{value}”不是“{fields[key].name}”的选项。"
                    self.refuse(element, "form_condition", sentence)
        return _guarded(components, ())


def _searched(said: Json, kind: str, card: str) -> bool:
    """Whether a text is among what tickets are found by: long ones, and what they are called."""
    if said not in ("", "true", "false"):
        raise Wrong("form_property", "自定义属性search应为true或false。")
    if said == "true" and (kind not in ("textfield", "textarea") or card in IDENTIFYING):
        raise Wrong(
            "form_property",
            "自定义属性search只能用于文字（textfield、textarea），不能用于诉求人的姓名和电话。",
        )
    if said:
        return bool(said == "true")
    return card in NAMING or (kind == "textarea" and card not in IDENTIFYING)


def _guarded(
    components: tuple[Component, ...], outer: tuple[feel.Expression, ...]
) -> tuple[Component, ...]:
    found = []
    for component in components:
        guards = (*outer, component.hide) if component.hide else outer
        depends = frozenset[str]().union(*(guard.names() for guard in guards))
        children = _guarded(component.children, guards)
        found.append(replace(component, guards=guards, depends=depends, children=children))
    return tuple(found)
