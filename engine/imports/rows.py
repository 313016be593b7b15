"""A row of the file, read by the mapping: ready to be brought in, or what is wrong with it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from engine.formjs import Component
from engine.formjs.text import forbidden, half_width, shortened, trimmed
from engine.imports import mapping as m
from engine.imports.mapping import Column, chosen
from engine.imports.model import Flaw, Kept, Known, Ready, Spoiled
from engine.imports.sheet import Line

LONGEST_NUMBER = 60
LONGEST_KEPT = 20_000
EARLIEST = datetime(1983, 1, 1, tzinfo=UTC)
"""Before the first mayors' telephones there was nothing to be received."""
AHEAD = timedelta(minutes=10)
"""How far the other platform's clock may be ahead."""

_MANY = ("checklist", "taglist")
_BETWEEN = re.compile(r"[、，,；;|]")
_DIGITS = re.compile(r"\d{7,}")


class Rows:
    """Reads the rows of one file: it remembers numbers, so that doubles are found.

    `unknown` counts names of units that nobody has here.
    """

    def __init__(self, mapping: m.Mapping, known: Known, header: Sequence[str]) -> None:
        self.mapping = mapping
        self.digest = mapping.digest
        self.header = list(header)
        self.at = {name: header.index(name) for name in mapping.headings}
        columns = [*mapping.columns, *(column for column, _ in mapping.fixed)]
        self.by_target = {column.target: column for column in columns}
        self.fields = {one.key: one for one in known.form.fields}
        self.defaults = {
            one.key: [str(one.default)]
            for one in known.form.fields
            if one.key not in self.by_target
            and isinstance(one.default, str | int)
            and not isinstance(one.default, bool)
            and not one.guards
            and not one.readonly
        }
        self.seen: dict[str, int] = {}
        self.unknown: Counter[str] = Counter()

    def read(self, line: Line, now: datetime) -> Ready | list[Flaw]:
        """A row; `now` is held against times that cannot have been yet."""
        if line.broken:
            return [Flaw(line.number, "", "", "", line.broken)]
        number = self.at[self.by_target[m.ORIGINAL].heading]
        width = len(self.header)
        if len(line.cells) <= max(self.at.values()) or any(line.cells[width:]):
            # Only a first cell cannot have been moved by what is wrong before it.
            original = "" if number else shown_number(line.cells[0])
            why = f"这一行有 {len(line.cells)} 格，标题行有 {width} 格，栏目可能错位了。"
            return [Flaw(line.number, original, "", "", f"{why}请核对引号和分隔符。")]
        return _Row(self, line, shown_number(line.cells[number]), now).ready()

    def refused(self, ready: Ready, errors: Mapping[str, str]) -> list[Flaw]:
        """What the start form, or the procedure (under the key ""), says of a row."""
        found = []
        for key, sentence in errors.items():
            one, column = self.fields.get(key), self.by_target.get(key)
            text = "、".join(ready.raw.get(key, ()))
            if one is not None and "不用填写" in sentence:
                sentence = f"这一类工单没有“{one.name}”这一项。请清空，或在映射里把它改为“保留”。"
            if one is not None and column is None and not text:
                sentence = f"{sentence.rstrip('。')}：映射里没有写这一项来自哪一栏。"
            heading = column.heading if column else ""
            said = shown(one, text) if one else ""
            found.append(Flaw(ready.line, ready.original, heading, said, sentence))
        return found


