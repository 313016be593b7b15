"""A ticket walks from call to archive in a real browser, through every role."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.browser.conftest import SCRIPT_OR_NOT, Visitor

Visit = Callable[..., Visitor]


def take_call(visitor: Visitor, title: str = "五三大道一排路灯不亮") -> str:
    """A call taken by the call taker; the number of its ticket."""
    visitor.sign_in("sun")
    visitor.follow("登记来电")
    visitor.write("来电号码", "13812341234")
    visitor.write("怎么称呼", "周女士")
    visitor.choose("诉求类型", "求助")
    visitor.write("一句话说清什么事", title)
    visitor.write("详细情况", "从庆丰路口到中山路口，晚上一片漆黑，老人出门不方便。")
    visitor.write("在哪里", "信州区五三大道庆丰路口")
    visitor.press("登记并生成工单")
    found = re.search(r"\d{8}-\d{5}", visitor.said())
    assert found, visitor.said()
    return found[0]


def open_task(visitor: Visitor, person: str, task: str) -> None:
    visitor.sign_out()
    visitor.sign_in(person)
    visitor.follow(task)


def dispatch(visitor: Visitor, unit: str = "上饶市城市管理局") -> None:
    visitor.choose("派给哪个单位（主办）", unit)
    visitor.write("清单里没有，依据什么派", "城市照明设施维护")
    visitor.press("提交")


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_a_ticket_walks_from_call_to_archive(visit: Visit, script: bool):
    visitor = visit(script=script)
    visitor.go("/")
    visitor.look("sign-in")
    visitor.sign_in("sun")
    visitor.look("empty-tasks")
    visitor.follow("登记来电")
    visitor.look("new-call")
    visitor.press("登记并生成工单")
    visitor.look("new-call-errors")
    assert visitor.page.get_by_role("alert").get_by_role("link").count() >= 3
    visitor.sign_out()

    number = take_call(visitor)
    assert "下一步：派单" in visitor.said()

    open_task(visitor, "pan", "派单")
    assert visitor.page.get_by_text("老人出门不方便").count() == 1
    visitor.look("dispatch")
    dispatch(visitor)
    assert f"工单 {number} 的“派单”已提交" in visitor.said()
    assert "下一步：签收（上饶市城市管理局）" in visitor.said()

    visitor.sign_out()
    visitor.sign_in("li")
    assert "还剩 1 个工作日，10月8日 24:00 到期" in visitor.page.content()
    visitor.look("tasks")
    visitor.press(f"领取 {number} 签收")
    assert "已领取" in visitor.said()
    visitor.follow("签收")
    visitor.look("sign")
    visitor.press("提交")
    assert "下一步：办理" in visitor.said()

    visitor.site.clock.set("2026-10-09 15:00")  # the two hours of a session are long over
    visitor.go("/")
    visitor.look("session-over")
    visitor.sign_in("li")
    visitor.follow("办理并答复")
    visitor.write("办了什么", "更换了二十二盏灯的镇流器，当晚全部亮灯。")
    visitor.write("怎样答复诉求人", "周女士您好，五三大道的路灯已经修好。")
    visitor.choose("用什么方式告知", "电话")
    visitor.write("告知时间", "2026-10-09T14:30")
    visitor.choose("办结结果", "诉求已办理完毕")
    visitor.look("handle")
    visitor.press("保存草稿")
    assert "草稿已保存" in visitor.said()
    assert "镇流器" in visitor.page.get_by_label("办了什么").input_value()
    visitor.press("提交")
    assert "下一步：审批答复（上饶市城市管理局）" in visitor.said()

    open_task(visitor, "ling", "审批答复")
    assert visitor.page.get_by_text("五三大道的路灯已经修好").first.is_visible()
    visitor.choose("同意这样答复吗", "同意，报热线中心")
    visitor.look("approve")
    visitor.press("提交")
    assert "下一步：审核办理结果（上饶市12345热线中心）" in visitor.said()

    open_task(visitor, "shen", "审核办理结果")
    visitor.choose("办理结果", "通过，办结")
    visitor.look("review")
    visitor.press("提交")
    assert "下一步：回访" in visitor.said()

    open_task(visitor, "hui", "回访")
    assert visitor.page.get_by_role("group", name="诉求人的评价").count() == 0
    visitor.choose("联系上诉求人了吗", "联系上了")
    if not script:
        visitor.press("更新表单")
    visitor.choose("诉求人的评价", "不满意")
    if not script:
        visitor.press("更新表单")
    visitor.choose("为什么不满意", "办得太慢")
    visitor.look("follow-up")
    visitor.press("提交")
    assert "下一步：核实责任" in visitor.said()

    visitor.follow("核实责任")
    visitor.choose("不满意是不是承办单位的责任", "不是")
    visitor.write("核实情况", "灯具要从外地调，当天已告知。")
    visitor.look("verify")
    visitor.press("提交")
    assert "归档" in visitor.said()

    open_task(visitor, "an", "归档")
    visitor.choose("归档材料", "诉求工单")
    visitor.look("archive")
    visitor.press("提交")
    assert "全部环节已办完" in visitor.said()

    visitor.page.get_by_role("searchbox").fill(number)
    visitor.press("查找")
    assert visitor.page.url.endswith(f"/tickets/{number}")
    for words in ("城市照明设施维护", "138****1234", "派单中心", "同级中心", "主管部门"):
        assert words in visitor.page.content()
    assert "13812341234" not in visitor.page.content()
    visitor.page.get_by_text("办结，查看经过").click()
    visitor.page.get_by_text("这个时限是怎样算出来的").first.click()
    assert visitor.page.get_by_text("国庆").first.is_visible()
    visitor.look("ticket")


def use(visitor: Visitor, person: str, number: str, right: str) -> None:
    """Sign in as somebody and go to a right of theirs on the ticket's page."""
    visitor.sign_out()
    visitor.sign_in(person)
    visitor.go(f"/tickets/{number}")
    visitor.follow(right)


