"""One version of the definitions: diagrams, tables and forms, read and ready to run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from engine.definitions import MANIFEST
from engine.duty import Hours
from engine.flow import dialect, drawing, notation, support, tables, xml
from engine.flow.drawing import Drawing, Element, Flow
from engine.flow.model import DefinitionsRefused, Finding, Json, Refused
from engine.milestones import deadlines_of, milestones_of

DESKS = frozenset({"decisions", "calls"})
"""Desks that a user task may be laid on: decisions about others' requests, calls to the caller."""

KEYS = (
    "title",
    "regulation",
    "start",
    "messages",
    "milestones",
    "deadlines",
    "duty",
    "suggestions",
    "retired",
)
"""What may stand in a manifest; title and regulation are for its reader alone."""
DUTY = ("office_hours", "escalation")
"""What a manifest may say of duty."""
SUGGESTED = "items"
"""The option list of which entries may be suggested; of others nobody asks."""

OWN = {"milestones": '{"lent": "借出"}', "deadlines": '{"give_back": "还书期限"}'}
"""What a manifest may say of milestones and deadlines of its own, with an example of each."""


@dataclass(frozen=True, slots=True)
class UserTask:
    """A user task of the diagrams."""

    process: str
    element: str
    name: str
    form: str
    role: str
    unit_expression: str
    article: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Everything read from the files, sound or not; what `check` looks at. Equal to itself only."""

    files: Mapping[str, bytes]
    manifest: Mapping[str, Json]
    roots: Mapping[str, etree._Element]
    drawings: Mapping[str, Drawing]
    tables: Mapping[str, tables.Table]
    findings: tuple[Finding, ...]


def draw(
    files: Mapping[str, bytes], judged: bool = True, say: Callable[[str], None] | None = None
) -> Drawn:
    """Reads the files into records; what is wrong with them stands in `findings`.

    Not judged: only what cannot be read is wrong. `say` is told of each file before it is read.
    """
    findings: list[Finding] = []
    roots: dict[str, etree._Element] = {}
    drawings: dict[str, Drawing] = {}
    decisions: dict[str, tables.Table] = {}
    unread: set[str] = set()
    for path in sorted(files):
        if not path.endswith((".bpmn", ".dmn")):
            continue
        if say is not None:
            say(path)
        try:
            root = drawing.spelled(xml.root_of(files[path]))
        except xml.XmlRefused as refused:
            findings.append(Finding(path, "", "xml", f"{refused}。"))
            continue
        if path.endswith(".dmn"):
            found, wrong = tables.read(path, root)
            findings += wrong
            unread |= {one.element for one in wrong}
            for table in found:
                if table.id in decisions:
                    sentence = f"决策“{table.id}”在 {decisions[table.id].file} 里已经有了。"
                    findings.append(Finding(path, table.id, "twice", sentence))
                decisions[table.id] = table
            continue
        roots[path] = root
        if judged:
            findings += notation.of_file(path, root)
        for node in drawing.processes(root):
            one = drawing.read(path, root, node)
            if one.id in drawings:
                sentence = f"流程“{one.id}”在 {drawings[one.id].file} 里已经有了。"
                findings.append(Finding(path, one.id, "twice", sentence))
            drawings[one.id] = one
    said_of = unread | {finding.element for finding in findings}
    for one in drawings.values() if judged else ():
        findings += support.of_drawing(one, drawings, decisions, said_of)
    manifest, wrong = _manifest(files, drawings)
    findings += wrong
    return Drawn(files, manifest, roots, drawings, decisions, tuple(findings))


def _manifest(
    files: Mapping[str, bytes], drawings: Mapping[str, Drawing]
) -> tuple[Mapping[str, Json], list[Finding]]:
    if MANIFEST not in files:
        return {}, []
    try:
        manifest = json.loads(files[MANIFEST])
    except (ValueError, RecursionError):
        return {}, [Finding(MANIFEST, "", "manifest", "清单文件不是完好的 JSON。")]
    starts = manifest.get("start") if isinstance(manifest, dict) else None
    if not isinstance(starts, dict):
        return {}, [Finding(MANIFEST, "", "manifest", "清单文件里没有“start”。")]
    messages = manifest.get("messages", {})
    if not isinstance(messages, dict) or not all(map(_said, messages.values())):
        sentence = "清单里的“messages”要写成“事件: 消息名称”，名称加双引号。"
        return {}, [Finding(MANIFEST, "messages", "manifest", sentence)]
    for key, example in OWN.items():
        said = manifest.get(key, {})
        if not isinstance(said, dict) or not all(map(_said, said.values())):
            sentence = f"清单里的“{key}”要写成“名称: 叫法”，如 {example}。"
            return {}, [Finding(MANIFEST, key, "manifest", sentence)]
    suggested = manifest.get("suggestions", {})
    if not isinstance(suggested, dict) or not all(map(_said, suggested.values())):
        sentence = "清单里的“suggestions”要写成“填写项或名单: 决策编号”，编号加双引号。"
        return {}, [Finding(MANIFEST, "suggestions", "manifest", sentence)]
    retired = manifest.get("retired", [])
    if not isinstance(retired, list) or not all(map(_said, retired)):
        sentence = '清单里的“retired”要写成编号（id）的列表，如 ["old_task"]。'
        return {}, [Finding(MANIFEST, "retired", "manifest", sentence)]
    if wrong_on_duty := _duty(manifest):
        return {}, wrong_on_duty
    wrong = [kind for kind, process in starts.items() if not isinstance(process, str)]
    if wrong:
        sentence = "清单里“start”的“{}”要写一个流程的编号（id），并加双引号。"
        return {}, [Finding(MANIFEST, kind, "manifest", sentence.format(kind)) for kind in wrong]
    return manifest, [
        Finding(MANIFEST, process, "manifest", f"清单里的流程“{process}”没有画。")
        for process in starts.values()
        if process not in drawings
    ]


def hours_of(manifest: Mapping[str, Json]) -> Hours | None:
    """The office's hours as a manifest says them. Errors: ValueError."""
    said = manifest.get("duty", {})
    return Hours.read(str(said["office_hours"])) if "office_hours" in said else None


