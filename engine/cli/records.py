"""`hotline verify`, `show`, `log`, `replay`, `erase`: what happened, and does the record hold?"""

from __future__ import annotations

import secrets
from datetime import datetime

import click

from engine.acts import announcements, keys, people
from engine.cli.common import CONSOLE, note, now, opened
from engine.cli.words import Help, deadline, moment
from engine.formjs.text import one_line
from engine.milestones import word
from engine.read import installation, ticket
from engine.read import verify as verifying
from engine.record import ANNOUNCEMENT, SYSTEM
from engine.sentences import ROLES
from engine.store import Store
from engine.workdays import ZONE

TICKET = click.argument("number", metavar="工单编号")


@click.command(cls=Help)
@click.argument("number", required=False, metavar="[工单编号]")
@click.option("--all", "everything", is_flag=True, help="核查系统链和全部工单。")
def verify(number: str | None, everything: bool) -> int:
    """核查记录：事件链、加密内容的承诺值、重演结果、列表数据。

    指出每条链第一处不符；有不符时返回 1。
    """
    if bool(number) == everything:  # '' is no number: a script's variable was empty
        raise click.UsageError("请写一个工单编号，或写 --all。")
    with opened() as store:
        chains = [number] if number else verifying.chains(store)
        events = 0
        wrong = 0
        for n, chain in enumerate(chains, 1):
            found = verifying.verify(store, chain)
            events += found.events
            for difference in found.differences:
                wrong += 1
                click.echo(f"{difference.chain}：{difference.sentence}")
            if everything and (n % 200 == 0 or n == len(chains)):
                note(f"已核查 {n}/{len(chains)} 条链，{events} 个事件。")
    if wrong:
        note(f"有 {wrong} 条链不符。请停止改动数据库，保留现场并对照备份。")
        return 1
    click.echo(f"全部相符：{len(chains)} 条链，{events} 个事件。")
    return 0


@click.command(cls=Help)
@TICKET
def show(number: str) -> int:
    """显示一件工单的经过，以及它的记录链和重演是否相符；不符时返回 1。"""
    with opened() as store:
        found = verifying.verify(store, number)
        if any(d.what in ("chain", "payload") for d in found.differences):
            # What was tampered with must not be shown as what happened.
            click.echo(f"工单 {number}")
        else:
            click.echo("\n".join(_told(store, number)))
    click.echo("")
    for difference in found.differences:
        click.echo(f"不符：{difference.sentence}")
    if found.differences:
        return 1
    click.echo(f"记录链完整（{found.events} 个事件），重演结果一致。")
    return 0


def _told(store: Store, number: str) -> list[str]:
    page = ticket.page(store, CONSOLE, number, now())
    lines = [
        f"工单 {page.number}  {page.type_label}  来自{page.channel_label}",
        f"派单中心：{page.centre_name}；同级中心：{page.peer_centre_name}；"
        f"主管部门：{page.authority_name}",
        f"流程版本：{page.version}",
    ]
    if page.card.title:
        lines.append(f"事由：{page.card.title}（{page.card.place}）")
    if page.origin:
        lines.append(
            f"来自{page.origin.source}，原编号 {page.origin.original}，"
            f"原平台受理时间 {moment(page.origin.received_at)}"
            + ("，历史工单" if page.origin.record else "")
        )
    if page.erased_at:
        lines.append(f"内容已于 {moment(page.erased_at)} 依规销毁。")
    for leg in page.legs:
        lines.append(
            f"第 {leg.leg} 次派单（{leg.duty_label}）：{leg.unit_name}，"
            f"签收期限 {deadline(leg.sign_due)}，办理期限 {deadline(leg.due)}"
            + ("，未及时签收" if leg.unsigned_at else "")
            + ("，超期" if leg.overdue_at else "")
        )
    lines += ["", "经过"]
    for entry in page.history:
        who = " ".join(filter(None, (entry.unit_name, entry.actor_name)))
        lines.append(f"{entry.seq:>4}  {moment(entry.at)}  {entry.sentence}（{who}）")
        lines += [f"      {line}" for line in entry.lines]
        lines += [f"      {label}：{value}" for label, value in entry.answers]
    lines += ["", "待办" if page.tasks else "没有待办。"]
    lines += [
        f"      {task.name}：{task.unit_name}，期限 {deadline(task.due)}" for task in page.tasks
    ]
    return lines


