"""A file of rows under a line of headings: CSV in whatever encoding, or .xlsx; read row by row."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from engine import files
from engine.imports import excel
from engine.imports.model import ImportRefused, Spoiled

ENCODINGS = {"UTF-8": "utf-8-sig", "GB18030": "gb18030", "GBK": "gb18030", "UTF-16": "utf-16"}
"""What a mapping calls an encoding, and what Python calls it; a byte order mark may be there."""
DELIMITERS = {"逗号": ",", "制表符": "\t", "分号": ";", "竖线": "|"}

MOST_ROWS = 1_000_000
LONGEST_CELL = 200_000
_HEAD = 262_144
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_MOST_LINES = 500
"""Lines of one row: more, and a quotation mark is open somewhere."""
_BROKEN = "\ufffd"
_KEPT_TEXT = re.compile(r'="([^"=]*)"')
"""How CSV files write digits that Excel shall not take for a number."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row with its number, as Excel counts (the headings are row 1, blank rows count).

    `broken` says why the row cannot be read at all; it has no cells then.
    """

    number: int
    cells: Sequence[str]
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """An open file: its headings, its rows, how much of it is read (0 to 1, None: unknown)."""

    header: Sequence[str]
    lines: Iterator[Line]
    share: Callable[[], float | None]
    how: str
    """How it is read, for the person: “CSV，GB18030，逗号”."""


@contextmanager
def opened(
    path: Path,
    wanted: Collection[str],
    *,
    encoding: str = "",
    delimiter: str = "",
    sheet: str = "",
    heading: int = 1,
) -> Iterator[Sheet]:
    """Open a file whose line number `heading` has (some of) the headings `wanted`.

    `encoding` and `delimiter` are keys of ENCODINGS and DELIMITERS; "" finds out: right is what
    makes the headings readable. Whether they are those that are wanted is not asked.
    Errors: ImportRefused; OSError.
    """
    with files.opened(path) as raw:
        start = raw.read(_HEAD)
        if start[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
            raise ImportRefused(
                "这是旧格式的 Excel 文件（.xls）或有密码的文件。请另存为没有密码的“.xlsx”或 CSV。"
            )
        if _packed(start, path):
            found = _excel(path, sheet, heading)
        else:
            raw.seek(0)
            found = _csv(raw, start, path.stat().st_size, wanted, encoding, delimiter, heading)
        yield found


def _packed(start: bytes, path: Path) -> bool:
    """Whether it is an Excel file, or was one before it was damaged: two of three signs will do.

    A heading may begin with “PK”, CSV may be called .xlsx, and a text may have a zero in it.
    """
    begins = start[:2] == b"PK"
    called = path.suffix.lower() in (".xlsx", ".xlsm")
    binary = b"\0" in start and start[:2] not in _UTF_16
    return begins + called + binary >= 2


def _named(cells: Sequence[str]) -> list[str]:
    return [" ".join(cell.split()) for cell in cells]


# --- .xlsx -------------------------------------------------------------------------------------


def _excel(path: Path, sheet: str, heading: int) -> Sheet:
    found = enumerate(excel.rows(path, sheet), 1)
    header: list[str] = []
    share: list[float | None] = [None]

    def lines() -> Iterator[Line]:
        for number, (claimed, cells) in found:
            share[0] = min(1.0, number / claimed) if claimed and claimed > 1 else None
            if any(cells):
                # Of a row Excel writes no more than what is filled.
                yield _counted(Line(number, [*cells, *[""] * (len(header) - len(cells))]))

    for number, (_, cells) in islice(found, heading):
        header = _named(cells) if number == heading else []
    return Sheet(header, lines(), lambda: share[0], f"Excel{f'，工作表“{sheet}”' if sheet else ''}")


def _counted(line: Line) -> Line:
    if line.number > MOST_ROWS:
        raise ImportRefused(f"文件超过 {MOST_ROWS} 行。前面的行已经处理；请把后面的另存一个文件。")
    return line


# --- CSV ---------------------------------------------------------------------------------------


def _csv(
    raw: BinaryIO,
    start: bytes,
    size: int,
    wanted: Collection[str],
    encoding: str,
    delimiter: str,
    heading: int,
) -> Sheet:
    encodings = [encoding] if encoding else _likely(start)
    delimiters = [delimiter] if delimiter else list(DELIMITERS)
    tries = [(one, by) for one in encodings for by in delimiters]
    texts = {one: _decoded(start, one) for one in encodings}

    def right(way: tuple[str, str]) -> tuple[int, int]:
        head = _head(texts[way[0]], way[1], heading)
        return len(set(wanted) & set(head)), -texts[way[0]].count(_BROKEN)

    name, by = max(tries, key=right)
    text = io.TextIOWrapper(raw, ENCODINGS[name], errors="replace", newline="")
    rows = _rows(text, DELIMITERS[by])
    header: Sequence[str] = ()
    for line in islice(rows, heading):
        header = _named(line.cells)

    def lines() -> Iterator[Line]:
        for line in rows:
            if line.broken or any(line.cells):
                yield _counted(line)

    def share() -> float | None:
        # By way of `text`: were it collected, it would close the file.
        return min(1.0, text.buffer.tell() / size) if size else None

    return Sheet(header, lines(), share, f"CSV，{name}，{by}")


def _likely(start: bytes) -> list[str]:
    if start[:2] in _UTF_16:
        return ["UTF-16"]
    return ["UTF-8", "GB18030"]


def _decoded(start: bytes, encoding: str) -> str:
    # The start may end within a character.
    return codecs.getincrementaldecoder(ENCODINGS[encoding])("replace").decode(start)


def _head(start: str, delimiter: str, heading: int) -> list[str]:
    found = list(islice(_rows(io.StringIO(start, newline=""), DELIMITERS[delimiter]), heading))
    return _named(found[-1].cells) if len(found) == heading else []


def _rows(text: io.TextIOBase | io.StringIO, delimiter: str) -> Iterator[Line]:
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    number, last = 0, 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            where = f"第 {last + 1} 至 {reader.line_num} 行"
            why = f"文件{where}（按文本行计）的引号不成对或单元格太长，这几行都没有读取。"
            yield Line(number, (), f"{why}请改正引号后再导入。")
            last = max(last + 1, reader.line_num)
            continue
        if reader.line_num - last > _MOST_LINES:
            why = f"文件第 {last + 1} 行起有一个引号没有闭合，一直到第 {reader.line_num} 行"
            yield Line(number, (), f"{why}，这几行都没有读取。请改正引号后再导入。")
        else:
            yield Line(number, [_cell(cell) for cell in cells])
        last = reader.line_num


def _cell(text: str) -> str:
    if _BROKEN in text:
        return Spoiled(text, "有无法识别的字符（编码损坏）。请从原平台重新导出，或改正这一格。")
    if text.startswith("="):
        quoted = _KEPT_TEXT.fullmatch(text)
        if quoted:
            return quoted[1]
        return Spoiled(text, "单元格是公式。请改成数值或文字，再导入。")
    return text
