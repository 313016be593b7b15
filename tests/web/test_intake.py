"""Beside the form of a new call: what is known of the caller and the place."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask import Flask

from engine.acts import people
from engine.read import agenda, intake
from engine.read import ticket as reading
from engine.store import Store
from tests.browser import city
from tests.browser.city import CALL, Person, called


def looked(store: Store, who: str = "sun", **said: str) -> intake.Known:
    user = people.load(store, who)
    return intake.known(
        store, user, said.get("phone", ""), said.get("place", ""), said.get("title", "")
    )


def looked_ticket(store: Store, number: str) -> reading.TicketPage:
    return reading.page(store, people.load(store, "sun"), number, city.MORNING)


def numbers(hits: tuple) -> list[str]:
    return [hit.number for hit in hits]


def test_the_caller_s_earlier_tickets_are_there_by_the_number_alone(store: Store):
    first = called(store, city.MORNING, phone="13812341234", title="路灯不亮", place="带湖路")
    called(store, city.MORNING, phone="13900000000", title="停水", place="滨江路")
    found = looked(store, phone="138 1234 1234")
    assert numbers(found.earlier) == [first]
    assert not looked(store, phone="138")
    assert not looked(store)


def test_open_tickets_about_the_same_place_are_there_the_most_alike_first(store: Store):
    here = dict(phone="", place="信州区五三大道庆丰路口")
    street = called(store, city.MORNING, **{**here, "place": "五三大道"}, title="井盖破损")
    corner = called(store, city.MORNING, **here, title="一排路灯不亮")
    elsewhere = called(
        store,
        city.MORNING,
        **{**here, "place": "信州区滨江路12号"},
        title="路灯不亮",
        matter="整条路都不亮",
    )
    found = looked(store, place="上饶市信州区五三大道庆丰路口3号", title="路灯坏了")
    assert numbers(found.near) == [corner, street]
    assert elsewhere not in numbers(found.near)
    assert numbers(looked(store, place="信州区").near) == []
    assert numbers(looked(store, place="12号").near) == []


def test_a_ticket_shows_once_and_not_to_other_centres(store: Store):
    told = dict(phone="13812341234", place="五三大道", title="路灯不亮")
    number = called(store, city.MORNING, **told)
    found = looked(store, **told)
    assert (numbers(found.earlier), found.near) == ([number], ())
    assert not looked(store, "guo", **told)


@pytest.mark.parametrize(
    "place", ["", " ", "路", "%", '"', "AND OR NOT", "五" * 2000, "a" * 2000, "\u0000"]
)
def test_whatever_is_typed_is_looked_for_or_not_at_all(store: Store, place: str):
    assert not looked(store, place=place, title=place, phone=place)


def test_the_page_shows_it_and_a_call_joins_a_ticket(app: Flask, store: Store):
    number = called(store, city.MORNING, **{k: CALL[k] for k in ("phone", "title", "place")})
    sun = Person(app, "sun")
    typed = {**sun.hidden("/tickets/new"), **CALL, "_do": "update"}
    page = unescape(sun.client.post("/tickets/new", data=typed).get_data(as_text=True))
    assert "这个号码之前的工单" in page
    assert number in page
    asked = sun.client.post("/calls/known", data=typed, headers={"HX-Request": "true"})
    assert number in asked.get_data(as_text=True)
    joined = sun.client.post(f"/tickets/{number}/join", data=typed)
    again = unescape(joined.get_data(as_text=True))
    assert f'action="/tickets/{number}/calls"' in again
    assert CALL["matter"] in again
    assert looked_ticket(store, number).repeat_calls == 0  # asked first
    sun.post(f"/tickets/{number}/calls", {"text": CALL["matter"]}, on=f"/tickets/{number}/calls")
    assert looked_ticket(store, number).repeat_calls == 1


GROUNDS = (
    "secret", "other_branch", "other_procedure", "repeated", "no_basis", "out_of_area", "unlawful",
)  # fmt: skip
SAID = re.compile(r"可以这样告诉诉求人：([^<]+)")


def test_each_ground_of_refusal_has_words_of_its_own_to_read_out_at_once(app: Flask):
    sun = Person(app, "sun")
    own = {**sun.hidden("/tickets/new"), **CALL, "acceptance": "refuse", "_do": "update"}
    told = []
    for ground in GROUNDS:
        answer = sun.client.post("/tickets/new", data={**own, "ground": ground})
        (words,) = SAID.findall(unescape(answer.get_data(as_text=True)))
        told.append(words)
    assert len(set(told)) == len(GROUNDS)
    nothing = sun.client.post("/tickets/new", data=own)
    assert SAID.findall(unescape(nothing.get_data(as_text=True))) == []


def test_who_decides_sees_the_words_that_the_call_taker_reads_out(app: Flask, store: Store):
    number = called(store, city.MORNING, acceptance="unsure", doubt="像是外地的事")
    waiting = {one.name: one.task for one in agenda.waiting(store, number)}
    ban, sun = Person(app, "ban"), Person(app, "sun")
    above = f"/tickets/{number}/tasks/{waiting['值班长认定']}"
    sent = {"decision": "refuse", "ground": "out_of_area", "_do": "update"}
    seen = SAID.findall(unescape(ban.post(above, sent).get_data(as_text=True)))
    city.done(store, city.MORNING, "ban", number, "值班长认定", **sent)
    (task,) = [one.task for one in agenda.waiting(store, number) if not one.optional]
    below = f"/tickets/{number}/tasks/{task}"
    read = sun.post(below, {"ground": "out_of_area", "_do": "update"})
    assert seen == SAID.findall(unescape(read.get_data(as_text=True)))
    assert len(seen) == 1


def test_who_takes_a_call_of_danger_comes_to_the_form_that_hands_it_over(app: Flask):
    sun = Person(app, "sun")
    danger = sun.post("/tickets/new", {**CALL, "emergency": "danger"}).location
    form = unescape(sun.text(danger))
    assert re.search(r"/tickets/[\d-]+/tasks/\d+$", danger)
    assert "已登记，工单编号" in form
    assert "转给了谁" in form
    assert 'data-now="field-handed_at"' in form, "when it was handed over is one press"
    assert sun.post("/tickets/new", CALL).location == "/"


def test_the_call_is_written_from_its_first_field_on(app: Flask, store: Store):
    sun = Person(app, "sun")
    number = called(store, city.MORNING)
    assert "data-begin" in sun.text("/tickets/new")
    assert "data-begin" in sun.text(f"/tickets/{number}/calls")
    assert "data-begin" not in sun.post("/tickets/new", {**CALL, "title": ""}).get_data(
        as_text=True
    )
