"""init, upgrade, user, calendar add, sweep, serve: from an empty folder to a page."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from unittest import mock

import click
import pytest

from engine import access
from engine import settings as settings_of
from engine.acts import people
from engine.errors import Trouble
from engine.record import SYSTEM
from engine.sentences import ROLES
from engine.store import Store, log
from tests.commands import copied, environment, hotline, with_sign_limit


def open_at(home: Path) -> Store:
    return Store.open(settings_of.read({"HOTLINE_HOME": str(home)}))


@pytest.fixture(scope="module")
def _inited(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("inited")
    hotline(home, "init")
    return home


@pytest.fixture
def inited(_inited, home) -> Path:
    """A home in which `hotline init` has been run."""
    shutil.copytree(_inited / "var", home / "var")
    return home


def test_init_makes_what_is_needed_and_prints_the_password_once(home, now):
    done = hotline(home, "init", "--name", "景德镇市")
    password = re.search(r"口令：(\S+)（", done.stdout)
    assert password is not None
    assert (home / "var/keys/master.key").stat().st_mode & 0o777 == 0o600
    assert (home / "var/hotline.db").stat().st_mode & 0o777 == 0o600
    with open_at(home) as store:
        signed = people.sign_in(store, "admin", password[1], now)
        assert signed.must_change
        assert signed.user.roles == {"administrator"}
        with store.read() as conn:
            assert store.current_version(conn, now.replace(year=2100)) == 1
            assert 2026 in store.calendar(conn).published
    assert "景德镇市" in hotline(home, "user", "list").stdout
    again = hotline(home, "init", code=1)
    assert "没有改动" in again.stderr
    assert password[1] not in again.stdout + again.stderr
    hotline(home, "verify", "--all")
    assert "不用升级" in hotline(home, "upgrade").stdout


def test_an_init_that_was_interrupted_goes_on(home):
    Store.create(settings_of.read({"HOTLINE_HOME": str(home)})).close()
    assert "口令" in hotline(home, "init").stdout


def test_init_on_postgresql_keeps_the_applications_role_from_the_log(bare_postgresql):
    settings = bare_postgresql
    names = ("HOTLINE_DATABASE_URL", "HOTLINE_OWNER_DATABASE_URL")
    address = {name: settings.environment()[name] for name in names}
    done = hotline(settings.home, "init", **address)
    assert "口令" in done.stdout
    assert not (settings.home / "var/hotline.db").exists()
    only = {names[0]: address[names[0]]}
    assert hotline(settings.home, "versions", **only).stderr == ""


def test_a_demo_city_prints_whom_to_sign_in_as(home, now):
    done = hotline(home, "init", "--demo", "--tickets", 3)
    password = re.search(r"口令都是 (\S+)", done.stdout)
    assert password is not None
    for role in ("话务员", "派单员", "承办人", "审核员", "回访员", "归档员", "管理员"):
        line = re.search(rf"^{role} +(\S+)", done.stdout, re.M)
        assert line is not None
        with open_at(home) as store:
            assert not people.sign_in(store, line[1], password[1], now).must_change
    hotline(home, "verify", "--all")


def test_accounts_from_the_command_line(inited, now):
    add = ("user", "add", "li.si", "李四", "sr-centre", "call_taker", "dispatcher")
    first = re.search(r"口令：(\S+)（", hotline(inited, *add).stdout)
    assert "已被使用" in hotline(inited, *add, code=1).stderr
    why = ("--reason", "忘记口令")
    told = hotline(inited, "user", "reset-password", "li.si", *why, SUDO_USER="zhang").stdout
    reset = re.search(r"口令：(\S+)（", told)
    assert first is not None
    assert reset is not None
    with open_at(inited) as store:
        with pytest.raises(Trouble):
            people.sign_in(store, "li.si", first[1], now)
        assert people.sign_in(store, "li.si", reset[1], now).user.display_name == "李四"
        with store.read() as conn:
            facts = log.read_events(conn, SYSTEM)
    (fact,) = [fact for fact in facts if fact.name == "reset_password"]
    assert (fact.body["operator"], fact.body["reason"]) == ("zhang", "忘记口令")
    listed = hotline(inited, "user", "list", "--role", "dispatcher").stdout
    assert "话务员、派单员" in listed
    assert "admin" not in listed
    for wrong in (
        ["add", "wang", "王五", "nowhere", "call_taker"],
        ["add", "wang", "王五", "sr-centre", "king"],
        ["add", "王五", "王五", "sr-centre", "call_taker"],
        ["add", "system", "王五", "sr-centre", "call_taker"],
        ["reset-password", "nobody", *why],
        ["reset-password", "li.si", "--as", "li.si", *why],
        ["unlock", "li.si", *why],
    ):
        assert re.search(r"[\u4e00-\u9fff]", hotline(inited, "user", *wrong, code=1).stderr)


def test_whoever_does_not_know_an_id_or_a_code_is_told_them(inited):
    listed = hotline(inited, "units").stdout
    (centre,) = re.findall(r"^sr +上饶市 +(\S+) +\S+ +热线中心 .*1$", listed, re.M)
    (other,) = re.findall(r"^sr +上饶市 +(\S+) +\S+ +主管部门 .*0$", listed, re.M)
    wrong = hotline(inited, "user", "add", "li", "李四", "nowhere", "officer", code=1).stderr
    assert "hotline units" in wrong
    wrong = hotline(inited, "user", "add", "li", "李四", centre, "king", code=1).stderr
    helped = hotline(inited, "user", "add", "--help").stdout
    for code in access.ROLES:
        assert f"{code}（{ROLES[code]}）" in wrong
        assert code in helped
    hotline(inited, "user", "add", "li", "李四", other, "supervisor")
    assert re.search(rf"{other} .*1$", hotline(inited, "units").stdout, re.M)


REGISTER = """登记,编号,名称,地区,类别,上级
地区,gf,广丰区,sr,县,sr
单位,gf-authority,广丰区政务局,gf,主管部门,
单位,gf-centre,广丰区热线中心,gf,热线中心,gf-authority
单位,sr-water,市水务局,sr,部门,
事项,W1,城市供水,sr,,sr-water
"""


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_city_registers_its_units_and_items_from_a_sheet(inited, tmp_path, encoding):
    sheet = tmp_path / "单位.csv"
    sheet.write_text(REGISTER, encoding)
    for _ in range(2):  # what is known is changed, and nothing is there twice
        told = hotline(inited, "units", "--add", str(sheet), SUDO_USER="zhang").stdout
        assert "已登记地区 1 个、单位 3 个、事项 1 项。" in told
    assert told.count("sr-water") == 1
    hotline(inited, "user", "add", "li", "李四", "sr-water", "officer")
    with open_at(inited) as store, store.read() as conn:
        facts = [fact for fact in log.read_events(conn, SYSTEM) if fact.name == "add_places"]
    assert [fact.body.get("operator") for fact in facts[1:]] == ["zhang", "zhang"]


def test_a_wrong_row_is_named_and_nothing_is_registered(inited, tmp_path):
    sheet = tmp_path / "单位.csv"
    before = hotline(inited, "units").stdout
    for row, said in (
        ("单位,new,新单位,sr,局,", "第 7 行：单位的类别写"),
        ("单位,new,新单位,,部门,", "要写地区编号"),
        ("地区,new,新区,,镇,sr", "地区的类别写 市 或 县"),
        ("事项,W2,排水,sr,,", "承办单位的编号"),
        ("人员,new,新人,sr,,", "地区、单位 或 事项"),
        ("单位,新,新单位,sr,部门,", "只能用英文字母"),
        ("单位,new,,sr,部门,", "编号和名称都要写"),
        ("单位,new,新单位,nowhere,部门,", "nowhere"),
        ("事项,W2,排水,sr,,nowhere", "nowhere"),
    ):
        sheet.write_text(REGISTER + row + "\n", "utf-8")
        assert said in hotline(inited, "units", "--add", str(sheet), code=1).stderr, row
    assert hotline(inited, "units").stdout == before
    sheet.write_text("编号,名称\n", "utf-8")
    assert "缺少这些列" in hotline(inited, "units", "--add", str(sheet), code=1).stderr


def test_the_roles_of_a_person_are_changed_at_the_command_line(inited, now):
    hotline(inited, "user", "add", "li", "李四", "sr-centre", "call_taker", SUDO_USER="zhang")
    given = ("user", "roles", "li", "dispatcher", "reviewer")
    assert "派单员、审核员" in hotline(inited, *given, SUDO_USER="zhang").stdout
    with open_at(inited) as store:
        assert people.load(store, "li").roles == {"dispatcher", "reviewer"}
        with store.read() as conn:
            facts = {fact.name: fact.body for fact in log.read_events(conn, SYSTEM)}
    assert facts["set_roles"]["operator"] == "zhang"
    assert "king" in hotline(inited, "user", "roles", "li", "king", code=1).stderr
    assert "nobody" in hotline(inited, "user", "roles", "nobody", "officer", code=1).stderr
    hotline(inited, "user", "roles", "li", code=2)
    hotline(inited, "user", "roles", "li", "officer", "--as", "li", code=1)
    hotline(inited, "verify", "--all")


def test_who_was_at_the_computer_is_on_record_for_whatever_changes_the_rules(inited, tmp_path):
    (tmp_path / "year.csv").write_text(YEAR, "utf-8")
    place = copied(tmp_path)
    with_sign_limit(place, 2)
    told = ("--document", "国办发明电〔2026〕0号（测试）")
    by = {"SUDO_USER": "zhang"}
    hotline(inited, "deploy", place, "--reason", "放宽", **by)
    hotline(inited, "calendar", "add", 2027, tmp_path / "year.csv", *told, **by)
    hotline(inited, "user", "add", "li", "李四", "sr-centre", "process_owner", **by)
    lines = hotline(inited, "log").stdout.splitlines()
    for said in ("放宽", "公布2027年的工作日安排", "添加人员李四"):
        (line,) = (line for line in lines if said in line)
        assert "命令行 zhang" in line
    assert "命令行 zhang" in hotline(inited, "versions").stdout.splitlines()[1]
    with_sign_limit(place, 3)
    hotline(inited, "deploy", place, "--reason", "再放宽", "--as", "li", **by)
    newest = hotline(inited, "versions").stdout.splitlines()[1]
    assert " li " in newest
    assert "zhang" not in newest
    hotline(inited, "verify", "--all")


def test_the_first_administrator_comes_back_in_without_the_password(inited, at):
    """No network, no old password, and locked out by guesses of one's own."""
    then = at("2090-09-29 10:00")  # after any day on which this runs: the lock still holds
    with open_at(inited) as store:
        for _ in range(5):
            with pytest.raises(Trouble):
                people.sign_in(store, "admin", "guessed-wrong", then)
    said = hotline(inited, "user", "unlock", "admin", "--reason", "口令输错").stdout
    assert "admin" in said
    done = hotline(inited, "user", "reset-password", "admin", "--reason", "交接时未移交口令")
    word = re.search(r"口令：(\S+)（", done.stdout)
    assert word is not None
    with open_at(inited) as store:
        assert people.sign_in(store, "admin", word[1], then).must_change
    hotline(inited, "verify", "--all")


