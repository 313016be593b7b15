"""`hotline user`: accounts from the command line, for the first days and for lost passwords."""

from __future__ import annotations

import click

from engine.acts import people
from engine.cli.common import acting_as, now, opened, operator
from engine.cli.words import ROLES, Group, Name, moment, table
from engine.read import staff

AS = click.option("--as", "by", help="以哪个账号的名义（应有系统管理员岗位）；不写则记为系统。")
REASON = click.option("--reason", required=True, help="理由，记入系统记录链。")


@click.group(cls=Group)
def user() -> None:
    """管理账号：add、list、reset-password、unlock。"""


@user.command()
@click.argument("name", metavar="账号", type=Name())
@click.argument("display_name", metavar="姓名", type=Name())
@click.argument("unit", metavar="单位编号", type=Name())
@click.argument("roles", nargs=-1, required=True, metavar="岗位…")
@AS
def add(name: str, display_name: str, unit: str, roles: tuple[str, ...], by: str | None) -> int:
    """添加人员，口令只显示一次，首次登录须修改。"""
    with opened() as store:
        password = people.add_user(
            store, acting_as(store, by), name, display_name, unit, roles, now()
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
