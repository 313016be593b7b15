"""Decision tables: a small reader of DMN.

Hit policies UNIQUE (really checked: two rules that match are an error) and FIRST. No match is an
error too: a decision that keeps an old value would be a limit that nobody set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from engine.flow import expressions, xml
from engine.flow.cells import (
    Interval,
    Scalar,
    TableError,
    Test,
    covers,
    meet,
    numbers_of,
    read_output,
    read_test,
)
from engine.flow.model import Finding, Json, Refused, World

MOST_RULES = 500
LANGUAGES = ("feel", "juel")
"""What a modeler calls the language of cells and inputs: one of these, or an address of FEEL."""


@dataclass(frozen=True, slots=True)
class Input:
    """A column that is asked; `allowed`: a test for all that may come, as it is written there."""

    name: str
    kind: str
    expression: expressions.Expression
    label: str = ""
    allowed: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """A column that answers; `allowed`: the same for all that it may answer."""

    name: str
    kind: str
    label: str = ""
    allowed: str = ""


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
                if all(meet(one, other) for one, other in pairs):
                    yield first, second

    def covered(self) -> Iterator[tuple[Rule, Rule]]:
        """Rules of FIRST that are never asked, each behind the one before that matches always."""
        for place, second in enumerate(self.rules):
            for first in self.rules[:place]:
                pairs = zip(first.tests, second.tests, strict=True)
                if all(covers(one, other) for one, other in pairs):
                    yield first, second
                    break

    def bounds(self, column: int) -> list[float]:
        """The numbers that the cells of an input column name."""
        tests = [rule.tests[column] for rule in self.rules]
        return sorted(numbers_of([member for test in tests for member in test.members]))

    def texts(self) -> Iterator[tuple[str, Rule]]:
        """Every text that a condition names, with its rule; of a negated one none."""
        for rule in self.rules:
            for test in rule.tests:
                for member in test.members:
                    if isinstance(member, str) and not test.negated:
                        yield member, rule

    def intervals(self) -> bool:
        """Whether all that it asks for are intervals of numbers."""
        members = [m for rule in self.rules for test in rule.tests for m in test.members]
        return bool(members) and all(isinstance(member, Interval) for member in members)

    def between(self, column: int) -> list[float]:
        """The whole numbers on and beside the bounds of an input column, from first to last."""
        bounds = self.bounds(column) or [0]
        near = {round(bound) + by for bound in bounds for by in (-1, 0, 1)}
        return [number for number in sorted(near) if bounds[0] <= number <= bounds[-1]]


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
    for node in decision.iter("{*}*"):
        language = node.get("expressionLanguage", "feel").lower().rstrip("/")
        if not language.endswith(LANGUAGES):
            raise TableError(f"用“{language}”写了表达式，不能执行，请改成 FEEL")
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
        Output(
            column.get("name") or "",
            column.get("typeRef", ""),
            column.get("label", ""),
            _allowed(column, "outputValues"),
        )
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
    return Input(text, kind, expression, column.get("label", ""), _allowed(column, "inputValues"))


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


def _allowed(column: etree._Element, name: str) -> str:
    return next((_text(child) for child in _children(column, name)), "")


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in element if xml.local(child) == name]


def _text(element: etree._Element) -> str:
    for child in _children(element, "text"):
        return (child.text or "").strip()
    return ""
