"""One ticket told as a story: every step taken three ways, which must agree.

- *restored*: the state is dumped after each step and loaded by definitions read anew;
- *kept*: one engine holds the ticket in memory from the first step to the last;
- *elsewhere*: another process (see elsewhere.py), of another hash seed and time zone, has read
  nothing before, forks for each step, and answers from the readings that were recorded.

Tasks, fields and options are called by their Chinese names, as in the diagrams and the forms.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from engine.flow import Definitions, RecordedReadings, process, state
from engine.flow.model import Message, Milestone, OpenTask, Reading, Step, Timer
from engine.formjs import Form
from engine.workdays import ZONE, Calendar

ROOT = Path(__file__).resolve().parents[2]
UNITS = {
    "市热线中心": "city_centre",
    "信州区热线中心": "xinzhou_centre",
    "市城管局": "city_management",
    "信州区城管局": "xinzhou_management",
}
MILESTONES = {
    "accepted": "受理",
    "dispatched": "派发",
    "signed": "签收",
    "unsigned": "未及时签收",
    "reported": "填报",
    "report_rejected": "审核不通过",
    "overdue": "超期",
    "closed": "办结",
    "followed_up": "回访",
    "rated": "评价",
    "archived": "归档",
}
WARNINGS = {"warning.unsigned": "未及时签收", "warning.overdue": "超期"}
DEADLINES = {"签收": "sign", "办理": "handle"}


class Elsewhere(Protocol):
    """Takes a step in another process: a plain request in, a plain answer out."""

    def take(self, request: Mapping[str, Any]) -> Mapping[str, Any]: ...


class Live:
    """The calendar's answers, as an act would give them."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar

    def due(self, start: datetime, days: int) -> Mapping[str, Any]:
        return self.calendar.due(start, days).as_json()


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
        case "tick":
            return process.tick(held, now, readings)
        case "revise":
            return process.revise(held, now, readings)
    raise ValueError(request["verb"])


class Story:
    """A ticket, all that has happened to it, and what stands open."""

    def __init__(self, files: Mapping[str, bytes], calendar: Calendar, far: Elsewhere) -> None:
        self.files = files
        self.calendar = calendar
        self.far = far
        self.centre = "市热线中心"
        self.blob = b""
        self.far_blob = ""
        self.kept = Definitions.read(files)
        self.held: Any = None
        self.step: Step | None = None
        self.milestones: list[Milestone] = []
        self.messages: list[Message] = []

    # --- what the steps of the stories do ---

    def call(self, at: datetime, kind: str) -> None:
        """A call comes in: the start form is filled in and the process starts."""
        values = self._fill(
            self.kept.start_form(self.kept.start_process("call")), {"诉求类型": kind}, at
        )
        centre = UNITS[self.centre]
        given = {
            "number": "20260001",
            "area": centre.partition("_")[0],
            "centre": centre,
            "authority": "authority",
        }
        self._take(at, verb="start", values={**given, **values})

    def complete(self, at: datetime, name: str, said: Mapping[str, str]) -> None:
        """The open task of this name is done; due timers are fired first, as the acts do."""
        self.fire(at)
        task = self.task(name)
        answers = self._fill(task.form, said, at)
        self._take(at, verb="complete", task=task.id, answers=answers)

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

    def task(self, name: str) -> OpenTask:
        """The one open task of this name."""
        found = [task for task in self.tasks if task.name == name]
        assert len(found) == 1, f"待办事项是{[task.name for task in self.tasks]}，不是“{name}”"
        return found[0]

    def deadline(self, word: str) -> Timer:
        """The waiting deadline of this name."""
        found = [timer for timer in self.timers if timer.deadline == DEADLINES[word]]
        assert len(found) == 1, f"没有等待中的{word}时限：{self.timers}"
        return found[0]

    def warnings(self) -> set[str]:
        """Warnings so far, each once; what is warned of is a milestone of the same leg as well."""
        sent = [(WARNINGS[m.topic], m.leg) for m in self.messages if m.topic in WARNINGS]
        assert len(sent) == len(set(sent)), f"重复预警：{sent}"
        warned = {warning for warning, _ in sent}
        noted = {MILESTONES[m.name] for m in self.milestones} & set(WARNINGS.values())
        assert warned == noted
        return warned

    def first(self, word: str) -> Milestone | None:
        """The first milestone of this Chinese name."""
        return next((m for m in self.milestones if MILESTONES[m.name] == word), None)

    # --- how ---

    def _fill(self, form: str, said: Mapping[str, str], at: datetime) -> dict[str, Any]:
        """What a form lets into the process, filled in as a person would: what was said by label,
        the first option or a few words where something is required, nothing else."""
        checked_form = Form.read(self.files[f"forms/{form}.form"], form)
        sources = {"units": [{"label": k, "value": v} for k, v in UNITS.items()], "items": []}
        raw: dict[str, list[str]] = {}
        left = dict(said)
        for _ in range(10):  # a choice may show further fields
            before = dict(raw)
            shown = checked_form.validate(raw, sources).typed
            for view in _flat(checked_form.show(shown, sources)):
                if not view.key or view.key in raw:
                    continue
                if view.label in left:
                    words = left.pop(view.label)
                    raw[view.key] = [_option(view, words) if view.options else words]
                elif view.required:
                    raw[view.key] = [_some(view, at)]
            if raw == before:
                break
        assert not left, f"表单“{form}”没有这些栏目：{list(left)}"
        checked = checked_form.validate(raw, sources)
        assert checked.errors == {}
        return dict(checked.routing)

    def _take(self, at: datetime, **request: Any) -> None:
        request["now"] = at.isoformat()
        fresh = Definitions.read(self.files)
        loaded = state.load(fresh, self.blob) if self.blob else None
        step = take(fresh, loaded, request, Live(self.calendar))
        digest, blob = state.digest(step), state.dump(step.state)

        kept = take(self.kept, self.held, request, Live(self.calendar))
        assert state.canonical(kept) == state.canonical(step)
        assert (kept.milestones, kept.messages) == (step.milestones, step.messages)

        readings = [asdict(reading) for reading in step.readings]
        answer = self.far.take({**request, "state": self.far_blob, "readings": readings})
        assert "error" not in answer, answer["error"]
        assert answer["canonical"] == state.canonical(step)
        assert answer["digest"] == digest == state.digest(kept)

        assert state.canonical(state.load(fresh, blob)) == state.canonical(step.state)
        self.step, self.blob, self.held = step, blob, kept.state
        self.far_blob = answer["state"]
        self.milestones += step.milestones
        self.messages += step.messages


def replay(files: Mapping[str, bytes], request: Mapping[str, Any]) -> dict[str, Any]:
    """The step that another process recorded, taken here from its readings."""
    definitions = Definitions.read(files)
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
