"""The properties of one component in a .form file, each checked before it is used."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from engine.formjs import answering, kinds, patterns
from engine.formjs.model import AREA_LENGTH, TEXT_LENGTH, Component, Json
from engine.formjs.text import forbidden, trimmed

LONGEST_ANSWER = 20_000
"""The largest maxLength that a form may set."""
LONGEST_MATCHED = 1_000
"""The largest maxLength of a field with a pattern."""

Row = Mapping[str, Json]


class Wrong(ValueError):
    """A property that is refused; `rule` names the check, str() is the sentence."""

    def __init__(self, rule: str, sentence: str) -> None:
        super().__init__(sentence)
        self.rule = rule


def text(row: Row, name: str, longest: int = 200, *, lines: bool = False) -> str:
    """A text property without blanks around it, "" if absent; templates of FEEL are refused."""
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest:
        raise Wrong("form_property", f"属性“{name}”应为文字，不超过{longest}字。")
    value = value.replace("\r\n", "\n").strip()
    if value.startswith("=") or "{{" in value:
        raise Wrong("form_property", f"属性“{name}”不支持表达式或模板，请写成固定的文字。")
    if forbidden(value, lines=lines):
        raise Wrong("form_property", f"属性“{name}”中有控制字符或换行，请删去。")
    return value


def flag(row: Row, name: str) -> bool:
    """A property that is true or false; absent is false."""
    value = row.get(name)
    if value not in (None, True, False) or isinstance(value, int | float) is not isinstance(
        value, bool
    ):
        raise Wrong("form_property", f"属性“{name}”只能是true或false，不支持表达式。")
    return bool(value)


def whole(row: Row, name: str, low: int, high: int) -> int | None:
    """A whole number between two limits; None if absent."""
    value = row.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Wrong("form_property", f"属性“{name}”应为{low}至{high}之间的整数，不支持表达式。")
    return value


def number(row: Row, name: str) -> Decimal | None:
    """A number, also as text (the editor writes both); None if absent."""
    value = row.get(name)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        found = Decimal(repr(value) if not isinstance(value, str) else value)
        if not math.isfinite(found) or abs(found) >= 10**15 or found != round(found, 10):
            raise ValueError
    except (ArithmeticError, ValueError, TypeError):
        raise Wrong("form_property", f"属性“{name}”应为数字，不支持表达式。") from None
    return found


def key(row: Row) -> str:
    """The key of a field: a name that conditions and diagrams can use."""
    value = row.get("key")
    if not isinstance(value, str) or not value:
        raise Wrong("form_key", "没有键（key），请填写，如“reason”。")
    plain = unicodedata.normalize("NFKC", value) == value and value.isidentifier()
    if not plain or value.startswith("_") or len(value) > 60:
        raise Wrong(
            "form_key", "键（key）只能由字母、数字和下划线组成，不以数字或下划线开头，不超过60字。"
        )
    return value


def label(row: Row) -> str:
    """What a field is called; a date without a label has dateLabel or timeLabel."""
    found = text(row, "label") or text(row, "dateLabel") or text(row, "timeLabel")
    if not found:
        raise Wrong("form_label", "没有标签（label），填写的人不知道该填什么。")
    return found


def lines_of(markdown: str) -> Iterator[tuple[int, str]]:
    """The lines of a text with their heading level (0: not a heading)."""
    for line in markdown.splitlines():
        rest = line.lstrip("#")
        level = len(line) - len(rest)
        if 1 <= level <= 6 and rest.startswith(" "):
            yield level, rest.strip()
        elif line.strip():
            yield 0, line.strip()


def texted(field: Component, validate: Row) -> Component:
    """A textfield or textarea with its lengths, pattern and kind of text."""
    default = AREA_LENGTH if field.type == "textarea" else TEXT_LENGTH
    top = whole(validate, "maxLength", 1, LONGEST_ANSWER) or default
    least = whole(validate, "minLength", 0, LONGEST_ANSWER) or 0
    if least > top:
        raise Wrong("form_validation", f"minLength（{least}）大于maxLength（{top}）。")
    validation = text(validate, "validationType")
    if validation not in ("", "custom", "email", "phone"):
        raise Wrong("form_validation", "validationType只支持custom、email和phone。")
    pattern = None
    written = validate.get("pattern")
    if written and validation in ("", "custom"):
        if not isinstance(written, str):
            raise Wrong("form_validation", "pattern应为文字。")
        if top > LONGEST_MATCHED:
            raise Wrong("form_validation", f"用pattern时maxLength不能超过{LONGEST_MATCHED}。")
        try:
            pattern = patterns.read(written)
        except patterns.PatternRefused as refused:
            raise Wrong("form_validation", f"pattern不受支持：{refused}。") from None
    return replace(
        field,
        min_length=least,
        max_length=top,
        validation="" if validation == "custom" else validation,
        pattern=pattern,
    )


def numbered(field: Component, row: Row, validate: Row) -> Component:
    """A number with its limits, digits and step."""
    low, high, step = number(validate, "min"), number(validate, "max"), number(row, "increment")
    if low is not None and high is not None and low > high:
        raise Wrong("form_validation", "min大于max。")
    if step is not None and step <= 0:
        raise Wrong("form_validation", "increment应大于0。")
    return replace(
        field,
        minimum=low,
        maximum=high,
        step=step,
        decimals=whole(row, "decimalDigits", 0, 10),
        as_text=flag(row, "serializeToString"),
    )


def timed(field: Component, row: Row) -> Component:
    """A date, a time or both; times are of Asia/Shanghai."""
    subtype = text(row, "subtype") or "date"
    if subtype not in ("date", "time", "datetime"):
        raise Wrong("form_property", "subtype只支持date、time和datetime。")
    zone = text(row, "timeSerializingFormat") or "utc_offset"
    if zone not in ("utc_offset", "no_timezone"):
        raise Wrong("form_property", "timeSerializingFormat只支持utc_offset和no_timezone。")
    if field.past and subtype == "time":
        raise Wrong("form_property", "自定义属性past不能用于只有时间（time）的项。")
    flag(row, "use24h")  # pages always show 24 hours
    return replace(
        field,
        subtype=subtype,
        zoned=zone == "utc_offset",
        time_step=whole(row, "timeInterval", 1, 60) or 1,
    )


def picked(field: Component, row: Row) -> Component:
    """A filepicker with the kinds of files that it takes."""
    accept = text(row, "accept")
    found, word = kinds.accepted(accept)
    if word:
        every = "、".join(kind.suffixes[0] for kind in kinds.KINDS.values())
        raise Wrong(
            "form_property",
            f"accept中的“{word}”不是可以接收的文件，可以写：image/*、audio/*、{every}。",
        )
    return replace(field, accept=accept, multiple=flag(row, "multiple"), kinds=found)


def defaulted(field: Component, default: Json) -> Component:
    """With its default value, which must be an answer that would be taken."""
    if default is None or default in ("", []):
        return field
    if field.source:
        raise Wrong("form_default", "选项来自valuesKey时不能设默认值。")
    texts = answering.raw(field, default)
    if any(text != trimmed(text) for text in texts):
        raise Wrong("form_default", "默认值前后有空格。")
    answer = answering.read(replace(field, required=False), texts, field.options)
    if answer.error:
        raise Wrong("form_default", f"默认值不能用：{answer.error}")
    return replace(field, default=answer.value)
