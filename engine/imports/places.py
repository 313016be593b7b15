"""A city's areas, units and items from a sheet: what each row registers, or what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.imports import sheet
from engine.imports.model import ImportRefused

COLUMNS: Final = ("登记", "编号", "名称", "地区", "类别", "上级")
"""The headings. 地区 is an area's id; 上级 an area's parent, a unit's superior, an item's unit."""
LEVELS: Final = {"市": "city", "县": "county"}
LONGEST_ID: Final = 40


@dataclass(frozen=True, slots=True)
class Register:
    """What a sheet registers, as acts.places takes it, in the order of the sheet."""

    areas: list[dict[str, str | None]] = field(default_factory=list)
    units: list[dict[str, str | None]] = field(default_factory=list)
    items: list[dict[str, str | None]] = field(default_factory=list)


def read(path: Path, kinds: Mapping[str, str]) -> Register:
    """Read a sheet; `kinds`: what a kind of unit is called → its code.

    Errors: ImportRefused, with a line for each row that is wrong; OSError.
    """
    found, wrong = Register(), []
    with sheet.opened(path, COLUMNS) as opened:
        missing = [name for name in COLUMNS if name not in opened.header]
        if missing:
            raise ImportRefused(
                f"缺少这些列：{'、'.join(missing)}。第一行须写 {'、'.join(COLUMNS)}。"
            )
        for line in opened.lines:
            if line.broken:
                wrong.append(f"第 {line.number} 行：{line.broken}")
                continue
            cells = dict(zip(opened.header, line.cells, strict=False))
            row = {name: str(cells.get(name, "")).strip() for name in COLUMNS}
            if any(row.values()) and (said := _take(found, row, kinds)):
                wrong.append(f"第 {line.number} 行：{said}")
    if wrong:
        raise ImportRefused("没有登记，请改正后再试：", *wrong)
    if not (found.areas or found.units or found.items):
        raise ImportRefused("文件里没有可登记的行。")
    return found


def _take(found: Register, row: Mapping[str, str], kinds: Mapping[str, str]) -> str:
    """Add a row to what was found; "" or what is wrong with it."""
    id, name, area, kind, above = (row[column] for column in COLUMNS[1:])
    if not id or not name:
        return "编号和名称都要写。"
    if len(id) > LONGEST_ID or not (
        id.isascii() and id.replace("-", "").replace("_", "").isalnum()
    ):
        return f"编号“{id}”只能用英文字母、数字、- 和 _，最长 {LONGEST_ID} 个字符。"
    match row["登记"]:
        case "地区":
            if kind not in LEVELS:
                return f"地区的类别写 {' 或 '.join(LEVELS)}，不是“{kind}”。"
            found.areas.append(
                {"id": id, "name": name, "level": LEVELS[kind], "parent": above or None}
            )
        case "单位":
            if kind not in kinds:
                return f"单位的类别写 {'、'.join(kinds)} 之一，不是“{kind}”。"
            if not area:
                return "单位要写地区编号。"
            found.units.append(
                {
                    "id": id,
                    "name": name,
                    "area": area,
                    "kind": kinds[kind],
                    "superior": above or None,
                }
            )
        case "事项":
            if not area or not above:
                return "事项要写地区编号，并在“上级”里写承办单位的编号。"
            found.items.append({"code": id, "area": area, "name": name, "unit": above})
        case other:
            return f"“登记”一列写 地区、单位 或 事项，不是“{other}”。"
    return ""
