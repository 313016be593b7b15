"""The cells of decision tables: FEEL's unary tests as dmn-js writes them, and plain answers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from engine.flow.model import Json
from engine.flow.slips import slip

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


def _same(member: Json, value: Json) -> bool:
    if isinstance(member, bool) or isinstance(value, bool):
        return member is value
    return bool(member == value)


def meet(one: Test, other: Test) -> bool:
    """Whether some value matches both."""
    return any(one.matches(value) and other.matches(value) for value in _told_apart(one, other))


def covers(one: Test, other: Test) -> bool:
    """Whether whatever matches the other matches the one as well."""
    values = _told_apart(one, other)
    return all(one.matches(value) for value in values if other.matches(value))


def _told_apart(one: Test, other: Test) -> list[Json]:
    """A value of each kind that two cells can tell apart."""
    members = (*one.members, *other.members)
    ordered = sorted(numbers_of(members))
    return [
        *(None, True, False, "\0"),
        *(member for member in members if isinstance(member, str)),
        *ordered,
        *((low + high) / 2 for low, high in pairwise(ordered)),
        *([ordered[0] - 1, ordered[-1] + 1] if ordered else [0]),
    ]


def numbers_of(members: Iterable[Interval | Scalar]) -> set[float]:
    numbers: set[float] = set()
    for member in members:
        if isinstance(member, Interval):
            numbers |= {bound for bound in (member.low, member.high) if math.isfinite(bound)}
        elif isinstance(member, int | float) and not isinstance(member, bool):
            numbers.add(member)
    return numbers


# --- reading ---------------------------------------------------------------------------------

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
        why = why or slip(self.text, compares=False)
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
