"""`hotline calendar`: the working days shown, a due time explained, a year's arrangement added."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta
from pathlib import Path

import click

from engine import files, workdays
from engine.acts import calendar as acts
from engine.cli.common import acting_as, configured, note, now, opened, operator
from engine.cli.words import Group, table
from engine.errors import StoreError
from engine.workdays import ZONE, Calendar

YEAR = click.IntRange(2004, 2100)


@click.group(cls=Group)
def calendar() -> None:
    """工作日历：show 查看，explain 说明时限怎么算，add 添加一年的安排。"""


def _calendar() -> Calendar:
    """The calendar in force; without a database the shipped one, and it says so."""
    try:
        with opened() as store, store.read() as conn:
            return store.calendar(conn)
    except StoreError as error:
        if error.code != "no_schema":
            raise
        note(f"{configured().home} 里还没有数据库，以下按随程序附带的日历。")
        return workdays.shipped()


@calendar.command()
@click.argument("year", required=False, type=YEAR, metavar="[年份]")
def show(year: int | None) -> int:
    """列出一年里与平常不同的日子（放假和调休上班），以及工作日总数。"""
    found = _calendar()
    year = year or now().astimezone(ZONE).year
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    try:
        walked = [found.day(day) for day in days if day.year == year]
    except workdays.OutOfCalendar:
        raise click.UsageError(f"{year} 年超出了日历能推算的年份。") from None
    rows = [
        (
            day.date,
            f"周{'一二三四五六日'[day.date.weekday()]}",
            "上班" if day.is_workday else "放假",
            day.reason,
            day.document,
        )
        for day in walked
        if day.is_workday != (day.date.weekday() < 5) or day.document
    ]
    if rows:
        click.echo(table(rows))
    known = "" if year in found.published else "（安排尚未公布，按周末和法定节假日推算，为暂定）"
    click.echo(f"{year} 年共 {sum(day.is_workday for day in walked)} 个工作日{known}。")
    return 0


@calendar.command()
@click.argument("start", metavar="起算时间")
@click.argument("days", type=click.IntRange(1, workdays.LONGEST), metavar="工作日数")
def explain(start: str, days: int) -> int:
    """说明从起算时间（如 2026-09-30 或 2026-09-30T16:20）起若干个工作日到哪天为止，为什么。"""
    try:
        at = datetime.fromisoformat(start)
    except ValueError as error:
        raise click.UsageError(
            f"“{start}”不是时间，请写成 2026-09-30 或 2026-09-30T16:20。"
        ) from error
    at = at if at.tzinfo else at.replace(tzinfo=ZONE)
    try:
        due = _calendar().due(at, days)
    except (workdays.OutOfCalendar, OverflowError):
        raise click.UsageError(f"“{start}”超出了日历能推算的年份。") from None
    for sentence in workdays.explain(due):
        click.echo(sentence)
    return 0


@calendar.command()
@click.argument("year", type=YEAR, metavar="年份")
@click.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="文件",
)
@click.option("--document", required=True, help="依据的文件名称和文号。")
@click.option(
    "--as", "by", help="以哪个账号的名义（应有主管部门督办员岗位）；不写则记为系统和登录名。"
)
def add(year: int, file: Path, document: str, by: str | None) -> int:
    """添加国务院公布的一年安排，并重算未办结工单的时限。

    文件是 UTF-8 的 CSV，四列：date,is_workday,source,document。
    """
    try:
        with io.TextIOWrapper(files.opened(file), encoding="utf-8-sig") as opened_file:
            text = opened_file.read()
        rows = workdays.parse_year(text, year)
    except UnicodeDecodeError:
        raise click.UsageError(f"{file} 不是 UTF-8 编码的文本文件。") from None
    except workdays.CalendarRefused as error:
        for sentence in error.errors:
            click.echo(f"{file}: {sentence}", err=True)
        return 1
    with opened() as store:
        done = acts.publish(store, acting_as(store, by), year, rows, document, now(), operator())
    click.echo(
        f"{year} 年的安排已生效（日历第 {done.revision} 次修订）。"
        f"重算了 {done.tickets} 件工单的时限，其中 {done.moved} 件有变动。"
    )
    return 0
