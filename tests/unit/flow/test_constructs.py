"""What BPMN has, construct by construct: run as BPMN says, or refused by name when it is read.

Diagrams stand here in a short hand: a node is "kind id attributes | what is in it", the flows are
"from>to", or "from>to[condition]".
"""

from __future__ import annotations

import re

import pytest

from engine.flow import Definitions, DefinitionsRefused, Refused, check
from tests.unit.flow.small import Play

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn">'
)


def node(text):
    kind, element, *rest = text.split(" ", 2)
    attributes, _, inner = (rest or [""])[0].partition("|")
    if kind == "userTask":
        attributes += ' camunda:formKey="f"'
    return f'<bpmn:{kind} id="{element}" {attributes}>{inner.strip()}</bpmn:{kind}>'


def flows(text):
    drawn = ""
    for way in text.split():
        source, target, condition = re.fullmatch(r"(\w+)>(\w+)(?:\[(.*)\])?", way).groups()
        inner = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>"
        drawn += (
            f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" '
            f'targetRef="{target}">{inner if condition else ""}</bpmn:sequenceFlow>'
        )
    return drawn


def inside(*nodes, ways):
    return "".join(map(node, nodes)) + flows(ways)


def process(*nodes, ways, name="main"):
    return (
        f'<bpmn:process id="{name}" isExecutable="true">{inside(*nodes, ways=ways)}</bpmn:process>'
    )


def file(*parts):
    return {"bpmn/x.bpmn": (HEAD + "".join(parts) + "</bpmn:definitions>").encode()}


def play(*nodes, ways, beside="", **values):
    """The process, started; after each step it is written and read again."""
    return Play(file(beside, process(*nodes, ways=ways)), "main", **values)


def event(kind, **attributes):
    said = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f"<bpmn:{kind}EventDefinition {said}/>"


ESCALATION = '<bpmn:escalation id="asked" escalationCode="asked" />'
ERROR = '<bpmn:error id="failed" errorCode="failed" />'


def loop(**attributes):
    said = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return (
        f"<bpmn:standardLoopCharacteristics {said}><bpmn:loopCondition>${{again}}"
        "</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"
    )


# --- run as BPMN says: tokens ----------------------------------------------------------------


def test_flows_that_meet_in_a_task_let_every_token_pass():
    played = play(
        "startEvent s", "parallelGateway fork", "userTask a", "userTask b", "userTask c",
        "endEvent e", ways="s>fork fork>a fork>b a>c b>c c>e",
    )  # fmt: skip
    played.complete("a")
    assert played.tasks() == ["b", "c"]
    played.complete("b")
    assert played.tasks() == ["c", "c"]
    played.complete("c")
    assert played.complete("c").ended


def test_an_exclusive_gateway_that_merges_lets_every_token_pass():
    played = play(
        "startEvent s", "parallelGateway fork", "userTask a", "userTask b", "exclusiveGateway x",
        "userTask c", "endEvent e", ways="s>fork fork>a fork>b a>x b>x x>c c>e",
    )  # fmt: skip
    played.complete("a")
    played.complete("b")
    assert played.tasks() == ["c", "c"]


def test_a_parallel_gateway_may_join_and_fork_at_once():
    played = play(
        "startEvent s", "parallelGateway fork", "userTask a", "userTask b", "parallelGateway both",
        "userTask c", "userTask d", "endEvent e", "endEvent f",
        ways="s>fork fork>a fork>b a>both b>both both>c both>d c>e d>f",
    )  # fmt: skip
    played.complete("a")
    assert played.tasks() == ["b"]
    played.complete("b")
    assert played.tasks() == ["c", "d"]


def test_a_process_ends_with_its_last_token_and_not_with_its_first_end_event():
    played = play(
        "startEvent s", "parallelGateway fork", "userTask a", "userTask b", "endEvent e",
        "endEvent f", ways="s>fork fork>a fork>b a>e b>f",
    )  # fmt: skip
    assert not played.complete("a").ended
    assert played.complete("b").ended