@pytest.mark.parametrize("script", SCRIPT_OR_NOT)
def test_a_ticket_walks_to_a_county_is_extended_and_reworked(visit: Visit, script: bool):
    visitor = visit(script=script)
    number = take_call(visitor, "自来水发黄")
    open_task(visitor, "pan", "派单")
    visitor.choose("权责清单事项", "城镇供水监管（上饶市水务局）")
    if not script:
        visitor.press("更新表单")
    visitor.choose("派给哪个单位（主办）", "广丰区12345热线中心")
    visitor.choose("协办单位", "上饶市水务局")
    visitor.look("dispatch-to-county")
    visitor.press("提交")
    assert "签收（广丰区12345热线中心）" in visitor.said()
    assert "签收（上饶市水务局）" in visitor.said()

    open_task(visitor, "guo", "签收")
    visitor.press("提交")
    visitor.follow("派单")
    visitor.choose("派给哪个单位（主办）", "广丰区水利局")
    visitor.choose("权责清单事项", "城镇供水监管（广丰区水利局）")
    visitor.press("提交")
    assert "签收（广丰区水利局）" in visitor.said()
    open_task(visitor, "gao", "签收")
    assert "上级派来" not in visitor.page.content()  # that is the list's word, not the form's
    visitor.press("提交")

    use(visitor, "guo", number, "申请延期")
    visitor.choose("为什么延期", "办理难度大")
    visitor.write("延长多少个工作日", "61")
    visitor.write("办到哪一步，为什么办不完", "要换一段主管。")
    visitor.press("提交")
    assert visitor.page.get_by_role("alert").count() == 1
    visitor.write("延长多少个工作日", "3")
    visitor.look("ask-extension")
    visitor.press("提交")
    open_task(visitor, "shen", "派单中心决定延期")
    assert visitor.page.get_by_text("要换一段主管").first.is_visible()
    visitor.choose("是否准予延期", "准予")
    if not script:
        visitor.press("更新表单")
    visitor.write("准予延长多少个工作日", "3")
    visitor.write("理由", "情况属实。")
    visitor.look("decide-extension")
    visitor.press("提交")

    work_in_county(visitor, number)
    open_task(visitor, "shen", "审核办理结果")
    visitor.choose("办理结果", "通过，办结")
    visitor.press("提交")
    open_task(visitor, "hui", "回访")
    for group, option in (
        ("联系上诉求人了吗", "联系上了"),
        ("诉求人的评价", "不满意"),
        ("为什么不满意", "问题没有解决"),
    ):
        visitor.choose(group, option)
        if not script:
            visitor.press("更新表单")
    visitor.press("提交")
    visitor.follow("核实责任")
    visitor.choose("不满意是不是承办单位的责任", "是，重新办理")
    visitor.write("核实情况", "水仍发黄。")
    visitor.press("提交")
    open_task(visitor, "pan", "重办派单")
    visitor.write("这一次要办到什么", "水质检测合格。")
    visitor.press("提交")

    visitor.sign_out()
    visitor.sign_in("guo")
    assert visitor.page.get_by_text("重新办理 · 第 2 轮").count() == 1
    visitor.look("tasks-rework")
    visitor.go(f"/tickets/{number}")
    for words in ("已延期", "派单 1 的下级派单", "重新办理 · 第 2 轮", "准予延期：3个工作日"):
        assert visitor.page.get_by_text(words).count() >= 1, words
    visitor.look("ticket-county-rework")


