"""Decision tables: rules that exclude each other and are all of use, and one for every value.

Where a column lists its values, its cells keep to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from engine.flow.cells import Interval, Scalar, TableError, read_test
from engine.flow.check import choices, reaching
from engine.flow.definitions import Drawn
from engine.flow.model import Finding, Json, Refused
from engine.flow.tables import Input, Output, Rule, Table

MOST_TRIED = 1_000
MOST_SAID = 3

Cells = list[tuple[Rule, tuple[Interval | Scalar, ...]]]
"""What the cells of a column have written, rule by rule."""


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Rules of UNIQUE that overlap, of FIRST that are never asked; values that no rule answers."""
    for table in drawn.tables.values():
        if table.policy == "UNIQUE":
            for one, other in table.overlaps():
                sentence = (
                    f"决策“{table.name or table.id}”的第{one.number}条和第{other.number}条规则"
                    "会同时命中，UNIQUE 只能命中一条，请改条件，或把命中策略改成 FIRST。"
                )
                yield Finding(table.file, table.id, "overlap", sentence)
        else:
            for one, other in table.covered():
                sentence = (
                    f"决策“{table.name or table.id}”的第{other.number}条规则永远轮不到，"
                    f"前面的第{one.number}条已经全包括了，请调换次序或去掉。"
                )
                yield Finding(table.file, table.id, "covered", sentence)
        yield from _unanswered(drawn, table)
        yield from _not_allowed(table)


def _unanswered(drawn: Drawn, table: Table) -> Iterator[Finding]:
    """Values that may come where the table is asked, or numbers between its rules, unanswered."""
    points = {column.name: table.bounds(n) for n, column in enumerate(table.inputs)}
    read = [column.expression for column in table.inputs]
    askers = [
        (one, element)
        for one in drawn.drawings.values()
        for element in one.elements.values()
        if element.decision == table.id
    ]
    found = {
        choices.shown(given)
        for one, element in askers
        for given in reaching.tried(drawn, one, element, read, points)
        if not _answers(table, given)
    } or {choices.shown(given) for given in _holes(table)}
    for said in sorted(found)[:MOST_SAID]:
        sentence = (
            f"决策“{table.name or table.id}”没有一条规则适用于 {said}，请补一条规则，"
            "或在最后加一条条件都写“-”的。"
        )
        yield Finding(table.file, table.id, "no_rule", sentence)


def _not_allowed(table: Table) -> Iterator[Finding]:
    """Cells with a value that their column does not list."""
    title = f"决策“{table.name or table.id}”"
    columns: list[tuple[Input | Output, Cells]] = [
        (column, [(rule, rule.tests[n].members) for rule in table.rules])
        for n, column in enumerate(table.inputs)
    ]
    columns += [
        (column, [(rule, (rule.outputs[n],)) for rule in table.rules])
        for n, column in enumerate(table.outputs)
    ]
    for column, cells in columns:
        name = f"“{column.label}”（{column.name}）" if column.label else f"“{column.name}”"
        try:
            allowed = read_test(column.allowed, column.kind)
        except TableError as error:
            sentence = f"{title}的{name}一列允许的值：{error}。"
            yield Finding(table.file, table.id, "allowed", sentence)
            continue
        for rule, values in cells:
            for value in values:
                # Nobody answered (null), and an interval may begin and end where nothing comes.
                passed = isinstance(value, Interval) or (
                    isinstance(column, Input) and value is None
                )
                if not passed and not allowed.matches(value):
                    sentence = (
                        f"{title}第{rule.number}条规则的{name}一列写了{_said(value)}，"
                        f"这一列允许的值是 {column.allowed}，请改成其中一个，"
                        "或把它加到这一列允许的值里。"
                    )
                    yield Finding(table.file, table.id, "allowed", sentence)


def _said(value: Json) -> str:
    if isinstance(value, str):
        return f"“{value}”"
    return " null " if value is None else f" {str(value).lower()} "


def _answers(table: Table, given: Mapping[str, Json]) -> bool:
    try:
        table.decide(given)
    except Refused as refused:
        return refused.code != "no_rule"
    return True


def _holes(table: Table) -> Iterator[dict[str, float]]:
    """Whole numbers between the rules of a table that only asks for intervals of numbers."""
    if not table.intervals():
        return
    columns = [table.between(n) for n in range(len(table.inputs))]
    for number, together in enumerate(product(*columns)):
        if number >= MOST_TRIED:
            return
        hits = (
            all(test.matches(value) for test, value in zip(rule.tests, together, strict=True))
            for rule in table.rules
        )
        if not any(hits):
            yield dict(zip((column.name for column in table.inputs), together, strict=True))
            return
