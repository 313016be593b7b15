"""`hotline import`: tickets of another platform, from CSV or Excel, by a mapping."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from engine.access import User
from engine.acts import imports, people
from engine.cli.common import note, now, opened
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
)
from engine.imports import opened as opened_sheet
from engine.store import Store

WEIGHT = 300
"""How much one transaction takes: a record weighs 1, a ticket that is started STARTED. On SQLite
callers wait meanwhile, so it is kept well under a second."""
STARTED = 10
EVERY = 5.0
"""Seconds between two lines of progress."""
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
            with (
                opened_sheet(
                    file,
                    mapping.headings,
                    encoding=mapping.encoding,
                    delimiter=mapping.delimiter,
                    sheet=mapping.sheet,
                    heading=mapping.heading,
                ) as sheet,
                Report(place) as report,
            ):
                mapping.check(sheet.header)
                note(f"按{sheet.how}读取{'，只检查，不写入' if dry else ''}。")
                rows = Rows(mapping, known, sheet.header)
                return _Run(store, user, mapping, sheet, rows, report, dry).run(place)
        except ImportRefused as refused:
            for finding in refused.findings[:50]:
                note(finding)
            if len(refused.findings) > 50:
                note(f"……还有 {len(refused.findings) - 50} 处。")
            return 1


class _Run:
    """One run over a file, batch by batch."""

    def __init__(
        self,
        store: Store,
        user: User,
        mapping: Mapping,
        sheet: Sheet,
        rows: Rows,
        report: Report,
        dry: bool,
    ) -> None:
        self._store = store
        self._user = user
        self._mapping = mapping
        self._sheet = sheet
        self._rows = rows
        self._report = report
        self._dry = dry
        self._read = 0
        self._counts: Counter[str] = Counter()
        self._begun = self._said = time.monotonic()

    def run(self, place: Path) -> int:
        """Read to the end, or until somebody stops it; the exit code."""
        with _stopped() as stop:
            try:
                for batch in self._batches():
                    self._bring(batch)
                    self._report.flush()
                    self._progress()
                    if stop.is_set():
                        break
            except (StoreError, ImportRefused):
                note("已导入的工单都已保存。问题解决后再运行同一命令，会从停下的地方继续。")
                raise
        if stop.is_set():
            self._tell(place)
            note("已按要求停下，已导入的工单都已保存。再运行同一命令，会从停下的地方继续。")
            return INTERRUPTED
        if not self._dry:
            imports.ended(self._store, self._user, self._mapping.source, self._told(), now())
        self._tell(place)
        return 1 if self._report.rows else 0

    def _batches(self) -> Iterator[list[Ready]]:
        batch: list[Ready] = []
        weight = 0
        for line in self._sheet.lines:
            self._read += 1
            row = self._rows.read(line, now())
            if isinstance(row, Ready):
                batch.append(row)
                weight += 1 if row.closed else STARTED
            else:
                self._report.add(row)
                weight += 1
            if weight >= WEIGHT:
                yield batch
                batch, weight = [], 0
        yield batch

    def _bring(self, batch: list[Ready]) -> None:
        if not batch:
            return
        source = self._mapping.source
        for one in imports.bring(self._store, self._user, source, batch, now(), dry=self._dry):
            kind = one.became
            if kind == imports.MADE:
                kind = "closed" if one.row.closed else "open"
            elif kind == imports.REFUSED:
                self._report.add(self._rows.refused(one.row, one.errors))
            elif kind == imports.DIFFERS:
                self._report.add([_differing(one)])
            self._counts[kind] += 1

    def _told(self) -> dict[str, int]:
        made = {name: self._counts[name] for name in ("open", "closed", *_BEFORE)}
        return made | {"refused": self._report.rows["refused"]}

    def _progress(self) -> None:
        moment = time.monotonic()
        if moment - self._said < EVERY:
            return
        self._said = moment
        passed = moment - self._begun
        share = self._sheet.share()
        left = ""
        if share:
            seconds = passed / share - passed
            left = f"（{share:.0%}），约剩 {_lasting(seconds)}"
        note(
            f"已读 {self._read} 行{left}，每秒 {self._read / passed:.0f} 行，"
            f"导入 {self._counts['open'] + self._counts['closed']} 件，"
            f"没有导入 {self._report.rows['refused']} 行"
        )

    def _tell(self, place: Path) -> None:
        count, rows = self._counts, self._report.rows
        made = count["open"] + count["closed"]
        verb = "可以导入" if self._dry else "导入"
        click.echo(
            f"读了 {self._read} 行：{verb} {made} 件"
            f"（未办结 {count['open']}，已办结 {count['closed']}），"
            f"没有导入 {rows['refused']} 行。"
        )
        if any(count[name] for name in _BEFORE):
            click.echo(
                f"此前已导入 {sum(count[name] for name in _BEFORE)} 件，没有再导入"
                f"（其中内容不同 {count[imports.DIFFERS]} 件，"
                f"映射的栏目变了、没有比对 {count[imports.UNCOMPARED]} 件）。"
            )
        if self._rows.unknown:
            told = self._rows.unknown.most_common(50)
            click.echo("本系统没有或分不清的单位名称：")
            click.echo(table([(name[:40], f"{n} 行") for name, n in told]))
        if rows:
            click.echo(f"报告：{place}（{sum(rows.values())} 行逐行写明）。")
        passed = time.monotonic() - self._begun
        note(f"用时 {_lasting(passed)}，每秒 {self._read / max(passed, 0.001):.0f} 行。")


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
def _stopped() -> Iterator[threading.Event]:
    """Set by the first Ctrl-C; the second one interrupts at once, and its batch is undone."""
    stop = threading.Event()
    before: dict[Any, Any] = {}

    def first(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, before[number])
        note("正在写完这一批，随后停下……（再按一次 Ctrl-C 则立即停下，这一批不写入）")

    # Only the main thread of a program may ask for signals.
    with suppress(ValueError):
        for one in (signal.SIGINT, signal.SIGTERM):
            before[one] = signal.getsignal(one)
            signal.signal(one, first)
    try:
        yield stop
    finally:
        for one, was in before.items():
            with suppress(ValueError):
                signal.signal(one, was)
