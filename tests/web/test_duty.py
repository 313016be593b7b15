"""Duty at the pages: the roster of a month, its gaps, and who may change it."""

from __future__ import annotations

import re
from unittest import mock

from engine import sweep
from engine.acts import people
from engine.errors import StoreError
from engine.read import escalations, verify
from engine.store import standing
from tests.browser import city
from tests.browser.city import Person
from webapp import shifts

LINES = "2026-09-30 17:30–10-01 08:30 孙悦、潘登 1 0793-8123456\n10-01 08:30–10-02 08:30 潘登"


def test_a_leader_pastes_a_roster_and_the_unit_reads_it(app):
    ban = Person(app, "ban")
    assert "有 1 段时间没有人值班" in ban.text("/duty")
    answer = ban.post("/duty/lines", {"lines": LINES}, on="/duty")
    assert answer.location == "/duty?month=2026-09"
    shown = Person(app, "an").text("/duty?month=2026-09")
    assert "孙悦" in shown
    assert "0793-8123456" in shown
    assert "夜间和节假日都有人值班" in shown
    assert "/duty/shifts/" not in shown  # an archivist changes nothing
    assert "粘贴值班表" not in shown
    october = Person(app, "an").text("/duty?month=2026-10")
    assert "10月2日 08:30–10月8日 08:30" in october
    assert "孙悦" not in Person(app, "ling").text("/duty")  # another unit has its own


def test_lines_that_cannot_be_read_are_told_one_by_one_and_kept(app):
    ban = Person(app, "ban")
    text = f"{LINES}\n明天 老王\n10-03 08:30-10-04 08:30 老王"
    answer = ban.post("/duty/lines", {"lines": text}, on="/duty")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "第 3 行“明天 老王”：看不懂" in page
    assert "明天 老王</textarea>" not in page.split("第 3 行")[0]
    assert "10-03 08:30-10-04 08:30 老王" in page
    rest = text.replace("明天 老王\n", "")
    page = ban.post("/duty/lines", {"lines": rest}, on="/duty").get_data(as_text=True)
    assert "的“老王”不是本单位在职人员" in page
    assert "孙悦</span>" not in ban.text("/duty")  # all or nothing


def test_nights_of_the_working_days_are_put_in_at_once(app):
    ling = Person(app, "ling")
    days = {
        "first": "2026-10-08",
        "last": "2026-10-31",
        "weekday": ["0", "1", "2", "3", "4"],
        "days": "work",
        "begins": "17:30",
        "ends": "08:30",
        "who": "li",
        "rank": "1",
    }
    answer = ling.post("/duty/days", days, on="/duty")
    assert answer.location == "/duty?month=2026-10"
    page = ling.text("/duty?month=2026-10")
    assert "已排入 17 班" in page
    again = ling.post("/duty/days", days, on="/duty").get_data(as_text=True)
    assert "与本人的另一个班次重叠" in again
    for wrong in ({"last": "2026-10-01"}, {"begins": "早上"}, {"weekday": []}):
        assert ling.post("/duty/days", {**days, **wrong}, on="/duty").status_code == 422


def test_a_shift_is_changed_and_taken_out(app):
    ban = Person(app, "ban")
    ban.post("/duty/lines", {"lines": LINES}, on="/duty")
    path = re.findall(r'href="(/duty/shifts/\d+)"', ban.text("/duty?month=2026-10"))[-1]
    sent = {"since": "2026-10-01T08:30", "until": "2026-10-02T20:00", "who": "sun", "rank": "1"}
    assert ban.post(path, sent).status_code == 302
    page = ban.text("/duty?month=2026-10")
    assert "08:30–次日 20:00" in page
    assert ban.get(path).status_code == 404  # it is another one now
    path = re.findall(r'href="(/duty/shifts/\d+)"', page)[-1]
    for wrong in ({"until": "2026-09-01T00:00"}, {"since": "昨天"}, {"who": ""}):
        assert ban.post(path, {**sent, **wrong}).status_code == 422
    assert Person(app, "ling").get(path).status_code == 404
    assert ban.post(path, {"_do": "remove"}).status_code == 302
    assert "次日 20:00" not in ban.text("/duty?month=2026-10")


def test_who_is_on_duty_is_told_until_when_and_who_comes_next(app, clock):
    Person(app, "ban").post("/duty/lines", {"lines": LINES}, on="/duty")
    assert "您正在值班" not in Person(app, "sun").text("/")
    clock.set("2026-10-01 03:00")
    page = Person(app, "sun").text("/")
    assert "您正在值班（第 1 顺位），到 10月1日 08:30；" in page
    assert "下一班：" in page
    assert "潘登" in page
    clock.set("2026-10-01 09:00")
    assert "您正在值班" not in Person(app, "sun").text("/")
    assert "之后还没有排班" in Person(app, "pan").text("/")


