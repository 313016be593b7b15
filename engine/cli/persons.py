"""`hotline user`: accounts from the command line, for the first days and for lost passwords."""

from __future__ import annotations

from inspect import cleandoc
from pathlib import Path

import click

from engine.acts import people, places
from engine.cli.common import acting_as, now, opened, operator
from engine.cli.words import Group, Help, Name, moment, table
from engine.imports import places as register
from engine.imports.model import ImportRefused
from engine.read import staff
from engine.sentences import ROLES
from engine.store import Store

AS = click.option("--as", "by", help="以哪个账号的名义（应有管理员岗位）；不写则记为系统和登录名。")
REASON = click.option("--reason", required=True, help="理由，记入系统记录链。")

KINDS = {
    "centre": "热线中心",
    "authority": "主管部门",
    "department": "部门",
    "station": "上级驻地单位",
    "enterprise": "公共服务企业",
    "party": "党委机构",
}
"""What the kinds of units are called."""


@click.group(cls=Group)
def user() -> None:
    """管理账号：add、list、roles、reset-password、unlock。"""


@user.command()
@click.argument("name", metavar="账号", type=Name())
@click.argument("display_name", metavar="姓名", type=Name())
@click.argument("unit", metavar="单位编号", type=Name())
@click.argument("roles", nargs=-1, required=True, metavar="岗位…")
@AS
def add(name: str, display_name: str, unit: str, roles: tuple[str, ...], by: str | None) -> int:
    """添加人员，口令只显示一次，首次登录须修改。单位编号见 hotline units。

    岗位写代码，可以写几个：
    """
    with opened() as store:
        actor = acting_as(store, by)
        password = people.add_user(
            store, actor, name, display_name, unit, roles, now(), operator=operator()
        )
    click.echo(f"账号：{name}")
    click.echo(f"口令：{password}（只显示这一次，首次登录须修改）")
    return 0


@user.command("list")
@click.option("--unit", help="只列这个单位（编号）的。")
@click.option("--role", help="只列有这个岗位的。", type=click.Choice(list(ROLES)), metavar="岗位")
def list_users(unit: str | None, role: str | None) -> int:
    """列出账号、单位和岗位。"""
    with opened() as store:
        found = [
            person
            for person in staff.everybody(store)
            if unit in (None, person.unit) and (role is None or role in person.roles)
        ]
        at = now()
    rows = [
        (
            person.name,
            person.display_name,
            person.unit,
            person.unit_name,
            "、".join(ROLES.get(r, r) for r in person.roles),
            "停用"
            if not person.active
            else f"锁定至 {moment(person.locked_until)}"
            if person.locked_until and person.locked_until > at
            else "",
        )
        for person in found
    ]
    click.echo(table([("账号", "姓名", "单位编号", "单位", "岗位", "状态"), *rows]))
    return 0


@user.command("roles")
@click.argument("name", metavar="账号")
@click.argument("roles", nargs=-1, required=True, metavar="岗位…")
@AS
def set_roles(name: str, roles: tuple[str, ...], by: str | None) -> int:
    """把一个人的岗位改为这些，原来的不再有；已签收而不再能办的待办退回单位。

    岗位写代码，可以写几个：
    """
    with opened() as store:
        people.set_roles(store, acting_as(store, by), name, roles, now(), operator())
    words = "、".join(ROLES[role] for role in sorted(set(roles)))
    click.echo(f"账号 {name} 的岗位已改为：{words}。")
    return 0


@user.command("reset-password")
@click.argument("name", metavar="账号")
@REASON
@AS
def reset_password(name: str, reason: str, by: str | None) -> int:
    """重设口令（只显示一次），并解除锁定、结束其登录；谁、为何，记入系统记录链。"""
    with opened() as store:
        password = people.reset_password(
            store, acting_as(store, by), name, reason, now(), operator()
        )
    click.echo(f"账号：{name}")
    click.echo(f"口令：{password}（只显示这一次，首次登录须修改）")
    return 0


@user.command()
@click.argument("name", metavar="账号")
@REASON
@AS
def unlock(name: str, reason: str, by: str | None) -> int:
    """解除因口令输错而来的锁定，口令不变；谁、为何，记入系统记录链。"""
    with opened() as store:
        people.unlock(store, acting_as(store, by), name, reason, now(), operator())
    click.echo(f"账号 {name} 已解除锁定。")
    return 0


@click.command(cls=Help)
@click.option(
    "--add",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="文件",
    help="登记这个 CSV 或 .xlsx 文件里的地区、单位和权责清单事项；编号已有的改为文件里的。",
)
@AS
def units(file: Path | None, by: str | None) -> int:
    """列出区域和单位：编号、名称、种类，各有多少人能登录；或登记新的。

    文件第一行写 登记、编号、名称、地区、类别、上级，以下每行登记一个地区、单位或事项，
    上级写在下级前面。例子见运维指南。
    """
    with opened() as store:
        if file is not None:
            _register(store, file, by)
        found = staff.places(store)
    click.echo(
        table(
            [
                ("区域编号", "区域", "单位编号", "单位", "种类", "上级单位", "人数"),
                *(
                    (
                        row.area,
                        row.area_name,
                        row.unit,
                        row.unit_name,
                        KINDS.get(row.kind, row.kind),
                        row.superior,
                        row.people,
                    )
                    for row in found
                ),
            ]
        )
    )
    return 0


def _register(store: Store, file: Path, by: str | None) -> None:
    """Register what a sheet says: all of it, or nothing. Errors: ClickException; Trouble."""
    try:
        said = register.read(file, {word: kind for kind, word in KINDS.items()})
    except ImportRefused as refused:
        raise click.ClickException("\n".join(refused.findings)) from None
    places.register(
        store,
        acting_as(store, by),
        [places.Area(**row) for row in said.areas],  # type: ignore[arg-type]
        [places.Unit(**row) for row in said.units],  # type: ignore[arg-type]
        [places.Item(**row) for row in said.items],  # type: ignore[arg-type]
        now(),
        operator(),
    )
    click.echo(
        f"已登记地区 {len(said.areas)} 个、单位 {len(said.units)} 个、事项 {len(said.items)} 项。"
    )


for _command in (add, set_roles):
    _command.help = f"{cleandoc(_command.help or '')}\n\n\b\n{table(ROLES.items())}"
