"""Exports of a platform that never was, always the same, with the rows known that cannot be taken.

Written as old platforms do: CSV in GB18030, some matters still open, units called otherwise.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

HEADER = (
    *("工单编号", "来电时间", "处理状态", "办结时间", "承办单位", "来电人", "联系电话"),
    *("诉求分类", "标题", "内容", "事发地址", "回访评价", "坐席"),
)
MAPPING = """\
类别,原平台栏目,原平台的值,本系统,说明
设置,来源,,旧热线平台,
栏目,工单编号,,原编号,
栏目,来电时间,,受理时间,
栏目,处理状态,,状态,
取值,处理状态,在办,未办结,
取值,处理状态,已归档,已办结,
栏目,办结时间,,办结时间,
栏目,承办单位,,办理单位,
单位,,水务局,市水务局,
单位,,城管局,市城管局,
单位,,原市政处,无,已撤并
栏目,来电人,,怎么称呼,
栏目,联系电话,,来电号码,
栏目,诉求分类,,诉求类型,
取值,诉求分类,投诉类,投诉,
取值,诉求分类,咨询类,咨询,
栏目,标题,,一句话说清什么事,
栏目,内容,,详细情况,
栏目,事发地址,,在哪里,
栏目,回访评价,,满意度,
取值,回访评价,无,无,
栏目,坐席,,保留,
"""
FIRST = datetime.fromisoformat("2021-03-01 08:00")
"""When the first caller called, as the platform's clock showed."""


@dataclass(frozen=True)
class Bad:
    """A row that cannot be taken: where it stands (the headings are row 1), and what is wrong."""

    line: int
    original: str
    column: str


@dataclass
class Export:
    """A file, and what is known about it."""

    path: Path
    bad: list[Bad] = field(default_factory=list)
    open: int = 0
    closed: int = 0


def export(path: Path, rows: int, bad: int, seed: int = 1, every_open: int = 10) -> Export:
    """Write a file of so many rows; every tenth of the good ones is of a matter still open."""
    chance = random.Random(seed)
    spoilt = set(chance.sample(range(1, rows), bad))
    made = Export(path)
    with path.open("wb") as file:
        file.write(_line(HEADER))
        good = 0
        for n in range(rows):
            row = _row(chance, n, is_open=n not in spoilt and good % every_open == 0)
            if n in spoilt:
                spoil, column = _SPOILS[len(made.bad) % len(_SPOILS)]
                file.write(spoil(row))
                made.bad.append(Bad(n + 2, row["工单编号"], column))
                continue
            good += 1
            made.open += row["处理状态"] == "在办"
            made.closed += row["处理状态"] == "已归档"
            file.write(_line(row.values()))
    return made


def mapping(folder: Path) -> Path:
    """The mapping of these files."""
    path = folder / "映射.csv"
    path.write_text(MAPPING, "utf-8-sig")
    return path


def number(n: int) -> str:
    """The number of the n-th row, the first is 0."""
    return f"RX{FIRST:%Y}-{n:06d}"


def _row(chance: random.Random, n: int, *, is_open: bool) -> dict[str, str]:
    received = FIRST + timedelta(minutes=7 * n + chance.randrange(7))
    closed = received + timedelta(hours=chance.randrange(1, 400))
    road = chance.choice(("中山路", "解放路", "凤凰大道"))
    what = chance.choice(("路灯不亮", "水管漏水", "占道经营", "水压不足", "垃圾未清"))
    return {
        "工单编号": number(n),
        "来电时间": f"{received:%Y-%m-%d %H:%M:%S}",
        "处理状态": "在办" if is_open else "已归档",
        "办结时间": "" if is_open else f"{closed:%Y-%m-%d %H:%M:%S}",
        "承办单位": chance.choice(("水务局", "城管局", "原市政处", "市水务局")),
        "来电人": chance.choice(("王", "李", "张", "陈")) + chance.choice(("女士", "先生")),
        "联系电话": f"138{chance.randrange(10**8):08d}",
        "诉求分类": chance.choice(("投诉类", "咨询类", "求助", "建议")),
        "标题": f"{what}，第{n}件",
        "内容": f"来电人称{what}。\n已有{chance.randrange(1, 30)}天，要求处理；“很急”。",
        "事发地址": f"信州区{road}{chance.randrange(400)}号",
        "回访评价": "" if is_open else chance.choice(("满意", "非常满意", "不满意", "无")),
        "坐席": f"{chance.randrange(1, 60):03d}",
    }


def _line(cells: object) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)  # type: ignore[arg-type]
    return text.getvalue().encode("gb18030")


Row = dict[str, str]


def _says(column: str, value: str) -> tuple[Callable[[Row], bytes], str]:
    def spoil(row: Row) -> bytes:
        row[column] = value
        return _line(row.values())

    return spoil, column


def _repeats(row: Row) -> bytes:
    row["工单编号"] = number(0)
    return _line(row.values())


def _ends_before_it_began(row: Row) -> bytes:
    row["办结时间"] = f"{FIRST - timedelta(days=1):%Y-%m-%d %H:%M:%S}"
    return _line(row.values())


def _one_cell_more(row: Row) -> bytes:
    return _line([*row.values(), "多出的一格"])


def _undecodable(row: Row) -> bytes:
    row["内容"] = "来电人称§"
    return _line(row.values()).replace("§".encode("gb18030"), b"\xff")


_SPOILS: tuple[tuple[Callable[[Row], bytes], str], ...] = (
    _says("工单编号", ""),
    (_repeats, "工单编号"),
    _says("来电时间", "2021年13月40日"),
    _says("来电时间", "2999-01-01 08:00:00"),
    _says("处理状态", "不详"),
    (_ends_before_it_began, "办结时间"),
    _says("承办单位", "某某局"),
    _says("联系电话", "没有留"),
    _says("诉求分类", "其他类"),
    _says("标题", ""),
    _says("内容", "=HYPERLINK(1)"),
    _says("回访评价", "一般般"),
    (_one_cell_more, ""),
    (_undecodable, "内容"),
)
