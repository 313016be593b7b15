"""show, verify, replay, erase: what a record is worth when somebody has been at the database."""

from __future__ import annotations

import os
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pysqlite3 import dbapi2

from engine import settings as settings_of
from engine.acts import announcements, people
from engine.read import announcements as reading
from engine.read import ticket
from engine.store import Store
from tests.commands import hotline

AT = ("--from", "2026-09-21", "--days", 25, "--tickets", 8, "--seed", 3)


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    """A home with a few tickets under way and ended."""
    home = tmp_path_factory.mktemp("records")
    (home / "var").mkdir()
    hotline(home, "simulate", *AT, HOTLINE_DATABASE_URL=f"sqlite:///{home}/var/hotline.db")
    return home


@pytest.fixture
def city(original, tmp_path) -> Path:
    """A copy of it, to be tampered with."""
    shutil.copytree(original, tmp_path / "city")
    return tmp_path / "city"


def sql(home: Path, *statements: str) -> list[tuple]:
    """Somebody who has the file and knows SQL; the rows of the last statement."""
    conn = dbapi2.connect(str(home / "var/hotline.db"))
    try:
        for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            conn.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            rows = conn.execute(statement).fetchall()
        conn.commit()
        return rows
    finally:
        conn.close()


def longest(home: Path) -> str:
    """The number of the ticket with the most events."""
    return sql(home, "SELECT number FROM tickets ORDER BY seq DESC, id LIMIT 1")[0][0]


def test_a_ticket_is_told_in_words_and_its_record_holds(city):
    number = longest(city)
    done = hotline(city, "show", number)
    assert "记录链完整" in done.stdout
    assert "重演结果一致" in done.stdout
    for word in (number, "派单中心", "签收期限", "经过"):
        assert word in done.stdout
    hotline(city, "verify", number)


@pytest.mark.parametrize(
    "change",
    [
        'UPDATE events SET body = replace(body, \'"lead_unit":"\', \'"lead_unit":"x\') '
        "WHERE chain = '{}' AND seq = {}",
        "UPDATE events SET at = '2026-09-21T00:00:00.000000Z' WHERE chain = '{}' AND seq = {}",
        "UPDATE events SET actor = 'somebody' WHERE chain = '{}' AND seq = {}",
        "UPDATE events SET body = 'no json' WHERE chain = '{}' AND seq = {}",
        "UPDATE events SET at = 'never' WHERE chain = '{}' AND seq = {}",
        "DELETE FROM payloads "
        "WHERE event = (SELECT id FROM events WHERE chain = '{}' AND seq = {})",
        "UPDATE payloads SET content = zeroblob(80) "
        "WHERE event = (SELECT id FROM events WHERE chain = '{}' AND seq = {})",
    ],
    ids=["answer", "time", "actor", "no-json", "no-time", "payload-gone", "payload-changed"],
)
def test_an_event_changed_by_sql_is_named(city, change):
    number = longest(city)
    # the second event of a ticket is the answer of its dispatcher
    sql(city, change.format(number, 2))
    for command in ("show", "verify"):
        done = hotline(city, command, number, code=1)
        assert "第 2 个事件" in done.stdout, done.stdout
    done = hotline(city, "verify", "--all", code=1)
    assert len(re.findall(r"个事件", done.stdout)) == 1
    assert number in done.stdout
    others = [n for (n,) in sql(city, "SELECT number FROM tickets") if n != number]
    hotline(city, "show", others[0])


def test_what_was_done_to_the_system_is_told_in_words(city):
    roles = ("call_taker", "dispatcher")
    hotline(city, "user", "add", "xin", "辛然", "sr-centre", *roles, SUDO_USER="li")
    why = ("--reason", "忘记口令")
    hotline(city, "user", "reset-password", "xin", *why, SUDO_USER="root")
    lines = hotline(city, "log").stdout.splitlines()
    assert [re.sub(r"^ +\d+  [-\d]+ [:\d]+  ", "", line) for line in lines[-2:]] == [
        "添加人员辛然（xin），单位上饶市12345政务服务便民热线中心，岗位话务员、派单员（命令行 li）",
        "重设辛然（xin）的口令，理由：忘记口令（命令行 root）",
    ]
    assert any("部署流程版本" in line for line in lines)
    last = hotline(city, "log", "--last", 1)
    assert last.stdout.splitlines() == lines[-1:]
    assert f"前面还有 {len(lines) - 1} 条没有列出" in last.stderr
    assert "没有记录" in hotline(city, "log", "--from", "2100-01-01").stderr
    assert "应为日期" in hotline(city, "log", "--from", "昨天", code=2).stderr


