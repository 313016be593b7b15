"""`hotline check`, `hotline deploy`, `hotline versions`: diagrams, tables and forms."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine import definitions, quarantine
from engine.cli.common import acting_as, note, now, opened, operator
from engine.cli.words import Help, moment, table
from engine.errors import Trouble
from engine.formjs.model import Finding

if TYPE_CHECKING:
    from engine.flow.check.vanished import InUse

PATHS = click.Path(exists=True, path_type=Path)


SHIPPED = click.option("--shipped", is_flag=True, help="用随程序附带的那一套。")


@click.command(cls=Help)
@click.argument("paths", nargs=-1, type=PATHS, metavar="[路径]…")
@SHIPPED
def check(paths: tuple[Path, ...], shipped: bool) -> int:
    """检查流程图、决策表和表单，不需要数据库；有数据库时，还看在办工单停着的环节是否还在。

    路径可以是含 bpmn/ 与 forms/ 的文件夹、这两个文件夹本身，或其中的文件；不写时检查当前文件夹。
    每个问题一行“文件:元素: 说明”，有问题时返回 1。
    """
    try:
        found = gather(paths, shipped)
    except NoFiles as error:
        return _told(error.findings)
    judged = quarantine.judge(found.files, _in_use())
    # What is said of no file is said of the judging itself: then nothing was found sound.
    findings = [
        one
        for one in judged
        if found.only is None or one.file in found.only or one.file not in found.files
    ]
    if findings:
        return _told(findings)
    count = len(found.files if found.only is None else found.only)
    click.echo(f"已检查 {count} 个文件（{found.place}），没有发现问题。")
    return 0


def _told(findings: Sequence[Finding]) -> int:
    for finding in findings:
        click.echo(str(finding))
    note(f"发现 {len(findings)} 个问题。")
    return 1


class NoFiles(click.ClickException):
    """What is called like a definition and cannot be read as one; looked at before all else."""

    def __init__(self, names: Iterable[str]) -> None:
        self.findings = [Finding(name, "", "file", _NO_FILE) for name in names]
        super().__init__("\n".join(map(str, self.findings)))


_NO_FILE = (
    "不是普通文件，而是文件夹、管道、设备或断开的链接，没有读取。请移走它，或换成真正的文件。"
)


def _in_use() -> tuple[InUse, ...]:
    """What must not vanish, where there is a database to look it up in."""
    home = Path(os.environ.get("HOTLINE_HOME") or ".")
    # What engine.settings says of these, without loading what knows databases.
    named = any(map(os.environ.get, ("HOTLINE_DATABASE_URL", "HOTLINE_DATABASE_URL_FILE")))
    if not (named or (home / "var" / "hotline.db").exists()):
        return ()
    from engine.store import usage

    try:
        with opened() as store:
            return usage.in_use(store, now())
    except Trouble as trouble:
        note(f"没有和现行版本比较：{trouble.sentence()}")
        return ()


@dataclass
class Gathered:
    """Files by their path in a version; each comes from one place."""

    files: dict[str, bytes] = field(default_factory=dict)
    only: set[str] | None = field(default_factory=set)
    """Those that were asked for; None: all."""
    origins: dict[str, Path] = field(default_factory=dict)
    folders: list[Path] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Where it was read, for people."""
        return "、".join(map(str, self.folders))

    def add(self, root: Path, files: Mapping[str, bytes]) -> None:
        """Take the files of a folder. Errors: click.UsageError, another has one of them too."""
        for name in files:
            self._claim(name, root / name)
        if root not in self.folders:
            self.folders.append(root)
        self.files |= files

    def add_loose(self, name: str, path: Path) -> None:
        """Take a file that lies in neither of the two folders. Errors: as add."""
        self._claim(name, path)
        self.files[name] = path.read_bytes()

    def ask(self, names: Iterable[str] | None) -> None:
        """Say that these are asked for; None: all that there is."""
        self.only = None if names is None or self.only is None else self.only | set(names)

    def _claim(self, name: str, path: Path) -> None:
        other = self.origins.setdefault(name, path)
        if other != path:
            raise click.UsageError(
                f"{other} 和 {path} 在一套流程里是同一个文件（{name}），分不清用哪一个。"
                "请只写一套的路径，另一套再单独检查。"
            )


