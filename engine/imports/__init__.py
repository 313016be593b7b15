"""Tickets of another platform, read from a file by a mapping: pure, but for reading the two files.

A mapping is a sheet of five columns that a data officer writes in Excel (see `mapping`); the file
is CSV or .xlsx, read row by row (see `sheet`). A row becomes a `Ready`, or sentences that say what
is wrong with it (`Flaw`). What is written into the database is up to `engine.acts.imports`.
"""

from engine.imports.mapping import Mapping, read_mapping
from engine.imports.model import Flaw, ImportRefused, Kept, Known, Ready
from engine.imports.report import Report
from engine.imports.rows import Rows, shown
from engine.imports.sheet import Line, Sheet, opened

__all__ = [
    "Flaw",
    "ImportRefused",
    "Kept",
    "Known",
    "Line",
    "Mapping",
    "Ready",
    "Report",
    "Rows",
    "Sheet",
    "opened",
    "read_mapping",
    "shown",
]
