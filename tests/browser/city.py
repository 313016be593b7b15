"""A small city for the tests of the pages: people of each role, a clock that can be set."""

from __future__ import annotations

import atexit
import re
import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock
from zoneinfo import ZoneInfo

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse
from werkzeug.wsgi import ClosingIterator

from engine import definitions, settings
from engine.acts import announcements, calendar, people, places, tickets, versions
from engine.acts.people import Newcomer
from engine.acts.places import Area, Item, Unit
from engine.read import agenda
from engine.read import ticket as reading
from engine.store import Store
from tests.integration.office import CHEAP, filled
from webapp import create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PASSWORD = "rain-lamp-2026"

AREAS = (Area("sr", "上饶市", "city"), Area("gf", "广丰区", "county", "sr"))
UNITS = (
    Unit("sr-authority", "上饶市政务服务管理局", "sr", "authority"),
    Unit("sr-centre", "上饶市12345热线中心", "sr", "centre", "sr-authority"),
    Unit("sr-lights", "上饶市城市管理局", "sr", "department"),
    Unit("sr-lights-team", "上饶市城市管理局照明所", "sr", "department", "sr-lights"),
    Unit("sr-water", "上饶市水务局", "sr", "department"),
    Unit("gf-authority", "广丰区政务服务局", "gf", "authority", "sr-authority"),
    Unit("gf-centre", "广丰区12345热线中心", "gf", "centre", "gf-authority"),
    Unit("gf-water", "广丰区水利局", "gf", "department", "sr-water"),
    Unit("gf-pipes", "广丰区住房和城乡建设局", "gf", "department"),
    Unit("gf-springs", "广丰区生态环境局", "gf", "department"),
)
ITEMS = (
    Item("lights-1", "sr", "城市照明设施维护", "sr-lights"),
    Item("water-1", "sr", "城镇供水监管", "sr-water"),
    Item("water-1", "gf", "城镇供水监管", "gf-water"),
)
PEOPLE = (
    Newcomer("sun", "孙悦", "sr-centre", ("call_taker",)),
    Newcomer("pan", "潘登", "sr-centre", ("dispatcher",)),
    Newcomer("li", "李卫东", "sr-lights", ("officer",)),
    Newcomer("lin", "林小雨", "sr-lights", ("officer",)),
    Newcomer("wang", "王海", "sr-water", ("officer",)),
    Newcomer("shen", "沈核", "sr-centre", ("reviewer",)),
    Newcomer("hui", "惠芳", "sr-centre", ("follow_up",)),
    Newcomer("he", "何回", "sr-centre", ("follow_up",)),
    Newcomer("an", "安存", "sr-centre", ("archivist",)),
    Newcomer("du", "杜导", "sr-authority", ("supervisor",)),
    Newcomer("ling", "凌主任", "sr-lights", ("leader",)),
    Newcomer("ban", "班长", "sr-centre", ("duty_leader",)),
    Newcomer("ji", "季审", "sr-authority", ("auditor",)),
    Newcomer("guan", "管理员", "sr-centre", ("administrator",)),
    Newcomer("liu", "刘程", "sr-authority", ("process_owner",)),
    Newcomer("lei", "雷鸣", "sr-water", ("leader",)),
    Newcomer("guo", "郭派", "gf-centre", ("call_taker", "dispatcher", "officer")),
    Newcomer("geng", "耿核", "gf-centre", ("reviewer", "duty_leader")),
    Newcomer("gan", "甘督", "gf-authority", ("supervisor",)),
    Newcomer("gao", "高渠", "gf-water", ("officer",)),
    Newcomer("gong", "龚局长", "gf-water", ("leader",)),
    Newcomer("gu", "顾管网", "gf-pipes", ("officer",)),
    Newcomer("gui", "桂清泉", "gf-springs", ("officer",)),
)


MORNING = datetime(2026, 9, 30, 2, 0, tzinfo=UTC)
"""Wednesday 30 September 2026, 10:00 in Shangrao, the day before seven days of rest."""


