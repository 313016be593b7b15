"""A photo goes with a form in a real browser, with script and without, by keyboard too."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from engine.read import ticket as reading
from tests import samples
from tests.browser import city
from tests.browser.conftest import Visitor

Visit = Callable[..., Visitor]
PICKER = "现场照片和材料"


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_a_photo_is_chosen_taken_out_chosen_again_and_seen_in_the_ticket(
    visit: Visit, tmp_path: Path, script: bool
):
    photo, wrong, page = tmp_path / "修好.png", tmp_path / "多余.png", tmp_path / "网页.png"
    photo.write_bytes(samples.png(40))
    wrong.write_bytes(samples.png(3))
    page.write_text("<html>")
    visitor = visit(script=script)
    store, now = visitor.site.store, visitor.site.clock()
    number = city.called(store, now)
    city.done(store, now, "pan", number, "派单", lead_unit="sr-lights", item_words="照明")
    city.done(store, now, "li", number, "签收")
    visitor.sign_in("li")
    visitor.page.locator(f"a[href^='/tickets/{number}/tasks/']").first.click()

    def choose(*files: Path) -> None:
        visitor.page.get_by_label(PICKER).set_input_files(files)
        if not script:
            visitor.press("更新表单")

    visitor.write("办了什么", "换了灯")
    choose(photo, wrong)
    boxes = visitor.page.get_by_role("group", name="已经上传的文件").get_by_role("checkbox")
    expect(boxes).to_have_count(2)
    choose(page)
    expect(visitor.page.locator(".field-error", has_text="网页代码").first).to_be_visible()
    expect(boxes).to_have_count(2)
    expect(visitor.page.get_by_label("办了什么")).to_have_value("换了灯")
    visitor.look("task-with-files")
    second = visitor.page.get_by_role("checkbox", name=re.compile("多余"))
    second.focus()
    visitor.page.keyboard.press("Space")
    visitor.press("保存草稿")
    expect(boxes).to_have_count(1)
    visitor.write("怎样答复诉求人", "路灯已经修好")
    visitor.choose("用什么方式告知", "电话")
    visitor.page.locator("main").get_by_label("告知时间").fill("2026-09-30T09:30")
    visitor.choose("办结结果", "诉求已办理完毕")
    visitor.press("提交")
    assert "已提交" in visitor.said()

    visitor.go(f"/tickets/{number}")
    listed = visitor.page.get_by_role("region", name="附件")
    expect(listed.get_by_role("link", name="修好.png")).to_be_visible()
    assert "李卫东" in listed.inner_text()
    picture = listed.locator("img")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("naturalWidth", 40)
    visitor.look("ticket-with-files")
    with visitor.page.expect_download() as download:
        listed.get_by_role("link", name="修好.png").click()
    assert download.value.suggested_filename == "修好.png"
    assert Path(download.value.path()).read_bytes() == photo.read_bytes()
    page_of_li = reading.page(store, city.people.load(store, "li"), number, now)
    assert [one.name for one in page_of_li.attachments] == ["修好.png"]
