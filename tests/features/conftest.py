"""The sentences that the stories are told in (Chinese Gherkin), and the other machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from pytest_bdd import given, parsers, then, when

from engine import milestones as known
from engine.flow import Definitions
from engine.flow.model import Refused
from engine.workdays import Calendar, Row, load_shipped, shipped, shipped_years
from tests.features.places import NAMES
from tests.features.story import (
    MESSAGES,
    ROOT,
    ZONE,
    Live,
    Story,
    instant,
    shipped_files,
)

SAID = re.compile(r'，"([^"]+)"(?:选|填)"([^"]*)"')
ALSO = r'(?P<said>(?:，"[^"]+"(?:选|填)"[^"]*")*)'
BY = r'(?:由"(?P<unit>[^"]+)")?'
OF = r'(?:"(?P<unit>[^"]+)"的?)?'
ROLES = {
    "话务员": "call_taker",
    "值班长": "duty_leader",
    "派单岗": "dispatcher",
    "审核岗": "reviewer",
    "回访岗": "follow_up",
    "归档岗": "archivist",
    "承办单位": "officer",
    "负责人": "leader",
    "主管部门": "supervisor",
}
FILES = shipped_files()


class _Elsewhere:
    def __init__(self, machine: subprocess.Popen[str]) -> None:
        self.machine = machine

    def take(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        assert self.machine.stdin is not None
        assert self.machine.stdout is not None
        self.machine.stdin.write(json.dumps(request) + "\n")
        self.machine.stdin.flush()
        answer: Mapping[str, Any] = json.loads(self.machine.stdout.readline())
        return answer


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[_Elsewhere]:
    """A process of another hash seed and another time zone than this one."""
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": "Pacific/Kiritimati"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.features.elsewhere"],
        cwd=ROOT,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as machine:
        yield _Elsewhere(machine)
        assert machine.stdin is not None
        machine.stdin.close()


@pytest.fixture(scope="session")
def worn() -> Definitions:
    """Definitions that every story of this process goes by, one after the other."""
    return Definitions.read(FILES)


@pytest.fixture
def story(worn: Definitions, elsewhere: _Elsewhere) -> Story:
    return Story(FILES, worn, shipped(), elsewhere)


def says(sentence: str) -> parsers.re:
    """A sentence with words in it: "{x}" is anything between quotes, {x} a word, {x:d} a number.

    {also} are further fields of a form, {by} and {of} a unit that may be named.
    """
    pattern = re.sub(r'"\{(\w+)\}"', r'"(?P<\1>[^"]*)"', sentence)
    pattern = re.sub(r"\{(\w+):d\}", r"(?P<\1>\\d+)", pattern)
    for name, part in (("also", ALSO), ("by", BY), ("of", OF)):
        pattern = pattern.replace(f"{{{name}}}", part)
    pattern = re.sub(r"\{([a-z]\w*)\}", r"(?P<\1>\\w+)", pattern)
    return parsers.re(pattern + "$")


def _words(text: str) -> list[str]:
    # One task is called 认定疑难、复杂.
    return re.split("、(?!复杂)", text) if text else []


# --- 假如、当 -------------------------------------------------------------------------------


@given(says('派单中心为"{centre}"'))
def dispatched_by(story: Story, centre: str) -> None:
    story.centre = centre


@given(says('"{at}"来电，诉求类型为"{kind}"{also}'))
@when(says('"{at}"来电，诉求类型为"{kind}"{also}'))
def a_call(story: Story, at: str, kind: str, said: str) -> None:
    story.call(instant(at), kind, dict(SAID.findall(said)))


@given(says('"{kind}"工单于"{at}"派发{also}'))
def dispatched(story: Story, kind: str, at: str, said: str) -> None:
    dispatched_to(story, kind, at, "市城管局", said)


@given(says('"{kind}"工单于"{at}"派发给"{to}"{also}'))
def dispatched_to(story: Story, kind: str, at: str, to: str, said: str) -> None:
    story.call(instant(at) - timedelta(minutes=5), kind, {})
    story.complete(instant(at), "派单", {"派给哪个单位（主办）": to, **dict(SAID.findall(said))})


@given(says('"{at}"{by}完成"{task}"{also}'))
@when(says('"{at}"{by}完成"{task}"{also}'))
def done(story: Story, at: str, task: str, said: str, unit: str | None = None) -> None:
    story.complete(instant(at), task, dict(SAID.findall(said)), unit or "")


@given(says('"{at}"{by}填报{also}'))
@when(says('"{at}"{by}填报{also}'))
def reported(story: Story, at: str, said: str, unit: str | None = None) -> None:
    """The officer drafts the reply and the leader approves it, in the same second."""
    done(story, at, "办理并答复", said, unit)
    done(story, at, "审批答复", "", unit)


@given(says('"{at}"签收、填报并审核通过{also}'))
@when(says('"{at}"签收、填报并审核通过{also}'))
def carried_out(story: Story, at: str, said: str) -> None:
    """All that is left for a unit and its centre to do when a matter is plain."""
    done(story, at, "签收", "")
    reported(story, at, said)
    done(story, at, "审核办理结果", "")


@given(says('"{at}"回访不满意，属于承办单位责任'))
@when(says('"{at}"回访不满意，属于承办单位责任'))
def dissatisfied(story: Story, at: str) -> None:
    """The caller is not satisfied, for no reason of Art. 27, and the unit is responsible."""
    said = '，"诉求人的评价"选"不满意"，"为什么不满意"选"问题没有解决"'
    done(story, at, "回访", said)
    done(story, at, "核实责任", '，"不满意是不是承办单位的责任"选"是"')


@given(says('"{at}"诉求人再次来电'))
@when(says('"{at}"诉求人再次来电'))
def called_again(story: Story, at: str) -> None:
    story.send(instant(at), "call_again", {})


@when(says('"{at}"诉求人再次来电，流程里没有人等'))
def called_in_vain(story: Story, at: str) -> None:
    """The act notes it as a fact of the ticket; no step is taken."""
    with pytest.raises(Refused, match=r"nobody_waits|ended"):
        story.send(instant(at), "call_again", {})


@when(says('"{at}"主工单办结，结果为"{outcome}"'))
def main_closed(story: Story, at: str, outcome: str) -> None:
    story.send(instant(at), "main_closed", {"outcome": OUTCOMES[outcome]})


@when(says('"{at}"主工单没有办结就结束了'))
def main_dropped(story: Story, at: str) -> None:
    story.send(instant(at), "main_dropped", {})


@given(says('时间到了"{at}"'))
@when(says('时间到了"{at}"'))
def time_passes(story: Story, at: str) -> None:
    story.wait(instant(at))


@when(says('"{at}"公布了{year:d}年放假安排，"{rest}"放假，"{work}"上班'))
def year_published(story: Story, at: str, year: str, rest: str, work: str) -> None:
    """The known years, and the new one with these days besides its weekends."""
    rows = [Row(_date(day), False, "放假", "国务院办公厅通知") for day in _words(rest)]
    rows += [Row(_date(day), True, "调休", "国务院办公厅通知") for day in _words(work)]
    rows = [*load_shipped(), *rows]
    story.revise(instant(at), Calendar.of(rows, {*shipped_years(), int(year)}, revision=1))


def _date(text: str) -> Any:
    return instant(f"{text} 00:00").astimezone(ZONE).date()


# --- 那么：谁有什么要办、可以办什么 --------------------------------------------------------


@then(says('{of}待办事项为"{names}"'))
def open_tasks(story: Story, names: str, unit: str | None = None) -> None:
    """Duties only, of everybody or of one unit."""
    assert story.names(unit or "", optional=False) == sorted(_words(names))


@then(says('待办事项为"{names}"，没有预警'))
def open_tasks_without_warning(story: Story, names: str) -> None:
    open_tasks(story, names)
    assert story.warnings() == set()


@then(says('待办事项为"{names}"，并有预警"{warnings}"'))
def open_tasks_and_warnings(story: Story, names: str, warnings: str) -> None:
    open_tasks(story, names)
    assert story.warnings() == set(_words(warnings))


@then(says('{of}可以办的事为"{names}"'))
def rights(story: Story, names: str, unit: str | None = None) -> None:
    assert story.names(unit or "", optional=True) == sorted(_words(names))


@then(says('{of}可以办的事有"{names}"'))
def rights_among(story: Story, names: str, unit: str | None = None) -> None:
    there = story.names(unit or "", optional=True)
    for name in _words(names):
        assert there.count(name) == 1, there


@then(says('{of}不能"{name}"'))
def no_right(story: Story, name: str, unit: str | None = None) -> None:
    assert name not in story.names(unit or "", optional=True)
    assert name not in story.names(unit or "", optional=False)


@then(says('"{task}"由"{unit}"的"{role}"办'))
def whose(story: Story, task: str, unit: str, role: str) -> None:
    assert story.task(task, unit).role == ROLES[role]


@then(says('完成"{before}"的人不能办"{task}"'))
def four_eyes(story: Story, before: str, task: str) -> None:
    names = {element.id: element.name for element in story.kept.elements()}
    assert before in {names[other] for other in story.task(task).other_than}


@then(says('办"{task}"时，"{label}"没有"{option}"这一项'))
def no_option(story: Story, task: str, label: str, option: str) -> None:
    options = story.options(task, label)
    assert options
    assert not [one for one in options if one.startswith(option)]


# --- 那么：时限 -----------------------------------------------------------------------------


@then(says('{of}{word}时限到"{at}"'))
def deadline(story: Story, word: str, at: str, unit: str | None = None) -> None:
    found = story.deadline(word, unit or "")
    assert found.due == instant(at)
    if unit is None and word in ("签收", "办理"):
        assert (found.article, found.leg) == ("第十四条", 1)


@then(says("{of}没有{word}时限"))
def no_deadline(story: Story, word: str, unit: str | None = None) -> None:
    assert story.deadlines(word, unit or "") == []


@then(says('{of}{word}时限为暂定，到"{at}"'))
def provisional(story: Story, word: str, at: str, unit: str | None = None) -> None:
    deadline(story, word, at, unit)
    assert story.deadline(word, unit or "").provisional


@then(says('{of}{word}时限不再暂定，到"{at}"'))
def no_longer_provisional(story: Story, word: str, at: str, unit: str | None = None) -> None:
    deadline(story, word, at, unit)
    assert not story.deadline(word, unit or "").provisional


@then(says('自"{start}"起第{days:d}个工作日到"{at}"'))
def counted(story: Story, start: str, days: str, at: str) -> None:
    """A limit that no step of the plain procedure has: asked of the calendar that it would ask."""
    due = Live(story.calendar).due(instant(start), int(days))
    assert due["due"] == instant(at).astimezone(ZONE).isoformat()


# --- 那么：发生过什么 -----------------------------------------------------------------------


@then("没有预警")
def no_warning(story: Story) -> None:
    assert story.warnings() == set()


@then(says('{of}预警有"{warnings}"'))
def warned(story: Story, warnings: str, unit: str | None = None) -> None:
    assert story.warnings(unit or "") == set(_words(warnings))


@then(says("{of}没有超期"))
def not_overdue(story: Story, unit: str | None = None) -> None:
    assert story.first("超期", unit or "") is None
    assert "超期" not in story.warnings(unit or "")


@then(says('{of}没有"{word}"'))
def never(story: Story, word: str, unit: str | None = None) -> None:
    assert word in {milestone.word for milestone in known.MILESTONES.values()}
    assert story.first(word, unit or "") is None


@then(says('{of}{word}，自"{at}"起'))
def since(story: Story, word: str, at: str, unit: str | None = None) -> None:
    found = story.first(word, unit or "")
    assert found is not None
    assert found.at == instant(at)
    if unit is None:
        assert found.leg == 1


@then(says('{of}{word}的时间为"{at}"'))
def last_time(story: Story, word: str, at: str, unit: str | None = None) -> None:
    """The last one counts: of several reports, the one that was accepted."""
    assert story.reached(word, unit or "")[-1].at == instant(at)


@then(says('{of}经过为"{words}"'))
def passed(story: Story, words: str, unit: str | None = None) -> None:
    found = [m for m in story.milestones if unit in (None, story.unit_of(m.leg))]
    assert [known.word(m.name) for m in found] == _words(words)


@then(says('后来的经过为"{words}"'))
def passed_last(story: Story, words: str) -> None:
    found = [known.word(m.name) for m in story.milestones]
    assert found[-len(_words(words)) :] == _words(words)


@then(says('"{unit}"的派发作废'))
def void(story: Story, unit: str) -> None:
    """The last leg that was sent to the unit."""
    assert story.void(unit)[-1]


@then(says('"{unit}"的派发没有作废'))
def not_void(story: Story, unit: str) -> None:
    assert not story.void(unit)[-1]


@then(says("已给诉求人发出受理短信{times:d}次"))
def acceptance_sms(story: Story, times: str) -> None:
    sent(story, "受理短信", times)


@then(says('已发出"{message}"{times:d}次'))
def sent(story: Story, message: str, times: str) -> None:
    topic = next(topic for topic, word in MESSAGES.items() if word == message)
    assert sum(m.topic == topic for m in story.messages) == int(times)


@then(says('被举报单位为"{unit}"，举报人{whether}'))
def reported_unit(story: Story, unit: str, whether: str) -> None:
    """What keeps the unit from the ticket, and the reporter from units, after the last step."""
    assert story.step is not None
    assert NAMES[story.step.values["about_unit"]] == unit
    assert story.step.values["protected"] is (whether == "受保护")


OUTCOMES = {"已办理完毕": "done", "无依据": "no_basis", "即时答复": "answered"}
OUTCOMES |= {"撤销": "withdrawn", "并单": "merged"}


@then(says('办结结果为"{outcome}"'))
def outcome(story: Story, outcome: str) -> None:
    """Of the ticket, or of the leg while the ticket is not closed; the last time that it was."""
    assert story.reached("办结")[-1].values["outcome"] == OUTCOMES[outcome]


@then(says('评价为"{rating}"'))
def rated(story: Story, rating: str) -> None:
    words = ("very_satisfied", "satisfied", "basically_satisfied")
    words += ("dissatisfied", "very_dissatisfied")
    said = ("非常满意", "满意", "基本满意", "不满意", "非常不满意")
    assert story.reached("评价")[-1].values["rating"] == dict(zip(said, words, strict=True))[rating]


@then("没有评价")
def not_rated(story: Story) -> None:
    assert story.first("评价") is None


REASONS = {"超期": "overdue", "不满意": "dissatisfied"}


@then(says('督办台账为"{lines}"'))
def ledger(story: Story, lines: str) -> None:
    """One line an entry: the unit, and why."""
    entered = [(NAMES[m.values["unit"]], m.values["reason"]) for m in story.reached("列入督办台账")]
    assert entered == [
        (u, REASONS[why]) for u, _, why in (w.partition("：") for w in _words(lines))
    ]


@then("工单已经结束")
def ended(story: Story) -> None:
    assert story.step is not None
    assert story.step.ended
    assert (list(story.tasks), list(story.timers)) == ([], [])