class Clock:
    """The clock of a test's application; it stands until it is set."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def set(self, text: str) -> datetime:
        """Set it to a time of Shangrao, such as "2026-09-30 10:00"."""
        self.moment = (
            datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)
        )
        return self.moment


def found(store: Store, now: datetime) -> None:
    """Put the city, its people and the shipped definitions into an empty store."""
    calendar.seed(store, now)
    places.add(store, None, AREAS, UNITS, now)
    places.add_items(store, None, ITEMS, now)
    # A hash says how dear it is to compare: these people sign in hundreds of times.
    with mock.patch.object(people, "_hasher", CHEAP):
        people.add_crowd(store, PEOPLE, PASSWORD, now)
    versions.deploy(store, None, definitions.shipped(), "初次部署", now)


@lru_cache(maxsize=1)
def _template() -> Path:
    """The city in a folder of this process, made once and copied for each test."""
    home = Path(tempfile.mkdtemp(prefix="city-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    with Store.create(settings.read({"HOTLINE_HOME": str(home)})) as store:
        found(store, MORNING)
    return home


@contextmanager
def opened(home: Path) -> Iterator[Store]:
    """A store of its own in `home`, with the city in it and no ticket yet."""
    shutil.copytree(_template() / "var", home / "var")
    with Store.open(settings.read({"HOTLINE_HOME": str(home)})) as store:
        yield store


def application(store: Store, clock: Clock) -> Flask:
    """The application as it is served, errors as pages."""
    return create_app(store, clock)


def _read_at_once(app: Flask) -> WSGIApplication:
    """Answers as bytes: Werkzeug's server forgets to close a file when the browser hangs up."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        with closing(ClosingIterator(app(environ, start_response))) as body:
            return list(body)

    return answer


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application on a free port of this machine; its address."""
    server = make_server("127.0.0.1", 0, _read_at_once(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


CALL = {
    "phone": "13812341234",
    "caller": "周女士",
    "type": "help",
    "emergency": "no",
    "acceptance": "accept",
    "title": "五三大道一排路灯不亮",
    "matter": "从庆丰路口到中山路口，晚上一片漆黑。",
    "place": "信州区五三大道庆丰路口",
    "channel": "phone",
}
"""A call as the start form sends it."""


def dispatched(app: Flask, taker: str, dispatcher: str, unit: str, **more: Any) -> tuple[str, int]:
    """A call taken and dispatched to a unit: the ticket's number, and the unit's open task."""
    assert Person(app, taker).post("/tickets/new", {**CALL, **more}).status_code == 302
    desk = Person(app, dispatcher)
    number, task = desk.tasks()[-1]
    sent = {"lead_unit": unit, "item_words": "城市照明设施维护"}
    assert desk.post(f"/tickets/{number}/tasks/{task}", sent).status_code == 302
    officer = next(one for one in PEOPLE if one.unit == unit and "officer" in one.roles)
    return next(found for found in Person(app, officer.name).tasks() if found[0] == number)


def called(store: Store, now: datetime, who: str = "sun", **given: Any) -> str:
    """A call taken without a browser; the number of its ticket."""
    user = people.load(store, who)
    form = reading.start_form(store, user, now)
    raw = filled(form.form, form.sources, {**CALL, **given})
    return tickets.start(store, user, raw, now, secrets.token_urlsafe(24))


def announced(store: Store, now: datetime, who: str = "pan", **given: Any) -> str:
    """An announcement of the person's centre, in force for eight hours; its number."""
    words = {
        "kind": "water",
        "title": "滨江路停水检修",
        "places": "滨江路、信江花园小区",
        "script": "滨江路今天检修，下午六点恢复供水。",
        "contact": "市水务局 0793-8123456",
        "since": now,
        "until": now + timedelta(hours=8),
    }
    user, key = people.load(store, who), secrets.token_urlsafe(24)
    return announcements.write(store, user, announcements.Words(**{**words, **given}), now, key)


def done(store: Store, now: datetime, who: str, number: str, name: str, **given: Any) -> int:
    """A task of this name done without a browser, a right too; its number."""
    user = people.load(store, who)
    (task,) = [
        one.task
        for one in agenda.waiting(store, number)
        if one.name == name and one.unit == user.unit and one.role in user.roles
    ]
    form = reading.task_form(store, user, number, task, now)
    raw = filled(form.form, form.sources, given)
    tickets.complete(store, user, number, task, raw, now, secrets.token_urlsafe(24))
    return task


HIDDEN = re.compile(r'<input type="hidden" name="(_\w+)" value="([^"]*)"')


class Person:
    """Somebody at a browser without script: follows links, fills forms."""

    def __init__(self, app: Flask, name: str = "") -> None:
        self.client: FlaskClient = app.test_client()
        if name:
            self.sign_in(name)

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def text(self, path: str) -> str:
        return self.get(path).get_data(as_text=True)

    def hidden(self, path: str, action: str = "") -> dict[str, str]:
        """The page's own fields of the form that goes to `action` (default: the page itself)."""
        page = self.text(path)
        forms = re.findall(r"<form\b([^>]*)>(.*?)</form>", page, re.DOTALL)
        for head, body in forms:
            goes = re.search(r'action="([^"]*)"', head)
            if 'method="post"' in head and (goes[1] if goes else "") in (action, action or path):
                return {name: unescape(value) for name, value in HIDDEN.findall(body)}
        raise AssertionError(f"{path} has no form to {action or 'itself'}")

    def post(self, path: str, fields: dict[str, object], on: str = "") -> TestResponse:
        """Send the form to `path` that stands on the page `on` (default: on `path` itself)."""
        own = self.hidden(on or path, path if on else "")
        return self.client.post(path, data={**own, **fields})

    def token(self) -> dict[str, str]:
        """The page's own fields of any form, with a key that nobody has used."""
        own = self.hidden("/password")
        return {"_csrf": own["_csrf"], "_key": secrets.token_urlsafe(24)}

    def tasks(self) -> list[tuple[str, int]]:
        """The open tasks of the work list, in its order: (number of the ticket, task)."""
        links = re.findall(r'<a href="/tickets/([\d-]+)/tasks/(\d+)"', self.text("/"))
        return [(number, int(task)) for number, task in links]

    def sign_in(self, name: str, password: str = PASSWORD) -> TestResponse:
        own = self.hidden("/sign-in", "/sign-in")
        return self.client.post("/sign-in", data={**own, "name": name, "password": password})
