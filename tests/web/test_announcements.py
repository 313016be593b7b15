"""Announcements on the pages: written, read out, called about, changed, ended."""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO

import pytest
from flask import Flask
from openpyxl import load_workbook

from engine.acts import people
from engine.read import announcements as reading
from engine.read import search
from engine.store import Store
from tests.browser import city
from tests.browser.city import CALL, Clock, Person

WRITTEN = {
    "kind": "water",
    "title": "滨江路停水检修",
    "places": "滨江路、信江花园小区",
    "script": "今天检修，下午六点恢复。\n请先存水。",
    "contact": "市水务局 0793-8123456",
    "since": "2026-09-30T10:00",
    "until": "2026-09-30T18:00",
}


def page(person: Person, path: str) -> str:
    return unescape(person.text(path))


def asked(person: Person, **typed: str) -> str:
    """What stands beside the form of a new call once that was typed."""
    own = person.hidden("/tickets/new")
    answer = person.client.post("/calls/known", data={**own, **typed})
    return unescape(answer.get_data(as_text=True))


def of(store: Store, number: str) -> reading.Page:
    return reading.page(store, people.load(store, "ban"), number, city.MORNING)


def test_the_dispatcher_writes_one_and_the_call_taker_reads_it_out(app: Flask, store: Store):
    pan, sun = Person(app, "pan"), Person(app, "sun")
    assert "现在没有有效的公告" in page(sun, "/announcements")
    assert "发布公告" not in page(sun, "/announcements")
    answer = pan.post("/announcements/new", dict(WRITTEN))
    path = answer.location
    assert (answer.status_code, path) == (302, "/announcements/GG20260930-001")
    for shown in (page(sun, path), page(sun, "/tickets/new")):
        assert "请先存水。" in shown
        assert "9月30日 10:00 至 9月30日 18:00" in shown
    assert "滨江路停水检修" in page(sun, "/announcements")
    assert "已有 0 通来电" in page(sun, "/tickets/new")


def test_what_is_wrong_is_said_at_the_field_and_what_was_typed_stays(app: Flask):
    pan = Person(app, "pan")
    bad = {**WRITTEN, "kind": "", "title": "", "until": "2026-09-30T09:00", "script": "长" * 2001}
    answer = pan.post("/announcements/new", bad)
    told = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 422
    for field in ("kind", "title", "script", "until"):
        assert f'href="#field-{field}"' in told
        assert f'id="error-{field}"' in told
    assert "最多2000字，现在有2001字" in told
    assert "信江花园小区" in told


def test_what_fits_is_marked_and_unfolded_while_one_types(app: Flask, store: Store):
    far = city.announced(store, city.MORNING, title="带湖路停电", places="带湖路", kind="power")
    near = city.announced(store, city.MORNING)
    sun = Person(app, "sun")
    beside = asked(sun, place="信州区带湖路8号")
    assert beside.index(far) < beside.index(near)
    assert beside.count("说的可能就是这件事") == 1
    assert f'<details id="script-{far}" open>' in beside
    assert f'<details id="script-{near}">' in beside


def test_a_number_that_is_too_long_is_told_and_not_cut(app: Flask, store: Store):
    number = city.announced(store, city.MORNING)
    sun = Person(app, "sun")
    typed = {**sun.hidden("/tickets/new"), "phone": "1" * 41, **CHANNEL}
    answer = sun.client.post(f"/tickets/new/about/{number}", data=typed)
    shown = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 422
    assert "来电号码最多40个字" in shown
    assert f'value="{"1" * 41}"' in shown
    assert of(store, number).calls == ()


def test_one_click_links_the_call_and_no_ticket_is_made(app: Flask, store: Store):
    number = city.announced(store, city.MORNING)
    sun = Person(app, "sun")
    path = f"/tickets/new/about/{number}"
    typed = {**sun.hidden("/tickets/new"), "phone": "13812341234", "title": "几点来水", **CHANNEL}
    for _ in range(2):  # sent twice it is one call
        answer = sun.client.post(path, data=typed)
        assert answer.location == f"/announcements/{number}"
    shown = page(sun, answer.location)
    assert "是第 1 通" in shown
    assert "下午六点恢复供水" in shown
    assert "138****1234" in shown
    assert "几点来水" in shown
    assert "13812341234" not in shown
    assert "已有 1 通来电" in asked(sun)
    assert "这个号码已来电 1 次" in asked(sun, phone="138 1234 1234")
    assert search.find(store, people.load(store, "sun"), "2026").hits == ()
    (call,) = of(store, number).calls
    assert (call.who, call.channel) == ("孙悦", "merged_line")


CHANNEL = {"channel": "merged_line"}


