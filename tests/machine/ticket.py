"""One ticket in the pure engine: every step is dumped, loaded and taken again from its record."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.city.places import authority_of, centre_of
from engine.flow import RecordedReadings, Refused, process, state
from engine.flow.model import OpenTask, Reading, Step
from engine.store import milestones
from tests import walked
from tests.machine import invariants
from tests.machine.filling import anyhow
from tests.machine.town import Answers, Town, calendars, definitions, form, outside

START = datetime(2026, 9, 28, 2, 0, tzinfo=UTC)
"""Monday 28 September 2026, 10:00 in Shangrao: ten days before a long rest is over."""


@dataclass(frozen=True)
class Entry:
    """A step as a log has it."""

    verb: str
    arguments: dict[str, Any]
    now: datetime
    readings: str
    digest: str


@dataclass
class Ticket:
    """A ticket under way; `rows` are those that the store would have written."""

    town: Town
    readings: Answers
    now: datetime = START
    area: str = "sr"
    checked: bool = True
    step: Step = None  # type: ignore[assignment]
    blob: bytes = b""
    rows: milestones.Rows = field(default_factory=milestones.nothing)
    log: list[Entry] = field(default_factory=list)
    done_by: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    last: str = ""
    """The user task that the last step completed."""
    revised: bool = False

    # --- legal acts ---

    def start(self, rng: random.Random, given: Mapping[str, str] | None = None) -> Step:
        """A call comes in at the centre of the area."""
        process_id = definitions().start_process("call")
        centre = centre_of(self.area)
        filled = form(definitions().start_form(process_id))
        # Most calls are taken, or there would be little to see behind.
        likely = {"acceptance": "accept"} if rng.random() < 0.8 else {}
        sources = self.town.sources(filled, centre, None)
        _, checked = anyhow(filled, sources, rng, {**likely, **(given or {})})
        place = {"area": self.area, "centre": centre, "authority": authority_of(self.area)}
        values = {"type": "", "channel": "", **checked.routing, "number": "20260928-00001", **place}
        return self.take("start", process=process_id, values=values)

    def complete(
        self, task: OpenTask, rng: random.Random, given: Mapping[str, str] | None = None
    ) -> Step | None:
        """Somebody who may does a task; None when nobody is there."""
        who = self.those(task)
        if not who:
            return None
        filled = form(task.form)
        unit = task.unit or centre_of(self.area)
        about = self.rows.ticket["about_unit"]
        linked = {one.key: "20260928-00002" for one in filled.fields if one.ticket}
        sources = self.town.sources(filled, unit, about, self.known_to())
        _, checked = anyhow(filled, sources, rng, {**linked, **(given or {})})
        routed = {one.ticket: linked[one.key] for one in filled.fields if one.ticket}
        answers = {**checked.routing, **routed}
        step = self.take("complete", task=task.id, answers=answers)
        self.done_by[task.element] = rng.choice(who)
        return step

    def known_to(self) -> frozenset[str]:
        """The units that have the ticket now."""
        legs = (leg["unit"] for leg in self.rows.legs.values() if leg["void_at"] is None)
        return frozenset(legs) | {task["unit"] for task in self.rows.tasks.values()}

    def those(self, task: OpenTask) -> list[str]:
        """Who may do a task: of its role and unit, not a party, and not who did what it checks."""
        unit = task.unit or centre_of(self.area)
        about = self.rows.ticket["about_unit"]
        return [
            name
            for name in self.town.somebody(task.role, unit)
            if unit != about
            and not any(self.done_by.get(element) == name for element in task.other_than)
        ]

    def wait(self, until: datetime) -> Step:
        """Time goes on, and the sweep comes by."""
        self.now = until
        return self.take("tick")

    def catch_up(self) -> None:
        """What is due is fired, as every act does first."""
        if self.late():
            self.take("tick")

    def late(self) -> bool:
        """Whether a timer is due."""
        return any(timer.due <= self.now for timer in self.step.timers)

    # --- steps ---

    def take(self, verb: str, **arguments: Any) -> Step:
        """A step, checked: kept, restored and replayed must agree, and everything must hold."""
        before, blob = self.step, self.blob
        open_tasks = before.tasks if before is not None else ()
        self.last = next((t.element for t in open_tasks if t.id == arguments.get("task")), "")
        self.told.append(f"{self.now.isoformat()} {verb} {_shortly(self.step, arguments)}")
        step = _take(blob, verb, arguments, self.now, self.readings)
        self.step, self.blob = step, state.dump(step.state)
        self.revised = self.revised or verb == "revise"
        place = self.town.place(self.area)
        rows, self.rows = self.rows, milestones.advance(self.rows, step, self.now, place)
        walked.note(step)
        if self.checked:
            self._check(before, rows, blob, verb, arguments)
        return step

    def _check(
        self, before: Step | None, rows: milestones.Rows, blob: bytes, verb: str, arguments: Any
    ) -> None:
        step, digest = self.step, state.digest(self.step)
        readings = json.dumps([asdict(reading) for reading in step.readings], ensure_ascii=False)
        self.log.append(Entry(verb, arguments, self.now, readings, digest))
        restored = state.load(definitions(), self.blob)
        assert state.dump(restored) == self.blob
        of_state, of_step = state.canonical(restored), state.canonical(step)
        assert of_state == {**of_step, "milestones": []}
        again = _take(blob, verb, arguments, self.now, _recorded(readings))
        assert state.digest(again) == digest
        assert state.dump(again.state) == self.blob
        invariants.check(self, before, rows, verb)

    def refuses(self, code: str, verb: str, **arguments: Any) -> None:
        """An act that cannot be: refused with this code, and the ticket is as it was."""
        with pytest.raises(Refused) as refused:
            _take(self.blob, verb, arguments, self.now, self.readings)
        said = f"{verb} {arguments}: {refused.value.code}, not {code}"
        assert refused.value.code == code, said

    def replay(self) -> None:
        """The whole log once more in an engine that keeps its state in memory."""
        held: Any = None
        for entry in self.log:
            arguments, now = entry.arguments, entry.now
            step = _next(held, entry.verb, arguments, now, _recorded(entry.readings))
            assert state.digest(step) == entry.digest, f"{entry.verb} at {now}"
            held = step.state

    def receivers(self, message: str) -> bool:
        """Whether somebody waits for a message of the outside world."""
        held = state.load(definitions(), self.blob)
        try:
            process.send(held, message, {"outcome": "done"}, self.now, self.readings)
        except Refused:
            return False
        return True


def _take(blob: bytes, verb: str, arguments: dict[str, Any], now: datetime, readings: Any) -> Step:
    held = state.load(definitions(), blob) if blob else None
    return _next(held, verb, arguments, now, readings)


def _next(held: Any, verb: str, arguments: dict[str, Any], now: datetime, readings: Any) -> Step:
    match verb:
        case "start":
            values = arguments["values"]
            return process.start(definitions(), arguments["process"], values, now, readings)
        case "complete":
            task, answers = arguments["task"], arguments["answers"]
            return process.complete(held, task, answers, now, readings)
        case "send":
            payload, leg = arguments["payload"], arguments["leg"]
            return process.send(held, arguments["message"], payload, now, readings, leg)
        case "tick":
            return process.tick(held, now, readings)
        case "revise":
            return process.revise(held, now, readings)
    raise ValueError(verb)


def _recorded(readings: str) -> RecordedReadings:
    return RecordedReadings([Reading(**one) for one in json.loads(readings)])


def _shortly(step: Step | None, arguments: dict[str, Any]) -> str:
    if step is not None and "task" in arguments:
        names = {task.id: f"{task.element}@{task.unit} ({task.address})" for task in step.tasks}
        return f"{names.get(arguments['task'])} {arguments['answers']}"
    return str(arguments)


# --- chance ------------------------------------------------------------------------------------


def payload_of(name: str, rng: random.Random) -> dict[str, Any]:
    """What an act would send along with a message of the outside world."""
    return {"outcome": rng.choice(("done", "no_basis"))} if name == "main_closed" else {}


def evenly(task: OpenTask) -> int:
    """Rights are many and often end a leg: duties get a larger chance each."""
    return 1 if task.optional else 5


def move(ticket: Ticket, rng: random.Random, weight: Callable[[OpenTask], int] = evenly) -> str:
    """One legal thing at random; what it was. `weight` says how likely a task is done."""
    ticket.now += timedelta(minutes=rng.choice((0, 1, 30, 240, 1440, rng.choice((1440, 10_080)))))
    ticket.catch_up()
    if ticket.step.ended:
        return "ended"
    kind = rng.choice(("complete",) * 12 + ("send", "send", "due", "due", "revise"))
    if kind == "complete":
        able = [task for task in ticket.step.tasks if ticket.those(task)]
        if able:
            ticket.complete(rng.choices(able, [weight(task) for task in able])[0], rng)
    elif kind == "send":
        name = rng.choice(sorted(outside()))
        message = outside()[name]
        if ticket.receivers(message):
            payload = payload_of(name, rng)
            ticket.take("send", message=message, payload=payload, leg=None)
    elif kind == "due" and ticket.step.timers:
        timer = rng.choice(ticket.step.timers)
        ticket.wait(timer.due + timedelta(seconds=rng.choice((-1, 0, 0, 1))))
    elif kind == "revise":
        ticket.readings.calendar = rng.choice(calendars())
        ticket.take("revise")
    return kind


def folly(ticket: Ticket, rng: random.Random) -> str:
    """One illegal thing at random, which must be refused and change nothing; what it was."""
    kind = rng.choice(("unknown", "gone", "no task", "nobody waits", "leg", "data", "too early"))
    if ticket.step.ended:
        ticket.refuses("ended", "send", message="x", payload={}, leg=None)
        ticket.refuses("task_gone", "complete", task=1, answers={})
        return "ended"
    open_ids = {task.id for task in ticket.step.tasks}
    late, most = ticket.late(), ticket.step.state.ids
    match kind:
        case "unknown":
            for task in (0, -1, most + 1):
                code = "tick_first" if late else "task_unknown"
                ticket.refuses(code, "complete", task=task, answers={})
        case "gone":
            others = sorted(set(range(1, most + 1)) - open_ids)
            tokens = {one.id for one in state.load(definitions(), ticket.blob).tokens()}
            gone = [one for one in others if one not in tokens]
            if gone:
                code = "tick_first" if late else "task_gone"
                ticket.refuses(code, "complete", task=rng.choice(gone), answers={})
        case "no task":
            held = state.load(definitions(), ticket.blob)
            waiting = [one.id for one in held.tokens() if one.id not in open_ids]
            code = "tick_first" if late else "task_gone"
            ticket.refuses(code, "complete", task=rng.choice(waiting), answers={})
        case "nobody waits":
            code = "tick_first" if late else "nobody_waits"
            ticket.refuses(code, "send", message="no_such_message", payload={}, leg=None)
        case "leg":
            code = "tick_first" if late else "nobody_waits"
            message = rng.choice(sorted(outside().values()))
            ticket.refuses(code, "send", message=message, payload={}, leg=999)
        case "data":
            if open_ids and not late:
                task = rng.choice(sorted(open_ids))
                for answers in ({"not a name": 1}, {"x": float("nan")}, {"x": object()}):
                    ticket.refuses("data", "complete", task=task, answers=answers)
        case "too early":
            timers = [timer.due for timer in ticket.step.timers if timer.due > ticket.now]
            if timers and open_ids:
                then, ticket.now = ticket.now, min(timers)
                task = rng.choice(sorted(open_ids))
                ticket.refuses("tick_first", "complete", task=task, answers={})
                ticket.now = then
    return kind
