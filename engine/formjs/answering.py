"""One answer of each kind of field: from what was submitted to a value, or to a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

from engine.formjs.model import MOST_FILES, Component, Json, Option
from engine.formjs.text import forbidden, half_width, shortened, trimmed

MANY = ("checklist", "taglist")
CHOICES = ("select", "radio", *MANY)
FILES = "filepicker"
LISTED = (*MANY, FILES)
"""The types whose answer is a list, empty when nothing was chosen."""
FIELDS = ("textfield", "textarea", "number", "datetime", "checkbox", FILES, *CHOICES)
"""The types of components that take an answer."""

_NUMBER = re.compile(r"[+-]?(\d{1,15})(?:\.(\d{1,10}))?")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}")
# Mobile and fixed numbers, 400/800, service numbers as 12315 or 95588, foreign ones with +.
_PHONE = re.compile(
    r"(?:\+86-?|0086-?)?(?:1[3-9]\d{9}|0\d{2,3}-?\d{7,8}(?:-\d{1,6})?|[48]00-?\d{3}-?\d{4})"
    r"|[2-8]\d{6,7}|1\d{2,4}|9\d{4,5}|\+[1-9]\d{6,14}"
)
_TOKEN = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_TIME = re.compile(r"(\d{2}):(\d{2})(?::00)?")
CHECKED = {"true": True, "on": True, "1": True, "false": False, "": False}
_ZONE = "+08:00"


class Wrong(ValueError):
    """An answer that cannot be taken; str() is the sentence."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A value (None: none), the sentence if it cannot be taken, and the text as typed."""

    value: Json
    error: str
    typed: list[str]


def read(field: Component, raw: Sequence[str], options: Sequence[Option]) -> Answer:
    """The answer of a visible field from its submitted texts; never raises."""
    typed = [text for text in raw if isinstance(text, str)]
    try:
        return Answer(_value(field, typed, options), "", typed)
    except Wrong as wrong:
        return Answer(None, str(wrong), typed)


def when(field: Component, answer: Json, now: datetime) -> str:
    """The sentence for a date of the past that lies ahead of `now` or a year behind it, else ""."""
    if not field.past or not isinstance(answer, str):
        return ""
    local = now.astimezone(timezone(timedelta(hours=8))).replace(tzinfo=None)
    latest = f"{local:%Y-%m-%d}" if field.subtype == "date" else f"{local:%Y-%m-%dT%H:%M}"
    said = answer.removesuffix(_ZONE)
    if said > latest:  # both are written alike, the larger unit first
        return f"“{field.name}”还没有到，请填写实际发生的时间，不晚于现在。"
    if said < f"{local - timedelta(days=366):%Y-%m-%d}":
        return f"“{field.name}”在一年以前，请核对年份。"
    return ""


def raw(field: Component, answer: Json) -> list[str]:
    """How a stored or typed answer would be submitted: the way back from `read`."""
    if isinstance(answer, bool):
        return ["true"] if answer else []
    if isinstance(answer, list):
        return [text for part in answer for text in raw(field, part)]
    if isinstance(answer, int | float):
        return [format(Decimal(repr(answer)), "f")] if answer == answer else []
    if not isinstance(answer, str) or not answer:
        return []
    return [answer.removesuffix(_ZONE) if field.type == "datetime" else answer]


def _value(field: Component, typed: list[str], options: Sequence[Option]) -> Json:
    if field.type in MANY:
        return _several(field, typed, options)
    if field.type == FILES:
        return _files(field, typed)
    if len(typed) > 1:
        raise Wrong(f"“{field.name}”只能填写一项，请重新填写。")
    text = typed[0] if typed else ""
    if field.type == "checkbox":
        return _checked(field, text)
    text = trimmed(text)
    if not text:
        if field.required:
            verb = "选择" if field.type in CHOICES else "填写"
            raise Wrong(f"请{verb}“{field.name}”。")
        return None
    if field.type in CHOICES:
        return _one(field, text, options)
    if field.type == "number":
        return _number(field, half_width(text))
    if field.type == "datetime":
        return _moment(field, half_width(text))
    return _text(field, text)


def _checked(field: Component, text: str) -> bool:
    if text not in CHECKED:
        raise Wrong(f"“{field.name}”的值不对，请重新勾选。")
    if field.required and not CHECKED[text]:
        raise Wrong(f"请勾选“{field.name}”。")
    return CHECKED[text]


def _one(field: Component, text: str, options: Sequence[Option]) -> str:
    if text not in {option.value for option in options}:
        if not options:
            raise Wrong(f"“{field.name}”目前没有可选的项，请联系系统管理员。")
        raise Wrong(f"“{field.name}”没有“{shortened(text)}”这一项，请从列出的选项中选择。")
    return text