def _duty(manifest: Mapping[str, Json]) -> list[Finding]:
    """What is wrong with the manifest's words on duty."""
    said = manifest.get("duty", {})
    if not isinstance(said, dict) or not all(map(_said, said.values())):
        sentence = '清单里的“duty”要写成“名称: 内容”，如 {"office_hours": "08:30-17:30"}。'
        return [Finding(MANIFEST, "duty", "manifest", sentence)]
    try:
        hours_of(manifest)
    except ValueError:
        sentence = '清单里“duty”的“office_hours”要写成上下班的时间，如 "08:30-17:30"。'
        return [Finding(MANIFEST, "office_hours", "manifest", sentence)]
    return []


def _said(name: Json) -> bool:
    return isinstance(name, str) and bool(name)


class Definitions:
    """Definitions that can be run. They do not change: read once, shared by all instances."""

    def __init__(self, drawn: Drawn, specs: Mapping[str, Any]) -> None:
        self.files = dict(drawn.files)
        self.manifest = drawn.manifest
        self.drawings = drawn.drawings
        self.tables = drawn.tables
        self.specs = specs
        self.milestones = milestones_of(drawn.manifest)
        """What a history says of each milestone."""
        self.deadlines = deadlines_of(drawn.manifest)
        """What people call each deadline."""
        self.office_hours = hours_of(drawn.manifest)
        """When offices work, if the set says so: outside them somebody has to be on duty."""
        self.hash = hash_of(drawn.files)
        self.started_by = {
            one.start.reference: process
            for process, one in drawn.drawings.items()
            if one.start is not None and one.start.event == "message"
        }
        """The process that each message starts, when nobody waits for it."""
        self._flows: dict[tuple[str, str, str], str] = {}
        for one in drawn.drawings.values():
            for flow in one.flows:
                self._flows.setdefault((flow.scope, flow.source, flow.target), flow.id)

    @classmethod
    def read(cls, files: Mapping[str, bytes], judged: bool = True) -> Definitions:
        """Reads diagrams, tables and forms by their paths ("bpmn/…", "forms/…").

        Nothing outside is read or changed. DefinitionsRefused with every finding when the engine
        could not run them. A version that was accepted once is not `judged` again: a rule made
        since must not strand the tickets that go by it.
        """
        return cls.built(draw(files, judged))

    @classmethod
    def built(cls, drawn: Drawn) -> Definitions:
        """The same of files that were read already."""
        if drawn.findings:
            raise DefinitionsRefused(drawn.findings)
        try:
            specs = dialect.build(drawn.roots, drawn.drawings)
        except ValidationException as error:
            element = str(error.id or "")
            sentence = f"“{error.name or element}”（{element}）不能执行，请核对它和它的流向。"
            finding = Finding(str(error.file_name), element, "parse", sentence)
            raise DefinitionsRefused([finding]) from error
        return cls(drawn, specs)

    def suggesting(self, about: str) -> tables.Table | None:
        """The decision that suggests something of a field or option list; None if none does."""
        decision = self.manifest.get("suggestions", {}).get(about)
        return self.tables.get(str(decision)) if decision else None

    def start_process(self, kind: str = "call") -> str:
        """The process that starts a ticket of a kind; Refused("manifest") if none does."""
        starts = self.manifest.get("start", {})
        if kind not in starts:
            raise Refused("manifest", kind=kind)
        return str(starts[kind])

    def start_form(self, process: str) -> str:
        """The form of a process's start event; empty if it has none."""
        start = self.drawings[process].start
        return start.form if start is not None else ""

    def elements(self) -> tuple[Element, ...]:
        """Every element of every process, embedded subprocesses included."""
        return tuple(
            element
            for process in sorted(self.drawings)
            for element in self.drawings[process].elements.values()
        )

    def flows(self) -> tuple[Flow, ...]:
        """Every sequence flow of every process."""
        return tuple(
            flow for process in sorted(self.drawings) for flow in self.drawings[process].flows
        )

    def flow(self, scope: str, source: str, target: str) -> str:
        """The flow between two elements; empty if none is drawn."""
        return self._flows.get((scope, source, target), "")

    def user_tasks(self) -> tuple[UserTask, ...]:
        """The user tasks, by process and in the order of the file."""
        return tuple(
            UserTask(one.process, one.id, one.name, one.form, one.role, one.unit, one.article)
            for one in self.elements()
            if one.kind == "userTask"
        )

    @cached_property
    def several(self) -> frozenset[str]:
        """The user tasks that may be done for several tickets at once, answered alike."""
        return frozenset(
            one.id for one in self.elements() if one.properties.get("several") == "true"
        )

    @cached_property
    def contacts(self) -> frozenset[str]:
        """The user tasks and start events in which the caller is spoken to."""
        return frozenset(
            one.id for one in self.elements() if one.properties.get("contact") == "true"
        )

    @cached_property
    def desks(self) -> Mapping[str, str]:
        """User task → the desk that it is laid on beside the work list: one of DESKS, or ""."""
        return {
            one.id: one.properties.get("desk", "")
            for one in self.elements()
            if one.kind == "userTask"
        }

    def shows(self, task: str) -> tuple[str, ...]:
        """The user tasks whose last answers somebody needs who does this one."""
        one = next(found for found in self.elements() if found.id == task)
        return tuple(drawing.listed(one.properties.get("shows", "")))

    def diagrams(self) -> Mapping[str, str]:
        """The path of the file that each process is drawn in."""
        return {process: one.file for process, one in self.drawings.items()}

    def ids(self) -> frozenset[str]:
        """All ids of processes, elements, flows and decisions."""
        found = set(self.drawings) | set(self.tables)
        found |= {element.id for element in self.elements()}
        found |= {flow.id for flow in self.flows()}
        return frozenset(found)


def hash_of(files: Mapping[str, bytes]) -> str:
    """The hash under which a version is known: over all paths and contents."""
    lines = "".join(
        f"{path}\0{hashlib.sha256(content).hexdigest()}\n"
        for path, content in sorted(files.items())
    )
    return hashlib.sha256(lines.encode()).hexdigest()
