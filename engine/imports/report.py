"""The report of an import: a CSV file that Excel opens as it is, and that cannot run anything."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from engine.imports.model import Flaw, ImportRefused

HEADINGS: Final = ("行号", "原编号", "栏目", "内容", "处理", "说明")
KINDS: Final = {"refused": "没有导入", "differs": "此前已导入，内容不同"}


class Report:
    """Writes flaws line by line; `rows` counts rows by kind. Without a path it only counts."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.rows: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._file = None
        if self._path is not None:
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
        if self._file is not None:
            self._file.close()

    def add(self, flaws: list[Flaw]) -> None:
        """Add what was found in one row."""
        for flaw in flaws:
            kind = KINDS[flaw.kind]
            self._write((flaw.line, flaw.original, flaw.column, flaw.value, kind, flaw.sentence))
        if flaws:
            self.rows[flaws[0].kind] += 1

    def flush(self) -> None:
        """Let what was added so far survive a kill."""
        if self._file is not None:
            self._file.flush()

    def _write(self, cells: tuple[object, ...]) -> None:
        if self._file is not None:
            csv.writer(self._file).writerow([_harmless(str(cell)) for cell in cells])


def _harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip()[:1] in tuple("=+-@") or text[:1] in ("\t", "\r") else text


def _mine(path: Path) -> None:
    """Refuse to write over what is no report. Errors: ImportRefused."""
    try:
        with path.open("rb") as file:
            start = file.read(200)
    except FileNotFoundError:
        return
    if start and not start.startswith("\ufeff".encode() + ",".join(HEADINGS).encode()):
        raise ImportRefused(f"{path} 已经存在，而且不是导入报告，不会覆盖它。请换一个文件名。")
