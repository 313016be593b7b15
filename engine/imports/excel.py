"""Rows of an .xlsx file, read one by one; a file that would unpack without end is refused."""

from __future__ import annotations

import errno
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NoReturn
from xml.etree.ElementTree import ParseError

from engine.imports.model import ImportRefused, Spoiled

MOST_PARTS = 2_000
MOST_UNPACKED = 2_000_000_000
"""Bytes of all parts unpacked; what a part says of its size is also all that is ever read of it."""
MOST_STRINGS = 300_000_000
"""Bytes of the table of texts, the one part that has to be held in memory."""
MOST_COLUMNS = 300
_PROLOGUE = 65_536
_EXACT = 10**15
"""Excel keeps fifteen digits of a number; what follows in a longer one is lost already."""

_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    KeyError,
    ValueError,
    TypeError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
_BROKEN = "Excel 文件无法读取，可能已损坏或有密码。请用 Excel 打开后另存为“.xlsx”，再试一次。"


def judge(path: Path) -> None:
    """Refuse a packed file that is too big unpacked, or that brings entities of its own.

    Errors: ImportRefused.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
            unpacked = sum(part.file_size for part in parts)
            strings = [p.file_size for p in parts if p.filename.lower().endswith("strings.xml")]
            big = unpacked > MOST_UNPACKED or sum(strings) > MOST_STRINGS
            if len(parts) > MOST_PARTS or big:
                raise ImportRefused(
                    f"Excel 文件解开后太大（{unpacked // 1_000_000} MB），没有读取。"
                    "请另存为 CSV，或分成几个文件导入。"
                )
            for part in parts:
                if part.filename.lower().endswith((".xml", ".rels")):
                    with packed.open(part) as content:
                        _plain(content.read(_PROLOGUE))
    except (*_UNREADABLE, OSError) as error:
        _refuse(error)


def _refuse(error: Exception) -> NoReturn:
    """Say that the file is broken; a disk's own trouble stays what it is. Errors: ImportRefused."""
    if isinstance(error, OSError) and error.errno != errno.EINVAL:  # EINVAL: a place before 0
        raise error
    raise ImportRefused(_BROKEN) from error


def _plain(start: bytes) -> None:
    # A document type stands before all else; in UTF-16 it would not be seen.
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"<!DOCTYPE" in start or b"<!ENTITY" in start:
        raise ImportRefused("Excel 文件里有不应有的内容（DTD），没有读取。请另存为 CSV 后导入。")


def rows(path: Path, sheet: str) -> Iterator[tuple[int | None, list[str]]]:
    """The number of rows as the file claims (a guess), and each row's cells as texts.

    `sheet` "" is the first one. Errors: ImportRefused.
    """
    # Half a second to import, and only those who have an Excel file need it.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    judge(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about looks that nobody sees here
            book = load_workbook(path, read_only=True, keep_links=False)
            try:
                names = book.sheetnames
                if sheet and sheet not in names:
                    known = "、".join(names[:10])
                    raise ImportRefused(f"Excel 文件里没有工作表“{sheet}”，只有：{known}。")
                page = book[sheet or names[0]]
                claimed = page.max_row
                page.reset_dimensions()  # what a file claims of its size is often wrong
                for row in page.iter_rows():
                    yield claimed, [_text(cell) for cell in row[:MOST_COLUMNS]]
            finally:
                book.close()
    except (*_UNREADABLE, InvalidFileException, AttributeError, IndexError, OSError) as error:
        _refuse(error)


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    kind = getattr(cell, "data_type", "")
    if kind == "f":
        return Spoiled(str(value), "单元格是公式。请复制后“选择性粘贴—数值”，再导入。")
    if kind == "e":
        return Spoiled(str(value), "单元格是 Excel 的错误值。请改正后再导入。")
    match value:
        case bool():
            return "是" if value else "否"
        case datetime():
            return f"{_second(value):%Y-%m-%d %H:%M:%S}"
        case date():
            return f"{value:%Y-%m-%d}"
        case time():
            return f"{value:%H:%M:%S}"
        case int() | float():
            return _digits(value)
    return str(value)


def _second(at: datetime) -> datetime:
    # A day is a fraction in Excel, so 10:20 may come as 10:19:59.999997.
    return (at + timedelta(milliseconds=500)).replace(microsecond=0)


def _digits(value: int | float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return Spoiled(str(value), "单元格不是可用的数。请改正后再导入。")
    text = str(int(value)) if value == int(value) else repr(value)
    if abs(value) >= _EXACT:
        return Spoiled(
            text,
            "Excel 把它存成了数字，只保留了前 15 位，后面的已经丢失。"
            "请从原平台把这一栏按文本格式重新导出。",
        )
    return text
