"""The table of escalation that the manifest names: it is there, and says whom to tell when."""

from __future__ import annotations

from collections.abc import Iterator

from engine.access import ROLES
from engine.definitions import MANIFEST
from engine.duty import RANKS
from engine.flow.definitions import Drawn
from engine.flow.escalation import ANSWERED, ASKED, LEVEL, roles_of, table_of
from engine.flow.model import Finding
from engine.flow.tables import Rule, Table


def findings(drawn: Drawn) -> Iterator[Finding]:
    """A table that is not there, has other columns, or cells that tell nobody."""
    name = table_of(drawn.manifest)
    if not name:
        return
    table = drawn.tables.get(name)
    if table is None:
        sentence = f"清单里“duty”的“escalation”写着“{name}”，没有这张决策表，请改编号（id）。"
        yield Finding(MANIFEST, "escalation", "escalation", sentence)
        return
    title = f"决策“{table.name or table.id}”"
    asked = {column.name for column in table.inputs}
    answered = {column.name for column in table.outputs}
    if LEVEL not in asked or asked - ASKED or answered != set(ANSWERED):
        sentence = (
            f"{title}是值班提醒用的：条件列要有 level，此外只能有 emergency、type；"
            f"结果列要是 {'、'.join(ANSWERED)}，请改正列名。"
        )
        yield Finding(table.file, table.id, "escalation_columns", sentence)
        return
    for rule in table.rules:
        if what := _wrong(table, rule):
            sentence = f"{title}第{rule.number}条规则的{what}。"
            yield Finding(table.file, table.id, "escalation_cell", sentence)


def _wrong(table: Table, rule: Rule) -> str:
    said = dict(zip((column.name for column in table.outputs), rule.outputs, strict=True))
    after, rank, role = said["after"], said["rank"], said["role"]
    if isinstance(after, bool) or not isinstance(after, int | float) or not 0 < after <= 1000:
        return "after 一列要写目标时间的百分之几，大于0，不超过1000，如 50"
    if (rank is None) == (role is None):
        return "rank（第几顺位）和 role（岗位）两列要正好填一列，另一列写 null"
    if rank is not None and (isinstance(rank, bool) or rank not in range(1, RANKS + 1)):
        return f"rank 一列要写1至{RANKS}的整数"
    for column in ("role", "otherwise"):
        if unknown := [one for one in roles_of(said[column]) if one not in ROLES]:
            return f"{column} 一列的岗位“{unknown[0]}”不存在，请用指南里的岗位代码"
    if not roles_of(said["otherwise"]):
        return 'otherwise 一列要写没有人时通知哪个岗位，如 "leader"'
    return ""
