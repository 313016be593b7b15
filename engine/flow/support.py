"""How elements must be put together to run, said before anything is parsed for running."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from engine.flow import expressions, instants, timers
from engine.flow.drawing import Drawing, Element
from engine.flow.model import Finding, Refused
from engine.flow.tables import Table

EVENTS = {
    "startEvent": {"", "message"},
    "endEvent": {"", "terminate", "message", "signal", "error", "escalation"},
    "intermediateThrowEvent": {"", "message", "signal", "escalation"},
    "intermediateCatchEvent": {"timer", "message", "signal"},
    "boundaryEvent": {"timer", "message", "signal", "error", "escalation"},
}
"""The event definitions that each kind of event may have; "" is none."""

EVENT_NAMES = {
    "timer": "定时",
    "message": "消息",
    "signal": "信号",
    "error": "错误",
    "escalation": "升级",
    "terminate": "终止",
    "conditional": "条件",
    "link": "链接",
    "compensate": "补偿",
    "cancel": "取消",
    "": "无定义",
}

LARGEST = 2_000
"""Elements and flows that one process may have."""


def of_drawing(
    one: Drawing,
    drawings: Mapping[str, Drawing],
    decisions: Mapping[str, Table],
    refused: Container[str] = (),
) -> list[Finding]:
    """What is wrong with a process beside the kinds of its elements.

    `refused`: ids of what is drawn, but that something was said of already.
    """
    if len(one.elements) + len(one.flows) > LARGEST:
        return [Finding(one.file, one.id, "size", f"流程“{one.id}”太大，请分成几个流程。")]
    findings: list[Finding] = []
    scopes = {one.id} | {
        element.id for element in one.elements.values() if element.kind == "subProcess"
    }
    for scope in sorted(scopes):
        within = [element for element in one.elements.values() if element.scope == scope]
        findings += _of_scope(one, scope, within)
    for element in one.elements.values():
        rules = (
            _of_event(element, one),
            _of_task(element, drawings, decisions, refused),
            _of_loop(element),
            _of_flows(element, one),
        )
        for sentences in rules:
            findings += [
                Finding(one.file, element.id, rule, f"{element.title}{sentence}。")
                for rule, sentence in sentences
            ]
    for flow in one.flows:
        if any(end in one.others and end in refused for end in (flow.source, flow.target)):
            continue
        ends = [one.elements.get(flow.source), one.elements.get(flow.target)]
        if any(end is None or end.scope != flow.scope for end in ends):
            sentence = f"流向“{flow.id}”的一端没有连上元素，或跨出了子流程。"
            findings.append(Finding(one.file, flow.id, "flow", sentence))
    return findings


THROWING = frozenset({"intermediateThrowEvent", "endEvent", "sendTask"})
"""The kinds of elements that throw messages and signals."""

CORRELATED = THROWING | {"intermediateCatchEvent", "boundaryEvent", "receiveTask"}
"""The kinds of elements on which a message may have a correlation."""


def throws(element: Element) -> bool:
    """Whether it throws a message or a signal inside, and to no topic."""
    thrown = element.event in ("message", "signal") and not element.topic
    return element.kind in THROWING and thrown


def sends(element: Element) -> bool:
    """Whether it sends a message to the world, by a topic."""
    return bool(element.topic) and element.kind in THROWING | {"serviceTask"}


def _of_scope(one: Drawing, scope: str, within: list[Element]) -> Iterator[Finding]:
    title = f"“{one.name}”（{one.id}）" if one.name else f"“{one.id}”"
    if scope in one.elements:
        title = one.elements[scope].title
    starts = sum(element.kind == "startEvent" for element in within)
    if starts != 1:
        sentence = f"{title}要有一个开始事件，现在有{starts}个，请只画一个。"
        yield Finding(one.file, scope, "start", sentence)
    if not any(element.kind == "endEvent" for element in within):
        sentence = f"{title}没有结束事件，请画一个，走到那里才算结束。"
        yield Finding(one.file, scope, "end", sentence)


def _allowed(events: Iterable[str]) -> str:
    return "、".join(EVENT_NAMES[name] for name in sorted(events, key=list(EVENT_NAMES).index))


Said = Iterator[tuple[str, str]]
"""A rule's name and the rest of a sentence that begins with the element."""


