"""Files of another platform in a few words, and what is known here, for tests of the readers."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from engine import definitions
from engine.formjs import Form, Option
from engine.imports import Flaw, Known, Ready, Rows, opened, read_mapping

NOW = datetime(2026, 9, 30, 2, tzinfo=UTC)
START = "forms/new_call.form"
"""The form that starts a ticket."""

KNOWN = Known(
    form=Form.read(definitions.shipped()[START], START),
    sources={"parties": [{"label": "市水务局", "value": "sr-water"}]},
    units=[
        Option("市水务局", "sr-water"),
        Option("市城管局", "sr-roads"),
        Option("中心小学", "sr-school"),
        Option("中心小学", "gf-school"),
    ],
    ratings=[Option("满意", "satisfied"), Option("不满意", "dissatisfied")],
    outcomes=[Option("已办结", "done")],
)

LINES = (
    "设置,来源,,旧平台",
    "栏目,编号,,原编号",
    "栏目,来电时间,,受理时间",
    "栏目,状态,,状态",
    "取值,状态,在办,未办结",
    "取值,状态,办完,已办结",
    "栏目,办结,,办结时间",
    "栏目,单位,,办理单位",
    "栏目,电话,,来电号码",
    "栏目,姓名,,怎么称呼",
    "栏目,类别,,诉求类型",
    "栏目,标题,,一句话说清什么事",
    "栏目,内容,,详细情况",
    "栏目,地点,,在哪里",
)
ROW = {
    "编号": "A-001",
    "来电时间": "2025-03-02 09:30:00",
    "状态": "办完",
    "办结": "2025-03-09 16:00:00",
    "单位": "市水务局",
    "电话": "13807931234",
    "姓名": "周女士",
    "类别": "咨询",
    "标题": "路灯不亮",
    "内容": "中山路的路灯已经三天不亮",
    "地点": "中山路12号",
}


def mapping_file(folder: Path, *lines: str, without: Sequence[str] = ()) -> Path:
    """LINES and some more; `without` those that begin so."""
    kept = [line for line in LINES if not line.startswith(tuple(without))] if without else LINES
    path = folder / "映射.csv"
    head = "类别,原平台栏目,原平台的值,本系统,说明"
    path.write_text("\n".join([head, *kept, *lines]) + "\n", "utf-8-sig")
    return path


def csv_file(
    folder: Path, rows: Iterable[Mapping[str, str]], *, encoding: str = "utf-8", by: str = ","
) -> Path:
    """A file with the columns of the first row."""
    path = folder / "旧平台.csv"
    rows = list(rows)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=by)
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(
    file: Path, by: Path, now: datetime = NOW, known: Known = KNOWN
) -> list[Ready | list[Flaw]]:
    """Every row of a file, as the command reads it."""
    mapping = read_mapping(by, known)
    with opened(
        file,
        mapping.headings,
        encoding=mapping.encoding,
        delimiter=mapping.delimiter,
        sheet=mapping.sheet,
        heading=mapping.heading,
    ) as sheet:
        mapping.check(sheet.header)
        rows = Rows(mapping, known, sheet.header)
        return [rows.read(line, now) for line in sheet.lines]
