"""What was done to the installation itself, in words: a Chinese sentence for each system fact.

Nothing that a caller said stands in the system chain; people stand there by account, with reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from engine.access import User, authorize
from engine.read.words import moment
from engine.record import SYSTEM, Event
from engine.store import Store, handovers, indexed, log, roster, templates
from engine.store import tables as t

SIGNS = frozenset({"sign_in", "sign_out", "sign_in_failed", "change_password_failed"})
"""Facts of every day, of which there are many; that somebody was locked out is none of them."""
_MANY = 5

_PLAIN = {
    "sign_in": "登录",
    "sign_out": "退出登录",
    "sign_in_failed": "登录时口令不对",
    "locked_out": "连续输错口令，账号被锁定",
    "change_password": "修改了自己的口令",
    "change_password_failed": "修改口令时原口令不对",
    "simulation_ended": "模拟结束",
    indexed.BEGUN: "开始重建检索索引",
    indexed.DONE: "检索索引重建完成",
}

_TEMPLATES = {
    templates.WRITE: "写好",
    templates.CHANGE: "修改",
    templates.RETIRE: "停用",
    templates.RESTORE: "重新启用",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact of the system chain. `who`: unit and name, or whose hands it was at the computer."""

    seq: int
    name: str
    at: datetime
    who: str
    sentence: str


@dataclass(frozen=True, slots=True)
class _Names:
    people: Mapping[str, str]
    units: Mapping[str, str]
    roles: Mapping[str, str]

    def person(self, name: str) -> str:
        return f"{self.people.get(name, '')}（{name}）"

    def posts(self, roles: Iterable[str]) -> str:
        return "、".join(self.roles.get(role, role) for role in roles)


def entries(
    store: Store,
    user: User,
    roles: Mapping[str, str],
    since: datetime | None = None,
    signs: bool = False,
) -> list[Entry]:
    """What happened from `since` on, the oldest first; SIGNS only where they are asked for.

    `roles`: what each role is called. Errors: Denied.
    """
    authorize(user, "read_system_log", {})
    with store.read() as conn:
        names = _names(conn, roles)
        return [
            Entry(one.seq, one.name, one.at, _who(one, names), _sentence(one, names))
            for one in log.iterate(conn, SYSTEM)
            if (since is None or one.at >= since) and (signs or one.name not in SIGNS)
        ]


def _names(conn: Connection, roles: Mapping[str, str]) -> _Names:
    people = conn.execute(select(t.users.c.name, t.users.c.display_name))
    units = conn.execute(select(t.units.c.id, t.units.c.name))
    return _Names(
        {row.name: row.display_name for row in people}, {row.id: row.name for row in units}, roles
    )


def _who(event: Event, names: _Names) -> str:
    if event.actor == "system":
        operator = event.body.get("operator")
        return f"命令行 {operator}" if operator else "系统"
    return f"{names.units.get(event.unit, event.unit)} {names.people.get(event.actor, event.actor)}"


def _sentence(event: Event, names: _Names) -> str:
    body = event.body
    match event.name:
        case "add_user" | "set_roles" | "set_active" | "reset_password" | "unlock":
            return _of_a_person(event.name, body, names)
        case "add_crowd":
            some = "、".join(map(names.person, body["users"][:_MANY]))
            more = "等" if len(body["users"]) > _MANY else ""
            return f"添加人员{len(body['users'])}名：{some}{more}"
        case "add_places":
            return f"登记区域{len(body['areas'])}个、单位{len(body['units'])}个"
        case "add_items":
            return f"登记权责事项{len(body['items'])}项"
        case "seed_calendar":
            first, last = body["years"][0], body["years"][-1]
            return f"采用随程序附带的工作日历（{first}年至{last}年）"
        case "publish_calendar":
            return (
                f"公布{body['year']}年的工作日安排（日历第{body['revision']}次修订），"
                f"依据：{body['document']}"
            )
        case "deploy":
            since = moment(datetime.fromisoformat(body["in_force_from"]))
            return f"部署流程版本 {body['version'][:12]}，{since}起生效，理由：{body['reason']}"
        case "delegate":
            since, until = (moment(datetime.fromisoformat(body[at])) for at in ("since", "until"))
            return f"请假期间（{since}至{until}）委托{names.person(body['to'])}代办"
        case "delegation_ended":
            return f"结束对{names.person(body['to'])}的委托"
        case name if name in _TEMPLATES:
            return f"{_TEMPLATES[name]}答复模板“{body['name']}”"
        case roster.ROSTER:
            return _of_a_roster(body, names)
        case handovers.SIGNED:
            since, until = (moment(datetime.fromisoformat(body[at])) for at in ("since", "until"))
            return f"交班（{since}至{until}）给{names.person(body['to'])}"
        case handovers.CONFIRMED:
            return "接班，并接手交班人的任务" if body["accepted"] else "接班"
        case "import_ended":
            return _of_an_import(body["source"], body["counts"])
        case "simulation_begun":
            return f"开始模拟：{body['days']}天，{body['tickets']}件工单，种子{body['seed']}"
        case "simulation_multiplied":
            return f"复制模拟的工单{body['tickets']}件（每件{body['copies']}份）"
    return _PLAIN.get(event.name, event.name)


def _of_a_person(name: str, body: Mapping[str, Any], names: _Names) -> str:
    who = names.person(body["user"])
    match name:
        case "add_user":
            unit = names.units.get(body["unit"], body["unit"])
            return f"添加人员{who}，单位{unit}，岗位{names.posts(body['roles'])}"
        case "set_roles":
            posts = names.posts(body["roles"])
            return f"把{who}的岗位改为{posts}" if posts else f"撤去{who}的全部岗位"
        case "set_active":
            return f"{'启用' if body['active'] else '停用'}账号{who}"
        case "unlock":
            return f"解除{who}的锁定，理由：{body['reason']}"
    return f"重设{who}的口令，理由：{body['reason']}"


def _of_a_roster(body: Mapping[str, Any], names: _Names) -> str:
    said = [f"修改{names.units.get(body['of'], body['of'])}的值班表"]
    for name, word in (("removed", "删去"), ("added", "排入")):
        some = "；".join(
            f"{moment(datetime.fromisoformat(one['since']))}至"
            f"{moment(datetime.fromisoformat(one['until']))}"
            f"第{one['rank']}顺位{names.person(one['user'])}"
            for one in body[name][:_MANY]
        )
        if some:
            more = "等" if len(body[name]) > _MANY else ""
            said.append(f"{word}{len(body[name])}班：{some}{more}")
    return "，".join(said)


def _of_an_import(source: str, counts: Mapping[str, int]) -> str:
    before = sum(counts.get(name, 0) for name in ("known", "differs", "uncompared"))
    return (
        f"从{source}导入结束：未办结{counts['open']}件，已办结{counts['closed']}件，"
        f"此前已导入{before}件，没有导入{counts['refused']}行"
    )
