"""The page of a ticket: opinions side by side, contacts, promises, messages, comments, news."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask

from engine import sweep
from engine.acts import outbox, people, work
from engine.read import agenda, search, verify
from engine.store import Store
from tests import samples
from tests.browser import city
from tests.browser.city import CALL, Clock, Person
from tests.web.test_attachments import file, large, number_of


def page(app: Flask, who: str, path: str) -> str:
    return unescape(Person(app, who).text(path))


def section(app: Flask, who: str, number: str, about: str) -> str:
    """A section of the ticket's page as its words, "" where there is none."""
    shown = page(app, who, f"/tickets/{number}")
    found = re.search(rf'<section [^>]*aria-labelledby="{about}".*?</section>', shown, re.DOTALL)
    return " ".join(re.sub("<[^>]+>", " ", found[0]).split()) if found else ""


def with_co_handlers(store: Store, clock: Clock, *co_units: str) -> str:
    """A ticket that Li's unit leads and others handle with it."""
    number = city.called(store, clock())
    given = {"lead_unit": "sr-lights", "co_units": [*co_units], "item_words": "照明"}
    city.done(store, clock(), "pan", number, "派单", **given)
    city.done(store, clock(), "li", number, "签收")
    return number


def replied(store: Store, clock: Clock, number: str, **given: str) -> None:
    """The lead unit's reply, approved and accepted."""
    city.done(store, clock(), "li", number, "办理并答复", outcome="done", **given)
    city.done(store, clock(), "ling", number, "审批答复", approval="approved")
    city.done(store, clock(), "shen", number, "审核办理结果", review="accepted")


def form_of(store: Store, number: str, name: str) -> str:
    task = next(one.task for one in agenda.waiting(store, number) if one.name == name)
    return f"/tickets/{number}/tasks/{task}"


def test_what_was_asked_stands_below_what_may_be_done(app: Flask, store: Store, clock: Clock):
    number = with_co_handlers(store, clock)
    said = section(app, "li", number, "asked")
    assert f"详细情况 {CALL['matter']}" in said
    assert CALL["title"] not in said, "it is the page's heading"
    told = section(app, "ji", number, "asked")
    assert "有内容未显示" in told
    assert CALL["matter"] not in told


# --- co-handlers' opinions ---------------------------------------------------------------------


def test_who_writes_the_reply_sees_what_co_handlers_answer(app: Flask, store: Store, clock: Clock):
    number = with_co_handlers(store, clock, "sr-water", "gf-centre")
    shown = section(app, "li", number, "opinions")
    assert "上饶市水务局 尚未签收" in shown
    assert "广丰区12345热线中心 尚未签收" in shown
    city.done(store, clock(), "wang", number, "签收")
    assert "上饶市水务局 9月30日 10:00 签收，尚未答复" in section(app, "li", number, "opinions")
    clock.set("2026-09-30 15:30")
    city.done(store, clock(), "wang", number, "协办办理并反馈", opinion="灯杆下面没有水管。")
    said = "上饶市水务局 9月30日 15:30 已答复 王海 协办意见 灯杆下面没有水管。"
    for who in ("li", "pan", "du"):
        assert said in section(app, who, number, "opinions"), who
    beside = page(app, "li", form_of(store, number, "办理并答复"))
    assert beside.index("灯杆下面没有水管。") < beside.index("前面填写的内容")
    assert section(app, "wang", number, "opinions") == "", "theirs is not to write the reply"
    told = section(app, "ji", number, "opinions")
    assert "9月30日 15:30 已答复" in told
    assert "灯杆" not in told, "an auditor reads no content"


def test_a_late_opinion_is_marked_and_another_round_begins_anew(
    app: Flask, store: Store, clock: Clock
):
    number = with_co_handlers(store, clock, "sr-water")
    clock.set("2026-10-20 09:00")
    sweep.run_once(store, clock())
    assert "尚未签收 超期 未及时签收" in section(app, "li", number, "opinions")
    city.done(store, clock(), "wang", number, "签收")
    city.done(store, clock(), "wang", number, "协办办理并反馈", opinion="第一轮的意见")
    replied(store, clock, number)
    bad = {"reached": "yes", "rating": "dissatisfied", "dissatisfied_reason": "not_solved"}
    city.done(store, clock(), "hui", number, "回访", **bad, dissatisfied_words="灯还是黑的")
    city.done(store, clock(), "he", number, "核实责任", responsible="yes", finding="确实没亮")
    again = {"lead_unit": "sr-lights", "co_units": ["sr-water"]}
    city.done(store, clock(), "pan", number, "重办派单", **again)
    shown = section(app, "pan", number, "opinions")
    assert "第一轮的意见" not in shown
    assert "尚未签收" in shown


