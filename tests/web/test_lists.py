"""The work list: narrowed, kept, taken away as a workbook, signed several at once."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from io import BytesIO

import pytest
from flask import Flask
from openpyxl import load_workbook
from werkzeug.test import TestResponse

from engine.acts import lists, people, work
from engine.errors import Trouble
from engine.read import verify, worklist
from engine.store import Store
from tests.browser import city
from tests.browser.city import CALL, Clock, Person


def given(app: Flask, unit: str = "sr-lights", **call: str) -> str:
    """A call taken and dispatched; its number."""
    desk = Person(app, "pan")
    before = set(desk.tasks())
    taken = Person(app, "sun").post("/tickets/new", {**CALL, **call})
    assert taken.status_code == 302
    ((number, task),) = set(desk.tasks()) - before
    answers = {"lead_unit": unit, "item_words": "城市照明设施维护"}
    assert desk.post(f"/tickets/{number}/tasks/{task}", answers).status_code == 302
    return number


def sent(person: Person, path: str, **fields: object) -> TestResponse:
    return person.client.post(path, data={**person.token(), **fields})


def numbers(person: Person, query: str = "") -> list[str]:
    links = re.findall(r'<a href="/tickets/([\d-]+)/tasks/\d+"', person.text(f"/?{query}"))
    return sorted(links)


# --- narrowed ----------------------------------------------------------------------------------


def test_a_list_is_narrowed_by_what_stands_in_it(app: Flask, clock: Clock):
    asked = given(app, type="consult", channel="web")
    first, second = given(app), given(app)
    li = Person(app, "li")
    assert numbers(li) == sorted((asked, first, second))
    assert numbers(li, "type=consult") == [asked]
    assert numbers(li, "type=help&channel=phone") == sorted((first, second))
    assert numbers(li, "kind=rework") == numbers(li, "kind=urgent") == []
    assert numbers(li, "type=help&channel=web") == []
    assert "没有符合这个筛选的任务" in li.text("/?type=help&channel=web")
    assert numbers(li, "due=late") == []
    assert "咨询 (1)" in unescape(li.text("/"))
    clock.moment += timedelta(days=20)
    li = Person(app, "li")
    assert asked in numbers(li, "due=late")


def test_emergencies_are_found_by_their_kind(app: Flask):
    sun = Person(app, "sun")
    assert sun.post("/tickets/new", {**CALL, "emergency": "utilities"}).status_code == 302
    assert sun.post("/tickets/new", CALL).status_code == 302
    everybody = [Person(app, who.name) for who in city.PEOPLE if "auditor" not in who.roles]
    assert len({one for person in everybody for one in numbers(person, "kind=urgent")}) == 1


def test_what_an_address_says_of_nothing_known_is_left_out(app: Flask):
    number = given(app)
    li = Person(app, "li")
    for query in ("due=never", "kind=odd", "colour=red", "tab=none", "type=", "due=%00"):
        assert li.get(f"/?{query}").status_code in (200, 400)
    assert numbers(li, "due=never&kind=odd&colour=red") == [number]
    assert numbers(li, "type=" + "x" * 5000) == []
    assert numbers(li, "type=%27%20or%201%3D1") == []


def test_another_unit_s_tasks_are_in_nobody_s_filter(app: Flask):
    given(app, type="consult")
    wang = Person(app, "wang")
    assert numbers(wang, "type=consult") == []
    assert "consult" not in wang.text("/")


# --- kept --------------------------------------------------------------------------------------


def test_a_filter_is_kept_shown_and_forgotten(app: Flask):
    given(app)
    given(app, type="consult")
    li = Person(app, "li")
    kept = sent(li, "/lists", name="咨询件", type="consult", tab="free")
    assert kept.location == "/?tab=free&type=consult"
    page = unescape(li.text("/"))
    assert '<a href="/?tab=free&type=consult">咨询件</a>' in page
    assert "咨询件" not in Person(app, "lin").text("/")
    sent(li, "/lists", name="咨询件", type="help")
    assert unescape(li.text("/")).count(">咨询件</a>") == 1
    sent(li, "/lists/drop", name="咨询件")
    assert ">咨询件</a>" not in li.text("/")


def test_what_cannot_be_kept_is_said(store: Store):
    li = people.load(store, "li")
    for name, said, code in (
        ("", {"type": "help"}, "list_name"),
        ("一" * 31, {"type": "help"}, "list_name"),
        ("两\n行", {"type": "help"}, "list_name"),
        ("全部", {}, "list_empty"),
    ):
        with pytest.raises(Trouble) as refused:
            lists.keep(store, li, name, said)
        assert refused.value.code == code
    for n in range(lists.MOST):
        lists.keep(store, li, f"第{n}个", {"type": "help"})
    lists.keep(store, li, "第3个", {"type": "consult"})
    with pytest.raises(Trouble, match="最多"):
        lists.keep(store, li, "再一个", {"type": "help"})
    assert len(worklist.kept(store, li)) == lists.MOST


# --- several at once ---------------------------------------------------------------------------


def chosen(person: Person) -> list[str]:
    return re.findall(r'name="task" value="([\d/-]+)"', person.text("/"))


def together(person: Person, tasks: list[str], **typed: str) -> str:
    """The page that follows when the form of several tasks is filled and sent, and sent again."""
    sent(person, "/tasks/several", task=tasks)
    fields = {**person.token(), "task": tasks, "_do": "done", **typed}
    first, again = (
        unescape(person.client.post("/tasks/several", data=fields).get_data(as_text=True))
        for _ in range(2)  # the line was lost, or two clicks
    )
    assert ("<h1>办理结果" in first) == ("<h1>办理结果" in again)
    if "<h1>办理结果" in first:
        assert re.findall("<li>.*?</li>", first, re.DOTALL) == re.findall(
            "<li>.*?</li>", again, re.DOTALL
        )
    return first


def test_three_tickets_are_signed_at_once_and_each_has_its_own_event(app: Flask, store: Store):
    three = sorted(given(app) for _ in range(3))
    li = Person(app, "li")
    assert len(chosen(li)) == 3
    assert "已提交 3 件。" in together(li, chosen(li), officer="李工")
    assert chosen(li) == []
    for number in three:
        assert "李工" in unescape(li.text(f"/tickets/{number}"))
        assert verify.verify(store, number).differences == ()


def test_who_was_quicker_keeps_it_and_the_others_are_done(app: Flask, store: Store, clock: Clock):
    taken, free = given(app), given(app)
    li = Person(app, "li")
    tasks = chosen(li)
    task = next(int(one.partition("/")[2]) for one in tasks if one.startswith(taken))
    lin = people.load(store, "lin")
    assert "2 件" in sent(li, "/tasks/several", task=tasks).get_data(as_text=True)
    work.claim(store, lin, taken, task, clock.moment, "lin took it")
    done = sent(li, "/tasks/several", task=tasks, _do="done")
    answer = unescape(done.get_data(as_text=True))
    assert "已提交 1 件。1 件没有成功" in answer
    assert numbers(li, "task=签收") == [taken]
    assert free in {number for number, _ in li.tasks()}


def test_one_wrong_answer_and_none_is_touched(app: Flask):
    given(app)
    given(app)
    li = Person(app, "li")
    assert "请改正以下内容" in together(li, chosen(li), officer="长" * 41)
    assert len(chosen(li)) == 2


def test_only_tasks_of_one_kind_that_are_drawn_so_go_together(app: Flask):
    given(app)
    li = Person(app, "li")
    assert together(li, [], officer="李").count("还没有选择任务")
    (task,) = chosen(li)
    assert "一次最多办 50 件" in together(li, [f"20260930-{n:05}/7" for n in range(51)])
    assert "已提交 1 件。" in together(li, [task])
    handling = [f"{number}/{task}" for number, task in li.tasks()]
    assert "不是同一种" in together(li, handling)


def test_a_ticket_is_printed_for_those_who_sign_on_paper(app: Flask):
    number = given(app)
    page = unescape(Person(app, "li").text(f"/tickets/{number}/order"))
    for words in (number, CALL["title"], CALL["matter"], "上饶市城市管理局", "138****1234"):
        assert words in page, words
    assert "10月8日 24:00" in page  # to sign
    assert "13812341234" not in page
    auditor = unescape(Person(app, "ji").text(f"/tickets/{number}/order"))
    assert number in auditor
    assert CALL["matter"] not in auditor


# --- counts and workbooks ----------------------------------------------------------------------


def test_a_page_that_refreshes_itself_keeps_nobody_signed_in(app: Flask, clock: Clock):
    given(app)
    li = Person(app, "li")
    li.text("/")
    for _ in range(13):
        clock.moment += timedelta(minutes=10)
        answer = li.get("/figures?tab=mine")
    assert (answer.status_code, answer.data) == (401, b"")
    assert "/sign-in" in li.get("/").location


def test_the_figures_are_of_now(app: Flask):
    li = Person(app, "li")
    assert '本单位 <span class="count">0</span>' in li.text("/figures")
    given(app)
    assert '本单位 <span class="count">1</span>' in li.text("/figures")
    assert "<html" not in li.text("/figures")


def test_a_workbook_holds_the_narrowed_list_as_text(app: Flask):
    given(app, type="consult", title='=HYPERLINK("http://x")', place="+1")
    given(app)
    answer = Person(app, "li").get("/tasks.xlsx?type=consult")
    said = answer.headers["Content-Disposition"]
    assert said.isascii(), "a server sends no other header, and no file with it"
    assert said.startswith("attachment; filename=20")
    assert "filename*=UTF-8''%E5%BE%85%E5%8A%9E-20" in said
    sheet = load_workbook(BytesIO(answer.data)).active
    head, row = sheet.iter_rows()
    assert [cell.value for cell in head][:3] == ["工单编号", "任务", "类型"]
    assert row[4].value == '=HYPERLINK("http://x")'
    assert "f" not in {cell.data_type for cell in row}
    assert "13812341234" not in answer.get_data().decode("latin-1")


def test_a_workbook_of_nothing_has_its_head(app: Flask):
    sheet = load_workbook(BytesIO(Person(app, "li").get("/tasks.xlsx").data)).active
    assert sheet.max_row == 1
