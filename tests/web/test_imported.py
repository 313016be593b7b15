"""Tickets of another platform on the pages: where they came from, how they are found."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest

from engine.acts import imports, people
from engine.store import Store
from tests.browser import city
from tests.browser.city import Person
from tests.unit.imports.files import ROW, csv_file, mapping_file, read

UNIT = {"单位": "上饶市水务局"}


@pytest.fixture
def numbers(store: Store, tmp_path: Path) -> list[str]:
    """A record and an open ticket."""
    user = people.load(store, "sun")
    known = imports.known(store, user, city.MORNING)
    rows = [ROW | UNIT, ROW | UNIT | {"编号": "A-002", "状态": "在办", "办结": ""}]
    found = read(csv_file(tmp_path, rows), mapping_file(tmp_path), city.MORNING, known)
    made = imports.bring(store, user, "旧平台", found, city.MORNING)
    return [one.number for one in made]


def page_of(person: Person, path: str) -> str:
    answer = person.get(path)
    assert answer.status_code == 200, path
    return unescape(answer.get_data(as_text=True))


def test_the_page_of_a_record_says_where_it_came_from_and_offers_nothing_to_do(app, numbers):
    page = page_of(Person(app, "sun"), f"/tickets/{numbers[0]}")
    for words in ("导入自", "旧平台", "历史工单", "原编号", "A-001", "原平台受理", "上饶市水务局"):
        assert words in page
    assert "在流程图上看" not in page
    assert "去办理" not in page
    assert "诉求人再次来电" in page
    drawing = page_of(Person(app, "sun"), f"/tickets/{numbers[0]}/drawing")
    assert "办到哪一步" in drawing


def test_the_page_of_an_open_one_says_so_too_and_goes_on(app, numbers):
    page = page_of(Person(app, "pan"), f"/tickets/{numbers[1]}")
    for words in ("导入自", "A-002", "去办理", "在流程图上看"):
        assert words in page
    assert "历史工单" not in page


def test_both_are_found_by_their_whole_number_there(app, numbers):
    for original, number in zip(("A-001", "A-002"), numbers, strict=True):
        assert number in page_of(Person(app, "sun"), f"/tickets?q={original}")
        assert number in page_of(Person(app, "sun"), f"/calls/again?q={original}")
    for path in ("/tickets?q=A-00", "/calls/again?q=A-00"):
        assert "没有查到“A-00”" in page_of(Person(app, "sun"), path)
    assert numbers[0] not in page_of(Person(app, "li"), "/tickets?q=A-001")


def test_a_call_about_a_record_is_noted(app, numbers):
    person = Person(app, "sun")
    path = f"/tickets/{numbers[0]}/calls"
    answer = person.post(path, {"text": "又来问结果"})
    assert answer.status_code == 302
    page = page_of(person, f"/tickets/{numbers[0]}")
    assert "这次来电只作记录" in page
    assert "2 次（含首次）" in page