def test_what_was_changed_in_the_system_chain_is_not_told_as_what_happened(city):
    sql(city, "UPDATE events SET actor = 'nobody' WHERE chain = 'system' AND name = 'deploy'")
    done = hotline(city, "log", code=1)
    assert re.fullmatch(r"不符：第 \d+ 个事件被改动过.*\n", done.stdout)


def test_rows_that_do_not_follow_from_the_system_chain_are_named_beside_it(city):
    sql(city, "UPDATE users SET active = 0 WHERE name = (SELECT min(name) FROM users)")
    done = hotline(city, "log", code=1)
    assert done.stdout.startswith("不符：人员")
    assert "部署流程版本" in done.stdout


def test_an_event_cut_off_or_out_is_named(city):
    number = longest(city)
    (seq,) = sql(city, f"SELECT seq FROM tickets WHERE number = '{number}'")[0]
    where = f"chain = '{number}' AND seq = {seq}"
    sql(
        city,
        f"DELETE FROM payloads WHERE event IN (SELECT id FROM events WHERE {where})",
        f"DELETE FROM events WHERE {where}",
    )
    assert f"第 {seq} 个事件" in hotline(city, "show", number, code=1).stdout


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tasks SET unit = 'gf-cg' WHERE ticket = (SELECT id FROM tickets WHERE number='{}')",
        "DELETE FROM tasks WHERE ticket = (SELECT id FROM tickets WHERE number='{}')",
        "DELETE FROM timers WHERE ticket = (SELECT id FROM tickets WHERE number='{}')",
        "UPDATE states SET blob = zeroblob(9) "
        "WHERE ticket = (SELECT id FROM tickets WHERE number='{}')",
        "UPDATE legs SET due = '2027-01-01T00:00:00.000000Z' "
        "WHERE ticket = (SELECT id FROM tickets WHERE number='{}')",
    ],
    ids=["task-moved", "task-gone", "timer-gone", "state-gone", "due-moved"],
)
def test_rows_that_do_not_follow_from_the_log_are_noticed(city, change):
    number = sql(
        city,
        "SELECT t.number FROM tickets t JOIN timers r ON r.ticket = t.id "
        "JOIN tasks k ON k.ticket = t.id JOIN legs l ON l.ticket = t.id LIMIT 1",
    )[0][0]
    sql(city, change.format(number))
    done = hotline(city, "show", number, code=1)
    assert re.search(r"不符：.*[\u4e00-\u9fff]", done.stdout)


def test_a_ticket_whose_key_is_erased_still_verifies_and_its_content_is_gone(city, now):
    number, area = sql(city, "SELECT number, area FROM tickets WHERE ended_at IS NOT NULL LIMIT 1")[
        0
    ]
    told = content(city, number, f"{area}.zb1", now)
    assert len(told) > 10
    erase = ("erase", number, "--reason", "依申请删除个人信息", "--yes")
    assert "缺少" in hotline(city, *erase, code=2).stderr
    hotline(city, *erase, "--as", f"{area}.hw1", code=1)
    assert content(city, number, f"{area}.zb1", now) == told
    hotline(city, *erase, "--as", f"{area}.db1")
    after = hotline(city, "show", number)
    assert "记录链完整" in after.stdout
    assert "依规销毁" in after.stdout
    left = content(city, number, f"{area}.zb1", now)
    assert left < told | {""}  # what routed the ticket, such as its type, stays
    assert not [text for text in left if len(text) > 20]
    hotline(city, "verify", "--all")
    hotline(city, *erase, "--as", f"{area}.db1", code=1)