def _of_event(element: Element, one: Drawing) -> Said:
    allowed = EVENTS.get(element.kind)
    if allowed is not None and element.event not in allowed:
        name = EVENT_NAMES.get(element.event, element.event)
        yield "unsupported", f"的事件类型（{name}）不能执行，这里可用的有{_allowed(allowed)}"
        return
    if element.event == "timer":
        yield from _of_timer(element)
    if element.kind == "startEvent" and element.event == "message":
        if element.scope != one.id:
            yield "start", "是子流程的开始事件，不能由消息启动"
        if element.form:
            yield "start", "由消息启动，不能有表单"
    if element.event in ("message", "signal") and not (element.reference or element.topic):
        yield "reference", "没有指明消息或信号，请选一个并写名称"
    if element.kind == "boundaryEvent":
        host = one.elements.get(element.attached_to)
        if host is None:
            yield "boundary", "没有附在任何任务上，请放到一个任务的边上"
        elif element.event in ("error", "escalation") and host.kind not in (
            "callActivity",
            "subProcess",
        ):
            yield "boundary", "接收错误或升级，只能附在调用活动或子流程上"
        if element.event == "error" and not element.interrupting:
            yield "boundary", "接收错误，只能是中断的"


def _of_timer(element: Element) -> Said:
    text = element.time_date or element.time_duration
    if not text or (element.time_date and element.time_duration):
        yield "timer", "没有写时间，请写 timeDate 或 timeDuration"
        return
    if "${" in text:
        yield from _of_expression(text)
        return
    try:
        if element.time_date:
            instants.instant(text)
        else:
            timers.after(instants.instant("2026-01-01T00:00:00+08:00"), text)
    except Refused as refused:
        problem = refused.facts.get("problem", "")
        yield "timer", f"的时间“{text}”{problem}；请写 ${{…}}、带时区的日期时间或 PT1H 这样的时长"


def _of_task(
    element: Element,
    drawings: Mapping[str, Drawing],
    decisions: Mapping[str, Table],
    refused: Container[str],
) -> Said:
    match element.kind:
        case "serviceTask" if not element.topic:
            yield "topic", "要选“外部”（external）并写主题（topic）"
        case "sendTask" if not element.topic and element.event != "message":
            yield "topic", "要选“外部”（external）并写主题（topic），或选一个消息"
        case "receiveTask" if element.event != "message":
            yield "reference", "没有指明消息或信号，请选一个并写名称"
        case "businessRuleTask" if element.decision not in refused:
            yield from _of_decision(element, decisions)
        case "callActivity" if starts_by_message(drawings.get(element.called)):
            yield "called", f"调用的流程“{element.called}”由消息启动，不能调用"
        case "callActivity":
            if not element.called:
                yield "called", "没有选要调用的流程（calledElement），请选一个"
            elif "${" in element.called or element.called not in drawings:
                yield "called", f"调用的流程“{element.called}”没有画，请检查流程的编号（id）"
            for passing in (*element.inputs, *element.outputs):
                if not passing.target or bool(passing.source) == bool(passing.expression):
                    yield "passing", "的传入传出要写来源和目标"
                if passing.expression:
                    yield from _of_expression(passing.expression)
    for passing in element.assigned:
        if not passing.target.isidentifier() or passing.target in expressions.CONSTANTS:
            yield "assigned", f"的输出参数“{passing.target}”不能作变量名"
        yield from _of_value(passing.expression)
    for passing in element.payload:
        if not (throws(element) or sends(element)):
            yield "payload", "不抛出消息或信号，也不发往主题，不能有输入参数（那是消息带的内容）"
        elif not passing.target.isidentifier() or passing.target in expressions.CONSTANTS:
            yield "payload", f"的输入参数“{passing.target}”不能作变量名"
        yield from _of_value(passing.expression)
    if element.correlation:
        if element.kind not in CORRELATED or element.event != "message" or element.topic:
            yield "correlation", "不抛出也不接收消息，不能有属性 correlation"
        yield from _of_expression(element.correlation)
    if element.unit:
        yield from _of_value(element.unit)


def starts_by_message(one: Drawing | None) -> bool:
    """Whether a process starts when a message comes that nobody waits for."""
    return one is not None and one.start is not None and one.start.event == "message"


