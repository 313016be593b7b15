"""`hotline settings`: what the environment says, as the other commands understand it."""

from __future__ import annotations

import os

import click

from engine import settings as settings_of
from engine.cli.common import note
from engine.cli.words import Help, table


@click.command(cls=Help)
def settings() -> int:
    """显示正在生效的设置和来源，不显示口令。

    不需要数据库。环境里有拼错的 HOTLINE_ 变量时指出来，返回 1。
    """
    rows = [(line.name, line.value or "（无）", _whence(line)) for line in lines()]
    click.echo(table([("设置", "值", "来自"), *rows]))
    strange = settings_of.unknown(os.environ)
    for name in strange:
        note(f"没有名为 {name} 的设置，它不起作用。请核对拼写，设置的清单见 docs/settings.md。")
    return 1 if strange else 0


def lines() -> list[settings_of.Line]:
    """The settings of this process's environment."""
    return settings_of.lines(os.environ)


def _whence(line: settings_of.Line) -> str:
    if line.file is not None:
        return f"文件 {line.file}"
    if line.given:
        return "环境变量"
    return "默认" if line.value else ""
