"""Where a ticket stands on the diagrams: what is done, what waits, what is late."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine import sweep
from engine.errors import Denied
from engine.picture import Mark
from engine.read import drawn
from engine.store import Store
from tests.integration.office import Office, opened


@pytest.fixture
def office(store: Store) -> Office:
    return opened(store, datetime(2026, 9, 1, tzinfo=UTC))


def sheets(office: Office, number: str, when) -> dict[str, drawn.Sheet]:
    """The pages by name (without the clauses in it), in their order, as the city's centre sees."""
    dispatcher = office.who("dispatcher", "sr-centre")
    found = drawn.sheets(office.store, dispatcher, number, when)
    return {one.name.partition("（")[0]: one for one in found}


def named(office: Office, sheet: drawn.Sheet, mark: Mark) -> set[str]:
    """The names of the elements of a page that have a mark."""
    with office.store.read() as conn:
        version = office.store.current_version(conn, datetime(2026, 12, 1, tzinfo=UTC))
    names = {one.id: one.name for one in office.store.definitions(version).elements()}
    return {
        names[about] for about, found in sheet.marks.items() if found is mark and about in names
    }


def test_the_first_page_is_where_somebody_has_to_act(office, now):
    number = office.call(now, type="help")
    office.does(number, "dispatcher", now, lead_unit="sr-water")
    found = sheets(office, number, now)
    assert next(iter(found)) == "单位办理"
    assert named(office, found["单位办理"], Mark.ACTIVE) == {"签收"}
    assert "派发起算" in named(office, found["单位办理"], Mark.DONE)
    # Rights wait, and nobody has to.
    assert "撤回派发" in named(office, found["单位办理"], Mark.WAITING)
    assert "派单" in named(office, found["派单和办理"], Mark.DONE)


def test_what_is_due_and_open_is_late_on_the_picture_before_any_sweep(office, at, now):
    number = office.call(now, type="help")
    office.does(number, "dispatcher", now, lead_unit="sr-water")
    then = at("2026-10-20 09:00")
    assert named(office, sheets(office, number, then)["单位办理"], Mark.OVERDUE) == {"签收"}
    sweep.run_once(office.store, then)
    assert "签收时限到" in named(office, sheets(office, number, then)["单位办理"], Mark.DONE)


def test_several_units_stand_on_one_page_and_are_counted(office, now):
    number = office.call(now, type="help")
    co_units = ["sr-roads", "gf-centre"]
    office.does(number, "dispatcher", now, lead_unit="sr-water", co_units=co_units)
    page = sheets(office, number, now)["协办单位办理"]
    assert page.tasks == 1
    (signing,) = [about for about, found in page.marks.items() if found is Mark.ACTIVE]
    assert page.tokens[signing] == 2
    # One that waits for whatever may come again and again waits once.
    assert set(sheets(office, number, now)["派单和办理"].tokens.values()) == {1, 2}


def test_a_unit_finds_first_the_page_where_it_has_to_act(office, now):
    number = office.call(now, type="help")
    office.does(number, "dispatcher", now, lead_unit="sr-water", co_units=["sr-roads"])
    for unit, name in (("sr-water", "单位办理"), ("sr-roads", "协办单位办理")):
        first = drawn.sheets(office.store, office.who("officer", unit), number, now)[0]
        assert first.name.startswith(name)
        assert first.stands == first.own
        assert {first.marks[about] for about in first.own} == {Mark.ACTIVE}


def test_at_the_end_nothing_waits_on_any_page(office, now):
    number = office.call(now, acceptance="answered")
    office.runs(number, now)
    for sheet in sheets(office, number, now).values():
        assert set(sheet.marks.values()) == {Mark.DONE}
        assert sheet.tokens == {}


def test_who_may_not_read_a_ticket_sees_no_picture_of_it(office, now):
    number = office.call(now, type="help")
    with pytest.raises(Denied) as refused:
        drawn.sheets(office.store, office.who("officer", "sr-roads"), number, now)
    assert refused.value.hidden
