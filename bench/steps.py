"""Milliseconds per step, beside a bare SpiffWorkflow measured in the same run.

`make bench` prints; it promises nothing, because machines differ twofold from minute to minute.
What can be compared are the lines of one run.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from SpiffWorkflow import TaskState
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer

from engine import definitions as shipped
from engine import settings as settings_of
from engine import sweep, workdays
from engine.acts import tickets
from engine.city.arrivals import dice
from engine.city.filling import fill
from engine.cli.setting_up import create, furnish_demo
from engine.cli.simulating import month
from engine.flow import Definitions, process, state
from engine.formjs import Form
from engine.formjs.model import SOURCES
from engine.read import ticket as pages
from engine.settings import Settings
from tests import servers

NOW = datetime(2026, 9, 30, 2, tzinfo=UTC)


class Times:
    """Durations by kind, in milliseconds."""

    def __init__(self) -> None:
        self.by_kind: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def of(self, kind: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.by_kind[kind].append((time.perf_counter() - begun) * 1000)

    def wrap(self, kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **options: Any) -> Any:
            with self.of(kind):
                return function(*args, **options)

        return timed

    def show(self, title: str) -> None:
        print(f"\n{title}")
        print(f"  {'':34}{'median':>9}{'p90':>9}{'n':>8}")
        for kind, all_ in self.by_kind.items():
            p90 = statistics.quantiles(all_, n=10)[-1] if len(all_) > 1 else all_[0]
            print(f"  {kind:34}{statistics.median(all_):9.2f}{p90:9.2f}{len(all_):8}")


def bare(count: int) -> Times:
    """The library alone, in memory, on a diagram of the same shape without limits or forms."""
    parser = BpmnParser()
    parser.add_bpmn_file(str(Path(__file__).with_name("bare.bpmn")))
    spec = parser.get_spec("bare_ticket")
    inner = parser.get_subprocess_specs("bare_ticket")
    serializer = BpmnWorkflowSerializer()
    times = Times()
    for kept in (True, False):
        kind = "user task" if kept else "user task, saved and restored"
        for _ in range(count):
            workflow = BpmnWorkflow(spec, inner)
            workflow.do_engine_steps()
            while not workflow.completed:
                (task,) = workflow.get_tasks(state=TaskState.READY, manual=True)
                with times.of(kind):
                    task.data["answer"] = "yes"
                    task.run()
                    workflow.do_engine_steps()
                    workflow.refresh_waiting_tasks()
                    if not kept:
                        workflow = serializer.deserialize_json(serializer.serialize_json(workflow))
    return times


class Live:
    """The shipped calendar's answers, and one bureau for every unit."""

    calendar = workdays.shipped()

    def due(self, start: datetime, days: int) -> Mapping[str, Any]:
        return self.calendar.due(start, days).as_json()

    def unit(self, id: str) -> Mapping[str, Any]:
        of = {"kind": "department", "level": "city", "area": "sr", "superior": None}
        return {**of, "centre": "c", "authority": "a"}


def flow(count: int) -> Times:
    """The five steps without any database: loaded, taken, canonical, dumped."""
    times = Times()
    with times.of("read the definitions"):
        definitions = Definitions.read(shipped.shipped())
    forms = {
        key: Form.read(definitions.files[f"forms/{key}.form"], key)
        for key in definitions.form_keys()
    }
    options = [{"label": "局", "value": "bureau"}]
    sources = dict.fromkeys(SOURCES, options)
    first = definitions.start_process()
    values = {"number": "1", "type": "help", "area": "sr", "centre": "c", "authority": "a"}

    def answered(form: Form, *seed: int) -> dict[str, Any]:
        raw = fill(form, sources, {"units": "bureau"}, dice(*seed, form.name), NOW)
        return form.validate(raw, sources).routing

    for n in range(count):
        late = n % 2 == 1
        routing = {**answered(forms[definitions.start_form(first)], n), **values}
        with times.of("start"):
            step = process.start(definitions, first, routing, NOW, Live())
            blob = state.dump(step.state)
        now = NOW
        while not step.ended:
            if late and step.timers:
                now = max(timer.due for timer in step.timers)
                with times.of("tick (all that is due)"):
                    step = process.tick(state.load(definitions, blob), now, Live())
                    state.digest(step)
                    blob = state.dump(step.state)
            now += timedelta(minutes=1)
            due = [task for task in step.tasks if not task.optional]
            if not due:  # nothing but a time is waited for
                now = min(timer.due for timer in step.timers)
                step = process.tick(state.load(definitions, blob), now, Live())
                blob = state.dump(step.state)
                continue
            task = due[0]
            answers = answered(forms[task.form], n, task.id)
            with times.of("complete"):
                step = process.complete(
                    state.load(definitions, blob), task.id, answers, now, Live()
                )
                state.digest(step)
                blob = state.dump(step.state)
    return times


def acts(settings: Settings, count: int) -> Times:
    """The acts that pages and sweep call, each with its transaction, over a simulated month."""
    times = Times()
    with create(settings) as store, ExitStack() as stack:
        furnish_demo(store, NOW)
        run = month(store, NOW, 30, count, 1)
        for module, name, kind in (
            (tickets, "start", "start a ticket"),
            (tickets, "complete", "complete a user task"),
            (sweep, "run_once", "one run of the sweep"),
            (pages, "task_form", "read a task and its form"),
        ):
            wrapped = times.wrap(kind, getattr(module, name))
            stack.enter_context(patch.object(module, name, wrapped))
        begun = time.perf_counter()
        done = run.run()
        seconds = time.perf_counter() - begun
    print(f"\n{done.tickets} tickets, {done.acts} acts in {seconds:.1f} s, one process")
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=200, help="how many for each table")
    count = parser.parse_args().tickets
    print("Milliseconds.")
    bare(count).show("Bare SpiffWorkflow in memory")
    flow(count).show("The product's steps, loaded and dumped each time, no database")
    with tempfile.TemporaryDirectory() as home:
        settings = settings_of.read({"HOTLINE_HOME": home})
        acts(settings, count).show("Acts on SQLite (chain, encryption, indexes, fsync)")
    with tempfile.TemporaryDirectory() as home, servers.server() as server:
        server.execute(f"CREATE DATABASE bench OWNER {servers.OWNER}")
        settings = settings_of.read(
            {
                "HOTLINE_HOME": home,
                "HOTLINE_DATABASE_URL": server.url("bench"),
                "HOTLINE_OWNER_DATABASE_URL": server.url("bench", servers.OWNER),
            }
        )
        acts(settings, count).show("Acts on PostgreSQL")


if __name__ == "__main__":
    main()
