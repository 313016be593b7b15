"""A small city with its people, who fill in whatever form they are given.

No user task is named: somebody of the right role does what waits, as the form asks.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from unittest import mock

from argon2 import PasswordHasher

from engine import definitions
from engine.access import User
from engine.acts import calendar, people, places, tickets, versions
from engine.formjs import Form, Sources
from engine.read import agenda
from engine.read import ticket as reading
from engine.store import Store

PASSWORD = "river-stone-lantern"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

AREAS = (
    places.Area("sr", "上饶市", "city"),
    places.Area("gf", "广丰区", "county", "sr"),
)
UNITS = (
    places.Unit("sr-authority", "市热线主管部门", "sr", "authority"),
    places.Unit("sr-centre", "市热线中心", "sr", "centre", "sr-authority"),
    places.Unit("sr-water", "市水务局", "sr", "department"),
    places.Unit("sr-roads", "市城管局", "sr", "department"),
    places.Unit("gf-authority", "广丰区热线主管部门", "gf", "authority"),
    places.Unit("gf-centre", "广丰区热线中心", "gf", "centre", "gf-authority"),
    places.Unit("gf-water", "广丰区水利局", "gf", "department"),
)
CENTRE = ("call_taker", "dispatcher", "reviewer", "follow_up", "archivist", "duty_leader", "leader")

_keys = itertools.count(1)


def key() -> str:
    """A request key that nobody used before."""
    return f"test-{next(_keys)}"


@dataclass
class Office:
    """The city's store and people; who has which role where is found by `who`."""

    store: Store
    users: dict[str, User] = field(default_factory=dict)

    def who(self, role: str, unit: str, n: int = 1) -> User:
        """The n-th person of a role in a unit."""
        return self.users[f"{unit}.{role}{n}"]

    def call(self, now: datetime, unit: str = "sr-centre", **given: Any) -> str:
        """A call is taken; the number of its ticket."""
        user = self.who("call_taker", unit)
        form = reading.start_form(self.store, user, now)
        raw = filled(form.form, form.sources, given)
        return tickets.start(self.store, user, raw, now, key())

    def waiting(self, number: str) -> list[agenda.Waiting]:
        """What waits in a ticket."""
        return list(agenda.waiting(self.store, number))

    def duties(self, number: str) -> list[agenda.Waiting]:
        """What waits in a ticket and has to be done."""
        return [one for one in self.waiting(number) if not one.optional]

    def does(self, number: str, role: str, now: datetime, **given: Any) -> User:
        """Somebody of the role completes the task that waits for it; who it was."""
        (task,) = [one for one in self.duties(number) if one.role == role]
        user = self.who(role, task.unit)
        form = reading.task_form(self.store, user, number, task.task, now)
        raw = filled(form.form, form.sources, given)
        tickets.complete(self.store, user, number, task.task, raw, now, key())
        return user

    def task(self, number: str, role: str) -> int:
        """The number of the task that waits for a role."""
        (task,) = [one for one in self.duties(number) if one.role == role]
        return task.task

    def runs(self, number: str, now: datetime, **given: Any) -> None:
        """Everybody does what waits, all at one time, until the ticket has ended."""
        for _ in range(20):
            found = self.duties(number)
            if not found:
                return
            self.does(number, found[0].role, now, **given)
        raise AssertionError("the ticket does not end")


def filled(form: Form, sources: Sources, given: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """A form as a browser sends it: what is given, and the least that it needs besides."""
    raw: dict[str, Sequence[str]] = {}
    for _ in range(len(form.fields) + 1):
        checked = form.validate(raw, sources)
        views = {view.key: view for view in _flat(form.show(checked.typed, sources)) if view.key}
        if not checked.errors and not given.keys() & views.keys() - raw.keys():
            return raw
        raw = {name: texts for name, texts in raw.items() if name in views}
        for name, view in views.items():
            if name in given:
                raw[name] = [given[name]] if isinstance(given[name], str) else given[name]
            elif view.required and name not in raw:
                raw[name] = [_least(view)]
    raise AssertionError(form.validate(raw, sources).errors)


def _flat(views: Sequence[Any]) -> list[Any]:
    return [found for view in views for found in (view, *_flat(view.views))]


def _least(view: Any) -> str:
    if view.options:
        return str(view.options[0].value)
    match view.type:
        case "number":
            return view.min or "1"
        case "datetime":
            samples = {"date": "2026-09-01", "time": "10:00"}
            return samples.get(view.subtype, "2026-09-01T07:00")
        case "checkbox":
            return "true"
    return "已按规定办理并答复诉求人"[: view.max_length or None].ljust(view.min_length, "。")


def opened(store: Store, now: datetime, files: Mapping[str, bytes] | None = None) -> Office:
    """The city as it stands before the first call."""
    calendar.seed(store, now)
    versions.deploy(store, None, files or definitions.shipped(), "初次部署", now)
    places.add(store, None, AREAS, UNITS, now)
    staff = [
        (unit.id, role, n)
        for unit in UNITS
        for role in {"centre": CENTRE, "authority": ("supervisor",)}.get(
            unit.kind, ("officer", "leader")
        )
        for n in (1, 2)
    ]
    staff += [("gf-centre", "officer", n) for n in (1, 2)]
    staff += [("sr-centre", role, 1) for role in ("administrator", "auditor", "process_owner")]
    crowd = [
        people.Newcomer(f"{unit}.{role}{n}", f"{unit}{role}{n}", unit, (role,))
        for unit, role, n in staff
    ]
    with mock.patch.object(people, "_hasher", CHEAP):
        people.add_crowd(store, crowd, PASSWORD, now)
    names = [f"{unit}.{role}{n}" for unit, role, n in staff]
    return Office(store, {name: people.load(store, name) for name in names})