def test_a_terminate_end_event_ends_its_own_subprocess_alone():
    within = inside(
        "startEvent i", "parallelGateway fork", "userTask a", "userTask b",
        f"endEvent t | {event('terminate')}", "endEvent o", ways="i>fork fork>a fork>b a>t b>o",
    )  # fmt: skip
    played = play(
        "startEvent s", f"subProcess sub | {within}", "userTask c", "endEvent e",
        ways="s>sub sub>c c>e",
    )  # fmt: skip
    played.complete("a")
    assert played.tasks() == ["c"]


@pytest.mark.parametrize("kind", ["exclusiveGateway", "inclusiveGateway"])
@pytest.mark.parametrize(("x", "task"), [(1, "a"), (2, "b")])
def test_a_condition_on_the_default_flow_is_not_asked(kind, x, task):
    played = play(
        "startEvent s", f'{kind} g default="g_b"', "userTask a", "userTask b", "endEvent e",
        ways="s>g g>b[${x==1}] g>a[${x==1}] a>e b>e", x=x,
    )  # fmt: skip
    assert played.tasks() == [task]


def test_a_join_that_waits_for_a_way_not_taken_is_stuck_and_says_so():
    played = play(
        "startEvent s", 'exclusiveGateway g default="g_a"', "userTask a", "userTask b",
        "parallelGateway both", "endEvent e",
        ways="s>g g>a g>b[${x==1}] a>both b>both both>e", x=2,
    )  # fmt: skip
    with pytest.raises(Refused, match="stuck"):
        played.complete("a")


# --- loops ---------------------------------------------------------------------------------


@pytest.mark.parametrize("yes", ["true", "1"])
def test_a_loop_that_asks_first_may_be_passed_by(yes):
    ways = {"ways": "s>a a>e"}
    first = f"userTask a | {loop(testBefore=yes)}"
    assert play("startEvent s", first, "endEvent e", **ways, again=False).step.ended
    played = play("startEvent s", first, "endEvent e", **ways, again=True)
    played.complete("a")
    assert played.complete("a", again=False).ended


def test_a_loop_that_asks_afterwards_runs_once_at_least_and_at_most_so_often():
    task = f"userTask a | {loop(loopMaximum=2)}"
    for again, times in ((False, 1), (True, 2)):
        played = play("startEvent s", task, "endEvent e", ways="s>a a>e", again=again)
        for _ in range(times):
            assert not played.step.ended
            played.complete("a")
        assert played.step.ended


@pytest.mark.parametrize(("said", "open_"), [("true", 1), ("1", 1), ("false", 3), ("0", 3)])
def test_instances_come_one_after_the_other_or_at_once_however_that_is_spelled(said, open_):
    several = (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{said}">'
        "<bpmn:loopCardinality>3</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    )
    played = play("startEvent s", f"userTask a | {several}", "endEvent e", ways="s>a a>e")
    assert played.tasks() == ["a"] * open_
    played.complete("a")
    played.complete("a")
    assert played.complete("a").ended


# --- events --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "open_"),
    [("true", ["d"]), ("1", ["d"]), ("false", ["a", "d"]), ("0", ["a", "d"])],
)
def test_an_escalation_interrupts_or_not_however_that_is_spelled(said, open_):
    throws = f"intermediateThrowEvent t | {event('escalation', escalationRef='asked')}"
    within = inside("startEvent i", throws, "userTask a", "endEvent o", ways="i>t t>a a>o")
    catches = f'boundaryEvent c attachedToRef="sub" cancelActivity="{said}"'
    played = play(
        "startEvent s", f"subProcess sub | {within}",
        f"{catches} | {event('escalation', escalationRef='asked')}", "userTask d", "endEvent e",
        "endEvent f", ways="s>sub sub>e c>d d>f", beside=ESCALATION,
    )  # fmt: skip
    assert played.tasks() == open_


def test_an_escalation_that_nobody_catches_is_passed():
    throws = f"intermediateThrowEvent t | {event('escalation', escalationRef='asked')}"
    played = play(
        "startEvent s", throws, "userTask a", "endEvent e", ways="s>t t>a a>e", beside=ESCALATION
    )
    assert played.tasks() == ["a"]


