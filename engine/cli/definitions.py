"""`hotline check`, `hotline deploy`, `hotline versions`: diagrams, tables and forms."""

from __future__ import annotations

from pathlib import Path

import click

from engine import definitions
from engine.cli.common import now, note, opened
from engine.cli.words import Help, moment, table

PATHS = click.Path(exists=True, path_type=Path)


@click.command(cls=Help)
@click.argument("paths", nargs=-1, type=PATHS, metavar="[路径]…")
def check(paths: tuple[Path, ...]) -> int:
    """检查流程图、决策表和表单，不需要数据库。

    路径可以是含 bpmn/ 与 forms/ 的文件夹、这两个文件夹本身，或其中的文件；不写时检查当前文件夹，
    当前文件夹没有时检查随程序附带的。每个问题一行“文件:元素: 说明”，有问题时返回 1。
    """
    files, only = gather(paths)
    findings = examine(files)
    shown = [f for f in findings if only is None or f.file in only]
    for finding in shown:
        click.echo(str(finding))
    if shown:
        note(f"发现 {len(shown)} 个问题。")
        return 1
    click.echo(f"已检查 {len(files if only is None else only)} 个文件，没有发现问题。")
    return 0
