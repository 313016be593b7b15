"""A unit asks to give a ticket back: refused once, then approved and dispatched to another."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser import city
from tests.browser.conftest import SCRIPT_OR_NOT, Visitor
from tests.browser.test_walk import open_task, use

Visit = Callable[..., Visitor]


def ask(visitor: Visitor, number: str, evidence: str) -> None:
    """Li asks to give the ticket back, from its page."""
    use(visitor, "li", number, "申请退回")
    visitor.choose("为什么退回", "不属于本部门职责")
    if not visitor.script:
        visitor.press("更新表单")
    visitor.write("依据", evidence)
    visitor.choose("建议改派哪个单位", "上饶市水务局")


@pytest.mark.parametrize("script", SCRIPT_OR_NOT)
def test_a_ticket_is_given_back_refused_and_then_dispatched_to_another(visit: Visit, script: bool):
    visitor = visit(script=script)
    store, clock = visitor.site.store, visitor.site.clock
    number = city.called(store, clock(), title="路边井盖冒水")
    given = {"lead_unit": "sr-lights", "item_words": "市政设施"}
    city.done(store, clock(), "pan", number, "派单", **given)
    visitor.sign_in("shen")
    visitor.follow("决定")
    visitor.look("decisions-empty")
    open_task(visitor, "li", "签收")
    visitor.press("提交")

    ask(visitor, number, "井盖是供水的。")
    visitor.look("ask-return")
    visitor.press("提交")
    assert "决定退回（上饶市12345热线中心）" in visitor.said()
    open_task(visitor, "shen", "决定")
    row = visitor.page.get_by_role("row").filter(has_text=number)
    for words in ("不属于本部门职责", "井盖是供水的。", "上饶市城市管理局"):
        assert words in row.inner_text()
    visitor.look("decisions")
    visitor.follow("决定退回")
    visitor.choose("怎样处理", "不同意退回")
    visitor.write("理由", "先到现场看，井盖上是哪家的字。")
    visitor.look("decide-return")
    visitor.press("提交")
    assert visitor.page.url.endswith("/decisions")
    assert "现在没有等您决定的事" in visitor.page.content()

    use(visitor, "li", number, "去办理 办理并答复")
    assert "先到现场看" in visitor.page.content()
    ask(visitor, number, "看过了，井盖上铸的是“上饶自来水”。")
    visitor.press("提交")
    open_task(visitor, "shen", "决定")
    visitor.press("从第一件起依次办理")
    before = visitor.page.get_by_role("region", name="之前办过 1 次")
    assert "先到现场看" in before.inner_text()
    visitor.choose("怎样处理", "同意退回，重新派单")
    visitor.write("理由", "有现场照片。")
    visitor.press("提交")
    assert "这里没有下一件了" in visitor.page.content()

    visitor.sign_out()
    visitor.sign_in("li")
    assert visitor.page.get_by_text(number).count() == 0
    open_task(visitor, "pan", "派单")
    visitor.page.get_by_text("完成“申请退回”").last.click()
    for words in ("上饶自来水", "有现场照片。"):
        assert visitor.page.get_by_text(words).first.is_visible(), words
    visitor.choose("派给哪个单位（主办）", "上饶市水务局")
    visitor.write("清单里没有，依据什么派", "供水设施维护")
    visitor.press("提交")
    assert "签收（上饶市水务局）" in visitor.said()
    visitor.go(f"/tickets/{number}")
    for words in ("作废", "退回未准", "同意退回，重新派单"):
        assert visitor.page.get_by_text(words).count() >= 1, words
    visitor.look("ticket-returned")
    open_task(visitor, "wang", "签收")
    visitor.press("提交")
    assert "办理并答复" in visitor.said()
