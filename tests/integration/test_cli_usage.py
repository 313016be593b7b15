"""What the command line says to those who mistype, and what it needs no database for."""

from __future__ import annotations

import os
import re

import pytest

from engine.cli import COMMANDS, common, run, words
from engine.sentences import ROLES

WRONG = [
    ["nothing"],
    ["init", "--nothing"],
    ["init", "--tickets", "many"],
    ["init", "too", "much"],
    ["init", "--tickets"],
    ["verify"],
    ["verify", "20260930-00001", "--all"],
    ["show"],
    ["deploy"],
    ["check", "/nowhere/at/all"],
    ["check", "/etc/passwd"],
    ["check", "/etc"],
    ["calendar", "explain", "2026-13-01", "1"],
    ["calendar", "explain", "2026-09-30", "0"],
    ["calendar", "explain", "2090-01-01", "1"],
    ["calendar", "show", "1999"],
    ["calendar", "show", "2090"],
    ["simulate", "--from", "yesterday"],
    ["simulate", "--from", "0001-01-01"],
    ["simulate", "--from", "9999-12-31"],
    ["simulate", "--from", "2003-12-31"],
    ["simulate", "--days", "0"],
    ["simulate", "--days", "nan"],
    ["simulate", "--days", "inf"],
    ["sweep", "--interval", "nan"],
    ["sweep", "--interval", "inf"],
    ["user", "add", "", "张三", "city_centre", "officer"],
    ["user", "add", "zhang", "", "city_centre", "officer"],
    ["user", "add", "zhang", " \u3000", "city_centre", "officer"],
    ["user", "add", "zhang", "张\n三", "city_centre", "officer"],
    ["user", "add", "zhang", "张\x1b[2J三", "city_centre", "officer"],
    ["user", "add", "zhang", "\u202e张三", "city_centre", "officer"],
    ["user", "add", "zhang", "张" * 41, "city_centre", "officer"],
    ["user", "add", "zh\x00ang", "张三", "city_centre", "officer"],
    ["user", "add", "zhang", "张三", "", "officer"],
    ["user"],
    ["user", "list", "--role", "king"],
    ["serve", "--port", "70000"],
]


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch, home):
    for name in ("DATABASE_URL", "OWNER_DATABASE_URL", "KEY_FILE"):
        monkeypatch.delenv(f"HOTLINE_{name}", raising=False)
    monkeypatch.setenv("HOTLINE_HOME", str(home))


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_a_command_that_is_not_understood_is_answered_with_a_chinese_sentence(arguments, capsys):
    assert run(arguments) == 2
    said = capsys.readouterr().err
    assert re.search(r"[\u4e00-\u9fff]", said)
    assert "Error" not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["init", "某市"],
        ["init", "某市。"],
        ["versions", "某 市"],
        ["versions", "某) 市"],
        ["init", "--tickets", "多"],
        ["init", "--tickets", "多'少"],
        ["simulate", "--days", "三"],
        ["check", "某市"],
        ["user", "list", "--role", "王"],
        ["某市"],
        ["init", "--某市"],
        ["init", "--demo=某市"],
        ["user", "add", "zhang", "张\n三", "city_centre", "officer"],
    ],
    ids=" ".join,
)
def test_what_was_typed_in_chinese_does_not_bring_an_english_sentence(arguments, capsys):
    assert run(arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    options = {"--tickets", "--days", "--role", "--demo", "--help", "call_taker", words._account()}
    found = set(re.findall(r"[-\w]*[a-z][-\w]*", said, re.ASCII)) - options
    assert found <= {"hotline", arguments[0], "x", *arguments[:2], *ROLES}


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (["backup", "--keys"], "hotline backup --help"),
        (["backup", "--together=1"], "hotline backup --help"),
        (["user", "list", "--role"], "hotline user list --help"),
        (["nothing"], "hotline --help"),
    ],
    ids=str,
)
def test_whoever_mistypes_is_sent_to_the_help_of_that_command(arguments, place, capsys):
    assert run(arguments) == 2
    assert f"用法见 {place}。" in capsys.readouterr().err


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_a_chinese_description(command, capsys):
    assert run([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("用法：")
    for word in ("Usage", "Options", "Commands", "default", "required", "RANGE"):
        assert word not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["versions"],
        ["verify", "--all"],
        ["show", "20260930-00001"],
        ["sweep", "--once"],
        ["serve"],
        ["upgrade"],
        ["user", "list"],
        ["deploy", "--shipped", "--reason", "试"],
    ],
    ids=" ".join,
)
def test_without_a_database_commands_say_what_to_do_first(arguments, capsys):
    assert run(arguments) == 2
    assert "hotline init" in capsys.readouterr().err


def test_a_home_that_is_missing_is_said(monkeypatch, capsys):
    monkeypatch.setenv("HOTLINE_HOME", "/nowhere/at/all")
    assert run(["versions"]) == 2
    assert "HOTLINE_HOME" in capsys.readouterr().err


def test_a_due_time_is_explained_without_a_database(capsys):
    assert run(["calendar", "explain", "2026-09-30T16:20", "1"]) == 0
    told = capsys.readouterr()
    assert "2026年10月8日" in told.out
    assert "国庆节" in told.out
    assert "随程序附带的日历" in told.err


def test_how_far_it_is_is_said_now_and_then(monkeypatch):
    moment = 100.0
    monkeypatch.setattr(common.time, "monotonic", lambda: moment)
    watch, said = common.Stopwatch(), []
    for second in range(13):
        moment = 100.0 + second
        if watch.due():
            said.append(watch.seconds)
    assert said == [5.0, 10.0]


def test_a_pipe_is_not_waited_for_as_the_days_of_a_year(tmp_path, capsys):
    os.mkfifo(tmp_path / "year.csv")
    assert run(["calendar", "add", "2027", str(tmp_path / "year.csv"), "--document", "试"]) == 2
    assert "是管道或设备，不是普通文件" in capsys.readouterr().err


def test_the_days_of_a_year_are_shown_without_a_database(capsys):
    assert run(["calendar", "show", "2026"]) == 0
    assert "248 个工作日" in capsys.readouterr().out
    assert run(["calendar", "show", "2027"]) == 0
    assert "暂定" in capsys.readouterr().out