@pytest.mark.parametrize("caught", [{"errorRef": "failed"}, {}])
def test_an_error_is_caught_by_its_code_or_by_whoever_catches_any(caught):
    ends = f"endEvent o | {event('error', errorRef='failed')}"
    within = inside("startEvent i", "userTask a", ends, ways="i>a a>o")
    played = play(
        "startEvent s", f"subProcess sub | {within}",
        f'boundaryEvent c attachedToRef="sub" | {event("error", **caught)}', "userTask d",
        "endEvent e", "endEvent f", ways="s>sub sub>e c>d d>f", beside=ERROR,
    )  # fmt: skip
    played.complete("a")
    assert played.tasks() == ["d"]


POOLS = (
    '<bpmn:message id="order" name="order" /><bpmn:message id="done" name="done" />'
    '<bpmn:collaboration id="both"><bpmn:participant id="one" processRef="main" />'
    '<bpmn:participant id="other" processRef="aside" /><bpmn:participant id="world" name="世界" />'
    '<bpmn:messageFlow id="told" sourceRef="tell" targetRef="begins" />'
    '<bpmn:messageFlow id="answered" sourceRef="ends" targetRef="hear" />'
    '<bpmn:messageFlow id="shown" sourceRef="one" targetRef="world" /></bpmn:collaboration>'
)


def test_two_pools_talk_by_the_messages_of_their_events():
    one = process(
        "startEvent s", f"intermediateThrowEvent tell | {event('message', messageRef='order')}",
        f"intermediateCatchEvent hear | {event('message', messageRef='done')}", "endEvent e",
        ways="s>tell tell>hear hear>e",
    )  # fmt: skip
    other = process(
        f"startEvent begins | {event('message', messageRef='order')}", "userTask work",
        f"endEvent ends | {event('message', messageRef='done')}", ways="begins>work work>ends",
        name="aside",
    )  # fmt: skip
    played = Play(file(POOLS, one, other), "main")
    assert played.tasks() == ["work"]
    assert played.complete("work").ended


def test_what_stands_beside_moves_no_token():
    """Annotations, groups, associations and documentation are for readers."""
    beside = (
        "<bpmn:documentation>说明</bpmn:documentation>"
        '<bpmn:textAnnotation id="note"><bpmn:text>第十三条</bpmn:text></bpmn:textAnnotation>'
        '<bpmn:association id="line" sourceRef="a" targetRef="note" />'
        '<bpmn:group id="frame" categoryValueRef="v" />'
    )
    main = process("startEvent s", "userTask a", "endEvent e", ways="s>a a>e")
    main = main.replace("</bpmn:process>", beside + "</bpmn:process>")
    assert Play(file(main), "main").complete("a").ended


# --- refused by name -----------------------------------------------------------------------


STORE = '<bpmn:dataStore id="store" name="财务系统" /><bpmn:dataStore />'
SHAPES = (
    '<di:BPMNDiagram xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" '
    'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"><di:BPMNPlane>'
    '<di:BPMNShape bpmnElement="a"><dc:Bounds x="left" y="" /></di:BPMNShape>'
    "</di:BPMNPlane></di:BPMNDiagram>"
)
CORRELATION = (
    '<bpmn:message name="ohne" /><bpmn:signal /><bpmn:error /><bpmn:escalation />'
    '<bpmn:correlationProperty id="which" />'
)


@pytest.mark.parametrize("beside", [STORE, SHAPES, CORRELATION])
def test_what_stands_beside_the_processes_is_no_hindrance(beside):
    """The library refuses these, naming nothing, or raises."""
    main = process("startEvent s", "userTask a", "endEvent e", ways="s>a a>e")
    assert Play(file(beside, main), "main").complete("a").ended


def refused(files):
    with pytest.raises(DefinitionsRefused) as caught:
        Definitions.read(files)
    assert list(caught.value.findings) == check.check(files)
    return {(one.element, one.sentence) for one in caught.value.findings}


def drawn(*more, task="userTask a", ways="s>a a>e", **said):
    return file(process("startEvent s", task, "endEvent e", *more, ways=ways, **said))


