"""`hotline simulate`: a stretch of time in the demo city, in a database of its own."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import URL

from engine.acts import simulations
from engine.city.hours import Office
from engine.city.month import Month
from engine.city.places import read
from engine.city.report import report
from engine.cli.common import Stopwatch, configured, note, now
from engine.cli.definitions import gather
from engine.cli.setting_up import create, furnish_demo
from engine.cli.words import Help, Number, table
from engine.errors import Trouble
from engine.read import agenda, staff
from engine.settings import Settings, names_database
from engine.store import Store
from engine.workdays import ZONE, OutOfCalendar, shipped

LONGEST_LIMIT = 30
"""Working days after its end that a simulated time may still have to count."""


class Progress(Stopwatch):
    """How many tickets now and then, and how many a second; on stderr."""

    def __call__(self, done: int, count: int) -> None:
        if self.due():
            note(f"工单 {done}/{count}，每秒 {done / self.seconds:.0f} 件")


def month(store: Store, start: datetime, days: float, count: int, seed: int) -> Month:
    """A run over the store with the calendar that is in force there."""
    with store.read() as conn:
        office = Office(store.calendar(conn), read("behaviour")["office"])
    return Month(store, start, days, count, seed, office)


@click.command(cls=Help)
@click.option("--from", "start", help="开始的日期（如 2026-09-01）；不写则为结束于此刻的一段时间。")
@click.option("--days", default=30.0, show_default=True, type=Number(0.1, 400), help="多少天。")
@click.option(
    "--tickets",
    default=200,
    show_default=True,
    type=click.IntRange(0, 1_000_000),
    help="多少件工单。",
)
@click.option("--seed", default=1, show_default=True, help="随机种子：相同则结果相同。")
@click.option(
    "--definitions",
    "place",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="文件夹",
    help="用这个文件夹里的 bpmn/ 和 forms/，不用随程序附带的。",
)
@click.option("--json", "as_json", is_flag=True, help="在标准输出只写 JSON，进度写到标准错误。")
def simulate(
    start: str | None, days: float, tickets: int, seed: int, place: Path | None, as_json: bool
) -> int:
    """按演示城市模拟一段时间，工单由网页所用的同一套操作、表单和权限办理，时钟是虚拟的。

    写入 HOTLINE_DATABASE_URL 所指的数据库（没有则建立；已有工单则拒绝）；没有设置时写入
    HOTLINE_HOME 下 var/ 里的一个新文件。
    """
    begins = _begin(start, days)
    settings = _place()
    files = gather([place]).files if place else None
    with create(settings) as store:
        if agenda.count(store)[0]:
            raise Trouble("simulate_not_empty")
        if staff.anybody(store):
            raise Trouble("simulate_not_new")
        password = furnish_demo(store, begins, files)
        run = simulations.Run(begins, days, tickets, seed)
        simulations.begin(store, run)
        progress = Progress()
        done = month(store, begins, days, tickets, seed).run(progress)
        seconds = progress.seconds
        simulations.end(store, run, begins + timedelta(days=days))
        found = report(store, done)
    note(
        f"用时 {seconds:.1f} 秒，{done.acts} 次办理、{done.sweeps} 次扫描，"
        f"每秒 {done.tickets / max(seconds, 0.001):.1f} 件工单。"
    )
    if as_json:
        head = {"from": begins.astimezone(ZONE).isoformat(), "days": days, "seed": seed}
        click.echo(json.dumps(head | found, ensure_ascii=False, indent=1))
    else:
        _say(found, settings, password)
    return 0


def _begin(start: str | None, days: float) -> datetime:
    if start is None:
        return now() - timedelta(days=days)
    try:
        at = datetime.fromisoformat(start)
    except ValueError:
        raise click.UsageError(f"“{start}”不是日期，请写成 2026-09-01。") from None
    at = at if at.tzinfo else at.replace(tzinfo=ZONE)
    try:
        for edge in (at, at + timedelta(days=days)):
            shipped().due(edge, LONGEST_LIMIT)
            shipped().day(edge.astimezone(ZONE).date())
    except (OutOfCalendar, OverflowError):
        raise click.UsageError(f"“{start}”起的{days:g}天超出了日历能推算的年份。") from None
    return at


def _place() -> Settings:
    """The database that the environment names, else a new file beside the others."""
    settings = configured()
    if names_database(os.environ):
        return settings
    folder = settings.home / "var"
    stem = f"simulation-{now().astimezone(ZONE):%Y%m%d-%H%M%S}"
    for n in range(1, 1000):
        file = folder / (f"{stem}.db" if n == 1 else f"{stem}-{n}.db")
        if not file.exists():
            url = URL.create("sqlite+pysqlite", database=str(file))
            return replace(settings, database_url=url, owner_url=None)
    raise click.UsageError(f"{folder} 里没有可用的文件名。")


def _say(found: dict[str, Any], settings: Settings, password: str) -> None:
    click.echo(f"工单 {found['tickets']} 件，办结 {found['closed']} 件，归档 {found['ended']} 件。")
    legs = sum(duty["all"] for duty in found["legs"].values())
    click.echo(f"派单 {legs} 次，未及时签收 {found['unsigned']} 次，超期 {found['overdue']} 次。")
    rows = [(row["word"], row) for row in found["milestones"].values()]
    _say_counts("里程碑", rows)
    _say_counts("到期", list(found["timers"].items()))
    ways = [(f"{row['choice'] or row['process']} → {row['to']}", row) for row in found["paths"]]
    _say_counts("路径", [(name, row) for name, row in ways if row["times"]])
    if found["nobody"]:
        click.echo(f"无人可办的待办：{found['nobody']}")
    if settings.is_sqlite:
        click.echo(f"数据库：{_shown(settings.sqlite_file)}")
        click.echo(f"查看：HOTLINE_DATABASE_URL=sqlite:///{settings.sqlite_file} hotline serve")
    click.echo(f"演示账号的口令：{password}（账号见 hotline user list）")


def _say_counts(title: str, rows: list[tuple[str, dict[str, Any]]]) -> None:
    said = [(name, str(row["tickets"]), str(row["times"])) for name, row in rows]
    click.echo(f"\n{table([(title, '工单数', '次数'), *said])}\n")


def _shown(file: Path) -> str:
    return os.path.relpath(file) if file.is_relative_to(Path.cwd()) else str(file)
