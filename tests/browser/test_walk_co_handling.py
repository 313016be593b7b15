"""A ticket is handled together at two levels: the city's units, and under its lead a county's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser import city
from tests.browser.conftest import SCRIPT_OR_NOT, Visitor
from tests.browser.test_walk import open_task

Visit = Callable[..., Visitor]


def sign(visitor: Visitor, person: str, then: str) -> None:
    """Sign as somebody, and go on to what comes next."""
    open_task(visitor, person, "签收")
    visitor.press("提交")
    visitor.follow(then)


def give_opinion(visitor: Visitor, person: str, opinion: str) -> None:
    sign(visitor, person, "协办办理并反馈")
    visitor.write("协办意见", opinion)
    visitor.press("提交")


@pytest.mark.parametrize("script", SCRIPT_OR_NOT)
def test_units_of_two_levels_handle_a_ticket_together(visit: Visit, script: bool):
    visitor = visit(script=script)
    store, now, page = visitor.site.store, visitor.site.clock(), visitor.page
    number = city.called(store, now, title="自来水发黄", place="广丰区永丰街道")
    visitor.sign_in("pan")
    visitor.follow("派单")
    visitor.choose("权责清单事项", "城镇供水监管（上饶市水务局）")
    if not script:
        visitor.press("更新表单")
    visitor.choose("派给哪个单位（主办）", "广丰区12345热线中心")
    visitor.choose("协办单位", "上饶市水务局")
    visitor.press("提交")
    give_opinion(visitor, "wang", "市水厂出厂水合格。")

    sign(visitor, "guo", "派单")
    visitor.choose("派给哪个单位（主办）", "广丰区水利局")
    visitor.choose("协办单位", "广丰区住房和城乡建设局")
    visitor.choose("协办单位", "广丰区生态环境局")
    visitor.write("清单里没有，依据什么派", "农村供水")
    visitor.press("提交")
    for unit in ("广丰区水利局", "广丰区住房和城乡建设局", "广丰区生态环境局"):
        assert f"签收（{unit}）" in visitor.said()

    give_opinion(visitor, "gu", "永丰街道管网二十年未换。")
    city.done(store, now, "gui", number, "签收")
    sign(visitor, "gao", "办理并答复")
    opinions = page.get_by_role("region", name="协办意见")
    assert "永丰街道管网二十年未换。" in opinions.inner_text()
    assert "签收，尚未答复" in opinions.inner_text()
    assert "市水厂出厂水合格。" not in opinions.inner_text(), "that is the county centre's to weigh"
    city.done(store, now, "gui", number, "协办办理并反馈", opinion="水源地水质合格。")
    page.reload()
    first, second = opinions.get_by_role("article").all()
    assert "二十年未换" in first.inner_text()
    assert "水源地水质合格。" in second.inner_text()
    visitor.write("办了什么", "换了一段主管，冲洗了管网。")
    visitor.write("怎样答复诉求人", "请放水十分钟再用。")
    visitor.choose("用什么方式告知", "电话")
    visitor.write("告知时间", "2026-09-30T09:30")
    visitor.choose("办结结果", "诉求已办理完毕")
    visitor.look("handle-with-opinions")
    visitor.press("提交")
    open_task(visitor, "gong", "审批答复")
    visitor.choose("同意这样答复吗", "同意，报热线中心")
    visitor.press("提交")
    open_task(visitor, "geng", "审核办理结果")
    assert "水源地水质合格。" in opinions.inner_text()
    visitor.choose("办理结果", "通过，办结")
    visitor.press("提交")
    assert "审核办理结果（上饶市12345热线中心）" in visitor.said()

    open_task(visitor, "shen", "审核办理结果")
    assert "市水厂出厂水合格。" in opinions.inner_text()
    assert page.get_by_text("换了一段主管").first.is_visible()
    visitor.look("review-two-levels")
    visitor.choose("办理结果", "通过，办结")
    visitor.press("提交")
    assert "下一步：回访" in visitor.said()
    visitor.go(f"/tickets/{number}")
    assert opinions.get_by_role("article").count() == 3
    assert opinions.get_by_role("heading", level=3).count() == 2, "one for each level"
    visitor.look("ticket-two-levels")
    open_task(visitor, "hui", "回访")
    for group, option in (("联系上诉求人了吗", "联系上了"), ("诉求人的评价", "满意")):
        visitor.choose(group, option)
        if not script:
            visitor.press("更新表单")
    visitor.press("提交")
    assert "下一步：归档" in visitor.said()
