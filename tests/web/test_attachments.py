"""Files through the pages, without a browser: chosen, kept through errors, listed, sent back."""

from __future__ import annotations

import io
import re
import tracemalloc
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from engine.read import verify
from engine.store import Store
from engine.store import tables as t
from tests import samples
from tests.browser import city
from tests.browser.city import CALL, Person

PHOTO = samples.png(4)
INPUT, FIELD = "_file-materials", "materials"


def file(content: bytes = PHOTO, name: str = "现场.png", said: str = "image/png") -> Any:
    return io.BytesIO(content), name, said


def page_of(answer: TestResponse) -> str:
    return unescape(answer.get_data(as_text=True))


def tokens(page: str) -> list[str]:
    """The files that a form lists, as it sends them."""
    return re.findall(rf'name="{FIELD}" value="([0-9a-f]{{64}})" checked', page)


def large(person: Person, path: str, fields: dict[str, Any], on: str = "") -> TestResponse:
    """A form with a large file, which the test client writes into a file of its own."""
    own = person.hidden(on or path, path if on else "")
    answer = person.client.post(path, data={**own, **fields})
    answer.request.environ["wsgi.input"].close()
    return answer


def number_of(answer: TestResponse, person: Person) -> str:
    assert answer.status_code == 302, page_of(answer)
    found = re.search(r"\d{8}-\d{5}", person.text("/"))
    assert found
    return found[0]


def count(store: Store, table: Any) -> int:
    with store.read() as conn:
        return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_file_comes_with_the_form_and_is_sent_back_to_be_kept(app: Flask):
    sun = Person(app, "sun")
    number = number_of(
        sun.post("/tickets/new", {**CALL, INPUT: [file(), file(b"%PDF-1", "b")]}), sun
    )
    page = sun.text(f"/tickets/{number}")
    assert "现场.png" in page
    assert f'<img src="/tickets/{number}/attachments/1"' in page
    assert f'<img src="/tickets/{number}/attachments/2"' not in page
    picture = sun.get(f"/tickets/{number}/attachments/1")
    assert picture.data == PHOTO
    assert picture.headers["Content-Type"] == "image/png"
    assert picture.headers["Content-Length"] == str(len(PHOTO))
    other = sun.get(f"/tickets/{number}/attachments/2")
    assert other.headers["Content-Type"] == "application/octet-stream"
    assert "filename*=UTF-8''%E7%8E%B0%E5%9C%BA.png" in picture.headers["Content-Disposition"]
    assert "b.pdf" in other.headers["Content-Disposition"]
    for answer in (picture, other):
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["Content-Disposition"].isascii()
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["Cache-Control"] == "no-store"
    assert sun.get(f"/tickets/{number}/attachments/3").status_code == 404


def test_an_error_elsewhere_a_draft_and_a_language_keep_the_file(app: Flask, store: Store):
    sun = Person(app, "sun")
    answer = sun.post("/tickets/new", {**CALL, "title": "", INPUT: file()})
    assert answer.status_code == 422
    (token,) = tokens(page_of(answer))
    assert "现场.png" in page_of(answer)
    assert count(store, t.uploads) == 1
    english = sun.post("/tickets/new", {**CALL, FIELD: token, "_do": "en"})
    assert tokens(page_of(english)) == [token]
    number_of(sun.post("/tickets/new", {**CALL, FIELD: token}), sun)
    assert (count(store, t.uploads), count(store, t.attachments)) == (0, 1)

    number, task = city.dispatched(app, "sun", "pan", "sr-lights")
    li = Person(app, "li")
    path = f"/tickets/{number}/tasks/{task}"
    assert li.post(path, {}).status_code == 302  # signed
    number, task = next(one for one in li.tasks() if one[0] == number)
    path = f"/tickets/{number}/tasks/{task}"
    assert li.post(path, {INPUT: file(), "measures": "换了灯", "_do": "draft"}).status_code == 302
    assert len(tokens(li.text(path))) == 1
    kept = li.post(path, {FIELD: tokens(li.text(path)), "_do": "keep"})
    assert "已自动保存草稿" in page_of(kept)
    assert len(tokens(li.text(path))) == 1
    li.post(path, {"_do": "draft"})  # the tick was taken away
    assert tokens(li.text(path)) == []


def test_a_form_sent_twice_has_its_file_once(app: Flask, store: Store):
    sun = Person(app, "sun")
    own = sun.hidden("/tickets/new")
    for _ in range(2):
        answer = sun.client.post("/tickets/new", data={**own, **CALL, INPUT: file()})
        assert answer.status_code == 302, page_of(answer)
    assert [count(store, one) for one in (t.tickets, t.files, t.uploads, t.attachments)] == [
        1,
        1,
        0,
        1,
    ]
    assert verify.verify(store).differences == ()


