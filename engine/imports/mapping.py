"""A mapping: a sheet of five columns in which a data officer says what is what.

    类别 | 原平台栏目 | 原平台的值 | 本系统 | 说明

- 设置: a setting (编码, 日期格式 …) and its value;
- 栏目: a column of the file, and what it is here: a field of the form that starts a ticket, or one
  of TARGETS; the same column may stand in several lines;
- 取值: a value of a column, and what it means here; no value: where the cell is empty;
- 固定: the same for every row;
- 单位: what a unit was called there, and its name or id here; “无”: there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from hashlib import sha256
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.formjs import Component, Option
from engine.formjs.text import trimmed
from engine.imports.model import ImportRefused, Known
from engine.imports.sheet import DELIMITERS, ENCODINGS, opened
from engine.workdays import ZONE

HEADINGS: Final = ("类别", "原平台栏目", "原平台的值", "本系统", "说明")

ORIGINAL, RECEIVED, STATE, CLOSED = "原编号", "受理时间", "状态", "办结时间"
UNIT, RATING, OUTCOME = "办理单位", "满意度", "办理结果"
KEPT, KEPT_PERSONAL = "保留", "保留（个人信息）"
TARGETS: Final = (
    *(ORIGINAL, RECEIVED, STATE, CLOSED),
    *(UNIT, RATING, OUTCOME, KEPT, KEPT_PERSONAL),
)
"""What a column may be beside a field of the form that starts a ticket."""
NEEDED: Final = (ORIGINAL, RECEIVED, STATE)
OPEN, ENDED = "未办结", "已办结"
NONE = "无"

FORMATS: Final = (
    *("yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm", "yyyy/MM/dd HH:mm:ss", "yyyy/MM/dd HH:mm"),
    *("yyyy年MM月dd日 HH:mm:ss", "yyyy年MM月dd日 HH:mm", "yyyyMMddHHmmss"),
    *("yyyy-MM-dd", "yyyy/MM/dd", "yyyy年MM月dd日", "yyyy.MM.dd", "yyyyMMdd"),
)
"""How times may be written where the mapping does not say."""
_PARTS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}

MOST_LINES = 20_000
LONGEST_SOURCE = 40


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file and what it is here: one of TARGETS, or the key of a field of the form.

    `heading` is "" for what the mapping says once for all rows. `options` are what its values are
    chosen from; None where they are free.
    """

    heading: str
    target: str
    field: Component | None = None
    options: Sequence[Option] | None = None

    @property
    def name(self) -> str:
        """What a sentence calls it."""
        return self.field.name if self.field else self.target


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping that was checked against what there is here."""

    source: str
    zone: tzinfo
    formats: Sequence[str]  # of strptime
    encoding: str
    delimiter: str
    sheet: str
    heading: int
    keep_others: bool
    columns: Sequence[Column]
    fixed: Sequence[tuple[Column, str]]
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    @property
    def headings(self) -> tuple[str, ...]:
        """The columns of the file that the mapping names, each once."""
        return tuple(dict.fromkeys(column.heading for column in self.columns))

    @property
    def digest(self) -> str:
        """Of the names of the columns: rows are comparable where it is the same."""
        return sha256("\n".join(sorted(self.headings)).encode()).hexdigest()[:16]

    def check(self, header: Sequence[str]) -> None:
        """Whether a file has the columns, each once. Errors: ImportRefused."""
        missing = [f"“{name}”" for name in self.headings if name not in header]
        twice = [f"“{name}”" for name in self.headings if header.count(name) > 1]
        if len(missing) == len(self.headings):
            seen = "、".join(text[:20] for text in header[:12] if text) or "（空行）"
            raise ImportRefused(
                f"文件第 {self.heading} 行没有映射里写的任何一个栏目。"
                f"这一行是：{seen}。请核对映射的“标题行”“编码”“工作表”和栏目名称。"
            )
        findings = []
        if missing:
            findings.append(f"文件里没有映射所写的栏目：{'、'.join(missing)}。请核对栏目名称。")
        if twice:
            findings.append(f"文件里有重名的栏目：{'、'.join(twice)}。请改名，使每栏名称不同。")
        if findings:
            raise ImportRefused(*findings)


@dataclass
class _Draft:
    settings: dict[str, tuple[int, str]] = field(default_factory=dict)
    columns: list[tuple[int, str, str]] = field(default_factory=list)
    fixed: list[tuple[int, str, str]] = field(default_factory=list)
    values: list[tuple[int, str, str, str]] = field(default_factory=list)
    units: dict[str, tuple[int, str]] = field(default_factory=dict)


def read_mapping(path: Path, known: Known) -> Mapping:
    """Read a mapping from CSV or .xlsx. Errors: ImportRefused with all findings; OSError."""
    findings: list[str] = []
    with opened(path, HEADINGS[:4]) as sheet:
        missing = [name for name in HEADINGS[:4] if name not in sheet.header]
        if missing:
            raise ImportRefused(f"映射文件第 1 行应为：{'、'.join(HEADINGS)}，缺少{missing[0]}。")
        places = [sheet.header.index(name) for name in HEADINGS[:4]]
        draft = _Draft()
        for line in sheet.lines:
            if line.number > MOST_LINES:
                raise ImportRefused(f"映射文件超过 {MOST_LINES} 行。请核对是不是选错了文件。")
            cells = [*line.cells, *[""] * len(sheet.header)]
            kind, heading, value, here = (trimmed(cells[place]) for place in places)
            wrong = line.broken or _noted(draft, line.number, kind, heading, value, here)
            if wrong:
                findings.append(f"映射第 {line.number} 行：{wrong}")
    found = _Judge(draft, known, findings).mapping()
    if findings:
        raise ImportRefused(*findings)
    return found


def _noted(draft: _Draft, n: int, kind: str, heading: str, value: str, here: str) -> str:
    """Note a line of a mapping; or what is wrong with it."""
    heading = " ".join(heading.split())
    match kind:
        case "设置":
            if heading in draft.settings:
                return f"设置“{heading}”写了两次。"
            draft.settings[heading] = n, here
        case "栏目":
            if not heading or not here:
                return "“原平台栏目”和“本系统”都要写。"
            draft.columns.append((n, heading, here))
        case "取值":
            if not heading or not here:
                return "“原平台栏目”和“本系统”都要写。"
            draft.values.append((n, heading, value, here))
        case "固定":
            if not here or not value:
                return "把固定的值写在“原平台的值”，把它是什么写在“本系统”。"
            draft.fixed.append((n, here, value))
        case "单位":
            if not value or not here:
                return "把原平台的单位名称写在“原平台的值”，把本系统的写在“本系统”。"
            if draft.units.get(value, (n, here))[1] != here:
                return f"单位“{value}”写了两次，对应不同的单位。"
            draft.units[value] = n, here
        case "" if not (heading or value or here):
            return ""
        case _:
            return f"没有“{kind[:20]}”这个类别，只有设置、栏目、取值、固定、单位。"
    return ""


SETTINGS: Final = ("来源", "时区", "日期格式", "编码", "分隔符", "工作表", "标题行", "其他栏目")


class _Judge:
    """Holds a draft against what there is here."""

    def __init__(self, draft: _Draft, known: Known, findings: list[str]) -> None:
        self._draft = draft
        self._known = known
        self._findings = findings
        self._fields: dict[str, list[Component]] = {}
        for one in known.form.fields:
            for name in {one.label, one.key}:
                self._fields.setdefault(name, []).append(one)
        self._targets: dict[str, Sequence[Option]] = {
            STATE: [Option(OPEN, OPEN), Option(ENDED, ENDED)],
            UNIT: known.units,
            RATING: known.ratings,
            OUTCOME: known.outcomes,
        }

    def mapping(self) -> Mapping:
        """The mapping; worth something only when nothing was found."""
        draft = self._draft
        for name, (n, _) in draft.settings.items():
            if name not in SETTINGS:
                self._say(n, f"没有“{name}”这项设置，只有{'、'.join(SETTINGS)}。")
        columns = [column for n, h, here in draft.columns for column in self._column(n, h, here)]
        fixed = [(c, value) for n, here, value in draft.fixed for c in self._column(n, "", here)]
        self._once([*columns, *(column for column, _ in fixed)])
        if any(column.target == ORIGINAL for column, _ in fixed):
            self._findings.append(f"“{ORIGINAL}”每行不同，不能写成固定。")
        values = self._values(columns)
        for column, value in fixed:
            self._meant(0, column, value)
        self._units()
        return Mapping(
            source=self._source(),
            zone=self._zone(),
            formats=self._formats(),
            encoding=self._one_of("编码", ENCODINGS),
            delimiter=self._one_of("分隔符", DELIMITERS),
            sheet=self._setting("工作表")[1],
            heading=self._heading(),
            keep_others=self._one_of("其他栏目", ("不要", KEPT)) == KEPT,
            columns=columns,
            fixed=fixed,
            values=values,
            units={name: here for name, (_, here) in draft.units.items()},
        )

    def _say(self, n: int, sentence: str) -> None:
        self._findings.append(f"映射第 {n} 行：{sentence}" if n else f"映射：{sentence}")

    def _column(self, n: int, heading: str, here: str) -> Iterator[Column]:
        if here in TARGETS:
            yield Column(heading, here, None, self._targets.get(here))
            return
        fields = self._fields.get(here, [])
        if len(fields) != 1:
            names = "、".join([*TARGETS, *(one.name for one in self._known.form.fields)])
            many = "有几项都叫" if fields else "没有"
            self._say(n, f"本系统{many}“{here[:40]}”。可以写的有：{names}。")
        elif fields[0].ticket or fields[0].readonly:
            self._say(n, f"“{here}”不能导入，只能在办理时填写。")
        else:
            yield Column(heading, fields[0].key, fields[0], self._options(fields[0]))

    def _options(self, one: Component) -> Sequence[Option] | None:
        if one.type == "checkbox":
            return [Option("是", "true"), Option("否", "false")]
        return self._known.options(one) or None

    def _once(self, columns: list[Column]) -> None:
        targets = [column.target for column in columns]
        for name in NEEDED:
            if name not in targets:
                self._findings.append(f"映射里没有写哪一栏是“{name}”。请加一行“栏目”。")
        for target in dict.fromkeys(targets):
            if targets.count(target) > 1 and target not in (KEPT, KEPT_PERSONAL):
                name = next(column.name for column in columns if column.target == target)
                self._findings.append(f"“{name}”写了两次，只能来自一栏。")

    # --- values --------------------------------------------------------------------------------

    def _values(self, columns: list[Column]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for n, heading, value, here in self._draft.values:
            of = [column for column in columns if column.heading == heading]
            if not of:
                self._say(n, f"没有一行“栏目”写了“{heading}”，这个取值用不上。")
            known = found.setdefault(heading, {})
            if known.get(value, here) != here:
                self._say(n, f"“{heading}”的值“{value}”写了两次，意思不同。")
            known[value] = here
            for column in of:
                self._meant(n, column, here)
        return found

    def _meant(self, n: int, column: Column, here: str) -> None:
        """Whether a value that the mapping gives is one that its column can have."""
        if column.options is None or here == NONE or chosen(column.options, here) is not None:
            return
        names = "、".join(option.label for option in column.options[:12])
        self._say(n, f"“{here[:40]}”不是可选的值，可以写：{names}。")

    def _units(self) -> None:
        known = self._known.units
        for n, here in self._draft.units.values():
            if here != NONE and chosen(known, here) is None:
                twice = sum(option.label == here for option in known) > 1
                why = "有几个同名的，请写单位编号" if twice else "本系统没有这个单位"
                self._say(n, f"“{here[:40]}”：{why}。")

    # --- settings ------------------------------------------------------------------------------

    def _setting(self, name: str) -> tuple[int, str]:
        return self._draft.settings.get(name, (0, ""))

    def _one_of(self, name: str, known: Iterable[str]) -> str:
        n, said = self._setting(name)
        if said in ("", "自动"):
            return ""
        found = next((one for one in known if one == said.upper().replace("UTF8", "UTF-8")), "")
        if not found:
            self._say(n, f"“{name}”不能写“{said[:20]}”，可以写：自动、{'、'.join(known)}。")
        return found

    def _source(self) -> str:
        n, said = self._setting("来源")
        if not said or len(said) > LONGEST_SOURCE:
            self._say(n, f"要有一项设置“来源”，写明原平台的名称，最多 {LONGEST_SOURCE} 字。")
        return said

    def _zone(self) -> tzinfo:
        n, said = self._setting("时区")
        if said in ("", "北京时间"):
            return ZONE
        try:
            return ZoneInfo(said)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self._say(n, "“时区”请写北京时间，或如 Asia/Urumqi、UTC 的名称。")
            return ZONE

    def _formats(self) -> list[str]:
        n, said = self._setting("日期格式")
        texts = re.split(r"[；;]", said) if said else FORMATS
        for text in texts:
            if any(text.count(part) != 1 for part in ("yyyy", "MM", "dd")):
                self._say(n, f"日期格式“{text[:30]}”看不懂。请写如 yyyy-MM-dd HH:mm:ss。")
        return [_strptime(text.strip()) for text in texts]

    def _heading(self) -> int:
        n, said = self._setting("标题行")
        if said and not re.fullmatch(r"[1-9]\d?", said):
            self._say(n, "“标题行”请写 1 到 99 的数。")
            return 1
        return int(said or 1)


def _strptime(text: str) -> str:
    text = text.replace("%", "%%")
    for part, code in _PARTS.items():
        text = text.replace(part, code)
    return text


def chosen(options: Sequence[Option], text: str) -> str | None:
    """The value of the one option that is called so, by value or label."""
    if any(option.value == text for option in options):
        return text
    found = [option.value for option in options if option.label == text]
    return found[0] if len(found) == 1 else None
