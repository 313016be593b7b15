"""`hotline backup`, `hotline restore`: the data and the key, apart from each other."""

from __future__ import annotations

import getpass
import warnings
from datetime import datetime
from pathlib import Path

import click

from engine import backup as backups
from engine import files
from engine.backup import Manifest, keys
from engine.cli import searching
from engine.cli.common import Stopwatch, configured, note, now, opened
from engine.cli.words import Help, moment
from engine.errors import Trouble, reason
from engine.read import agenda
from engine.read import verify as verifying
from engine.record import SYSTEM
from engine.settings import Settings
from engine.store import Store, schema
from engine.vault import MasterKey

LONGEST = 4096
"""Bytes of a passphrase."""
LOOKED = 20
"""Tickets whose record is verified after a restore, the last ones."""

_AGAIN = "hotline backup --keys 文件"

PLACE = click.Path(path_type=Path)
PASSPHRASE = click.option("--passphrase", "asks", is_flag=True, help="口令由键盘输入。")
PASSPHRASE_FILE = click.option(
    "--passphrase-file", "file", type=PLACE, metavar="文件", help="口令写在这个文件的第一行。"
)


class Progress(Stopwatch):
    """How far the parts of a backup are; on stderr."""

    def __init__(self, doing: str) -> None:
        super().__init__()
        self._doing = doing

    def __call__(self, name: str, done: int, size: int) -> None:
        if self.due():
            whole = f"/{size / 1e6:.0f}" if size else ""
            note(f"{self._doing} {name}：{done / 1e6:.0f}{whole} MB")


@click.command(cls=Help)
@click.argument("target", type=PLACE, required=False, metavar="[备份文件夹]")
@click.option("--keys", "key", type=PLACE, metavar="文件", help="把主密钥另存为这个文件。")
@PASSPHRASE
@PASSPHRASE_FILE
@click.option("--together", is_flag=True, help="允许主密钥与数据放在一起。")
def backup(
    target: Path | None, key: Path | None, asks: bool, file: Path | None, together: bool
) -> int:
    """把数据库备份成一个新的文件夹；网页和到期扫描不必停。

    备份是某一刻的完整数据，不含主密钥。主密钥用 --keys 另存到别处，可以用口令加密；
    丢了主密钥，备份里群众的话谁也读不出来。恢复用 hotline restore。
    """
    if target is None and key is None:
        raise click.UsageError("请写明备份文件夹，或用 --keys 写明主密钥另存在哪里。")
    if key is None and (asks or file):
        raise click.UsageError("口令只用于主密钥，请同时写 --keys。")
    _one_way(asks, file)
    settings = configured()
    if not together:
        keys.apart(settings, target, key)
    word = _new_passphrase(asks, file) if key else None
    if key is not None:
        keys.ready(settings, key, word)
    if target is not None:
        save(settings, target)
    if key is not None:
        try:
            keys.keep(settings, key, word)
        except Trouble:
            if target is not None:
                note(f"数据已经备份到 {target}，只有主密钥没有另存。之后请运行 {_AGAIN}。")
            raise
        kind = "（用口令加密）" if word is not None else ""
        click.echo(f"主密钥已另存为 {key}{kind}。请与数据的备份分开保管。")
    else:
        note(f"备份里没有主密钥。请确认主密钥另有备份：{_AGAIN}。")
    return 0


def save(settings: Settings, target: Path) -> None:
    """Make a backup and say what it holds. Errors: as engine.backup.backup."""
    progress = Progress("正在备份")
    found = backups.backup(settings, target, now(), progress)
    click.echo(f"已备份到 {target}：{_told(found)}，用时 {progress.seconds:.1f} 秒。")


def _told(found: Manifest) -> str:
    counts = found.survey
    return f"工单 {counts.tickets} 件，事件 {counts.events} 个，{found.size / 1e6:.1f} MB"


def _when(found: Manifest) -> str:
    return moment(datetime.fromisoformat(found.made_at))


