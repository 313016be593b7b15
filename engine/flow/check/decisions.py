"""Decision tables: rules that exclude each other and are all of use, and one for every value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from engine.flow.check import choices
from engine.flow.definitions import Drawn
from engine.flow.model import Finding, Json, Refused
from engine.flow.tables import Table

MOST_TRIED = 1_000
MOST_SAID = 3


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
        for given in choices.tried(drawn, one, element, read, points)
        if not _answers(table, given)
    } or {choices.shown(given) for given in _holes(table)}
    for said in sorted(found)[:MOST_SAID]:
        sentence = (
            f"决策“{table.name or table.id}”没有一条规则适用于 {said}，请补一条规则，"
            "或在最后加一条条件都写“-”的。"
        )
        yield Finding(table.file, table.id, "no_rule", sentence)


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
