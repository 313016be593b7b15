"""The readers of what people upload, each as a function from bytes to a word of what became of it.

A reader may refuse in its own way, with sentences; whatever else it raises is a defect. What it
takes is used as the product would, so that nothing taken turns out to be unusable later.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from engine import definitions, imports, picture
from engine.flow import (
    Definitions,
    DefinitionsRefused,
    Refused,
    check,
    expressions,
    notation,
    support,
    xml,
)
from engine.flow.definitions import draw
from engine.flow.plain import copied
from engine.formjs import Form, FormRefused, feel
from engine.picture import PictureRefused
from tests import driver
from tests.fuzz import mutation

NOW = datetime(2026, 9, 30, 2, tzinfo=UTC)
HERE = Path(__file__).resolve().parents[1]
SHIPPED = definitions.shipped()


class Wrong(AssertionError):
    """A reader refused without a sentence, or took what cannot be; what, where, and more."""

    def __init__(self, what: str, where: str, *more: object) -> None:
        super().__init__(what, where, *more)
        self.kind = f"{what} ({where})"


@dataclass(frozen=True)
class Reader:
    """One reader: what it is given at first, what it makes of bytes, how bytes are changed.

    `read` answers with a word that tells apart what became of the input: a new word is worth
    keeping its input, because what is near it may be new too.
    """

    name: str
    seeds: Sequence[bytes]
    read: Callable[[bytes], str]
    change: mutation.Change = field(repr=False)


def _shipped(*endings: str) -> list[bytes]:
    return [content for path, content in SHIPPED.items() if path.endswith(endings)]


def _said(findings: Iterable[Any]) -> str:
    """The rules that were broken; every finding must have a Chinese sentence in one line."""
    rules = set()
    for one in findings:
        sentence = one.sentence
        if not re.search("[\u4e00-\u9fff]", sentence) or not sentence.endswith("。"):
            raise Wrong("no sentence", one.rule, sentence)
        if len(str(one).splitlines()) > 1:
            raise Wrong("more than one line", one.rule, sentence)
        rules.add(one.rule)
    return " ".join(sorted(rules))


def _tags(contents: Iterable[bytes]) -> set[str]:
    """The names of all elements in these files."""
    return {xml.local(node) for content in contents for node in xml.root_of(content).iter("{*}*")}


def _seeded(content: bytes) -> Random:
    return Random(len(content) * 1_000_003 + sum(content[:4_000]))


# --- diagrams ------------------------------------------------------------------------------


def read_diagram(content: bytes) -> str:
    """Checked beside the shipped files, as `hotline check` does, and driven when it is sound."""
    alone = {"bpmn/x.bpmn": content}
    drawn = draw(alone)
    if drawn.findings:
        word = _said(drawn.findings)
        try:
            Definitions.read(alone)
        except DefinitionsRefused:
            return word
        raise Wrong("found wrong, and read all the same", "")
    word = _said(check.check(alone))
    try:
        read = Definitions.read(alone)
    except DefinitionsRefused as refused:
        return "late " + _said(refused.findings)
    random = _seeded(content)
    fates = [driver.drive(read, process, random, 25) for process in read.drawings]
    return f"{word} driven {' '.join(fates)}"


DIAGRAMS = [
    *_shipped(".bpmn"),
    *(path.read_bytes() for path in sorted((HERE / "unit/flow/diagrams").glob("*.bpmn"))),
]
"""Shipped ones, and the small ones of the engine's own tests."""


def _undrawn(content: bytes) -> bytes:
    """Without shapes, of which the engine knows nothing: so that changes meet what it knows."""
    return re.sub(rb"<bpmndi:BPMNDiagram.*</bpmndi:BPMNDiagram>", b"", content, flags=re.DOTALL)


def read_picture(content: bytes) -> str:
    """Drawn page by page, with marks and tokens on it; the picture must be sound XML itself."""
    try:
        pages = picture.pages(content)
    except PictureRefused as refused:
        _sentence(str(refused))
        return refused.code
    random = _seeded(content)
    kinds: set[str] = set()
    for page in pages[:3]:
        ids = sorted(page.ids)[:40]
        marks = {one: random.choice(list(picture.Mark)) for one in ids}
        svg = picture.draw_page(page, marks=marks, tokens={one: random.randrange(3) for one in ids})
        xml.root_of(svg.encode())
        if re.search(r"\b(?:nan|inf)\b", svg.replace("infinity", "")) and b"inf" not in content:
            raise Wrong("a number that is none stands in the picture", "")
        kinds |= {shape.thing.kind for shape in page.shapes}
    return " ".join(sorted(kinds))