def test_a_ticket_of_one_unit_has_no_opinions(app: Flask, store: Store, clock: Clock):
    number = with_co_handlers(store, clock)
    assert section(app, "li", number, "opinions") == ""
    assert "协办意见" not in page(app, "li", form_of(store, number, "办理并答复"))


# --- messages ----------------------------------------------------------------------------------


def test_messages_are_told_to_whom_and_whether_they_arrived(app: Flask, store: Store, clock: Clock):
    number = with_co_handlers(store, clock, "sr-water")
    assert "诉求人 138****1234 9月30日 10:00 正在发送" in section(app, "li", number, "sent")
    ((id, _letter),) = outbox.claim(store, clock(), 10)
    outbox.failed(store, id, clock(), "no route to host 10.1.2.3")
    shown = section(app, "li", number, "sent")
    assert re.search(r"1 次没有送出 9月30日 10:0\d 再试", shown)
    assert "10.1.2.3" not in shown, "how the machines are called is the operator's"
    outbox.delivered(store, [id], clock() + timedelta(minutes=5))
    assert "9月30日 10:05 已送达" in section(app, "li", number, "sent")
    clock.set("2026-10-09 00:00")
    sweep.run_once(store, clock())
    shown = section(app, "li", number, "sent")
    assert "预警：未及时签收 派单 2 上饶市水务局" in shown
    told = section(app, "ji", number, "sent")
    assert "诉求人 9月30日" in told
    assert "1234" not in re.sub(r"\d{8}-\d{5}", "", told), "content is not an auditor's"


# --- promises ----------------------------------------------------------------------------------


def test_a_promise_stands_there_until_it_is_kept(app: Flask, store: Store, clock: Clock):
    number = with_co_handlers(store, clock)
    promised = {"promise_days": "2", "promise": "更换三盏路灯"}
    replied(store, clock, number, **promised)
    shown = section(app, "pan", number, "promises")
    assert "更换三盏路灯 上饶市城市管理局 · 派单 1 还剩 2 个工作日，10月9日 24:00 到期" in shown
    assert "更换三盏路灯" not in page(app, "ji", f"/tickets/{number}")
    clock.set("2026-10-12 09:00")
    assert "已过时限" in section(app, "li", number, "promises")
    city.done(store, clock(), "li", number, "兑现承诺", kept_how="换好了")
    shown = section(app, "pan", number, "promises")
    assert "2026年10月12日 09:00 已兑现 逾期兑现 李卫东 · 上饶市城市管理局" in shown
    assert "期限 10月9日 24:00" in shown
    assert "换好了" in shown


# --- contacts ----------------------------------------------------------------------------------


def test_every_contact_with_the_caller_is_in_one_list(app: Flask, store: Store, clock: Clock):
    number = with_co_handlers(store, clock)
    clock.set("2026-09-30 11:00")
    sun = Person(app, "sun")
    assert sun.post(f"/tickets/{number}/calls", {"text": "又黑了两盏"}).status_code == 302
    clock.set("2026-09-30 14:00")
    city.done(store, clock(), "li", number, "阶段性答复", reply="正在备料")
    clock.set("2026-09-30 16:00")
    replied(store, clock, number)
    clock.set("2026-10-08 09:00")
    city.done(store, clock(), "hui", number, "回访", reached="no", attempts="1")
    shown = page(app, "pan", f"/tickets/{number}")
    listed = shown[shown.index('id="contacts"') : shown.index('id="sent"')]
    assert re.findall(r'class="done" lang="zh-CN">(.*?)</div>', listed) == [
        "来电",
        "诉求人就同一事项再次来电",
        "阶段性答复",
        "办理并答复",
        "回访",
    ]
    for words in ("又黑了两盏", "正在备料", "没联系上"):
        assert words in listed
    assert "正在备料" not in section(app, "ji", number, "contacts")