FESTIVALS = "01-01 02-05 02-08 02-09 02-10 04-05 05-03 06-09 09-15 10-01 10-04 10-05"
YEAR = "date,is_workday,source,document\n" + "".join(
    f"2027-{day},0,放假,测试\n" for day in FESTIVALS.split()
)


def test_a_year_is_added_to_the_calendar(inited, tmp_path):
    year = ("calendar", "add", 2027)
    how = ("--document", "国办发明电〔2026〕0号（测试）")
    before = hotline(inited, "calendar", "explain", "2026-12-30", "5").stdout
    assert "暂定" in before
    bad = tmp_path / "bad.csv"
    bad.write_text("date,is_workday,source,document\n2027-13-01,0,元旦,试\n", "utf-8")
    assert "第2行" in hotline(inited, *year, bad, *how, code=1).stderr
    bad.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in hotline(inited, *year, bad, *how, code=2).stderr
    good = tmp_path / "good.csv"
    good.write_text(YEAR, "utf-8")
    assert "已生效" in hotline(inited, *year, good, *how).stdout
    after = hotline(inited, "calendar", "explain", "2026-12-30", "5").stdout
    assert "暂定" not in after
    assert "测试" in after
    assert "暂定" not in hotline(inited, "calendar", "show", 2027).stdout
    hotline(inited, "verify", "--all")


