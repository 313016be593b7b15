"""`hotline init`, `hotline upgrade`: a database made, filled with what is needed, brought up."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import click

from engine import definitions
from engine.acts import calendar, people, places, simulations, versions
from engine.backup import keys
from engine.city.places import centre_of, demo, smallest
from engine.cli import searching
from engine.cli.common import configured, note, now
from engine.cli.words import Help, table
from engine.errors import StoreError, Trouble
from engine.read import agenda, staff
from engine.read import versions as versions_read
from engine.sentences import ROLES
from engine.settings import Settings, shown
from engine.store import Store

MONTH = 30.0
"""Days of the simulated month of a demo city."""

ADMINISTRATOR = "admin"


@click.command(cls=Help)
@click.option("--demo", "is_demo", is_flag=True, help="建立演示城市，并模拟到此刻为止的一个月。")
@click.option("--name", default="上饶市", show_default=True, help="城市的名称。")
@click.option(
    "--tickets",
    default=400,
    show_default=True,
    type=click.IntRange(0, 100_000),
    help="演示城市一个月的工单数。",
)
@click.option("--seed", default=1, show_default=True, help="模拟所用的随机种子。")
def init(is_demo: bool, name: str, tickets: int, seed: int) -> int:
    """建立数据库、主密钥、流程版本、工作日历和第一个管理员。

    管理员的口令只显示一次。中途停下时可以再运行一次，从停下的地方继续；已经建好的不会改动。
    """
    settings = configured()
    at = now()
    with create(settings) as store:
        for notice in store.notices:
            note(notice)
        half = simulations.last(store)
        if half is not None and not half.ended:
            if is_demo:
                return _demo(store, at, half)
            note("演示城市还没有建完。请运行 hotline init --demo 继续。")
            return 1
        if staff.anybody(store):
            note("数据库已经建立，没有改动。升级请运行 hotline upgrade。")
            return 1
        if is_demo:
            run = simulations.Run(at - timedelta(days=MONTH), MONTH, tickets, seed)
            furnish_places(store, run.start)
            simulations.begin(store, run)
            return _demo(store, at, run)
        furnish(store, at)
        area, units = smallest(name)
        places.add(store, None, [area], units, at)
        password = people.add_user(
            store, None, ADMINISTRATOR, "系统管理员", centre_of(area.id), ["administrator"], at
        )
    _say_places(settings)
    click.echo(f"管理员账号：{ADMINISTRATOR}")
    click.echo(f"管理员口令：{password}（只显示这一次，首次登录须修改）")
    click.echo("下一步：运行 hotline serve 与 hotline sweep，登录后添加单位和人员。")
    return 0


def create(settings: Settings) -> Store:
    """The store of the settings; tables and key are made when there are none yet."""
    try:
        return Store.open(settings)
    except StoreError as error:
        if error.code != "no_schema":
            raise
    return Store.create(settings)


def furnish(store: Store, at: datetime, files: Mapping[str, bytes] | None = None) -> None:
    """The shipped calendar and definitions, in force from `at`, unless there are any.

    `files` are deployed instead of the shipped definitions. Errors: DefinitionsRefused.
    """
    calendar.seed(store, at)
    if not versions_read.deployments_of(store, at):
        versions.deploy(store, None, files or definitions.shipped(), "初次部署", at)


def furnish_demo(store: Store, at: datetime, files: Mapping[str, bytes] | None = None) -> str:
    """The demo city as it stands before the first call; the password that all its people have."""
    furnish_places(store, at, files)
    return hire(store, at)


def furnish_places(store: Store, at: datetime, files: Mapping[str, bytes] | None = None) -> None:
    """The demo city without its people."""
    furnish(store, at, files)
    city = demo()
    places.add(store, None, city.areas, city.units, at)
    places.add_items(store, None, city.items, at)


def hire(store: Store, at: datetime) -> str:
    """The people of the demo city; the password that they all have."""
    password = "-".join(f"{secrets.randbelow(10_000):04d}" for _ in range(3))
    people.add_crowd(
        store,
        [people.Newcomer(p.name, p.display_name, p.unit, p.roles) for p in demo().people],
        password,
        at,
    )
    return password


def _demo(store: Store, at: datetime, run: simulations.Run) -> int:
    """Hire the people and simulate the month, or go on with what an interruption left."""
    from engine.cli.simulating import Progress, month

    if staff.anybody(store):
        done = agenda.count(store)[0]
        note(f"演示城市上次没有建完（工单 {done}/{run.tickets} 件），从停下的地方继续。")
        note("账号口令在上次运行时已经显示；忘记的可用 hotline user 重设。")
    else:
        password = hire(store, run.start)
        click.echo(f"演示账号（人员均为虚构），口令都是 {password}")
        click.echo(table([("岗位", "账号", "姓名", "单位"), *_some_people()]))
        note(f"正在模拟一个月，{run.tickets} 件工单……")
    month(store, run.start, run.days, run.tickets, run.seed).resume(Progress())
    simulations.end(store, run, at)
    tickets, events = agenda.count(store)
    note(f"已建立演示城市：工单 {tickets} 件，事件 {events} 个。")
    return 0


def _some_people() -> list[tuple[str, str, str, str]]:
    """One person of each role at the city's level, to sign in as."""
    city = demo()
    units = {unit.id: unit.name for unit in city.units}
    found: dict[str, tuple[str, str, str, str]] = {}
    for person in city.people:
        label = ROLES[person.role]
        found.setdefault(person.role, (label, person.name, person.display_name, units[person.unit]))
    return list(found.values())


def _say_places(settings: Settings) -> None:
    where = settings.sqlite_file if settings.is_sqlite else shown(settings.database_url)
    click.echo(f"数据库：{where}")
    click.echo(f"主密钥：{settings.key_file}（请另行备份：丢失后加密的内容无法恢复）")


@click.command(cls=Help)
@click.option(
    "--backup",
    "target",
    type=click.Path(path_type=Path),
    metavar="备份文件夹",
    help="升级前先备份到这个新的文件夹。",
)
@click.option("--no-backup", "unsaved", is_flag=True, help="不备份就升级（刚做过备份时）。")
@click.option("--together", is_flag=True, help="允许备份与主密钥放在一起。")
def upgrade(target: Path | None, unsaved: bool, together: bool) -> int:
    """把数据库升级到本程序的结构，并重新授权；要么全部完成，要么没有改动。

    结构有变化时要先备份（--backup）。升级期间的办理会等它完成；新结构注明旧程序可用的，
    旧程序可以继续运行，逐台更换。
    """
    from engine.cli.backing_up import save

    if target is not None and unsaved:
        raise click.UsageError("--backup 和 --no-backup 只能写一个。")
    if target is None and together:
        raise click.UsageError("--together 只用于备份，请同时写 --backup。")
    settings = configured()
    pending = Store.pending(settings)
    if pending and target is None and not unsaved:
        raise Trouble("upgrade_unsaved", needed=pending[-1])
    if target is not None:
        if not together:
            keys.apart(settings, target, None)
        save(settings, target)
    was, is_now = Store.upgrade(settings, told=_told_migration)
    click.echo(
        f"数据库结构已是 {is_now}，不用升级。"
        if was == is_now
        else f"数据库结构已从 {was} 升级到 {is_now}。下一步：hotline verify --all。"
    )
    searching.remind(settings, was)
    return 0


def _told_migration(revision: str, n: int, count: int) -> None:
    note(f"正在升级结构到 {revision}（第 {n} 步，共 {count} 步）……")
