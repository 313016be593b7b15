"""One ticket told as a story: every step taken three ways, which must agree.

- *restored*: the state is dumped after each step and loaded by definitions read for this story;
- *kept*: one engine holds the ticket in memory from the first step to the last, on definitions
  that all stories of this process have worn;
- *elsewhere*: another process (see elsewhere.py), of another hash seed and time zone, forks for
  each step, on definitions that no step has touched, and answers from the recorded readings.

Tasks, fields and options are called by their Chinese names, as in the diagrams and the forms.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from engine import milestones as known
from engine.flow import Definitions, RecordedReadings, process, state
from engine.flow.model import Leg, Message, Milestone, OpenTask, Reading, Step, Timer
from engine.formjs import Form
from engine.workdays import ZONE, Calendar
from tests import walked
from tests.features import places
from tests.features.places import NAMES, UNITS

ROOT = Path(__file__).resolve().parents[2]
WARNINGS = {
    "warning.unsigned": "未及时签收",
    "warning.overdue": "超期",
    "warning.dissatisfied": "两次不满意",
    "warning.rectify": "未按期整改",
}
MESSAGES = {
    "sms.accepted": "受理短信",
    "sms.closed": "办结短信",
    "sms.interim": "阶段性答复",
    "ticket.closed": "主工单办结的通知",
    "ticket.dropped": "主工单未办结的通知",
    "alert.emergency": "紧急转办提醒",
    "unit.called_again": "再次来电提醒",
    "supervision.measure": "督办通知",
    "promise.due": "承诺到期提醒",
}
DEADLINES = {
    "签收": "sign",
    "办理": "handle",
    "申请退回": "return",
    "中心决定": "decide",
    "整改": "rectify",
    "承诺": "promise",
    "转办": "target",
    "再次联系": "attempt",
}


class Elsewhere(Protocol):
    """Takes a step in another process: a plain request in, a plain answer out."""

    def take(self, request: Mapping[str, Any]) -> Mapping[str, Any]: ...


class Live:
    """The answers of the calendar and of the register, as an act would give them."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar

    def due(self, start: datetime, days: int) -> Mapping[str, Any]:
        return self.calendar.due(start, days).as_json()

    def unit(self, id: str) -> Mapping[str, Any]:
        return places.unit(id)


def instant(text: str) -> datetime:
    """An instant of Asia/Shanghai; 24:00 is 00:00 of the next day."""
    day, clock = text.split(" ")
    late = clock == "24:00"
    read = datetime.fromisoformat(f"{day} {'00:00' if late else clock}").replace(tzinfo=ZONE)
    return (read + timedelta(days=late)).astimezone(UTC)


def shipped_files() -> dict[str, bytes]:
    """The definitions of this repository, by path."""
    paths = [p for folder in ("bpmn", "forms") for p in (ROOT / folder).rglob("*") if p.is_file()]
    return {p.relative_to(ROOT).as_posix(): p.read_bytes() for p in paths}


def take(definitions: Definitions, held: Any, request: Mapping[str, Any], readings: Any) -> Step:
    """One of the five steps, as the request says; `held` is a State, or None to start with."""
    now = datetime.fromisoformat(request["now"])
    match request["verb"]:
        case "start":
            start = definitions.start_process("call")
            return process.start(definitions, start, request["values"], now, readings)
        case "complete":
            return process.complete(held, request["task"], request["answers"], now, readings)
        case "send":
            message = definitions.manifest["messages"][request["message"]]
            return process.send(held, message, request["payload"], now, readings)
        case "tick":
            return process.tick(held, now, readings)
        case "revise":
            return process.revise(held, now, readings)
    raise ValueError(request["verb"])