def _sentence(text: str) -> None:
    if not re.search("[\u4e00-\u9fff]", text):
        raise Wrong("no sentence", "", text)


# --- tables --------------------------------------------------------------------------------


def read_table(content: bytes) -> str:
    """Read with the families of rules that look at tables, and asked for decisions."""
    drawn = draw({"bpmn/x.dmn": content})
    word = _said(drawn.findings)
    if not drawn.findings:
        check.check({"bpmn/x.dmn": content})
    random = _seeded(content)
    fates = set()
    for table in drawn.tables.values():
        list(table.overlaps())
        for _ in range(5):
            values = {
                name: random.choice((*VALUES.values(), *_literals(content)))
                for column in table.inputs
                for name in column.expression.names
            }
            try:
                answer = table.decide(values, World())
                json.dumps(dict(answer.outputs), allow_nan=False)
                fates.add("decided")
            except Refused as refused:
                fates.add(refused.code)
    return f"{word} {' '.join(sorted(fates))}"


def _literals(content: bytes) -> list[str]:
    return re.findall(r'"(\w{1,20})"', content[:20_000].decode("utf-8", "ignore"))[:20]


# --- forms ---------------------------------------------------------------------------------


def read_form(content: bytes) -> str:
    """Read, shown, and submitted with odd answers; showing and checking never raise."""
    try:
        form = Form.read(content, "forms/x.form")
    except FormRefused as refused:
        return _said(refused.findings)
    random = _seeded(content)
    sources: dict[str, list[dict[str, str]]] = {
        name: [{"label": "一", "value": "1"}] for name in form.sources
    }
    form.show({}, sources)
    form.card({})
    told: set[str] = set()
    for _ in range(4):
        raw = {
            one.key: [
                random.choice(
                    (
                        *mutation.HOSTILE,
                        *(option.value for option in one.options),
                        "2026-09-01",
                        "2026-09-01T08:00",
                        "08:00",
                        "13800001234",
                        "12.50",
                    )
                )
                for _ in range(random.choice((0, 1, 1, 1, 2)))
            ]
            for one in form.fields
        }
        checked = form.validate(raw, sources, NOW)
        for sentence in checked.errors.values():
            _sentence(sentence)
        json.dumps(dict(checked.values), default=str, allow_nan=False)
        form.show(checked.typed, sources, checked.errors)
        told.add("wrong" if checked.errors else "right")
    return f"{' '.join(sorted({one.type for one in form.fields}))} {' '.join(sorted(told))}"


# --- expressions ---------------------------------------------------------------------------

VALUES: Mapping[str, Any] = {
    "a": 1, "b": 2.5, "c": "text", "d": [1, "x", None], "e": {"k": [True], "n": 0}, "f": True,
    "g": None, "h": -(10**15), "unit": "u_office", "due": "2026-10-01T00:00:00+08:00", "x": "",
    "type": "consult", "round": 3, "list": [[1], [2]], "y": 0, "z": [], "big": 10**15,
    "long": "文" * 9_000,
}  # fmt: skip


class World:
    """What expressions may ask for."""

    def now(self) -> datetime:
        return NOW

    def workdays(self, start: datetime, days: int) -> Any:
        return self.extend(start, days)

    def extend(self, due: datetime, days: int) -> Any:
        if abs(days) > 1_000:
            raise Refused("deadline", value=days)
        try:
            return (due + timedelta(days=days)).isoformat()
        except OverflowError:
            raise Refused("deadline", value=days) from None

    def standing_leg(self) -> int | None:
        return 1

    def unit(self, id: str) -> Mapping[str, Any]:
        return dict.fromkeys(expressions.OF_UNIT.values(), id)


