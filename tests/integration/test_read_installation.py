"""What was done to the installation, told in words: each kind of fact that the acts write."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from importlib import import_module
from unittest import mock

import pytest

from engine import definitions
from engine.access import User
from engine.acts import (
    calendar,
    delegations,
    handovers,
    imports,
    indexing,
    people,
    places,
    roster,
    simulations,
    templates,
    versions,
)
from engine.cli.common import CONSOLE
from engine.duty import Shift
from engine.errors import Denied, Trouble
from engine.read import installation, leaves
from engine.record import SYSTEM
from engine.sentences import ROLES
from engine.store import Store, log
from engine.workdays import Row
from tests.commands import ROOT
from tests.integration.office import AREAS, CHEAP, UNITS

WORD = "a-good-long-secret"


@pytest.fixture(autouse=True)
def _cheap() -> Iterator[None]:
    with (
        mock.patch.object(people, "_hasher", CHEAP),
        mock.patch.object(people, "_nobody", return_value=CHEAP.hash("nobody")),
    ):
        yield


@pytest.fixture
def lived(store: Store, now) -> Store:
    """An installation to which everything was done once."""
    run = simulations.Run(now, 3.0, 5, 1)
    simulations.begin(store, run)
    places.add(store, None, AREAS, UNITS, now)
    places.add_items(store, None, [places.Item("W1", "sr", "供水", "sr-water")], now)
    calendar.seed(store, now)
    versions.deploy(store, None, definitions.shipped(), "初次部署", now)
    people.add_user(
        store,
        None,
        "li",
        "李明",
        "sr-centre",
        ["call_taker"],
        now,
        password=WORD,
        must_change=False,
    )
    people.add_crowd(
        store,
        [people.Newcomer(f"p{n}", f"人员{n}", "sr-water", ["officer"]) for n in range(1, 7)],
        WORD,
        now,
    )
    li = people.load(store, "li")
    people.set_roles(store, None, "p1", ["leader", "officer"], now)
    people.set_roles(store, None, "p2", [], now)
    people.set_active(store, None, "p3", False, now)
    people.set_active(store, None, "p3", True, now)
    began = people.sign_in(store, "li", WORD, now)
    with pytest.raises(Trouble):
        people.change_password(store, li, "wrong", "another-long-secret", now, began.token)
    people.change_password(store, li, WORD, "another-long-secret", now, began.token)
    people.sign_out(store, began.token, now)
    for _ in range(people.FAILURES):
        with suppress(Trouble):
            people.sign_in(store, "p1", "wrong", now)
    people.unlock(store, None, "p1", "本人当面核实", now, "root")
    people.reset_password(store, None, "p1", "忘记口令", now, "root")
    day = Row(date(2027, 1, 1), False, "元旦", "国办发明电〔2026〕0号")
    calendar.publish(store, None, 2027, [day], "国办发明电〔2026〕0号", now)
    counts = {"open": 2, "closed": 3, "known": 1, "differs": 1, "uncompared": 0, "refused": 4}
    imports.ended(store, li, "旧平台", counts, now)
    p5 = people.load(store, "p5")
    delegations.give(store, p5, "p6", now, now + timedelta(days=3), now)
    (leave,) = leaves.given(store, p5, now)
    delegations.end(store, p5, leave.id, now)
    text = templates.Draft("reply", "已修复", "好了")
    templates.write(store, p5, text, now, "template")
    templates.set_active(store, p5, 1, False, now)
    shift = Shift(now, now + timedelta(hours=8), "p5")
    roster.revise(store, people.load(store, "p1"), [shift], (), now)
    seq = handovers.sign(store, p5, "p6", False, "", now, "shift")
    handovers.confirm(store, people.load(store, "p6"), seq, False, now)
    list(indexing.reindex(store, now))
    simulations.end(store, run, now)
    simulations.multiplied(store, 2, 10, now)
    return store


def told(store: Store, **how: object) -> list[str]:
    return [one.sentence for one in installation.entries(store, CONSOLE, ROLES, **how)]


def test_what_was_done_is_told_in_words(lived):
    hash = definitions_hash(lived)
    assert told(lived, signs=True) == [
        "开始模拟：3.0天，5件工单，种子1",
        "登记区域2个、单位7个",
        "登记权责事项1项",
        "采用随程序附带的工作日历（2004年至2026年）",
        f"部署流程版本 {hash}，2026年9月30日 10:00起生效，理由：初次部署",
        "添加人员李明（li），单位市热线中心，岗位话务员",
        "添加人员6名：人员1（p1）、人员2（p2）、人员3（p3）、人员4（p4）、人员5（p5）等",
        "把人员1（p1）的岗位改为单位领导、承办人",
        "撤去人员2（p2）的全部岗位",
        "停用账号人员3（p3）",
        "启用账号人员3（p3）",
        "登录",
        "修改口令时原口令不对",
        "修改了自己的口令",
        "退出登录",
        *["登录时口令不对"] * (people.FAILURES - 1),
        "连续输错口令，账号被锁定",
        "解除人员1（p1）的锁定，理由：本人当面核实",
        "重设人员1（p1）的口令，理由：忘记口令",
        "公布2027年的工作日安排（日历第2次修订），依据：国办发明电〔2026〕0号",
        "从旧平台导入结束：未办结2件，已办结3件，此前已导入2件，没有导入4行",
        "请假期间（2026年9月30日 10:00至2026年10月3日 10:00）委托人员6（p6）代办",
        "结束对人员6（p6）的委托",
        "写好答复模板“已修复”",
        "停用答复模板“已修复”",
        "修改市水务局的值班表，排入1班：2026年9月30日 10:00至2026年9月30日 18:00第1顺位人员5（p5）",
        "交班（2026年9月30日 10:00至2026年9月30日 18:00）给人员6（p6）",
        "接班",
        "开始重建检索索引",
        "检索索引重建完成",
        "模拟结束",
        "复制模拟的工单10件（每件2份）",
    ]


def definitions_hash(store: Store) -> str:
    with store.read() as conn:
        (found,) = [e for e in log.read_events(conn, SYSTEM) if e.name == "deploy"]
    return str(found.body["version"])[:12]


def test_who_did_it_is_told_also_of_the_command_line(lived):
    found = {one.name: one for one in installation.entries(lived, CONSOLE, ROLES)}
    assert found["import_ended"].who == "市热线中心 李明"
    assert found["unlock"].who == "命令行 root"
    assert found["deploy"].who == "系统"


def test_signing_in_and_out_is_told_on_request_only(lived):
    daily = {"登录", "退出登录", "登录时口令不对", "修改口令时原口令不对"}
    everything = told(lived, signs=True)
    assert daily <= set(everything)
    assert told(lived) == [one for one in everything if one not in daily]


def test_what_happened_before_is_left_out(lived, now):
    assert told(lived, since=now + timedelta(seconds=1)) == []
    assert told(lived, since=now) == told(lived)


def test_it_is_for_auditors(lived):
    li = people.load(lived, "li")
    assert isinstance(li, User)
    with pytest.raises(Denied):
        installation.entries(lived, li, ROLES)


def test_no_kind_of_fact_is_left_without_words(lived):
    with lived.read() as conn:
        seen = {event.name for event in log.read_events(conn, SYSTEM)}
    assert seen >= _written(), "the story above lacks one"


def _written() -> set[str]:
    """The names of the facts that acts append to the system chain, as they stand in the code."""
    found = set()
    for path in (ROOT / "engine/acts").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if called in ("append_system", "fact", "_note", "_count_failure"):
                    names = [a for a in node.args if isinstance(a, ast.Constant | ast.IfExp)]
                    found |= {
                        one.value
                        for name in names
                        for one in ast.walk(name)
                        if isinstance(one, ast.Constant) and isinstance(one.value, str)
                    } - {"system", ""}
                    # Or as a constant of the room that knows the fact: indexed.DONE.
                    found |= {
                        getattr(import_module(f"engine.store.{one.value.id}"), one.attr)
                        for one in node.args
                        if isinstance(one, ast.Attribute)
                        and isinstance(one.value, ast.Name)
                        and one.attr.isupper()
                    }
    assert len(found) > 10
    return found
