"""Desks in a real browser: a text put in where one writes, a number shown while calling."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from engine.acts import people, templates
from engine.acts.templates import Draft
from tests.browser import city
from tests.browser.conftest import Visitor

Visit = Callable[..., Visitor]


def signed(visitor: Visitor) -> str:
    store, now = visitor.site.store, visitor.site.clock()
    number = city.called(store, now)
    city.done(store, now, "pan", number, "派单", lead_unit="sr-lights", item_words="照明")
    city.done(store, now, "li", number, "签收")
    return number


def test_a_text_goes_in_where_one_is_writing_and_replaces_nothing(visit: Visit):
    visitor = visit()
    store, now = visitor.site.store, visitor.site.clock()
    ling = people.load(store, "ling")
    templates.write(store, ling, Draft("reply", "修好", "“{诉求标题}”已修好。"), now, "one")
    signed(visitor)
    visitor.sign_in("li")
    visitor.page.locator("a", has_text="办理并答复").first.click()
    reply = visitor.page.locator("#field-reply")
    reply.fill("您好。再见。")
    reply.evaluate("field => field.setSelectionRange(0, 3)")
    visitor.page.locator("[name=_template-reply]").select_option(label="修好")
    visitor.page.locator("[data-insert=field-reply]").click()
    expect(reply).to_have_value("您好。\n“五三大道一排路灯不亮”已修好。\n再见。")
    visitor.look("form-with-templates")
    visitor.go("/templates/1")
    visitor.look("template")


def test_desks_look_like_the_other_pages(visit: Visit):
    visitor = visit()
    store, now = visitor.site.store, visitor.site.clock()
    signed(visitor)
    done = signed(visitor)
    city.done(store, now, "li", done, "办理并答复", outcome="done")
    city.done(store, now, "ling", done, "审批答复", approval="approved")
    city.done(store, now, "shen", done, "审核办理结果", review="accepted")
    for who, name in (("lei", "unit-empty"), ("ling", "unit")):
        visitor.sign_in(who)
        visitor.go("/unit")
        visitor.look(name)
        visitor.sign_out()
    visitor.sign_in("hui")
    visitor.go("/follow-up")
    visitor.look("follow-up-desk")
    visitor.press("开始回访，一件接一件")
    visitor.page.get_by_role("radio", name="联系上了").check()
    visitor.press("显示号码")
    expect(visitor.page.get_by_role("link", name=city.CALL["phone"])).to_be_visible()
    expect(visitor.page.get_by_role("radio", name="联系上了")).to_be_checked()
    visitor.look("call")