def read_expression(content: bytes) -> str:
    """Read in braces and bare; what comes out is plain JSON, of a bearable size, or refused."""
    text = content.decode("utf-8", "replace")
    words = []
    for read in (expressions.read, expressions.read_bare, expressions.read_value):
        try:
            one = read(text)
        except expressions.ExpressionError as error:
            _sentence(str(error))
            words.append("unread")
            continue
        try:
            value = one.value(VALUES, World())
        except Refused as refused:
            words.append(refused.code)
            continue
        words.append(type(value).__name__)
        try:
            json.dumps(copied(value), allow_nan=False)
        except Refused as refused:
            words.append(refused.code)
        words += sorted(one.functions)
    return " ".join(words)


EXPRESSIONS = sorted(
    {
        text.encode()
        for content in DIAGRAMS
        for text in re.findall(
            r"\$\{[^}]{1,300}\}",
            content.decode().replace("&#34;", '"').replace("&quot;", '"').replace("&gt;", ">"),
        )
    }
)
_EXPRESSION_WORDS = [
    *sorted(expressions.FUNCTIONS), *expressions.CONSTANTS, *VALUES, "and", "or", "not", "if",
    "else", "in", "lambda", ":=", "**", "//", "&&", "||", "!", "~", "%", "'a'", "b''", "f'{a}'",
    "0x1", "1e308", "1j", "[", "]", "${", "}", "(", ")", ",", "==", "!=", "<", "await", "*", "...",
]  # fmt: skip


def read_feel(content: bytes) -> str:
    """Read, its names and comparisons told, and evaluated."""
    text = content.decode("utf-8", "replace")
    try:
        one = feel.read(text)
    except feel.FeelRefused as refused:
        _sentence(str(refused))
        return f"unread {str(refused)[:4]}"
    list(one.compared())
    names = one.names()
    held = {one.holds(VALUES), one.holds({}), one.holds(dict.fromkeys(names, "x"))}
    return f"{one.op} {' '.join(sorted(part.op for part in one.parts))} {sorted(held)}"


_FEEL_WORDS = [
    *feel.FUNCTIONS, *VALUES, "and", "or", "not(", "if", "then", "else", "in", "between", "true",
    "false", "null", "=", "!=", "<=", "..", "[", "]", "(", ")", ",", '"a"', '"\\u0041"', "1", "1.5",
    "-", "for", "some", "every", "return", "satisfies", "date(", "@", ".", "1.", "\\", '"',
]  # fmt: skip


def _conditions() -> list[bytes]:
    found = {
        str(one["conditional"]["hide"]).strip().removeprefix("=").encode()
        for content in _shipped(".form")
        for one in json.loads(content)["components"]
        if (one.get("conditional") or {}).get("hide")
    }
    more = (
        'if a > 1 then "x" else c', "a between 1 and b", "a in [1..3)", "a in (1, 2, 3)",
        'list contains(d, "x") and not(f)', 'string length(c) >= 2 or starts with(c, "t")',
        "count(list) = 2", '(c = "text")', "g = null",
    )  # fmt: skip
    return sorted(found | {text.encode() for text in more})


# --- sheets --------------------------------------------------------------------------------


def read_sheet(content: bytes) -> str:
    """A file of rows from another platform, opened as CSV or Excel and read to its end."""
    with tempfile.NamedTemporaryFile(prefix="sheet", dir=_MEMORY) as file:
        file.write(content)
        file.flush()
        try:
            with imports.opened(Path(file.name), frozenset(("工单编号", "内容"))) as sheet:
                count, broken = 0, 0
                for line in sheet.lines:
                    count += 1
                    broken += bool(line.broken)
                    if not all(isinstance(cell, str) for cell in line.cells):
                        raise Wrong("a cell that is no text", "")
                    share = sheet.share()
                    if share is not None and not 0 <= share <= 1:
                        raise Wrong("no share of the file", "", share)
                return f"{sheet.how} {min(count, 9)} {min(broken, 3)}"
        except imports.ImportRefused as refused:
            for sentence in refused.findings:
                _sentence(sentence)
            return f"refused {str(refused)[:12]}"


_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


