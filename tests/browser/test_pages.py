"""What only a browser shows: focus, keyboard, fields that come and go, two clicks, languages."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error

from engine.acts import places
from engine.acts.places import Unit
from tests.browser import city
from tests.browser.conftest import Visitor
from tests.browser.test_walk import dispatch, open_task, take_call

Visit = Callable[..., Visitor]


def test_what_would_leave_the_machine_is_stopped_and_noticed(visit: Visit):
    visitor = visit(script=False)
    for away in ("http://192.0.2.1/", "http://elsewhere.example/"):
        with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
            visitor.page.goto(away)
        assert visitor.strayed.pop() == away


def test_the_keyboard_is_enough_to_sign_in_and_to_skip_the_head(visit: Visit):
    visitor = visit()
    visitor.go("/sign-in")
    keyboard = visitor.page.keyboard
    keyboard.press("Tab")
    focused = visitor.page.locator(":focus")
    assert focused.inner_text() == "跳到主要内容"
    keyboard.press("Enter")
    keyboard.press("Tab")
    assert visitor.page.locator(":focus").get_attribute("name") == "name"
    keyboard.type("sun")
    keyboard.press("Tab")
    keyboard.type(city.PASSWORD)
    keyboard.press("Enter")
    visitor.page.wait_for_url("**/")
    assert visitor.page.get_by_role("heading", level=1).inner_text() == "待办"


def test_errors_take_the_focus_and_lead_to_their_fields(visit: Visit):
    visitor = visit()
    visitor.sign_in("sun")
    visitor.follow("登记来电")
    visitor.press("登记并生成工单")
    assert visitor.page.title().startswith("错误：")
    assert visitor.page.locator(":focus").get_attribute("role") == "alert"
    visitor.page.get_by_role("link", name="请填写“在哪里”。").click()
    assert visitor.page.locator(":focus").get_attribute("name") == "place"


def test_fields_come_and_go_without_a_reload_and_nothing_typed_is_lost(visit: Visit):
    visitor = visit()
    take_call(visitor)
    open_task(visitor, "pan", "派单")
    dispatch(visitor)
    open_task(visitor, "li", "签收")
    visitor.press("提交")
    visitor.follow("办理并答复")
    page = visitor.page
    page.evaluate("window.same = true")
    visitor.write("办了什么", "先写下的话")
    assert page.get_by_label("为什么没有依据").count() == 0
    visitor.choose("办结结果", "诉求无政策、法律法规依据")
    page.get_by_label("怎样答复诉求人").press_sequentially("随即写下的话")
    page.get_by_label("为什么没有依据").wait_for()
    assert page.get_by_label("办了什么").input_value() == "先写下的话"
    assert page.get_by_label("怎样答复诉求人").input_value() == "随即写下的话"
    assert page.get_by_label("诉求无政策、法律法规依据").is_checked()
    visitor.choose("办结结果", "诉求已办理完毕")
    page.get_by_label("为什么没有依据").wait_for(state="detached")
    assert page.evaluate("window.same") is True
    assert page.get_by_role("button", name="更新表单").is_hidden()


def test_two_clicks_make_one_ticket(visit: Visit):
    visitor = visit()
    visitor.sign_in("sun")
    visitor.follow("登记来电")
    visitor.choose("诉求类型", "咨询")
    visitor.write("一句话说清什么事", "医保报销比例")
    visitor.write("详细情况", "外地住院能报多少？")
    visitor.write("在哪里", "上饶市")
    visitor.page.get_by_role("button", name="登记并生成工单").dblclick()
    visitor.page.wait_for_url("**/")
    visitor.sign_out()
    visitor.sign_in("pan")
    assert visitor.page.get_by_text("医保报销比例").count() == 1


def test_a_colleague_was_quicker_and_nothing_typed_is_lost(visit: Visit):
    slow, quick = visit(), visit()
    take_call(slow)
    open_task(slow, "pan", "派单")
    dispatch(slow)
    open_task(slow, "li", "签收")
    slow.write("经办人", "李卫东，电话 8200000")
    quick.sign_in("lin")
    quick.follow("签收")
    quick.press("提交")
    slow.press("提交")
    assert "林小雨" in slow.page.content()
    assert "李卫东，电话 8200000" in slow.page.content()
    slow.look("conflict")


def test_a_draft_saves_itself_and_outlives_the_browser(visit: Visit):
    visitor = visit()
    take_call(visitor)
    open_task(visitor, "pan", "派单")
    dispatch(visitor)
    open_task(visitor, "li", "签收")
    visitor.write("经办人", "李卫东，写到一半")
    visitor.page.get_by_text("已自动保存草稿，10:00。").wait_for()
    path = urlsplit(visitor.page.url).path
    other = visit(script=False)
    other.sign_in("li")
    other.go(path)
    assert other.page.get_by_label("经办人").input_value() == "李卫东，写到一半"


def test_what_is_known_stands_beside_a_call_and_the_call_joins_it(visit: Visit):
    visitor = visit()
    take_call(visitor)
    visitor.follow("登记来电")
    beside = visitor.page.locator("#known")
    assert "填写号码、地点以后" in beside.inner_text()
    visitor.look("call-empty")
    visitor.page.keyboard.press("F9")
    assert visitor.page.get_by_label("危及生命安全").is_checked()
    visitor.write("详细情况", "还是一片漆黑，有人摔倒。")
    visitor.write("在哪里", "信州区五三大道")
    visitor.page.keyboard.press("Tab")
    beside.get_by_text("这个地点正在办理的工单").wait_for()
    visitor.look("call-known")
    beside.get_by_role("button").first.click()
    visitor.page.get_by_role("heading", name="诉求人再次来电").wait_for()
    assert "有人摔倒" in visitor.page.get_by_label("诉求人这次说了什么").input_value()
    visitor.press("登记这次来电")
    assert "再次来电已登记" in visitor.said()


def test_the_line_drops_and_nothing_typed_is_lost(visit: Visit):
    visitor = visit()
    visitor.sign_in("sun")
    visitor.follow("登记来电")
    visitor.write("一句话说清什么事", "医保报销比例")
    visitor.context.set_offline(True)
    visitor.press("登记并生成工单")
    assert visitor.page.get_by_text("网络不通，还没有提交。").is_visible()
    assert visitor.page.get_by_label("一句话说清什么事").input_value() == "医保报销比例"
    visitor.look("line-dropped")
    visitor.context.set_offline(False)
    visitor.press("登记并生成工单")
    assert visitor.page.get_by_text("请改正以下内容").is_visible()  # it was sent, and is not whole
    assert visitor.page.get_by_label("一句话说清什么事").input_value() == "医保报销比例"


def test_the_caller_s_number_is_asked_for_and_shown(visit: Visit):
    visitor = visit()
    number = take_call(visitor)
    visitor.go(f"/tickets/{number}/caller")
    visitor.look("caller-asked")
    visitor.write("为什么要看", "回电核实")
    visitor.press("查看")
    assert visitor.page.get_by_text("13812341234").count() == 1
    visitor.look("caller-shown")


def test_long_lists_are_narrowed_by_typing(visit: Visit):
    visitor = visit()
    more = [Unit(f"sr-{n}", f"上饶市第{n}供水所", "sr", "station") for n in range(10, 24)]
    places.add(visitor.site.store, None, [], more, visitor.site.clock())
    take_call(visitor)
    open_task(visitor, "pan", "派单")
    page = visitor.page
    boxes = page.get_by_role("group", name="协办单位")
    listed = page.get_by_label("派给哪个单位（主办）")
    assert boxes.get_by_role("checkbox").count() == listed.locator("option").count() - 1
    first, second = page.get_by_role("main").get_by_role("searchbox").all()
    first.fill("第13")
    assert listed.locator("option").count() == 2
    listed.select_option(label="上饶市第13供水所")
    second.fill("第12")
    assert boxes.get_by_role("checkbox").count() == 1
    boxes.get_by_label("上饶市第12供水所").check()
    second.fill("水务局")
    assert boxes.get_by_role("checkbox").count() == 2  # what is ticked stays in sight
    assert page.get_by_text("已选 1 个").count() == 1
    visitor.look("dispatch-narrowed")
    visitor.write("清单里没有，依据什么派", "供水")
    visitor.press("提交")
    assert "签收（上饶市第13供水所）" in visitor.said()
    assert "签收（上饶市第12供水所）" in visitor.said()


def test_a_repeat_call_is_noted_and_an_emergency_leaps_to_the_eye(visit: Visit):
    visitor = visit()
    number = take_call(visitor)
    visitor.follow("再次来电")
    visitor.look("again-find")
    visitor.page.locator("main").get_by_label("原来的工单").fill(number[:8])
    visitor.page.locator("main").get_by_role("button", name="查找").click()
    visitor.look("again-found")
    visitor.page.locator("main").get_by_role("link", name=number).click()
    visitor.press("登记这次来电")
    assert visitor.page.get_by_role("alert").count() == 1
    visitor.look("again-errors")
    visitor.write("诉求人这次说了什么", "路灯还是不亮，昨晚有人摔倒。")
    visitor.press("登记这次来电")
    assert "这是第 2 次来电" in visitor.said()
    visitor.look("ticket-again")
    visitor.follow("登记来电")
    visitor.choose("诉求类型", "举报")
    visitor.page.get_by_label("保护举报人").check()
    visitor.choose("是不是突发事件", "危及生命安全")
    visitor.choose("能不能受理", "不予受理")
    visitor.choose("不予受理的理由", "不归我市管辖")
    visitor.page.get_by_text("可以这样告诉诉求人").wait_for()
    visitor.look("new-call-refused")
    visitor.choose("能不能受理", "受理")
    visitor.write("一句话说清什么事", "燃气泄漏")
    visitor.write("详细情况", "楼道里有很重的燃气味。")
    visitor.write("在哪里", "信州区带湖路")
    visitor.press("登记并生成工单")
    assert "下一步：立即转相关单位" in visitor.said()
    assert "/tasks/" in visitor.page.url  # straight to the form that hands it over
    visitor.go("/")
    assert visitor.page.get_by_text("突发事件 · 危及生命安全").count() == 1
    visitor.look("tasks-emergency")


def test_a_ticket_is_found_by_words_with_the_keyboard_alone(visit: Visit):
    visitor = visit()
    number = take_call(visitor)
    visitor.go("/")
    page = visitor.page
    page.get_by_label("查找工单：编号、电话或文字").focus()
    page.keyboard.type("信州区 路灯")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tickets?q=*")
    visitor.look("find-words")
    hit = page.get_by_role("link", name=number)
    for _ in range(30):
        page.keyboard.press("Tab")
        if hit.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/tickets/{number}")
    visitor.go("/tickets?q=路")
    visitor.look("find-one-character")


def test_a_very_long_word_stays_on_the_page(visit: Visit):
    visitor = visit()
    word = "W" * 60
    now = visitor.site.clock()
    number = city.called(visitor.site.store, now, title=word, place=word, matter=word * 20)
    visitor.sign_in("pan")
    for path in ("/", f"/tickets/{number}", "/calls/again?q=2026"):
        visitor.go(path)
        visitor.look("long-word")


def test_every_page_has_an_english_face(visit: Visit):
    visitor = visit()
    number = take_call(visitor)
    open_task(visitor, "pan", "派单")
    dispatch(visitor)
    visitor.follow("English")
    page = visitor.page
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.get_by_role("heading", level=1).inner_text() == "Tasks"
    ticket = f"/tickets/{number}"
    for path in ("/", "/overdue", "/unsigned", "/ledger", "/calls/again", "/password", ticket):
        visitor.go(path)
        visitor.look("en" + path.replace("/", "-").replace(number, "ticket"))
    page.get_by_role("button", name="Sign out").click()
    visitor.look("en-sign-in")
    page.get_by_role("link", name="中文").click()
    assert page.locator("html").get_attribute("lang") == "zh-CN"


def test_errors_and_rare_pages_look_like_the_others(visit: Visit):
    visitor = visit()
    visitor.sign_in("guan")
    visitor.look("no-tasks")
    for path in ("/nowhere", "/overdue", "/password"):
        visitor.go(path)
        visitor.look("rare" + path.replace("/", "-"))
    visitor.sign_out()
    visitor.sign_in("sun")
    visitor.go("/tickets?q=2099")
    visitor.look("nothing-found")
    visitor.go("/tickets")
    visitor.look("find")
