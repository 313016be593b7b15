"""Tickets found by what was said: by whom, with which words, and what is never found."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text

from engine import terms
from engine.acts import indexing, keys, tickets, work
from engine.read import search
from engine.read.verify import verify
from engine.store import Store, tables
from engine.store import search as index
from tests.integration import office
from tests.integration.office import Office

LAMP = {
    "title": "信江路路灯不亮",
    "matter": "王女士反映信江中路万达广场3栋门口路灯坏了，联系13812345678，车牌赣E12345。",
    "place": "上饶市信州区信江中路",
    "caller": "王女士",
    "phone": "139 0793 1234",
}


@pytest.fixture
def city(store: Store, now) -> Office:
    return office.opened(store, now)


def found(city: Office, who: str, query: str, **more: Any) -> list[str]:
    """The numbers that a person finds."""
    hits = search.find(city.store, city.users[who], query, **more).hits
    return [hit.number for hit in hits]


TAKER, DISPATCHER = "sr-centre.call_taker1", "sr-centre.dispatcher1"
WATER, ROADS = "sr-water.officer1", "sr-roads.officer1"


# --- words -------------------------------------------------------------------------------------


def test_a_ticket_is_found_by_the_words_of_its_matter_title_and_place(city, now):
    number = city.call(now, **LAMP)
    other = city.call(now + timedelta(minutes=1), title="停水", matter="停水两天", place="广信区")
    for query in ("路灯", "信江", "信州区 路灯", "万达广场3栋", "ＷＡＮ 路灯"[4:], "坏了"):
        assert found(city, TAKER, query) == [number], query
    assert found(city, TAKER, "停水") == [other]
    for query in ("路灯 停水", "煤气", "路", "路灯 坏", "", "，"):
        assert found(city, TAKER, query) == [], query
    assert search.find(city.store, city.users[TAKER], "路灯 坏").short == ("坏",)


def test_it_is_found_by_what_the_unit_answered_and_what_was_said_later(city, now):
    number = city.call(now, **LAMP)
    city.runs(
        number, now, lead_unit="sr-water", review="accepted", reply="已更换灯泡", measures="抢修"
    )
    assert found(city, TAKER, "更换灯泡") == [number]
    assert found(city, TAKER, "路灯 抢修") == [number], "said in different steps"
    taker = city.users[TAKER]
    tickets.call_again(city.store, taker, number, "夜里又熄灭了", now, office.key())
    work.comment(city.store, taker, number, "已转告值班长", now, office.key())
    assert found(city, TAKER, "熄灭 值班长") == [number]
    assert verify(city.store).differences == ()


def test_no_name_and_no_number_of_a_person_is_found(city, now):
    city.call(now, **LAMP)
    for query in ("王女士", "女士反映", "王女", "12345", "赣e12345", "345678", "13812345678"):
        assert found(city, TAKER, query) == [], query


def test_the_index_holds_no_word_as_it_was_written(city, now):
    number = city.call(now, **LAMP)
    with city.store.read() as conn:
        ((_, words),) = conn.execute(select(tables.search)).all()
    assert {len(word) for word in words.split()} == {8}
    assert words.isascii()
    assert len(words.split()) > 30
    if city.store.is_sqlite:
        for path in city.store.settings.home.rglob("hotline.db*"):
            assert "路灯".encode() not in path.read_bytes()
    assert found(city, TAKER, "路灯") == [number]


def test_the_newest_come_first_page_by_page_with_where_they_stand(city, now):
    made = [city.call(now + timedelta(minutes=n), **LAMP) for n in range(5)][::-1]
    assert found(city, TAKER, "路灯", limit=2) == made[:2]
    assert found(city, TAKER, "路灯", limit=2, offset=4) == made[4:]
    first = search.find(city.store, city.users[TAKER], "路灯", limit=2)
    last = search.find(city.store, city.users[TAKER], "路灯", limit=2, offset=4)
    assert (first.more, last.more) == (True, False)
    (hit, _) = first.hits
    assert hit.card.title == LAMP["title"]
    assert hit.card.place == LAMP["place"]
    assert [unit for _, unit in hit.stands] == ["市热线中心"]
    assert not hit.ended


# --- numbers -----------------------------------------------------------------------------------


def test_a_ticket_is_found_by_the_beginning_the_end_or_the_whole_of_its_number(city, now):
    number = city.call(now, **LAMP)
    for query in (number, number[:8], number[-5:], number[-7:]):
        assert found(city, TAKER, query) == [number]
    assert found(city, TAKER, "99") == []


def test_a_caller_is_found_by_the_whole_telephone_number(city, now):
    number = city.call(now, **LAMP)
    line = city.call(now + timedelta(minutes=1), phone="0793-8123456", title="停水")
    for query in ("13907931234", "139-0793-1234", "+86 139 0793 1234", "139 07931234"):
        assert found(city, TAKER, query) == [number], query
    assert found(city, TAKER, "8123456") == [line]
    assert found(city, TAKER, "13907931234 路灯") == [number]
    for query in ("1390793", "07931234", "13907931235", "13907931234 停水"):
        assert found(city, TAKER, query) == [], query


# --- who finds it ------------------------------------------------------------------------------


def test_a_unit_finds_only_its_own_tickets_and_an_area_its_own(city, now):
    lamp = city.call(now, **LAMP)
    county = city.call(now + timedelta(minutes=1), "gf-centre", title="路灯", place="广丰区")
    assert found(city, WATER, "路灯") == []
    city.does(lamp, "dispatcher", now, lead_unit="sr-water")
    assert found(city, WATER, "路灯") == [lamp]
    assert found(city, WATER, "13907931234") == [lamp]
    for who in (ROADS, "gf-water.officer1"):
        assert found(city, who, "路灯") == []
        assert found(city, who, lamp) == []
    assert found(city, TAKER, "路灯") == [lamp]
    assert found(city, "gf-centre.call_taker1", "路灯") == [county]
    assert found(city, "gf-authority.supervisor1", "路灯") == [county]
    assert found(city, "sr-authority.supervisor1", "路灯") == [county, lamp]


def test_an_auditor_finds_by_number_and_sees_no_content(city, now):
    number = city.call(now, **LAMP)
    auditor = city.users["sr-centre.auditor1"]
    assert search.find(city.store, auditor, "路灯") == search.Found((), False, (), False)
    assert found(city, auditor.name, "13907931234") == []
    (hit,) = search.find(city.store, auditor, number).hits
    assert hit.card == search.Card()
    assert found(city, "sr-centre.administrator1", number) == []


def test_nobody_outside_the_centre_finds_a_protected_reporter_by_telephone(city, now):
    number = city.call(now, **LAMP | {"type": "report", "protected": "true"})
    city.does(number, "dispatcher", now, lead_unit="sr-water", item_words="供水")
    assert found(city, WATER, "路灯") == [number]
    assert found(city, TAKER, "13907931234") == [number]
    assert found(city, WATER, "13907931234") == []
    assert found(city, WATER, "路灯 13907931234") == []
    assert found(city, "sr-authority.supervisor1", "13907931234") == []
    (hit,) = search.find(city.store, city.users[WATER], "路灯").hits
    assert hit.card.phone == "受保护"


def test_the_unit_that_a_report_is_about_finds_nothing_of_it(city, now):
    number = city.call(now, **LAMP | {"type": "report", "about_unit": "sr-water"})
    city.does(number, "dispatcher", now, lead_unit="sr-roads", item_words="照明")
    assert found(city, ROADS, "路灯") == [number]
    for query in ("路灯", number, number[-5:], "13907931234"):
        assert found(city, WATER, query) == []


# --- erased ------------------------------------------------------------------------------------


@pytest.fixture
def erased(city, now) -> str:
    number = city.call(now, **LAMP)
    city.runs(number, now, lead_unit="sr-water", review="accepted")
    assert found(city, TAKER, "路灯") == [number]
    supervisor = city.users["sr-authority.supervisor1"]
    keys.erase(city.store, supervisor, number, "保存期满", now, office.key())
    return number


def test_an_erased_ticket_is_found_by_its_number_alone(city, now, erased):
    assert found(city, TAKER, "路灯") == []
    assert found(city, TAKER, "13907931234") == []
    assert found(city, TAKER, erased) == [erased]
    list(indexing.reindex(city.store, now))
    assert found(city, TAKER, "路灯") == []
    assert verify(city.store).differences == ()


def test_nothing_of_an_erased_ticket_stays_in_the_index_s_own_tables(city, now, erased):
    with city.store.read() as conn:
        assert conn.execute(select(tables.search)).all() == []
        if city.store.is_sqlite:
            blobs = conn.execute(text("SELECT block FROM search_data")).scalars().all()
            for term in terms.terms(LAMP["place"]):
                # The first letters a word shares with the one before it.
                assert not any(city.store.vault.term(term)[3:].encode() in blob for blob in blobs)


def test_what_is_refused_leaves_no_words(city, now):
    taker = city.users[TAKER]
    with pytest.raises(tickets.Invalid):
        tickets.start(city.store, taker, {"matter": ["路灯"]}, now, office.key())
    with city.store.read() as conn:
        assert conn.execute(select(tables.search)).all() == []


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
        with pytest.raises(Undone), city.store.write() as conn:
            for change in changes:
                conn.execute(change)
            (difference,) = differences(city.store, conn, number)
            assert said in difference
            raise Undone
    assert verify(city.store).differences == ()
    with city.store.write() as conn:
        conn.execute(insert(tables.search).values(rowid=index.row_of(99, 1), words="aaaaaaaa"))
    (difference,) = verify(city.store).differences
    assert "不存在的工单" in difference.sentence


class Undone(Exception):
    """A change that a test takes back."""


def differences(store: Store, conn: Any, number: str) -> list[str]:
    """What a look at one chain finds, inside a transaction that is not committed."""

    class Inside(Store):
        def __init__(self) -> None:
            self.__dict__ = {**store.__dict__, "read": lambda: _as_it_is(conn)}

    return [one.sentence for one in verify(Inside(), number).differences]


class _as_it_is:  # noqa: N801
    def __init__(self, conn: Any) -> None:
        self.conn = conn

    def __enter__(self) -> Any:
        return self.conn

    def __exit__(self, *_: object) -> None:
        return None


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
    assert list(indexing.reindex(city.store, now))[0] == (2, 6)
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
    with city.store.write() as conn:
        conn.execute(delete(tables.search))
    (difference,) = verify(city.store, number).differences
    assert "缺少第1个事件的文字" in difference.sentence
