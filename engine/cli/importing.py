"""`hotline import`: tickets of another platform, from CSV or Excel, by a mapping."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from engine.access import User
from engine.acts import imports, people
from engine.cli.common import Stopwatch, note, now, opened
from engine.cli.words import Help, table
from engine.errors import StoreError
from engine.imports import (
    Flaw,
    ImportRefused,
    Mapping,
    Ready,
    Report,
    Rows,
    Sheet,
    read_mapping,
    shown,
)
from engine.imports import opened as opened_sheet
from engine.store import Store

WEIGHT = 300
"""How much one transaction takes: a record weighs 1, a ticket that is started STARTED. On SQLite
callers wait meanwhile, so it is kept well under a second."""
STARTED = 10
INTERRUPTED = 130

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import", cls=Help)
@click.argument("file", metavar="文件", type=_FILE)
@click.option("--map", "by", required=True, type=_FILE, metavar="映射", help="映射文件。")
@click.option(
    "--user", "name", required=True, help="以哪个账号的名义（应有话务员岗位），工单归其所在中心。"
)
@click.option("--dry-run", "dry", is_flag=True, help="只检查，不写入数据库。")
@click.option(
    "--report",
    "place",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="文件",
    help="报告写到哪里；不写则为当前文件夹的“<文件名>-导入报告.csv”。",
)
def import_(file: Path, by: Path, name: str, dry: bool, place: Path | None) -> int:
    """从别的 12345 平台导入工单（CSV 或 .xlsx），每个原编号只导入一次。

    未办结的进入流程，从导入时起计算期限；已办结的保存为历史工单。没有导入的行逐行写进报告。
    中断后再运行同一命令，从停下的地方继续。有行没有导入时返回 1。
    """
    place = place or Path(f"{file.stem}-导入报告.csv")
    if place.exists() and any(place.samefile(one) for one in (file, by)):
        raise click.UsageError("报告不能写到所导入的文件或映射里，请换一个文件名。")
    with opened() as store:
        user = people.load(store, name)
        try:
            known = imports.known(store, user, now())
            mapping = read_mapping(by, known)
            with opened_sheet(
                file,
                mapping.headings,
                encoding=mapping.encoding,
                delimiter=mapping.delimiter,
                sheet=mapping.sheet,
                heading=mapping.heading,
            ) as sheet:
                mapping.check(sheet.header)
                note(f"按{sheet.how}读取{'，只检查，不写入' if dry else ''}。")
                rows = Rows(mapping, known, sheet.header)
                with Report(place) as report:
                    return _Run(store, user, mapping, sheet, rows, report, place, dry).run()
        except ImportRefused as refused:
            for finding in refused.findings[:50]:
                note(finding)
            if len(refused.findings) > 50:
                note(f"……还有 {len(refused.findings) - 50} 处。")
            return 1


@dataclass
class _Run:
    """One run over a file, batch by batch."""

    store: Store
    user: User
    mapping: Mapping
    sheet: Sheet
    rows: Rows
    report: Report
    place: Path
    dry: bool
    read: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    watch: Stopwatch = field(default_factory=Stopwatch)

    def run(self) -> int:
        """Read to the end, or until somebody stops it; the exit code."""
        with _asked_to_stop() as asked:
            try:
                for batch in self._batches():
                    self._bring(batch)
                    self.report.flush()
                    self._progress()
                    if asked:
                        break
            except (StoreError, ImportRefused):
                note("已导入的工单都已保存。问题解决后再运行同一命令，会从停下的地方继续。")
                raise
        if not asked and not self.read:
            raise ImportRefused(
                f"文件里只有标题行（第 {self.mapping.heading} 行），没有一行工单，没有导入。"
                "请核对是不是选对了文件和工作表。"
            )
        if not asked and not self.dry:
            imports.ended(self.store, self.user, self.mapping.source, self._told(), now())
        self._tell()
        if asked:
            note("已按要求停下，已导入的工单都已保存。再运行同一命令，会从停下的地方继续。")
            return INTERRUPTED
        return 1 if self.report.rows else 0

    def _batches(self) -> Iterator[list[Ready | list[Flaw]]]:
        batch: list[Ready | list[Flaw]] = []
        weight = 0
        for line in self.sheet.lines:
            self.read += 1
            row = self.rows.read(line, now())
            batch.append(row)
            weight += STARTED if isinstance(row, Ready) and not row.closed else 1
            if weight >= WEIGHT:
                yield batch
                batch, weight = [], 0
        yield batch

    def _bring(self, batch: list[Ready | list[Flaw]]) -> None:
        ready = [row for row in batch if isinstance(row, Ready)]
        brought = iter(
            imports.bring(self.store, self.user, self.mapping.source, ready, now(), dry=self.dry)
            if ready
            else ()
        )
        # Told in the order of the file.
        for row in batch:
            if isinstance(row, Ready):
                self._became(next(brought))
            else:
                self.report.add(row)

    def _became(self, one: imports.Outcome) -> None:
        kind = one.became
        if kind == imports.MADE:
            kind = "closed" if one.row.closed else "open"
        elif kind == imports.REFUSED:
            self.report.add(self.rows.refused(one.row, one.errors))
        elif kind == imports.DIFFERS:
            self.report.add([_differing(one)])
        self.counts[kind] += 1

    def _told(self) -> dict[str, int]:
        made = {name: self.counts[name] for name in ("open", "closed", *_BEFORE)}
        return made | {"refused": self.report.rows["refused"]}

    def _progress(self) -> None:
        if not self.watch.due():
            return
        passed = self.watch.seconds
        share = self.sheet.share()
        left = ""
        if share:
            seconds = passed / share - passed
            left = f"（{share:.0%}），约剩 {_lasting(seconds)}"
        note(
            f"已读 {self.read} 行{left}，每秒 {self.read / passed:.0f} 行，"
            f"导入 {self.counts['open'] + self.counts['closed']} 件，"
            f"没有导入 {self.report.rows['refused']} 行"
        )

    def _tell(self) -> None:
        count, rows = self.counts, self.report.rows
        made = count["open"] + count["closed"]
        verb = "可以导入" if self.dry else "导入"
        click.echo(
            f"读了 {self.read} 行：{verb} {made} 件"
            f"（未办结 {count['open']}，已办结 {count['closed']}），"
            f"没有导入 {rows['refused']} 行。"
        )
        if any(count[name] for name in _BEFORE):
            click.echo(
                f"此前已导入 {sum(count[name] for name in _BEFORE)} 件，没有再导入"
                f"（其中内容不同 {count[imports.DIFFERS]} 件，"
                f"映射的栏目变了、没有比对 {count[imports.UNCOMPARED]} 件）。"
            )
        if self.rows.unknown:
            told = self.rows.unknown.most_common(50)
            click.echo("本系统没有或分不清的单位名称：")
            click.echo(table([(shown(None, name), f"{n} 行") for name, n in told]))
        if rows:
            click.echo(f"报告：{self.place}（{sum(rows.values())} 行逐行写明）。")
        passed = self.watch.seconds
        note(f"用时 {_lasting(passed)}，每秒 {self.read / max(passed, 0.001):.0f} 行。")


_BEFORE = (imports.KNOWN, imports.DIFFERS, imports.UNCOMPARED)


def _differing(one: imports.Outcome) -> Flaw:
    sentence = (
        f"此前已导入为工单 {one.number}，这次的内容与当时不同；"
        "工单没有改动。请人工核对后在工单里处理。"
    )
    return Flaw(one.row.line, one.row.original, "", "", sentence, imports.DIFFERS)


def _lasting(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} 秒"
    return f"{seconds / 60:.0f} 分钟" if seconds < 5400 else f"{seconds / 3600:.1f} 小时"


@contextmanager
def _asked_to_stop() -> Iterator[list[int]]:
    """Filled by the first Ctrl-C; the second one interrupts at once, and its batch is undone."""
    asked: list[int] = []
    before: dict[int, Any] = {}

    def first(number: int, _frame: object) -> None:
        # No word from here: what it interrupts may be in the middle of one.
        asked.append(number)
        signal.signal(number, before[number])

    # Only the main thread of a program may ask for signals.
    with suppress(ValueError):
        for one in (signal.SIGINT, signal.SIGTERM):
            before[one] = signal.getsignal(one)
            signal.signal(one, first)
    try:
        yield asked
    finally:
        for number, was in before.items():
            with suppress(ValueError):
                signal.signal(number, was)
