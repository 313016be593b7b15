"""A unit's desk: who has what, what nobody has taken, and handing several to a colleague."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

from flask import Flask

from engine.read import agenda, verify
from engine.store import Store
from tests.browser import city
from tests.browser.city import Clock, Person


def page(person: Person, path: str) -> str:
    return unescape(person.text(path))


def rows(person: Person) -> dict[tuple[str, str], list[str]]:
    """(who, unit) → how many tasks, late ones, those due today."""
    shown = page(person, "/unit")
    table = shown[shown.index("<tbody>") : shown.index("</tbody>")]
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL):
        who, unit, *counts = (
            re.sub(r"<[^>]+>", "", cell).strip()
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        )
        found[who, unit] = counts
    return found


def dispatched(store: Store, clock: Clock) -> str:
    number = city.called(store, clock())
    city.done(store, clock(), "pan", number, "派单", lead_unit="sr-lights", item_words="照明")
    return number


def handed(person: Person, tasks: list[str], to: str) -> str:
    data = {**person.token(), "task": tasks, "to": to}
    answer = person.client.post("/unit/hand-over", data=data)
    assert answer.status_code == 200
    return unescape(answer.get_data(as_text=True))


def refs(person: Person, query: str = "") -> list[str]:
    return re.findall(r'name="task" value="([\d/-]+)"', person.text(f"/unit{query}"))


MINE = re.compile(r'<a href="/tickets/([\d-]+)/tasks/(\d+)"')
LIGHTS, TEAM = "上饶市城市管理局", "上饶市城市管理局照明所"


def test_a_leader_sees_who_has_what_and_gives_out_what_nobody_has(
    app: Flask, store: Store, clock: Clock
):
    three = [dispatched(store, clock) for _ in range(3)]
    ling = Person(app, "ling")
    assert rows(ling)["还没有人领取", LIGHTS][0] == "3"
    assert rows(ling)["李卫东", LIGHTS][0] == "0"
    tasks = refs(ling)
    assert len(tasks) == 3
    assert "已移交或放回 2 件。" in handed(ling, tasks[:2], "li")
    assert "已移交或放回 1 件。" in handed(ling, tasks[2:], "lin")
    assert rows(ling)["李卫东", LIGHTS][0] == "2"
    assert rows(ling)["林小雨", LIGHTS][0] == "1"
    assert refs(ling, "?who=lin&section=sr-lights") == tasks[2:]
    assert refs(ling, "?who=-") == []
    own = page(Person(app, "li"), "/?tab=mine")
    assert {f"{number}/{task}" for number, task in MINE.findall(own)} == set(tasks[:2])
    assert "已移交或放回 1 件。" in handed(ling, tasks[2:], "-")
    assert refs(ling, "?who=-") == tasks[2:]
    for number in three:
        assert verify.verify(store, number).differences == ()
    assert "把“签收”移交给李卫东" in page(ling, f"/tickets/{tasks[0].split('/')[0]}")


def test_late_ones_are_counted_and_found(app: Flask, store: Store, clock: Clock):
    dispatched(store, clock)
    clock.moment += timedelta(days=20)
    ling = Person(app, "ling")
    assert rows(ling)["还没有人领取", LIGHTS][:2] == ["1", "1"]
    assert len(refs(ling, "?due=late")) == 1


def test_what_a_section_has_is_seen_and_not_handed_over(app: Flask, store: Store, clock: Clock):
    number = dispatched(store, clock)
    city.done(store, clock(), "li", number, "签收", section="sr-lights-team")
    ling = Person(app, "ling")
    assert rows(ling)["还没有人领取", TEAM][0] == "1"
    assert refs(ling) == []
    (task,) = [one.task for one in agenda.waiting(store, number) if one.name == "办理并答复"]
    assert "1 件没有成功，原因见下" in handed(ling, [f"{number}/{task}"], "li")


def test_who_cannot_have_a_task_is_told_and_the_others_go(app: Flask, store: Store, clock: Clock):
    first, second = dispatched(store, clock), dispatched(store, clock)
    ling = Person(app, "ling")
    tasks = refs(ling)
    told = handed(ling, [*tasks, "20990101-00001/7"], "ling")
    assert "3 件没有成功，原因见下" in told
    assert "不是本单位该岗位的在职人员" in told
    city.done(store, clock(), "li", first, "签收")
    told = handed(ling, tasks, "lin")
    assert "已移交或放回 1 件。" in told
    assert f">{first}</a>" in told
    assert second in page(Person(app, "lin"), "/?tab=mine")


def test_another_unit_s_leader_sees_nothing_of_it(app: Flask, store: Store, clock: Clock):
    number = dispatched(store, clock)
    (task,) = [one.task for one in agenda.waiting(store, number) if one.name == "签收"]
    lei = Person(app, "lei")
    assert number not in page(lei, "/unit")
    assert "本单位现在没有待办的任务" in page(lei, "/unit")
    assert "1 件没有成功，原因见下" in handed(lei, [f"{number}/{task}"], "wang")
    assert Person(app, "li").get("/unit").status_code == 403