class Story:
    """A ticket, all that has happened to it, and what stands open."""

    def __init__(
        self, files: Mapping[str, bytes], worn: Definitions, calendar: Calendar, far: Elsewhere
    ) -> None:
        self.files = files
        self.calendar = calendar
        self.far = far
        self.centre = "市热线中心"
        self.blob = b""
        self.far_blob = ""
        self.fresh = Definitions.read(files)
        self.kept = worn
        self.held: Any = None
        self.step: Step | None = None
        self.milestones: list[Milestone] = []
        self.messages: list[Message] = []
        self.legs: dict[int, Leg] = {}
        self.cancelled: set[int] = set()

    # --- what the steps of the stories do ---

    def call(self, at: datetime, kind: str, said: Mapping[str, str]) -> None:
        """A call comes in: the start form is filled in and the process starts."""
        form = self.kept.start_form(self.kept.start_process("call"))
        values = self._fill(form, {"诉求类型": kind, **said}, at, UNITS[self.centre])
        self._take(at, verb="start", values={**places.start_values(self.centre), **values})

    def complete(self, at: datetime, name: str, said: Mapping[str, str], unit: str = "") -> None:
        """The open task of this name is done; due timers are fired first, as the acts do."""
        self.fire(at)
        task = self.task(name, unit)
        answers = self._fill(task.form, said, at, task.unit)
        self._take(at, verb="complete", task=task.id, answers=answers)

    def send(self, at: datetime, message: str, payload: Mapping[str, Any]) -> None:
        """Somebody outside sends what the manifest calls so."""
        self.fire(at)
        self._take(at, verb="send", message=message, payload=dict(payload))

    def wait(self, at: datetime) -> None:
        """The sweep comes by."""
        self._take(at, verb="tick")

    def fire(self, at: datetime) -> None:
        """A sweep, if anything is due."""
        if any(timer.due <= at for timer in self.timers):
            self.wait(at)

    def revise(self, at: datetime, calendar: Calendar) -> None:
        """A year was published: open due times are reckoned again."""
        self.calendar = calendar
        self._take(at, verb="revise")

    # --- what they look at ---

    @property
    def tasks(self) -> Sequence[OpenTask]:
        assert self.step is not None
        return self.step.tasks

    @property
    def timers(self) -> Sequence[Timer]:
        assert self.step is not None
        return self.step.timers

    def names(self, unit: str = "", *, optional: bool) -> list[str]:
        """The open duties, or else rights, of everybody or of one unit, by name."""
        of = [task for task in self.tasks if task.optional == optional]
        return sorted(task.name for task in of if unit in ("", NAMES[task.unit]))

    def task(self, name: str, unit: str = "") -> OpenTask:
        """The one open task of this name (of this unit)."""
        found = [t for t in self.tasks if t.name == name and unit in ("", NAMES[t.unit])]
        there = [f"{NAMES[task.unit]}：{task.name}" for task in self.tasks]
        assert len(found) == 1, f"能办的是{there}，不是{unit}“{name}”"
        return found[0]

    def deadlines(self, word: str, unit: str = "") -> list[Timer]:
        """The waiting deadlines of this name (on legs of this unit)."""
        found = [timer for timer in self.timers if timer.deadline == DEADLINES[word]]
        return [timer for timer in found if unit in ("", self.unit_of(timer.leg))]

    def deadline(self, word: str, unit: str = "") -> Timer:
        """The one waiting deadline of this name."""
        found = self.deadlines(word, unit)
        assert len(found) == 1, f"没有等待中的{unit}{word}时限：{self.timers}"
        return found[0]

    def unit_of(self, leg: int | None) -> str:
        """The name of the unit that a leg is sent to."""
        return "" if leg is None else NAMES[self.legs[leg].unit]

    def reached(self, word: str, unit: str = "") -> list[Milestone]:
        """The milestones of this Chinese name (on legs of this unit)."""
        found = [m for m in self.milestones if known.word(m.name) == word]
        return [m for m in found if unit in ("", self.unit_of(m.leg))]

    def first(self, word: str, unit: str = "") -> Milestone | None:
        """The first of them."""
        return next(iter(self.reached(word, unit)), None)

    def void(self, unit: str) -> list[bool]:
        """Whether the legs of a unit are void, the oldest first."""
        ended = {m.leg for m in self.milestones if m.name in ("returned", "recalled")}
        legs = [leg.number for leg in self.legs.values() if NAMES[leg.unit] == unit]
        return [leg in ended or leg in self.cancelled for leg in legs]

    def warnings(self, unit: str = "") -> set[str]:
        """Warnings so far; signing and overdue once a leg, where the leg has the milestone too."""
        sent = [(WARNINGS[m.topic], m.leg) for m in self.messages if m.topic in WARNINGS]
        once = [one for one in sent if one[0] in ("未及时签收", "超期")]
        assert len(once) == len(set(once)), f"重复预警：{once}"
        noted = {(known.word(m.name), m.leg) for m in self.milestones}
        assert set(once) == {one for one in noted if one[0] in ("未及时签收", "超期")}
        return {warning for warning, leg in sent if unit in ("", self.unit_of(leg))}

    def options(self, name: str, label: str) -> list[str]:
        """What an open task offers at one of its choices."""
        task = self.task(name)
        form = Form.read(self.files[f"forms/{task.form}.form"], task.form)
        views = _flat(form.show({}, places.sources(task.unit)))
        return [option.label for view in views if view.label == label for option in view.options]

    # --- how ---

    def _fill(self, form: str, said: Mapping[str, str], at: datetime, unit: str) -> dict[str, Any]:
        """What a form lets into the process, filled in as a person would: what was said by label,
        the first option or a few words where something is required, nothing else."""
        checked_form = Form.read(self.files[f"forms/{form}.form"], form)
        sources = places.sources(unit)
        raw: dict[str, list[str]] = {}
        left = dict(said)
        while True:  # one by one, as an answer may show further fields or hide them
            shown = checked_form.validate(raw, sources).typed
            views = _flat(checked_form.show(shown, sources))
            open_views = [view for view in views if view.key and view.key not in raw]
            view = next((v for v in open_views if v.label in left or v.required), None)
            if view is None:
                break
            said_of = left.pop(view.label, None)
            raw[view.key] = [_some(view, at)] if said_of is None else _answers(view, said_of)
        assert not left, f"表单“{form}”没有这些栏目：{list(left)}"
        checked = checked_form.validate(raw, sources)
        assert checked.errors == {}, checked.errors
        return dict(checked.routing)

    def _take(self, at: datetime, **request: Any) -> None:
        request["now"] = at.isoformat()
        loaded = state.load(self.fresh, self.blob) if self.blob else None
        step = take(self.fresh, loaded, request, Live(self.calendar))
        digest, blob = state.digest(step), state.dump(step.state)

        kept = take(self.kept, self.held, request, Live(self.calendar))
        assert state.canonical(kept) == state.canonical(step)
        assert (kept.milestones, kept.messages, kept.legs) == (
            step.milestones,
            step.messages,
            step.legs,
        )

        readings = [asdict(reading) for reading in step.readings]
        answer = self.far.take({**request, "state": self.far_blob, "readings": readings})
        assert "error" not in answer, answer["error"]
        assert answer["canonical"] == state.canonical(step)
        assert answer["digest"] == digest == state.digest(kept)

        assert state.canonical(state.load(self.fresh, blob)) == state.canonical(step.state)
        self.step, self.blob, self.held = step, blob, kept.state
        self.far_blob = answer["state"]
        self.milestones += step.milestones
        self.messages += step.messages
        self.legs |= {leg.number: leg for leg in step.legs if leg.event == "opened"}
        self.cancelled |= {leg.number for leg in step.legs if leg.event == "cancelled"}
        walked.note(step)