def test_what_callers_said_about_an_announcement_is_erased_and_the_announcement_stays(city, now):
    with Store.open(settings_of.read({"HOTLINE_HOME": str(city)})) as store:
        area = people.load(store, "lc").area
        writer, taker = (people.load(store, f"{area}.{name}") for name in ("zb1", "hw1"))
        words = announcements.Words(
            "water", "停水", "滨江路", "六点来水。", "0793", now, now + timedelta(hours=8)
        )
        number = announcements.write(store, writer, words, now, "written")
        announcements.link(store, taker, number, "13812341234", "几点来水？", "phone", now, "told")
        announcements.end(store, writer, number, now, "over")
    erase = ("erase", number, "--reason", "依申请删除个人信息", "--yes")
    assert "公告" in hotline(city, *erase, "--as", f"{area}.db1").stdout
    with Store.open(settings_of.read({"HOTLINE_HOME": str(city)})) as store:
        found = reading.page(store, people.load(store, f"{area}.zb1"), number, now)
    assert [(call.phone, call.text) for call in found.calls] == [("", "")]
    assert found.announcement.script == "六点来水。"
    hotline(city, "verify", "--all")


def content(home: Path, number: str, name: str, now: datetime) -> set[str]:
    """All that was said of a ticket, as somebody who may read it sees it."""
    with Store.open(settings_of.read({"HOTLINE_HOME": str(home)})) as store:
        page = ticket.page(store, people.load(store, name), number, now)
    return {page.card.title, page.card.place} | {
        value for entry in page.history for _, value in entry.answers
    }


def test_a_ticket_that_is_not_there_is_said(city):
    for command in ("show", "verify", "replay"):
        done = hotline(city, command, "20010101-00001", code=None)
        assert done.returncode in (1, 2)
        assert "20010101-00001" in done.stdout + done.stderr


# --- a database or a key that does not fit ------------------------------------------------------


def test_a_key_that_is_missing_wrong_or_open_is_said_and_never_replaced(city):
    key = city / "var/keys/master.key"
    good = key.read_bytes()
    key.chmod(0o644)
    assert "chmod 600" in hotline(city, "verify", "--all", code=2).stderr
    key.unlink()
    for command in (["verify", "--all"], ["init"], ["serve"], ["sweep", "--once"]):
        assert "主密钥" in hotline(city, *command, code=2).stderr
    assert not key.exists()
    key.touch(0o600)
    key.write_text(os.urandom(32).hex())
    other = key.read_bytes()
    assert "不符" in hotline(city, "show", longest(city), code=2).stderr
    assert key.read_bytes() == other
    key.write_bytes(good)
    hotline(city, "verify", "--all")


def test_a_database_that_is_older_newer_locked_or_none_is_said(city):
    (revision,) = sql(city, "SELECT version_num FROM alembic_version")[0]
    sql(city, "UPDATE alembic_version SET version_num = 'ffff'")
    assert "新" in hotline(city, "versions", code=2).stderr
    assert "新" in hotline(city, "upgrade", code=2).stderr
    sql(city, f"UPDATE alembic_version SET version_num = '{revision}'")
    hotline(city, "versions")
    file = city / "var/hotline.db"
    file.write_bytes(b"no database" * 1000)
    assert "不是数据库" in hotline(city, "versions", code=2).stderr
    file.unlink()
    assert "hotline init" in hotline(city, "versions", code=2).stderr
    url = "postgresql://nobody@127.0.0.1:9/nothing"
    assert "数据库" in hotline(city, "versions", code=2, HOTLINE_DATABASE_URL=url).stderr
    url = "mysql://nobody@127.0.0.1/nothing"
    said = hotline(city, "versions", code=2, HOTLINE_DATABASE_URL=url).stderr
    assert "HOTLINE_DATABASE_URL" in said


def test_a_ticket_whose_row_or_everything_was_deleted_is_missed(city):
    number = longest(city)
    mine = f"(SELECT id FROM tickets WHERE number = '{number}')"
    others = [
        "states",
        "tasks",
        "timers",
        "legs",
        "deadlines",
        "outbox",
        "ticket_keys",
        "drafts",
        "requests",
    ]
    sql(
        city,
        *(f"DELETE FROM {table} WHERE ticket = {mine}" for table in others),
        f"DELETE FROM tickets WHERE number = '{number}'",
    )
    assert number in hotline(city, "verify", "--all", code=1).stdout
    events = f"(SELECT id FROM events WHERE chain = '{number}')"
    sql(
        city,
        f"DELETE FROM payloads WHERE event IN {events}",
        f"DELETE FROM events WHERE chain = '{number}'",
    )
    for words in (("--all",), (number,)):
        assert number in hotline(city, "verify", *words, code=1).stdout
