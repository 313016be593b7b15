"""A ticket's history in words: one Chinese sentence for each event, and what it led to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Self

from sqlalchemy import Connection, select

from engine.flow import Definitions
from engine.flow.drawing import Element
from engine.formjs import Component
from engine.read.words import due_moment, moment
from engine.record import Event
from engine.store import cards, forms, spoken
from engine.store import tables as t
from engine.workdays import ZONE

_STEPS = {
    "start": "登记诉求，生成工单",
    "tick": "期限已到",
    "revise": "工作日历有变动，重新计算期限",
}
# What a milestone says besides, by the routing value of that name.
_SAID = {
    "closed": "outcome",
    "rated": "rating",
    "refused": "ground",
    "measure_taken": "measure",
    "extended": "extension_granted",
}
_MESSAGES = {
    "call_again": "诉求人就同一事项再次来电",
    "main_closed": "主工单已办结，本工单得到通知",
    "main_dropped": "主工单不再办理，本工单得到通知",
}
"""What the manifest calls a message, and what its coming means."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of the history, in words."""

    seq: int
    kind: str  # step | fact
    name: str
    at: datetime
    actor: str
    actor_name: str
    unit_name: str
    sentence: str
    lines: tuple[str, ...]  # what it led to: milestones, due times set or moved, messages
    answers: tuple[tuple[str, str], ...]  # (label, value) by the form of the pinned version
    within: bool  # a comment kept to its writer's own unit
    withheld: bool  # there is content that this reader may not read, or that was erased


@dataclass(frozen=True, slots=True)
class Names:
    """Display names: of people by sign-in name, of units by id, of items by area and code."""

    people: Mapping[str, str]
    units: Mapping[str, str]
    areas: Mapping[str, str]  # unit → area: an item's code is its area's own
    items: Mapping[tuple[str, str], str]

    @classmethod
    def read(cls, conn: Connection) -> Self:
        """All of them, as they are now."""
        units = conn.execute(select(t.units.c.id, t.units.c.name, t.units.c.area)).all()
        people = conn.execute(select(t.users.c.name, t.users.c.display_name))
        items = conn.execute(select(t.items.c.area, t.items.c.code, t.items.c.name))
        return cls(
            people={row.name: row.display_name for row in people},
            units={row.id: row.name for row in units},
            areas={row.id: row.area for row in units},
            items={(row.area, row.code): row.name for row in items},
        )

    def person(self, name: str) -> str:
        """Who an actor is, the system's own included."""
        return self.people.get(name) or {"clock": "系统", "system": "系统"}.get(name, name)


@lru_cache(maxsize=32)
def elements(definitions: Definitions) -> Mapping[str, Element]:
    """The elements of a version by id."""
    return {element.id: element for element in definitions.elements()}


def entry(
    event: Event,
    payload: Mapping[str, Any] | None,
    definitions: Definitions,
    names: Names,
    shield: bool = False,
) -> Entry:
    """An event in words; `payload` None when there is none that this reader may read.

    `shield`: this reader may not know who called.
    """
    body = event.body
    return Entry(
        seq=event.seq,
        kind=event.kind,
        name=event.name,
        at=event.at,
        actor=event.actor,
        actor_name=names.person(event.actor),
        unit_name=names.units.get(event.unit, ""),
        sentence=_sentence(event.name, body, names),
        lines=tuple(dict.fromkeys(_lines(body, definitions, names))),
        answers=tuple(_answers(event, body, payload or {}, definitions, names, shield)),
        within=bool(body.get(spoken.WITHIN)),
        withheld=bool(event.commitment) and payload is None,
    )


