"""What arrangements of holidays say: the shipped files, statutory days, a year's new file.

An arrangement (国务院办公厅关于某年部分节假日安排的通知) names the days off and the weekend days
that are worked in exchange (调休). All other days go by their weekday.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

STATUTE = "全国年节及纪念日放假办法（国务院令第795号）"
"""The rule of statutory days since 1 January 2025."""

RULE_SINCE = 2025
LONGEST_SOURCE = 40
LONGEST_DOCUMENT = 80
LONGEST_FILE = 200_000
_COLUMNS = ("date", "is_workday", "source", "document")
_WORKED = {"1": True, "true": True, "是": True, "上班": True}
_OFF = {"0": False, "false": False, "否": False, "放假": False}


class OutOfCalendar(ValueError):
    """A question that the calendar cannot answer; str() is a code, `facts` fill the sentence.

    Codes: calendar_naive (a time without a zone), calendar_days (not 1 to 1000 days),
    calendar_range (a day before the first or after the last year that can be computed).
    """

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Row:
    """A day that an arrangement names, as it stands in a file or in the calendar's table."""

    date: date
    is_workday: bool
    source: str
    document: str


class CalendarRefused(ValueError):
    """A year's file that cannot be taken; `errors` are Chinese sentences with line numbers."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


@cache
def _festivals() -> dict[int, tuple[date, date, date, date]]:
    """Spring Festival (初一), 清明, 端午 and 中秋 by year, from the shipped table."""
    text = files("engine.calendar").joinpath("festivals.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    found = {}
    for row in rows:
        spring, qingming, duanwu, zhongqiu = (
            date.fromisoformat(row[name]) for name in ("spring", "qingming", "duanwu", "zhongqiu")
        )
        found[spring.year] = (spring, qingming, duanwu, zhongqiu)
    return found


@cache
def statutory_days(year: int) -> Mapping[date, str]:
    """The 13 statutory days of a year by the rule of 2024, with their names.

    No substitute day is added when one falls on a weekend: which day that would be is for the
    arrangement to say. OutOfCalendar for a year outside the shipped table of festivals.
    """
    if year not in _festivals():
        first, last = min(_festivals()), max(_festivals())
        raise OutOfCalendar("calendar_range", year=year, first=first, last=last)
    spring, qingming, duanwu, zhongqiu = _festivals()[year]
    days = {date(year, 1, 1): "元旦"}
    days |= {spring + timedelta(days=n): "春节" for n in range(-1, 3)}
    days |= {qingming: "清明节", date(year, 5, 1): "劳动节", date(year, 5, 2): "劳动节"}
    days[duanwu] = "端午节"
    # 中秋 may fall on a day of 国庆; the day is then named after both
    days |= {date(year, 10, n): "国庆节" for n in (1, 2, 3)}
    days[zhongqiu] = "国庆节、中秋节" if zhongqiu in days else "中秋节"
    return MappingProxyType(days)


@cache
def load_shipped() -> tuple[Row, ...]:
    """The days that the arrangements of 2004 to 2026 name, in order."""
    text = files("engine.calendar").joinpath("workdays.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        Row(
            date.fromisoformat(row["date"]),
            row["is_workday"] == "1",
            row["source"],
            row["document"],
        )
        for row in rows
    )


@cache
def shipped_years() -> Mapping[int, str]:
    """The years that the shipped calendar covers, each with the document of its arrangement."""
    text = files("engine.calendar").joinpath("years.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return MappingProxyType({int(row["year"]): row["document"] for row in rows})


def parse_year(text: str, year: int) -> tuple[Row, ...]:
    """The rows of a year's arrangement, from CSV with the columns of the shipped file.

    Days may lie in the year or in December before it (元旦 reaches back). CalendarRefused names
    every bad row, and each statutory day that would be worked, because such a file is incomplete.
    """
    last = max(_festivals())
    if not RULE_SINCE <= year <= last:
        raise CalendarRefused([f"只能添加{RULE_SINCE}年至{last}年的安排，{year}年不在其中。"])
    if len(text) > LONGEST_FILE:
        raise CalendarRefused([f"文件过大（超过{LONGEST_FILE}个字符），请确认是否选错了文件。"])
    errors: list[str] = []
    rows: dict[date, Row] = {}
    for line, fields in _lines(text):
        try:
            row = _row(fields, year)
        except ValueError as error:
            errors.append(f"第{line}行：{error}")
            continue
        if row.date in rows:
            errors.append(f"第{line}行：日期{row.date}重复，请只保留一行。")
        rows[row.date] = row
    if not rows and not errors:
        errors.append("文件中没有任何日期，请按“date,is_workday,source,document”四列填写。")
    if not errors:
        errors += _unrested(rows, year)
    if errors:
        raise CalendarRefused(errors)
    return tuple(rows[day] for day in sorted(rows))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and fields, without comments, empty lines and the head."""
    if "\0" in text:
        raise CalendarRefused(["文件不是文本文件，请用UTF-8编码的CSV文件。"])
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    head = False
    while True:
        try:
            fields = [field.strip() for field in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise CalendarRefused(
                [f"第{reader.line_num}行：引号不成对或格式不对，请检查这一行。"]
            ) from error
        if not any(fields) or fields[0].startswith("#"):
            continue
        if not head:
            head = True
            if tuple(fields) != _COLUMNS:
                raise CalendarRefused(
                    [f"第{reader.line_num}行：表头应为“date,is_workday,source,document”。"]
                )
            continue
        yield reader.line_num, fields


def _row(fields: list[str], year: int) -> Row:
    """One row; ValueError carries the sentence."""
    if len(fields) != len(_COLUMNS):
        raise ValueError(f"应有4列，实有{len(fields)}列，请检查逗号。")
    written, worked, source, document = fields
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise ValueError(
            f"日期“{written[:20]}”不存在或格式不对，请写成2027-01-01的样式。"
        ) from None
    if written != day.isoformat():
        raise ValueError(f"日期“{written[:20]}”格式不对，请写成{day.isoformat()}。")
    if day.year != year and (day.year, day.month) != (year - 1, 12):
        raise ValueError(f"日期{day}不属于{year}年（元旦调休可以写上一年12月的日期）。")
    values = _WORKED | _OFF
    if worked.lower() not in values:
        raise ValueError("is_workday应为1（上班）或0（放假）。")
    if not source or len(source) > LONGEST_SOURCE:
        raise ValueError(f"source应写明原因，如“春节放假”，不超过{LONGEST_SOURCE}字。")
    if not document:
        raise ValueError("document为空，请写明依据的文件名称和文号。")
    if len(document) > LONGEST_DOCUMENT:
        raise ValueError(f"document不超过{LONGEST_DOCUMENT}字。")
    if not (source + document).isprintable():
        raise ValueError("source或document中有不可见的控制字符，请重新输入。")
    return Row(day, values[worked.lower()], source, document)


def _unrested(rows: Mapping[date, Row], year: int) -> list[str]:
    """Statutory days that the rows leave as working days."""
    found = []
    for day, name in statutory_days(year).items():
        worked = rows[day].is_workday if day in rows else day.weekday() < 5
        if worked:
            found.append(f"缺少{name}：法定节假日{day}没有列为放假，请补全后重新提交。")
    return found