def test_an_emergency_that_nobody_takes_stands_on_every_page_of_who_was_told(app, store, clock):
    Person(app, "ban").post("/duty/lines", {"lines": LINES}, on="/duty")
    number = city.called(store, clock.set("2026-10-01 03:00"), emergency="danger")
    sun, pan = Person(app, "sun"), Person(app, "pan")
    assert "无人领取" not in sun.text("/tickets/new")
    assert sweep.run_once(store, clock.set("2026-10-01 03:07:30")).told == 1
    for path in ("/", "/duty", "/leave", f"/tickets/{number}", "/duty/untaken"):
        assert f"工单 {number} 的“" in sun.text(path), path
        assert f"工单 {number} 的“" not in pan.text(path), path
    assert "目标时间 10月1日 03:15，这是第 1 次提醒" in sun.text("/")
    sweep.run_once(store, clock.set("2026-10-01 03:15"))
    page = pan.text("/")  # a dispatcher, who may not take it but is told whom to fetch
    assert "您的岗位不能领取，请通知话务员岗位的同事" in page
    path = re.search(rf'action="(/tickets/{number}/tasks/\d+/claim)"', sun.text("/leave"))
    assert path
    answer = sun.post(path[1], {}, on="/leave")
    assert answer.status_code == 302
    assert "无人领取，目标" not in sun.text("/") + pan.text("/")


def test_a_page_stands_although_what_is_told_on_it_cannot_be_read(app):
    sun = Person(app, "sun")
    with mock.patch.object(escalations, "of", side_effect=StoreError("database_unreachable")):
        assert sun.get("/").status_code == 200


def test_a_shift_is_handed_over_with_its_tasks_when_both_agree(app, store, clock):
    lines = "10-01 17:30-10-02 08:30 孙悦\n10-02 08:30-10-03 08:30 惠芳"
    Person(app, "ban").post("/duty/lines", {"lines": lines}, on="/duty")
    number = city.called(store, clock.set("2026-10-02 08:10"), emergency="danger")
    sun, hui = Person(app, "sun"), Person(app, "hui")
    task = dict(sun.tasks())[number]
    sun.post(f"/tickets/{number}/tasks/{task}/claim", {}, on="/")
    page = sun.text("/duty/hand-over")
    assert "还没有转办的突发事件" in page
    assert "只列出前" not in page
    with mock.patch.object(standing, "MOST", 1), mock.patch.object(shifts, "MOST", 1):
        assert sun.text("/duty/hand-over").count("只列出前 1 件") == 3
    assert page.count(f">{number}</a>") == 3  # urgent, held, due before the next morning of work
    assert '<option value="hui" selected' in page
    clock.set("2026-10-02 08:25")
    assert sun.post("/duty/hand-over", {"to": ""}).status_code == 422
    remarks = "燃气公司答应九点到场\n请再催一次"
    answer = sun.post("/duty/hand-over", {"to": "hui", "offered": "yes", "remarks": remarks})
    path = answer.location
    assert "孙悦已把 10月1日 17:30–10月2日 08:30 的班交给您" in hui.text("/")
    assert "燃气公司答应九点到场" in hui.text(path)
    assert "确认接班" not in sun.text(path)
    clock.set("2026-10-02 08:31")
    kept = hui.post(f"{path}/confirm", {"accepted": "yes"}, on=path).get_data(as_text=True)
    assert "已接班，但有 1 件任务没有移交" in kept  # she has not the role of a call taker
    assert "惠芳" in kept
    people.set_roles(store, None, "hui", ["follow_up", "call_taker"], clock())
    again = hui.post(f"{path}/confirm", {}, on=path)
    assert again.location == path
    assert "再移交一次" not in hui.text(path)
    assert "双方同意，已移交给接班人" in hui.text(path)
    assert f"/tickets/{number}/tasks/{task}" in hui.text("/?tab=mine")
    assert re.search("惠芳.*从孙悦.*名下领取", hui.text(f"/tickets/{number}"), re.DOTALL)
    assert "以前的交接班" in sun.text("/duty/hand-over")
    assert path in sun.text("/duty/hand-over")
    assert verify.verify(store).differences == ()
    assert Person(app, "ling").get(path).status_code == 404
