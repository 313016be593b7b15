"""What a step of a process takes in and gives out: plain values, nothing of the library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from engine.formjs.model import Finding as Finding

Json = Any  # None | bool | int | float | str | list[Json] | dict[str, Json]

SEMANTICS = 2
"""The version of the engine's semantics, recorded in every event; older ones stay executable."""

READABLE = frozenset({1, 2})
"""The versions that this program can go on from and replay; any other is of a newer program."""


class Refused(Exception):
    """A step that cannot be taken; str() is a code, and `facts` fill the sentence for the reader.

    Codes: task_gone, task_unknown, ended, nobody_waits, tick_first (a due time has passed and was
    not recorded), stuck, expression, loop, deadline, no_rule, many_rules, data (no plain JSON, or
    too much), reading (a replay asked something else), state (bytes that are no state), spoiled
    (a state used again after a step failed), manifest, process_unknown.
    """

    def __init__(self, code: str, **facts: Json) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class DefinitionsRefused(Exception):
    """Definitions that do not parse; `findings` says where and why."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True)
class Reading:
    """What came from outside while a step ran, enough to take the step again without it.

    kind "due": question {"start": iso, "days": n}, answer = workdays.Due.as_json()
    kind "decision": question = {"decision": id, "inputs": {...}},
                     answer = {"rule": n or id, "outputs": {...}}
    kind "unit": question = {"unit": id},
                 answer = {"kind", "level", "area", "centre", "authority", "superior"}
    """

    kind: str
    question: Mapping[str, Json]
    answer: Json
    element: str = ""


class Readings(Protocol):
    """Answers a process's questions about the outside world (live, recorded or supposed)."""

    def due(self, start: datetime, days: int) -> Mapping[str, Json]:
        """The end of the n-th working day after `start`, as workdays.Due.as_json().

        Negative `days` count back from the day of `start`.
        """

    def unit(self, id: str) -> Mapping[str, Json]:
        """What a unit is: its kind, level, area, centre, authority and superior (may be None)."""


class World(Protocol):
    """What an expression may ask for beside its variables."""

    def now(self) -> datetime:
        """The engine's clock, aware."""

    def workdays(self, start: datetime, days: int) -> Json:
        """The end of the n-th working day after `start`, ISO with offset; kept as a reading."""

    def extend(self, due: datetime, days: int) -> Json:
        """The same, counted from the day that ends at `due`; negative `days` count back."""

    def standing_leg(self) -> int | None:
        """The number of the leg that the expression stands in."""

    def unit(self, id: str) -> Mapping[str, Json]:
        """What a unit is; kept as a reading."""


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A user task that waits for somebody."""

    id: int
    element: str
    name: str
    form: str
    role: str
    unit: str
    leg: int | None
    address: str
    article: str = ""
    optional: bool = False
    """A right and not a duty: it may be done, and nobody is late with it."""
    other_than: tuple[str, ...] = ()
    """User tasks: who completed one of them last in this ticket may not do this one."""


@dataclass(frozen=True, slots=True)
class Timer:
    """A deadline that waits: `due` is aware, in UTC; `why` explains it (workdays.Due.as_json())."""

    id: int
    element: str
    deadline: str
    due: datetime
    leg: int | None
    address: str
    provisional: bool = False
    why: Mapping[str, Json] = field(default_factory=dict)
    article: str = ""
    attached_to: str = ""
    """The element on whose edge the timer sits; empty for others."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """An element with the property `milestone` was completed, at `at` (a due time when late)."""

    name: str
    at: datetime
    element: str
    task: int
    leg: int | None
    values: Mapping[str, Json] = field(default_factory=dict)
    address: str = ""
    """Where it was reached: a process started by a message has its number there."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg that was opened, or taken away from outside before its own end.

    `parent`: the leg around it; `duty`: the property `leg`; `unit` and `round`: the variables of
    the called process, after it was told them.
    """

    number: int
    parent: int | None
    duty: str
    unit: str
    round: int | None
    event: str
    """opened | cancelled"""
    at: datetime
    address: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message to the world: an external topic and the routing values that go along."""

    topic: str
    element: str
    task: int
    leg: int | None
    values: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Walked:
    """An element that was passed in this step, with the flow that led to it (may be empty)."""

    element: str
    flow: str
    task: int
    address: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A token that is not through its element, without its id; what open tasks do not tell of it.

    `awaited`: the events that wake it; `source`: where it came from, at a join; `progress`: how
    far a loop is; `local`: the variables of one instance.
    """

    address: str
    element: str
    kind: str
    awaited: tuple[str, ...] = ()
    source: str = ""
    progress: Mapping[str, Json] = field(default_factory=dict)
    local: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """All that a step decided. `tasks` and `timers` are everything open after it, not a change."""

    state: Any
    tasks: tuple[OpenTask, ...]
    timers: tuple[Timer, ...]
    milestones: tuple[Milestone, ...]
    messages: tuple[Message, ...]
    readings: tuple[Reading, ...]
    walked: tuple[Walked, ...]
    values: Mapping[str, Json]
    """The routing values of the outermost process after the step."""
    ended: bool
    scopes: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """The routing values of each called process that is under way, by its address."""
    waits: tuple[Wait, ...] = ()
    """Where every token stands, by address."""
    legs: tuple[Leg, ...] = ()
    """The legs that were opened or cancelled in this step."""
