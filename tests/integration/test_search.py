"""Tickets found by what was said: by whom, with which words, and what is never found."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import delete, insert, select, text

from engine import settings as settings_of
from engine import terms
from engine.acts import indexing, keys, tickets, work
from engine.read import search
from engine.read.verify import verify
from engine.store import Store, tables
from engine.store import search as index
from engine.store import tickets as rows
from tests import servers
from tests.conftest import BACKENDS
from tests.integration import office
from tests.integration.office import Office

NOW = datetime(2026, 9, 30, 2, tzinfo=UTC)
TAKER, DISPATCHER = "sr-centre.call_taker1", "sr-centre.dispatcher1"
WATER, ROADS = "sr-water.officer1", "sr-roads.officer1"

LAMP = {
    "title": "信江路路灯不亮",
    "matter": "王女士反映信江中路万达广场3栋门口路灯坏了，联系13812345678，车牌赣E12345。",
    "place": "上饶市信州区信江中路",
    "caller": "王女士",
    "phone": "139 0793 1234",
}


def about(word: str, **more: str) -> dict[str, str]:
    """A call about something that no other test calls about."""
    return {name: said.replace("路灯", word) for name, said in LAMP.items()} | more


def found(city: Office, who: str, query: str, **more: Any) -> list[str]:
    """The numbers that a person finds."""
    hits = search.find(city.store, city.users[who], query, **more).hits
    return [hit.number for hit in hits]


@pytest.fixture(scope="module", params=BACKENDS)
def town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """A city for all tests that only call and look; each calls about something of its own."""
    home = tmp_path_factory.mktemp("town")
    template = request.getfixturevalue(f"_{request.param}_template")
    shutil.copytree(template / "var", home / "var")
    place = {"HOTLINE_HOME": str(home)}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql_server")
        server.execute("CREATE DATABASE town TEMPLATE template_hotline OWNER " + servers.OWNER)
        place["HOTLINE_DATABASE_URL"] = server.url("town")
    with Store.open(settings_of.read(place)) as store:
        yield office.opened(store, NOW)


@pytest.fixture
def hour() -> datetime:
    """The hour of a test; later tests call later."""
    return NOW + timedelta(hours=next(_hours))


_hours = itertools.count()


# --- words -------------------------------------------------------------------------------------


def test_a_ticket_is_found_by_the_words_of_its_matter_title_and_place(town, hour):
    number = town.call(hour, **LAMP)
    other = town.call(hour, title="停水", matter="停水两天", place="广信区")
    for query in (
        "路灯",
        "路灯 信江",
        "信州区 路灯",
        "路灯 万达广场3栋",
        "路灯坏了",
        "江中路 路灯",
    ):
        assert found(town, TAKER, query) == [number], query
    assert found(town, TAKER, "停水") == [other]
    for query in ("路灯 停水", "煤气", "路", "路灯 坏", "", "，"):
        assert found(town, TAKER, query) == [], query
    assert search.find(town.store, town.users[TAKER], "路灯 坏").short == ("坏",)


def test_it_is_found_by_what_the_unit_answered_and_what_was_said_later(town, hour):
    number = town.call(hour, **about("井盖"))
    said = {"reply": "已更换灯泡", "measures": "抢修"}
    town.runs(number, hour, lead_unit="sr-water", review="accepted", **said)
    assert found(town, TAKER, "更换灯泡") == [number]
    assert found(town, TAKER, "井盖 抢修") == [number], "said in different steps"
    taker = town.users[TAKER]
    tickets.call_again(town.store, taker, number, "夜里又熄灭了", hour, office.key())
    work.comment(town.store, taker, number, "已转告值班长", hour, office.key())
    assert found(town, TAKER, "熄灭 值班长") == [number]
    assert verify(town.store, number).differences == ()


def test_no_name_and_no_number_of_a_person_is_found(town, hour):
    number = town.call(hour, **about("噪声"))
    assert found(town, TAKER, "噪声") == [number]
    for query in ("王女士", "女士反映", "王女", "12345", "赣e12345", "345678", "13812345678"):
        assert found(town, TAKER, query) == [], query


def test_the_index_holds_no_word_as_it_was_written(town, hour):
    town.call(hour, **about("电梯"))
    with town.store.read() as conn:
        words = conn.execute(select(tables.search.c.words)).scalars().all()[-1].split()
    assert len(words) > 30
    assert {len(word) for word in words} == {8}
    assert "".join(words).isascii()
    if town.store.is_sqlite:
        for path in town.store.settings.home.rglob("hotline.db*"):
            assert "电梯".encode() not in path.read_bytes()


def test_the_newest_come_first_page_by_page_with_where_they_stand(town, hour):
    lift = about("垃圾")
    made = [town.call(hour + timedelta(minutes=n), **lift) for n in range(5)][::-1]
    assert found(town, TAKER, "垃圾", limit=2) == made[:2]
    assert found(town, TAKER, "垃圾", limit=2, offset=4) == made[4:]
    first = search.find(town.store, town.users[TAKER], "垃圾", limit=2)
    last = search.find(town.store, town.users[TAKER], "垃圾", limit=2, offset=4)
    assert (first.more, last.more) == (True, False)
    (hit, _) = first.hits
    assert (hit.card.title, hit.card.place) == (lift["title"], lift["place"])
    assert [unit for _, unit in hit.stands] == ["市热线中心"]
    assert not hit.ended


# --- numbers -----------------------------------------------------------------------------------


def test_a_ticket_is_found_by_the_beginning_the_end_or_the_whole_of_its_number(town, hour):
    number = town.call(hour, **about("污水"))
    for query in (number, number[-5:], number[-7:]):
        assert found(town, TAKER, query) == [number]
    assert number in found(town, TAKER, number[:8], limit=100)
    assert found(town, TAKER, "99999") == []


def test_a_caller_is_found_by_the_whole_telephone_number(town, hour):
    number = town.call(hour, **about("烟味", phone="139 0793 7777"))
    line = town.call(hour, phone="0793-8123456", title="停气")
    for query in ("13907937777", "139-0793-7777", "+86 139 0793 7777", "139 07937777"):
        assert found(town, TAKER, query) == [number], query
    assert found(town, TAKER, "8123456") == [line]
    assert found(town, TAKER, "13907937777 烟味") == [number]
    for query in ("1390793", "07937777", "13907937778", "13907937777 停气"):
        assert found(town, TAKER, query) == [], query


# --- who finds it ------------------------------------------------------------------------------


def test_a_unit_finds_only_its_own_tickets_and_an_area_its_own(town, hour):
    lamp = town.call(hour, **about("桥栏", phone="13907936666"))
    county = town.call(hour + timedelta(minutes=1), "gf-centre", title="桥栏", place="广丰区")
    assert found(town, WATER, "桥栏") == []
    town.does(lamp, "dispatcher", hour, lead_unit="sr-water")
    assert found(town, WATER, "桥栏") == [lamp]
    assert found(town, WATER, "13907936666") == [lamp]
    for who in (ROADS, "gf-water.officer1"):
        assert found(town, who, "桥栏") == []
        assert found(town, who, lamp) == []
    assert found(town, TAKER, "桥栏") == [lamp]
    assert found(town, "gf-centre.call_taker1", "桥栏") == [county]
    assert found(town, "gf-authority.supervisor1", "桥栏") == [county]
    assert found(town, "sr-authority.supervisor1", "桥栏") == [county, lamp]


def test_an_auditor_finds_by_number_and_sees_no_content(town, hour):
    number = town.call(hour, **about("树枝"))
    auditor = town.users["sr-centre.auditor1"]
    assert search.find(town.store, auditor, "树枝") == search.Found((), False, (), False)
    assert found(town, auditor.name, "13907931234") == []
    (hit,) = search.find(town.store, auditor, number).hits
    assert hit.card == search.Card()
    assert found(town, "sr-centre.administrator1", number) == []


def test_nobody_outside_the_centre_finds_a_protected_reporter_by_telephone(town, hour):
    report = about("黑车", type="report", protected="true", phone="13907935555")
    number = town.call(hour, **report)
    town.does(number, "dispatcher", hour, lead_unit="sr-water", item_words="供水")
    assert found(town, WATER, "黑车") == [number]
    assert found(town, TAKER, "13907935555") == [number]
    for who in (WATER, "sr-authority.supervisor1"):
        assert found(town, who, "13907935555") == []
        assert found(town, who, "黑车 13907935555") == []
    (hit,) = search.find(town.store, town.users[WATER], "黑车").hits
    assert hit.card.phone == "受保护"


def test_the_unit_that_a_report_is_about_finds_nothing_of_it(town, hour):
    report = about("渣土", type="report", about_unit="sr-water", phone="13907934444")
    number = town.call(hour, **report)
    town.does(number, "dispatcher", hour, lead_unit="sr-roads", item_words="照明")
    assert found(town, ROADS, "渣土") == [number]
    for query in ("渣土", number, number[-5:], "13907934444"):
        assert found(town, WATER, query) == []


@pytest.fixture
def city(store: Store, now) -> Office:
    """A city for one test alone, which does something to the index."""
    return office.opened(store, now)


# --- erased ------------------------------------------------------------------------------------


def test_an_erased_ticket_is_found_by_its_number_alone_and_leaves_no_word_behind(city, now):
    number = city.call(now, **LAMP)
    city.runs(number, now, lead_unit="sr-water", review="accepted")
    assert found(city, TAKER, "路灯") == [number]
    with pytest.raises(tickets.Invalid):  # refused: no words of it either
        tickets.start(city.store, city.users[TAKER], {"matter": ["路灯"]}, now, office.key())
    supervisor = city.users["sr-authority.supervisor1"]
    keys.erase(city.store, supervisor, number, "保存期满", now, office.key())
    with city.store.read() as conn:
        assert conn.execute(select(tables.search)).all() == []
        if city.store.is_sqlite:
            blobs = conn.execute(text("SELECT block FROM search_data")).scalars().all()
            for term in terms.terms(LAMP["place"]):
                # The first letters a word shares with the one before it.
                assert not any(city.store.vault.term(term)[3:].encode() in blob for blob in blobs)
    for _ in range(2):
        assert found(city, TAKER, "路灯") == []
        assert found(city, TAKER, "13907931234") == []
        assert found(city, TAKER, number) == [number]
        list(indexing.reindex(city.store, now))
    assert verify(city.store).differences == ()


# --- verified, and brought up ------------------------------------------------------------------


def test_verify_finds_whatever_the_index_says_otherwise_than_the_record(city, now):
    number = city.call(now, **LAMP)
    with city.store.read() as conn:
        id_ = conn.execute(select(tables.tickets.c.id)).scalar_one()
        (row,) = conn.execute(select(tables.search)).all()
    here = tables.search.c.rowid == row.rowid
    less, more = " ".join(row.words.split()[1:]), f"{row.words} aaaaaaaa"
    wrong = {
        "缺少第1个事件的文字": [delete(tables.search).where(here)],
        "与第1个事件的文字不符": [
            delete(tables.search).where(here),
            insert(tables.search).values(rowid=row.rowid, words=less),
        ],
        "文字不符": [
            delete(tables.search).where(here),
            insert(tables.search).values(rowid=row.rowid, words=more),
        ],
        "第9个事件没有可检索的文字": [
            insert(tables.search).values(rowid=index.row_of(id_, 9), words="aaaaaaaa")
        ],
    }
    for said, changes in wrong.items():
        assert said in differences(city.store, number, changes)
    assert verify(city.store).differences == ()
    with city.store.write() as conn:
        conn.execute(insert(tables.search).values(rowid=index.row_of(99, 1), words="aaaaaaaa"))
    (difference,) = verify(city.store).differences
    assert "不存在的工单" in difference.sentence


class Undone(Exception):
    """A change that a test takes back."""


def differences(store: Store, number: str, changes: list[Any]) -> str:
    """What a look at a chain finds after changes that are taken back."""
    seen = []
    with contextlib.suppress(Undone), store.write() as conn:
        for change in changes:
            conn.execute(change)
        inside = mock.patch.object(store, "read", return_value=contextlib.nullcontext(conn))
        with inside:
            seen = [one.sentence for one in verify(store, number).differences]
        raise Undone
    return "".join(seen)


def test_an_index_of_sqlite_that_was_changed_behind_its_rows_is_found_and_made_anew(
    sqlite_store, now
):
    city = office.opened(sqlite_store, now)
    number = city.call(now, **LAMP)
    with sqlite_store.write() as conn:
        conn.execute(text("UPDATE search_content SET c0 = c0 || ' aaaaaaaa'"))
    assert any("检索索引已损坏" in one.sentence for one in verify(sqlite_store).differences)
    list(indexing.reindex(sqlite_store, now))
    assert verify(sqlite_store).differences == ()
    assert found(city, TAKER, "路灯") == [number]


def test_tickets_of_before_the_index_are_brought_in_and_a_stopped_run_goes_on(
    city, now, monkeypatch
):
    made = [city.call(now + timedelta(minutes=n), **LAMP) for n in range(5)][::-1]
    with city.store.write() as conn:  # as an upgrade leaves them
        conn.execute(delete(tables.search))
    monkeypatch.setattr(indexing, "BATCH", 2)
    assert found(city, TAKER, "路灯") == []
    with closing(indexing.reindex(city.store, now)) as run:
        assert [next(run), next(run)] == [(0, 5), (2, 5)]
    assert found(city, TAKER, "路灯") == made[3:]
    later = city.call(now + timedelta(minutes=9), **LAMP)
    assert next(indexing.reindex(city.store, now)) == (2, 6)
    list(indexing.reindex(city.store, now))
    assert found(city, TAKER, "路灯") == [later, *made]
    assert verify(city.store).differences == ()
    assert list(indexing.reindex(city.store, now))[-1] == (6, 6)
    assert found(city, TAKER, "路灯") == [later, *made]


def test_what_older_code_said_is_missed_only_once_it_was_brought_in(city, now, monkeypatch):
    monkeypatch.setattr(index, "words", lambda *_: "")  # it knows of no index
    number = city.call(now, **LAMP)
    monkeypatch.undo()
    assert verify(city.store).differences == ()
    list(indexing.reindex(city.store, now))
    assert found(city, TAKER, "路灯") == [number]
    assert verify(city.store).differences == ()
    hits = [number]
    with contextlib.suppress(Undone), city.store.write() as conn:
        # It destroys a key and leaves the words where they are.
        rows.erase(conn, rows.lock(conn, city.store, number), now)
        inside = mock.patch.object(city.store, "read", return_value=contextlib.nullcontext(conn))
        with inside:
            hits = found(city, TAKER, "路灯")
        raise Undone
    assert hits == []
    with city.store.write() as conn:
        conn.execute(delete(tables.search))
    (difference,) = verify(city.store, number).differences
    assert "缺少第1个事件的文字" in difference.sentence
