"""What the tests walk of the diagrams: elements and flows, collected over the workers of xdist.

Whoever takes steps of the shipped diagrams calls `note(step)`. At the end of a run the process
that the run was started in knows what all its workers noted:

- `--walked FILE` writes it there, as {"elements": [...], "flows": [...]} (ids, sorted);
- `--all-walked` fails the run when an element or a flow of `bpmn/` was walked by nobody.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from engine.flow.model import Step

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DRAWN = Path(__file__).resolve().parents[1] / "bpmn"
NODES = ("startEvent", "endEvent", "intermediateThrowEvent", "intermediateCatchEvent")
NODES += ("boundaryEvent", "userTask", "receiveTask", "sendTask", "serviceTask", "task")
NODES += ("businessRuleTask", "callActivity", "subProcess", "exclusiveGateway", "parallelGateway")
NODES += ("inclusiveGateway", "eventBasedGateway")

MOST_NAMED = 30

_elements: set[str] = set()
_flows: set[str] = set()


def note(step: Step) -> None:
    """Remembers what a step passed."""
    for one in step.walked:
        _elements.add(one.element)
        if one.flow:
            _flows.add(one.flow)


def walked() -> dict[str, list[str]]:
    """What this process noted, and what its workers have handed in so far."""
    return {"elements": sorted(_elements), "flows": sorted(_flows)}


def add(noted: Mapping[str, Iterable[str]]) -> None:
    """Joins what another process noted."""
    _elements.update(noted["elements"])
    _flows.update(noted["flows"])


def drawn() -> dict[str, list[str]]:
    """Every element and flow of the shipped diagrams, in the form of `walked`."""
    trees = [etree.parse(path) for path in sorted(DRAWN.glob("*.bpmn"))]
    elements = {e.get("id") for tree in trees for tag in NODES for e in tree.iter(BPMN + tag)}
    flows = {flow.get("id") for tree in trees for flow in tree.iter(BPMN + "sequenceFlow")}
    return {"elements": sorted(elements), "flows": sorted(flows)}


def left_out() -> dict[str, list[str]]:
    """What is drawn and was walked by nobody."""
    been = walked()
    return {kind: sorted(set(ids) - set(been[kind])) for kind, ids in drawn().items()}


# --- pytest (tests/conftest.py takes these in) ----------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("walked", "what the tests walk of the diagrams")
    group.addoption("--walked", metavar="FILE", help="write the walked elements and flows there")
    group.addoption("--all-walked", action="store_true", help="fail when any of them is left out")
    parser.addoption(
        "--long",
        action="store_true",
        help="with the tests marked long, and as many kills and rows as were promised",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker is through: it hands in what it noted (nothing, when it crashed)."""
    handed_in = getattr(node, "workeroutput", {}).get("walked")
    if handed_in:
        add(handed_in)


def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["walked"] = walked()
        return
    if config.option.walked:
        text = json.dumps(walked(), indent=1) + "\n"
        Path(config.option.walked).write_text(text, encoding="utf-8")
    if config.option.all_walked and any(left_out().values()) and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if config.option.all_walked:
        for kind, ids in left_out().items():
            if ids:
                some = ", ".join(ids[:MOST_NAMED]) + (", …" if len(ids) > MOST_NAMED else "")
                terminalreporter.write_line(f"{len(ids)} {kind} that no test walked: {some}")
