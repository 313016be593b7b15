"""A stretch of time in the city: calls come in, people work, the sweep runs, on a virtual clock.

Everything is done by the acts that the web calls, with the same forms and rights and one commit
each. What each person draws depends on the seed, the ticket, the form and how often it was filled
only, so that the same seed gives the same month wherever it runs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any

from engine import sweep
from engine.access import User
from engine.acts import people, tickets
from engine.city.arrivals import Arrival, arrivals, dice
from engine.city.filling import fill
from engine.city.hours import Office
from engine.city.places import centre_of, demo, read
from engine.read import agenda
from engine.read import ticket as tickets_read
from engine.store import Store

POST = timedelta(minutes=15)
"""How often messages are delivered on the virtual clock; deadlines fire at their due times."""


@dataclass
class Done:
    """What happened in a simulated month."""

    tickets: int = 0
    acts: int = 0
    sweeps: int = 0
    fired: int = 0
    delivered: int = 0
    idle: Counter[str] = field(default_factory=Counter)
    """Roles that nobody has at a unit where a task waited, with the number of such tasks."""


@dataclass(frozen=True, slots=True)
class _Errand:
    """Somebody will do a task: the n-th time that this form is filled for this call."""

    call: Arrival
    number: str
    task: agenda.Waiting
    nth: int
    by: str


class Month:
    """A run over `store`, which has the demo city's places and people and no tickets yet."""

    def __init__(
        self, store: Store, start: datetime, days: float, count: int, seed: int, office: Office
    ) -> None:
        self._store = store
        self._end = start + timedelta(days=days)
        self._seed = seed
        self._office = office
        self._calls = arrivals(start, days, count, seed)
        self._queue: list[tuple[datetime, int, Arrival | _Errand]] = []
        self._order = 0
        self._filled: Counter[tuple[int, str]] = Counter()
        self._seen: set[tuple[str, int]] = set()
        self._users: dict[str, User] = {}
        self._posts: dict[tuple[str, str], list[str]] = {}
        for person in demo().people:
            for role in person.roles:
                self._posts.setdefault((role, person.unit), []).append(person.name)
        self._start = start
        self._next = agenda.next_due(store)
        self.done = Done()

    def run(self, progress: Callable[[int, int], None] | None = None) -> Done:
        """Let the time pass until the end; `progress` is told tickets begun and in all."""
        for call in self._calls:
            self._push(call.at, call)
        while self._queue and self._queue[0][0] < self._end:
            at, _, thing = heappop(self._queue)
            self._sweep_until(at)
            if isinstance(thing, Arrival):
                self._call(thing, at)
                if progress:
                    progress(self.done.tickets, len(self._calls))
            else:
                self._work(thing, at)
        self._sweep_until(self._end)
        self._sweep(self._end)
        return self.done

    def _push(self, at: datetime, thing: Arrival | _Errand) -> None:
        self._order += 1
        heappush(self._queue, (at, self._order, thing))

    # --- the sweep -------------------------------------------------------------------------

    def _sweep_until(self, until: datetime) -> None:
        """Sweep at each due time up to `until`, and at each quarter when a message waits."""
        while True:
            due, message = self._next.timer, self._next.message
            quarter = None if message is None else self._quarter(message)
            at = min((t for t in (due, quarter) if t is not None), default=None)
            if at is None or at > until:
                return
            self._sweep(at)

    def _quarter(self, at: datetime) -> datetime:
        """The next time after `at` at which messages are delivered."""
        return self._start + POST * ((at - self._start) // POST + 1)

    def _sweep(self, at: datetime) -> None:
        swept = sweep.run_once(self._store, at)
        self._next = agenda.next_due(self._store)
        self.done.sweeps += 1
        self.done.fired += swept.fired
        self.done.delivered += swept.delivered

    # --- people ----------------------------------------------------------------------------

    def _call(self, call: Arrival, at: datetime) -> None:
        rng = dice(self._seed, call.n, "taken")
        name = self._somebody("call_taker", centre_of(call.area), call.n)
        if name is None:
            return
        user = self._user(name)
        form = tickets_read.start_form(self._store, user, at)
        raw = fill(form.form, form.sources, self._words(call, name), rng, at)
        number = tickets.start(self._store, user, raw, at, f"simulate/{self._seed}/{call.n}/0")
        self.done.tickets += 1
        self.done.acts += 1
        self._look(call, number, at)

    def _work(self, errand: _Errand, at: datetime) -> None:
        task, number = errand.task, errand.number
        rng = dice(self._seed, errand.call.n, task.form, errand.nth, "filled")
        name = errand.by
        user = self._user(name)
        form = tickets_read.task_form(self._store, user, number, task.task, at)
        raw = fill(form.form, form.sources, self._words(errand.call, name), rng, at)
        key = f"simulate/{self._seed}/{errand.call.n}/{task.task}"
        tickets.complete(self._store, user, number, task.task, raw, at, key)
        self.done.acts += 1
        self._look(errand.call, number, at)

    def _look(self, call: Arrival, number: str, at: datetime) -> None:
        """See which tasks have opened, and let somebody decide when to do each."""
        tasks, self._next = agenda.after_act(self._store, number)
        for task in tasks:
            if (number, task.task) in self._seen:
                continue
            self._seen.add((number, task.task))
            name = self._somebody(task.role, task.unit, call.n)
            if name is None:
                self.done.idle[f"{task.role}@{task.unit}"] += 1
                continue
            self._filled[call.n, task.form] += 1
            nth = self._filled[call.n, task.form]
            self._push(self._when(call, task, nth, at), _Errand(call, number, task, nth, name))

    def _when(self, call: Arrival, task: agenda.Waiting, nth: int, at: datetime) -> datetime:
        """When a task is done that is open since `at`, by the habits of its form or role."""
        rng = dice(self._seed, call.n, task.form, nth, "when")
        data = read("behaviour")
        roles = data["roles"]
        habit = data["forms"].get(task.form) or roles.get(task.role) or roles["default"]
        late = rng.random() < habit.get("late_share", 0)
        median = _by_type(habit["late_median" if late else "median"], task.type)
        minutes = math.exp(rng.gauss(math.log(median), habit["spread"]))
        if nth > 1:
            minutes *= data["again"]["factor"]
        # Whole seconds: nobody's day is told in microseconds, and JSON is read by people.
        moment = (
            at + timedelta(minutes=minutes)
            if habit["hours"] == "always"
            else self._office.after(at, minutes)
        )
        return moment.replace(microsecond=0) + timedelta(seconds=1)

    def _somebody(self, role: str, unit: str, n: int) -> str | None:
        names = self._posts.get((role, unit))
        return names[n % len(names)] if names else None

    def _user(self, name: str) -> User:
        user = self._users.get(name)
        if user is None:
            user = self._users[name] = people.load(self._store, name)
        return user

    def _words(self, call: Arrival, name: str) -> Mapping[str, str]:
        return {
            **call.words,
            "units": f"{call.area}-{call.department}",
            "items": call.words["item"],
            "officer": self._user(name).display_name,
        }


def _by_type(value: Any, type_: str) -> float:
    if isinstance(value, dict):
        value = value.get(type_, value["*"])
    return float(value)
