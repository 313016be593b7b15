"""The command `hotline`: a door like the web. It reads the clock, calls acts and reads, prints.

Exit codes, the same for every command:
0  done, and nothing was found wrong;
1  something was found wrong (check, verify, show, replay) or the act was refused;
2  the command was not understood, or the settings, the key or the database cannot be used;
130  somebody stopped it (Ctrl-C); what it had done stands, and it can be run again.
"""

from __future__ import annotations

import importlib
import keyword
import os
import sys
from typing import Any

import click

from engine.cli import words
from engine.errors import SettingsError, StoreError, Trouble, VaultError, reason, sentence

COMMANDS = {
    "init": "setting_up",
    "upgrade": "setting_up",
    "settings": "environment",
    "backup": "backing_up",
    "restore": "backing_up",
    "serve": "serving",
    "sweep": "serving",
    "check": "definitions",
    "deploy": "definitions",
    "versions": "definitions",
    "draw": "drawing",
    "verify": "records",
    "show": "records",
    "log": "records",
    "replay": "records",
    "erase": "records",
    "reindex": "searching",
    "calendar": "working_days",
    "user": "persons",
    "units": "persons",
    "import": "importing",
    "simulate": "simulating",
    "multiply": "multiplying",
}
"""Each command and the module that has it; a module is loaded when it is asked for."""


class Hotline(words.Group):
    """The commands, loaded one by one: `hotline check` needs neither database nor simulation."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"engine.cli.{COMMANDS[cmd_name]}")
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        found: click.Command = getattr(module, name)
        return found


@click.group(cls=Hotline)
def hotline() -> None:
    """12345 热线工单流程系统。

    数据库、密钥和投递文件放在 HOTLINE_HOME（默认当前文件夹）的 var/ 之下；用
    HOTLINE_DATABASE_URL 可改用 PostgreSQL。返回值：0 成功；1 核查发现问题或操作被拒绝；2
    命令写错，或设置、密钥、数据库不能使用；130 被 Ctrl-C 中断。
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run a command; its exit code. Whatever a person can cause is a sentence on stderr."""
    try:
        code: Any = hotline.main(arguments, prog_name="hotline", standalone_mode=False)
    except click.UsageError as error:
        return _say(words.usage(error), 2)
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _say("已中断。", 130)
    except click.ClickException as error:
        return _say(error.format_message(), 1)
    except (StoreError, VaultError, SettingsError) as error:
        return _say(error.sentence(), 2)
    except Trouble as error:
        return _say(error.sentence(), 1)
    except BrokenPipeError:
        # The reader has gone (`hotline show … | head`); nothing is left to be flushed to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = f"：{error.filename}" if error.filename else ""
        return _say(f"无法读写文件{where}（{reason(error)}）。请检查路径和权限后重试。", 2)
    except Exception as error:
        if (told := _refused(error)) is None:
            raise
        return _say(told, 1)
    return code if isinstance(code, int) else 0


def _refused(error: Exception) -> str | None:
    """What to say of something that the flow refused; None of another error.

    Whoever raised it has loaded the flow: commands that do not need it do not wait for it.
    """
    from engine.flow.model import DefinitionsRefused, Refused

    match error:
        case DefinitionsRefused(findings=findings):
            return "\n".join(map(str, findings))
        case Refused(code=code, facts=facts):
            return sentence(code, facts)
    return None


def _say(text: str, code: int) -> int:
    click.echo(text, err=True)
    return code