def _sentence(name: str, body: Mapping[str, Any], names: Names) -> str:
    task = f"“{body.get('name', '')}”"
    match name:
        case "complete":
            return f"完成{task}"
        case "send":
            message = str(body.get("message", ""))
            return _MESSAGES.get(str(body.get("as")), f"收到消息“{message}”")
        case "call_again":
            return _MESSAGES[name]
        case "claim":
            taken = f"从{names.person(body['of'])}名下" if body.get("of") else ""
            return f"{taken}领取{task}"
        case "release":
            return f"{_taken(body, names)}放回{task}"
        case "hand_over":
            return f"{_taken(body, names)}把{task}移交给{names.person(body.get('to', ''))}"
        case "escalate":
            return f"{task}无人领取，第{body['level']}次提醒：{_told(body, names)}"
        case "draft":
            return f"保存{task}的草稿"
        case "comment":
            return "写下备注（仅本单位可见）" if body.get(spoken.WITHIN) else "写下备注"
        case "imported":
            return f"从{body['source']}导入，原编号{body['original']}"
        case "unmask":
            return "查看诉求人的完整信息"
        case "erase":
            return f"销毁工单内容的密钥，理由：{body.get('reason', '')}"
    return _STEPS.get(name, name)


def _told(body: Mapping[str, Any], names: Names) -> str:
    """Who was told, and in whose place."""
    people = "、".join(map(names.person, body["to"])) or "没有人可以提醒"
    if not body["instead"]:
        return people
    missing = f"第{body['rank']}顺位无人值班" if body["rank"] else "没有这个岗位的人"
    return f"{people}（{missing}）"


def _taken(body: Mapping[str, Any], names: Names) -> str:
    """For whom a leader acted, who had taken the task."""
    return f"替{names.person(body['of'])}" if body.get("of") else ""


def _lines(body: Mapping[str, Any], definitions: Definitions, names: Names) -> Iterator[str]:
    labels = forms.labels(definitions)
    drawn = elements(definitions)
    if "original" in body:
        yield from _brought_lines(body, labels, names)
    dispatches = sum(one["name"] == "dispatched" for one in body.get("milestones", ()))
    for milestone in body.get("milestones", ()):
        name, values = milestone["name"], milestone["values"]
        said = definitions.milestones.get(name, name)
        if name == "dispatched" and values.get("unit"):
            said += f"至{names.units.get(values['unit'], values['unit'])}"
        # What was said on the form of this very step may not have reached the milestone's scope.
        said_by = _SAID.get(name, "")
        code = values.get(said_by) or body.get("routing", {}).get(said_by)
        if name == "dispatched" and not values.get("unit") and dispatches > 1:
            continue  # the round's own, told already with the units
        if name == "extended" and code:
            said += f"：{code}个工作日"
        elif code:
            said += f"：{labels.get((_SAID[name], code), code)}"
        if name == "merged" and values.get("main_ticket"):
            said += f"：并入工单{values['main_ticket']}"
        if name in ("unsigned", "overdue"):
            said += f"（期限{due_moment(datetime.fromisoformat(milestone['at']))}）"
        yield said
    yield from _passed_lines(body, drawn)
    yield from _due_lines(body, drawn, definitions.deadlines)
    for moved in body.get("moved", ()):
        label = definitions.deadlines.get(moved["deadline"], moved["deadline"])
        was, to = (due_moment(datetime.fromisoformat(moved[name])) for name in ("from", "to"))
        if was != to:
            yield f"{label}由{was}改为{to}"
        elif moved["was_provisional"] and not moved["provisional"]:
            yield f"{label}仍为{to}，不再是暂定"
        else:
            yield f"{label}仍为{to}，计算所依据的日历已更新"
    for message in body.get("messages", ()):
        element = drawn.get(message["element"])
        yield f"发出消息：{element.name if element and element.name else message['topic']}"
    if body.get("ended"):
        yield "流程结束"