MESSAGE = event("message", messageRef="m")
SUB = inside("startEvent i", "endEvent o", ways="i>o")


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (drawn(task="task a"), "“a”是没有类型的任务，不能执行。"),
        (drawn(task="manualTask a"), "“a”是人工任务，不能执行，请改成用户任务。"),
        (drawn(task="scriptTask a"), "“a”是脚本任务，不能执行。"),
        (drawn(task="complexGateway a"), "“a”是复杂网关，不能执行。"),
        (drawn(task=f"transaction a | {SUB}"), "“a”是事务子流程，不能执行。"),
        (drawn(task=f"adHocSubProcess a | {SUB}"), "“a”是自由子流程，不能执行。"),
        (drawn("dataObjectReference d"), "“d”是数据对象，不能执行。"),
        (drawn("dataStoreReference d"), "“d”是数据存储，不能执行。"),
        (drawn("correlationSubscription d"), "“d”是关联订阅，不能执行，请用属性 correlation。"),
        (drawn(task="inventedTask a"), "“main”里的“inventedTask”引擎不认识，请去掉。"),
        (
            drawn(f'subProcess h triggeredByEvent="true" | {SUB}'),
            "“h”是事件子流程，不能执行。",
        ),
        (drawn(f'subProcess h triggeredByEvent="1" | {SUB}'), "“h”是事件子流程，不能执行。"),
        (drawn('userTask u isForCompensation="true"'), "“u”是补偿活动，不能执行。"),
        (
            drawn(f'boundaryEvent c attachedToRef="a" | {event("compensate")}'),
            "“c”的事件类型（补偿）不能执行。",
        ),
        (
            drawn(f'boundaryEvent c attachedToRef="a" | {event("conditional")}'),
            "“c”的事件类型（条件）不能执行。",
        ),
        (
            drawn(f'boundaryEvent c attachedToRef="a" | {event("cancel")}'),
            "“c”的事件类型（取消）不能执行。",
        ),
        (
            drawn(task=f"intermediateCatchEvent a | {event('link', name='l')}"),
            "“a”的事件类型（链接）不能执行。",
        ),
        (
            drawn(task=f"intermediateCatchEvent a | {MESSAGE}{event('timer')}"),
            "“a”有几个事件定义，只能有一个。",
        ),
        (
            drawn(
                task="intermediateCatchEvent a | <bpmn:eventDefinitionRef>t"
                "</bpmn:eventDefinitionRef>"
            ),
            "“a”有对公用事件定义的引用，不能执行，请直接画在事件里。",
        ),
        (
            drawn(
                task="intermediateCatchEvent a | <bpmn:timerEventDefinition>"
                "<bpmn:timeCycle>R/PT1H</bpmn:timeCycle></bpmn:timerEventDefinition>"
            ),
            "“a”是循环定时，不能执行。",
        ),
        (drawn("startEvent t"), "“main”要有一个开始事件，现在有2个。"),
        (drawn(task='subProcess a name="没画的"'), "“没画的”（a）要有一个开始事件，现在有0个。"),
        (drawn(task='subProcess a name="没画的"'), "“没画的”（a）没有结束事件。"),
        *(
            (
                file(
                    process(
                        f"startEvent s | {event(kind)}", "userTask a", "endEvent e", ways="s>a a>e"
                    )
                ),
                f"“s”的事件类型（{said}）不能执行。",
            )
            for kind, said in (("timer", "定时"), ("conditional", "条件"), ("signal", "信号"))
        ),
        (
            drawn(f'boundaryEvent c attachedToRef="a" | {event("error", errorRef="x")}'),
            "“c”接收错误或升级，只能附在调用活动或子流程上。",
        ),
        (
            drawn(
                task='serviceTask a camunda:type="external" camunda:topic="t" | '
                "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>2"
                "</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
            ),
            "“a”不能设成多实例或循环。",
        ),
        (
            drawn("endEvent f", ways="s>a a>e a>f"),
            "“a”有几条流出的流向，请在它后面画一个网关来分。",
        ),
        (
            drawn(ways="s>a a>e[${true}]"),
            "“a”流出的“a_e”上有条件，只有排他网关和包容网关能用条件。",
        ),
        (
            drawn(task='exclusiveGateway a default="x"'),
            "“a”的默认流向“x”不从它流出。",
        ),
        (
            drawn(task='eventBasedGateway a eventGatewayType="Parallel"'),
            "“a”是并行的事件网关，不能执行。",
        ),
        (
            drawn(task='receiveTask a instantiate="true"'),
            "“a”收到消息就启动流程（instantiate），不能执行。",
        ),
        (
            drawn(task='userTask a startQuantity="2"'),
            "“a”要几个令牌才开始（startQuantity），不能执行。",
        ),
        (
            drawn(task='userTask a completionQuantity="2"'),
            "“a”完成时给出几个令牌（completionQuantity），不能执行。",
        ),
        (
            drawn(
                task='userTask a | <bpmn:multiInstanceLoopCharacteristics behavior="One">'
                "<bpmn:loopCardinality>2</bpmn:loopCardinality>"
                "</bpmn:multiInstanceLoopCharacteristics>"
            ),
            "“a”的多实例在完成时抛出事件（behavior），不能执行。",
        ),
        (
            drawn(task='userTask a | <bpmn:ioSpecification id="io" />'),
            "“a”有数据输入输出，不能执行，请去掉。",
        ),
        (
            drawn(task='userTask a | <bpmn:potentialOwner id="who" />'),
            "“a”有办理人的指定，不能执行，请用候选组或属性 role。",
        ),
        (
            drawn(task='userTask a | <bpmn:dataInputAssociation id="io" />'),
            "“a”有数据关联，不能执行，请去掉。",
        ),
        (
            drawn(task=f'subProcess a | <bpmn:laneSet id="l" />{SUB}'),
            "“l”是子流程里的泳道，不能执行，请画在流程上。",
        ),
        (drawn(task='callActivity a calledElement="global"'), "“a”调用的流程“global”没有画。"),
        (
            drawn(task='userTask a name="看\n  一看"').copy()
            | {"bpmn/x.bpmn": drawn(task='task a name="看&#10;  一看"')["bpmn/x.bpmn"]},
            "“看 一看”（a）是没有类型的任务，不能执行。",
        ),
    ],
)
def test_what_is_not_run_is_refused_in_one_line_that_names_the_element(files, sentence):
    beginning = sentence.removesuffix("。")  # what to do instead follows
    assert any(said.startswith(beginning) for _, said in refused(files)), refused(files)


