"""A row of the file, read by the mapping: ready to be brought in, or what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from engine.formjs import Component, Option
from engine.formjs.text import forbidden, half_width, shortened, trimmed
from engine.imports import mapping as m
from engine.imports.mapping import Column, choices, chosen
from engine.imports.model import Flaw, Kept, Known, Ready, Spoiled
from engine.imports.sheet import Line

LONGEST_NUMBER = 60
LONGEST_KEPT = 20_000
EARLIEST = datetime(1983, 1, 1, tzinfo=UTC)
"""Before the first mayors' telephones there was nothing to be received."""
AHEAD = timedelta(minutes=10)
"""How far the other platform's clock may be ahead."""

_MANY = ("checklist", "taglist")
_FREE = ("textfield", "textarea")


class Rows:
    """Reads the rows of one file: it remembers numbers, so that doubles are found.

    `unknown` counts names of units that nobody has here.
    """

    def __init__(self, mapping: m.Mapping, known: Known, header: Sequence[str]) -> None:
        self._mapping = mapping
        self._known = known
        self._header = list(header)
        self._at = {name: header.index(name) for name in mapping.headings}
        self._options = {
            id(c): choices(c, known) for c in [*mapping.columns, *(c for c, _ in mapping.fixed)]
        }
        self._seen: dict[bytes, int] = {}
        self._heading = {c.target: c.heading for c in mapping.columns}
        given = {c.target for c in mapping.columns} | {c.target for c, _ in mapping.fixed}
        self._defaults = {
            one.key: str(one.default)
            for one in known.form.fields
            if one.key not in given
            and isinstance(one.default, str | int)
            and not isinstance(one.default, bool)
            and not one.guards
            and not one.readonly
        }
        self.unknown: Counter[str] = Counter()

    def read(self, line: Line, now: datetime) -> Ready | list[Flaw]:
        """A row; `now` is held against times that cannot have been yet."""
        if line.broken:
            return [Flaw(line.number, "", "", "", line.broken)]
        extra = [cell for cell in line.cells[len(self._header) :] if cell]
        if len(line.cells) <= max(self._at.values()) or extra:
            many = f"这一行有 {len(line.cells)} 格，标题行有 {len(self._header)} 格"
            why = f"{many}，栏目可能错位了。请核对引号和分隔符。"
            return [Flaw(line.number, self._original(line), "", "", why)]
        return _Row(self, line, now).ready()

    def refused(self, ready: Ready, errors: Mapping[str, str]) -> list[Flaw]:
        """What the start form, or the procedure (under the key ""), says of a row."""
        fields = {one.key: one for one in self._known.form.fields}
        found = []
        for key, sentence in errors.items():
            one = fields.get(key)
            heading = self._heading.get(key, "")
            text = "、".join(ready.raw.get(key, ()))
            if one is not None and "不用填写" in sentence:
                sentence = f"这一类工单没有“{one.name}”这一项。请清空，或在映射里把它改为“保留”。"
            if not heading and one is not None and not text:
                sentence = f"{sentence.rstrip('。')}：映射里没有写这一项来自哪一栏。"
            said = shown(one, text) if one is not None else ""
            found.append(Flaw(ready.line, ready.original, heading, said, sentence))
        return found

    def _original(self, line: Line) -> str:
        at = self._at[self._heading[m.ORIGINAL]]
        return shortened(trimmed(line.cells[at])) if at < len(line.cells) else ""


