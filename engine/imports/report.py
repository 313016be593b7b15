"""The report of an import: a CSV file that Excel opens as it is, and that cannot run anything."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from engine import files
from engine.imports.model import Flaw, ImportRefused

HEADINGS: Final = ("行号", "原编号", "栏目", "内容", "处理", "说明")
KINDS: Final = {"refused": "没有导入", "differs": "此前已导入，内容不同"}


class Report:
    """Writes flaws line by line; `rows` counts rows by kind. Errors: ImportRefused; OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rows: Counter[str] = Counter()

    def __enter__(self) -> Self:
        _mine(self._path)
        # Numbers and pieces of what was said: for this user alone.
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(handle, "w", encoding="utf-8-sig", newline="")
        self._write(HEADINGS)
        self.flush()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if kind is not None and not self.rows:
            # A report without a row says that every row was taken.
            self._path.unlink(missing_ok=True)

    def add(self, flaws: list[Flaw]) -> None:
        """Add what was found in one row."""
        for flaw in flaws:
            kind = KINDS[flaw.kind]
            self._write((flaw.line, flaw.original, flaw.column, flaw.value, kind, flaw.sentence))
        if flaws:
            self.rows[flaws[0].kind] += 1

    def flush(self) -> None:
        """Let what was added so far survive a kill."""
        self._file.flush()

    def _write(self, cells: tuple[object, ...]) -> None:
        csv.writer(self._file).writerow([_harmless(str(cell)) for cell in cells])


_FORMULA: Final = (*"=+-@", *"＝＋－＠")
"""What begins a formula; in Chinese the wide signs do so too."""


def _harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    wild = text.lstrip().startswith(_FORMULA) or text.startswith(("\t", "\r"))
    return f"'{text}" if wild else text


def _mine(path: Path) -> None:
    """Refuse to write over what is no report. Errors: ImportRefused."""
    try:
        with files.opened(path) as file:
            start = file.read(200)
    except FileNotFoundError:
        return
    if start and not start.startswith("\ufeff".encode() + ",".join(HEADINGS).encode()):
        raise ImportRefused(f"{path} 已经存在，而且不是导入报告，不会覆盖它。请换一个文件名。")
