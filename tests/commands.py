"""`hotline` as people run it, in a home of its own; definitions as an owner edits them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from lxml import etree as ET

from engine import cli, definitions

ROOT = Path(__file__).resolve().parents[1]

SUFFIX = "_sign_limit"


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a command: nothing of the machine's own hotline settings."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("HOTLINE_")}
    return own | {"HOTLINE_HOME": str(home), "PYTHONPATH": str(ROOT)} | more


@dataclass(frozen=True)
class Ran:
    """What a command said, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


def hotline(
    home: Path, *arguments: object, code: int | None = 0, cwd: Path | None = None, **more: str
) -> Ran:
    """Run a command and expect its exit code (None: any); nothing may end in a traceback.

    In this process, which saves a second a command, unless the environment has to be another
    from the start (a hash seed, a time zone).
    """
    words = list(map(str, arguments))
    apart = {"PYTHONHASHSEED", "TZ"} & more.keys()
    done = (_apart if apart else _here)(words, environment(home, **more), cwd or home)
    told = f"{arguments}\n--- stdout\n{done.stdout[-3000:]}\n--- stderr\n{done.stderr[-3000:]}"
    assert "Traceback" not in done.stderr, told
    assert code is None or done.returncode == code, f"exit code {done.returncode}: {told}"
    return done


def _apart(words: list[str], env: dict[str, str], cwd: Path) -> Ran:
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", *words],
        env=env,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def _here(words: list[str], env: dict[str, str], cwd: Path) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, env, clear=True),
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = cli.run(words)
    return Ran(code, out.getvalue(), err.getvalue())


def copied(place: Path) -> Path:
    """A folder with a copy of the shipped bpmn/ and forms/, to be edited like an owner would."""
    for name in definitions.FOLDERS:
        shutil.copytree(definitions.folder() / name, place / name)
    return place


def with_sign_limit(place: Path, days: int) -> None:
    """Set the number of working days for signing in every rule of the decision table."""
    space = "{https://www.omg.org/spec/DMN/20191111/MODEL/}"
    changed = 0
    for file in sorted((place / "bpmn").glob("*.dmn")):
        tree = ET.parse(str(file))
        for entry in tree.iter(f"{space}outputEntry"):
            if entry.get("id", "").endswith(SUFFIX):
                text = entry.find(f"{space}text")
                assert text is not None
                text.text = str(days)
                changed += 1
        tree.write(str(file), encoding="UTF-8", xml_declaration=True)
    assert changed


BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"


def with_new_task(place: Path, element: str, name: str, form: bytes) -> None:
    """Draw a user task between the last user task of the ticket's process and what follows it.

    Edited are one diagram (the task, its lane, its flows, its shape) and one new form.
    """
    started = json.loads((place / "bpmn/manifest.json").read_text())["start"]["call"]
    for file in sorted((place / "bpmn").glob("*.bpmn")):
        tree = ET.parse(str(file))
        process = tree.find(f".//{BPMN}process[@id='{started}']")
        if process is not None:
            break
    assert process is not None
    end = process.find(f"{BPMN}endEvent")
    assert end is not None
    flow = next(
        f for f in process.iter(f"{BPMN}sequenceFlow") if f.get("targetRef") == end.get("id")
    )
    before = flow.get("sourceRef")
    task = ET.SubElement(
        process, f"{BPMN}userTask", {"id": element, "name": name, f"{CAMUNDA}formKey": element}
    )
    ET.SubElement(task, f"{BPMN}incoming").text = flow.get("id")
    ET.SubElement(task, f"{BPMN}outgoing").text = f"flow_after_{element}"
    flow.set("targetRef", element)
    ET.SubElement(
        process,
        f"{BPMN}sequenceFlow",
        {"id": f"flow_after_{element}", "sourceRef": element, "targetRef": str(end.get("id"))},
    )
    incoming = end.find(f"{BPMN}incoming")
    assert incoming is not None
    incoming.text = f"flow_after_{element}"
    # XML wants the lanes' own order: the tasks of a process come before its artifacts.
    artifacts = [c for c in process if c.tag in (f"{BPMN}textAnnotation", f"{BPMN}association")]
    for artifact in artifacts:
        process.remove(artifact)
        process.append(artifact)
    lane = next(
        lane
        for lane in process.iter(f"{BPMN}lane")
        if before in [ref.text for ref in lane.iter(f"{BPMN}flowNodeRef")]
    )
    ET.SubElement(lane, f"{BPMN}flowNodeRef").text = element
    plane = tree.find(f".//{DI}BPMNPlane")
    assert plane is not None
    shape = ET.SubElement(plane, f"{DI}BPMNShape", {"id": f"{element}_di", "bpmnElement": element})
    ET.SubElement(shape, f"{DC}Bounds", {"x": "1480", "y": "784", "width": "100", "height": "80"})
    tree.write(str(file), encoding="UTF-8", xml_declaration=True)
    (place / "forms" / f"{element}.form").write_bytes(form)
