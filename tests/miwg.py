"""BPMN's reference models and this engine: `python -m tests.miwg FOLDER` prints a table.

The models are those of the BPMN Model Interchange Working Group, which are not part of the product:
https://github.com/bpmn-miwg/bpmn-miwg-test-suite, folder Reference. Each is read three times:

- as it stands;
- made executable: isExecutable is set, so that the refusals are about what is drawn;
- obliged: what the refusals ask for is done wherever that needs no thought (plain tasks become
  user tasks, services get a topic, messages a name, decisions a condition, splits a gateway; data
  and others' extensions go), to see what is left, and whether it runs as BPMN says.

A reading is taken or refused; what is taken is driven to its end many times, and its tokens are
held against BPMN's own rules (`tokens`). Each model is drawn, too. Every model has a process of
its own and a time limit: to hang is a verdict.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from lxml import etree

from engine import picture
from engine.flow import Definitions, DefinitionsRefused, xml
from engine.flow.drawing import BPMN, CAMUNDA, NODES, processes
from engine.flow.notation import ATTRIBUTES, KINDS, READ
from tests import driver, tokens

SECONDS = 60
DRIVES = 40
UNSAID = frozenset(
    (
        *("dataObject", "dataObjectReference", "dataStoreReference", "ioSpecification"),
        *("dataInput", "dataOutput", "dataInputAssociation", "dataOutputAssociation", "property"),
        *("potentialOwner", "humanPerformer", "performer", "resourceRole"),
    )
)


def executable(root: etree._Element) -> None:
    """Every process may run."""
    for process in processes(root):
        process.set("isExecutable", "true")


def obliged(root: etree._Element) -> None:
    """What can be put right without thinking is put right."""
    executable(root)
    for process in list(processes(root)):
        if not any(xml.local(node) in NODES for node in process):
            root.remove(process)  # of a pool that only shows who is there
    for node in list(root.iter(BPMN + "*")):
        parent = node.getparent()
        if xml.local(node) in UNSAID and parent is not None:
            parent.remove(node)
        for name in ("language", *(CAMUNDA + name for name in ATTRIBUTES)):
            node.attrib.pop(name, None)
    for one in list(root.iterfind(f".//{BPMN}extensionElements/*")):
        if not one.tag.startswith(CAMUNDA) or xml.local(one) not in READ:
            one.getparent().remove(one)
    nodes = [node for node in root.iter(BPMN + "*") if xml.local(node) in NODES | KINDS.keys()]
    told = {
        flow.get(end, ""): flow.get("id", "")
        for flow in root.iter(BPMN + "messageFlow")
        for end in ("sourceRef", "targetRef")
    }
    for node in nodes:
        _typed(node)
        _timed(node)
        _named(root, node, told.get(node.get("id", ""), node.get("id", "")))
        _gated(root, node)
        _decided(root, node)
    _passed(root)


def _passed(root: etree._Element) -> None:
    """What is called is told how to decide: it sees nothing that is not passed."""
    text = " ".join(condition.text or "" for condition in root.iter(BPMN + "conditionExpression"))
    for call in root.iter(BPMN + "callActivity"):
        within = call.find(BPMN + "extensionElements")
        if within is None:
            within = etree.Element(BPMN + "extensionElements")
            call.insert(0, within)
        for name in sorted(set(re.findall(r"way_\w+", text))):
            etree.SubElement(within, CAMUNDA + "in", source=name, target=name)


def _typed(node: etree._Element) -> None:
    """Plain and manual tasks are done by somebody; services are somewhere else."""
    if xml.local(node) in ("task", "manualTask"):
        node.tag = BPMN + "userTask"
    if xml.local(node) == "userTask":
        node.set(CAMUNDA + "formKey", "form")
    if xml.local(node) in ("serviceTask", "sendTask"):
        node.set(CAMUNDA + "type", "external")
        node.set(CAMUNDA + "topic", "topic")


def _timed(node: etree._Element) -> None:
    """A timer that says nothing waits for an hour."""
    for timer in node.findall(BPMN + "timerEventDefinition"):
        if not any((part.text or "").strip().startswith(("P", "R")) for part in timer):
            timer[:] = []
            etree.SubElement(timer, BPMN + "timeDuration").text = "PT1H"


def _named(root: etree._Element, node: etree._Element, name: str) -> None:
    """A message or a signal without a name has that of its message flow, or of its element."""
    for kind in ("message", "signal"):
        events = [*node.findall(f"{BPMN}{kind}EventDefinition")]
        if kind == "message" and xml.local(node) == "receiveTask":
            events.append(node)
        for one in events:
            known = {told.get("id"): told for told in root.iter(BPMN + kind)}
            told = known.get(one.get(f"{kind}Ref", ""))
            if told is None:
                told = etree.Element(BPMN + kind, id=f"{kind}_{name}", name=name)
                root.insert(0, told)
                one.set(f"{kind}Ref", f"{kind}_{name}")
            told.set("name", told.get("name") or name)


def _gated(root: etree._Element, node: etree._Element) -> None:
    """Where several flows leave an activity or an event, a gateway says what BPMN means by it."""
    about, parent = node.get("id", ""), node.getparent()
    ways = _ways(root, about)
    if parent is None or xml.local(node).endswith("Gateway"):
        return
    if not ways and xml.local(node) not in ("endEvent", "boundaryEvent"):
        etree.SubElement(parent, BPMN + "endEvent", id=f"{about}_end")
        _flow(parent, about, f"{about}_end")
    if len(ways) > 1:
        asked = any(flow.find(BPMN + "conditionExpression") is not None for flow in ways)
        kind = "inclusiveGateway" if asked else "parallelGateway"
        gateway = etree.SubElement(parent, BPMN + kind, id=f"{about}_split")
        for flow in ways:
            flow.set("sourceRef", f"{about}_split")
        _flow(parent, about, f"{about}_split")
        if node.get("default"):
            gateway.set("default", node.attrib.pop("default"))
        _decided(root, gateway)


def _flow(parent: etree._Element, source: str, target: str) -> None:
    way = {"id": f"{source}_to_{target}", "sourceRef": source, "targetRef": target}
    etree.SubElement(parent, BPMN + "sequenceFlow", way)


def _ways(root: etree._Element, source: str) -> list[etree._Element]:
    return [flow for flow in root.iter(BPMN + "sequenceFlow") if flow.get("sourceRef") == source]


def _decided(root: etree._Element, gateway: etree._Element) -> None:
    """Conditions that anybody can answer, each gateway's alone; the last way is the default."""
    ways = _ways(root, gateway.get("id", ""))
    if len(ways) < 2 or xml.local(gateway) not in ("exclusiveGateway", "inclusiveGateway"):
        return
    asked = "way_" + re.sub(r"\W", "_", gateway.get("id", ""))
    default = gateway.get("default") or ways[-1].get("id", "")
    gateway.set("default", default)
    for number, flow in enumerate(ways):
        for condition in flow.findall(BPMN + "conditionExpression"):
            flow.remove(condition)
        if flow.get("id") != default:
            etree.SubElement(flow, BPMN + "conditionExpression").text = f"${{{asked} == {number}}}"