class _Row:
    """One row while it is read."""

    def __init__(self, rows: Rows, line: Line, original: str, now: datetime) -> None:
        self._rows = rows
        self._line = line
        self._original = original
        self._now = now
        self._flaws: list[Flaw] = []

    def ready(self) -> Ready | list[Flaw]:
        """The row, or its flaws."""
        mapping = self._rows.mapping
        texts = {name: self._cell(name) for name in self._rows.at}
        raw: dict[str, Sequence[str]] = {**self._rows.defaults}
        said: dict[str, str] = {}
        kept: list[Kept] = []
        said_by_column = [(one, self._meant(one, texts[one.heading])) for one in mapping.columns]
        for column, text in [*said_by_column, *mapping.fixed]:
            if column.field is not None:
                answer = self._answer(column, column.field, text)
                if answer:
                    raw[column.field.key] = answer
            elif column.target in (m.KEPT, m.KEPT_PERSONAL):
                kept += self._kept(column.heading, text, column.target == m.KEPT_PERSONAL)
            else:
                said[column.target] = text
        kept += self._others()
        original = self._number(said[m.ORIGINAL])
        received = self._moment(m.RECEIVED, said[m.RECEIVED])
        closed = self._closed(said[m.STATE])
        closed_at = self._moment(m.CLOSED, said.get(m.CLOSED, "")) if closed else None
        if closed_at and received and closed_at < received:
            self._wrong(m.CLOSED, said[m.CLOSED], "办结时间早于受理时间。请核对这两栏。")
        unit, rating, outcome = (
            self._code(target, said.get(target, "")) for target in (m.UNIT, m.RATING, m.OUTCOME)
        )
        if m.UNIT in said:  # what it was called there is kept beside what it is here
            heading = self._rows.by_target[m.UNIT].heading
            kept += self._kept(heading or m.UNIT, texts.get(heading, said[m.UNIT]), False)
        if self._flaws or received is None:
            return self._flaws
        return Ready(
            line=self._line.number,
            original=original,
            received_at=received,
            closed=closed,
            closed_at=closed_at,
            raw=raw,
            unit=unit,
            rating=rating,
            outcome=outcome,
            kept=kept,
            cells={name: text for name, text in texts.items() if text},
            columns=self._rows.digest,
        )

    # --- what is wrong -------------------------------------------------------------------------

    def _flaw(self, heading: str, value: str, sentence: str) -> None:
        self._flaws.append(Flaw(self._line.number, self._original, heading, value, sentence))

    def _wrong(self, target: str, text: str, sentence: str) -> None:
        """A flaw of what a column says; one that is spoiled already is not told twice."""
        column = self._rows.by_target[target]
        if not any(flaw.column == column.heading for flaw in self._flaws):
            dated = target in (m.RECEIVED, m.CLOSED, m.ORIGINAL)
            self._flaw(column.heading, shortened(text) if dated else shown(None, text), sentence)

    def _unknown(self, column: Column, text: str) -> None:
        if column.target == m.UNIT or (column.field is not None and column.field.source):
            self._rows.unknown[text] += 1
            many = sum(option.label == text for option in column.options or ()) > 1
            why = "本系统有几个同名的单位" if many else f"“{column.name}”里没有这个单位"
            sentence = f"{why}。请在映射里加一行“单位”，写明它对应本系统的哪个单位。"
        else:
            sentence = f"“{column.name}”没有这个值。请在映射里加一行“取值”，写明它是什么意思。"
        self._wrong(column.target, text, sentence)

    # --- cells ---------------------------------------------------------------------------------

    def _cell(self, heading: str) -> str:
        cell = self._line.cells[self._rows.at[heading]]
        if isinstance(cell, Spoiled):
            columns = [one for one in self._rows.mapping.columns if one.heading == heading]
            personal = any(one.target in (m.KEPT, m.KEPT_PERSONAL) for one in columns)
            one = next((one.field for one in columns if one.field), None)
            self._flaw(heading, length(cell) if personal else shown(one, cell), cell.why)
            return ""
        return trimmed(cell)

    def _meant(self, column: Column, text: str) -> str:
        """What the mapping says that a value means; "" for one that means nothing here."""
        known = self._rows.mapping.values.get(column.heading, {})
        meant = known.get(text, text)
        return "" if text in known and meant == m.NONE else meant

    def _answer(self, column: Column, one: Component, text: str) -> list[str]:
        if not text or column.options is None:
            return [text] if text else []
        parts = _BETWEEN.split(text) if one.type in _MANY else [text]
        values = [self._code(column.target, part) for part in map(trimmed, parts) if part]
        return [value for value in values if value and (one.type, value) != _UNCHECKED]

    def _code(self, target: str, text: str) -> str | None:
        """What a text means among the options of its column."""
        column = self._rows.by_target.get(target)
        if column is None or not text:
            return None
        if target == m.UNIT or (column.field and column.field.source in _UNITS):
            text = self._rows.mapping.units.get(text, text)
            if text == m.NONE:
                return None
        value = chosen(column.options or (), text)
        if value is None:
            self._unknown(column, text)
        return value

    # --- what they mean ------------------------------------------------------------------------

    def _number(self, text: str) -> str:
        number = half_width(text)
        if not number:
            self._wrong(m.ORIGINAL, "", "没有原编号。请补上，没有编号的工单不能导入。")
        elif len(number) > LONGEST_NUMBER or forbidden(number, lines=False):
            why = f"原编号最多 {LONGEST_NUMBER} 字，不能有换行和控制字符。"
            self._wrong(m.ORIGINAL, number, why)
        else:
            first = self._rows.seen.setdefault(number, self._line.number)
            if first != self._line.number:
                why = f"原编号与第 {first} 行重复，本行没有导入。请核对以哪一行为准。"
                self._wrong(m.ORIGINAL, number, why)
        return number

    def _kept(self, label: str, text: str, personal: bool) -> Iterator[Kept]:
        if len(text) > LONGEST_KEPT or forbidden(text, lines=True):
            why = f"最多 {LONGEST_KEPT} 字，不能有控制字符。请改正后再导入。"
            self._flaw(label, length(text), why)
        elif text:
            yield Kept(label, text, personal)

    def _others(self) -> Iterator[Kept]:
        """The columns that the mapping does not name: nobody looked at them, so they are kept as
        what may say who somebody is."""
        if not self._rows.mapping.keep_others:
            return
        for name, cell in zip(self._rows.header, self._line.cells, strict=False):
            if name and name not in self._rows.at:
                if isinstance(cell, Spoiled):
                    self._flaw(name, length(cell), cell.why)
                else:
                    yield from self._kept(name, trimmed(cell), True)

    def _moment(self, target: str, text: str) -> datetime | None:
        if not text:
            if target in m.NEEDED:
                self._wrong(target, "", f"没有{target}。请补上。")
            return None
        at = self._parsed(half_width(text))
        if at is None:
            self._wrong(target, text, "不是可用的日期。请改正，或在映射的“日期格式”里写明写法。")
        elif at > self._now + AHEAD:
            self._wrong(target, text, f"{target}在将来。请核对年份和时区。")
        elif at < EARLIEST:
            self._wrong(target, text, f"{target}太早了。请核对年份。")
        else:
            return at
        return None

    def _parsed(self, text: str) -> datetime | None:
        for form in self._rows.mapping.formats:
            try:
                at = datetime.strptime(text, form)  # noqa: DTZ007
            except ValueError:
                continue
            # Digits alone can be cut in several ways: 2026111 is no day for certain.
            if text.isdigit() and f"{at:{form}}" != text:
                continue
            return self._aware(at)
        try:
            return self._aware(datetime.fromisoformat(text))
        except ValueError:
            return None

    def _aware(self, at: datetime) -> datetime | None:
        try:
            return (at if at.tzinfo else at.replace(tzinfo=self._rows.mapping.zone)).astimezone(UTC)
        except OverflowError:
            return None

    def _closed(self, text: str) -> bool:
        if text not in (m.OPEN, m.ENDED):
            why = f"不知道这个状态是{m.OPEN}还是{m.ENDED}。请在映射里加一行“取值”。"
            self._wrong(m.STATE, text, why)
        return text == m.ENDED


_UNITS = ("units", "parties", "sections")
"""The lists of choices that are units."""
_UNCHECKED = ("checkbox", "false")


# --- what a report may show --------------------------------------------------------------------


def shown(one: Component | None, text: str) -> str:
    """A cell in a report: who somebody is is masked, of what was said the first words stand."""
    if not text:
        return ""
    if one is not None and one.card in ("caller", "phone"):
        return f"{shortened(text[:1])}***{length(text)[1:]}"
    most = 6 if one is not None and one.type in ("textfield", "textarea") else 30
    said = _DIGITS.sub(lambda found: f"{found[0][:3]}****", text)
    return (
        f"{shortened(said[:most])}…（共 {len(text)} 字）" if len(said) > most else shortened(said)
    )


def shown_number(text: str) -> str:
    """The number of a row, by which it is found again: as much of it as there can be."""
    number = half_width(trimmed(text))[:LONGEST_NUMBER]
    return "".join(char if char.isprintable() else "?" for char in number)


def length(text: str) -> str:
    """Of what nobody has to see: how long it is."""
    return f"…（共 {len(text)} 字）"
