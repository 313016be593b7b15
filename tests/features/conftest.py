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

from engine.workdays import Calendar, Row, load_shipped, shipped, shipped_years
from tests.features.story import (
    MILESTONES,
    ROOT,
    UNITS,
    ZONE,
    Live,
    Story,
    instant,
    shipped_files,
)

SAID = re.compile(r'，"([^"]+)"(?:选|填)"([^"]*)"')
DONE = parsers.re(r'"(?P<at>[^"]+)"完成"(?P<task>[^"]+)"(?P<said>(?:，"[^"]+"(?:选|填)"[^"]*")*)$')
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


@pytest.fixture
def story(elsewhere: _Elsewhere) -> Story:
    return Story(FILES, shipped(), elsewhere)


def says(sentence: str) -> parsers.re:
    """A sentence with words in it: "{x}" is anything between quotes, {x} a word, {x:d} a number."""
    pattern = re.sub(r'"\{(\w+)\}"', r'"(?P<\1>[^"]*)"', sentence)
    pattern = re.sub(r"\{(\w+):d\}", r"(?P<\1>\\d+)", pattern)
    pattern = re.sub(r"(?<![\\\w])\{(\w+)\}", r"(?P<\1>\\w+)", pattern)
    return parsers.re(pattern + "$")


def _words(text: str) -> list[str]:
    return text.split("、") if text else []


# --- 假如、当 -------------------------------------------------------------------------------


@given(says('派单中心为"{centre}"'))
def dispatched_by(story: Story, centre: str) -> None:
    story.centre = centre


@given(says('"{at}"来电，诉求类型为"{kind}"'))
@when(says('"{at}"来电，诉求类型为"{kind}"'))
def a_call(story: Story, at: str, kind: str) -> None:
    story.call(instant(at), kind)


@given(says('"{kind}"工单于"{at}"派发'))
def dispatched(story: Story, kind: str, at: str) -> None:
    dispatched_to(story, kind, at, "市城管局")


@given(says('"{kind}"工单于"{at}"派发给"{unit}"'))
def dispatched_to(story: Story, kind: str, at: str, unit: str) -> None:
    story.call(instant(at) - timedelta(minutes=5), kind)
    story.complete(instant(at), "派单", {"派给哪个单位（主办）": unit})


@given(DONE)
@when(DONE)
def done(story: Story, at: str, task: str, said: str) -> None:
    story.complete(instant(at), task, dict(SAID.findall(said)))


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


# --- 那么 ----------------------------------------------------------------------------------


@then(says('待办事项为"{names}"'))
def open_tasks(story: Story, names: str) -> None:
    assert sorted(task.name for task in story.tasks) == sorted(_words(names))


@then(says('待办事项为"{names}"，没有预警'))
def open_tasks_without_warning(story: Story, names: str) -> None:
    open_tasks(story, names)
    assert story.warnings() == set()


@then(says('待办事项为"{names}"，并有预警"{warnings}"'))
def open_tasks_and_warnings(story: Story, names: str, warnings: str) -> None:
    open_tasks(story, names)
    assert story.warnings() == set(_words(warnings))


@then("没有预警")
def no_warning(story: Story) -> None:
    assert story.warnings() == set()


@then(says('预警有"{warnings}"'))
def warned(story: Story, warnings: str) -> None:
    assert story.warnings() == set(_words(warnings))


@then(says('"{task}"由"{unit}"的"{role}"办'))
def whose(story: Story, task: str, unit: str, role: str) -> None:
    roles = {"派单岗": "dispatcher", "承办单位": "officer", "审核岗": "reviewer"}
    roles |= {"回访岗": "follow_up", "归档岗": "archivist"}
    found = story.task(task)
    assert (found.unit, found.role) == (UNITS[unit], roles[role])


@then(says('{word}时限到"{at}"'))
def deadline(story: Story, word: str, at: str) -> None:
    found = story.deadline(word)
    assert found.due == instant(at)
    assert (found.article, found.leg) == ("第十四条", 1)


@then(says('{word}时限为暂定，到"{at}"'))
def provisional(story: Story, word: str, at: str) -> None:
    deadline(story, word, at)
    assert story.deadline(word).provisional


@then(says('{word}时限不再暂定，到"{at}"'))
def no_longer_provisional(story: Story, word: str, at: str) -> None:
    deadline(story, word, at)
    assert not story.deadline(word).provisional


@then(says('自"{start}"起第{days:d}个工作日到"{at}"'))
def counted(story: Story, start: str, days: str, at: str) -> None:
    """A limit that no step of the plain procedure has: asked of the calendar that it would ask."""
    due = Live(story.calendar).due(instant(start), int(days))
    assert due["due"] == instant(at).astimezone(ZONE).isoformat()


@then("没有超期")
def not_overdue(story: Story) -> None:
    assert story.first("超期") is None
    assert "超期" not in story.warnings()


@then(says('{word}，自"{at}"起'))
def since(story: Story, word: str, at: str) -> None:
    found = story.first(word)
    assert found is not None
    assert (found.at, found.leg) == (instant(at), 1)


@then(says('{word}的时间为"{at}"'))
def last_time(story: Story, word: str, at: str) -> None:
    """The last one counts: of several reports, the one that was accepted."""
    found = [m for m in story.milestones if MILESTONES[m.name] == word]
    assert found[-1].at == instant(at)


@then(says('经过为"{words}"'))
def passed(story: Story, words: str) -> None:
    assert [MILESTONES[m.name] for m in story.milestones] == _words(words)


@then(says("已给诉求人发出受理短信{times:d}次"))
def acceptance_sms(story: Story, times: str) -> None:
    assert sum(m.topic == "sms.accepted" for m in story.messages) == int(times)


@then(says('办结结果为"{outcome}"'))
def outcome(story: Story, outcome: str) -> None:
    found = story.first("办结")
    assert found is not None
    assert found.values["outcome"] == {"已办理完毕": "done", "无依据": "no_basis"}[outcome]


@then(says('评价为"{rating}"'))
def rated(story: Story, rating: str) -> None:
    words = ("very_satisfied", "satisfied", "basically_satisfied")
    words += ("dissatisfied", "very_dissatisfied")
    said = ("非常满意", "满意", "基本满意", "不满意", "非常不满意")
    found = story.first("评价")
    assert found is not None
    assert found.values["rating"] == dict(zip(said, words, strict=True))[rating]


@then("没有评价")
def not_rated(story: Story) -> None:
    assert story.first("评价") is None


@then("工单已经结束")
def ended(story: Story) -> None:
    assert story.step is not None
    assert story.step.ended
    assert (list(story.tasks), list(story.timers)) == ([], [])
