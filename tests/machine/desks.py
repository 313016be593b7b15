"""Tickets of the demo city on a database: real people act through the rights, rightly and wrongly.

After every act the ticket's rows must hold (invariants.py), and its whole chain is verified again:
commitments, hashes, replay, projection.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from argon2 import PasswordHasher
from sqlalchemy import select

from engine import sweep
from engine.access import User
from engine.acts import people, tickets, work
from engine.city.places import centre_of
from engine.cli.setting_up import furnish_demo
from engine.errors import Denied, Trouble
from engine.read import agenda, filling, verify
from engine.store import Store, projection, steps, tables
from engine.store import tickets as rows_of
from engine.store.milestones import Rows
from tests.machine import invariants
from tests.machine.filling import Raw, anyhow, inputs
from tests.machine.invariants import must
from tests.machine.ticket import START
from tests.machine.town import Town

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_keys = itertools.count(1)


class Post:
    """Where messages to the world go: nowhere."""

    def send(self, letter: Any) -> None:
        """Carries nothing."""


@dataclass
class City:
    """The demo city in a store, with all its people."""

    store: Store
    town: Town
    users: dict[str, User] = field(default_factory=dict)

    @classmethod
    def opened(cls, store: Store) -> City:
        """The city as it stands before the first call."""
        with mock.patch.object(people, "_hasher", CHEAP):
            furnish_demo(store, START - timedelta(days=1))
        return cls(store, Town())

    def user(self, name: str) -> User:
        """A person, as signed in."""
        if name not in self.users:
            self.users[name] = people.load(self.store, name)
        return self.users[name]


@dataclass
class Desks:
    """Some tickets under way, and what people do with them."""

    city: City
    now: datetime = START
    numbers: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    acts: int = 0

    @property
    def store(self) -> Store:
        """Where all is kept."""
        return self.city.store

    def key(self) -> str:
        """A request key that nobody used."""
        return f"machine-{next(_keys)}"

    # --- looking ---

    def waiting(self, number: str) -> list[agenda.Waiting]:
        """The open tasks of a ticket."""
        return list(agenda.waiting(self.store, number))

    def columns(self, number: str) -> Any:
        """A ticket's own row."""
        query = select(tables.tickets).where(tables.tickets.c.number == number)
        with self.store.read() as conn:
            return conn.execute(query).one()

    def rows(self, number: str) -> Rows:
        """The rows that steps write of a ticket."""
        with self.store.read() as conn:
            return projection.read(conn, rows_of.bare(self.columns(number)._asdict()))

    def heads(self) -> list[tuple[str, int]]:
        """How far each chain has come."""
        return [(number, self.columns(number).seq) for number in self.numbers]

    # --- legal acts ---

    def call(self, rng: random.Random, given: Mapping[str, str] | None = None) -> str:
        """A call is taken, in the city or in a county; the number of its ticket."""
        area = "sr" if given else rng.choice(("sr", "sr", "xz"))
        user = self.city.user(self.city.town.somebody("call_taker", centre_of(area))[0])
        form = filling.start_form(self.store, user, self.now)
        likely = {"acceptance": "accept"} if rng.random() < 0.8 else {}
        raw, _ = anyhow(form.form, form.sources, rng, {**likely, **(given or {})})
        key = self.key()
        number = tickets.start(self.store, user, raw, self.now, key)
        must(tickets.start(self.store, user, raw, self.now, key) == number, "started twice")
        self.numbers.append(number)
        self.say(number, "start", user.name, raw)
        self.check(number)
        return number

    def complete(
        self, number: str, task: agenda.Waiting, rng: random.Random, given: Mapping[str, str]
    ) -> None:
        """Somebody does a certain task with certain answers."""
        user = self.city.user(self.those(number, task)[0])
        form = filling.task_form(self.store, user, number, task.task, self.now)
        raw, _ = anyhow(form.form, form.sources, rng, given)
        tickets.complete(self.store, user, number, task.task, raw, self.now, self.key())
        self.check(number)

    def do(self, rng: random.Random) -> None:
        """Somebody does one of the tasks that wait for them, and the browser sends it twice."""
        number = rng.choice(self.numbers)
        found = self.waiting(number)
        if not found:
            return
        task = rng.choice(found)
        for name in self.those(number, task):
            user = self.city.user(name)
            try:
                form = filling.task_form(self.store, user, number, task.task, self.now)
            except Trouble as trouble:
                must(trouble.code in ("four_eyes", "task_claimed"), trouble.code, task)
                continue
            others = [one for one in self.numbers if one != number]
            given = {f.key: rng.choice(others or [number]) for f in form.form.fields if f.ticket}
            raw, _ = anyhow(form.form, form.sources, rng, given)
            key = self.key()
            self.say(number, f"complete {task.name}@{task.unit}", name, raw)
            try:
                tickets.complete(self.store, user, number, task.task, raw, self.now, key)
            except tickets.Invalid as invalid:
                must(set(invalid.errors) <= set(given), invalid.errors)
                return
            except Trouble as trouble:
                gone = self.late and trouble.code in ("task_gone", "four_eyes", "denied_hidden")
                must(gone, trouble.code, trouble.facts, task)
                return
            before = self.heads()
            tickets.complete(self.store, user, number, task.task, raw, self.now, key)
            must(self.heads() == before, "a request was done twice")
            self.check(number)
            return
        must(self.late, "nobody can do", task)

    def those(self, number: str, task: agenda.Waiting) -> list[str]:
        """Who has a task's role in its unit, but the people whom a report is about."""
        if task.unit == self.columns(number).about_unit:
            return []
        return self.city.town.somebody(task.role, task.unit)

    @property
    def late(self) -> bool:
        """Whether something is due that no sweep has fired."""
        return tickets.any_due(self.store, self.now)

    def hold(self, rng: random.Random) -> None:
        """Somebody takes a task, keeps a draft, gives it back."""
        number = rng.choice(self.numbers)
        found = self.waiting(number)
        names = self.those(number, task) if found and (task := rng.choice(found)) else []
        for name in names:
            user = self.city.user(name)
            try:
                work.claim(self.store, user, number, task.task, self.now, self.key())
                work.save_draft(self.store, user, number, task.task, {}, self.now, self.key())
                if rng.random() < 0.8:
                    work.release(self.store, user, number, task.task, self.now, self.key())
            except Trouble as trouble:
                known = ("four_eyes", "task_claimed", "task_yours")
                must(trouble.code in known, trouble.code, task)
                continue
            self.check(number)
            return

    def ring(self, rng: random.Random) -> None:
        """A caller calls again; the call is noted once."""
        number = rng.choice(self.numbers)
        area = self.columns(number).area
        user = self.city.user(self.city.town.somebody("call_taker", centre_of(area))[0])
        if user.unit == self.columns(number).about_unit:
            return
        calls, key = self.columns(number).calls, self.key()
        self.say(number, "call again", user.name, "")
        for _ in range(2):
            tickets.call_again(self.store, user, number, "又来电催办", self.now, key)
        must(self.columns(number).calls == calls + 1, "calls")
        self.check(number)

    def wait(self, rng: random.Random) -> None:
        """Time passes, to a due time or by some hours, and the sweep comes by."""
        due = [one["due"] for number in self.numbers for one in self.rows(number).timers.values()]
        later = [one for one in due if one > self.now]
        if later and rng.random() < 0.6:
            self.now = rng.choice(sorted(later)[:4]) + timedelta(seconds=rng.choice((-1, 0, 1)))
        else:
            self.now += timedelta(hours=rng.choice((1, 5, 24)))
        self.sweep()

    def sweep(self) -> None:
        """What is due is fired, what waits is delivered."""
        self.told.append(f"{self.now.isoformat()} sweep")
        swept = sweep.run_once(self.store, self.now, 10_000, Post())
        must(swept.failed == swept.undelivered == 0, swept)
        must(not self.late, "due after the sweep")
        for number in self.numbers:
            self.check(number)
            self.check_merged(number)

    def reckon(self, rng: random.Random) -> None:
        """Due times are reckoned anew; on the same calendar none moves."""
        number = rng.choice(self.numbers)
        with self.store.write() as conn:
            ticket = rows_of.lock(conn, self.store, number)
            steps.revise(conn, self.store, ticket, self.now, steps.CLOCK, "")
        self.check(number)

    # --- illegal acts ---

    def wrong(self, rng: random.Random) -> None:
        """Somebody tries what they may not: refused, and nothing is written."""
        number = rng.choice(self.numbers)
        found = self.waiting(number)
        if self.late or not found:
            return
        before, task = self.heads(), rng.choice(found)
        rng.choice((self._done, self._stranger, self._bad_form))(rng, number, task)
        must(self.heads() == before, "a refused act left something")

    def _refused(
        self, codes: tuple[str, ...], name: str, number: str, task: int, raw: Raw, key: str = ""
    ) -> None:
        user, key = self.city.user(name), key or self.key()
        try:
            tickets.complete(self.store, user, number, task, raw, self.now, key)
        except Trouble as trouble:
            must(trouble.code in codes, trouble.code, "not", codes)
            return
        must(False, "was done, not refused with", codes, name, number, task, raw)

    def _stranger(self, rng: random.Random, number: str, task: agenda.Waiting) -> None:
        """Somebody of another unit or role: does not do it, does not claim it."""
        person = rng.choice(list(self.city.town.people.values()))
        if task.unit == person.unit and task.role in person.roles:
            return
        self._refused(
            ("denied_hidden", "denied_task", "denied"), person.name, number, task.task, {}
        )
        try:
            user = self.city.user(person.name)
            work.claim(self.store, user, number, task.task, self.now, self.key())
        except Denied:
            return
        must(False, person.name, "claimed", task)

    def _done(self, rng: random.Random, number: str, task: agenda.Waiting) -> None:
        """A task that is done, or never was."""
        open_now = {one.task for one in self.waiting(number)}
        codes = ("task_done", "task_gone", "task_unknown")
        for name in self.those(number, task)[:1]:
            for other in {rng.randrange(1, 60), 10**6} - open_now:
                self._refused(codes, name, number, other, {})

    def _bad_form(self, rng: random.Random, number: str, task: agenda.Waiting) -> None:
        """A field that the form has not, a hidden one, or a unit that was not offered."""
        for name in self.those(number, task)[:1]:
            user = self.city.user(name)
            try:
                form = filling.task_form(self.store, user, number, task.task, self.now)
            except Trouble:
                return
            raw, checked = anyhow(form.form, form.sources, rng)
            shown = {one.key for one in inputs(form.form.show(checked.typed, form.sources))}
            fields = form.form.fields
            bad = {field.key: "true" for field in fields if field.key not in shown}
            bad |= {field.key: "sr-nowhere" for field in fields if field.source}
            for key, text in {"no_such_field": "x", **bad}.items():
                self._refused(("form",), name, number, task.task, {**raw, key: [text]})

    def mix_up(self, rng: random.Random) -> None:
        """The key of one request with another: neither done nor taken for done."""
        number = rng.choice(self.numbers)
        found = self.waiting(number)
        names = self.those(number, task) if found and (task := rng.choice(found)) else []
        for name in names[:1]:
            user, key = self.city.user(name), self.key()
            try:
                work.claim(self.store, user, number, task.task, self.now, key)
                work.release(self.store, user, number, task.task, self.now, self.key())
            except Trouble:
                return
            before = self.heads()
            self._refused(("request_other",), name, number, task.task, {}, key)
            must(self.heads() == before, "a used key wrote something")

    # --- what must hold ---

    def say(self, number: str, *said: object) -> None:
        """Note an act for who reads a failure."""
        self.acts += 1
        self.told.append(" ".join(map(str, (self.now.isoformat(), number, *said))))

    def check(self, number: str) -> None:
        """The ticket's rows hold, its chain is whole, and others do not see it."""
        found = verify.verify(self.store, number)
        must(not found.differences, found.differences)
        rows, area = self.rows(number), self.columns(number).area
        invariants.void_legs_rest(rows)
        invariants.one_lead(rows)
        invariants.lateness_is_kept(rows)
        invariants.nobody_else_sees_it(rows, self.city.town, area)
        if self.columns(number).ended_at is not None:
            must(not (rows.tasks or rows.timers), "ended with", rows.tasks, rows.timers)
        elif not self.late:
            tasks = [task for task in self.waiting(number) if self.those(number, task)]
            waits = self.columns(number).merged_into is not None
            must(bool(tasks or rows.timers or waits), "nobody can move", number)

    def check_merged(self, number: str) -> None:
        """A ticket that waits for another: that one is open, or has just told it."""
        mine = self.columns(number)
        if mine.merged_into is None or mine.ended_at is not None or self.rows(number).tasks:
            return
        main = self.columns(mine.merged_into)
        must(main.ended_at is None, number, "waits for", main.number, "which is over")
        must(main.closed_at is None, number, "waits for", main.number, "which is closed")


def act(desks: Desks, rng: random.Random) -> None:
    """One act at random."""
    if len(desks.numbers) < 3 and (not desks.numbers or rng.random() < 0.15):
        desks.call(rng)
        return
    desks.now += timedelta(minutes=rng.choice((0, 1, 30, 240)))
    does = (desks.do,) * 10 + (desks.wait,) * 3
    rng.choice(
        (*does, desks.ring, desks.hold, desks.reckon, desks.mix_up, desks.wrong, desks.wrong)
    )(rng)
