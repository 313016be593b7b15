"""Desks beside the work list: decisions with what is asked, calls one after the other."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask import Flask

from engine import sweep
from engine.acts import versions
from engine.read import agenda
from engine.store import Store
from tests.browser import city
from tests.browser.city import CALL, Clock, Person


def page(person: Person, path: str) -> str:
    return unescape(person.text(path))


def sent(person: Person, path: str, **fields: object) -> str:
    """Where somebody comes to by a button."""
    answer = person.client.post(path, data={**person.token(), **fields})
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return answer.location


def signed(store: Store, clock: Clock) -> str:
    number = city.called(store, clock())
    city.done(store, clock(), "pan", number, "派单", lead_unit="sr-lights", item_words="照明")
    city.done(store, clock(), "li", number, "签收")
    return number


def closed(store: Store, clock: Clock, **handled: object) -> str:
    """A ticket whose caller is to be asked now."""
    number = signed(store, clock)
    city.done(store, clock(), "li", number, "办理并答复", outcome="done", **handled)
    city.done(store, clock(), "ling", number, "审批答复", approval="approved")
    city.done(store, clock(), "shen", number, "审核办理结果", review="accepted")
    return number


# --- decisions ---------------------------------------------------------------------------------


def test_what_is_asked_and_why_stands_in_the_row(app: Flask, store: Store, clock: Clock):
    asked, reported = signed(store, clock), signed(store, clock)
    reason = "这一段路灯归公路局管"
    city.done(store, clock(), "li", asked, "申请退回", return_ground="not_ours", evidence=reason)
    city.done(store, clock(), "li", reported, "办理并答复", measures="换了十盏灯", outcome="done")
    city.done(store, clock(), "ling", reported, "审批答复", approval="approved")
    shen = Person(app, "shen")
    shown = page(shen, "/decisions")
    assert reason in shown
    assert "换了十盏灯" in shown
    assert "上饶市城市管理局" in shown
    assert "办理期限 10月13日 24:00" in shown
    assert "已报送" in shown
    assert re.findall(r'lang="zh-CN">(决定退回|审核办理结果)</span> <span class="count">1<', shown)
    only = page(shen, "/decisions?task=决定退回")
    assert reason in only
    assert "换了十盏灯" not in only


def test_one_s_own_clock_is_told_and_whose_fault_it_is(app: Flask, store: Store, clock: Clock):
    number = signed(store, clock)
    city.done(store, clock(), "li", number, "申请退回", return_ground="not_ours", evidence="不是")
    assert "中心责任" not in page(Person(app, "shen"), "/decisions")
    clock.set("2026-10-09 09:00")
    assert sweep.run_once(store, clock())
    assert "中心责任" in page(Person(app, "shen"), "/decisions")


def test_after_a_decision_one_is_back_in_the_queue(app: Flask, store: Store, clock: Clock):
    number = signed(store, clock)
    city.done(store, clock(), "li", number, "申请退回", return_ground="not_ours", evidence="不是")
    shen = Person(app, "shen")
    shown = page(shen, "/decisions?task=决定退回")
    (path,) = re.findall(r'href="(/tickets/[\d-]+/tasks/\d+\?then=[^"]+)"', shown)
    form = page(shen, path)
    assert "申请、报送的内容" in form
    draft = shen.post(path, {"reason": "还没想好", "_do": "draft"})
    assert draft.location == path.replace("&amp;", "&")
    done = shen.post(path, {"return_decision": "reject", "reason": "确是你单位职责"})
    assert unescape(done.location).startswith("/decisions?task=")
    assert "现在没有等您决定的事" in page(shen, "/decisions")


def test_decisions_are_done_one_after_the_other(app: Flask, store: Store, clock: Clock):
    two = sorted(signed(store, clock) for _ in range(2))
    for number in two:
        city.done(
            store, clock(), "li", number, "申请退回", return_ground="not_ours", evidence="不是"
        )
    shen = Person(app, "shen")
    decided = {"return_decision": "reject", "reason": "确是你单位职责"}
    first = sent(shen, "/next", desk="decisions", task="决定退回")
    assert two[0] in first
    second = shen.post(first, decided).location
    assert two[1] in second
    assert f'name="skip" value="{two[1]}/' in page(shen, second)
    last = shen.post(second, decided).location
    assert unescape(last).startswith("/decisions?task=")
    assert "这里没有下一件了" in page(shen, last)


def test_what_was_passed_over_waits_until_the_others_are_done(
    app: Flask, store: Store, clock: Clock
):
    three = sorted(signed(store, clock) for _ in range(3))
    for number in three:
        city.done(
            store, clock(), "li", number, "申请退回", return_ground="not_ours", evidence="不是"
        )
    shen = Person(app, "shen")
    walked = []
    path = sent(shen, "/next", desk="decisions")
    for _ in range(2):
        form = page(shen, path)
        walked.append(re.findall(r'name="skip" value="([^/]+)/', form)[0])
        fields = {key: re.findall(rf'name="{key}" value="([^"]+)"', form) for key in PASSING}
        path = sent(shen, "/next", **fields)
    last = shen.post(path, {"return_decision": "reject", "reason": "确是你单位职责"}).location
    assert walked == three[:2]
    assert three[2] in path
    assert "这里没有下一件了" in page(shen, last)
    assert three[0] in sent(shen, "/next", desk="decisions")  # a new walk begins with them


PASSING = ("skip", "passed", "desk")
"""What the button by which a task is passed over sends."""


def test_a_leader_approves_replies_one_after_the_other(app: Flask, store: Store, clock: Clock):
    two = sorted(signed(store, clock) for _ in range(2))
    for number in two:
        city.done(store, clock(), "li", number, "办理并答复", measures="换了十盏灯", outcome="done")
    ling = Person(app, "ling")
    assert page(ling, "/decisions").count("换了十盏灯") == 2
    path = sent(ling, "/next", desk="decisions")
    for number in two:
        assert number in path
        assert "换了十盏灯" in page(ling, path)
        path = ling.post(path, {"approval": "approved"}).location
    assert "现在没有等您决定的事" in page(ling, "/decisions")


def test_a_county_s_centre_has_its_own_queue(app: Flask, store: Store, clock: Clock):
    number = city.called(store, clock(), "guo")
    city.done(store, clock(), "guo", number, "派单", lead_unit="gf-water", item_words="供水")
    city.done(store, clock(), "gao", number, "签收")
    city.done(store, clock(), "gao", number, "申请退回", return_ground="not_ours", evidence="不是")
    assert number in page(Person(app, "geng"), "/decisions")
    assert number not in page(Person(app, "shen"), "/decisions")


def test_the_desk_is_offered_to_whom_it_is_drawn_for(app: Flask, store: Store):
    for name, decides, follows in (
        ("shen", True, False),
        ("ban", True, False),
        ("du", True, False),
        ("hui", False, True),
        ("li", False, False),
        ("ling", True, False),
        ("ji", False, False),
    ):
        shown = page(Person(app, name), "/")
        assert ('href="/decisions"' in shown) == decides, name
        assert ('href="/follow-up"' in shown) == follows, name


def test_a_desk_drawn_today_has_the_tickets_of_yesterday(app: Flask, store: Store, clock: Clock):
    """What lies where the version in force says, not the one that a ticket began with."""
    number = signed(store, clock)
    city.done(store, clock(), "li", number, "申请退回", return_ground="not_ours", evidence="不是")
    shen = Person(app, "shen")
    with store.read() as conn:
        files = dict(store.definitions(store.current_version(conn, clock())).files)
    without = {
        path: content.replace(b'name="desk" value="decisions"', b'name="several" value="false"')
        for path, content in files.items()
    }
    versions.deploy(store, None, without, "不要工作台", clock())
    assert number not in page(shen, "/decisions")
    assert 'href="/decisions"' not in page(shen, "/")
    versions.deploy(store, None, files, "要工作台", clock())
    assert number in page(shen, "/decisions")


# --- calls -------------------------------------------------------------------------------------


def test_a_call_has_all_that_is_needed_on_one_page(app: Flask, store: Store, clock: Clock):
    number = closed(
        store, clock, reply="路灯已经修好", promise_days="10", promise="十天内换成新灯杆"
    )
    hui = Person(app, "hui")
    assert number in page(hui, "/follow-up")
    path = sent(hui, "/next", desk="calls")
    shown = page(hui, path)
    for said in ("怎么说", "路灯已经修好", "十天内换成新灯杆", CALL["matter"], "打给谁"):
        assert said in shown
    assert CALL["phone"] not in shown
    dial = hui.client.post(
        f"/tickets/{number}/caller",
        data={**hui.token(), "reason": "回访"},
        headers={"HX-Request": "true"},
    )
    told = unescape(dial.get_data(as_text=True))
    assert f'<a href="tel:{CALL["phone"]}">' in told
    assert "<html" not in told
    history = page(hui, f"/tickets/{number}")
    assert "查看诉求人的完整信息" in history


def test_two_people_never_get_the_same_call(app: Flask, store: Store, clock: Clock):
    two = {closed(store, clock) for _ in range(2)}
    first = sent(Person(app, "hui"), "/next", desk="calls")
    second = sent(Person(app, "he"), "/next", desk="calls")
    assert {first.split("/")[2], second.split("/")[2]} == two


def test_after_a_call_the_next_comes_by_itself(app: Flask, store: Store, clock: Clock):
    two = sorted(closed(store, clock) for _ in range(2))
    hui = Person(app, "hui")
    first = sent(hui, "/next", desk="calls")
    assert two[0] in first
    second = hui.post(first, {"reached": "yes", "attempts": "1", "rating": "satisfied"}).location
    assert two[1] in second
    assert sent(hui, "/next", desk="calls", skip="/".join(_of(second))) == "/follow-up"
    assert "未领取" in page(hui, "/?tab=free")
    assert two[1] in page(Person(app, "he"), "/?tab=free"), "what is passed over is free again"


def _of(path: str) -> tuple[str, str]:
    found = re.match(r"/tickets/([\d-]+)/tasks/(\d+)", path)
    assert found
    return found[1], found[2]


def test_who_was_not_reached_comes_again_with_the_earlier_attempt(
    app: Flask, store: Store, clock: Clock
):
    closed(store, clock)
    hui = Person(app, "hui")
    path = sent(hui, "/next", desk="calls")
    assert hui.post(path, {"reached": "no", "attempts": "2"}).location == "/follow-up"
    assert "现在没有要回访的工单" in page(hui, "/follow-up")
    clock.set("2026-09-30 15:00")
    sweep.run_once(store, clock())
    hui = Person(app, "hui")
    shown = page(hui, sent(hui, "/next", desk="calls"))
    assert "之前办过 1 次" in shown
    assert "没联系上" in shown


def test_why_somebody_is_dissatisfied_is_verified_at_the_same_desk(
    app: Flask, store: Store, clock: Clock
):
    number = closed(store, clock)
    words = "灯又灭了"
    city.done(
        store, clock(), "hui", number, "回访", reached="yes", rating="dissatisfied",
        dissatisfied_reason="not_solved", dissatisfied_words=words,
    )  # fmt: skip
    he = Person(app, "he")
    shown = page(he, "/follow-up")
    assert words in shown
    assert words in page(he, sent(he, "/next", desk="calls"))


# --- what comes from outside -------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["", "?task=x", "?desk=calls", "?from=9", "?due=late&kind=co", "?task=%27+or+1"]
)
def test_an_empty_desk_is_a_page(app: Flask, query: str):
    assert Person(app, "shen").get(f"/decisions{query}").status_code == 200
    assert Person(app, "hui").get(f"/follow-up{query}").status_code == 200


def test_where_to_go_on_to_is_a_page_of_this_site(app: Flask, store: Store, clock: Clock):
    number = signed(store, clock)
    city.done(store, clock(), "li", number, "申请退回", return_ground="not_ours", evidence="不是")
    (task,) = [one.task for one in agenda.waiting(store, number) if one.name == "决定退回"]
    shen = Person(app, "shen")
    path = f"/tickets/{number}/tasks/{task}?then=//evil.example/&on=yes"
    done = shen.post(path, {"return_decision": "reject", "reason": "不"})
    assert done.location == "/"
    for fields in ({}, {"desk": "other"}, {"desk": "", "skip": "x/9"}):
        data = {**shen.token(), **fields}
        assert shen.client.post("/next", data=data).status_code == 400
    assert sent(shen, "/next", desk="decisions", skip="20990101-00001/7") == "/decisions"
