"""Lists as Excel workbooks: text only, so that nothing that a caller said becomes a formula."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Final

from flask import Response
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from webapp import door

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDEST: Final = 60
"""Characters of the widest column."""

_NOT_XML: Final = re.compile(rf"{ILLEGAL_CHARACTERS_RE.pattern}|[\ud800-\udfff\ufffe\uffff]")
"""Characters that no workbook can hold; openpyxl knows the first of them only."""


def workbook(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A workbook of one sheet; its first row stands still and filters."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    lines = [list(row) for row in rows]
    for n, head in enumerate(heads):
        longest = max((_width(line[n]) for line in lines), default=0)
        column = sheet.column_dimensions[chr(ord("A") + n)]
        column.width = min(max(longest, _width(head)) + 2, WIDEST)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{chr(ord('A') + len(heads) - 1)}{len(lines) + 1}"
    sheet.append([_cell(sheet, head, bold=True) for head in heads])
    for line in lines:
        sheet.append([_cell(sheet, text) for text in line])
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def _cell(sheet: object, text: str, *, bold: bool = False) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, _NOT_XML.sub("", text))
    cell.data_type = "s"  # openpyxl takes what begins with = for a formula
    if bold:
        cell.font = Font(bold=True)
    return cell


def _width(text: str) -> int:
    """In the widths of a digit: a Chinese character is two."""
    return max(sum(2 if ord(one) > 0x2E7F else 1 for one in line) for line in text.split("\n"))


def answer(content: bytes, name: str) -> Response:
    """A workbook as a download."""
    return door.download(Response(content, mimetype=XLSX), name)