def _several(field: Component, typed: list[str], options: Sequence[Option]) -> list[str]:
    chosen = {text for text in typed if text}
    for text in sorted(chosen):
        _one(field, text, options)
    if field.required and not chosen:
        raise Wrong(f"请至少选择一项“{field.name}”。")
    return [option.value for option in options if option.value in chosen]


def _files(field: Component, typed: list[str]) -> list[str]:
    """The tokens under which files wait that were uploaded before the form is submitted."""
    tokens = list(dict.fromkeys(text for text in typed if text))
    if not all(map(_TOKEN.fullmatch, tokens)):
        raise Wrong(f"“{field.name}”中有不能识别的文件，请重新选择文件。")
    if field.required and not tokens:
        raise Wrong(f"请选择“{field.name}”的文件。")
    most = MOST_FILES if field.multiple else 1
    if len(tokens) > most:
        raise Wrong(
            f"“{field.name}”最多{most}个文件，现有{len(tokens)}个，请取消勾选多余的文件后再提交。"
        )
    return tokens


def _number(field: Component, text: str) -> int | float | str:
    found = _NUMBER.fullmatch(text)
    if not found or len(found[1]) + len(found[2] or "") > 15 or not text.isascii():
        raise Wrong(f"“{field.name}”应为数字，如“3”，请不要写逗号、单位或其他文字。")
    number = Decimal(text)
    if field.decimals is not None and len((found[2] or "").rstrip("0")) > field.decimals:
        if field.decimals == 0:
            raise Wrong(f"“{field.name}”应为整数，请去掉小数。")
        raise Wrong(f"“{field.name}”最多{field.decimals}位小数，请修改。")
    if field.minimum is not None and number < field.minimum:
        raise Wrong(f"“{field.name}”不能小于{field.minimum:f}，请修改。")
    if field.maximum is not None and number > field.maximum:
        raise Wrong(f"“{field.name}”不能大于{field.maximum:f}，请修改。")
    if field.step is not None and number % field.step:
        raise Wrong(f"“{field.name}”应为{field.step:f}的倍数，请修改。")
    plain = int(number) if number == number.to_integral_value() else float(number)
    return format(Decimal(repr(plain)), "f") if field.as_text else plain


def _day(field: Component, text: str) -> date:
    found = _DATE.fullmatch(text)
    try:
        day = date(*map(int, found.groups())) if found and text.isascii() else None
    except ValueError:
        day = None
    if day is None:
        raise Wrong(f"“{field.name}”的日期不对，请写成“2026-10-08”的样式。")
    if not 1900 <= day.year <= 2100:
        raise Wrong(f"“{field.name}”的年份应在1900年至2100年之间，请修改。")
    return day


def _clock(field: Component, text: str) -> time:
    found = _TIME.fullmatch(text)
    try:
        clock = time(int(found[1]), int(found[2])) if found and text.isascii() else None
    except ValueError:
        clock = None
    if clock is None:
        raise Wrong(f"“{field.name}”的时间不对，请写成“09:30”的样式，在00:00至23:59之间。")
    return clock


def _moment(field: Component, text: str) -> str:
    if field.subtype == "date":
        return _day(field, text).isoformat()
    if field.subtype == "time":
        return f"{_clock(field, text):%H:%M}"
    day, _, clock = text.replace(" ", "T", 1).partition("T")
    if not clock:
        raise Wrong(f"请把“{field.name}”的日期和时间都填写完整。")
    moment = datetime.combine(_day(field, day), _clock(field, clock))
    return f"{moment:%Y-%m-%dT%H:%M}" + (_ZONE if field.zoned else "")


def _text(field: Component, text: str) -> str:
    area = field.type == "textarea"
    if forbidden(text, lines=area):
        raise Wrong(f"“{field.name}”中有不能保存的控制字符或换行，请删去后重新输入。")
    if field.validation == "phone":
        text = re.sub(r"[ \u3000]", "", half_width(text))
    if len(text) > field.max_length:
        raise Wrong(f"“{field.name}”最多{field.max_length}字，现有{len(text)}字，请删减后再提交。")
    if len(text) < field.min_length:
        raise Wrong(f"“{field.name}”至少{field.min_length}字，现有{len(text)}字，请补充。")
    if field.validation == "email" and not _EMAIL.fullmatch(text):
        raise Wrong(f"“{field.name}”不是有效的电子邮箱，请写成“name@example.com”的样式。")
    if field.validation == "phone" and not _PHONE.fullmatch(text):
        raise Wrong(f"“{field.name}”不是有效的电话，请填写手机号码或带区号的固定电话。")
    if field.pattern is not None and not field.pattern.found(text):
        hint = f"（{field.description}）" if field.description else ""
        raise Wrong(f"“{field.name}”的格式不对{hint}，请修改。")
    return text