def _brought_lines(
    body: Mapping[str, Any], labels: Mapping[tuple[str, str], str], names: Names
) -> Iterator[str]:
    """What another platform said of a ticket that came from there, as its word."""
    yield f"原平台受理时间：{moment(datetime.fromisoformat(body['received']))}"
    if body["state"] == "open":
        yield "原平台未办结，在本系统从导入时起办理并计算期限"
    else:
        yield "原平台已办结，只作为历史工单保存，没有在本系统办理"
    if body.get("closed"):
        yield f"原平台办结时间：{moment(datetime.fromisoformat(body['closed']))}"
    if body.get("unit"):
        yield f"原平台办理单位：{names.units.get(body['unit'], body['unit'])}"
    for key, word in (("outcome", "办理结果"), ("rating", "满意度")):
        if body.get(key):
            yield f"原平台{word}：{labels.get((key, body[key]), body[key])}"


def _passed_lines(body: Mapping[str, Any], drawn: Mapping[str, Element]) -> Iterator[str]:
    """The due times that a sweep found passed, and the rights that ended with them."""
    for walked in body.get("walked", ()) if body.get("step") == "tick" else ():
        passed = drawn.get(walked["element"])
        if passed is None or passed.event != "timer":
            continue
        scope = passed.attached_to if passed.interrupting else ""
        over = [
            one.name
            for one in drawn.values()
            if scope in (one.id, one.scope) and scope and one.properties.get("optional") == "true"
        ]
        gone = f"，不能再办：{'、'.join(over)}" if over else ""
        if passed.name:
            yield f"{passed.name}{gone}"


def _due_lines(
    body: Mapping[str, Any], drawn: Mapping[str, Element], words: Mapping[str, str]
) -> Iterator[str]:
    """The due times that a step set: one line for an element, however many counts led to it."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for reading in body.get("readings", ()):
        element = drawn.get(reading["element"])
        if reading["kind"] == "due" and element is not None and element.deadline:
            found.setdefault(element.deadline, []).append(reading["answer"])
    for deadline, answers in found.items():
        # What is bounded by, or moved to, another count is due at the last of them.
        last = max(answers, key=lambda answer: datetime.fromisoformat(answer["due"]))
        due = due_moment(datetime.fromisoformat(last["due"]))
        days = f"{last['days']}个工作日，" if len({one["due"] for one in answers}) == 1 else ""
        mark = "，暂定" if last.get("provisional") else ""
        yield f"{words.get(deadline, deadline)}：{days}至{due}{mark}"


def _answers(
    event: Event,
    body: Mapping[str, Any],
    payload: Mapping[str, Any],
    definitions: Definitions,
    names: Names,
    shield: bool,
) -> Iterator[tuple[str, str]]:
    if "text" in payload:
        yield "备注" if event.name == "comment" else "来电内容", payload["text"]
    if "reason" in payload:
        yield "理由", payload["reason"]
    for kept in payload.get("kept", ()):
        yield kept["label"], _kept(kept, shield)
    path = body.get("form")
    if path is None or path not in definitions.files:
        return
    said = {**body.get("routing", {}), **payload.get("answers", {})}
    area = names.areas.get(event.unit, "")
    for field in forms.read(definitions, path).fields:
        value = said.get(field.key)
        if value is not None and value != []:
            hidden = shield and (field.card in cards.IDENTIFYING or field.reporter)
            yield field.label, cards.PROTECTED if hidden else _words(field, value, names, area)


def _kept(kept: Mapping[str, Any], shield: bool) -> str:
    """What another platform said beside; of what says who somebody is, the first sign."""
    text = str(kept["text"])
    if not kept["personal"]:
        return text
    return cards.PROTECTED if shield else f"{text[:1]}***"


def _words(field: Component, value: Any, names: Names, area: str) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dict):  # a file
        return str(value["name"])
    if isinstance(value, list):
        return "、".join(_words(field, one, names, area) for one in value)
    text = str(value)
    if field.card == "phone":
        return cards.masked(text)
    if field.source in ("units", "parties", "sections"):
        return names.units.get(text, text)
    if field.source == "items":
        return names.items.get((area, text), text)
    for option in field.options:
        if option.value == text:
            return option.label
    if field.type == "datetime" and "T" in text:
        at = datetime.fromisoformat(text)
        return f"{at.astimezone(ZONE) if at.tzinfo else at:%Y-%m-%d %H:%M}"
    return text
