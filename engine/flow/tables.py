"""Decision tables: a small reader of DMN, and FEEL's unary tests as dmn-js writes them.

Hit policies UNIQUE (really checked: two rules that match are an error) and FIRST. No match is an
error too: a decision that keeps an old value would be a limit that nobody set.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from lxml import etree

from engine.flow import expressions, xml
from engine.flow.model import Finding, Json, Refused, World

MOST_RULES = 500

Scalar = str | int | float | bool | None


class TableError(Exception):
    """A cell or table that cannot be read; str() is a Chinese sentence."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Numbers between two bounds; an open end is infinite."""

    low: float
    high: float
    with_low: bool
    with_high: bool

    def holds(self, value: Json) -> bool:
        """Whether the value is a number within."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        above = value >= self.low if self.with_low else value > self.low
        below = value <= self.high if self.with_high else value < self.high
        return above and below


@dataclass(frozen=True, slots=True)
class Test:
    """A cell: it matches when one of its members does; turned round by `not(…)`; empty: always."""

    members: tuple[Interval | Scalar, ...] = ()
    negated: bool = False

    def matches(self, value: Json) -> bool:
        """Whether the cell matches the input's value."""
        if not self.members:
            return True
        hit = any(
            member.holds(value) if isinstance(member, Interval) else _same(member, value)
            for member in self.members
        )
        return hit != self.negated


@dataclass(frozen=True, slots=True)
class Input:
    """A column that is asked."""

    name: str
    kind: str
    expression: expressions.Expression


@dataclass(frozen=True, slots=True)
class Output:
    """A column that answers."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A row; `number` counts from 1, as people do."""

    id: str
    number: int
    tests: tuple[Test, ...]
    outputs: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a decision asked and answered."""

    inputs: Mapping[str, Json]
    rule: str
    outputs: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Table:
    """A decision with its table."""

    id: str
    name: str
    file: str
    policy: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]

    def decide(self, values: Mapping[str, Json], world: World | None = None) -> Answer:
        """The answer for these variables.

        Refused("no_rule") when no rule matches, Refused("many_rules") when UNIQUE finds several.
        """
        asked = [column.expression.value(values, world) for column in self.inputs]
        inputs = {column.name: value for column, value in zip(self.inputs, asked, strict=True)}
        hits = [
            rule
            for rule in self.rules
            if all(test.matches(value) for test, value in zip(rule.tests, asked, strict=True))
        ]
        if not hits:
            raise Refused("no_rule", decision=self.id, inputs=inputs)
        if self.policy == "UNIQUE" and len(hits) > 1:
            numbers = [rule.number for rule in hits]
            raise Refused("many_rules", decision=self.id, inputs=inputs, rules=numbers)
        outputs = {
            column.name: value for column, value in zip(self.outputs, hits[0].outputs, strict=True)
        }
        return Answer(inputs, hits[0].id or str(hits[0].number), outputs)

    def overlaps(self) -> Iterator[tuple[Rule, Rule]]:
        """Pairs of rules that can match at once; meaningful for UNIQUE."""
        for place, first in enumerate(self.rules):
            for second in self.rules[place + 1 :]:
                pairs = zip(first.tests, second.tests, strict=True)
                if all(_meet(one, other) for one, other in pairs):
                    yield first, second


def _same(member: Json, value: Json) -> bool:
    if isinstance(member, bool) or isinstance(value, bool):
        return member is value
    return bool(member == value)


def _meet(one: Test, other: Test) -> bool:
    """Whether some value matches both: tried on every bound, between them and outside of them."""
    values: list[Json] = [None, True, False, "\0"]
    numbers: set[float] = set()
    for member in (*one.members, *other.members):
        if isinstance(member, Interval):
            numbers |= {bound for bound in (member.low, member.high) if math.isfinite(bound)}
        elif isinstance(member, str):
            values.append(member)
        elif isinstance(member, int | float) and not isinstance(member, bool):
            numbers.add(member)
    ordered = sorted(numbers)
    values += ordered
    values += [(low + high) / 2 for low, high in pairwise(ordered)]
    values += [ordered[0] - 1, ordered[-1] + 1] if ordered else [0]
    return any(one.matches(value) and other.matches(value) for value in values)


# --- cells ---------------------------------------------------------------------------------

_TOKENS = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>-?(?:\d+(?:\.\d+)?|\.\d+))"""
    r"""|(?P<word>[^\W\d]\w*)|(?P<dots>\.\.)|(?P<compare><=|>=|<|>)|(?P<mark>[\[\](),-]))"""
)
_ESCAPES = {'\\"': '"', "\\\\": "\\", "\\n": "\n", "\\t": "\t"}
_WORDS: Mapping[str, Scalar] = {"true": True, "false": False, "null": None}
_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "number": (int, float),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "": (str, bool, int, float),
    "Any": (str, bool, int, float),
}


