"""How the command line speaks: click's help and complaints in Chinese, times, tables."""

from __future__ import annotations

import math
import os
import pwd
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click

from engine.formjs.text import forbidden, one_line, trimmed
from engine.workdays import ZONE, last_day_of


class Number(click.FloatRange):
    """A number within bounds; nan, which no bound refuses, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"应为范围内的数（{self._describe_range()}）", param, ctx)
        return found


class Name(click.ParamType[str]):
    """What somebody or something is called: one line of visible characters."""

    name = "text"

    def __init__(self, longest: int = 40) -> None:
        self.longest = longest

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        text = trimmed(str(value))
        if not text or forbidden(text, lines=False) or len(text) > self.longest:
            self.fail(f"应为1到{self.longest}个可见的字，不能换行", param, ctx)
        return text


class Help(click.Command):
    """A command whose help has Chinese headings, and whose complaints name it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, _pieces(self, ctx), prefix="用法：")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [
            (_chinese(flags), _chinese(said))
            for param in self.get_params(ctx)
            if isinstance(param, click.Option)
            for flags, said in [param.get_help_record(ctx) or ("", "")]
            if flags
        ]
        if rows:
            with formatter.section("选项"):
                formatter.write_dl(rows)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "显示本说明。"
        return option


class Group(Help, click.Group):
    """A group of such commands."""

    command_class = Help

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        Help.format_options(self, ctx, formatter)
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None:
                rows.append((name, command.get_short_help_str(60)))
        with formatter.section("命令"):
            formatter.write_dl(rows)


def _chinese(text: str) -> str:
    for word, ours in (
        ("INTEGER RANGE", "数"),
        ("FLOAT RANGE", "数"),
        ("INTEGER", "数"),
        ("TEXT", "文字"),
        ("[default: ", "[默认 "),
        ("[required]", "[必填]"),
        ("; required]", "；必填]"),
        ("; ", "；"),
    ):
        text = text.replace(word, ours)
    return text


def _pieces(command: click.Command, ctx: click.Context) -> str:
    return " ".join(
        {"[OPTIONS]": "[选项]", "COMMAND [ARGS]...": "命令 …"}.get(piece, piece)
        for piece in command.collect_usage_pieces(ctx)
    )


def usage(error: click.UsageError) -> str:
    """What was typed wrongly, and where help is."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and error.ctx:
        return error.ctx.get_help()
    where = error.ctx.command_path if error.ctx else "hotline"
    return f"{one_line(_complaint(error))}用法见 {where} --help。"


def _complaint(error: click.UsageError) -> str:
    name = (
        error.param.human_readable_name
        if isinstance(error, click.BadParameter) and error.param
        else ""
    )
    match error:
        case click.MissingParameter():
            return f"缺少 {_flag(error) or name}。"
        case click.BadParameter():
            return f"{_flag(error) or name} 的值不能用：{_reason(error)}。"
        case click.NoSuchOption():
            return f"没有选项 {error.option_name}。"
        case click.BadOptionUsage():
            return f"选项 {error.option_name} 的写法不对（缺少值，或不应有值）。"
        case _ if type(error).__name__ == "NoSuchCommand" or "No such command" in error.message:
            return "没有这个命令。"
        case _ if _ours(error):
            return error.message
        case _:
            return "命令的写法不对（多写或少写了参数）。"


def _ours(error: click.UsageError) -> bool:
    """Whether we said it: click ends in English also where it quotes what was typed in Chinese."""
    return not error.message[-1:].isascii()


def _flag(error: click.BadParameter) -> str:
    return error.param.opts[-1] if isinstance(error.param, click.Option) else ""


def _reason(error: click.BadParameter) -> str:
    if _ours(error):
        return error.message.rstrip("。")
    kind = error.param.type if error.param else None
    match kind:
        case click.Choice():
            return f"只能是 {'、'.join(map(str, kind.choices))}"
        case click.types._NumberRangeBase():
            return f"应为范围内的数（{kind._describe_range()}）"
        case click.types.IntParamType() | click.types.FloatParamType():
            return "应为数"
        case click.DateTime():
            return "应为日期，如 2026-09-01"
        case click.Path():
            return f"文件或文件夹不存在，或账号 {_account()} 不能读取"
    return "格式不对"


def _account() -> str:
    """As whom this runs: on a server not as whoever typed it."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container's user has a number only
        return f"uid {os.geteuid()}"


def moment(at: datetime | None, empty: str = "—") -> str:
    """An instant as people here write it, in Asia/Shanghai."""
    return empty if at is None else f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"


def deadline(at: datetime | None, empty: str = "—") -> str:
    """A due time: 00:00 is said as 24:00 of the day before, which is how the law counts."""
    if at is None:
        return empty
    local = at.astimezone(ZONE)
    if (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0):
        return f"{last_day_of(at)} 24:00"
    return f"{local:%Y-%m-%d %H:%M:%S}"


def width(text: str) -> int:
    """How many columns a text takes in a terminal; a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def table(rows: Iterable[Sequence[Any]]) -> str:
    """Rows set in columns."""
    texts = [[str(cell) for cell in row] for row in rows]
    if not texts:
        return ""
    widths = [max(width(row[n]) for row in texts) for n in range(len(texts[0]))]
    return "\n".join(
        "  ".join(
            cell + " " * (w - width(cell)) for cell, w in zip(row, widths, strict=True)
        ).rstrip()
        for row in texts
    )