def work_in_county(visitor: Visitor, number: str) -> None:
    """The bureau handles it, its leader approves, the county's centre accepts and reports."""
    open_task(visitor, "gao", "办理并答复")
    visitor.write("办了什么", "冲洗了管网。")
    visitor.write("怎样答复诉求人", "请放水十分钟再用。")
    visitor.choose("用什么方式告知", "电话")
    visitor.write("告知时间", "2026-09-30T09:30")
    visitor.choose("办结结果", "诉求已办理完毕")
    visitor.press("提交")
    open_task(visitor, "gong", "审批答复")
    visitor.choose("同意这样答复吗", "同意，报热线中心")
    visitor.press("提交")
    open_task(visitor, "geng", "审核办理结果")
    visitor.choose("办理结果", "通过，办结")
    visitor.press("提交")
    assert f"工单 {number}" in visitor.said()


def test_what_is_late_is_listed_in_words(visit: Visit):
    visitor = visit()
    number = take_call(visitor)
    open_task(visitor, "pan", "派单")
    dispatch(visitor)
    visitor.follow("超期")
    visitor.look("empty-overdue")
    visitor.follow("未签收预警")
    visitor.look("empty-unsigned")

    from engine import sweep

    sweep.run_once(visitor.site.store, visitor.site.clock.set("2026-10-20 09:00"))
    visitor.sign_in("pan")
    visitor.follow("超期")
    assert number in visitor.page.content()
    assert visitor.page.get_by_text("超期，仍未报送").count() == 1
    visitor.look("overdue")
    visitor.follow("未签收预警")
    assert number in visitor.page.content()
    visitor.look("unsigned")
    visitor.follow(number)
    visitor.look("ticket-overdue")
    visitor.sign_out()
    visitor.sign_in("du")
    visitor.follow("督办台账")
    assert visitor.page.get_by_text("超期未办结", exact=True).count() == 1
    visitor.look("ledger")
    visitor.follow("全部")
    visitor.follow(number)
    visitor.look("ticket-supervised")
    visitor.sign_out()
    visitor.sign_in("li")
    assert "已过时限" in visitor.page.content()
    visitor.look("tasks-overdue")