def _of_decision(element: Element, decisions: Mapping[str, Table]) -> Said:
    table = decisions.get(element.decision)
    if not element.decision:
        yield "decision", "没有选决策（decisionRef），请选一个"
    elif table is None:
        yield "decision", f"引用的决策“{element.decision}”没有画，请检查决策的编号（id）"
    elif element.result and element.map_result not in ("singleResult", "singleEntry"):
        yield "decision", "的结果映射（mapDecisionResult）要选 singleResult 或 singleEntry"
    elif element.map_result == "singleEntry" and (len(table.outputs) != 1 or not element.result):
        yield "decision", "用 singleEntry 时，决策要只有一个结果列，并写结果变量"


def _of_loop(element: Element) -> Said:
    loop = element.loop
    if loop is None:
        return
    if element.kind not in ("userTask", "callActivity", "subProcess", "receiveTask"):
        yield "loop", "不能设成多实例或循环，只有用户任务、接收任务、调用活动和子流程可以"
    texts = [loop.condition]
    if loop.kind == "standard":
        if not loop.condition and not loop.maximum.isdigit():
            yield "loop", "的循环要写条件或最多次数"
    elif bool(loop.collection) == bool(loop.cardinality):
        yield "loop", "的多实例要写集合（collection）或个数，并且只写一个"
    elif loop.collection and not loop.variable:
        yield "loop", "的多实例要写元素变量（elementVariable）"
    texts += [
        text if "${" in text else f"${{{text}}}"
        for text in (loop.collection, loop.cardinality)
        if text
    ]
    for text in texts:
        if text:
            yield from _of_expression(text)


def _of_flows(element: Element, one: Drawing) -> Said:
    outgoing = one.outgoing(element.id)
    incoming = [flow for flow in one.flows if flow.target == element.id]
    many = ("exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway")
    if element.kind not in many and len(outgoing) > 1:
        yield "flows", "有几条流出的流向，请在它后面画一个网关来分"
    if not outgoing and element.kind != "endEvent" and not _endless(element):
        yield "flows", "没有流出的流向，请连到下一步或结束事件"
    if element.kind in ("startEvent", "boundaryEvent") and incoming:
        yield "flows", "不能有流入的流向，请把线连到它后面的元素上"
    if element.kind == "endEvent" and outgoing:
        yield "flows", "不能有流出的流向，请改成别的事件或去掉线"
    conditional = element.kind in ("exclusiveGateway", "inclusiveGateway")
    if conditional and element.default and element.default not in {flow.id for flow in outgoing}:
        yield "condition", f"的默认流向“{element.default}”不从它流出，请重选"
    for flow in outgoing:
        if flow.condition and not conditional:
            yield (
                "condition",
                f"流出的“{flow.id}”上有条件，只有排他网关和包容网关能用条件，请在它后面画一个网关",
            )
        elif flow.condition:
            yield from _of_expression(flow.condition)
        elif conditional and len(outgoing) > 1 and flow.id != element.default:
            yield "condition", f"流出的“{flow.id}”没有条件，也不是默认流向，请写条件或设为默认"
    if element.kind == "eventBasedGateway":
        yield from _of_event_gateway(outgoing, one)


def _endless(element: Element) -> bool:
    """Whether it is a watch that repeats for ever: there is nothing that could follow it."""
    loop = element.loop
    return loop is not None and loop.condition == "${true}" and not loop.maximum


def _of_event_gateway(outgoing: Iterable[object], one: Drawing) -> Said:
    following = [one.elements.get(getattr(flow, "target", "")) for flow in outgoing]
    timed = [element for element in following if element and element.event == "timer"]
    if len(timed) > 1:
        yield "gateway", "后面有几个定时事件，只能有一个，请只留最早到的，或在时间里用 min"
    for element in following:
        if element and element.kind not in ("intermediateCatchEvent", "receiveTask"):
            yield "gateway", f"后面只能是中间捕获事件或接收任务，{element.title}不是"
        if element and sum(flow.target == element.id for flow in one.flows) > 1:
            yield "gateway", f"后面的{element.title}不能另有流入的流向"
    names = [element.reference for element in following if element and element.event == "message"]
    if len(set(names)) < len(names):
        yield "gateway", "后面有几个事件等同一个消息"


def _of_expression(text: str) -> Said:
    try:
        expressions.read(text)
    except expressions.ExpressionError as error:
        yield "expression", f"里的“{text}”：{error}"


def _of_value(text: str) -> Said:
    try:
        expressions.read_value(text)
    except expressions.ExpressionError as error:
        yield "expression", f"里的“{text}”：{error}"
