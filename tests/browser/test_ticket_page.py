"""A ticket's page stays open in a real browser while others work on the ticket."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser import city
from tests.browser.conftest import Visitor

Visit = Callable[..., Visitor]

HALF_MINUTE = 31_000


def opened(visitor: Visitor, who: str) -> str:
    """The page of a ticket that Li's unit leads and another handles with it; its number."""
    store, now = visitor.site.store, visitor.site.clock()
    number = city.called(store, now)
    given = {"lead_unit": "sr-lights", "co_units": ["sr-water"], "item_words": "照明"}
    city.done(store, now, "pan", number, "派单", **given)
    city.done(store, now, "li", number, "签收")
    city.done(store, now, "wang", number, "签收")
    city.done(store, now, "wang", number, "协办办理并反馈", opinion="没有水管。")
    if visitor.script:
        visitor.page.clock.install()
    visitor.sign_in(who)
    visitor.go(f"/tickets/{number}")
    return number


def test_news_come_by_themselves_and_take_nothing_that_is_half_written(visit: Visit):
    visitor = visit()
    store, now, page = visitor.site.store, visitor.site.clock(), visitor.page
    number = opened(visitor, "ling")
    to_do, notice = page.locator("#may-be-done"), page.get_by_text("工单有了新的进展")
    with page.expect_response(lambda answer: "/news" in answer.url) as answered:
        page.clock.run_for(HALF_MINUTE)
    assert answered.value.status == 204

    visitor.write("备注内容", "写了一半")
    city.done(store, now, "li", number, "办理并答复", outcome="done")
    page.clock.run_for(HALF_MINUTE)
    expect(notice).to_be_visible()
    expect(to_do).to_contain_text("没有等您办理的任务")  # nothing moves under who writes
    page.get_by_role("link", name="刷新查看").click()
    expect(to_do).to_contain_text("审批答复")
    expect(notice).to_have_count(0)
    expect(page.get_by_label("备注内容")).to_have_value("写了一半")

    page.get_by_label("备注内容").blur()
    city.done(store, now, "ling", number, "审批答复", approval="rejected")
    page.clock.run_for(HALF_MINUTE)
    expect(to_do).to_contain_text("没有等您办理的任务")
    expect(page.locator("#on-diagram")).to_contain_text("办理并答复")
    expect(notice).to_be_visible()
    expect(page.get_by_label("备注内容")).to_have_value("写了一半")
    visitor.look("ticket-with-news")


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_the_page_has_an_index_and_a_picture_with_script_and_without(visit: Visit, script: bool):
    visitor = visit(script=script)
    opened(visitor, "li")
    picture = visitor.page.locator("#on-diagram img")
    expect(picture).to_have_js_property("naturalWidth", 880)
    visitor.look("ticket-indexed")
    visitor.follow("协办意见")
    expect(visitor.page.get_by_text("没有水管。").first).to_be_in_viewport()