def gather(paths: Sequence[Path], shipped: bool = False) -> Gathered:
    """The files below these paths, or below the current folder; the shipped ones only if asked.

    A file or one of the two folders is read with all that lies beside it, because diagrams, tables
    and forms name one another. Errors: click.UsageError, NoFiles.
    """
    if shipped and paths:
        raise click.UsageError("路径和 --shipped 只能写一样。")
    found = Gathered()
    for path in [definitions.folder()] if shipped else paths or [Path()]:
        place = path.resolve()
        if place.is_file():
            _add_file(found, path, place)
        elif place.name in definitions.FOLDERS:
            beside = _read(place.parent)
            found.add(place.parent, beside)
            found.ask(name for name in beside if name.startswith(f"{place.name}/"))
        elif not place.is_dir():
            raise NoFiles([str(path)])
        else:
            inside = _read(place)
            if not inside:
                advice = "" if paths else "请写明文件夹；要用随程序附带的，请写 --shipped。"
                raise click.UsageError(f"{place} 里没有 bpmn/ 和 forms/ 中的文件。{advice}")
            found.add(place, inside)
            found.ask(None)
    if {path.resolve().name for path in paths} >= set(definitions.FOLDERS):
        found.only = None
    return found


def _add_file(found: Gathered, path: Path, place: Path) -> None:
    root, name = place.parent.parent, f"{place.parent.name}/{place.name}"
    known = place.suffix in definitions.SUFFIXES
    if not known or (place.suffix == ".json" and name != definitions.MANIFEST):
        raise click.UsageError(f"{path} 不是流程图、决策表或表单，也不是 {definitions.MANIFEST}。")
    if place.parent.name not in definitions.FOLDERS:
        root, name = place.parent, f"{_folder_of(place)}/{place.name}"
        found.add_loose(name, place)
    found.add(root, _read(root))
    if name not in found.files:
        raise click.UsageError(f"{path} 不是流程图、决策表或表单。")
    found.ask([name])


def _read(place: Path) -> dict[str, bytes]:
    if strange := definitions.no_files(place):
        raise NoFiles(strange)
    return definitions.read(place)


def _folder_of(path: Path) -> str:
    return "forms" if path.suffix == ".form" else "bpmn"


@click.command(cls=Help)
@click.argument("path", required=False, type=PATHS, metavar="[文件夹]")
@SHIPPED
@click.option("--reason", required=True, help="为什么部署，写入记录。")
@click.option(
    "--as", "name", help="以哪个账号的名义（应有流程负责人岗位）；不写则记为系统和登录名。"
)
def deploy(path: Path | None, shipped: bool, reason: str, name: str | None) -> int:
    """部署一套流程图、决策表和表单；此后的新工单按它办理，未办完的仍按原版本。

    不写文件夹时部署当前文件夹里的；随程序附带的，只在写了 --shipped 时部署。检查不通过的不会部署。
    """
    from engine.acts import versions as acts

    found = gather([path] if path else [], shipped)
    if found.only is not None:
        raise click.UsageError("请写同时含有 bpmn/ 和 forms/ 的文件夹。")
    with opened() as store:
        version = acts.deploy(
            store, acting_as(store, name), found.files, reason, now(), operator=operator()
        )
    click.echo(f"已把 {found.place} 部署为第 {version} 版，此后的新工单按它办理。")
    return 0


@click.command(cls=Help)
@click.option(
    "--save",
    "saved",
    type=(click.IntRange(1), click.Path(path_type=Path)),
    metavar="版本 文件夹",
    help="把这一版的全部文件存到一个新的或空的文件夹。",
)
def versions(saved: tuple[int, Path] | None) -> int:
    """列出部署过的版本，最近的在前；或取回一版的文件，以便修改或再次部署。"""
    from engine.read import versions as reads

    with opened() as store:
        rows = reads.deployments_of(store, now())
        if saved is not None:
            version, place = saved
            if version not in {row.version for row in rows}:
                raise click.UsageError(f"没有第 {version} 版。历次版本见 hotline versions。")
            files = reads.files_of(store, version)
            _save(files, place)
            click.echo(f"第 {version} 版的 {len(files)} 个文件已存到 {place.resolve()}。")
            return 0
    if not rows:
        click.echo("还没有部署任何流程版本。请先运行 hotline deploy。")
        return 0
    click.echo(
        table(
            [
                ("", "版本", "生效时间", "部署人", "工单", "内容散列", "原因"),
                *(
                    (
                        "*" if row.current else "",
                        row.version,
                        moment(row.in_force_from),
                        f"命令行 {row.operator}" if row.operator else row.actor,
                        row.tickets,
                        row.hash[:12],
                        row.reason,
                    )
                    for row in rows
                ),
            ]
        )
    )
    return 0


def _save(files: Mapping[str, bytes], place: Path) -> None:
    """Write a version into a folder: all of it, or nothing. Errors: click.UsageError, OSError."""
    if os.path.lexists(place) and not (place.is_dir() and not any(place.iterdir())):
        raise click.UsageError(f"{place} 里已有东西，没有写入。请换一个新的或空的文件夹。")
    target = place.resolve()
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
        draft = Path(folder) / target.name
        for name, content in files.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_bytes(content)
        draft.rename(target)
