"""Drives any process that was accepted, without knowing it: tasks, messages and times at random.

For diagrams of others: those of the fuzzing and of BPMN's reference models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from random import Random
from types import MappingProxyType
from typing import Any

from engine.flow import Definitions, Refused, process, state
from engine.flow.model import Step
from tests.unit.flow.small import NOW, EveryDay

_NAMES = re.compile(r"[A-Za-z_]\w*")
_VALUES = (True, False, 0, 1, 2, "", "yes", "no", "u_office", [], ["u_office"], ["a_b", "c_d"], {})


def drive(definitions: Definitions, process_id: str, random: Random, most: int = 200) -> str:
    """How it ended: ended | waiting (`most` steps were too few) | the code of a Refused.

    After each step the state is written and read again, and must be the same.
    """
    return drive_steps(definitions, process_id, random, most)[0]


def drive_steps(
    definitions: Definitions,
    process_id: str,
    random: Random,
    most: int = 200,
    given: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[str, list[Step]]:
    """The same, with the steps that were taken; variables that are `given` are left alone."""
    now, readings = NOW, EveryDay()
    names, literals = _spoken(definitions)
    names = [name for name in names if name not in given]
    spoken = {one.reference for one in definitions.elements() if one.event == "message"}
    steps: list[Step] = []

    def values(some: int) -> dict[str, Any]:
        chosen = names if some >= len(names) else random.sample(names, some)
        pools = ((*_VALUES, NOW.isoformat()), literals or _VALUES)
        return {name: random.choice(random.choice(pools)) for name in chosen}

    start = values(len(names)) | given
    try:
        step = process.start(definitions, process_id, start, now, readings)
        for _ in range(most):
            steps.append(step)
            blob = state.dump(step.state)
            kept = state.load(definitions, blob)
            assert state.dump(kept) == blob, "a state that is not read as it was written"
            json.dumps(dict(step.values), allow_nan=False)
            if step.ended:
                return "ended", steps
            awaited = {name for wait in step.waits for name in wait.awaited}
            messages = sorted(awaited & spoken)
            ways = ["complete"] * (2 * len(step.tasks)) + ["tick"] * bool(step.timers)
            ways += ["send"] * bool(messages)
            if not ways:
                return "waiting", steps
            due = step.timers[0].due if step.timers else None
            match random.choice(ways):
                case "complete" if due is None or due > now:
                    task = random.choice(step.tasks)
                    step = process.complete(kept, task.id, values(2), now, readings)
                case "send" if due is None or due > now:
                    step = process.send(kept, random.choice(messages), values(1), now, readings)
                case _:
                    now = max(now, due or now) + timedelta(seconds=1)
                    step = process.tick(kept, now, readings)
        return "waiting", steps
    except Refused as refused:
        return refused.code, steps


def _spoken(definitions: Definitions) -> tuple[list[str], list[Any]]:
    """The variables and the values that stand in a version's expressions, more or less."""
    text = " ".join(
        found
        for content in definitions.files.values()
        for found in re.findall(r"\$\{[^}]*\}", content.decode("utf-8", "ignore"))
    )
    words = {word for word in _NAMES.findall(text) if word not in ("true", "false", "null")}
    literals = re.findall(r"['\"](\w+)['\"]", text.replace("&quot;", '"').replace("&#34;", '"'))
    numbers = sorted({int(number) for number in re.findall(r"== (\d{1,9})\b", text)})
    return sorted(words)[:200], [*sorted(set(literals))[:50], *numbers[:50]]