def test_a_call_after_the_end_is_a_contact_too(app: Flask, store: Store, clock: Clock):
    number = city.called(store, clock(), acceptance="answered", rating_now="satisfied")
    city.done(store, clock(), "an", number, "归档")
    assert section(app, "pan", number, "contacts").count("再次来电") == 0
    sun = Person(app, "sun")
    assert sun.post(f"/tickets/{number}/calls", {"text": "多谢"}).status_code == 302
    assert "诉求人就同一事项再次来电 说了什么" in section(app, "pan", number, "contacts")


# --- comments ----------------------------------------------------------------------------------

INSIDE = "和电力公司的老赵打过招呼了"


def commented(app: Flask, who: str, number: str, **fields: object) -> None:
    path = f"/tickets/{number}"
    sent = {"text": INSIDE, **fields}
    assert Person(app, who).post(f"{path}/comments", sent, on=path).status_code == 302


def test_a_unit_s_comment_is_its_own_unless_it_says_otherwise(
    app: Flask, store: Store, clock: Clock
):
    number = with_co_handlers(store, clock, "sr-water")
    commented(app, "li", number)
    for who in ("li", "lin", "ling"):
        assert INSIDE in page(app, who, f"/tickets/{number}"), who
    for who in ("wang", "pan", "du"):
        shown = page(app, who, f"/tickets/{number}")
        assert INSIDE not in shown, who
        assert "写下备注" not in section(app, who, number, "history"), who
    told = section(app, "ji", number, "history")
    assert "李卫东 · 上饶市城市管理局 写下备注（仅本单位可见） 有内容未显示" in told
    assert INSIDE not in told
    assert INSIDE not in page(app, "li", f"/tickets/{number}/order"), "paper goes to others"
    for who in ("li", "wang", "pan"):
        user = people.load(store, who)
        assert search.find(store, user, "老赵").hits == (), "it is in nobody's index"
    assert verify.verify(store).differences == ()

    commented(app, "li", number, **{"for": "all", "text": "请水务局来看看"})
    assert "请水务局来看看" in page(app, "wang", f"/tickets/{number}")


def test_the_choice_is_there_first_and_stays_with_a_refused_comment(
    app: Flask, store: Store, clock: Clock
):
    number = with_co_handlers(store, clock)
    path = f"/tickets/{number}"
    chosen = re.compile(r'name="for" id="for-\w+" value="(\w+)" checked')
    assert chosen.findall(page(app, "li", path)) == ["unit"]
    assert chosen.findall(page(app, "pan", path)) == ["all"]
    li = Person(app, "li")
    answer = li.post(f"{path}/comments", {"text": "长" * 2001, "for": "all"}, on=path)
    assert answer.status_code == 422
    assert chosen.findall(unescape(answer.get_data(as_text=True))) == ["all"]


def test_reindexing_leaves_a_unit_s_comment_out(store: Store, clock: Clock):
    from engine.acts import indexing

    number = with_co_handlers(store, clock)
    li = people.load(store, "li")
    work.comment(store, li, number, INSIDE, clock(), "a-key", within=True)
    work.comment(store, li, number, "给大家看的", clock(), "b-key")
    list(indexing.reindex(store, clock()))
    assert search.find(store, li, "老赵").hits == ()
    assert len(search.find(store, li, "大家看").hits) == 1
    assert verify.verify(store).differences == ()


# --- an open page ------------------------------------------------------------------------------


def asks(app: Flask, who: str, number: str) -> tuple[Person, str]:
    """Somebody with the page open, and what it asks each half minute."""
    person = Person(app, who)
    shown = unescape(person.text(f"/tickets/{number}"))
    found = re.search(r'<div id="news"[^>]* hx-get="([^"]+)" hx-trigger="every 30s"', shown)
    assert found
    return person, found[1]


