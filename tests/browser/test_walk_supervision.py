"""A unit is late: warned, found to have handled poorly, made to put it right, and let off."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine import sweep
from tests.browser import city
from tests.browser.conftest import SCRIPT_OR_NOT, Visitor
from tests.browser.test_walk import open_task

Visit = Callable[..., Visitor]


def decide(visitor: Visitor, task: str, **answers: str) -> None:
    """The authority's task from its desk, with its answers: choices first, then words."""
    visitor.go("/supervision")
    visitor.follow(task)
    visitor.press("从第一件起依次办理")
    for label, answer in answers.items():
        if visitor.page.get_by_role("group", name=label).count():
            visitor.choose(label, answer)
        else:
            visitor.write(label, answer)


@pytest.mark.parametrize("script", SCRIPT_OR_NOT)
def test_a_late_unit_is_supervised_until_it_has_put_things_right(visit: Visit, script: bool):
    visitor = visit(script=script)
    store, clock, page = visitor.site.store, visitor.site.clock, visitor.page
    visitor.sign_in("du")
    visitor.follow("督办工作")
    visitor.look("supervision-empty")
    visitor.follow("督办台账")
    visitor.look("ledger-empty")
    number = city.called(store, clock())
    given = {"lead_unit": "sr-lights", "item_words": "照明"}
    city.done(store, clock(), "pan", number, "派单", **given)
    city.done(store, clock(), "li", number, "签收")
    sweep.run_once(store, clock.set("2026-10-16 09:00"))

    visitor.sign_in("li")
    assert "已过时限" in page.content()
    visitor.sign_out()
    visitor.sign_in("du")
    visitor.follow("督办工作")
    warned = page.get_by_role("region", name="预警")
    assert "过了办理期限，还没有报送 1" in " ".join(warned.inner_text().split())
    visitor.look("supervision")
    decide(visitor, "认定是否办理不力", 是否属于办理不力="是", 认定依据="签收后两周没有办理。")
    visitor.look("find-poor-handling")
    visitor.press("提交")
    decide(
        visitor,
        "采取督办措施",
        采取什么督办措施="整改通知",
        限多少个工作日整改="3",
        对单位的要求="三个工作日内修好并答复。",
    )
    visitor.look("take-measure")
    visitor.press("提交")
    assert "反馈整改情况（上饶市城市管理局）" in visitor.said()
    visitor.follow("督办台账")
    assert "整改通知" in page.get_by_role("row").filter(has_text=number).inner_text()
    visitor.look("ledger-rectifying")

    open_task(visitor, "li", "反馈整改情况")
    assert "三个工作日内修好并答复。" in page.content()
    visitor.write("整改结果", "已修好，已向周女士道歉。")
    visitor.look("report-rectification")
    visitor.press("提交")
    visitor.sign_out()
    visitor.sign_in("du")
    visitor.follow("督办台账")
    assert "已反馈，待验收" in page.get_by_role("row").filter(has_text=number).inner_text()
    decide(visitor, "验收整改", 整改到位了吗="到位，销号", 评估意见="现场看过。")
    for words in ("三个工作日内修好并答复。", "已修好，已向周女士道歉。"):
        assert page.get_by_text(words).first.is_visible(), "the demand, and what came of it"
    visitor.look("assess-rectification")
    visitor.press("提交")

    visitor.follow("督办台账")
    assert "没有正在督办的工单" in page.content()
    visitor.follow("全部")
    entry = page.get_by_role("row").filter(has_text=number).inner_text()
    for words in ("上饶市城市管理局", "超期", "整改通知", "10月16日 09:00 整改完成"):
        assert words in entry, words
    visitor.look("ledger-all")
    visitor.follow(number)
    visitor.look("ticket-put-right")
