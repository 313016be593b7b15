"""A stretch of time in the city: calls come in, people work, the sweep runs, on a virtual clock.

Everything is done by the acts that the web calls, with the same forms and rights and one commit
each. What each person draws depends on the seed, the ticket, the form and how often it was filled
only, so that the same seed gives the same month wherever it runs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any

from engine import sweep
from engine.access import User
from engine.acts import people, tickets
from engine.city.arrivals import Arrival, arrivals, dice, pick
from engine.city.filling import fill
from engine.city.hours import Office
from engine.city.places import centre_of, demo, read
from engine.errors import Trouble
from engine.formjs import Form, Sources
from engine.out.sender import Letter
from engine.read import agenda
from engine.read import ticket as tickets_read
from engine.store import Store

POST = timedelta(hours=1)
"""How often messages are delivered on the virtual clock; deadlines fire at their due times."""

Progress = Callable[[int, int], None]


@dataclass
class Done:
    """What happened in a simulated month."""

    tickets: int = 0
    acts: int = 0
    sweeps: int = 0
    fired: int = 0
    delivered: Counter[str] = field(default_factory=Counter)
    """Messages by topic."""
    idle: Counter[str] = field(default_factory=Counter)
    """Roles that nobody has at a unit where a task waited, with the number of such tasks."""

    def send(self, letter: Letter) -> None:
        """Counts a message, as a sender: simulated news go to nobody."""
        self.delivered[letter.topic] += 1


@dataclass(frozen=True, slots=True)
class _Errand:
    """Somebody will do a task: the n-th time that this form is filled for this call."""

    call: Arrival
    number: str
    task: agenda.Waiting
    nth: int
    by: str


@dataclass(frozen=True, slots=True)
class _Again:
    """A caller will call again on the same matter, for the n-th time."""

    call: Arrival
    number: str
    nth: int


@dataclass
class _Case:
    """What the city knows of a ticket: who called, what is open, who did what last."""

    call: Arrival
    open: Mapping[int, agenda.Waiting] = field(default_factory=dict)
    over: bool = False
    seen: set[int] = field(default_factory=set)
    did: dict[str, str] = field(default_factory=dict)
    filled: Counter[str] = field(default_factory=Counter)


_Thing = Arrival | _Errand | _Again


class Month:
    """A run over `store`, which has the demo city's places and people."""

    def __init__(
        self, store: Store, start: datetime, days: float, count: int, seed: int, office: Office
    ) -> None:
        self._store = store
        self._start = start
        self._end = start + timedelta(days=days)
        self._seed = seed
        self._office = office
        self._calls = arrivals(start, days, count, seed)
        self._queue: list[tuple[datetime, int, _Thing]] = []
        self._order = 0
        self._cases: dict[str, _Case] = {}
        self._users: dict[str, User] = {}
        self._forms: dict[tuple[int, str, str, str | None], tuple[Form, Sources]] = {}
        self._posts: dict[tuple[str, str], list[str]] = {}
        for person in demo().people:
            for role in person.roles:
                self._posts.setdefault((role, person.unit), []).append(person.name)
        self._event = agenda.last_event(store)[0]
        self._next = agenda.news(store, self._event).next
        self.done = Done()

    def run(self, progress: Progress | None = None) -> Done:
        """Let the time pass until the end; `progress` is told tickets begun and in all."""
        for call in self._calls:
            self._push(call.at, call)
        return self._live(progress)

    def resume(self, progress: Progress | None = None) -> Done:
        """Go on with a month that was left: its first tickets are there, the others are to come.

        What people were about to do when it stopped they do some time after.
        """
        numbers = agenda.numbers(self._store)
        last = agenda.last_event(self._store)[1] or self._start
        for number, call in zip(numbers, self._calls, strict=False):
            self._cases[number] = _Case(call)
            self._expect_calls(call, number, last)
        self.done.tickets = len(numbers)
        self._event = 0
        self._look(last)
        for call in self._calls[len(numbers) :]:
            self._push(max(call.at, last), call)
        return self._live(progress)

    def _live(self, progress: Progress | None) -> Done:
        while self._queue and self._queue[0][0] < self._end:
            at, _, thing = heappop(self._queue)
            self._sweep_until(at)
            match thing:
                case Arrival():
                    self._call(thing, at)
                case _Errand():
                    self._work(thing, at)
                case _Again():
                    self._call_again(thing, at)
            if progress:
                progress(self.done.tickets, len(self._calls))
        self._sweep_until(self._end)
        self._sweep(self._end)
        return self.done

    def _push(self, at: datetime, thing: _Thing) -> None:
        self._order += 1
        heappush(self._queue, (at, self._order, thing))

    # --- the sweep -------------------------------------------------------------------------

    def _sweep_until(self, until: datetime) -> None:
        """Sweep at each due time up to `until`, and at each full hour when a message waits."""
        while True:
            due, message = self._next.timer, self._next.message
            post = None if message is None else self._post(message)
            at = min((t for t in (due, post) if t is not None), default=None)
            if at is None or at > until:
                return
            self._sweep(at)

    def _post(self, at: datetime) -> datetime:
        """The next time after `at` at which messages are delivered."""
        return self._start + POST * ((at - self._start) // POST + 1)

    def _sweep(self, at: datetime) -> None:
        self.done.fired += sweep.run_once(self._store, at, sender=self.done).fired
        self.done.sweeps += 1
        self._look(at)

    # --- people ----------------------------------------------------------------------------

    def _call(self, call: Arrival, at: datetime) -> None:
        rng = dice(self._seed, call.n, "taken")
        name = self._somebody("call_taker", centre_of(call.taken), call.n)
        if name is None:
            return
        user = self._user(name)
        form, sources = self._start_form(user, at)
        raw = fill(form, sources, self._words(call, name), rng, at)
        with _sensible(form.name):
            number = tickets.start(self._store, user, raw, at, self._key(call, 0))
        self._cases[number] = _Case(call)
        self._expect_calls(call, number, at)
        self.done.tickets += 1
        self.done.acts += 1
        self._look(at)

    def _work(self, errand: _Errand, at: datetime) -> None:
        call, number = errand.call, errand.number
        case = self._cases[number]
        task = case.open.get(errand.task.task)
        if task is None:
            return  # taken away meanwhile, by a due time or by what somebody decided
        name: str | None = errand.by
        if (task.role, task.unit) != (errand.task.role, errand.task.unit):
            name = self._doer(case, task)  # it went to other people meanwhile
        if name is None:
            self.done.idle[f"{task.role}@{task.unit}"] += 1
            return
        words = self._words(call, name)
        needed = self._habit(task).get("needs")
        if needed is not None:
            main = self._same_matter(number, case, task.about_unit)
            if main is None:
                return
            words = {**words, needed: main}
        rng = dice(self._seed, call.n, task.form, errand.nth, "filled")
        user = self._user(name)
        form, sources = self._form(user, task, at)
        raw = fill(form, sources, words, rng, at, errand.nth > 1)
        key = self._key(call, task.task)
        with _sensible(form.name):
            tickets.complete(self._store, user, number, task.task, raw, at, key)
        case.did[task.element] = name
        self.done.acts += 1
        self._look(at)

    def _start_form(self, user: User, at: datetime) -> tuple[Form, Sources]:
        with self._store.read() as conn:
            same = self._store.current_version(conn, at), "", user.unit, None
        if same not in self._forms:
            found = tickets_read.start_form(self._store, user, at)
            self._forms[same] = found.form, found.sources
        return self._forms[same]

    def _form(self, user: User, task: agenda.Waiting, at: datetime) -> tuple[Form, Sources]:
        """A task's form and its option lists, looked up once for all who see the same."""
        same = task.version, task.form, task.unit, task.about_unit
        if same not in self._forms:
            found = tickets_read.task_form(self._store, user, task.number, task.task, at)
            self._forms[same] = found.form, found.sources
        return self._forms[same]

    def _call_again(self, again: _Again, at: datetime) -> None:
        call = again.call
        name = self._somebody("call_taker", centre_of(call.taken), call.n + again.nth)
        if name is None or self._cases[again.number].over:
            return
        rng = dice(self._seed, call.n, again.nth, "again")
        text = pick(rng, read("behaviour")["calls_again"]["texts"]).format_map(call.words)
        key = self._key(call, f"again/{again.nth}")
        tickets.call_again(self._store, self._user(name), again.number, text, at, key)
        self.done.acts += 1
        self._look(at)

    def _key(self, call: Arrival, what: object) -> str:
        return f"simulate/{self._seed}/{call.n}/{what}"

    # --- what somebody is going to do --------------------------------------------------------

    def _look(self, at: datetime) -> None:
        """See what has opened and gone, and let somebody decide when to do what is new."""
        news = agenda.news(self._store, self._event)
        self._event, self._next = news.event, news.next
        for number, tasks in news.tasks.items():
            case = self._cases.get(number)
            if case is None:  # a ticket of another month
                continue
            case.open = {task.task: task for task in tasks}
            case.over = number in news.over
            for task in tasks:
                if task.task not in case.seen:
                    case.seen.add(task.task)
                    self._plan(case, number, task, at)

    def _plan(self, case: _Case, number: str, task: agenda.Waiting, at: datetime) -> None:
        """Give a new task to somebody who may do it; a right only if somebody wants to."""
        case.filled[task.form] += 1
        nth = case.filled[task.form]
        habit = self._habit(task)
        if task.optional:
            chance = habit.get("chance", 0)
            if dice(self._seed, case.call.n, task.form, nth, "right").random() >= chance:
                return
        name = self._doer(case, task)
        if name is None:
            self.done.idle[f"{task.role}@{task.unit}"] += 1
            return
        moment = self._when(case.call, task, habit, nth, at)
        self._push(moment, _Errand(case.call, number, task, nth, name))

    def _doer(self, case: _Case, task: agenda.Waiting) -> str | None:
        """Somebody who may do a task; where four eyes are asked for, another person than before."""
        others = {case.did.get(element) for element in task.other_than.split(",") if element}
        return self._somebody(task.role, task.unit, case.call.n, others)

    def _habit(self, task: agenda.Waiting) -> Mapping[str, Any]:
        """When a task is done, by its form or else its role."""
        data = read("behaviour")
        role: Mapping[str, Any] = data["roles"].get(task.role) or data["roles"]["default"]
        if task.optional:
            rights = data["rights"]
            right = rights.get(f"{task.form}@{task.role}") or rights.get(task.form)
            return {"hours": role["hours"], **(right or rights["default"])}
        found: Mapping[str, Any] = data["forms"].get(task.form) or role
        return found

    def _when(
        self, call: Arrival, task: agenda.Waiting, habit: Mapping[str, Any], nth: int, at: datetime
    ) -> datetime:
        """When a task is done that is open since `at`."""
        rng = dice(self._seed, call.n, task.form, nth, "when")
        late = rng.random() < habit.get("late_share", 0)
        median = _by_type(habit["late_median" if late else "median"], task.type)
        minutes = math.exp(rng.gauss(math.log(median), habit["spread"]))
        if nth > 1:
            minutes *= read("behaviour")["again"]["factor"]
        # Whole seconds: nobody's day is told in microseconds, and JSON is read by people.
        moment = (
            at + timedelta(minutes=minutes)
            if habit["hours"] == "always"
            else self._office.after(at, minutes)
        )
        return moment.replace(microsecond=0) + timedelta(seconds=1)

    def _expect_calls(self, call: Arrival, number: str, after: datetime) -> None:
        """Let some callers call again on the same matter, until they have their answer."""
        habit = read("behaviour")["calls_again"]
        rng = dice(self._seed, call.n, "calls again")
        if rng.random() >= habit["share"]:
            return
        at, nth, more = call.at, 0, 1 - 1 / habit["mean"]
        while nth == 0 or rng.random() < more:
            nth += 1
            at += timedelta(seconds=round(rng.expovariate(1 / (habit["days"] * 86400))) + 60)
            if at > after:
                self._push(at, _Again(call, number, nth))

    def _same_matter(self, number: str, case: _Case, about: str | None) -> str | None:
        """Another ticket under way on the same matter at the same centre: the first of them.

        A report on a unit (`about`) goes together only with others about it.
        """
        own = case.call
        for other, found in self._cases.items():
            call = found.call
            if other == number or found.over or call.taken != own.taken or call.area != own.area:
                continue
            if about not in (None, *(task.about_unit for task in found.open.values())):
                continue
            if all(call.words[word] == own.words[word] for word in ("title", "type")):
                return other
        return None

    def _somebody(
        self, role: str, unit: str, n: int, others: Collection[str | None] = ()
    ) -> str | None:
        names = [name for name in self._posts.get((role, unit), ()) if name not in others]
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


@contextmanager
def _sensible(form: str) -> Iterator[None]:
    """Say of which form the answers were refused, and what of them."""
    try:
        yield
    except tickets.Invalid as invalid:
        key, said = next(iter(invalid.errors.items()))
        raise Trouble("cannot_fill", form=form, field=key, said=said) from invalid


def _by_type(value: Any, type_: str) -> float:
    if isinstance(value, dict):
        value = value.get(type_, value["*"])
    return float(value)