def test_a_refused_file_is_named_and_the_rest_of_the_form_stays(app: Flask, store: Store):
    sun = Person(app, "sun")

    def bad() -> Any:
        return file(b"<html><script>", "../合同\u202e.pdf", "application/pdf")

    answer = sun.post("/tickets/new", {**CALL, INPUT: [file(), bad()]})
    assert answer.status_code == 422
    page = page_of(answer)
    assert "“合同.pdf”里是网页代码" in page
    assert CALL["title"] in page
    assert len(tokens(page)) == 1
    assert count(store, t.tickets) == 0
    own = sun.hidden("/tickets/new")
    part = sun.client.post(
        "/tickets/new",
        data={**own, **CALL, INPUT: bad(), "_do": "update"},
        headers={"HX-Request": "true"},
    )
    assert part.status_code == 200
    assert "“合同.pdf”里是网页代码" in page_of(part)
    many = sun.post(
        "/tickets/new", {**CALL, INPUT: [file(b"%PDF-" + bytes([n])) for n in range(11)]}
    )
    assert "最多10个文件" in page_of(many)
    strange = sun.post("/tickets/new", {**CALL, "_file-title": file()})
    assert "没有对应的栏目" in page_of(strange)


def test_only_forms_with_files_take_more_and_only_from_who_is_signed_in(app: Flask, store: Store):
    sun = Person(app, "sun")
    scan = b"%PDF-1.7\n" + b"\0" * 3_000_000
    number = number_of(large(sun, "/tickets/new", {**CALL, INPUT: file(scan, "扫描.pdf")}), sun)
    assert sun.get(f"/tickets/{number}/attachments/1").data == scan
    page = f"/tickets/{number}"
    # The form of a call goes there whole, with the file that was chosen.
    sent = {**sun.hidden("/tickets/new"), **CALL, INPUT: file(scan)}
    joined = sun.client.post(f"{page}/join", data=sent)
    joined.request.environ["wsgi.input"].close()
    assert joined.status_code == 200
    sent = {"text": "x", INPUT: file(scan)}
    assert large(sun, f"{page}/comments", sent, on=page).status_code == 413
    assert sun.post("/tickets/new", {**CALL, "matter": "长" * 400_000}).status_code == 413
    sent = {**CALL, INPUT: file(b"%PDF-" + b"\0" * 70_000_000)}
    assert large(sun, "/tickets/new", sent).status_code == 413
    stranger = Person(app).client.post("/tickets/new", data={INPUT: file(scan)})
    stranger.request.environ["wsgi.input"].close()
    assert stranger.status_code in (400, 413)
    assert count(store, t.uploads) == 0


def test_a_large_file_takes_little_memory_on_its_way_out(app: Flask):
    sun = Person(app, "sun")
    sent = {**CALL, INPUT: file(b"%PDF-1.7\n" + b"\0" * 18_000_000, "扫描.pdf")}
    number = number_of(large(sun, "/tickets/new", sent), sun)
    del sent
    tracemalloc.start()
    try:
        with sun.client.get(f"/tickets/{number}/attachments/1", buffered=False) as answer:
            size = sum(map(len, answer.response))
        assert size > 18_000_000
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_no_name_and_no_content_comes_into_a_log(app: Flask, caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    sun = Person(app, "sun")
    sun.post("/tickets/new", {**CALL, INPUT: [file(), file(b"MZ\x90", "工资表.exe")]})
    number_of(sun.post("/tickets/new", {**CALL, INPUT: file()}), sun)
    told = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "现场" not in told
    assert "工资表" not in told


def test_what_tells_who_reported_is_named_to_the_centre_only(app: Flask):
    sun = Person(app, "sun")
    report = {**CALL, "type": "report", "about_unit": "sr-water", "protected": "true"}
    sent = {**report, "_file-recordings": file(name="周女士证件.png"), INPUT: file()}
    number = number_of(sun.post("/tickets/new", sent), sun)
    pan = Person(app, "pan")
    ((_, task),) = [one for one in pan.tasks() if one[0] == number]
    sent = {"lead_unit": "sr-lights", "item_words": "城市照明设施维护"}
    assert pan.post(f"/tickets/{number}/tasks/{task}", sent).status_code == 302
    assert "周女士证件.png" in pan.text(f"/tickets/{number}")
    li = Person(app, "li")
    ((_, task),) = [one for one in li.tasks() if one[0] == number]
    for path in (f"/tickets/{number}", f"/tickets/{number}/tasks/{task}"):
        page = li.text(path)
        assert "周女士" not in page
        assert "现场.png" in page
        assert "有一个能认出举报人的文件" in page
    files = [f"/tickets/{number}/attachments/{n}" for n in (1, 2)]
    assert sorted(li.get(path).status_code for path in files) == [200, 404]
    assert [pan.get(path).status_code for path in files] == [200, 200]
    assert [Person(app, "lei").get(path).status_code for path in files] == [404, 404]