def test_an_open_page_hears_what_is_new_and_gets_what_changed(
    app: Flask, store: Store, clock: Clock
):
    number = with_co_handlers(store, clock)
    pan, path = asks(app, "pan", number)
    assert pan.get(path).status_code == 204
    city.done(store, clock(), "li", number, "办理并答复", outcome="done")
    answer = unescape(pan.text(path))
    assert "工单有了新的进展" in answer
    assert "<html" not in answer
    assert re.findall(r'id="([\w-]+)"[^>]* hx-swap-oob="true"', answer) == [
        "ticket-head",
        "may-be-done",
        "on-diagram",
    ]
    assert "审批答复" in answer
    onward = re.search(r'hx-get="([^"]+)" hx-trigger', answer)
    assert onward
    assert pan.get(onward[1]).status_code == 204, "told once"
    assert "told=1" in onward[1], "and the notice stays"


def test_what_is_kept_to_another_unit_is_no_news(app: Flask, store: Store, clock: Clock):
    number = with_co_handlers(store, clock)
    pan, path = asks(app, "pan", number)
    lin, of_lin = asks(app, "lin", number)
    commented(app, "li", number)
    assert "新的进展" not in pan.text(path)
    assert "新的进展" in lin.text(of_lin)


def test_an_open_page_keeps_nobody_signed_in(app: Flask, store: Store, clock: Clock):
    number = with_co_handlers(store, clock)
    li, path = asks(app, "li", number)
    for _ in range(13):
        clock.moment += timedelta(minutes=10)
        answer = li.get(path)
    assert (answer.status_code, answer.data) == (401, b"")


def test_a_ticket_that_is_over_is_asked_no_more(app: Flask, store: Store, clock: Clock):
    number = city.called(store, clock(), acceptance="answered", rating_now="satisfied")
    city.done(store, clock(), "an", number, "归档")
    shown = page(app, "pan", f"/tickets/{number}")
    assert 'id="news"' not in shown
    assert "drawing.svg" not in shown, "it stands nowhere"
    assert Person(app, "pan").get(f"/tickets/{number}/drawing.svg").status_code == 404


def test_the_page_shows_the_part_of_the_diagram_where_the_ticket_stands(
    app: Flask, store: Store, clock: Clock
):
    number = with_co_handlers(store, clock, "sr-water")
    shown = section(app, "li", number, "diagram")
    assert "办理并答复 上饶市城市管理局" in shown
    assert "签收 上饶市水务局" in shown
    source = re.search(r'<img src="([^"]+drawing.svg[^"]*)"', page(app, "li", f"/tickets/{number}"))
    assert source
    answer = Person(app, "li").get(source[1])
    assert answer.mimetype == "image/svg+xml"
    assert 'width="880" height="300"' in answer.get_data(as_text=True)
    assert Person(app, "gao").get(source[1]).status_code == 404


# --- the page as a whole -----------------------------------------------------------------------


def test_every_link_of_the_index_leads_to_a_section(app: Flask, store: Store, clock: Clock):
    number = with_co_handlers(store, clock, "sr-water")
    for who in ("li", "pan", "wang", "ji"):
        shown = page(app, who, f"/tickets/{number}")
        listed = re.search(r'<nav class="sheet contents".*?</nav>', shown, re.DOTALL)
        assert listed
        targets = re.findall(r'href="#([\w-]+)"', listed[0])
        headings = re.findall(r'<h2 id="([\w-]+)"', shown)
        apart = {"about-ticket", "contents"}
        assert set(targets) == set(headings) - apart, who
        assert headings[0] == "open-tasks"


def test_photos_are_shown_small_and_the_rest_is_listed(app: Flask, monkeypatch: pytest.MonkeyPatch):
    sun = Person(app, "sun")
    files = [file(), file(samples.png(40), "大图.png"), file(b"%PDF-1", "合同.pdf")]
    monkeypatch.setattr("engine.read.attached.LARGEST_SHOWN", len(samples.png(4)))
    answer = large(sun, "/tickets/new", {**CALL, "_file-materials": files})
    number = number_of(answer, sun)
    shown = unescape(sun.text(f"/tickets/{number}"))
    assert re.findall(r'<img src="([^"]+)" alt="" loading="lazy">', shown)[-1].endswith("/1")
    assert shown.count("/attachments/2") == shown.count("/attachments/3") == 1