class _Row:
    """One row while it is read."""

    def __init__(self, rows: Rows, line: Line, now: datetime) -> None:
        self._rows = rows
        self._mapping = rows._mapping
        self._line = line
        self._now = now
        self._flaws: list[Flaw] = []
        self._original = ""

    def ready(self) -> Ready | list[Flaw]:
        """The row, or its flaws."""
        texts = {name: self._cell(name) for name in self._mapping.headings}
        self._original = self._number(texts[self._rows._heading[m.ORIGINAL]])
        cells = [(column, self._meant(column, texts)) for column in self._mapping.columns]
        cells += list(self._mapping.fixed)
        raw: dict[str, Sequence[str]] = {k: [text] for k, text in self._rows._defaults.items()}
        said: dict[str, str] = {}
        kept: list[Kept] = []
        for column, text in cells:
            if column.field is not None:
                answer = self._answer(column, column.field, text)
                if answer:
                    raw[column.field.key] = answer
            elif column.target in (m.KEPT, m.KEPT_PERSONAL):
                kept += self._kept(column.heading, text, column.target == m.KEPT_PERSONAL)
            else:
                said[column.target] = text
        kept += list(self._others())
        received = self._moment(m.RECEIVED, said.get(m.RECEIVED, ""), needed=True)
        closed = self._closed(said.get(m.STATE, ""))
        closed_at = self._moment(m.CLOSED, said.get(m.CLOSED, "")) if closed else None
        if closed_at and received and closed_at < received:
            self._flaw(m.CLOSED, said[m.CLOSED], "办结时间早于受理时间。请核对这两栏。")
        units = self._unit(said.get(m.UNIT, ""), texts)
        kept += units[1]
        rating, outcome = (self._code(name, said.get(name, "")) for name in (m.RATING, m.OUTCOME))
        if self._flaws or received is None:
            return self._flaws
        return Ready(
            line=self._line.number,
            original=self._original,
            received_at=received,
            closed=closed,
            closed_at=closed_at,
            raw=raw,
            unit=units[0],
            rating=rating,
            outcome=outcome,
            kept=kept,
            cells={name: text for name, text in texts.items() if text},
            columns=self._mapping.digest,
        )

    # --- cells ---------------------------------------------------------------------------------

    def _cell(self, heading: str) -> str:
        cell = self._line.cells[self._rows._at[heading]]
        if isinstance(cell, Spoiled):
            self._flaws.append(
                Flaw(self._line.number, "", heading, self._shown(heading, cell), cell.why)
            )
            return ""
        return trimmed(cell)

    def _shown(self, heading: str, text: str) -> str:
        of = [c for c in self._mapping.columns if c.heading == heading]
        free = any(c.target in (m.KEPT, m.KEPT_PERSONAL) for c in of)
        return next((shown(c.field, text) for c in of if c.field), _piece(text, 0 if free else 30))

    def _flaw(self, target: str, text: str, sentence: str) -> None:
        heading = self._rows._heading.get(target, "")
        flaw = Flaw(self._line.number, self._original, heading, shortened(text), sentence)
        self._flaws.append(flaw)

    def _number(self, text: str) -> str:
        number = half_width(text)
        spoiled = bool(self._flaws) and not text
        # What was spoiled before the number was known is told with it.
        self._flaws = [
            Flaw(one.line, shortened(number), one.column, one.value, one.sentence)
            for one in self._flaws
        ]
        self._original = shortened(number)
        if not number:
            if not spoiled:
                self._flaw(m.ORIGINAL, "", "没有原编号。请补上，没有编号的工单不能导入。")
            return ""
        if len(number) > LONGEST_NUMBER or forbidden(number, lines=False):
            why = f"原编号最多 {LONGEST_NUMBER} 字，不能有换行和控制字符。"
            self._flaw(m.ORIGINAL, number, why)
            return number
        digest = blake2b(number.encode(), digest_size=10).digest()
        first = self._rows._seen.setdefault(digest, self._line.number)
        if first != self._line.number:
            why = f"原编号与第 {first} 行重复，本行没有导入。请核对以哪一行为准。"
            self._flaw(m.ORIGINAL, number, why)
        return number

    def _meant(self, column: Column, texts: Mapping[str, str]) -> str:
        text = texts[column.heading]
        known = self._mapping.values.get(column.heading, {})
        # A value that means nothing here is left out.
        meant = known.get(text, text)
        return "" if text in known and meant == m.NONE else meant

    # --- what they mean ------------------------------------------------------------------------

    def _answer(self, column: Column, one: Component, text: str) -> list[str]:
        if not text:
            return []
        options = self._rows._options[id(column)]
        if options is None:
            return [text]
        if one.source in ("units", "parties", "sections"):
            text = self._mapping.units.get(text, text)
            if text == m.NONE:
                return []
        parts = [trimmed(part) for part in _split(text)] if one.type in _MANY else [text]
        found = []
        for part in parts:
            value = chosen(options, part)
            if value is None:
                self._unknown(column, one.name, part, options)
            elif not (one.type == "checkbox" and value == "false"):
                found.append(value)
        return found

    def _unknown(
        self, column: Column, name: str, text: str, options: Sequence[Option] | None
    ) -> None:
        if column.target == m.UNIT or (column.field is not None and column.field.source):
            self._rows.unknown[text] += 1
            many = sum(option.label == text for option in options or ()) > 1
            why = "本系统有几个同名的单位" if many else f"“{name}”里没有这个单位"
            sentence = f"{why}。请在映射里加一行“单位”，写明它对应本系统的哪个单位。"
        else:
            sentence = f"“{name}”没有这个值。请在映射里加一行“取值”，写明它是什么意思。"
        self._flaw(column.target, text, sentence)

    def _kept(self, label: str, text: str, personal: bool) -> list[Kept]:
        if not text:
            return []
        if len(text) > LONGEST_KEPT or forbidden(text, lines=True):
            why = f"最多 {LONGEST_KEPT} 字，不能有控制字符。请改正后再导入。"
            value = _piece(text, 0)
            self._flaws.append(Flaw(self._line.number, self._original, label, value, why))
            return []
        return [Kept(label, text, personal)]

    def _others(self) -> Iterator[Kept]:
        if self._mapping.keep_others:
            for name, cell in zip(self._rows._header, self._line.cells, strict=False):
                if name and name not in self._rows._at:
                    if isinstance(cell, Spoiled):
                        value = _piece(cell, 0)
                        line = self._line.number
                        self._flaws.append(Flaw(line, self._original, name, value, cell.why))
                    yield from self._kept(name, trimmed(cell), True)

    def _moment(self, target: str, text: str, *, needed: bool = False) -> datetime | None:
        if not text:
            if needed and not self._spoiled(target):
                self._flaw(target, "", f"没有{target}。请补上。")
            return None
        at = self._parsed(half_width(text))
        if at is None:
            self._flaw(target, text, "不是可用的日期。请改正，或在映射的“日期格式”里写明写法。")
        elif at > self._now + AHEAD:
            self._flaw(target, text, f"{target}在将来。请核对年份和时区。")
        elif at < EARLIEST:
            self._flaw(target, text, f"{target}太早了。请核对年份。")
        else:
            return at
        return None

    def _parsed(self, text: str) -> datetime | None:
        for form in self._mapping.formats:
            try:
                return _at(datetime.strptime(text, form), self._mapping)  # noqa: DTZ007
            except (ValueError, OverflowError):
                continue
        try:
            return _at(datetime.fromisoformat(text), self._mapping)
        except (ValueError, OverflowError):
            return None

    def _spoiled(self, target: str) -> bool:
        heading = self._rows._heading.get(target)
        return any(flaw.column == heading for flaw in self._flaws)

    def _closed(self, text: str) -> bool:
        if text not in (m.OPEN, m.ENDED) and not self._spoiled(m.STATE):
            why = f"不知道这个状态是{m.OPEN}还是{m.ENDED}。请在映射里加一行“取值”。"
            self._flaw(m.STATE, text, why)
        return text == m.ENDED

    def _unit(self, text: str, texts: Mapping[str, str]) -> tuple[str | None, list[Kept]]:
        """The unit's id, and what the other platform called it, which is kept."""
        if not text:
            return None, []
        column = next(c for c in self._columns() if c.target == m.UNIT)
        kept = self._kept(column.heading or m.UNIT, texts.get(column.heading, text), False)
        named = self._mapping.units.get(text, text)
        if named == m.NONE:
            return None, kept
        options = self._rows._options[id(column)] or ()
        value = chosen(options, named)
        if value is None:
            self._unknown(column, m.UNIT, named, options)
        return value, kept

    def _code(self, target: str, text: str) -> str | None:
        if not text:
            return None
        column = next(c for c in self._columns() if c.target == target)
        value = chosen(self._rows._options[id(column)] or (), text)
        if value is None:
            self._unknown(column, target, text, None)
        return value

    def _columns(self) -> Iterator[Column]:
        yield from self._mapping.columns
        yield from (column for column, _ in self._mapping.fixed)


def _at(at: datetime, mapping: m.Mapping) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=mapping.zone)).astimezone(UTC)


def _split(text: str) -> list[str]:
    for mark in "，,；;|":
        text = text.replace(mark, "、")
    return [part for part in text.split("、") if part.strip()]


def _piece(text: str, most: int) -> str:
    """As much of a text as may be shown, and how long it is."""
    if len(text) <= most:
        return shortened(text)
    return f"{shortened(text[:most])}…（共 {len(text)} 字）"


def shown(one: Component | None, text: str) -> str:
    """A cell in a report: who somebody is is masked, of what was said the first words stand."""
    if one is not None and one.card in ("caller", "phone"):
        return f"{shortened(text[:1])}***（共 {len(text)} 字）" if text else ""
    if one is not None and one.type in _FREE:
        return _piece(text, 6)
    return shortened(text)
