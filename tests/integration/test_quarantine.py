"""Uploaded files are judged in a process of their own: one that never ends is a sentence."""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter
from unittest import mock

import pytest

from engine import quarantine
from engine.flow import DefinitionsRefused
from tests.broken.test_broken import SOUND


def endless_table() -> bytes:
    """Five hundred rules of hundreds of words each, all to be held against each other."""
    rules = "".join(
        f'<rule id="r{rule}"><inputEntry id="i{rule}"><text>'
        + ",".join(f'"{rule}_{word}"' for word in range(300))
        + f'</text></inputEntry><outputEntry id="o{rule}"><text>1</text></outputEntry></rule>'
        for rule in range(500)
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"><decision id="endless">'
        '<decisionTable id="t"><input id="i"><inputExpression id="e" typeRef="string">'
        '<text>kind</text></inputExpression></input><output id="o" name="limit" />'
        f"{rules}</decisionTable></decision></definitions>"
    ).encode()


def large_drawing() -> bytes:
    """Below five megabytes as a file, and hundreds as a tree."""
    return b"<definitions>" + b"<a/>" * 1_200_000 + b"</definitions>"


def test_what_is_found_sound_is_judged_once():
    assert quarantine.judge(SOUND) == []
    with mock.patch.object(subprocess, "Popen", side_effect=AssertionError):
        assert quarantine.judge(dict(reversed(SOUND.items()))) == []


def test_a_table_that_would_take_hours_is_a_sentence_after_the_time_it_is_given():
    began = perf_counter()
    files = {**SOUND, "bpmn/endless.dmn": endless_table()}
    (found,) = quarantine.judge(files, seconds=4)
    assert perf_counter() - began < 30
    assert found.rule == "time"
    assert found.file in {"bpmn", "bpmn/endless.dmn"}  # reading it, or looking at it
    assert found.sentence.startswith("检查了4秒还没有查完，已经停止。请看文件里")


def test_a_file_that_takes_more_memory_than_it_is_given_is_a_sentence_that_names_it():
    (found,) = quarantine.judge({**SOUND, "bpmn/large.bpmn": large_drawing()}, megabytes=120)
    assert (found.file, found.rule) == ("bpmn/large.bpmn", "memory")
    assert "超过120兆字节" in found.sentence
    # Where there is enough, it is read to its end.
    (found,) = quarantine.judge({**SOUND, "bpmn/large.bpmn": large_drawing()})
    assert found.sentence == "文件不是 BPMN 流程图，请用 Modeler 另存。"


def test_a_child_that_dies_is_a_sentence():
    dies = "import os; print('\"bpmn/x.bpmn\"', flush=True); os.abort()"
    command = [sys.executable, "-c", dies]
    started = subprocess.Popen
    with mock.patch.object(
        subprocess, "Popen", side_effect=lambda _, **more: started(command, **more)
    ):
        (found,) = quarantine.judge({"bpmn/x.bpmn": b"<x/>"})
    assert (found.file, found.rule) == ("bpmn/x.bpmn", "died")
    assert "意外停止（-6）" in found.sentence


def test_a_child_that_cannot_start_blames_no_file():
    broken = "import sys; sys.modules['engine.flow'] = None; from engine import quarantine as q; "
    command = [sys.executable, "-c", f"{broken} q._judge_here(1000)"]
    started = subprocess.Popen
    with mock.patch.object(
        subprocess,
        "Popen",
        side_effect=lambda _, **more: started(command, stderr=subprocess.DEVNULL, **more),
    ):
        (found,) = quarantine.judge({"bpmn/x.bpmn": b"<x/>"})
    assert found.rule == "not_started"
    assert found.sentence.startswith("检查程序不能启动（1），文件还没有读，不是文件的问题")


def test_the_child_knows_neither_database_nor_key(monkeypatch):
    monkeypatch.setenv("HOTLINE_DATABASE_URL", "postgresql://somebody:secret@nowhere/x")
    seen = {}
    started = subprocess.Popen

    def start(command, **more):
        seen.update(more["env"])
        return started(command, **more)

    with mock.patch.object(subprocess, "Popen", side_effect=start):
        quarantine.judge({**SOUND, "forms/more.form": SOUND["forms/do_work.form"]})
    assert seen
    assert not [name for name in seen if name.startswith("HOTLINE")]


def test_an_act_deploys_nothing_that_was_not_judged_to_the_end(store, now):
    from engine.acts import versions

    with (
        mock.patch.object(quarantine.judge, "__defaults__", ((), 0.01, 1000)),
        pytest.raises(DefinitionsRefused) as refused,
    ):
        versions.deploy(store, None, {**SOUND, "bpmn/e.dmn": endless_table()}, "试", now)
    assert [one.rule for one in refused.value.findings] == ["time"]
