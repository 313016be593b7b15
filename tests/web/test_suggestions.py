"""What the words of a call suggest: shown with the reason, filled in by who takes it alone."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select

from engine.acts import people, places
from engine.acts.places import Item
from engine.read import agenda, suggestions
from engine.read import ticket as reading
from engine.store import Store
from engine.store import tables as t
from tests.browser import city
from tests.browser.city import CALL, Person, called


def looked(store: Store, who: str = "sun", **typed: str) -> list[suggestions.Suggestion]:
    user = people.load(store, who)
    form = reading.start_form(store, user, city.MORNING)
    raw = {key: [text] for key, text in typed.items()}
    return list(suggestions.suggested(store, user, form, raw, "", city.MORNING))


TYPE, PLACE, ITEM = "诉求类型", "在哪里", "像是权责清单的哪一项"
"""What the form of a call calls them."""


def of(label: str, found: list[suggestions.Suggestion]) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.text, one.words) for one in found if one.label == label]


def asked(person: Person, **typed: str) -> str:
    own = person.hidden("/tickets/new")
    answer = person.client.post("/calls/known", data={**own, **typed})
    return unescape(answer.get_data(as_text=True))


def taken(shown: str, text: str) -> str:
    """The value of the button by which a suggestion is taken."""
    buttons = re.findall(r'name="_take" value="(.*?)"><span(.*?)</button>', shown, re.DOTALL)
    return next(value for value, inner in buttons if text in inner)


def test_words_lead_to_a_type_and_say_which_they_were(store: Store):
    assert of(TYPE, looked(store, matter="请问社保怎么办理")) == [("咨询", ("请问", "怎么办理"))]
    found = of(TYPE, looked(store, title="投诉拖欠工资", matter="要求处理，举报包工头"))
    assert [text for text, _ in found] == ["投诉", "举报"]
    assert of(TYPE, looked(store, title="投诉拖欠工资", type="complaint")) == []
    assert of(TYPE, looked(store, title="天气很好")) == []


def test_each_suggestion_stands_under_the_name_of_the_field_that_it_fills(app: Flask):
    shown = asked(Person(app, "sun"), title="投诉广丰路灯不亮", acceptance="accept")
    heads = re.findall(r'<h3 lang="zh-CN">(.*?)</h3><ul class="suggested">(.*?)</ul>', shown, re.S)
    assert [label for label, _ in heads] == [TYPE, PLACE, ITEM]
    for (_, inner), text in zip(heads, ("投诉", "广丰区", "城市照明"), strict=True):
        assert text in inner


def test_words_lead_to_the_item_and_its_unit_also_under_another_name(store: Store):
    for said, word in (("城市照明坏了", "城市照明"), ("路灯不亮", "路灯")):
        (one,) = [one for one in looked(store, title=said) if one.label == ITEM]
        assert (one.text, one.unit) == ("城市照明设施维护", "上饶市城市管理局")
        assert word in one.words
        assert dict(one.fill)["proposed_item"] == "lights-1"
    assert of(ITEM, looked(store, title="他们不接电话")) == []


def test_nothing_is_suggested_for_what_is_not_asked(store: Store):
    typed = {"title": "路灯不亮", "acceptance": "refuse"}
    assert of(ITEM, looked(store, **typed)) == []
    assert of(ITEM, looked(store, **{**typed, "acceptance": "accept"})) != []


def test_words_that_tell_a_type_lead_to_no_item(store: Store):
    item = Item("y-1", "sr", "快递投诉处理", "sr-water")
    places.add_items(store, None, [item], city.MORNING)
    assert of(ITEM, looked(store, title="投诉，要求处理")) == []
    assert of(ITEM, looked(store, title="投诉快递")) == [("快递投诉处理", ("快递",))]


def test_items_are_those_of_the_person_s_own_area(store: Store):
    (one,) = [one for one in looked(store, "guo", title="小区停水") if one.label == ITEM]
    assert (one.text, one.unit) == ("城镇供水监管", "广丰区水利局")


def test_what_many_items_are_called_leads_to_none_of_them(store: Store):
    many = [Item(f"x-{n}", "sr", f"{name}监管", "sr-water") for n, name in enumerate("甲乙丙丁")]
    places.add_items(store, None, many, city.MORNING)
    assert of(ITEM, looked(store, title="请加强监管")) == []


def test_an_area_that_is_named_goes_before_the_place(store: Store):
    assert of(PLACE, looked(store, title="广丰停水", place="永丰街道")) == [
        ("广丰区永丰街道", ("广丰",))
    ]
    assert of(PLACE, looked(store, title="广丰停水", place="广丰区永丰街道")) == []


def test_the_place_of_the_caller_s_last_call_is_offered_until_one_is_typed(
    app: Flask, store: Store
):
    called(store, city.MORNING, phone="13812341234", place="五三大道庆丰路口", title="路灯不亮")
    sun = Person(app, "sun")
    shown = asked(sun, phone="13812341234")
    assert json.loads(taken(shown, "五三大道庆丰路口")) == [["place", "五三大道庆丰路口"]]
    assert "9月30日 10:00 来电说的地点" in shown
    assert "来电说的地点" not in asked(sun, phone="13812341234", place="带湖路")


def test_without_script_a_suggestion_is_taken_by_its_button_and_nothing_is_sent(
    app: Flask, store: Store
):
    sun = Person(app, "sun")
    own = {**sun.hidden("/tickets/new"), "title": "投诉路灯不亮", "place": "带湖路"}
    own["acceptance"] = "accept"  # as the page has it at first
    looked_up = sun.client.post("/tickets/new", data={**own, "_do": "update"})
    page = unescape(looked_up.get_data(as_text=True))
    assert 'value="complaint" checked' not in page
    for text in ("投诉", "城市照明设施维护"):
        answer = sun.client.post("/tickets/new", data={**own, "_take": taken(page, text)})
        page = unescape(answer.get_data(as_text=True))
        assert answer.status_code == 200
        own |= {"type": "complaint"} if text == "投诉" else {"proposed_item": "lights-1"}
    assert re.search(r'value="complaint"\s+checked', page)
    assert re.search(r'<option value="lights-1" selected', page)
    assert "投诉路灯不亮" in page
    with store.read() as conn:
        assert conn.execute(select(t.tickets.c.id)).all() == []


def test_what_is_suggested_and_not_taken_is_kept_nowhere(app: Flask, store: Store):
    sun = Person(app, "sun")
    asked(sun, title="投诉路灯不亮")
    sun.post("/tickets/new", {**CALL, "title": "投诉路灯不亮", "type": "help"})
    with store.read() as conn:
        (body,) = conn.execute(
            select(t.events.c.body).where(t.events.c.name == "start", t.events.c.seq == 1)
        ).scalars()
    assert "complaint" not in body
    assert "lights-1" not in body


def test_the_dispatcher_sees_what_the_call_taker_proposed_and_fills_item_and_unit_at_once(
    app: Flask, store: Store
):
    number = called(
        store, city.MORNING, title="路灯不亮", matter="一片漆黑", proposed_item="lights-1"
    )
    (task,) = [one.task for one in agenda.waiting(store, number) if one.name == "派单"]
    path, pan = f"/tickets/{number}/tasks/{task}", Person(app, "pan")
    page = unescape(pan.text(path))
    assert "像是权责清单的哪一项" in page
    value = taken(page, "上饶市城市管理局")
    assert dict(json.loads(value)) == {"item": "lights-1", "lead_unit": "sr-lights"}
    answer = pan.post(path, {"_take": value})
    filled = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 200
    assert '<option value="sr-lights" selected' in filled
    assert '<option value="lights-1" selected' in filled
    assert pan.post(path, {"lead_unit": "sr-lights", "item": "lights-1"}).status_code == 302


def test_of_a_report_no_item_of_the_unit_that_it_is_about_is_suggested(app: Flask, store: Store):
    about = {"type": "report", "about_unit": "sr-lights"}
    number = called(store, city.MORNING, title="举报路灯造假", matter="虚报", **about)
    (task,) = [one.task for one in agenda.waiting(store, number) if one.name == "派单"]
    page = unescape(Person(app, "pan").text(f"/tickets/{number}/tasks/{task}"))
    assert "上饶市城市管理局" not in page.partition("<form")[2].partition("按说到的词建议")[2]


@pytest.mark.parametrize(
    "value", ["", "[", "[1]", "{}", '[["type"]]', '[["nobody", "x"]]', "[[[]]]"]
)
def test_a_suggestion_that_nobody_made_does_no_harm(app: Flask, value: str):
    sun = Person(app, "sun")
    answer = sun.post("/tickets/new", {**CALL, "_take": value})
    assert answer.status_code in (200, 422)
    assert CALL["matter"] in unescape(answer.get_data(as_text=True))
