"""The README's example, done: a user task added with the very lines that it shows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

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
CHOICES: Mapping[str, Any] = {"lead_unit": "bureau", "reached": "no", "review": "accepted"}


class Live:
    """The shipped calendar's answers."""

    calendar: Calendar = shipped()

    def due(self, start: datetime, days: int) -> Mapping[str, Any]:
        return self.calendar.due(start, days).as_json()


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
    for line in lines:
        if line.get("id") in by_id:
            drawn.remove(by_id[line.get("id")])
        drawn.append(line)
    task = next(line for line in new if etree.QName(line).localname == "userTask")
    flow = next(line for line in new if etree.QName(line).localname == "sequenceFlow")
    # What Modeler writes by itself: the arrow's name at its source, the task's in its lane.
    source = by_id[flow.get("sourceRef")]
    source.find(f"{{{BPMN}}}outgoing").text = flow.get("id")
    (lane,) = (
        lane
        for lane in drawn.iter(f"{{{BPMN}}}lane")
        if source.get("id") in [ref.text for ref in lane.iter(f"{{{BPMN}}}flowNodeRef")]
    )
    etree.SubElement(lane, f"{{{BPMN}}}flowNodeRef").text = task.get("id")
    files[path] = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    files[f"forms/{form['id']}.form"] = json.dumps(form).encode()
    return files


def walk(definitions: Definitions, now: datetime) -> list[tuple[str, str, str]]:
    """A ticket from call to archive: the form, role and unit of each user task on the way."""
    values = {
        "number": "1", "type": "help", "area": "sr", "centre": "centre", "authority": "authority",
        "channel": "phone",
    }  # fmt: skip
    start = definitions.start_process()
    step: Step = process.start(definitions, start, values, now, Live())
    met = []
    while not step.ended:
        (task,) = step.tasks
        met.append((task.form, task.role, task.unit))
        form = Form.read(definitions.files[f"forms/{task.form}.form"], task.form)
        answers = {
            field.key: CHOICES.get(field.key) or field.options[0].value
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
    assert form["id"] not in [name for name, _, _ in before]
    assert [entry for entry in after if entry not in before] == [(form["id"], "leader", "bureau")]
    position = [name for name, _, _ in after].index(form["id"])
    assert after[:position] + after[position + 1 :] == before


def test_the_chinese_readme_names_the_same_things(form: dict[str, Any]):
    english, chinese = ((ROOT / f).read_text("utf-8") for f in ("README.md", "README.zh-CN.md"))
    for word in (form["id"], "make run", "make test", "hotline deploy"):
        assert word in english
        assert word in chinese
