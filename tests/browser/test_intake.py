"""A call taken by the keyboard alone, while announcements and suggestions come in beside it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from engine.acts import people
from engine.read import announcements
from tests.browser import city
from tests.browser.conftest import NARROW, WIDE, Visitor
from webapp import words

Visit = Callable[..., Visitor]


def fields(page: Page) -> object:
    """Where each field of the form stands on the page."""
    return page.evaluate(
        "[...document.querySelectorAll('#call-form [id^=field-]')]"
        ".map((one) => [one.id, one.getBoundingClientRect().top + scrollY])"
    )


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_an_announcement_is_reached_read_and_linked_by_the_keyboard(
    visit: Visit, size: dict[str, int]
):
    visitor = visit()
    store, now = visitor.site.store, visitor.site.clock()
    number = city.announced(store, now)
    city.announced(store, now, title="带湖路停电", places="带湖路", kind="power")
    visitor.sign_in("sun")
    visitor.go("/tickets/new")
    page, keys = visitor.page, visitor.page.keyboard
    page.set_viewport_size(size)
    stood = fields(page)
    page.locator("#field-phone").focus()
    keys.type("13812341234")
    page.locator("#field-place").focus()
    keys.type("滨江路12号")
    expect(page.locator(".fits")).to_contain_text("滨江路停水检修")
    expect(page.locator(".fits .script")).to_be_visible()
    keys.type("，三楼")
    assert page.evaluate("document.activeElement.id") == "field-place"
    expect(page.locator("#field-place")).to_have_value("滨江路12号，三楼")
    assert fields(page) == stood, "nothing moves under who types"
    visitor.look("intake-announcement")
    page.set_viewport_size(size)
    keys.press("F2")
    keys.press("Tab")
    keys.press("Tab")
    assert page.evaluate("document.activeElement.id") == f"link-{number}"
    keys.press("Enter")
    page.wait_for_url(f"**/announcements/{number}")
    expect(page.locator(".notice")).to_contain_text("是第 1 通")
    visitor.look("announcement")
    found = announcements.page(store, people.load(store, "sun"), number, now)
    assert [(call.phone, call.text) for call in found.calls] == [
        ("138****1234", "滨江路12号，三楼")
    ]


def test_a_suggestion_fills_its_field_and_enter_sends_the_form(visit: Visit):
    visitor = visit()
    visitor.sign_in("sun")
    visitor.go("/tickets/new")
    page = visitor.page
    page.locator("#field-title").fill("投诉路灯不亮")
    item = page.locator("button[name=_take]", has_text="城市照明设施维护")
    expect(item).to_be_visible()
    assert page.locator("#field-proposed_item").input_value() == ""
    item.click()
    expect(page.locator("#field-proposed_item")).to_have_value("lights-1")
    page.locator("button[name=_take]", has_text="投诉").first.click()
    expect(page.get_by_label("投诉", exact=True)).to_be_checked()
    expect(page.locator("button[name=_take]")).to_have_count(0)
    page.keyboard.press("F9")
    expect(page.get_by_label("危及生命安全")).to_be_checked()
    page.locator("#field-title").press("Enter")
    expect(page.locator(".error-summary")).to_contain_text("在哪里")
    expect(page.get_by_label("危及生命安全")).to_be_checked()
    visitor.look("intake-suggested")


def test_a_call_of_danger_is_typed_and_handed_over_without_a_clock(visit: Visit):
    visitor = visit()
    visitor.sign_in("sun")
    visitor.go("/tickets/new")
    page, keys = visitor.page, visitor.page.keyboard
    assert page.evaluate("document.activeElement.id") == "field-phone"
    keys.type("13812341234")
    keys.press("F9")
    page.get_by_label("求助", exact=True).check()
    for field, text in (("title", "有人落水"), ("matter", "在码头"), ("place", "信江书院码头")):
        page.locator(f"#field-{field}").fill(text)
    page.locator("#field-place").press("Enter")
    page.wait_for_url("**/tasks/*")
    page.get_by_label("119消防").check()
    page.locator("[data-now]").click()
    said = page.locator("#field-handed_at").input_value()
    shown = visitor.site.clock().astimezone(words.ZONE)
    assert abs(datetime.fromisoformat(said) - shown.replace(tzinfo=None)) < timedelta(minutes=5)
    visitor.look("handed-over-now")


def test_a_press_counts_though_its_button_comes_anew_meanwhile(visit: Visit):
    visitor = visit()
    number = city.announced(visitor.site.store, visitor.site.clock())
    visitor.sign_in("sun")
    visitor.go("/tickets/new")
    page = visitor.page
    page.evaluate(
        """document.addEventListener("submit", () => {
          const known = document.getElementById("known");
          known.replaceWith(known.cloneNode(true));
        }, {once: true})"""
    )
    page.locator(f"#link-{number}").click()
    page.wait_for_url(f"**/announcements/{number}")
