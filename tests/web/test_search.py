"""The search box: one for numbers, telephones and words, without script, in two languages."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

from flask import Flask

from engine.store import Store
from tests.browser import city
from tests.browser.city import CALL, Clock, Person
from webapp import search

NUMBER = re.compile(r'class="number" href="/tickets/([\d-]+)"')


def page(person: Person, path: str) -> str:
    answer = person.get(path)
    assert answer.status_code == 200, path
    return unescape(answer.get_data(as_text=True))


def test_the_box_on_every_page_finds_a_ticket_by_words_and_says_where_it_stands(
    app: Flask, store: Store, clock: Clock
):
    number = city.called(store, clock())
    pan = Person(app, "pan")
    assert re.search(r'<form class="find" [^>]*action="/tickets">.*?name="q"', page(pan, "/"), re.S)
    found = page(pan, "/tickets?q=路灯 信州区")
    assert NUMBER.findall(found) == [number]
    for words in (CALL["title"], CALL["place"], "办理中", "派单", "上饶市12345热线中心"):
        assert words in found, words
    assert CALL["caller"] not in found
    assert pan.get(f"/tickets?q={number}").location == f"/tickets/{number}"
    assert NUMBER.findall(page(pan, "/tickets?number=路灯")) == [number], "an old bookmark"
    other = page(Person(app, "wang"), "/tickets?q=路灯")
    assert "没有查到“路灯”" in other
    assert CALL["title"] not in other


def test_a_call_taker_finds_the_earlier_ticket_by_the_telephone_that_calls(
    app: Flask, store: Store, clock: Clock
):
    number = city.called(store, clock())
    found = page(Person(app, "sun"), "/calls/again?q=138-1234-1234")
    assert f'href="/tickets/{number}/calls"' in found
    assert CALL["phone"] not in found


def test_what_was_not_found_is_answered_by_a_sentence(app: Flask):
    sun = Person(app, "sun")
    for query, sentence in {
        "": "一个框里可以输入",
        "灯": "“灯”只有一个字",
        "路灯 亮": "“亮”只有一个字",
        "煤气": "没有查到“煤气”",
        "路" * 61: "最多 60 个字",
        "<煤气>“”": "没有查到“<煤气>“””",
    }.items():
        assert sentence in page(sun, f"/tickets?q={query}"), query
    assert "只能按编号查找" in page(Person(app, "ji"), "/tickets?q=路灯")


def test_results_come_in_pages_that_lead_on_and_back(app: Flask, store: Store, clock: Clock):
    made = [
        city.called(store, clock.moment + timedelta(minutes=n)) for n in range(search.ROWS + 2)
    ][::-1]
    sun = Person(app, "sun")
    first = page(sun, "/tickets?q=路灯")
    assert NUMBER.findall(first) == made[: search.ROWS]
    assert "上一页" not in first
    (onward,) = re.findall(r'href="([^"]*)">下一页', first)
    second = page(sun, onward)
    assert NUMBER.findall(second) == made[search.ROWS :]
    assert "下一页" not in second
    (back,) = re.findall(r'href="([^"]*)">上一页', second)
    assert NUMBER.findall(page(sun, back)) == made[: search.ROWS]
    for start in ("x", "-1", "9" * 30, "１"):
        page(sun, f"/tickets?q=路灯&from={start}")


def test_the_page_has_an_english_face(app: Flask, store: Store, clock: Clock):
    city.called(store, clock())
    sun = Person(app, "sun")
    sun.get("/language/en")
    for path, words in {
        "/tickets": "You can type into the one box",
        "/tickets?q=灯": "is a single character",
        "/tickets?q=路灯": "Where it stands",
        "/tickets?q=煤气": "Nothing found for",
    }.items():
        assert words in page(sun, path)