class _Cell:
    """A cell taken apart into tokens."""

    def __init__(self, text: str, kind: str) -> None:
        self.text = text
        self.kind = kind
        self.tokens: list[tuple[str, str]] = []
        self.place = 0
        at = 0
        end = len(text.rstrip())
        while at < end:
            match = _TOKENS.match(text, at)
            if match is None:
                raise self.wrong()
            self.tokens.append((match.lastgroup or "", match.group(match.lastgroup or 0)))
            at = match.end()

    def wrong(self, why: str = "") -> TableError:
        return TableError(f"单元格“{self.text.strip()}”写得不对{why and '，' + why}")

    def peek(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        token = self.peek()
        if not token or (wanted and token not in wanted):
            raise self.wrong()
        self.place += 1
        return token

    def done(self) -> None:
        if self.place < len(self.tokens):
            raise self.wrong()

    def literal(self) -> Scalar:
        if self.place >= len(self.tokens):
            raise self.wrong()
        group, token = self.tokens[self.place]
        self.place += 1
        value: Scalar
        if group == "string":
            value = re.sub(r"\\.", lambda found: _ESCAPES.get(found.group(), found.group()), token)
            value = value[1:-1]
        elif group == "number":
            if len(token) > 18:
                raise self.wrong("数太大")
            value = float(token) if "." in token else int(token)
        elif group == "word" and token in _WORDS:
            value = _WORDS[token]
        elif group == "word":
            raise self.wrong(f'文字要加双引号："{token}"')
        else:
            raise self.wrong()
        fits = _KINDS.get(self.kind, _KINDS[""])
        if value is not None and (
            not isinstance(value, fits) or (isinstance(value, bool) and bool not in fits)
        ):
            raise self.wrong(f"这一列的类型是 {self.kind}")
        return value

    def number(self) -> float:
        value = self.literal()
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong("这里要写数")
        return value

    def member(self) -> Interval | Scalar:
        first = self.peek()
        if first in ("<", "<=", ">", ">="):
            self.take()
            bound = self.number()
            if first.startswith("<"):
                return Interval(-math.inf, bound, False, first == "<=")
            return Interval(bound, math.inf, first == ">=", False)
        if first in ("[", "]", "("):
            self.take()
            low = self.number()
            self.take("..")
            high = self.number()
            last = self.take("[", "]", ")")
            if low > high:
                raise self.wrong("前一个数要小于后一个数")
            return Interval(low, high, first == "[", last == "]")
        return self.literal()

    def members(self) -> tuple[Interval | Scalar, ...]:
        found = [self.member()]
        while self.peek() == ",":
            self.take(",")
            found.append(self.member())
        return tuple(found)


def read_test(text: str, kind: str = "") -> Test:
    """A cell of an input column; TableError when it is not a unary test of the kinds known."""
    cell = _Cell(text, kind)
    if not cell.tokens:
        return Test()
    if [token for _, token in cell.tokens] == ["-"]:
        return Test()
    if cell.peek() == "not":
        cell.take("not")
        cell.take("(")
        test = Test(cell.members(), negated=True)
        cell.take(")")
    else:
        test = Test(cell.members())
    cell.done()
    return test


def read_output(text: str, kind: str = "") -> Scalar:
    """A cell of an output column: a string, number, true, false or null."""
    cell = _Cell(text, kind)
    if not cell.tokens:
        raise TableError("结果单元格是空的")
    value = cell.literal()
    cell.done()
    return value


# --- files ---------------------------------------------------------------------------------


def read(path: str, root: etree._Element) -> tuple[list[Table], list[Finding]]:
    """The decisions of a DMN file, and what is wrong with the others."""
    tables: list[Table] = []
    findings: list[Finding] = []
    for decision in _children(root, "decision"):
        element = decision.get("id", "")
        try:
            tables.append(_read_decision(path, decision))
        except TableError as error:
            sentence = f"决策“{decision.get('name') or element}”：{error}。"
            findings.append(Finding(path, element, "table", sentence))
    return tables, findings


def _read_decision(path: str, decision: etree._Element) -> Table:
    if not decision.get("id"):
        raise TableError("没有 id")
    if _children(decision, "informationRequirement"):
        raise TableError("不支持依赖别的决策，请只用一张表")
    found = _children(decision, "decisionTable")
    if len(found) != 1:
        raise TableError("要有一张决策表（不支持其他写法）")
    table = found[0]
    policy = table.get("hitPolicy", "UNIQUE")
    if policy not in ("UNIQUE", "FIRST"):
        raise TableError(f"命中策略只支持 UNIQUE 和 FIRST，不支持 {policy}")
    inputs = tuple(_read_input(column) for column in _children(table, "input"))
    outputs = tuple(
        Output(column.get("name") or "", column.get("typeRef", ""))
        for column in _children(table, "output")
    )
    names = [column.name for column in outputs]
    if not names or not all(names) or len(set(names)) < len(names):
        raise TableError("每个结果列要有自己的名称（name）")
    rules = tuple(
        _read_rule(number, row, inputs, outputs)
        for number, row in enumerate(_children(table, "rule"), start=1)
    )
    if not 0 < len(rules) <= MOST_RULES:
        raise TableError(f"要有1至{MOST_RULES}条规则")
    return Table(
        decision.get("id", ""), decision.get("name", ""), path, policy, inputs, outputs, rules
    )


def _read_input(column: etree._Element) -> Input:
    found = _children(column, "inputExpression")
    text = _text(found[0]) if found else ""
    kind = found[0].get("typeRef", "") if found else ""
    if not text:
        raise TableError("条件列没有写变量名")
    try:
        # A modeler's own expression language may say ${type}; DMN says type.
        expression = (
            expressions.read(text) if text.startswith("${") else expressions.read_bare(text)
        )
    except expressions.ExpressionError as error:
        raise TableError(f"条件列“{text}”：{error}") from None
    return Input(text, kind, expression)


def _read_rule(
    number: int, row: etree._Element, inputs: tuple[Input, ...], outputs: tuple[Output, ...]
) -> Rule:
    asked, answered = _children(row, "inputEntry"), _children(row, "outputEntry")
    if len(asked) != len(inputs) or len(answered) != len(outputs):
        raise TableError(f"第{number}条规则的单元格数目与列数不符")
    try:
        tests = tuple(
            read_test(_text(cell), column.kind) for cell, column in zip(asked, inputs, strict=True)
        )
        values = tuple(
            read_output(_text(cell), column.kind)
            for cell, column in zip(answered, outputs, strict=True)
        )
    except TableError as error:
        raise TableError(f"第{number}条规则的{error}") from None
    return Rule(row.get("id", ""), number, tests, values)


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in element if xml.local(child) == name]


def _text(element: etree._Element) -> str:
    for child in _children(element, "text"):
        return (child.text or "").strip()
    return ""
