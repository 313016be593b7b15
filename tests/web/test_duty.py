"""Duty at the pages: the roster of a month, its gaps, and who may change it."""

from __future__ import annotations

import re

from tests.browser.city import Person

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
    assert "10月1日 08:30–10月2日 20:00" in page
    assert ban.get(path).status_code == 404  # it is another one now
    path = re.findall(r'href="(/duty/shifts/\d+)"', page)[-1]
    for wrong in ({"until": "2026-09-01T00:00"}, {"since": "昨天"}, {"who": ""}):
        assert ban.post(path, {**sent, **wrong}).status_code == 422
    assert Person(app, "ling").get(path).status_code == 404
    assert ban.post(path, {"_do": "remove"}).status_code == 302
    assert "10月2日 08:30" not in ban.text("/duty?month=2026-09")
