"""What people try who wish the city no good: odd input, others' tickets, pages left open."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from io import BytesIO
from unittest import mock

import pytest
from flask import Flask
from openpyxl import load_workbook

from engine import sweep, terms
from engine.access import ROLES
from engine.acts import announcements, people
from engine.acts.people import IDLE, Newcomer
from engine.store import Store
from tests.browser import city
from tests.browser.city import CALL, PASSWORD, Clock, Person
from tests.integration.office import CHEAP
from tests.web.test_announcements import WRITTEN

# --- odd input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "since", ["0001-01-01T00:00", "2026-09-30T10:00+08:00", "9999-12-31T24:00"]
)
def test_a_time_that_no_clock_shows_is_asked_for_again(app: Flask, since: str):
    pan, ban = Person(app, "pan"), Person(app, "ban")
    written = {**WRITTEN, "since": since, "until": "9999-12-31T23:59"}
    assert pan.post("/announcements/new", dict(written)).status_code == 422
    ban.post("/duty/lines", {"lines": "10-01 08:30-10-02 08:30 孙悦"}, on="/duty")
    path = re.findall(r'href="(/duty/shifts/\d+)"', ban.text("/duty?month=2026-10"))[-1]
    sent = {"since": since, "until": "2026-10-02T20:00", "who": "sun", "rank": "1"}
    assert ban.post(path, dict(sent)).status_code == 422


@pytest.mark.parametrize(
    "wrong",
    [
        {"ends": "11:00+08:00"},
        {"begins": "10:00Z"},
        {"first": "9999-12-31", "last": "9999-12-31"},
        {"first": "0001-01-01", "last": "0001-01-01"},
    ],
)
def test_days_that_no_calendar_has_are_told(app: Flask, wrong: dict[str, str]):
    days = {
        "first": "2026-10-08",
        "last": "2026-10-09",
        "weekday": ["0", "1", "2", "3", "4", "5", "6"],
        "days": "every",
        "begins": "17:30",
        "ends": "08:30",
        "who": "sun",
        "rank": "1",
    }
    answer = Person(app, "ban").post("/duty/days", {**days, **wrong}, on="/duty")
    assert answer.status_code == 422
    assert "请改正" in answer.get_data(as_text=True)


def test_a_character_that_no_workbook_can_hold_spoils_none(app: Flask, store: Store, clock: Clock):
    odd = "=1+1\uffff\ufffe停水"
    number = city.called(store, clock(), title=odd)
    announced = city.announced(store, clock())
    sun = Person(app, "sun")
    own = sun.hidden("/tickets/new")
    sun.client.post(f"/tickets/new/about/{announced}", data={**own, "title": odd})
    for who, path in (("pan", "/tasks.xlsx"), ("sun", f"/announcements/{announced}/calls.xlsx")):
        answer = Person(app, who).get(path)
        assert answer.status_code == 200, path
        cells = [cell for row in load_workbook(BytesIO(answer.data)).active.rows for cell in row]
        assert [cell.data_type for cell in cells if cell.value == "=1+1停水"] == ["s"], path
    assert number in Person(app, "pan").text("/")


def test_a_nul_in_a_taken_suggestion_reaches_no_database(app: Flask):
    taken = {**CALL, "_take": '[["phone", "1381234\\u00001234"], ["title", "\\u0000"]]'}
    answer = Person(app, "sun").post("/tickets/new", taken)
    assert answer.status_code == 200
    assert "\0" not in answer.get_data(as_text=True)
    assert CALL["title"] in answer.get_data(as_text=True)


def test_of_a_text_without_end_only_the_beginning_is_looked_for(app: Flask):
    sun = Person(app, "sun")
    own = sun.hidden("/tickets/new")
    endless = {**own, "place": "a " * 200_000, "title": "1 " * 100_000, "matter": "市b" * 20_000}
    with mock.patch("engine.terms.plain", wraps=terms.plain) as plain:
        assert sun.client.post("/calls/known", data=endless).status_code == 200
    assert max(len(call.args[0]) for call in plain.call_args_list) <= 20_000


# --- others' tickets ---------------------------------------------------------------------------


def newcomers(store: Store, clock: Clock, *who: Newcomer) -> None:
    with mock.patch.object(people, "_hasher", CHEAP):
        people.add_crowd(store, who, PASSWORD, clock())


def pages(person: Person, *first: str) -> dict[str, str]:
    """Whatever somebody reaches by links, each page in one way: address → text."""
    found: dict[str, str] = {}
    waiting = [*first]
    while waiting:
        path = waiting.pop()
        if path in found or path.startswith(("/static/", "/language/")):
            continue
        answer = person.get(path)
        assert answer.status_code in (200, 204, 302, 403, 404), path
        if answer.mimetype.endswith("sheet"):
            sheet = load_workbook(BytesIO(answer.data)).active
            found[path] = "\n".join(str(cell.value) for row in sheet.rows for cell in row)
            continue
        found[path] = unescape(answer.get_data(as_text=True))
        links = re.findall(r'(?:href|hx-get|src)="(/[^"]*)"', found[path])
        seen = {one.partition("?")[0] for one in (*found, *waiting)}
        waiting += {unescape(one) for one in links if one.partition("?")[0] not in seen}
    return found


def test_whoever_a_report_is_about_meets_it_on_no_page(app: Flask, store: Store, clock: Clock):
    announced = city.announced(store, clock())
    sun = Person(app, "sun")
    about = {**CALL, "type": "report", "about_unit": "sr-water", "title": "水务局的人收礼"}
    sent = {**about, "_announcement": announced}
    assert sun.post("/tickets/new", sent).status_code == 302
    number = Person(app, "pan").tasks()[-1][0]
    city.done(store, clock(), "pan", number, "派单", lead_unit="sr-lights", item_words="照明")
    clock.set("2026-10-16 09:00")
    sweep.run_once(store, clock())
    newcomers(store, clock, Newcomer("all", "全能", "sr-water", tuple(sorted(ROLES))))
    newcomers(store, clock, Newcomer("one", "旁人", "sr-centre", ("auditor",)))
    start = ("/", f"/announcements/{announced}", "/announcements?tab=past", "/ledger?tab=all")
    met = pages(Person(app, "all"), *start)
    assert len(met) > 15
    assert {path for path, text in met.items() if number in text} == set()
    seen = pages(Person(app, "one"), f"/announcements/{announced}/calls.xlsx", *start[1:2])
    assert all(number in seen[path] for path in (start[1], f"{start[1]}/calls.xlsx"))


def test_a_protected_reporter_is_met_on_no_page_outside_the_centre(
    app: Flask, store: Store, clock: Clock
):
    number = city.called(store, clock(), type="report", protected="true")
    given = {"lead_unit": "sr-lights", "co_units": ["sr-water"], "item_words": "照明"}
    city.done(store, clock(), "pan", number, "派单", **given)
    li = Person(app, "li")
    texts = {"kind": "reply", "name": "答复", "text": "{诉求标题}{诉求地点}{工单编号}"}
    assert li.post("/templates/new", dict(texts)).status_code == 302
    city.done(store, clock(), "li", number, "签收")
    for who in ("li", "ling", "wang", "du"):
        for path, text in pages(Person(app, who), "/", f"/tickets/{number}").items():
            assert CALL["caller"] not in text, (who, path)
            assert not re.search(r"13812341234|138\*{4}1234", text), (who, path)


# --- pages left open ---------------------------------------------------------------------------


def test_a_page_that_looks_for_news_by_itself_keeps_nobody_signed_in(
    app: Flask, store: Store, clock: Clock
):
    number, _ = city.dispatched(app, "sun", "pan", "sr-lights")
    li = Person(app, "li")
    shown = li.text(f"/tickets/{number}")
    picture = re.search(r'<img src="([^"]*/drawing\.svg[^"]*)"', shown)
    assert picture
    for _ in range(3):
        clock.moment += IDLE / 2 - timedelta(minutes=1)
        for path in (f"/tickets/{number}/news?seq=1", unescape(picture[1]), "/figures"):
            li.get(path)
    assert li.get("/").status_code == 302


def test_what_callers_said_was_destroyed_and_the_announcement_is_over_for_good(
    app: Flask, store: Store, clock: Clock
):
    number = city.announced(store, clock())
    clock.set("2026-09-30 19:00")
    pan = Person(app, "pan")
    own = pan.hidden(f"/announcements/{number}/edit")
    du = people.load(store, "du")
    announcements.erase(store, du, number, "保存期满", clock(), "k" * 32)
    assert "/edit" not in pan.text(f"/announcements/{number}")
    sent = {**own, **WRITTEN, "until": "2026-09-30T23:00"}
    answer = pan.client.post(f"/announcements/{number}/edit", data=sent)
    assert answer.status_code == 422
    assert "已经结束" in unescape(answer.get_data(as_text=True))


def test_an_old_page_puts_back_nothing_that_a_colleague_has_taken_since(
    app: Flask, store: Store, clock: Clock
):
    newcomers(store, clock, Newcomer("lian", "连副局长", "sr-lights", ("leader",)))
    number = city.called(store, clock())
    city.done(store, clock(), "pan", number, "派单", lead_unit="sr-lights", item_words="照明")
    city.done(store, clock(), "li", number, "签收")
    city.done(store, clock(), "li", number, "办理并答复", outcome="done")
    ling, lian = Person(app, "ling"), Person(app, "lian")
    ((_, task),) = lian.tasks()
    passed = {"desk": "decisions", "skip": f"{number}/{task}"}
    for person, path in ((lian, f"/tickets/{number}/tasks/{task}/claim"), (ling, "/next")):
        answer = person.client.post(path, data={**person.token(), **passed})
        assert answer.status_code == 302
    assert f'/tickets/{number}/tasks/{task}"' in lian.text("/?tab=mine")
