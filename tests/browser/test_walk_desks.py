"""A morning at the hotline: a cut of water announced, a text kept ready, callers called back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser import city
from tests.browser.conftest import SCRIPT_OR_NOT, Visitor
from tests.browser.test_walk import open_task

Visit = Callable[..., Visitor]

SCRIPT = "滨江路今天检修，下午六点恢复供水。"


@pytest.mark.parametrize("script", SCRIPT_OR_NOT)
def test_many_call_about_one_cut_and_hear_the_same(visit: Visit, script: bool):
    visitor = visit(script=script)
    visitor.sign_in("pan")
    visitor.follow("公告")
    visitor.look("announcements-empty")
    visitor.follow("发布公告")
    visitor.look("announce-empty")
    visitor.choose("哪一类", "停水")
    visitor.write("什么事", "滨江路停水检修")
    visitor.write("影响哪些地方", "滨江路、信江花园小区")
    visitor.write("读给来电人的话（口径）", SCRIPT)
    visitor.press("发布")
    contact, until = visitor.page.get_by_role("alert").get_by_role("link").all_inner_texts()
    assert "负责单位和电话" in contact
    assert "“到什么时候止”" in until
    visitor.look("announce-errors")
    visitor.write("负责单位和电话", "市水务局 0793-8123456")
    visitor.write("到什么时候止", "2026-09-30T18:00")
    visitor.press("发布")
    assert "公告已发布" in visitor.said()
    open_task(visitor, "sun", "登记来电")
    visitor.write("来电号码", "13812341234")
    visitor.write("在哪里", "滨江路12号")
    if not script:
        visitor.press("查找相关工单")
    beside = visitor.page.locator("#known")
    expect(beside.locator(".fits")).to_contain_text(SCRIPT)
    beside.get_by_role("button", name="来电是这件事，记入公告").click()
    visitor.page.wait_for_url("**/announcements/*")
    assert "是第 1 通" in visitor.said()
    visitor.follow("公告")
    assert "1 通" in visitor.page.get_by_role("row").filter(has_text="滨江路").inner_text()
    visitor.look("announcements")


@pytest.mark.parametrize("script", SCRIPT_OR_NOT)
def test_a_text_kept_ready_answers_a_caller_who_is_then_called_back(visit: Visit, script: bool):
    visitor = visit(script=script)
    store, now, page = visitor.site.store, visitor.site.clock(), visitor.page
    number = city.called(store, now)
    city.done(store, now, "pan", number, "派单", lead_unit="sr-lights", item_words="照明")
    city.done(store, now, "li", number, "签收")
    visitor.sign_in("ling")
    visitor.follow("答复模板")
    visitor.look("templates-empty")
    visitor.follow("写新模板")
    visitor.choose("用在哪里", "答复诉求人")
    visitor.write("名称", "路灯修好")
    visitor.write("内容", "您反映的“{诉求标题}”已修好，编号{工单编号}。")
    visitor.press("保存模板")
    visitor.look("templates")
    open_task(visitor, "li", "办理并答复")
    page.locator("main").get_by_label("插入到“怎样答复诉求人”的模板").select_option(
        label="路灯修好"
    )
    page.get_by_role("button", name="插入模板").last.click()
    reply = page.get_by_label("怎样答复诉求人", exact=True)
    expect(reply).to_have_value(f"您反映的“五三大道一排路灯不亮”已修好，编号{number}。")
    visitor.write("办了什么", "更换了镇流器。")
    visitor.choose("用什么方式告知", "电话")
    visitor.write("告知时间", "2026-09-30T09:30")
    visitor.choose("办结结果", "诉求已办理完毕")
    visitor.press("提交")
    city.done(store, now, "ling", number, "审批答复", approval="approved")
    visitor.sign_out()
    visitor.sign_in("hui")
    visitor.follow("回访台")
    visitor.look("follow-up-desk-empty")
    city.done(store, now, "shen", number, "审核办理结果", review="accepted")
    visitor.follow("回访台")
    assert "已修好" in page.get_by_role("row").filter(has_text=number).inner_text()
    visitor.press("开始回访，一件接一件")
    assert "您反映的“五三大道一排路灯不亮”已修好" in page.content()
    assert "13812341234" not in page.content()
    if script:
        visitor.press("显示号码")
        expect(page.get_by_role("link", name="13812341234")).to_be_visible()
    else:
        with visitor.context.expect_page() as opened:
            page.get_by_role("button", name="显示号码").click()
        expect(opened.value.get_by_text("13812341234")).to_be_visible()
        opened.value.close()
    for group, option in (("联系上诉求人了吗", "联系上了"), ("诉求人的评价", "满意")):
        visitor.choose(group, option)
        if not script:
            visitor.press("更新表单")
    visitor.press("提交")
    assert "这里没有下一件了" in page.content()
