"""A real browser at a real server.

SHOTS=<folder> keeps a whole picture of every page looked at, PAGES=<folder> those of docs/pages.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from engine.store import Store
from tests.browser import city, pictures

CHROMIUM = Path("/usr/bin/chromium")
VENDOR = Path(__file__).resolve().parents[2] / "webapp/static/vendor/app.js"
FLAGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--lang=zh-CN",
    # Nothing else is ever found; to stop requests one by one would keep nothing in the cache.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 375, "height": 812}

SCRIPT_OR_NOT = [
    pytest.param(True, id="script"),
    pytest.param(False, id="plain", marks=pytest.mark.long),
]
"""With script in the suite; without by `make long`, where a walk of the suite shows as much."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    if not CHROMIUM.exists():
        pytest.fail("These tests need Chromium: apt-get install -y chromium", pytrace=False)
    if not VENDOR.exists():
        pytest.fail("The pages' parts are not built: make frontend", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Site:
    """The city's pages, served."""

    address: str
    clock: city.Clock
    store: Store


@pytest.fixture
def site(home: Path) -> Iterator[Site]:
    """A city on the morning before seven days of rest: Wednesday 30 September 2026, 10:00."""
    clock = city.Clock(city.MORNING)
    with city.opened(home) as store, city.served(city.application(store, clock)) as address:
        yield Site(address, clock, store)


@dataclass
class Visitor:
    """Somebody at the browser. Whatever leaves the machine is stopped and remembered."""

    site: Site
    context: BrowserContext
    page: Page
    script: bool
    strayed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.site.address + path)

    def sign_in(self, name: str) -> None:
        self.go("/sign-in")
        self.page.get_by_label("用户名").fill(name)
        self.page.get_by_label("密码").fill(city.PASSWORD)
        self.press("登录")

    def sign_out(self) -> None:
        self.press("退出")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()
        if self.script:  # a form first asks whether the line is there
            self.page.locator("form[data-asking]").first.wait_for(state="detached")
        self.page.wait_for_load_state()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()
        self.page.wait_for_load_state()

    def write(self, label: str, text: str) -> None:
        box = self.page.locator("main").get_by_label(label)
        box.and_(self.page.locator("input, textarea")).fill(text)  # a section may be named alike

    def choose(self, group: str, option: str) -> None:
        """Choose in a group of radio buttons or boxes, or in a list."""
        box, chosen = self.page.get_by_role("group", name=group), self.page.get_by_label(group)
        box.or_(chosen).first.wait_for()  # with script it may just be on its way
        if box.count():
            box.get_by_label(option, exact=True).check()
        else:
            chosen.select_option(label=option)

    def said(self) -> str:
        """What the page says on top of everything."""
        return "\n".join(self.page.get_by_role("status").all_inner_texts())

    def look(self, name: str) -> None:
        """Look at the page: accessible, nothing sticks out, a picture if pictures are wanted."""
        shots, pages = os.environ.get("SHOTS"), os.environ.get("PAGES")
        kind = "script" if self.script else "plain"
        for width, size in (("wide", WIDE), ("narrow", NARROW)):
            self.page.set_viewport_size(size)
            reach = self.page.locator("html").evaluate("page => page.scrollWidth")
            assert reach <= size["width"], f"{name} sticks out at {size['width']} px"
            if self.script and size is WIDE:
                report = Axe().run(self.page)
                assert report.violations_count == 0, f"{name}: {report.generate_report()}"
            self.page.evaluate("scrollTo(0, 0)")  # else what sticks to the top hangs in between
            if shots:
                path = Path(shots) / f"{name}-{width}-{kind}.png"
                # A hidden caret would be an inline style, which the policy refuses to htmx.
                self.page.screenshot(path=path, full_page=True, caret="initial")
            if pages and self.script and name in pictures.listed():
                pictures.take(self.page, Path(pages) / f"{name}-{width}.jpg", size["width"])
        self.page.set_viewport_size(WIDE)


@pytest.fixture
def visit(chromium: Browser, site: Site) -> Iterator[Callable[..., Visitor]]:
    """Open a browser of one's own: visit(script=False) is one without JavaScript."""
    visitors: list[Visitor] = []

    def open_one(*, script: bool = True, english: bool = False) -> Visitor:
        context = chromium.new_context(
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            viewport=WIDE,
            java_script_enabled=script,
        )
        context.set_default_timeout(10_000)
        if english:
            context.add_cookies([{"name": "hotline_language", "value": "en", "url": site.address}])
        visitor = Visitor(site, context, context.new_page(), script)
        home = urlsplit(site.address).netloc

        def watch(request: Request) -> None:
            if urlsplit(request.url).netloc != home:
                visitor.strayed.append(request.url)

        context.on("request", watch)
        visitor.page.on("pageerror", lambda error: visitor.errors.append(str(error)))
        visitor.page.on(
            "console",
            lambda message: (
                visitor.errors.append(message.text)
                if message.type == "error" and "Content Security Policy" in message.text
                else None
            ),
        )
        visitors.append(visitor)
        return visitor

    yield open_one
    for visitor in visitors:
        visitor.context.close()
        assert visitor.strayed == [], "requests left the machine"
        assert visitor.errors == []