def test_a_ticket_of_the_call_is_linked_and_the_same_page_can_do_both(app: Flask, store: Store):
    number = city.announced(store, city.MORNING)
    sun = Person(app, "sun")
    own = sun.hidden("/tickets/new")
    refused = sun.client.post("/tickets/new", data={**own, "_announcement": number})
    assert refused.status_code == 422
    again = unescape(refused.get_data(as_text=True))
    box = re.search(rf'<input[^>]*name="_announcement" value="{number}"[^>]*>', again)
    assert box
    assert "checked" in box[0]
    sun.client.post(f"/tickets/new/about/{number}", data=own)
    made = sun.client.post("/tickets/new", data={**own, **CALL, "_announcement": number})
    assert made.status_code == 302
    calls = of(store, number).calls
    assert [bool(call.ticket) for call in calls] == [True, False]
    assert f'href="/tickets/{calls[0].ticket}"' in page(sun, f"/announcements/{number}")


def test_one_that_ends_while_one_types_loses_nothing(app: Flask, store: Store, clock: Clock):
    number = city.announced(store, city.MORNING)
    sun, ban = Person(app, "sun"), Person(app, "ban")
    own = {**sun.hidden("/tickets/new"), **CALL}
    here = f"/announcements/{number}"
    assert ban.post(f"{here}/end", {}, on=here).location == here
    assert "已提前结束" in page(ban, here)
    for path, more in (
        (f"/tickets/new/about/{number}", {}),
        ("/tickets/new", {"_announcement": number}),
    ):
        told = sun.client.post(path, data={**own, **more})
        shown = unescape(told.get_data(as_text=True))
        assert told.status_code == 422
        assert "现在不在有效期内" in shown
        assert CALL["matter"] in shown
        assert number not in shown.partition("现在有效的公告")[2]
    assert sun.client.post("/tickets/new", data=own).status_code == 302
    assert of(store, number).announcement.calls == 0
    assert number in page(sun, "/announcements?tab=past")


def test_a_change_is_the_next_revision_and_keeps_what_was_read_before(app: Flask, store: Store):
    number = city.announced(store, city.MORNING)
    here = f"/announcements/{number}"
    sun, pan, ban = (Person(app, name) for name in ("sun", "pan", "ban"))
    sun.client.post(f"/tickets/new/about/{number}", data=sun.hidden("/tickets/new"))
    was = ban.hidden(f"{here}/edit")
    later = {**WRITTEN, "script": "推迟到晚上八点。", "until": "2026-09-30T20:00"}
    assert pan.post(f"{here}/edit", later).location == here
    shown = page(pan, here)
    assert "推迟到晚上八点。" in shown
    assert "修改（第 2 稿）" in shown
    assert "听的是第 1 稿" in shown
    assert "下午六点恢复供水" in shown.partition("当时的口径")[2]
    late = ban.client.post(f"{here}/edit", data={**was, **WRITTEN, "script": "另一种说法"})
    told = unescape(late.get_data(as_text=True))
    assert late.status_code == 422
    assert "刚刚由别人改过" in told
    assert "另一种说法" in told


def test_an_announcement_is_its_own_centre_s(app: Flask, store: Store):
    number = city.announced(store, city.MORNING)
    guo = Person(app, "guo")
    assert "滨江路停水检修" not in page(guo, "/tickets/new")
    assert "滨江路停水检修" not in page(guo, "/announcements")
    assert guo.get(f"/announcements/{number}").status_code == 404


def test_an_auditor_sees_that_they_called_and_not_what_they_said(app: Flask, store: Store):
    number = city.announced(store, city.MORNING)
    sun = Person(app, "sun")
    typed = {**sun.hidden("/tickets/new"), "phone": "13812341234", "title": "家里有病人"}
    sun.client.post(f"/tickets/new/about/{number}", data=typed)
    shown = page(Person(app, "ji"), f"/announcements/{number}")
    assert "共 1 通" in shown
    assert "孙悦" in shown
    assert "家里有病人" not in shown
    assert "138****1234" not in shown


def test_the_calls_are_a_workbook_of_text_with_masked_telephones(app: Flask, store: Store):
    number = city.announced(store, city.MORNING)
    sun = Person(app, "sun")
    typed = {**sun.hidden("/tickets/new"), "phone": "13812341234", "title": "=1+1"}
    sun.client.post(f"/tickets/new/about/{number}", data=typed)
    answer = sun.get(f"/announcements/{number}/calls.xlsx")
    head, row = load_workbook(BytesIO(answer.data)).active.iter_rows()
    assert [cell.value for cell in head][3:5] == ["来电号码", "说了什么"]
    assert [cell.value for cell in row][1:6] == ["孙悦", None, "138****1234", "=1+1", "1"]
    assert "f" not in {cell.data_type for cell in row}


@pytest.mark.parametrize("text", ["a\u202eb", "长" * 2001])
def test_words_that_cannot_be_kept_are_told_and_stay(app: Flask, store: Store, text: str):
    number = city.announced(store, city.MORNING)
    sun = Person(app, "sun")
    typed = {**sun.hidden("/tickets/new"), "matter": text}
    answer = sun.client.post(f"/tickets/new/about/{number}", data=typed)
    assert answer.status_code == 422
    assert text in unescape(answer.get_data(as_text=True))
    assert of(store, number).announcement.calls == 0
