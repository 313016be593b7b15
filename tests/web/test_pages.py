"""The pages without a browser: what is answered, kept, refused and said."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from engine.acts import people
from engine.errors import StoreError
from engine.read import ticket as reading
from engine.store import Store
from tests.browser import city
from tests.browser.city import CALL, PASSWORD, Clock, Person
from webapp import LARGEST_REQUEST, create_app
from webapp.words import label


def page_of(answer: object) -> str:
    return unescape(answer.get_data(as_text=True))  # type: ignore[attr-defined]


def said(person: Person, path: str = "/") -> str:
    """What the page says on top of everything."""
    return "".join(re.findall(r'role="status"><p>(.*?)</p>', person.text(path)))


# --- signing in --------------------------------------------------------------------------------


def test_the_cookie_holds_a_random_token_and_nothing_else(app: Flask):
    person = Person(app)
    answer = person.sign_in("li")
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if "hotline_session" in c)
    assert re.match(r"hotline_session=[\w-]{43};", cookie)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    again = Person(app).sign_in("li")
    assert again.headers.getlist("Set-Cookie") != answer.headers.getlist("Set-Cookie")


def test_behind_tls_cookies_are_secure_and_the_browser_stays_with_https(store: Store, clock: Clock):
    app = create_app(store, clock, tls=True, proxies=1)
    client, site = app.test_client(), "https://hotline.example"
    page = client.get("/sign-in", base_url=site)
    assert "max-age" in page.headers["Strict-Transport-Security"]
    own = dict(city.HIDDEN.findall(page.get_data(as_text=True)))
    fields = {**own, "name": "li", "password": PASSWORD}
    referer = {"Referer": f"{site}/sign-in"}
    answer = client.post("/sign-in", data=fields, headers=referer, base_url=site)
    assert answer.status_code == 302
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert "Secure" in cookie
        assert "HttpOnly" in cookie


def test_a_wrong_password_and_an_unknown_name_are_told_alike(app: Flask):
    wrong = Person(app).sign_in("li", "not-this-one")
    unknown = Person(app).sign_in("nobody", "not-this-one")
    assert wrong.status_code == unknown.status_code == 401
    assert "用户名或密码不正确" in page_of(wrong)
    alert = r'role="alert".*?</div>'
    assert re.findall(alert, page_of(wrong)) == re.findall(alert, page_of(unknown))


def test_five_wrong_passwords_lock_for_a_quarter_of_an_hour(app: Flask, clock: Clock):
    for _ in range(5):
        Person(app).sign_in("li", "not-this-one")
    assert Person(app).sign_in("li").status_code == 401
    clock.moment += timedelta(minutes=16)
    assert Person(app).sign_in("li").status_code == 302


def test_signing_out_ends_the_session_on_the_server(app: Flask):
    person = Person(app, "li")
    token = person.client.get_cookie("hotline_session")
    assert token
    person.post("/sign-out", {}, on="/")
    person.client.set_cookie("hotline_session", token.value)
    assert person.get("/").status_code == 302


def test_signing_in_leads_back_but_never_away_from_this_site(app: Flask):
    for wanted, onward in [
        ("/overdue?from=50", "/overdue?from=50"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("http://[", "/"),
        ("/\t/[", "/"),
        ("\t/[", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("/?number=路灯", "/?number=%E8%B7%AF%E7%81%AF"),
    ]:
        person = Person(app)
        own = person.hidden("/sign-in", "/sign-in")
        fields = {**own, "next": wanted, "name": "li", "password": PASSWORD}
        assert person.client.post("/sign-in", data=fields).location == onward


def test_a_password_is_changed_and_every_other_session_ends(app: Flask):
    here, there = Person(app, "li"), Person(app, "li")
    for fields, sentence in [
        ({}, "请输入现在的密码"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "至少 10 个字符"),
        ({"old": PASSWORD, "new": "long enough 1", "again": "long enough 2"}, "不一致"),
        ({"old": "wrong", "new": "long enough 1", "again": "long enough 1"}, "不正确"),
    ]:
        answer = here.post("/password", fields)
        assert answer.status_code == 400
        assert sentence in page_of(answer)
    new = {"old": PASSWORD, "new": "long enough 1", "again": "long enough 1"}
    assert here.post("/password", new).status_code == 302
    assert "密码已修改" in said(here)
    assert there.get("/").status_code == 302
    assert Person(app).sign_in("li", "long enough 1").status_code == 302


# --- what is typed is not lost -----------------------------------------------------------------


def test_what_was_typed_when_the_session_ended_comes_back(app: Flask, clock: Clock):
    person = Person(app, "sun")
    own = person.hidden("/tickets/new")
    clock.moment += timedelta(hours=3)
    asked = person.client.post("/tickets/new", data={**own, **CALL})
    assert asked.status_code == 401
    assert "没有丢失" in page_of(asked)
    kept = dict(re.findall(r'name="(_?[\w.]+)" value="([^"]*)"', asked.get_data(as_text=True)))
    back = person.client.post("/sign-in", data={**kept, "name": "sun", "password": PASSWORD})
    assert back.status_code == 200
    assert 'action="/tickets/new"' in page_of(back)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', back.get_data(as_text=True)))
    form = person.client.post("/tickets/new", data=fields)
    assert form.status_code == 200
    assert CALL["matter"] in page_of(form)
    assert Person(app, "pan").tasks() == []


def back_after(person: Person, asked: TestResponse, name: str) -> TestResponse:
    """Sign in on the page that asked for it."""
    assert asked.status_code == 401
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', asked.get_data(True))
    fields = {key: unescape(value) for key, value in found}
    return person.client.post("/sign-in", data={**fields, "name": name, "password": PASSWORD})


@pytest.mark.parametrize("act", ["caller", "tasks/{task}/hand-over", "tasks/{task}/claim"])
def test_an_act_on_a_ticket_after_the_session_ended_leads_back_to_it(
    app: Flask, clock: Clock, act: str
):
    number, task = city.dispatched(app, "sun", "pan", "sr-lights")
    person = Person(app, "li")
    own = person.token()
    clock.moment += timedelta(hours=3)
    sent = {**own, "reason": "回电", "to": "lin", "next": "/"}
    asked = person.client.post(f"/tickets/{number}/{act.format(task=task)}", data=sent)
    assert "没有丢失" not in page_of(asked)
    assert "没有生效" in page_of(asked)
    assert back_after(person, asked, "li").location == f"/tickets/{number}"


def test_a_comment_after_the_session_ended_is_shown_to_be_copied(app: Flask, clock: Clock):
    number, _ = city.dispatched(app, "sun", "pan", "sr-lights")
    person = Person(app, "li")
    own = person.token()
    clock.moment += timedelta(hours=3)
    sent = {**own, "text": '请"先"回电 <周>'}
    asked = person.client.post(f"/tickets/{number}/comments", data=sent)
    assert "备注没有保存" in page_of(asked)
    back = back_after(person, asked, "li")
    assert back.status_code == 200
    assert '请"先"回电 <周></textarea>' in page_of(back)
    assert f'href="/tickets/{number}"' in page_of(back)


def test_passwords_are_never_carried_through_a_sign_in(app: Flask, clock: Clock):
    person = Person(app, "li")
    own = person.token()
    clock.moment += timedelta(hours=3)
    new = {"old": PASSWORD, "new": "long enough 1", "again": "long enough 1"}
    asked = person.client.post("/password", data={**own, **new})
    assert PASSWORD not in page_of(asked)
    assert "long enough 1" not in page_of(asked)
    assert back_after(person, asked, "li").location == "/"


def test_signing_out_after_the_session_ended_leads_to_the_work_list(app: Flask, clock: Clock):
    person = Person(app, "li")
    own = person.token()
    clock.moment += timedelta(hours=3)
    asked = person.client.post("/sign-out", data=own)
    assert back_after(person, asked, "li").location == "/"


def test_more_than_can_be_kept_is_said_to_be_lost(app: Flask):
    for typed in ({f"f{n}": "x" for n in range(501)}, {"matter": "x" * 100_001}):
        asked = Person(app).client.post("/tickets/new", data=typed)
        assert asked.status_code == 401
        assert "没有保留" in page_of(asked)
        assert 'name="kept.' not in page_of(asked)


def test_a_refused_form_shows_what_was_typed_and_what_to_correct(app: Flask):
    person = Person(app, "sun")
    answer = person.post("/tickets/new", {**CALL, "title": "", "matter": "长" * 4001})
    page = page_of(answer)
    assert answer.status_code == 422
    assert "<title>错误：" in page
    assert 'href="#field-title"' in page
    assert 'href="#field-matter"' in page
    assert "最多4000字" in page
    assert CALL["place"] in page
    assert 'aria-invalid="true"' in page


def test_unknown_fields_and_values_of_hidden_fields_are_refused(app: Flask):
    person = Person(app, "sun")
    answer = person.post("/tickets/new", {**CALL, "smuggled": "1"})
    assert answer.status_code == 422
    assert "没有的项" in page_of(answer)
    assert person.post("/tickets/new", {**CALL, "type": "bribe"}).status_code == 422
    assert Person(app, "pan").tasks() == []

    number, task = city.dispatched(app, "sun", "pan", "sr-lights")
    officer = Person(app, "li")
    officer.post(f"/tickets/{number}/tasks/{task}", {})
    (number, task), *_ = officer.tasks()
    report = {
        "measures": "修好了",
        "reply": "已修好",
        "told_how": "phone",
        "told_at": "2026-09-30T09:30",
        "outcome": "done",
        "basis": "这一项此时是隐藏的",
    }
    answer = officer.post(f"/tickets/{number}/tasks/{task}", report)
    assert answer.status_code == 422
    assert "不用填写" in page_of(answer)
    assert officer.tasks() == [(number, task)]


def test_a_form_asked_again_by_script_is_only_its_fields(app: Flask):
    person = Person(app, "sun")
    own = person.hidden("/tickets/new")
    answer = person.client.post(
        "/tickets/new", data={**own, **CALL, "_do": "update"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert page_of(answer).lstrip().startswith('<div id="fields"')
    assert Person(app, "pan").tasks() == []


def test_a_draft_is_kept_for_its_writer_alone(app: Flask):
    number, task = city.dispatched(app, "sun", "pan", "sr-lights")
    path = f"/tickets/{number}/tasks/{task}"
    writer, colleague = Person(app, "li"), Person(app, "lin")
    assert writer.post(path, {"officer": "写了一半", "_do": "draft"}).location == path
    assert "写了一半" in writer.text(path)
    assert "写了一半" not in colleague.text(path)


def test_a_draft_sent_again_with_other_words_is_kept_anew(app: Flask):
    number, task = city.dispatched(app, "sun", "pan", "sr-lights")
    path = f"/tickets/{number}/tasks/{task}"
    person = Person(app, "li")
    own = {**person.hidden(path), "_do": "draft"}
    for words in ("先写", "后写", "先写"):
        assert person.client.post(path, data={**own, "officer": words}).status_code == 302
        assert words in person.text(path)


def test_a_comment_sent_again_is_kept_once_and_other_words_are_kept_too(app: Flask):
    number, _ = city.dispatched(app, "sun", "pan", "sr-lights")
    person = Person(app, "li")
    own = person.token()
    for words in ("请先回电。", "请先回电。", "不用回电了。", "请先回电。"):
        sent = {**own, "text": words}
        assert person.client.post(f"/tickets/{number}/comments", data=sent).status_code == 302
    page = person.text(f"/tickets/{number}")
    assert page.count("请先回电。") == 1
    assert page.count("不用回电了。") == 1
    sent = {**own, "_key": "", "text": "没有识别码"}
    assert person.client.post(f"/tickets/{number}/comments", data=sent).status_code == 400


def test_when_what_comes_next_cannot_be_read_what_was_done_is_still_said(
    app: Flask, monkeypatch: pytest.MonkeyPatch
):
    person = Person(app, "sun")

    def fail(*_: object) -> None:
        raise StoreError("database_locked")

    with monkeypatch.context() as patch:
        patch.setattr(reading, "page", fail)
        assert person.post("/tickets/new", CALL).status_code == 302
    assert "已登记" in said(person)


NAMES_MADE_UP = ("{", "[" * 100_000, '[["officer", "\\ud800"]]', '[["officer"]]', "[[[], {}]]", "1")


def test_names_of_fields_that_were_made_up_are_ignored(app: Flask):
    number, task = city.dispatched(app, "sun", "pan", "sr-lights")
    path = f"/tickets/{number}/tasks/{task}"
    slow, quick = Person(app, "li"), Person(app, "lin")
    own = slow.hidden(path)
    assert quick.post(path, {}).status_code == 302
    for names in NAMES_MADE_UP:
        answer = slow.client.post(path, data={**own, "_names": names, "officer": "李卫东"})
        assert answer.status_code == 409


def test_who_comes_second_is_told_who_was_first_and_keeps_what_was_typed(app: Flask):
    number, task = city.dispatched(app, "sun", "pan", "sr-lights")
    path = f"/tickets/{number}/tasks/{task}"
    slow, quick = Person(app, "li"), Person(app, "lin")
    own = slow.hidden(path)
    assert quick.post(path, {}).status_code == 302
    answer = slow.client.post(path, data={**own, "officer": "李卫东"})
    assert answer.status_code == 409
    assert "林小雨" in page_of(answer)
    assert "经办人" in page_of(answer)
    assert "李卫东</dd>" in page_of(answer)


def test_sent_twice_it_is_done_once_and_told_twice(app: Flask):
    person = Person(app, "sun")
    own = person.hidden("/tickets/new")
    for _ in range(2):
        answer = person.client.post("/tickets/new", data={**own, **CALL})
        assert (answer.status_code, answer.location) == (302, "/")
        assert "已登记" in said(person)
    desk = Person(app, "pan")
    ((number, task),) = desk.tasks()
    path = f"/tickets/{number}/tasks/{task}"
    own = desk.hidden(path)
    sent = {**own, "lead_unit": "sr-lights", "item_words": "城市照明设施维护"}
    for _ in range(2):
        assert desk.client.post(path, data=sent).status_code == 302
        assert "签收" in said(desk)
    assert len(Person(app, "li").tasks()) == 1


# --- lists, claims, pages ----------------------------------------------------------------------


def test_a_task_is_taken_seen_as_taken_and_put_back(app: Flask):
    number, task = city.dispatched(app, "sun", "pan", "sr-lights")
    path = f"/tickets/{number}/tasks/{task}"
    li, lin = Person(app, "li"), Person(app, "lin")
    assert li.post(f"{path}/claim", {}, on="/").status_code == 302
    assert li.text("/?tab=mine").count(f'{path}"') == 1
    assert lin.text("/?tab=free").count(f'{path}"') == 0
    assert "李卫东" in lin.text("/")
    answer = lin.client.post(path, data=lin.token())
    assert answer.status_code == 409
    assert "李卫东" in page_of(answer)
    assert li.post(f"{path}/release", {}, on="/").status_code == 302
    assert lin.client.post(f"{path}/claim", data=lin.token()).status_code == 302


def test_due_times_are_words(app: Flask, clock: Clock):
    city.dispatched(app, "sun", "pan", "sr-lights")
    for moment, words in [
        ("2026-09-30 11:00", "还剩 1 个工作日，10月8日 24:00 到期"),
        ("2026-10-05 11:00", "还剩 1 个工作日，10月8日 24:00 到期"),
        ("2026-10-08 23:59", "今天到期：10月8日 24:00"),
        ("2026-10-10 00:00", "已过时限 2 个工作日，应于 10月8日 24:00 前完成"),
    ]:
        clock.set(moment)
        assert words in Person(app, "li").text("/")


def test_a_ticket_s_page_explains_its_due_times_and_masks_the_phone(app: Flask):
    number, _ = city.dispatched(app, "sun", "pan", "sr-lights")
    page = unescape(Person(app, "pan").text(f"/tickets/{number}"))
    for words in ("第十四条", "国庆", "10月8日 24:00", "138****1234", "上饶市政务服务管理局"):
        assert words in page
    assert "13812341234" not in page


def test_a_ticket_is_found_by_its_number_by_who_may_see_it(app: Flask):
    number, _ = city.dispatched(app, "sun", "pan", "sr-lights")
    assert Person(app, "pan").get(f"/tickets?q={number}").location == f"/tickets/{number}"
    assert number in Person(app, "pan").text(f"/tickets?q={number[:8]}")
    page = Person(app, "wang").text(f"/tickets?q={number}")
    assert "没有查到" in page
    assert CALL["title"] not in page


def test_a_comment_is_said_to_all_who_see_the_ticket(app: Flask):
    number, _ = city.dispatched(app, "sun", "pan", "sr-lights")
    person = Person(app, "pan")
    answer = person.post(
        f"/tickets/{number}/comments", {"text": "请先回电。"}, f"/tickets/{number}"
    )
    assert answer.status_code == 302
    assert "请先回电。" in Person(app, "li").text(f"/tickets/{number}")


def test_the_caller_s_number_is_shown_for_a_reason_that_stays(app: Flask):
    number, _ = city.dispatched(app, "sun", "pan", "sr-lights")
    path = f"/tickets/{number}/caller"
    person = Person(app, "li")
    assert "13812341234" not in person.text(path)
    assert person.post(path, {"reason": " "}).status_code == 422
    answer = person.post(path, {"reason": "回电核实是哪几盏灯"})
    assert answer.status_code == 200
    assert "13812341234" in page_of(answer)
    history = unescape(Person(app, "pan").text(f"/tickets/{number}"))
    assert "回电核实是哪几盏灯" in history
    assert "13812341234" not in history


def test_a_task_is_handed_over_to_a_colleague(app: Flask):
    number, task = city.dispatched(app, "sun", "pan", "sr-lights")
    path = f"/tickets/{number}/tasks/{task}"
    li = Person(app, "li")
    li.post(f"{path}/claim", {}, on="/")
    assert "林小雨" in li.text(path)
    assert li.post(f"{path}/hand-over", {"to": "lin"}, on=path).status_code == 302
    assert f'{path}"' in Person(app, "lin").text("/?tab=mine")


def test_the_pages_speak_english_when_asked_and_chinese_without_a_catalogue(
    app: Flask, monkeypatch: pytest.MonkeyPatch
):
    person = Person(app, "sun")
    assert person.get("/language/en?next=/overdue").location == "/overdue"
    page = person.text("/")
    assert '<html lang="en">' in page
    assert "New call" in page
    person.get("/language/klingon")
    assert '<html lang="en">' in person.text("/")
    person.get("/language/zh")
    assert '<html lang="zh-CN">' in person.text("/")

    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "nowhere"
    bare = create_app(app.extensions["hotline"].store, app.extensions["hotline"].clock)
    bare.extensions["babel"].translation_directories = ["nowhere"]
    client = bare.test_client()
    client.set_cookie("hotline_language", "en")
    assert "登录" in client.get("/sign-in").get_data(as_text=True)


# --- errors ------------------------------------------------------------------------------------


def test_a_form_from_elsewhere_or_without_its_token_is_refused(app: Flask):
    person = Person(app, "sun")
    answer = person.client.post("/tickets/new", data=CALL)
    assert answer.status_code == 400
    assert "刷新后重新提交" in page_of(answer)
    own = {**person.hidden("/tickets/new"), "_key": ""}
    answer = person.client.post("/tickets/new", data={**own, **CALL})
    assert answer.status_code == 400
    assert "识别码" in page_of(answer)
    assert Person(app, "pan").tasks() == []


def test_too_much_is_refused_whole(app: Flask):
    person = Person(app, "sun")
    own = person.hidden("/tickets/new")
    answer = person.client.post("/tickets/new", data={**own, "matter": "x" * LARGEST_REQUEST})
    assert answer.status_code == 413
    assert "太大" in page_of(answer)


def test_wrong_addresses_and_methods_are_told_so(app: Flask):
    person = Person(app, "li")
    for path in (
        "/nowhere",
        "/tickets/20990101-00001",
        "/tickets/1/tasks/1",
        "/tickets/1/tasks/x",
        f"/tickets/1/tasks/{2**63}",
    ):
        answer = person.get(path)
        assert answer.status_code == 404, path
        assert "找不到" in page_of(answer)
    answer = person.client.get("/sign-out")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert person.get("/?from=-1&tab=x").status_code == 200
    assert person.get("/?from=" + "9" * 30).status_code == 200


def test_a_nul_is_refused_wherever_it_comes(app: Flask):
    person = Person(app, "li")
    for path in ("/tickets/%00", "/a%00", "/static/%00", "/?tab=%00", "/sign-in?next=%00"):
        assert person.get(path).status_code == 400, path
    for sent in ({"text": "a\0"}, {"a\0": "b"}):
        answer = person.client.post("/tickets/1/comments", data={**person.token(), **sent})
        assert answer.status_code == 400
    own = person.hidden("/password")
    assert Person(app).client.post("/sign-in", data={**own, "name": "\0"}).status_code == 400


def test_a_head_is_answered_as_a_get(app: Flask):
    assert Person(app).client.head("/sign-in").status_code == 200
    assert Person(app, "li").client.head("/sign-in?next=/overdue").location == "/overdue"


def test_claiming_leads_to_the_list_from_whatever_address(app: Flask):
    number, task = city.dispatched(app, "sun", "pan", "sr-lights")
    person = Person(app, "li")
    path = f"/tickets/{number}/tasks/{task}"
    for onward in ("http://[", "\t/[", "/\r\n"):
        answer = person.client.post(f"{path}/claim", data={**person.token(), "next": onward})
        assert (answer.status_code, answer.location) == (302, "/")
        person.client.post(f"{path}/release", data=person.token())


def test_a_database_file_that_is_gone_is_told(app: Flask, home: Path):
    (home / "var").rename(home / "elsewhere")
    health = app.test_client().get("/healthz")
    assert health.status_code == 503
    assert health.json["database"] in ("file_gone", "cannot_open")
    for name, word in (("li", PASSWORD), ("li", "wrong")):
        answer = Person(app).sign_in(name, word)
        assert answer.status_code == 503
        assert "没有生效" in page_of(answer) or "无法打开" in page_of(answer)
    shutil.copytree(home / "elsewhere", home / "var")
    assert app.test_client().get("/healthz").json["database"] == "file_gone"


def test_a_sign_in_that_could_not_be_asked_is_no_wrong_password(
    app: Flask, store: Store, monkeypatch: pytest.MonkeyPatch
):
    person = Person(app)
    own = person.hidden("/sign-in", "/sign-in")
    with failing(store, monkeypatch, StoreError("database_down")):
        sent = {**own, "name": "li", "password": PASSWORD}
        assert person.client.post("/sign-in", data=sent).status_code == 503


def test_a_label_of_the_form_wins_in_chinese(app: Flask):
    for code in ("zh", "en"):
        with app.test_request_context(headers={"Cookie": f"hotline_language={code}"}):
            assert (label("type", "help", "表单的词") == "表单的词") is (code == "zh")


@contextmanager
def failing(store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception) -> Iterator[None]:
    @contextmanager
    def fail(self: Store) -> Iterator[None]:
        raise error
        yield

    with monkeypatch.context() as patch:
        patch.setattr(Store, "read", fail)
        patch.setattr(Store, "write", fail)
        yield


def test_a_database_that_is_down_is_told_and_nothing_is_half_done(
    app: Flask, store: Store, monkeypatch: pytest.MonkeyPatch
):
    person = Person(app, "sun")
    own = person.hidden("/tickets/new")
    for code in ("database_down", "database_locked"):
        with failing(store, monkeypatch, StoreError(code)):
            answer = person.client.post("/tickets/new", data={**own, **CALL})
            assert answer.status_code == 503
            assert answer.headers["Retry-After"]
            assert "没有生效" in page_of(answer)
            assert person.get("/healthz").status_code == 503
            assert person.get("/healthz").json["database"] == code
    assert person.client.post("/tickets/new", data={**own, **CALL}).status_code == 302
    health = person.get("/healthz")
    assert health.status_code == 200
    assert health.json["status"] == "ok"


def test_what_nobody_foresaw_has_a_reference_and_tells_no_content(
    app: Flask, store: Store, monkeypatch: pytest.MonkeyPatch
):
    person = Person(app, "sun")
    with failing(store, monkeypatch, RuntimeError("secret words")):
        answer = person.get("/")
    assert answer.status_code == 500
    assert "错误编号" in page_of(answer)
    assert "secret words" not in page_of(answer)


def test_every_answer_is_hardened(app: Flask):
    person = Person(app, "li")
    for path in ("/", "/nowhere", "/sign-in", "/healthz", "/static/app/icon.svg"):
        with person.get(path) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        stored = headers["Cache-Control"]
        assert ("no-store" in stored) is not path.startswith("/static")
    page = person.text("/")
    assert "<style" not in page
    assert not re.search(r"\son\w+=|\sstyle=|<script(?! type=\"module\" src=)", page)


def test_a_late_sweep_shows_in_the_health(app: Flask, clock: Clock):
    city.dispatched(app, "sun", "pan", "sr-lights")
    assert app.test_client().get("/healthz").json["sweep"] == "ok"
    clock.set("2026-10-09 00:11")
    found = app.test_client().get("/healthz")
    assert found.status_code == 200
    assert found.json["sweep"] == "late"


def test_who_may_no_longer_sign_in_is_out_at_once(app: Flask, store: Store, clock: Clock):
    person = Person(app, "li")
    people.set_active(store, None, "li", False, clock())
    assert person.get("/").status_code == 302