def test_a_sweep_is_run_once(home):
    hotline(home, "init", "--demo", "--tickets", 4)
    done = hotline(home, "sweep", "--once")
    assert re.search(r"失败 0 个；", done.stdout)


# --- serving ------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answer(port: int, path: str = "/healthz") -> int:
    """The status of a page, waiting until the server is up."""
    for _ in range(200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            time.sleep(0.1)
    pytest.fail("no answer")


def alive(group: int) -> list[str]:
    """The processes whose parent is `group`, or that one itself."""
    found = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [line for line in found if str(group) in line.split()[:2]]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_serve_with_sweep_answers_and_ends_with_all_its_children(inited, number):
    port = free_port()
    parent = subprocess.Popen(
        [sys.executable, "-m", "engine.cli", "serve", "--port", str(port), "--with-sweep"],
        env=environment(inited),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert answer(port) == 200
        children = [int(line.split()[0]) for line in alive(parent.pid)]
        assert len(children) == 3  # itself, the web, the sweep
        busy = hotline(inited, "serve", "--port", port, code=1)
        assert "--port" in busy.stderr
        parent.send_signal(number)
        assert parent.wait(30) == 0
        assert not any(alive(child) for child in children)
    finally:
        parent.kill()
        parent.communicate()


def served(home: Path, *arguments: object, **more: str) -> tuple[list[str], dict[str, str], str]:
    """What `hotline serve` becomes: its command line, environment, and what it said before."""
    with mock.patch("os.execve", side_effect=click.exceptions.Exit(0)) as become:
        said = hotline(home, "serve", "--port", free_port(), *arguments, **more).stderr
    (_, command, environ), _ = become.call_args
    return command, environ, said


def test_the_web_server_believes_nobody_and_keeps_no_connection_of_a_proxy(inited):
    command, _, said = served(inited)
    assert command[command.index("--forwarded-allow-ips") + 1] == ""
    assert command[command.index("--keep-alive") + 1] != "0"
    assert "HOTLINE_PROXIES" not in said
    command, _, said = served(inited, HOTLINE_PROXIES="1")
    assert command[command.index("--keep-alive") + 1] == "0"
    assert "HOTLINE_PROXIES" not in said
    _, _, said = served(inited, "--host", "::", HOTLINE_PROXIES="1")
    assert "防火墙" in said


def test_the_web_server_does_not_know_how_to_own_the_tables(bare_postgresql, tmp_path):
    told = bare_postgresql.environment()
    files = {}
    for name in ("HOTLINE_DATABASE_URL", "HOTLINE_OWNER_DATABASE_URL"):
        file = tmp_path / name
        file.touch(0o600)
        file.write_text(told[name])
        files[f"{name}_FILE"] = str(file)
    hotline(bare_postgresql.home, "init", **files)
    _, environ, _ = served(bare_postgresql.home, **files)
    assert {name for name in environ if name.startswith("HOTLINE_")} == {
        "HOTLINE_HOME",
        "HOTLINE_DATABASE_URL_FILE",
    }
    shown = hotline(bare_postgresql.home, "settings", **files).stdout
    assert f"文件 {files['HOTLINE_DATABASE_URL_FILE']}" in shown


def test_settings_are_shown_before_there_is_a_database_and_slips_are_named(home):
    shown = hotline(home, "settings", HOTLINE_TLS="1")
    assert re.search(r"^HOTLINE_TLS +1 +环境变量$", shown.stdout, re.M)
    assert re.search(r"^HOTLINE_PROXIES +0 +默认$", shown.stdout, re.M)
    assert "HOTLINE_PROXY" in hotline(home, "settings", HOTLINE_PROXY="1", code=1).stderr
    assert "HOTLINE_TLS" in hotline(home, "settings", HOTLINE_TLS="maybe", code=2).stderr


def test_when_one_of_the_two_ends_the_other_is_ended_too(inited):
    port = free_port()
    parent = subprocess.Popen(
        [sys.executable, "-m", "engine.cli", "serve", "--port", str(port), "--with-sweep"],
        env=environment(inited),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert answer(port) == 200
        sweep = next(line for line in alive(parent.pid) if line.endswith("sweep"))
        subprocess.run(["kill", sweep.split()[0]], check=True)
        assert parent.wait(30) == 1
        with pytest.raises(OSError, match=r"refused|拒绝"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)
    finally:
        parent.kill()
        parent.communicate()
