"""Which parts of BPMN and of Camunda 7 a file may have, said before anything is parsed for running.

Whatever stands in a file and would be passed over in silence is refused: what an owner draws is
either executed or not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from engine.flow.drawing import BPMN, CAMUNDA, NODES, processes
from engine.flow.model import Finding
from engine.flow.xml import local

KINDS = {
    "task": ("没有类型的任务", "请在扳手菜单里改成用户任务或别的类型"),
    "manualTask": ("人工任务", "请改成用户任务"),
    "scriptTask": ("脚本任务", "请改用决策表，或用输出参数里的表达式"),
    "complexGateway": ("复杂网关", "请改成排他、并行或包容网关"),
    "transaction": ("事务子流程", "请改成普通子流程"),
    "adHocSubProcess": ("自由子流程", "请画出顺序，或改成普通子流程"),
    "dataObject": ("数据对象", "请去掉，变量由表单和输出参数赋值"),
    "dataObjectReference": ("数据对象", "请去掉，变量由表单和输出参数赋值"),
    "dataStoreReference": ("数据存储", "请去掉，或改成文本注释"),
    "choreographyTask": ("编排", "请改成流程"),
    "callChoreography": ("编排", "请改成流程"),
    "subChoreography": ("编排", "请改成流程"),
    "subConversation": ("会话", "请改成流程"),
    "correlationSubscription": ("关联订阅", "请用属性 correlation"),
    "implicitThrowEvent": ("隐式抛出事件", "请画成抛出事件"),
}
"""Kinds of elements that are refused: what people call them, and what to draw instead."""

PARTS = {
    "ioSpecification": ("数据输入输出", "请去掉，变量由表单和输出参数赋值"),
    "dataInputAssociation": ("数据关联", "请去掉，变量由表单和输出参数赋值"),
    "dataOutputAssociation": ("数据关联", "请去掉，变量由表单和输出参数赋值"),
    "property": ("流程变量声明", "请去掉，变量由表单和输出参数赋值"),
    "loopDataInputRef": ("标准写法的多实例数据", "请改用集合（collection）和元素变量"),
    "loopDataOutputRef": ("标准写法的多实例数据", "请去掉"),
    "inputDataItem": ("标准写法的多实例数据", "请改用集合（collection）和元素变量"),
    "outputDataItem": ("标准写法的多实例数据", "请去掉"),
    "complexBehaviorDefinition": ("多实例的事件", "请去掉"),
    "eventDefinitionRef": ("对公用事件定义的引用", "请直接画在事件里"),
    **dict.fromkeys(
        ("potentialOwner", "humanPerformer", "performer", "resourceRole"),
        ("办理人的指定", "请用候选组或属性 role"),
    ),
}
"""Parts of elements that are refused with the element that has them, and what to do instead."""

MARKS: Mapping[str, tuple[str, str, str]] = {
    "isForCompensation": ("false", "是补偿活动", "请改成普通活动，怎样撤销请画出来"),
    "instantiate": ("false", "收到消息就启动流程（instantiate）", "请改用消息开始事件"),
    "eventGatewayType": ("Exclusive", "是并行的事件网关", "请改成排他的，几件事都要等的用并行网关"),
    "startQuantity": ("1", "要几个令牌才开始（startQuantity）", "请用并行网关汇合"),
    "completionQuantity": ("1", "完成时给出几个令牌（completionQuantity）", "请用并行网关分开"),
    "triggeredByEvent": ("false", "是事件子流程", "请改成边界事件，或由消息启动的流程"),
}
"""Attributes of flow nodes: the one value that means what is run, what any other says, and what to
draw instead."""

KNOWN = frozenset(
    [
        *("sequenceFlow", "laneSet", "textAnnotation", "association", "group", "documentation"),
        *("extensionElements", "incoming", "outgoing", "auditing", "monitoring"),
        *("multiInstanceLoopCharacteristics", "standardLoopCharacteristics"),
    ]
)
"""What else may stand in a process or an element, beside event definitions."""

EXTENSIONS = {
    "executionListener": "执行监听器",
    "taskListener": "任务监听器",
    "connector": "连接器",
    "field": "字段注入",
    "formData": "生成的表单（请用 .form 文件）",
    "failedJobRetryTimeCycle": "重试周期",
    "errorEventDefinition": "外部任务的错误",
    "potentialStarter": "启动人",
}
"""Extensions of Camunda that would be passed over in silence, and what people call them."""

READ = frozenset({"properties", "inputOutput", "in", "out"})
"""The extensions that are read."""

ATTRIBUTES = {
    "assignee": ("办理人", "请改写候选组，由谁办理在待办里领取"),
    "candidateUsers": ("候选人", "请改写候选组"),
    "dueDate": ("到期日", "请画一个定时边界事件"),
    "followUpDate": ("跟进日", "请画一个定时边界事件"),
    "formRef": ("表单引用（formRef）", "请改用表单标识（formKey）"),
    "class": ("Java 类", "请选“外部”（external）并写主题（topic）"),
    "delegateExpression": ("委托表达式", "请选“外部”（external）并写主题（topic）"),
    "expression": ("执行表达式", "请选“外部”（external）并写主题（topic）"),
    "variableMappingClass": ("变量映射类", "请逐个写明传入传出的变量"),
    "variableMappingDelegateExpression": ("变量映射表达式", "请逐个写明传入传出的变量"),
    "resource": ("外部资源", "请把内容写在图上"),
}
"""Attributes of Camunda that would be passed over in silence, and what to do instead."""

RESERVED = frozenset({"Start", "End", "Root"})

Said = Iterator[tuple[str, str]]


def of_file(path: str, root: etree._Element) -> Iterator[Finding]:
    """What is wrong with a BPMN file as such, each thing once."""
    if root.tag != BPMN + "definitions":
        yield Finding(path, "", "xml", "文件不是 BPMN 流程图，请用 Modeler 另存。")
        return
    found = list(processes(root))
    if not found:
        yield Finding(path, "", "process", "文件里没有流程，请画一个，或不要放在这里。")
    findings = [finding for process in found for finding in _of_process(path, process)]
    yield from dict.fromkeys([*findings, *_misplaced(path, root)])


_FLOWING = NODES | {"sequenceFlow"}
_HOLDING = frozenset(
    {"process", "subProcess", "transaction", "adHocSubProcess", "choreography", "subChoreography"}
)


def _misplaced(path: str, root: etree._Element) -> Iterator[Finding]:
    """Flow elements that stand where nobody looks for them; whoever searches deep finds them."""
    for node in root.iter(BPMN + "*"):
        kind, parent = local(node), node.getparent()
        within = "" if parent is None else local(parent)
        lost = kind in _FLOWING and within not in _HOLDING
        if lost or (kind == "process" and parent is not root):
            sentence = f"{_title(node)}放错了地方（在 {within} 里面），请重画。"
            yield Finding(path, node.get("id", ""), "place", sentence)


def _of_process(path: str, process: etree._Element) -> Iterator[Finding]:
    name = process.get("id", "")
    if not name:
        yield Finding(path, "", "id", "有一个流程没有编号（id），请写一个。")
    if process.get("isExecutable") != "true":
        sentence = f"流程“{name}”没有勾选“可执行”（isExecutable），请勾选。"
        yield Finding(path, name, "executable", sentence)
    seen = {name}  # an element with its process's own id would stand inside itself
    for node in process.iter(f"{BPMN}*"):
        element = _named(node)
        kind, own = local(node), node.get("id", "")
        if (kind in NODES or kind == "sequenceFlow") and kind not in KINDS:
            if not own or own in seen or own in RESERVED:
                sentence = f"{_title(node)}的编号（id）为空、重复或是保留字，请改成唯一的。"
                yield Finding(path, own, "id", sentence)
            seen.add(own)
        for rule, sentence in (*_of_kind(node), *_of_extensions(node), *_of_language(node)):
            yield Finding(path, element.get("id", ""), rule, f"{_title(element)}{sentence}。")


def _title(node: etree._Element) -> str:
    name, element = node.get("name", ""), node.get("id", "")
    return f"“{name}”（{element}）" if name else f"“{element}”"


def _named(node: etree._Element) -> etree._Element:
    """The element that people see: the node itself, or what it is a part of."""
    while not node.get("id") or local(node) in PARTS or local(node).endswith("EventDefinition"):
        parent = node.getparent()
        if parent is None or local(node) == "process":
            break
        node = parent
    return node


def _of_kind(node: etree._Element) -> Said:
    kind = local(node)
    if kind in KINDS:
        what, instead = KINDS[kind]
        yield "unsupported", f"是{what}，不能执行，{instead}"
        return
    if kind in PARTS:
        what, instead = PARTS[kind]
        yield "unsupported", f"有{what}，不能执行，{instead}"
    if kind in NODES:
        for mark, (plain, says, instead) in MARKS.items():
            if node.get(mark, plain) != plain:
                yield "unsupported", f"{says}，不能执行，{instead}"
    parent = node.getparent()
    if kind == "laneSet" and parent is not None and local(parent) == "subProcess":
        yield "unsupported", "是子流程里的泳道，不能执行，请画在流程上"
    if kind == "multiInstanceLoopCharacteristics" and node.get("behavior", "All") != "All":
        yield "unsupported", "的多实例在完成时抛出事件（behavior），不能执行，请去掉"
    definitions = [one for one in node if local(one).endswith("EventDefinition")]
    if len(definitions) > 1:
        yield "unsupported", "有几个事件定义，只能有一个"
    if node.find(f"{BPMN}timerEventDefinition/{BPMN}timeCycle") is not None:
        yield "unsupported", "是循环定时，不能执行，请改用时长，到时再画一次"
    if kind in NODES or kind == "process":
        for child in node:
            known = child.tag.startswith(BPMN)
            name = local(child)
            if known and (
                name in NODES | KNOWN | KINDS.keys() | PARTS.keys() or name.endswith("Definition")
            ):
                continue
            yield "unsupported", f"里的“{name}”引擎不认识，请去掉"


def _of_extensions(node: etree._Element) -> Said:
    if local(node) == "extensionElements":
        return
    for name, (what, instead) in ATTRIBUTES.items():
        if node.get(CAMUNDA + name):
            yield "extension", f"上的{what}不会生效，{instead}"
    for one in node.findall(f"{BPMN}extensionElements/*"):
        name = local(one)
        if not one.tag.startswith(CAMUNDA):
            yield (
                "extension",
                f"上有别的平台的扩展“{name}”，不会执行，请按 Camunda 7 平台画",
            )
        elif name not in READ:
            yield "extension", f"上的{EXTENSIONS.get(name, f'扩展“{name}”')}不会执行，请去掉"
    for one in node.findall(f"{BPMN}extensionElements/{CAMUNDA}inputOutput/*"):
        if local(one) not in ("inputParameter", "outputParameter") or len(one):
            yield "extension", "的输入输出参数里，只能有值为文字或表达式的参数，不能有脚本"
    for way, word in (("in", "传入"), ("out", "传出")):
        for one in node.findall(f"{BPMN}extensionElements/{CAMUNDA}{way}"):
            if one.get("variables"):
                yield "passing", f"把全部变量{word}，请逐个写明要传的变量"


def _of_language(node: etree._Element) -> Said:
    """Conditions and times are `${…}`; a script in another language would be read as such."""
    for language in (node.get("language"), node.get("scriptFormat")):
        if language:
            yield "language", f"用“{language}”写了条件或脚本，不能执行，请改成 ${{…}} 表达式"
