"""Decisions by which words that a caller uses suggest an answer or an entry of a list."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definitions import MANIFEST
from engine.flow.check import answers
from engine.flow.definitions import SUGGESTED, Drawn
from engine.flow.model import Finding
from engine.flow.tables import Table


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Decisions that are not there or ask for no words; answers that the field does not offer."""
    for about, decision in drawn.manifest.get("suggestions", {}).items():
        table = drawn.tables.get(decision)
        if table is None:
            sentence = f"清单的“suggestions”里写着决策“{decision}”，没有这张表。"
            yield Finding(MANIFEST, decision, "suggestion", sentence)
        elif not _of_words(table):
            sentence = (
                f"决策“{table.name or table.id}”用来按词提建议，要只有一个条件列和一个结果列，"
                '每条规则的条件都写词，如 "停水","没水"，结果也写文字。'
            )
            yield Finding(table.file, table.id, "suggestion_words", sentence)
        elif about != SUGGESTED:
            yield from _not_offered(drawn, about, table)


def _of_words(table: Table) -> bool:
    worded = {rule.number for word, rule in table.texts() if word.strip()}
    return (
        len(table.inputs) == len(table.outputs) == 1
        and all(rule.number in worded for rule in table.rules)
        and all(isinstance(rule.outputs[0], str) and rule.outputs[0] for rule in table.rules)
    )


def _not_offered(drawn: Drawn, about: str, table: Table) -> Iterator[Finding]:
    offered: set[str] | None = None
    for process in drawn.manifest.get("start", {}).values():
        start = drawn.drawings[process].start
        path = answers.path_of(start.form) if start is not None else ""
        for one, options in answers.offered(drawn, path):
            if one.get("key") == about:
                offered = (offered or set()) | set(options)
    if offered is None:
        sentence = (
            f"清单的“suggestions”里写着“{about}”，"
            f"登记来电的表单没有这一项；名单只能写“{SUGGESTED}”。"
        )
        yield Finding(MANIFEST, about, "suggestion_field", sentence)
        return
    for rule in table.rules:
        if rule.outputs[0] not in offered:
            sentence = (
                f"决策“{table.name or table.id}”第{rule.number}条规则建议“{rule.outputs[0]}”，"
                f"登记来电的“{about}”没有这个选项，请改成其中一个。"
            )
            yield Finding(table.file, table.id, "suggestion_option", sentence)