@click.command(cls=Help)
@click.option(
    "--from", "since", type=click.DateTime(["%Y-%m-%d"]), metavar="日期", help="从这一天起。"
)
@click.option(
    "--last",
    default=50,
    show_default=True,
    type=click.IntRange(1, 10_000_000),
    help="最多列多少条，取最近的。",
)
@click.option("--signs", is_flag=True, help="也列出登录、退出和口令输错。")
def log(since: datetime | None, last: int, signs: bool) -> int:
    """显示系统记录链：谁在什么时候部署流程、公布日历、管理人员和单位、导入工单。

    最近的在最后。先核查这条链，不符时返回 1；工单的经过用 hotline show。
    """
    begin = since.replace(tzinfo=ZONE) if since else None
    with opened() as store:
        wrong = verifying.verify(store, SYSTEM).differences
        for difference in wrong:
            click.echo(f"不符：{difference.sentence}")
        if any(d.what in ("chain", "payload") for d in wrong):
            return 1
        found = installation.entries(store, CONSOLE, ROLES, begin, signs)
    for one in found[-last:]:
        click.echo(f"{one.seq:>6}  {moment(one.at)}  {one_line(f'{one.sentence}（{one.who}）')}")
    if len(found) > last:
        note(f"前面还有 {len(found) - last} 条没有列出，可用 --last 多列一些。")
    if not found:
        note("这段时间没有记录。")
    return 1 if wrong else 0


@click.command(cls=Help)
@TICKET
def replay(number: str) -> int:
    """把一件工单逐步重演一遍：每步之后有哪些待办、哪些期限在等。"""
    with opened() as store:
        for taken in verifying.replay(store, number):
            event, step = taken.event, taken.step
            click.echo(f"{event.seq:>4}  {moment(event.at)}  {event.name}  {event.actor}")
            for element in step.walked:
                click.echo(f"        经过 {element.element}")
            for task in step.tasks:
                click.echo(f"        待办 {task.name}（{task.role}，{task.unit}）")
            for timer in step.timers:
                mark = "，暂定" if timer.provisional else ""
                click.echo(
                    f"        期限 {timer.deadline or timer.element} {deadline(timer.due)}{mark}"
                )
            for milestone in step.milestones:
                click.echo(f"        里程碑 {word(milestone.name)} {moment(milestone.at)}")
            if step.ended:
                click.echo("        流程结束")
    return 0


@click.command(cls=Help)
@TICKET
@click.option("--reason", required=True, help="依据和理由，写入记录。")
@click.option("--as", "name", required=True, help="以哪个账号的名义（应有主管部门督办员岗位）。")
@click.option("--yes", is_flag=True, help="不再询问。")
def erase(number: str, reason: str, name: str, yes: bool) -> int:
    """销毁一件工单的密钥：内容从此谁也不能读取，记录链仍可核查。不能撤销。

    编号以 GG 开头的是公告：销毁的是来电人的号码和所说的话，公告本身和来电次数还在。
    """
    what, act = "工单", keys.erase
    if number.startswith(ANNOUNCEMENT):
        what, act = "公告", announcements.erase
    with opened() as store:
        user = people.load(store, name)
        if not yes:
            click.confirm(f"{what} {number} 的内容将永远不能读取，确定吗？", abort=True, err=True)
        act(store, user, number, reason, now(), f"console/{secrets.token_hex(16)}")
    click.echo(f"{what} {number} 的密钥已销毁，内容不能再读取。")
    return 0
