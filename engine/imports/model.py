"""The plain values of an import: what may be named, a row that is ready, what is wrong with one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.formjs import Component, Form, Option, Sources


class ImportRefused(Exception):
    """A file or a mapping that cannot be used at all; `findings` are Chinese sentences."""

    def __init__(self, *findings: str) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


class Spoiled(str):
    """A cell that cannot be taken as it stands; `why` is the sentence."""

    __slots__ = ("why",)
    why: str

    def __new__(cls, text: str, why: str) -> Spoiled:
        made = super().__new__(cls, text)
        made.why = why
        return made


@dataclass(frozen=True, slots=True)
class Known:
    """What a mapping may name: the fields of the form that starts a ticket, units, codes.

    All choices are (what it is called, id or code).
    """

    form: Form
    sources: Sources
    units: Sequence[Option]
    ratings: Sequence[Option]
    outcomes: Sequence[Option]

    def options(self, field: Component) -> Sequence[Option]:
        """The choices of a field, its source's included."""
        if not field.source:
            return field.options
        return [Option(row["label"], row["value"]) for row in self.sources.get(field.source, ())]


@dataclass(frozen=True, slots=True)
class Kept:
    """What another platform said beside what has a place here, shown under its own heading."""

    label: str
    text: str
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Ready:
    """A row that can be brought in, as far as the mapping can tell; times are aware.

    `raw` is the start form as a browser would send it. `cells` are the texts by which a later
    file's row with this number is compared; `columns` names those columns.
    """

    line: int
    original: str
    received_at: datetime
    closed: bool
    closed_at: datetime | None
    raw: Mapping[str, Sequence[str]]
    unit: str | None = None
    rating: str | None = None
    outcome: str | None = None
    kept: Sequence[Kept] = ()
    cells: Mapping[str, str] = field(default_factory=dict)
    columns: str = ""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that keeps a row out, or that somebody has to look at.

    `value` is what may be shown of the cell: what says who somebody is is masked. `kind`:
    refused, or differs (the number is known, but what the row says is not what came in).
    """

    line: int
    original: str
    column: str
    value: str
    sentence: str
    kind: str = "refused"
