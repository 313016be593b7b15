"""A process under way as bytes, and as the canonical form by which two are compared.

The specs are not in it: they are read once for a version. JSON text in the order it was made.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

import orjson
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.util.task import TaskState

from engine.flow.definitions import Definitions
from engine.flow.instance import State
from engine.flow.model import Json, OpenTask, Refused, Timer, Wait
from engine.flow.tokens import Scope, Token

FORMAT = b"\x01"


def dump(state: State) -> bytes:
    """The state after a step. It must be at rest: a step that failed has no state."""
    if state.spoiled or state.ready:
        raise Refused("spoiled")
    scopes = [
        _packed(host, scope)
        for host, scope in ((0, state), *state.subprocesses.items())
        if host == 0 or not scope.completed
    ]
    whole = [state.process, state.ids, state.legs, state.completed, scopes]
    if state.started:
        whole.append(state.started)
    return closed(orjson.dumps(whole))


def opened(blob: bytes) -> bytes:
    """The JSON of a dumped state; Refused("state") if it is none."""
    if blob[:1] != FORMAT:
        raise Refused("state", problem="格式")
    return zlib.decompress(blob[1:])


def closed(whole: bytes) -> bytes:
    """What `opened` opens again."""
    return FORMAT + zlib.compress(whole, 1)


def _packed(host: int, scope: State | Scope) -> list[Json]:
    """A scope; `host` is the token that it hangs on, 0 for the outermost, below for what a
    message started."""
    return [
        host,
        scope.spec.name,
        scope.leg,
        scope.counts,
        scope.data if isinstance(scope, State) or scope.own_data else None,
        [_pack(token) for token in scope.tasks.values()],
        *([scope.address] if host < 0 else []),
    ]


def load(definitions: Definitions, blob: bytes) -> State:
    """The state that was dumped, with the definitions of its version.

    Refused("state") when the bytes are no state, or of a format or definitions unknown.
    """
    try:
        whole = orjson.loads(opened(blob))
        process, ids, legs, completed, scopes, *started = whole
        state = State(definitions, process)
        known: dict[int, Token] = {}
        for host, spec, leg, counts, data, tokens, *address in scopes:
            scope: State | Scope = state
            if host < 0:
                scope = Scope(definitions.specs[spec], None, state, address[0])
                state.subprocesses[host] = scope
            elif host:
                token = known.get(host)
                if token is None or token.task_spec.spec != spec:
                    raise Refused("state", problem="流程")
                scope = Scope(definitions.specs[spec], token, state)
                state.subprocesses[host] = scope
            scope.leg, scope.counts = leg, counts
            if data is not None:
                scope.data = data
            for packed in tokens:
                _unpack(scope, packed)
            known.update(scope.tasks)
            scope.task_tree = next(iter(scope.tasks.values()))
        if not state.tasks:
            raise Refused("state", problem="流程")
    except (ValueError, TypeError, KeyError, IndexError, StopIteration, zlib.error) as error:
        raise Refused("state", problem=str(error)) from error
    state.ids, state.legs, state.completed = ids, legs, completed
    state.started = started[0] if started else {}
    return state


def _pack(token: Token) -> list[Json]:
    return [
        token.id,
        token._parent or 0,
        token._state,
        token.task_spec.name,
        token.source,
        token.nth,
        1 if token.triggered else 0,
        {} if token._state & TaskState.FINISHED_MASK else token.internal_data,
        token.local,
    ]


def _unpack(scope: State | Scope, packed: list[Json]) -> None:
    task, parent, value, name, source, nth, triggered, internal, local = packed
    above = scope.tasks[parent] if parent else None
    token = Token(scope, scope.spec.task_specs[name], above, value, id=task)
    token.source = source
    token.nth = nth
    token.internal_data = internal
    if triggered:
        token.triggered = True
    if local is not None:
        token.local = local
    if value == TaskState.WAITING and isinstance(token.task_spec, CatchingEvent):
        scope.top_workflow.event_manager.add_task(token)


def canonical(step: Any) -> dict[str, Json]:
    """What a Step or State is by: tokens, open tasks, due times, milestones, routing values.

    Ids are left out and addresses used, so that it holds for a changed diagram too.
    """
    # Here, because process imports this module's State for its steps.
    from engine.flow import process

    if isinstance(step, State):
        tasks, timers = process.open_tasks(step), process.open_timers(step)
        milestones: list[Json] = []
        values: Mapping[str, Json] = step.data
        scopes = {scope.address: dict(scope.data) for scope in step.called()}
        ended, waits = step.over, process.waits(step)
    else:
        tasks, timers, ended, waits = step.tasks, step.timers, step.ended, step.waits
        values, scopes = step.values, {name: dict(data) for name, data in step.scopes.items()}
        milestones = [
            {
                "name": one.name,
                "at": one.at.isoformat(),
                "element": one.element,
                "leg": one.leg,
                "values": dict(one.values),
            }
            for one in step.milestones
        ]
    return {
        "tasks": [_task(task) for task in sorted(tasks, key=lambda one: one.address)],
        "timers": [_timer(timer) for timer in sorted(timers, key=lambda one: one.address)],
        "waits": [_wait(wait) for wait in waits],
        "milestones": milestones,
        "values": dict(values),
        "scopes": scopes,
        "ended": ended,
    }


def _task(task: OpenTask) -> Json:
    # What an older diagram cannot have is left out where it is not used: its digests stand.
    newer: dict[str, Json] = {"optional": True} if task.optional else {}
    if task.other_than:
        newer["other_than"] = list(task.other_than)
    return {
        **newer,
        "address": task.address,
        "element": task.element,
        "form": task.form,
        "role": task.role,
        "unit": task.unit,
        "leg": task.leg,
    }


def _timer(timer: Timer) -> Json:
    return {
        "address": timer.address,
        "element": timer.element,
        "deadline": timer.deadline,
        "due": timer.due.isoformat(),
        "leg": timer.leg,
    }


def _wait(wait: Wait) -> Json:
    return {
        "address": wait.address,
        "element": wait.element,
        "kind": wait.kind,
        "awaited": list(wait.awaited),
        "source": wait.source,
        "progress": dict(wait.progress),
        "local": None if wait.local is None else dict(wait.local),
    }


def text(step: Any) -> bytes:
    """The canonical form as JSON, written with sorted keys."""
    form = canonical(step)
    quick = orjson.dumps(form, option=orjson.OPT_SORT_KEYS)
    if _NEARLY.search(quick) is None or _EXPONENT.search(quick) is None:
        return quick
    # Very large and very small numbers are written in another way; this one came first.
    plain = json.dumps(form, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return plain.encode()


_EXPONENT = re.compile(rb"\de-?\d")
_NEARLY = re.compile(rb"e-?\d")  # found or not in a fifth of the time


def digest(step: Any) -> str:
    """The hex SHA-256 of the canonical form's text."""
    return hashlib.sha256(text(step)).hexdigest()
