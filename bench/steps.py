"""What a step costs, beside a bare SpiffWorkflow measured in the same run.

`make bench` prints; it promises nothing, because machines differ twofold from minute to minute.
What can be compared are the lines of one run. Where the time goes it draws into var/bench/.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from SpiffWorkflow import TaskState
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from sqlalchemy import func, select

from bench import flame
from bench.times import Statements, Times
from engine import definitions as shipped
from engine import settings as settings_of
from engine import workdays
from engine.acts import tickets
from engine.city.arrivals import dice
from engine.city.filling import fill
from engine.cli.setting_up import create, furnish_demo
from engine.cli.simulating import month
from engine.flow import Definitions, process, state
from engine.formjs import Form
from engine.formjs.model import SOURCES
from engine.read import agenda
from engine.read import ticket as pages
from engine.settings import Settings
from engine.store import Store
from engine.store import tables as t
from tests import servers

NOW = datetime(2026, 9, 30, 2, tzinfo=UTC)


PICTURE = Path(__file__).parents[1] / "var/bench/steps.svg"
BARE = "user task"


def bare(count: int) -> Times:
    """The library alone, in memory, on a diagram of the same shape without limits or forms."""
    parser = BpmnParser()
    parser.add_bpmn_file(str(Path(__file__).with_name("bare.bpmn")))
    spec = parser.get_spec("bare_ticket")
    inner = parser.get_subprocess_specs("bare_ticket")
    serializer = BpmnWorkflowSerializer()
    times = Times()
    for kept in (True, False):
        kind = BARE if kept else f"{BARE}, saved and restored"
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
        for key in {element.form for element in definitions.elements() if element.form}
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


def acts(settings: Settings, count: int, bare: float, picture: Path | None = None) -> None:
    """The acts that pages and sweep call, each with its transaction, over a simulated month."""
    statements = Statements()
    times = Times(statements)
    with ExitStack() as stack:
        stack.enter_context(statements.watched())
        store = stack.enter_context(create(settings))
        furnish_demo(store, NOW)
        run = month(store, NOW, 30, count, 1)
        for module, name, kind, idle in (
            (tickets, "start", "start a ticket", ()),
            (tickets, "complete", "complete a user task", ()),
            (tickets, "call_again", "send a message (a repeat call)", ()),
            (tickets, "tick_next", "tick (a due time fired by the sweep)", (None, 0)),
            (tickets, "revise", "revise (due times counted again)", ()),
            (pages, "task_form", "read a task and its form", ()),
        ):
            wrapped = times.wrap(kind, getattr(module, name), idle)
            stack.enter_context(patch.object(module, name, wrapped))
        before = _bytes(store)
        with flame.sampled() as stacks:
            wall, cpu = time.perf_counter(), time.process_time()
            done = run.run()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        grown = _bytes(store) - before
        for ticket in range(1, agenda.count(store)[0] + 1):
            tickets.revise(store, "bench", ticket, NOW + timedelta(days=30))
    times.show(f"Acts on {'SQLite' if settings.is_sqlite else 'PostgreSQL'}, milliseconds", bare)
    print(
        f"  {done.tickets} tickets, {done.acts} acts, {done.sweeps} sweeps in {wall:.1f} s"
        f" ({cpu:.1f} s of CPU), one process"
    )
    if settings.is_sqlite:
        with store.read() as conn:
            ended = conn.execute(_ENDED).scalar_one()
        print(
            f"  {grown / max(done.tickets, 1):,.0f} bytes a ticket, indexes and log included;"
            f" {ended} of {done.tickets} have ended"
        )
    if picture is not None:
        title = f"CPU of a simulated month, {done.acts} acts; a sample each {flame.EVERY * 1000} ms"
        flame.draw(stacks, picture, title, root=": Month.run")
        print(f"  where the CPU goes: {os.path.relpath(picture)}")


_ENDED = select(func.count()).where(t.tickets.c.ended_at.is_not(None))


def _bytes(store: Store) -> int:
    """The size of the embedded database, its log included; 0 for a server's."""
    if not store.is_sqlite:
        return 0
    with store.read() as conn:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages * conn.exec_driver_sql("PRAGMA page_size").scalar_one())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=200, help="how many for each table")
    parser.add_argument("--sqlite", action="store_true", help="without PostgreSQL")
    asked = parser.parse_args()
    library = bare(asked.tickets)
    unit = library.median(BARE)
    library.show("Bare SpiffWorkflow in memory, milliseconds", unit)
    flow(asked.tickets).show("The product's steps, loaded and dumped, no database", unit)
    with tempfile.TemporaryDirectory() as home:
        settings = settings_of.read({"HOTLINE_HOME": home})
        acts(settings, asked.tickets, unit, PICTURE)
    if asked.sqlite:
        return
    with tempfile.TemporaryDirectory() as home, servers.server() as server:
        server.execute(f"CREATE DATABASE bench OWNER {servers.OWNER}")
        settings = settings_of.read(
            {
                "HOTLINE_HOME": home,
                "HOTLINE_DATABASE_URL": server.url("bench"),
                "HOTLINE_OWNER_DATABASE_URL": server.url("bench", servers.OWNER),
            }
        )
        acts(settings, asked.tickets, unit)


if __name__ == "__main__":
    main()
