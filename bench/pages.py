"""What each page costs in a city of years: by default 300,000 tickets, 10,000 of them under way.

`python -m bench.pages` prints; it promises nothing. A simulated month is copied many times over
with chains of its own (`hotline multiply`), then every page that can be looked at is asked for
by a person of each role, through the application as the server runs it, signed in by the form.
A page that nobody could open is named, so none is left out unsaid. On both databases.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.routing import Rule

from engine import settings as settings_of
from engine.access import User
from engine.acts import people, simulations
from engine.city.loader import multiply
from engine.cli.setting_up import create, furnish_demo
from engine.cli.simulating import month
from engine.read import staff, worklist
from engine.read.search import tickets_in_reach
from engine.settings import Settings
from engine.store import Store
from engine.store import tables as t
from tests import servers
from webapp import create_app
from webapp.pages import ACTIONS, OPEN

START = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 30.0
NOW = START + timedelta(days=DAYS)
LOOKS = 5

ASKED: Mapping[str, tuple[str, ...]] = {
    "tickets.find": ("q=路灯", "q=13812345678", "q=00042", "q=信州区 噪音"),
    "calls.find": ("q=路灯", "q=13812345678"),
    "work.tasks": ("", "tab=mine", "tab=free", "type=complaint", "offset=2000"),
    "work.overdue": ("", "offset=200"),
    "supervision.entries": ("", "tab=all"),
}
"""Endpoint → the queries that it is measured with; any other page is asked for without one."""


@dataclass(frozen=True, slots=True)
class Look:
    """One page as one person sees it: milliseconds of the middle look, of the processor's work in
    it, of the slowest one; bytes."""

    page: str
    who: str
    median: float
    cpu: float
    slowest: float
    size: int


def fill(store: Store, count: int, under_way: int, sample: int) -> str:
    """Make the city; the password of its people."""
    password = furnish_demo(store, START)
    run = simulations.Run(START, DAYS, sample, 7)
    simulations.begin(store, run)
    month(store, START, DAYS, sample, 7).run(_progress("simulated"))
    simulations.end(store, run, NOW)
    with store.read() as conn:
        query = select(func.count()).select_from(t.tickets).where(t.tickets.c.ended_at.is_(None))
        going_on = conn.execute(query).scalar_one()
    copies = max(1, round((count - under_way) / (sample - going_on)) - 1)
    multiply(
        store,
        copies,
        _progress("copied"),
        still_open=max(0, round(under_way / max(going_on, 1)) - 1),
    )
    return password


def _progress(word: str) -> Any:
    last = [time.monotonic()]

    def said(done: int, count: int) -> None:
        if time.monotonic() - last[0] > 30:
            last[0] = time.monotonic()
            print(f"  {word} {done} of {count}", flush=True)

    return said


def cast(store: Store) -> dict[str, User]:
    """A person of each role at each level: whoever has most in the list."""
    found: dict[str, tuple[int, User]] = {}
    for one in staff.everybody(store):
        user = people.load(store, one.name)
        total = worklist.tasks_of(store, user, NOW, limit=1).total
        for role in user.roles:
            name = f"{role} ({user.level})"
            if name not in found or total > found[name][0]:
                found[name] = (total, user)
    return {name: user for name, (_, user) in sorted(found.items())}


def addresses(store: Store, user: User, rule: Rule) -> Iterator[str]:
    """The addresses of a rule for a person; none where there is nothing of theirs to look at."""
    path = rule.rule
    if "<" in path:
        items = worklist.tasks_of(store, user, NOW, limit=1).items
        values: dict[str, Any] = {"number": _number(store, user), "sheet": 0, "n": 1}
        if items:
            values |= {"number": items[0].number, "task": items[0].task}
        for name in rule.arguments:
            if values.get(name) is None:
                return
            start = next(part for part in path.split("/") if part.endswith(f"{name}>"))
            path = path.replace(start, str(values[name]))
    for query in ASKED.get(rule.endpoint, ("",)):
        yield f"{path}?{query}" if query else path


def _number(store: Store, user: User) -> str | None:
    """A ticket that the person may read: the one with the longest chain."""
    query = select(t.tickets.c.number).where(tickets_in_reach(user))
    with store.read() as conn:
        return conn.execute(query.order_by(t.tickets.c.seq.desc()).limit(1)).scalar()


def looks(
    app: Flask, store: Store, cast: Mapping[str, User], password: str, only: str
) -> list[Look]:
    """Every page by everybody who may open it."""
    found: list[Look] = []
    rules = [
        rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and ACTIONS[rule.endpoint] != OPEN
    ]
    missed = {rule.endpoint for rule in rules}
    clients: dict[str, FlaskClient] = {}
    for who, user in cast.items():
        client = clients.setdefault(user.name, _signed_in(app, user.name, password))
        for rule in rules:
            if only not in rule.endpoint:
                continue
            for path in addresses(store, user, rule):
                times, cpu = [], []
                for _ in range(LOOKS):
                    begun, worked = time.perf_counter(), time.process_time()
                    answer = client.get(path)
                    times.append((time.perf_counter() - begun) * 1000)
                    cpu.append((time.process_time() - worked) * 1000)
                    if answer.status_code != 200:
                        break
                else:
                    missed.discard(rule.endpoint)
                    query = path.partition("?")[2]
                    page = f"{rule.endpoint} {query}".strip()
                    middle = statistics.median(times), statistics.median(cpu)
                    found.append(Look(page, who, *middle, max(times), len(answer.data)))
    if missed and not only:
        print(f"  opened by nobody: {', '.join(sorted(missed))}")
    return found


def _signed_in(app: Flask, name: str, password: str) -> FlaskClient:
    client = app.test_client()
    page = client.get("/sign-in").get_data(as_text=True)
    token = page.split('name="_csrf" value="')[1].split('"')[0]
    client.post("/sign-in", data={"_csrf": token, "name": name, "password": password})
    return client


def show(found: list[Look], title: str) -> None:
    """The slowest person of each page, the slowest page on top."""
    worst: dict[str, Look] = {}
    for look in found:
        if look.page not in worst or look.median > worst[look.page].median:
            worst[look.page] = look
    print(f"\n{title}: milliseconds, by whoever waits longest; {len(found)} looks of {LOOKS}\n")
    for look in sorted(worst.values(), key=lambda one: -one.median):
        print(
            f"  {look.page:42} {look.who:24} median {look.median:7.1f}"
            f"  cpu {look.cpu:7.1f}  slowest {look.slowest:7.1f}  {look.size / 1000:6.0f} kB"
        )
    over = [look for look in found if look.median >= 100]
    print(f"\n  {len(over)} of {len(found)} looks at 100 ms or more")


def measure(
    settings: Settings, asked: argparse.Namespace, settled: Callable[[], None] = lambda: None
) -> None:
    """Fill one database unless it is filled, let it settle, and look."""
    word = Path(settings.home) / "password.txt"
    if not word.exists():
        begun = time.perf_counter()
        with create(settings) as store:
            word.write_text(fill(store, asked.tickets, asked.under_way, asked.sample))
        settled()
        print(f"  filled in {time.perf_counter() - begun:.0f} s")
    with Store.open(settings) as store:
        with store.read() as conn:
            count = conn.execute(select(func.count()).select_from(t.tickets)).scalar_one()
            going_on = conn.execute(
                select(func.count()).select_from(t.tickets).where(t.tickets.c.ended_at.is_(None))
            ).scalar_one()
        app = create_app(store, lambda: NOW)
        found = looks(app, store, cast(store), word.read_text(), asked.only)
        kind = "SQLite" if settings.is_sqlite else "PostgreSQL"
        show(found, f"{count} tickets, {going_on} under way, on {kind}")


@contextmanager
def _folder(kept: str | None) -> Iterator[Path]:
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def main() -> None:
    """Fill, look, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=300_000)
    parser.add_argument("--under-way", type=int, default=10_000)
    parser.add_argument("--sample", type=int, default=400, help="simulated, then copied")
    parser.add_argument("--only", default="", help="pages whose endpoint has this in its name")
    parser.add_argument("--keep", help="a folder for SQLite's city, to look at it again")
    parser.add_argument("--no-sqlite", action="store_true")
    parser.add_argument("--no-postgresql", action="store_true")
    asked = parser.parse_args()
    if not asked.no_sqlite:
        with _folder(asked.keep) as home:
            measure(settings_of.read({"HOTLINE_HOME": str(home)}), asked)
    if asked.no_postgresql:
        return
    with tempfile.TemporaryDirectory() as home, servers.server() as server:
        server.execute(f"CREATE DATABASE bench OWNER {servers.OWNER}")
        place = {
            "HOTLINE_DATABASE_URL": server.url("bench"),
            "HOTLINE_OWNER_DATABASE_URL": server.url("bench", servers.OWNER),
        }
        settings = settings_of.read({"HOTLINE_HOME": home, **place})
        # The suite's server runs without autovacuum, which would have counted the rows by now.
        measure(settings, asked, lambda: server.execute("ANALYZE", database="bench"))


if __name__ == "__main__":
    main()