def _sheets() -> list[bytes]:
    import io

    from openpyxl import Workbook

    rows: list[list[Any]] = [
        ["工单编号", "来电时间", "内容", "电话"],
        ["20260001", "2026-09-01 08:00:00", "路灯不亮，第二天“又”坏", "13800001234"],
        ["20260002", NOW.replace(tzinfo=None), '说"好"，换\n行', 13800001234],
        ["20260003", 46266.5, "=1+1", True],
        ["", None, "", 0.1],
    ]
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    excel = io.BytesIO()
    book.save(excel)
    text = "\r\n".join(
        ",".join('"' + str(cell or "").replace('"', '""') + '"' for cell in row) for row in rows
    )
    return [
        excel.getvalue(),
        text.encode(),
        text.encode("gb18030"),
        text.encode("utf-16"),
        text.replace(",", "\t").encode("utf-8-sig"),
        b'="001";="002"\n' + "工单编号;内容\n1;2\n".encode(),
    ]


def _change_sheet(random: Random, content: bytes) -> bytes:
    """A packed file is changed inside, so that it can still be unpacked."""
    import io
    import zipfile

    if content[:2] != b"PK" or random.random() < 0.15:
        words = ('"', '""', ",", "\n", "\r", "\t", "工单编号", '="1"', "\x00", '"\n')
        text = mutation.of_text(words, ())
        change = random.choice((mutation.bytewise, text, text))
        return change(random, content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = {name: packed.read(name) for name in packed.namelist()}
    except Exception:  # whatever the packer says of a spoilt archive
        return mutation.bytewise(random, content)
    for _ in range(random.choice((1, 1, 2))):
        if not parts:
            break
        name = random.choice(list(parts))
        match random.randrange(8):
            case 0:
                del parts[name]
            case 1:
                parts[name] = random.choice(list(parts.values()))
            case 2:
                parts[name] = mutation.bytewise(random, parts[name])
            case _:
                parts[name] = mutation.of_xml(("c", "v", "row", "is", "t"), [b"<c><v>1</v></c>"])(
                    random, parts[name]
                )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", random.choice((0, 8))) as packed:
        for name, part in parts.items():
            packed.writestr(name, part)
    return out.getvalue()


# --- all -----------------------------------------------------------------------------------


def _all() -> dict[str, Reader]:
    forms, tables, conditions = _shipped(".form"), _shipped(".dmn"), _conditions()
    drawn = _shipped(".bpmn")
    unary = [b'"a","b"', b"not(1)", b"[1..2)", b"< 3", b"-", b"true", b'>= 1.5, "x"']
    bare = [_undrawn(content) for content in DIAGRAMS]
    tags = sorted(
        _tags(bare)
        | notation.KINDS.keys()
        | notation.PARTS.keys()
        | {f"{name}EventDefinition" for name in support.EVENT_NAMES if name}
    )
    found = [
        Reader("diagram", bare, read_diagram, mutation.of_xml(tags, bare)),
        Reader("picture", drawn, read_picture, mutation.of_xml(sorted(_tags(drawn)), drawn)),
        Reader("table", tables, read_table, _with_cells(tables, unary)),
        Reader("form", forms, read_form, mutation.of_json(forms)),
        Reader("feel", conditions, read_feel, mutation.of_text(_FEEL_WORDS, conditions)),
        Reader(
            "expression",
            EXPRESSIONS,
            read_expression,
            mutation.of_text(_EXPRESSION_WORDS, EXPRESSIONS),
        ),
        Reader("sheet", _sheets(), read_sheet, _change_sheet),
    ]
    return {one.name: one for one in found}


def _with_cells(tables: Sequence[bytes], cells: Sequence[bytes]) -> mutation.Change:
    """Changes to a table's tree, and half of the time to what stands in a cell."""
    tree = mutation.of_xml(sorted(_tags(tables)), tables)
    cell = mutation.of_text(('"', "..", "not(", ")", "<", ",", "-", "null"), cells)

    def change(random: Random, content: bytes) -> bytes:
        spans = list(re.finditer(rb"<text>([^<]*)</text>", content))
        if not spans or random.random() < 0.5:
            return tree(random, content)
        span = random.choice(spans)
        given = random.choice((span[1], random.choice(cells)))
        new = cell(random, given).decode("utf-8", "replace")
        new = new.replace("&", "&amp;").replace("<", "&lt;")
        return content[: span.start(1)] + new.encode("utf-8", "replace") + content[span.end(1) :]

    return change


READERS = _all()