@click.command(cls=Help)
@click.argument("source", type=PLACE, metavar="备份文件夹")
@click.option("--key", type=PLACE, metavar="文件", help="主密钥文件或其备份。")
@PASSPHRASE
@PASSPHRASE_FILE
@click.option("--check", "looks", is_flag=True, help="只检查备份和主密钥，什么也不改动。")
@click.option("--upgrade", "upgrades", is_flag=True, help="恢复后升级到本程序的结构。")
@click.option("--verify", "verifies", is_flag=True, help="恢复后核查全部记录（工单多时很慢）。")
def restore(
    source: Path,
    key: Path | None,
    asks: bool,
    file: Path | None,
    looks: bool,
    upgrades: bool,
    verifies: bool,
) -> int:
    """把备份恢复到空的工作目录和空的数据库；已有数据或另一把主密钥时拒绝。

    先检查备份的每一部分和主密钥，都对才动手；中断了不会留下能当真的东西，可以重来。
    """
    _one_way(asks, file)
    settings = configured()
    master = _master(settings, key, asks, file)
    if looks:
        found = backups.check(source, master, Progress("正在检查"))
        click.echo(f"备份完整，主密钥相符：{_told(found)}，备份于 {_when(found)}。")
        return 0
    progress = Progress("正在恢复")
    found = backups.restore(settings, source, master, progress)
    click.echo(f"已恢复：{_told(found)}，用时 {progress.seconds:.1f} 秒。")
    note(f"数据截至 {_when(found)}。其后销毁过密钥的工单，请再次销毁（hotline erase）。")
    if found.revision in schema.REVISIONS and found.revision != schema.NEEDED:
        if not upgrades:
            click.echo(
                f"结构是 {found.revision}，比本程序（{schema.NEEDED}）旧。"
                "下一步：hotline upgrade --no-backup，然后 hotline verify --all。"
            )
            return 0
        Store.upgrade(settings)
        click.echo(f"数据库结构已从 {found.revision} 升级到 {schema.NEEDED}。")
        searching.remind(settings, found.revision)
    return _verify(verifies)


def _verify(everything: bool) -> int:
    with opened() as store:
        numbers = agenda.numbers(store)
        looked = [SYSTEM, *(numbers if everything else numbers[-LOOKED:])]
        wrong = 0
        for n, chain in enumerate(looked, 1):
            for difference in verifying.verify(store, chain).differences:
                wrong += 1
                click.echo(f"{difference.chain}：{difference.sentence}")
            if n % 200 == 0:
                note(f"已核查 {n}/{len(looked)} 条链。")
    if wrong:
        note(f"有 {wrong} 条链不符。请不要启用，换用另一份备份。")
        return 1
    if everything:
        click.echo(f"全部相符：{len(looked)} 条链。")
    else:
        click.echo(f"系统链和最近 {len(looked) - 1} 件工单相符。下一步：hotline verify --all。")
    return 0


def _master(settings: Settings, key: Path | None, asks: bool, file: Path | None) -> MasterKey:
    key = key or settings.key_file
    if not key.exists():
        raise Trouble("key_needed", path=str(key))
    word = _passphrase(file) if file else None
    if asks and keys.is_wrapped(key):
        word = _typed("口令")
    return keys.read(key, word)


def _new_passphrase(asks: bool, file: Path | None) -> str | None:
    if file is not None:
        return _passphrase(file)
    if asks:
        word = _typed("口令")
        if _typed("再输一次") != word:
            raise click.UsageError("两次输入的口令不同，没有写入。")
        return word
    return None


def _one_way(asks: bool, file: Path | None) -> None:
    if asks and file is not None:
        raise click.UsageError("--passphrase 和 --passphrase-file 只能写一个。")


def _typed(what: str) -> str:
    with warnings.catch_warnings():
        # Without a terminal it would warn, and then take what it can get, shown to everybody.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return str(click.prompt(what, hide_input=True, err=True))
        except getpass.GetPassWarning as error:
            raise Trouble("no_terminal") from error


def _passphrase(file: Path) -> str:
    try:
        with files.opened(file) as opened_file:
            line = opened_file.readline(LONGEST + 1)
        word = line.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = reason(error) if isinstance(error, OSError) else "不是 UTF-8 编码的文字"
        raise Trouble("passphrase_file", path=str(file), reason=why) from error
    if not word or len(line) > LONGEST:
        why = "第一行太长" if word else "第一行是空的"
        raise Trouble("passphrase_file", path=str(file), reason=why)
    return word
