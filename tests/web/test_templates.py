"""Reply templates: written on a page, put into a form, also without script."""

from __future__ import annotations

import re
from html import unescape

from flask import Flask

from engine.store import Store
from tests.browser import city
from tests.browser.city import Clock, Person


def page(person: Person, path: str) -> str:
    return unescape(person.text(path))


def written(person: Person, name: str, text: str, kind: str = "reply") -> None:
    sent = person.post("/templates/new", {"kind": kind, "name": name, "text": text})
    assert sent.location == "/templates"


def handling(app: Flask, store: Store, clock: Clock) -> tuple[Person, str]:
    """Li with a ticket to answer, and the address of the form."""
    number = city.called(store, clock())
    city.done(store, clock(), "pan", number, "派单", lead_unit="sr-lights", item_words="照明")
    city.done(store, clock(), "li", number, "签收")
    li = Person(app, "li")
    ((number, task),) = li.tasks()
    return li, f"/tickets/{number}/tasks/{task}"


def test_a_text_is_written_and_put_after_what_was_typed(app: Flask, store: Store, clock: Clock):
    li, path = handling(app, store, clock)
    assert "插入模板" not in page(li, path)
    written(Person(app, "ling"), "路灯修复", "{工单编号}：{诉求标题}，已修复。\n{单位} {日期}")
    written(Person(app, "shen"), "感谢来电", "感谢您的来电。")
    shown = page(li, path)
    assert "感谢来电（上饶市12345热线中心）" in shown
    number = path.split("/")[2]
    filled = f"{number}：五三大道一排路灯不亮，已修复。\n上饶市城市管理局 2026年9月30日"
    assert f'data-text="{filled}"' in shown
    (option,) = re.findall(r'<option value="(\d+)"[^>]*>路灯修复</option>', shown)[:1]
    typed = {"reply": "您好。", "measures": "换了灯泡", "_insert": "reply"}
    answer = li.post(path, {**typed, "_template-reply": option})
    told = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 200
    assert f">您好。\n{filled}</textarea>" in told
    assert "换了灯泡" in told
    assert li.tasks(), "nothing was submitted"


def test_a_button_without_a_choice_submits_and_loses_nothing(
    app: Flask, store: Store, clock: Clock
):
    li, path = handling(app, store, clock)
    written(Person(app, "ling"), "路灯修复", "已修复。")
    for chosen in ("", "999", "x"):
        sent = {"reply": "您好。", "_insert": "reply", "_template-reply": chosen}
        answer = li.post(path, sent)
        assert answer.status_code == 200
        assert ">您好。</textarea>" in unescape(answer.get_data(as_text=True))
    assert li.tasks()
    assert li.post(path, {"_insert": "no_field", "reply": "您好。"}).status_code == 200


def test_enter_submits_the_form_and_puts_no_text_in(app: Flask, store: Store, clock: Clock):
    li, path = handling(app, store, clock)
    written(Person(app, "ling"), "路灯修复", "已修复。")
    form = page(li, path)
    form = form[form.index('<form class="sheet" method="post" novalidate') :]
    first = re.search(r"<button[^>]*>", form)
    assert first
    assert 'name="_do" value="done"' in first[0]


def test_a_text_is_changed_and_retired_from_its_page(app: Flask, store: Store, clock: Clock):
    ling = Person(app, "ling")
    assert "本单位还没有模板" in page(ling, "/templates")
    written(ling, "路灯修复", "已修复。")
    (path,) = re.findall(r'href="(/templates/\d+)"', page(ling, "/templates"))
    sent = ling.post(path, {"kind": "decision", "name": "同意", "text": "{诉求人}好"})
    assert sent.status_code == 422
    told = unescape(sent.get_data(as_text=True))
    assert "没有可以填入“{诉求人}”的内容" in told
    assert ">\n{诉求人}好</textarea>" in told
    sent = ling.post(path, {"kind": "decision", "name": "同意", "text": "情况属实，同意。"})
    assert sent.location == "/templates"
    assert "审核和决定的意见" in page(ling, "/templates")
    retired = '<span class="tag">已停用</span>'
    ling.post(f"{path}/use", {"active": "no"}, on="/templates")
    assert retired in page(ling, "/templates")
    ling.post(f"{path}/use", {"active": "yes"}, on="/templates")
    assert retired not in page(ling, "/templates")


def test_who_may_not_write_them_has_no_page_for_it(app: Flask):
    assert Person(app, "sun").get("/templates").status_code == 403
    ling, lei = Person(app, "ling"), Person(app, "lei")
    written(ling, "路灯修复", "已修复。")
    (path,) = re.findall(r'href="(/templates/\d+)"', page(ling, "/templates"))
    answer = lei.get(path)
    assert answer.status_code == 404
    assert "没有这个模板" in unescape(answer.get_data(as_text=True))