def test_elements_in_the_wrong_place_are_refused_for_others_would_find_them():
    misplaced = '<bpmn:process id="within"><bpmn:startEvent id="x" /></bpmn:process>'
    files = drawn(task=f"userTask a | {misplaced}")
    assert refused(files) == {
        ("a", "“a”里的“process”引擎不认识，请去掉。"),
        ("within", "“within”放错了地方（在 userTask 里面），请重画。"),
    }
    files = drawn(task='userTask a | <bpmn:userTask id="x" />')
    assert ("x", "“x”放错了地方（在 userTask 里面），请重画。") in refused(files)


@pytest.mark.parametrize("target", ["", 'targetRef=""', 'targetRef="note"', 'targetRef="a"'])
def test_a_flow_that_leads_nowhere_is_refused_whatever_else_has_no_id(target):
    more = (
        "<bpmn:documentation>ohne id</bpmn:documentation>"
        '<bpmn:textAnnotation id="note" />'
        f'<bpmn:sequenceFlow id="lost" sourceRef="g" {target} />'
    )
    main = process(
        "startEvent s", "parallelGateway g", "userTask a", "endEvent e", ways="s>g g>a a>e"
    )
    files = file(main.replace("</bpmn:process>", more + "</bpmn:process>"))
    if target == 'targetRef="a"':
        assert Play(files, "main").tasks() == ["a", "a"]
    else:
        assert refused(files) == {("lost", "流向“lost”的一端没有连上元素，或跨出了子流程。")}


def test_the_same_thing_is_said_once():
    listeners = "<camunda:field /><camunda:field /><camunda:field />"
    task = f"userTask a | <bpmn:extensionElements>{listeners}</bpmn:extensionElements>"
    with pytest.raises(DefinitionsRefused) as caught:
        Definitions.read(drawn(task=task))
    assert [str(one) for one in caught.value.findings] == [
        "bpmn/x.bpmn:a: “a”上的字段注入不会执行，请去掉。"
    ]


def test_a_file_in_latin_1_is_read_as_it_says():
    (content,) = drawn(task="task a").values()
    text = content.decode().replace('id="a"', 'id="a" name="Prüfen"')
    latin = ('<?xml version="1.0" encoding="ISO-8859-1"?>\n' + text).encode("latin-1")
    said = {sentence for _, sentence in refused({"bpmn/x.bpmn": latin})}
    assert any(one.startswith("“Prüfen”（a）是没有类型的任务，不能执行") for one in said)
