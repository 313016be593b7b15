"""The values that forms and constants give: all that a field takes, or the one that is written."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from engine.flow import expressions
from engine.flow.model import Json, Refused
from engine.formjs import Component


class Unknown(Exception):
    """Nothing certain can be told of a variable's values."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers that a form takes; None: no bound."""

    low: Decimal | None
    high: Decimal | None
    step: Decimal

    def near(self, points: Iterable[float]) -> list[Json]:
        """Numbers of these on and beside each point, and beside the bounds."""
        asked = [Decimal(str(point)) for point in points] or [Decimal(0)]
        asked += [bound for bound in (self.low, self.high) if bound is not None]
        found = {self._down(point) + by * self.step for point in asked for by in (-1, 0, 1, 2)}
        return [
            int(number) if number == int(number) else float(number)
            for number in sorted(found)
            if (self.low is None or number >= self.low)
            and (self.high is None or number <= self.high)
        ]

    def _down(self, point: Decimal) -> Decimal:
        """The last number of the field's step that is not above a point."""
        return (point / self.step).to_integral_value(ROUND_FLOOR) * self.step


@dataclass(frozen=True, slots=True)
class Values:
    """All values that a variable may have: some written down, some any number of a kind.

    `alone`: whether they say nothing together with others', because they hang together with them:
    a field that other answers may hide, the answer of a table, a value for each of several ways.
    `narrowed`: whether conditions on the way have left some of them out.
    """

    written: tuple[Json, ...] = ()
    numbers: tuple[Numbers, ...] = ()
    alone: bool = False
    narrowed: bool = False

    def samples(self, points: Iterable[float]) -> list[Json]:
        """The written ones, and numbers about the points at which something changes."""
        near = list(points)
        found = [*self.written, *(value for one in self.numbers for value in one.near(near))]
        return list({(type(value), value): value for value in found}.values())


def constant(text: str) -> Values:
    """What an expression without variables gives; Unknown of any other."""
    read = expressions.read_value(text)
    if read.names or read.functions:
        raise Unknown
    try:
        value = read.value({})
    except Refused:
        raise Unknown from None
    if isinstance(value, list | dict):
        raise Unknown
    return Values((value,))


def of_field(field: Component) -> Values:
    """What a routing field of a form may bring; Unknown where the form alone does not say."""
    if field.readonly:
        raise Unknown
    may_be_empty = () if field.required or field.guards or field.hide else (None,)
    hidden = bool(field.guards or field.hide)
    match field.type:
        case "select" | "radio" if field.options and not field.source:
            offered = tuple(option.value for option in field.options)
            return Values((*offered, *may_be_empty), (), hidden)
        case "checkbox":
            return Values((True,) if field.required else (True, False), (), hidden)
        case "number" if not field.as_text:
            step = field.step or Decimal(1).scaleb(-(field.decimals or 0))
            return Values(may_be_empty, (Numbers(field.minimum, field.maximum, step),), hidden)
    raise Unknown


def numbers_of(read: Iterable[expressions.Expression]) -> list[float]:
    """The numbers that are written in expressions."""
    return [
        node.value
        for expression in read
        for node in ast.walk(expression.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    ]