def replay(definitions: Definitions, request: Mapping[str, Any]) -> dict[str, Any]:
    """The step that another process recorded, taken here from its readings."""
    held = state.load(definitions, base64.b64decode(request["state"])) if request["state"] else None
    readings = RecordedReadings([Reading(**reading) for reading in request["readings"]])
    step = take(definitions, held, request, readings)
    readings.check(step.readings)
    return {
        "canonical": state.canonical(step),
        "digest": state.digest(step),
        "state": base64.b64encode(state.dump(step.state)).decode(),
    }


def _flat(views: Sequence[Any]) -> list[Any]:
    return [found for view in views for found in (view, *_flat(view.views))]


def _answers(view: Any, said: str) -> list[str]:
    if view.type == "checkbox":
        return ["true"] if said == "是" else []
    if view.type in ("checklist", "taglist"):
        return [_option(view, word) for word in said.split("、") if word]
    return [_option(view, said) if view.options else said]


def _option(view: Any, said: str) -> str:
    """The option whose label is, or else begins with, what was said."""
    exact = [option.value for option in view.options if option.label == said]
    found = exact or [option.value for option in view.options if option.label.startswith(said)]
    assert len(found) == 1, f"“{view.label}”没有“{said}”这一项"
    return str(found[0])


def _some(view: Any, at: datetime) -> str:
    if view.options:
        return str(view.options[0].value)
    if view.type == "number":
        return view.min or "1"
    if view.type == "datetime":
        return at.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")
    return "已写明"
