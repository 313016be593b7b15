"""Rights on the ticket page, repeat calls, the ledger, who is hidden from whom."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask import Flask

from engine import sweep
from engine.acts import people, tickets, work
from engine.errors import StoreError
from engine.read import agenda, search
from engine.read import ticket as reading
from engine.store import Store
from tests.browser import city
from tests.browser.city import CALL, PASSWORD, Clock, Person


def page(person: Person, path: str) -> str:
    return unescape(person.text(path))


def right(person: Person, number: str, name: str) -> str:
    """The address behind a right on a ticket's page; "" when it is not offered."""
    shown = page(person, f"/tickets/{number}")
    listed = shown[shown.index('<ul class="rights">') :] if 'class="rights"' in shown else ""
    found = re.search(rf'href="([^"]+)"><span lang="zh-CN">{name}</span>', listed)
    return found[1] if found else ""


def signed(store: Store, clock: Clock) -> str:
    """A ticket that Li's unit has signed on the morning of 30 September."""
    number = city.called(store, clock())
    city.done(store, clock(), "pan", number, "派单", lead_unit="sr-lights", item_words="照明")
    city.done(store, clock(), "li", number, "签收")
    return number


def handled(store: Store, clock: Clock, number: str) -> None:
    """The unit's work done, approved and accepted."""
    city.done(store, clock(), "li", number, "办理并答复", outcome="done")
    city.done(store, clock(), "ling", number, "审批答复", approval="approved")
    city.done(store, clock(), "shen", number, "审核办理结果", review="accepted")


# --- rights ------------------------------------------------------------------------------------


def test_a_right_is_offered_until_when_and_used_from_the_page(
    app: Flask, store: Store, clock: Clock
):
    number = signed(store, clock)
    li = Person(app, "li")
    path = right(li, number, "申请退回")
    assert "可办到 10月8日 24:00" in page(li, f"/tickets/{number}")
    assert path not in page(li, "/"), "a right is no duty"
    assert li.post(path, {"return_ground": "not_ours", "evidence": "不归我们"}).status_code == 302
    shown = page(li, f"/tickets/{number}")
    assert "已申请退回，待决定" in shown
    assert right(li, number, "申请退回") == ""
    assert "决定退回" in page(Person(app, "shen"), "/")


def test_a_right_is_offered_to_whose_it_is(app: Flask, store: Store, clock: Clock):
    number = signed(store, clock)
    assert right(Person(app, "ling"), number, "申请退回") == ""
    assert right(Person(app, "pan"), number, "申请退回") == ""
    assert right(Person(app, "pan"), number, "撤回派发") != ""
    assert right(Person(app, "li"), number, "撤回派发") == ""
    assert Person(app, "pan").tasks() == []


def test_a_right_that_has_expired_is_told_in_a_sentence(app: Flask, store: Store, clock: Clock):
    number = signed(store, clock)
    li = Person(app, "li")
    path = right(li, number, "申请退回")
    clock.set("2026-10-09 00:00")
    sweep.run_once(store, clock())
    li = Person(app, "li")
    assert right(li, number, "申请退回") == ""
    assert "期限已于 10月8日 24:00 到期，不能再申请" in page(li, f"/tickets/{number}")
    for answer in (li.get(path), li.client.post(path, data={**li.token(), "evidence": "晚了"})):
        assert answer.status_code == 409
        told = unescape(answer.get_data(as_text=True))
        assert "已经办完或已取消" in told
        assert f'href="/tickets/{number}"' in told


def test_what_was_typed_is_given_back_though_the_ticket_has_gone_elsewhere(
    app: Flask, store: Store, clock: Clock
):
    number = signed(store, clock)
    (task,) = [one.task for one in agenda.waiting(store, number) if one.name == "办理并答复"]
    path, li = f"/tickets/{number}/tasks/{task}", Person(app, "li")
    own = li.hidden(path)
    city.done(store, clock(), "pan", number, "撤回派发")
    answer = li.client.post(path, data={**own, "measures": "灯杆已换，夜里亮了"})
    told = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 404
    assert "找不到这个页面或工单" in told
    assert "灯杆已换，夜里亮了" in told
    assert f'href="/tickets/{number}"' not in told


