"""The token game of BPMN, played beside the engine: on our own diagrams, and on others' models."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from random import Random

import pytest

from engine import definitions
from engine.flow import Definitions
from tests import driver, miwg, tokens
from tests.unit.flow.small import NOW, diagram
from tests.unit.flow.test_constructs import event, file, inside, process
from tests.unit.picture import drawn

SMALL = {
    "branches": {},
    "calls": {},
    "choices": {"type": "report", "calls": 1, "what": ["fire", "police"]},
    "nested": {},
    "rework": {"unit": "u", "begun": NOW.isoformat(), "limit": 2},
    "several": {"units": ["u", "v"]},
    "started": {},
}
FORKED = process(
    "startEvent s", "parallelGateway fork", "userTask a", "userTask b", "parallelGateway join",
    'exclusiveGateway x default="x_e"', "endEvent e", "endEvent f",
    ways="s>fork fork>a fork>b a>join b>join join>x x>e x>f[${way==1}]",
)  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_the_engine_plays_as_bpmn_says_on_small_diagrams(name):
    read = Definitions.read(diagram(f"{name}.bpmn", *(["limits.dmn"] if name == "choices" else [])))
    followed = 0
    for process_id in read.drawings:
        for seed in range(8):
            _, steps = driver.drive_steps(read, process_id, Random(seed), 40, SMALL[name])
            followed += sum(tokens.follow(one, steps) for one in read.drawings.values())
    assert followed > 20


def test_the_engine_plays_as_bpmn_says_on_the_shipped_diagrams():
    read = Definitions.read(definitions.shipped())
    followed = 0
    for name in read.drawings:
        for seed in range(8):
            _, steps = driver.drive_steps(read, name, Random(seed), 30)
            followed += sum(tokens.follow(one, steps) for one in read.drawings.values())
    assert followed > 50


def forked():
    read = Definitions.read(file(FORKED))
    fate, steps = driver.drive_steps(read, "main", Random(1))
    assert fate == "ended"
    return read.drawings["main"], steps


def changed(steps, **by):
    """The steps with other walks: for an element, what stands in its place."""
    return [
        replace(
            step,
            walked=tuple(
                new for one in step.walked for new in by.get(one.element, lambda w: [w])(one)
            ),
        )
        for step in steps
    ]


def test_the_game_is_won_by_what_the_engine_walked():
    drawing, steps = forked()
    assert tokens.follow(drawing, steps) == 8  # the join is passed by two tokens


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ({"a": lambda one: []}, "no token stood on"),  # the join before its branch
        ({"b": lambda one: [one, one]}, "no token stood on"),  # a task done twice
        ({"a": lambda one: [replace(one, flow="")]}, "by no flow"),
        ({"a": lambda one: [replace(one, flow="fork_b")]}, "does not lead to"),
        ({"e": lambda one: []}, "tokens are left"),  # a choice that went nowhere
        ({"e": lambda one: [one, replace(one, element="f", flow="x_f")]}, "no token stood on"),
        ({"fork": lambda one: []}, "no token stood on"),
    ],
)
def test_the_game_is_lost_by_what_bpmn_does_not_know(by, said):
    drawing, steps = forked()
    if "e" in by and not any(one.element == "e" for step in steps for one in step.walked):
        by = {"f": by["e"]}
    with pytest.raises(AssertionError, match=said):
        tokens.follow(drawing, changed(steps, **by))


# --- diagrams drawn at random --------------------------------------------------------------


DEEPEST = 4


class Drawn:
    """A process of nested blocks, drawn at random: whatever it is, it can end."""

    def __init__(self, random):
        self.random = random
        self.count = 0

    def new(self, kind, **said):
        self.count += 1
        name = f"n{self.count}"
        return name, f"{kind} {name} " + " ".join(f'{key}="{value}"' for key, value in said.items())

    def block(self, depth):
        """Nodes, ways, the first and the last node."""
        kinds = ["task", "task", "chain", "parallel", "exclusive", "inclusive", "loop", "inside"]
        kinds = kinds[2:] if depth == DEEPEST else kinds if depth else kinds[:1]
        match self.random.choice(kinds):
            case "task":
                name, node = self.new("userTask")
                return [node], [], name, name
            case "chain":
                nodes, ways, first, last = self.block(depth - 1)
                more, others, begins, ends = self.block(depth - 1)
                return nodes + more, [*ways, *others, f"{last}>{begins}"], first, ends
            case "inside":
                nodes, ways, first, last = self.block(depth - 1)
                (start, opens), (end, closes) = self.new("startEvent"), self.new("endEvent")
                within = inside(
                    opens,
                    closes,
                    *nodes,
                    ways=" ".join([*ways, f"{start}>{first}", f"{last}>{end}"]),
                )
                name, node = self.new("subProcess")
                return [f"{node} | {within}"], [], name, name
            case "loop":
                nodes, ways, first, last = self.block(depth - 1)
                merge, opens = self.new("exclusiveGateway")
                self.count += 1
                asks = f"n{self.count}"
                done, ends = self.new("exclusiveGateway")
                node = f'exclusiveGateway {asks} default="{asks}_{done}"'
                back = f"{asks}>{merge}[${{way_{asks}==1}}]"
                ways = [*ways, f"{merge}>{first}", f"{last}>{asks}", back, f"{asks}>{done}"]
                return [*nodes, opens, node, ends], ways, merge, done
            case kind:
                return self.split(kind, depth)

    def split(self, kind, depth):
        branches = [self.block(depth - 1) for _ in range(self.random.choice((2, 2, 3)))]
        (opens, _), (closes, join) = self.new(f"{kind}Gateway"), self.new(f"{kind}Gateway")
        conditional = kind != "parallel"
        default = f'default="{opens}_{branches[-1][2]}"' if conditional else ""
        nodes, ways = [f"{kind}Gateway {opens} {default}", join], []
        for number, (within, between, first, last) in enumerate(branches):
            asked = conditional and number < len(branches) - 1
            test = "<2" if kind == "inclusive" and number else f"=={number}"
            condition = f"[${{way_{opens}{test}}}]".replace("<", "&lt;") if asked else ""
            nodes += within
            ways += [*between, f"{opens}>{first}{condition}", f"{last}>{closes}"]
        return nodes, ways, opens, closes

    def file(self):
        nodes, ways, first, last = self.block(DEEPEST)
        ends = [*ways, f"s>{first}", f"{last}>e"]
        return file(process("startEvent s", *nodes, "endEvent e", ways=" ".join(ends)))


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_drawn_of_blocks_ends_and_its_tokens_go_as_bpmn_says(seed):
    random = Random(seed)
    read = Definitions.read(Drawn(random).file())
    names = {name for flow in read.flows() for name in re.findall(r"way_n\d+", flow.condition)}
    for _ in range(3):
        given = {name: random.choice((0, 1, 2)) for name in names}
        _, steps = driver.drive_steps(read, "main", random, 40, given)
        tokens.follow(read.drawings["main"], steps)
        # The loops that asked to be repeated are let out.
        fate, steps = driver.drive_steps(read, "main", random, 400, dict.fromkeys(names, 0))
        tokens.follow(read.drawings["main"], steps)
        assert fate == "ended"
        # What forked has joined: a join that opened too early would bring more than one.
        assert [one.element for step in steps for one in step.walked].count("e") == 1


# --- the table of the reference models -----------------------------------------------------

SPLIT = (
    '<bpmn:process id="main"><bpmn:startEvent id="s" />{}<bpmn:endEvent id="e" />'
    '<bpmn:sequenceFlow id="s_a" sourceRef="s" targetRef="a" />'
    '<bpmn:sequenceFlow id="a_e" sourceRef="a" targetRef="e" /></bpmn:process>'
)


def model(task, beside=""):
    """A model as others save it: not executable, with a drawing."""
    return drawn.file(
        "", drawn.shape("a", 0, 0, 100, 80), beside + SPLIT.format(task)
    ).replace(b'<bpmn:process id="main"></bpmn:process>', b"")  # fmt: skip


def test_the_table_says_what_is_refused_and_what_runs(tmp_path, capsys, monkeypatch):
    (tmp_path / "A.bpmn").write_bytes(model('<bpmn:task id="a" name="看" />'))
    (tmp_path / "B.bpmn").write_bytes(model('<bpmn:complexGateway id="a" />'))
    (tmp_path / "C.bpmn").write_bytes(b"no model")
    first, second, third = miwg.verdicts(tmp_path)
    assert [sentence for _, sentence in first["as it stands"]["refused"]] == [
        "流程“main”没有勾选“可执行”（isExecutable），请勾选。",
        "“看”（a）是没有类型的任务，不能执行，请在扳手菜单里改成用户任务或别的类型。",
    ]
    assert len(first["executable"]["refused"]) == 1
    assert first["obliged"] == {"ran": {"ended": miwg.DRIVES}, "walked": 3, "elements": 3}
    assert first["drawn"] == "1 page"
    assert second["obliged"]["refused"] == [
        ["a", "“a”是复杂网关，不能执行，请改成排他、并行或包容网关。"]
    ]
    assert third["failed"].startswith("CRASHES")
    assert "**runs**: 40 ended; 3 of 3 elements passed" in miwg.row(first)
    monkeypatch.setattr(miwg, "SECONDS", 0.01)
    assert {one["failed"] for one in miwg.verdicts(tmp_path)} == {"HANGS"}
    assert json.dumps(first)


@pytest.mark.parametrize(
    "task",
    [
        '<bpmn:manualTask id="a" />',
        '<bpmn:serviceTask id="a"><bpmn:ioSpecification /></bpmn:serviceTask>',
        '<bpmn:receiveTask id="a" /><bpmn:dataObject id="d" />',
        f'<bpmn:intermediateCatchEvent id="a">{event("message")}</bpmn:intermediateCatchEvent>',
        f'<bpmn:intermediateCatchEvent id="a">{event("timer")}</bpmn:intermediateCatchEvent>',
        '<bpmn:task id="a" /><bpmn:task id="b" /><bpmn:sequenceFlow id="a_b" sourceRef="a" '
        'targetRef="b" />',
        '<bpmn:exclusiveGateway id="a" /><bpmn:task id="b" /><bpmn:sequenceFlow id="a_b" '
        'sourceRef="a" targetRef="b"><bpmn:conditionExpression>如果</bpmn:conditionExpression>'
        "</bpmn:sequenceFlow>",
        f'<bpmn:subProcess id="a">{inside("startEvent i", "task t", "endEvent o", ways="i>t t>o")}'
        "</bpmn:subProcess>",
    ],
)
def test_what_needs_no_thought_is_put_right_and_runs(task, tmp_path):
    (tmp_path / "A.bpmn").write_bytes(model(task))
    verdict = miwg.judge(tmp_path / "A.bpmn")
    assert "refused" in verdict["as it stands"]
    assert verdict["obliged"].get("ran") == {"ended": miwg.DRIVES}, verdict