READINGS = {"as it stands": None, "executable": executable, "obliged": obliged}


def judge(path: Path) -> dict[str, Any]:
    """What becomes of one model: for each reading its verdict, and the sentences that refuse it."""
    content = path.read_bytes()
    verdict: dict[str, Any] = {"model": path.stem}
    for name, change in READINGS.items():
        root = xml.root_of(content)
        if change is not None:
            change(root)
        given = content if change is None else etree.tostring(root, encoding="utf-8")
        verdict[name] = _read(path.stem, given)
    pages = picture.pages(content)
    sizes = [len(picture.draw_page(page)) for page in pages]
    verdict["drawn"] = f"{len(sizes)} page{'s' if len(sizes) > 1 else ''}"
    return verdict


def _read(name: str, content: bytes) -> dict[str, Any]:
    try:
        read = Definitions.read({f"bpmn/{name}.bpmn": content})
    except DefinitionsRefused as refused:
        return {"refused": [[one.element, one.sentence] for one in refused.findings]}
    fates: Counter[str] = Counter()
    walked: set[str] = set()
    for process in read.drawings:
        if read.drawings[process].start is None:
            continue
        for seed in range(DRIVES):
            fate, steps = driver.drive_steps(read, process, Random(seed))
            tokens.follow(read.drawings[process], steps)
            fates[fate] += 1
            walked |= {one.element for step in steps for one in step.walked}
    elements = {one.id for one in read.elements()}
    return {"ran": dict(fates), "walked": len(walked & elements), "elements": len(elements)}


def verdicts(folder: Path) -> Iterator[dict[str, Any]]:
    """The verdict of each model of a folder, each from a process of its own."""
    for path in sorted(folder.glob("*.bpmn")):
        command = [sys.executable, "-m", "tests.miwg", "--one", str(path)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            yield {"model": path.stem, "failed": "HANGS"}
            continue
        if done.returncode:
            yield {"model": path.stem, "failed": f"CRASHES: {done.stderr.splitlines()[-1:]}"}
        else:
            yield json.loads(done.stdout)


def row(verdict: dict[str, Any]) -> str:
    """A line of the table."""
    if "failed" in verdict:
        return f"| {verdict['model']} | {verdict['failed']} | | | |"
    cells = [_said(verdict[name]) for name in READINGS]
    return f"| {verdict['model']} | {' | '.join(cells)} | {verdict['drawn']} |"


def _said(read: dict[str, Any]) -> str:
    if "ran" in read:
        fates = ", ".join(f"{count} {fate}" for fate, count in sorted(read["ran"].items()))
        return f"**runs**: {fates}; {read['walked']} of {read['elements']} elements passed"
    named = [sentence for element, sentence in read["refused"] if element]
    told = {sentence.rpartition("”")[2].partition("）")[2]: sentence for sentence in named[::-1]}
    first = [sentence for sentence in named if sentence in told.values()][:_MOST_TOLD]
    return f"refused ({len(read['refused'])}): {' '.join(first or [read['refused'][0][1]])}"


_MOST_TOLD = 3
"""Sentences that the table shows of a refusal, each about something else."""


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", type=Path, help="the folder with the models")
    parser.add_argument("--one", action="store_true", help="one model, as JSON")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(judge(arguments.path), ensure_ascii=False))
        return 0
    print("| Model | As it stands | Made executable | Obliged | Drawn |")
    print("|---|---|---|---|---|")
    failed = False
    for verdict in verdicts(arguments.path):
        print(row(verdict), flush=True)
        failed = failed or "failed" in verdict
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
