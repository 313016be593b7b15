"""Small diagrams of the tests, and ways to play them: kept in memory, or restored after each step.

Run as a module, it plays a script given as JSON and prints what came out, so that a test can ask
another interpreter, with another hash seed and time zone, for the same.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from engine.flow import Definitions, RecordedReadings, process, state
from engine.flow.model import OpenTask, Reading, Step

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
ZONE = timezone(timedelta(hours=8))
NOW = datetime(2026, 9, 30, 10, 0, tzinfo=ZONE)


class EveryDay:
    """A calendar on which every day is a working day, unless told to shift."""

    def __init__(self, shift: int = 0) -> None:
        self.shift = shift

    def due(self, start: datetime, days: int) -> Mapping[str, Any]:
        last = start.astimezone(ZONE) + timedelta(days=days + 1 + self.shift)
        due = last.replace(hour=0, minute=0, second=0, microsecond=0)
        return {
            "start": start.isoformat(),
            "days": days,
            "due": due.isoformat(),
            "provisional": bool(self.shift),
            "revision": 1 + self.shift,
            "skipped": [],
            "counted": [],
        }

    def unit(self, id: str) -> Mapping[str, Any]:
        """A town's offices: `x_county` is the superior and authority of `x_county_office`."""
        above, _, kind = id.rpartition("_")
        return {
            "kind": kind,
            "level": "county" if above else "city",
            "area": "area",
            "centre": "centre",
            "authority": above or id,
            "superior": above or None,
        }


def diagram(*names: str) -> dict[str, bytes]:
    """Files by the paths that definitions have."""
    return {f"bpmn/{name}": (HERE / "diagrams" / name).read_bytes() for name in names}


def changed(files: Mapping[str, bytes], *pairs: tuple[str, str]) -> dict[str, bytes]:
    """The same files with texts replaced; each text must be there."""
    out = {path: content.decode() for path, content in files.items()}
    for old, new in pairs:
        assert any(old in text for text in out.values()), old
        out = {path: text.replace(old, new) for path, text in out.items()}
    return {path: text.encode() for path, text in out.items()}


class Play:
    """One instance, played step by step; `restored` dumps and loads it after each."""

    def __init__(
        self, files: Mapping[str, bytes], process_id: str, restored: bool = True, **values: Any
    ) -> None:
        self.files = files
        self.definitions = Definitions.read(files)
        self.restored = restored
        self.now = NOW
        self.readings: Any = EveryDay()
        self.steps: list[Step] = []
        self.digests: list[str] = []
        self._took(process.start(self.definitions, process_id, values, self.now, self.readings))

    def _took(self, step: Step) -> Step:
        self.steps.append(step)
        self.digests.append(state.digest(step))
        self.blob = state.dump(step.state)
        if self.restored:
            self.definitions = Definitions.read(self.files)
            self.state = state.load(self.definitions, self.blob)
            assert state.dump(self.state) == self.blob
        else:
            self.state = step.state
        return step

    @property
    def step(self) -> Step:
        return self.steps[-1]

    def tasks(self) -> list[str]:
        """The open tasks, with the unit where there is one."""
        return sorted(f"{t.element}@{t.unit}" if t.unit else t.element for t in self.step.tasks)

    def task(self, element: str, unit: str = "", leg: int | None = None) -> OpenTask:
        """The first open task at an element."""
        return next(
            task
            for task in self.step.tasks
            if task.element == element
            and (not unit or task.unit == unit)
            and (leg is None or task.leg == leg)
        )

    def complete(
        self, element: str, unit: str = "", leg: int | None = None, **answers: Any
    ) -> Step:
        task = self.task(element, unit, leg).id
        return self._took(process.complete(self.state, task, answers, self.now, self.readings))

    def send(self, message: str, leg: int | None = None, **payload: Any) -> Step:
        return self._took(process.send(self.state, message, payload, self.now, self.readings, leg))

    def tick(self, **later: float) -> Step:
        self.now += timedelta(**later)
        return self._took(process.tick(self.state, self.now, self.readings))

    def revise(self) -> Step:
        return self._took(process.revise(self.state, self.now, self.readings))

    def milestones(self) -> list[str]:
        """The milestones of the last step."""
        return [milestone.name for milestone in self.step.milestones]


# --- scripts, for another interpreter ------------------------------------------------------


def play(script: Mapping[str, Any]) -> dict[str, Any]:
    """Plays a script from its start, or from a dumped state; digests and the last dump."""
    files = diagram(*script["diagrams"])
    if "blob" not in script:
        played = Play(files, script["process"], **script["values"])
    else:
        played = Play.__new__(Play)
        played.files, played.restored, played.steps, played.digests = files, True, [], []
        played.definitions, played.readings = Definitions.read(files), EveryDay()
        played.state = state.load(played.definitions, base64.b64decode(script["blob"]))
        played.now = datetime.fromisoformat(script["now"])
        played._took(process.tick(played.state, played.now, played.readings))
        played.digests.clear()
    for verb, arguments in script["steps"]:
        getattr(played, verb)(**arguments)
    return {
        "digests": played.digests,
        "blob": base64.b64encode(played.blob).decode(),
        "now": played.now.isoformat(),
        "ended": played.step.ended,
        "tasks": played.tasks(),
    }


def play_elsewhere(script: Mapping[str, Any], seed: str = "0", zone: str = "UTC") -> dict[str, Any]:
    """The same in a fresh interpreter."""
    environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone}
    answer = subprocess.run(
        [sys.executable, "-m", "tests.unit.flow.small"],
        input=json.dumps(script).encode(),
        capture_output=True,
        check=True,
        cwd=ROOT,
        env=environment,
    )
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


def replayed(readings: Sequence[Reading]) -> RecordedReadings:
    """Readings as they come back from a log: through JSON."""
    kept = json.loads(
        json.dumps([[r.kind, dict(r.question), r.answer, r.element] for r in readings])
    )
    return RecordedReadings([Reading(*one) for one in kept])


__all__ = ["NOW", "UTC", "EveryDay", "Play", "changed", "diagram", "play", "play_elsewhere"]

if __name__ == "__main__":
    print(json.dumps(play(json.load(sys.stdin))))