def test_what_was_typed_is_given_back_when_the_database_cannot_take_it(
    app: Flask, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    number = signed(store, clock)
    (task,) = [one.task for one in agenda.waiting(store, number) if one.name == "办理并答复"]

    def locked(*args: object, **more: object) -> None:
        raise StoreError("database_locked")

    for module, act, who, path, typed in (
        (tickets, "start", "sun", "/tickets/new", {"matter": "一片漆黑"}),
        (tickets, "complete", "li", f"/tickets/{number}/tasks/{task}", {"measures": "灯已换"}),
        (work, "save_draft", "li", f"/tickets/{number}/tasks/{task}", {"measures": "灯已换"}),
    ):
        person = Person(app, who)
        own = person.hidden(path)
        monkeypatch.setattr(module, act, locked)
        more = {"_do": "draft"} if act == "save_draft" else {}
        answer = person.client.post(path, data={**own, **typed, **more})
        told = unescape(answer.get_data(as_text=True))
        assert answer.status_code == 503
        assert "错误编号" in told
        assert all(text in told for text in typed.values()), act


def test_a_co_handler_elsewhere_does_not_move_the_ticket_there(
    app: Flask, store: Store, clock: Clock
):
    number = city.called(store, clock())
    more = {"item_words": "照明", "co_units": ["gf-centre"]}
    city.done(store, clock(), "pan", number, "派单", lead_unit="sr-lights", **more)
    found = reading.page(store, people.load(store, "pan"), number, clock())
    assert found.peer_centre_name == "上饶市12345热线中心"
    assert found.authority_name == "上饶市政务服务管理局"


def test_a_number_out_of_bounds_is_told_on_the_form(app: Flask, store: Store, clock: Clock):
    number = signed(store, clock)
    li = Person(app, "li")
    path = right(li, number, "申请延期")
    sent = {"extension_ground": "complex", "reason": "要换杆"}
    for days in ("0", "61", "两", "1.5", ""):
        answer = li.post(path, {**sent, "extension_asked": days})
        assert answer.status_code == 422, days
        assert 'href="#field-extension_asked"' in answer.get_data(as_text=True)
    assert li.post(path, {**sent, "extension_asked": "5"}).status_code == 302


def test_the_dispatches_are_a_tree_with_marks_in_words(app: Flask, store: Store, clock: Clock):
    number = city.called(store, clock(), type="complaint")
    done = city.done
    more = {"item_words": "供水", "co_units": ["sr-water"]}
    done(store, clock(), "pan", number, "派单", lead_unit="gf-centre", **more)
    done(store, clock(), "guo", number, "签收")
    done(store, clock(), "guo", number, "派单", lead_unit="gf-water", item_words="供水")
    days = {"extension_ground": "complex", "extension_asked": "2"}
    done(store, clock(), "guo", number, "申请延期", **days)
    given = {"extension_decision": "granted", "extension_granted": "2"}
    done(store, clock(), "shen", number, "派单中心决定延期", **given)
    shown = page(Person(app, "pan"), f"/tickets/{number}")
    assert "派单 1 的下级派单" in shown
    assert re.search(r'id="leg-1">.*?已延期.*?</h3>', shown, re.DOTALL)
    assert shown.index('id="leg-1"') < shown.index('id="leg-3"') < shown.index('id="leg-2"')
    assert "协办" in shown
    assert "准予延期：2个工作日" in shown
    assert "上级派来" in page(Person(app, "gao"), "/")


def test_who_did_the_first_may_not_do_the_second(app: Flask, store: Store, clock: Clock):
    number = city.called(store, clock(), type="suggestion")
    city.done(store, clock(), "pan", number, "派单", lead_unit="sr-lights", item_words="照明")
    city.done(store, clock(), "li", number, "签收")
    handled(store, clock, number)
    bad = {"rating": "dissatisfied", "dissatisfied_reason": "not_adopted"}
    city.done(store, clock(), "hui", number, "回访", reached="yes", **bad)
    (task,) = [one.task for one in agenda.waiting(store, number) if one.name == "第二人确认"]
    path = f"/tickets/{number}/tasks/{task}"
    answer = Person(app, "hui").get(path)
    assert answer.status_code == 403
    told = unescape(answer.get_data(as_text=True))
    assert "须由另一人办理" in told
    assert f'href="/tickets/{number}"' in told
    assert Person(app, "he").get(path).status_code == 200
    # Before anybody tries: the page and the list say so, and who may.
    hers, his = (page(Person(app, name), f"/tickets/{number}") for name in ("hui", "he"))
    assert f'href="{path}"' not in hers
    assert "“回访”是您办的，这一步须由另一人办理。" in hers
    assert re.search(r"可以办的：</?span.*?>何回<", hers)
    assert f'href="{path}"' in his
    assert "须由另一人办理" in page(Person(app, "hui"), "/")
    assert "须由另一人办理" not in page(Person(app, "he"), "/")


def test_a_leader_frees_what_an_absent_colleague_took(app: Flask, store: Store, clock: Clock):
    number, task = city.dispatched(app, "sun", "pan", "sr-lights")
    path, shown = f"/tickets/{number}/tasks/{task}", f"/tickets/{number}"
    li, ling = Person(app, "li"), Person(app, "ling")
    assert "办理人不在时" not in page(ling, shown)
    li.post(f"{path}/claim", {}, on="/")
    assert "办理人不在时" not in page(Person(app, "lin"), shown)
    assert "办理人不在时" in page(ling, shown)
    handed = ling.post(f"{path}/hand-over", {"to": "lin", "next": shown}, on=shown)
    assert (handed.status_code, handed.location) == (302, shown)
    assert f'{path}"' in Person(app, "lin").text("/?tab=mine")
    assert ling.post(f"{path}/release", {"next": shown}, on=shown).location == shown
    assert f'{path}"' in li.text("/?tab=free")
    assert "替林小雨放回“签收”" in page(li, shown)


def test_the_history_says_why_a_call_was_refused(app: Flask, store: Store, clock: Clock):
    refused = {"acceptance": "refuse", "ground": "out_of_area", "explanation": "请打当地热线"}
    number = city.called(store, clock(), **refused)
    assert "不予受理：不归我市管辖" in page(Person(app, "sun"), f"/tickets/{number}")
    number = city.called(store, clock(), acceptance="unsure", doubt="像是外地的事")
    city.done(store, clock(), "ban", number, "值班长认定", decision="refuse", ground="out_of_area")
    city.done(store, clock(), "sun", number, "向诉求人说明不予受理", ground="out_of_area")
    assert "不予受理：不归我市管辖" in page(Person(app, "sun"), f"/tickets/{number}")


def test_the_history_says_which_right_a_due_time_ended(app: Flask, store: Store, clock: Clock):
    number = signed(store, clock)
    sweep.run_once(store, clock.set("2026-10-09 00:30"))
    shown = page(Person(app, "li"), f"/tickets/{number}")
    assert "签收后满1个工作日，不能再办：申请退回" in shown


def test_a_language_is_chosen_without_losing_what_was_typed(app: Flask):
    number, task = city.dispatched(app, "sun", "pan", "sr-lights")
    path = f"/tickets/{number}/tasks/{task}"
    li = Person(app, "li")
    own = li.hidden(path)
    assert 'href="/language/en' not in li.text(path)
    answer = li.client.post(path, data={**own, "_do": "en", "officer": "李卫东"})
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert '<html lang="en">' in shown
    assert 'value="李卫东"' in shown
    assert '<html lang="en">' in li.text("/")
    answer = li.client.post(path, data={**own, "_do": "zh", "officer": "李卫东"})
    assert '<html lang="zh-CN">' in answer.get_data(as_text=True)
    assert 'value="李卫东"' in answer.get_data(as_text=True)
    words = {"text": "长" * 2001}
    refused = li.post(f"/tickets/{number}/comments", words, on=f"/tickets/{number}")
    assert 'href="/language/en' not in refused.get_data(as_text=True)


def test_a_rework_is_told_in_the_list_and_on_the_page(app: Flask, store: Store, clock: Clock):
    number = signed(store, clock)
    handled(store, clock, number)
    bad = {"rating": "dissatisfied", "dissatisfied_reason": "not_solved"}
    city.done(store, clock(), "hui", number, "回访", reached="yes", **bad)
    city.done(store, clock(), "hui", number, "核实责任", responsible="yes")
    city.done(store, clock(), "pan", number, "重办派单")
    li = Person(app, "li")
    assert "重新办理 · 第 2 轮" in page(li, "/")
    shown = page(li, f"/tickets/{number}")
    assert "办结，查看经过" in shown
    assert "办理中" in shown
    assert "已办结</span>" not in shown


def test_an_emergency_stands_on_top_with_a_word(app: Flask, store: Store, clock: Clock):
    for title, emergency in (("一", "no"), ("二", "danger"), ("三", "no")):
        number = city.called(store, clock(), title=title, emergency=emergency)
        if emergency != "no":
            assert "还剩 15 分钟" in page(Person(app, "sun"), "/")
            city.done(store, clock(), "sun", number, "立即转相关单位", handed_to=["120"])
    shown = page(Person(app, "pan"), "/")
    assert shown.index("突发事件 · 危及生命安全") < shown.index(">二<") < shown.index(">一<")


# --- tickets that belong together --------------------------------------------------------------


def test_a_merged_ticket_and_its_main_ticket_lead_to_each_other(
    app: Flask, store: Store, clock: Clock
):
    main = signed(store, clock)
    other = city.called(store, clock(), title="邻居也来电")
    city.done(store, clock(), "pan", other, "并入另一工单", main_ticket=main)
    pan = Person(app, "pan")
    assert f'href="/tickets/{main}"' in page(pan, f"/tickets/{other}")
    assert "已并单" in page(pan, f"/tickets/{other}")
    assert f'href="/tickets/{other}"' in page(pan, f"/tickets/{main}")


def test_a_report_is_not_merged_into_a_ticket_that_the_unit_itself_may_get(
    app: Flask, store: Store, clock: Clock
):
    main = signed(store, clock)
    about = {"type": "report", "about_unit": "sr-lights"}
    reports = [city.called(store, clock(), title=f"第{n}次举报", **about) for n in (1, 2)]
    (task,) = [one.task for one in agenda.waiting(store, reports[1]) if one.name == "并入另一工单"]
    path, pan = f"/tickets/{reports[1]}/tasks/{task}", Person(app, "pan")
    answer = pan.post(path, {"main_ticket": main})
    assert answer.status_code == 422
    assert "只能并入举报同一单位的工单" in unescape(answer.get_data(as_text=True))
    assert pan.post(path, {"main_ticket": reports[0]}).status_code == 302


def test_a_refusal_as_repeated_leads_to_the_earlier_ticket(app: Flask, store: Store, clock: Clock):
    earlier = signed(store, clock)
    sun = Person(app, "sun")
    refused = {**CALL, "acceptance": "refuse", "ground": "repeated", "_do": "update"}
    asked = unescape(sun.post("/tickets/new", refused).get_data(as_text=True))
    assert "可以这样告诉诉求人：您说的事情已经进入信访" in asked
    again = {"acceptance": "refuse", "ground": "repeated"}
    number = city.called(store, clock(), **again, earlier_ticket=earlier)
    assert f'href="/tickets/{earlier}"' in page(sun, f"/tickets/{number}")
    number = city.called(store, clock(), **again, earlier_ticket="信访 3 号 <b>")
    shown = sun.text(f"/tickets/{number}")
    assert "信访 3 号 &lt;b&gt;" in shown
    assert 'href="/tickets/信' not in shown


# --- the caller calls again --------------------------------------------------------------------


def test_a_repeat_call_is_found_by_number_counted_and_told(app: Flask, store: Store, clock: Clock):
    number = signed(store, clock)
    sun = Person(app, "sun")
    assert sun.get(f"/calls/again?q={number}").location == f"/tickets/{number}/calls"
    assert f'href="/tickets/{number}/calls"' in sun.text(f"/calls/again?q={number[:8]}")
    assert "没有查到" in page(sun, "/calls/again?q=2099")
    path = f"/tickets/{number}/calls"
    own = sun.hidden(path)
    for _ in range(2):  # sent twice it is one call
        answer = sun.client.post(path, data={**own, "text": "灯还是不亮。"})
        assert answer.location == f"/tickets/{number}"
    said = page(sun, f"/tickets/{number}")
    assert "这是第 2 次来电" in said
    assert "2 次（含首次）" in said
    assert "灯还是不亮。" in page(Person(app, "li"), f"/tickets/{number}")


def test_words_of_a_call_that_cannot_be_kept_stay_on_the_form(
    app: Flask, store: Store, clock: Clock
):
    number = signed(store, clock)
    sun = Person(app, "sun")
    path = f"/tickets/{number}/calls"
    for text, told in ((" ", "请写明"), ("长" * 2001, "最多2000字"), ("a\u202eb", "控制字符")):
        answer = sun.post(path, {"text": text})
        assert answer.status_code == 422
        shown = unescape(answer.get_data(as_text=True))
        assert told in shown
        assert text.strip() in shown
    assert "来电次数" not in page(sun, f"/tickets/{number}")


def test_a_call_on_a_closed_ticket_is_only_recorded(app: Flask, store: Store, clock: Clock):
    number = signed(store, clock)
    handled(store, clock, number)
    good = {"reached": "yes", "rating": "satisfied"}
    city.done(store, clock(), "hui", number, "回访", **good)
    city.done(store, clock(), "an", number, "归档", materials=["ticket"])
    sun = Person(app, "sun")
    path = f"/tickets/{number}/calls"
    assert "只记入办理经过" in page(sun, path)
    assert sun.post(path, {"text": "谢谢。"}).status_code == 302
    shown = page(sun, f"/tickets/{number}")
    assert "只作记录" in shown
    assert "谢谢。" in shown


# --- the ledger --------------------------------------------------------------------------------


def test_the_ledger_shows_what_is_supervised_to_whom_it_concerns(
    app: Flask, store: Store, clock: Clock
):
    assert "没有正在督办的工单" in page(Person(app, "du"), "/ledger")
    assert "台账里还没有工单" in page(Person(app, "du"), "/ledger?tab=all")
    number = signed(store, clock)
    clock.set("2026-10-16 09:00")
    sweep.run_once(store, clock())
    city.done(store, clock(), "du", number, "认定是否办理不力", poor_handling="yes")
    chosen = {"measure": "interview", "rectify_days": "2", "words": "抓紧"}
    city.done(store, clock(), "du", number, "采取督办措施", **chosen)
    for who, sees, title in (("du", True, True), ("ji", True, False), ("gan", False, False)):
        shown = page(Person(app, who), "/ledger")
        assert (number in shown, CALL["title"] in shown) == (sees, title), who
    shown = page(Person(app, "du"), "/ledger")
    for words in ("超期未办结", "上饶市城市管理局", "约谈提醒", "10月20日 24:00"):
        assert words in shown
    assert "督办" in page(Person(app, "li"), f"/tickets/{number}")
    assert "约谈提醒" in page(Person(app, "li"), f"/tickets/{number}")
    clock.set("2026-10-22 09:00")
    sweep.run_once(store, clock())
    shown = page(Person(app, "du"), "/ledger")
    assert "未按期整改" in shown
    assert "已过时限 2 个工作日" in shown


def test_what_was_taken_over_stays_in_the_ledger_of_the_authority_before(
    app: Flask, store: Store, clock: Clock
):
    number = city.called(store, clock())
    city.done(store, clock(), "pan", number, "派单", lead_unit="gf-centre", item_words="供水")
    clock.set("2026-10-16 09:00")
    sweep.run_once(store, clock())
    city.done(store, clock(), "du", number, "上级主管部门接管")
    for who in ("du", "gan"):
        assert number in page(Person(app, who), "/ledger"), who


# --- who is hidden from whom -------------------------------------------------------------------


def test_a_protected_reporter_is_hidden_from_units(app: Flask, store: Store, clock: Clock):
    number = city.called(store, clock(), type="report", protected="true")
    city.done(store, clock(), "pan", number, "派单", lead_unit="sr-lights", item_words="照明")
    for who in ("li", "du"):
        person = Person(app, who)
        for path in (
            "/",
            f"/tickets/{number}",
            f"/tickets/{number}/tasks/{task_of(store, number)}",
        ):
            assert CALL["caller"] not in page(person, path), (who, path)
            assert "1234" not in re.sub(r"12345|\d{8}-\d{5}", "", page(person, path))
        path = f"/tickets/{number}/caller"
        sent = {**person.token(), "reason": "想知道是谁"}
        for answer in (person.get(path), person.client.post(path, data=sent)):
            assert answer.status_code == 403
            assert "举报人受保护" in unescape(answer.get_data(as_text=True))
    assert CALL["caller"] in page(Person(app, "pan"), f"/tickets/{number}")


def task_of(store: Store, number: str) -> int:
    return next(one.task for one in agenda.waiting(store, number) if one.name == "签收")


def test_for_the_unit_it_is_about_there_is_no_such_ticket(app: Flask, store: Store, clock: Clock):
    number = city.called(store, clock(), type="report", about_unit="sr-water")
    pan = Person(app, "pan")
    (task,) = pan.tasks()
    assert 'value="sr-water"' not in pan.text(f"/tickets/{number}/tasks/{task[1]}")
    city.done(store, clock(), "pan", number, "派单", lead_unit="sr-lights", item_words="照明")
    for who in ("wang", "lei"):
        person = Person(app, who)
        for path in (f"/tickets/{number}", f"/tickets/{number}/tasks/{task_of(store, number)}"):
            answer = person.get(path)
            assert answer.status_code == 404
            assert CALL["title"] not in answer.get_data(as_text=True)
        assert "没有查到" in page(person, f"/tickets?q={number}")


# --- what is typed is not lost -----------------------------------------------------------------


def test_a_reason_or_comment_too_long_is_told_and_kept(app: Flask, store: Store, clock: Clock):
    number = signed(store, clock)
    li = Person(app, "li")
    answer = li.post(f"/tickets/{number}/caller", {"reason": "因" * 501})
    assert answer.status_code == 422
    shown = unescape(answer.get_data(as_text=True))
    assert "理由最多500字" in shown
    assert "因" * 501 in shown
    here = f"/tickets/{number}"
    answer = li.post(f"{here}/comments", {"text": "长" * 2001}, on=here)
    assert answer.status_code == 422
    shown = unescape(answer.get_data(as_text=True))
    assert "备注最多2000字" in shown
    assert "长" * 2001 in shown


def fields_of(text: str) -> dict[str, str]:
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', text)
    return {key: unescape(value) for key, value in found}


def test_a_form_is_not_lost_to_a_forced_change_of_password(app: Flask, store: Store, clock: Clock):
    word = people.add_user(store, None, "new", "新来的", "sr-centre", ["call_taker"], clock())
    nobody = Person(app)
    asked = nobody.client.post("/tickets/new", data=CALL)  # the session was over
    assert asked.status_code == 401
    sent = {**fields_of(asked.get_data(as_text=True)), "name": "new", "password": word}
    must = nobody.client.post("/sign-in", data=sent)
    assert "没有丢失" in page_text(must)
    assert CALL["matter"] in page_text(must)
    bad = {**fields_of(must.get_data(as_text=True)), "old": word, "new": "short", "again": "short"}
    again = nobody.client.post("/password", data=bad)
    assert again.status_code == 400
    good = {"old": word, "new": "long enough 1", "again": "long enough 1"}
    back = nobody.client.post("/password", data={**fields_of(again.get_data(as_text=True)), **good})
    assert 'action="/tickets/new"' in page_text(back)
    form = nobody.client.post("/tickets/new", data={**fields_of(page_text(back)), "_do": "update"})
    assert form.status_code == 200
    assert CALL["matter"] in page_text(form)
    assert PASSWORD not in page_text(back)


def test_a_form_sent_before_the_password_is_changed_comes_back(
    app: Flask, store: Store, clock: Clock
):
    word = people.add_user(store, None, "new", "新来的", "sr-centre", ["call_taker"], clock())
    person = Person(app)
    assert person.sign_in("new", word).location == "/password?next=/"
    must = person.client.post("/tickets/new", data={**person.token(), **CALL})
    assert must.status_code == 403
    assert CALL["matter"] in page_text(must)
    good = {"old": word, "new": "long enough 1", "again": "long enough 1"}
    back = person.client.post("/password", data={**fields_of(page_text(must)), **good})
    assert 'action="/tickets/new"' in page_text(back)
    assert person.get("/").status_code == 200
    assert search.find(store, people.load(store, "sun"), "2026").hits == ()


def page_text(answer: object) -> str:
    return unescape(answer.get_data(as_text=True))  # type: ignore[attr-defined]
