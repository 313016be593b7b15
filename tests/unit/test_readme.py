"""The README's example, done: a user task added with the very lines that it shows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from lxml import etree

from engine import definitions as place
from engine.flow import Definitions, Step, process
from engine.flow.check import check
from engine.formjs import Form
from engine.workdays import Calendar, shipped

ROOT = Path(__file__).resolve().parents[2]
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
CHOICES: Mapping[str, Any] = {
    "lead_unit": "bureau", "section": "section", "item": None, "co_units": [],
    "superior_check": False, "promise_days": None, "reached": "yes", "rating": "satisfied",
}  # fmt: skip


class Live:
    """The shipped calendar's answers."""

    calendar: Calendar = shipped()

    def due(self, start: datetime, days: int) -> Mapping[str, Any]:
        return self.calendar.due(start, days).as_json()

    def unit(self, id: str) -> Mapping[str, Any]:
        return {
            "kind": "department", "level": "city", "area": "sr", "centre": "centre",
            "authority": "authority", "superior": None,
        }  # fmt: skip


def block(language: str, file: str = "README.md") -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", (ROOT / file).read_text("utf-8"), re.DOTALL)
    return found


@pytest.fixture(scope="module")
def form() -> dict[str, Any]:
    return json.loads(block("json"))


@pytest.fixture(scope="module")
def added(form: dict[str, Any]) -> dict[str, bytes]:
    """The shipped definitions with the README's lines in them, as Modeler would save them."""
    files = place.shipped()
    path = re.findall(r"`(bpmn/\w+\.bpmn)`", (ROOT / "README.md").read_text("utf-8"))[-1]
    root = etree.fromstring(files[path])
    (drawn,) = root.iter(f"{{{BPMN}}}process")
    lines = etree.fromstring(
        f'<lines xmlns:bpmn="{BPMN}" xmlns:camunda="{CAMUNDA}">{block("xml")}</lines>'
    )
    by_id = {element.get("id"): element for element in drawn.iter("{*}*")}
    new = [line for line in lines if line.get("id") not in by_id]
    (changed,) = (by_id[line.get("id")] for line in lines if line.get("id") in by_id)
    box = changed.getparent()
    box.remove(changed)
    box.extend(list(lines))
    flow = next(line for line in new if etree.QName(line).localname == "sequenceFlow")
    # What Modeler writes by itself: the arrow's name at its source, the task's in its lane.
    by_id[flow.get("sourceRef")].find(f"{{{BPMN}}}outgoing").text = flow.get("id")
    (lane,) = (
        lane
        for lane in drawn.iter(f"{{{BPMN}}}lane")
        if flow.get("sourceRef") in [node.text for node in lane.iter(f"{{{BPMN}}}flowNodeRef")]
    )
    etree.SubElement(lane, f"{{{BPMN}}}flowNodeRef").text = flow.get("targetRef")
    files[path] = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    files[f"forms/{form['id']}.form"] = json.dumps(form).encode()
    return files


class Met(NamedTuple):
    """An open task, and what was so when it opened."""

    form: str
    role: str
    unit: str
    other_than: tuple[str, ...]
    deadlines: frozenset[str]
    reported: bool


def walk(definitions: Definitions, now: datetime) -> list[Met]:
    """A ticket from call to archive, answered at once: each duty on the way."""
    values = {
        "number": "1", "type": "help", "area": "sr", "centre": "centre", "authority": "authority",
        "channel": "phone", "acceptance": "accept", "emergency": "no",
    }  # fmt: skip
    start = definitions.start_process()
    step: Step = process.start(definitions, start, values, now, Live())
    met = []
    reported = False
    while not step.ended:
        (task,) = (task for task in step.tasks if not task.optional)
        reported = reported or "reported" in [one.name for one in step.milestones]
        deadlines = frozenset(timer.deadline for timer in step.timers)
        met.append(Met(task.form, task.role, task.unit, task.other_than, deadlines, reported))
        form = Form.read(definitions.files[f"forms/{task.form}.form"], task.form)
        answers = {
            field.key: CHOICES[field.key] if field.key in CHOICES else field.options[0].value
            for field in form.fields
            if field.routing and (field.options or field.key in CHOICES)
        }
        step = process.complete(step.state, task.id, answers, now, Live())
    return met


def test_the_example_passes_the_check(added: dict[str, bytes]):
    assert [str(finding) for finding in check(added)] == []


def test_new_tickets_meet_the_new_task_and_old_ones_do_not(
    added: dict[str, bytes], form: dict[str, Any], now: datetime
):
    before, after = (walk(Definitions.read(files), now) for files in (place.shipped(), added))
    assert form["id"] not in [task.form for task in before]
    (new,) = (task for task in after if task not in before)
    assert (new.form, new.role, new.unit) == (form["id"], "leader", "section")
    assert len(new.other_than) == 1
    position = after.index(new)
    assert after[:position] + after[position + 1 :] == before


def test_the_deadline_of_handling_runs_until_the_new_task_is_done(
    added: dict[str, bytes], form: dict[str, Any], now: datetime
):
    met = walk(Definitions.read(added), now)
    (new,) = (task for task in met if task.form == form["id"])
    assert "handle" in new.deadlines
    assert not new.reported
    following = next(one for one in met if one.reported)
    assert met.index(following) > met.index(new)
    assert "handle" not in following.deadlines


def test_the_chinese_readme_names_the_same_things(form: dict[str, Any]):
    english, chinese = ((ROOT / f).read_text("utf-8") for f in ("README.md", "README.zh-CN.md"))
    for word in (form["id"], "make run", "make test", "hotline deploy"):
        assert word in english
        assert word in chinese
