"""Decision tables: rules that exclude each other, and a rule for every option of the forms."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from engine.flow.check import variables
from engine.flow.definitions import Drawn
from engine.flow.model import Finding, Refused
from engine.flow.tables import Table

MOST_TRIED = 1_000


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Rules of UNIQUE that overlap; options of a form that no rule answers."""
    for table in drawn.tables.values():
        if table.policy == "UNIQUE":
            for one, other in table.overlaps():
                sentence = (
                    f"决策“{table.name or table.id}”的第{one.number}条和第{other.number}条规则"
                    "会同时命中，UNIQUE 只能命中一条。"
                )
                yield Finding(table.file, table.id, "overlap", sentence)
        yield from _unanswered(drawn, table)


def _unanswered(drawn: Drawn, table: Table) -> Iterator[Finding]:
    known = variables.options(drawn)
    names = sorted({name for column in table.inputs for name in column.expression.names})
    if not names or not all(known.get(name) for name in names):
        return
    for tried, values in enumerate(product(*(known[name] for name in names))):
        if tried >= MOST_TRIED:
            return
        try:
            table.decide(dict(zip(names, values, strict=True)))
        except Refused as refused:
            if refused.code == "no_rule":
                said = "、".join(
                    f"{name} = {value}" for name, value in zip(names, values, strict=True)
                )
                sentence = f"决策“{table.name or table.id}”没有一条规则适用于 {said}。"
                yield Finding(table.file, table.id, "no_rule", sentence)
