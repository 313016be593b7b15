"""The plain values of forms: findings, options, components, views, what a check gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.formjs.text import one_line

if TYPE_CHECKING:
    from engine.formjs.feel import Expression
    from engine.formjs.patterns import Pattern

Json = Any  # None | bool | int | float | str | list[Json] | dict[str, Json]
Sources = Mapping[str, Sequence[Mapping[str, str]]]
"""Option lists by name ("units"): rows with "label" and "value"."""

SOURCES = frozenset({"units", "parties", "items", "sections"})
"""The option lists that a form may name with valuesKey."""

NAMING = ("title", "place")
IDENTIFYING = ("caller", "phone")
CARD = (*NAMING, *IDENTIFYING)
"""What a field can be on the card by which lists show a ticket (custom property `card`)."""

TEMPLATES: Mapping[str, str] = {
    "reply": "答复诉求人",
    "refusal": "说明不予受理",
    "decision": "审核和决定的意见",
}
"""The kinds of texts kept ready that a textarea may offer (custom property `templates`)."""

TEXT_LENGTH = 200
"""Longest answer of a textfield that sets no maxLength, in characters."""
AREA_LENGTH = 4000
"""Longest answer of a textarea that sets no maxLength, in characters."""
MOST_FILES = 10
"""Files in one field: what somebody still looks through; more belong into one document."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong in an uploaded file; `sentence` is for the process owner, in Chinese.

    Sentences quote from the file: they stay in one line, and bearable.
    """

    file: str
    element: str
    rule: str
    sentence: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "sentence", one_line(self.sentence))

    def __str__(self) -> str:
        return f"{one_line(self.file)}:{one_line(self.element)}: {self.sentence}"


class FormRefused(Exception):
    """A form that cannot be used; `findings` says where and why."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = tuple(findings)


class Option(NamedTuple):
    """One choice of a select, radio, checklist or taglist."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Component:
    """One component of a form, checked: what the file says, with limits filled in.

    `key` is "" for what takes no answer (text, separator, spacer, group). `depends` names the
    fields that its own condition and those of the groups around it read. `ticket`: the answer is
    the number of a ticket, which whoever takes the form looks up and routes under this name.
    `past`: a date of what has happened, in the year before the form is submitted. `searched`:
    tickets are found by the words of the answer. `templates`: the kind of texts kept ready that
    can be put into it (one of TEMPLATES). `kinds`: the names of the kinds of files that are taken
    (see kinds.KINDS); `reporter`: the files tell who called, and of a protected reporter are
    kept from whoever may not know that.
    """

    id: str
    type: str
    key: str = ""
    label: str = ""
    description: str = ""
    required: bool = False
    readonly: bool = False
    routing: bool = False
    card: str = ""
    ticket: str = ""
    past: bool = False
    searched: bool = False
    templates: str = ""
    options: tuple[Option, ...] = ()
    source: str = ""
    default: Json = None
    subtype: str = ""
    zoned: bool = True
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    decimals: int | None = None
    step: Decimal | None = None
    as_text: bool = False
    min_length: int = 0
    max_length: int = 0
    pattern: Pattern | None = None
    validation: str = ""
    searchable: bool = False
    time_step: int = 0
    prefix: str = ""
    suffix: str = ""
    accept: str = ""
    multiple: bool = False
    kinds: frozenset[str] = frozenset()
    reporter: bool = False
    row: str = ""
    columns: int | None = None
    height: int = 0
    lines: tuple[tuple[int, str], ...] = ()
    outline: bool = False
    hide: Expression | None = None
    guards: tuple[Expression, ...] = ()
    depends: frozenset[str] = frozenset()
    children: tuple[Component, ...] = ()

    @property
    def name(self) -> str:
        """What a sentence calls this field."""
        return self.label or self.key


@dataclass(frozen=True, slots=True)
class View:
    """A visible component as a template needs it; no HTML in it.

    `value` is text for inputs of one value ("" when empty; a date as YYYY-MM-DD, a time as HH:MM,
    both as YYYY-MM-DDTHH:MM), True or False for a checkbox, a list of option values for checklist
    and taglist, of the tokens of uploaded files for filepicker. `lines` of a text are (heading
    level or 0, text). `columns` are sixteenths of the width, None for an even share; components
    that stand in one line share `row`.
    """

    id: str
    type: str
    key: str = ""
    label: str = ""
    description: str = ""
    required: bool = False
    readonly: bool = False
    options: tuple[Option, ...] = ()
    value: str | bool | list[str] = ""
    error: str = ""
    subtype: str = ""
    validation: str = ""
    min: str = ""
    max: str = ""
    step: str = ""
    min_length: int = 0
    max_length: int = 0
    pattern: str = ""
    searchable: bool = False
    prefix: str = ""
    suffix: str = ""
    accept: str = ""
    multiple: bool = False
    row: str = ""
    columns: int | None = None
    height: int = 0
    templates: str = ""
    past: bool = False
    lines: tuple[tuple[int, str], ...] = ()
    outline: bool = False
    views: tuple[View, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What was submitted, read: `values` hold when `errors` is empty.

    `values` has every field of the form, None where hidden or left empty (an empty list for a
    visible checklist, taglist or filepicker). `typed` is what to show again beside the errors:
    the value where it was good, the text as typed where not, nothing of hidden fields. The key ""
    in `errors` is for the form as a whole.
    """

    values: Mapping[str, Json]
    routing: Mapping[str, Json]
    errors: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, Json] = field(default_factory=dict)

    @property
    def content(self) -> dict[str, Json]:
        """The values that are not routing: they belong into the encrypted payload."""
        return {key: value for key, value in self.values.items() if key not in self.routing}
