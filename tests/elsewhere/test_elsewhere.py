"""Procedures that have nothing to do with a hotline: a library's loans, an office's leave.

Drawn as an owner draws them, checked, deployed into a fresh database and done by people through
the acts of the product; deadlines fire by the sweep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator

from engine import definitions, quarantine, sweep
from engine.acts import calendar, people, places, tickets, versions
from engine.read import ticket as reading
from engine.read import verify
from engine.store import Store
from tests.features import test_drawings as drawings
from tests.integration.office import CHEAP, Office, filled, key

HERE = Path(__file__).parent
SETS = {"library": "loan_procedure", "office": "leave_procedure"}
DIAGRAMS = sorted(HERE.rglob("*.bpmn"))

TOWNS: Mapping[str, tuple[Sequence[places.Unit], Sequence[tuple[str, str]]]] = {
    "library": (
        (
            places.Unit("board", "馆务委员会", "town", "authority"),
            places.Unit("desk", "借阅台", "town", "centre", "board"),
            places.Unit("stacks", "书库", "town", "department"),
        ),
        (("desk", "call_taker"), ("stacks", "officer")),
    ),
    "office": (
        (
            places.Unit("board", "董事会", "town", "authority"),
            places.Unit("staff", "员工", "town", "centre", "board"),
            places.Unit("sales", "销售部", "town", "department"),
            places.Unit("hr", "人事部", "town", "department"),
        ),
        (("staff", "call_taker"), ("sales", "leader"), ("sales", "officer"), ("hr", "officer")),
    ),
}


@dataclass
class House(Office):
    """A house with its own procedure; who calls is at its desk."""

    desk: str = ""

    def asks(self, now, **given: Any) -> str:
        return self.call(now, self.desk, **given)

    def rights(self, number: str) -> list[str]:
        return [one.name for one in self.waiting(number) if one.optional]

    def uses(self, number: str, name: str, now, **given: Any) -> None:
        """Somebody does what may be done and need not be."""
        (task,) = [one for one in self.waiting(number) if one.name == name]
        user = self.who(task.role, task.unit)
        form = reading.task_form(self.store, user, number, task.task, now)
        raw = filled(form.form, form.sources, given)
        tickets.complete(self.store, user, number, task.task, raw, now, key())

    def names(self, number: str) -> list[str]:
        return sorted(one.name for one in self.duties(number))

    def page(self, number: str, now) -> reading.TicketPage:
        return reading.page(self.store, self.who("call_taker", self.desk), number, now)

    def told(self, number: str, now) -> list[str]:
        """What the history says happened."""
        return [line for entry in self.page(number, now).history for line in entry.lines]

    def deadlines(self, number: str, now) -> set[str]:
        return {one.label for one in self.page(number, now).deadlines}

    def ended(self, number: str) -> bool:
        return self.waiting(number) == []


def opened(store: Store, name: str, now) -> House:
    """A house with people, in which its own procedure was deployed and no other."""
    units, staff = TOWNS[name]
    calendar.seed(store, now)
    versions.deploy(store, None, definitions.read(HERE / name), "初次部署", now)
    places.add(store, None, (places.Area("town", "镇", "city"),), units, now)
    crowd = [people.Newcomer(f"{u}.{role}1", f"{u}{role}", u, (role,)) for u, role in staff]
    with mock.patch.object(people, "_hasher", CHEAP):
        people.add_crowd(store, crowd, "river-stone-lantern", now)
    users = {one.name: people.load(store, one.name) for one in crowd}
    return House(store, users, staff[0][0])


@pytest.fixture
def library(store, now) -> House:
    return opened(store, "library", now)


@pytest.fixture
def office(sqlite_settings, now) -> House:
    with Store.open(sqlite_settings) as store:
        yield opened(store, "office", now)


# --- drawn -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
def test_the_check_says_nothing_against_them(name):
    assert quarantine.judge(definitions.read(HERE / name)) == []


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.stem)
def test_they_are_drawn_as_the_standard_says_and_nothing_lies_over_something_else(path):
    schema = BpmnValidator().validator
    schema.validate(etree.parse(path))
    assert [str(error) for error in schema.error_log] == []
    drawing = drawings.Drawing(path)
    drawings.test_everything_is_drawn(drawing)
    drawings.test_every_node_lies_in_its_lane(drawing)
    drawings.test_every_line_ends_at_what_it_joins(drawing)
    drawings.test_nothing_lies_over_something_else(drawing)
    drawings.test_no_line_runs_through_a_node_or_a_label(drawing)


def test_their_milestones_are_demanded_of_them_and_those_of_a_hotline_are_not():
    files = definitions.read(HERE / "library")
    manifest = files["bpmn/manifest.json"].decode()
    more = manifest.replace('"settled": "借阅结束"', '"settled": "借阅结束", "sold": "卖掉"')
    (found,) = quarantine.judge({**files, "bpmn/manifest.json": more.encode()})
    assert "没有“卖掉”的里程碑（属性 milestone = sold）" in str(found)
    less = manifest.replace('"milestones"', '"mile_stones"').encode()
    said = [str(one) for one in quarantine.judge({**files, "bpmn/manifest.json": less})]
    assert any("没有“归档”的里程碑" in one for one in said)
    assert any("“lent”没有人认识" in one for one in said)


# --- the library -----------------------------------------------------------------------------


def test_a_book_is_reserved_lent_renewed_once_reminded_of_late_and_paid_for(library, at, now):
    number = library.asks(now, kind="novel", book="红楼梦", reader="林之孝")
    library.does(number, "officer", now)
    library.does(number, "call_taker", at("2026-10-01 09:00"))
    assert library.names(number) == ["还书"]
    assert library.rights(number) == ["续借"]
    assert library.deadlines(number, now) == {"取书期限", "提醒日", "还书期限"}
    # Lent for thirty days, reminded of three days before.
    assert sweep.run_once(library.store, at("2026-10-28 23:59")).fired == 0
    assert sweep.run_once(library.store, at("2026-10-29 00:00")) == sweep.Swept(1, 0, 1)
    # Renewed: thirty days from now, and not a second time.
    library.uses(number, "续借", at("2026-10-30 10:00"))
    assert library.rights(number) == []
    assert sweep.run_once(library.store, at("2026-11-26 23:59")).fired == 0
    assert sweep.run_once(library.store, at("2026-11-30 00:00")).fired == 2
    library.does(number, "call_taker", at("2026-12-02 10:00"), condition="good")
    assert library.names(number) == ["收赔款"]
    library.does(number, "call_taker", at("2026-12-02 10:05"))
    assert library.ended(number)
    said = library.told(number, at("2026-12-03 10:00"))
    for line in ("已借出", "已提醒还书", "已续借", "逾期未还", "已还书", "已收赔款", "借阅结束"):
        assert line in said, line
    assert verify.verify(library.store).differences == ()
    assert list(verify.replay(library.store, number))[-1].step.ended


def test_a_book_that_comes_back_in_time_costs_nothing(library, at, now):
    number = library.asks(now, kind="magazine")
    library.does(number, "officer", now)
    library.does(number, "call_taker", now)
    assert library.rights(number) == []  # no periodical is renewed
    library.does(number, "call_taker", at("2026-10-06 10:00"), condition="good")
    assert library.ended(number)
    assert "已收赔款" not in library.told(number, at("2026-10-06 10:00"))
    assert verify.verify(library.store).differences == ()


def test_a_reservation_that_nobody_fetches_lapses(library, at, now):
    number = library.asks(now, kind="textbook")
    library.does(number, "officer", now)
    assert sweep.run_once(library.store, at("2026-10-03 23:59")).fired == 0
    assert sweep.run_once(library.store, at("2026-10-04 00:00")).fired == 1
    assert library.ended(number)
    assert "预约作废" in library.told(number, at("2026-10-04 09:00"))
    assert verify.verify(library.store).differences == ()


# --- the office ------------------------------------------------------------------------------


def test_leave_is_granted_late_recorded_and_the_work_handed_over_side_by_side(office, at, now):
    number = office.asks(now, kind="sick", days="7", duties=["keys", "letters"])
    assert office.rights(number) == ["撤回请假"]
    assert "审批期限：2个工作日，至2026年10月9日 24:00" in office.told(number, now)
    # Two working days: 9 and 10 October, after the days of rest.
    assert sweep.run_once(office.store, at("2026-10-09 23:59")).fired == 0
    assert sweep.run_once(office.store, at("2026-10-10 00:00")) == sweep.Swept(1, 0, 1)
    office.does(number, "leader", at("2026-10-10 09:00"), decision="grant")
    assert office.names(number) == ["交接工作", "交接工作", "登记请假"]
    for _ in range(3):
        task = office.duties(number)[0]
        user = office.who(task.role, task.unit)
        form = reading.task_form(office.store, user, number, task.task, at("2026-10-10 10:00"))
        raw = filled(form.form, form.sources, {})
        tickets.complete(office.store, user, number, task.task, raw, at("2026-10-10 10:00"), key())
    assert office.ended(number)  # what nobody revoked ends with it
    said = office.told(number, at("2026-10-11 10:00"))
    for line in ("到期未批", "已审批", "已登记", "已交接", "准假"):
        assert line in said, line
    assert "发出消息：告知工资" in said  # seven days of sickness are paid
    assert sweep.run_once(office.store, at("2026-10-11 10:00")).delivered == 1
    assert verify.verify(office.store).differences == ()
    assert list(verify.replay(office.store, number))[-1].step.ended


def test_leave_is_revoked_while_others_are_busy_with_it(office, at, now):
    number = office.asks(now, kind="annual", days="5", duties=["accounts"])
    office.does(number, "leader", now, decision="grant")
    assert office.names(number) == ["交接工作", "登记请假"]
    office.uses(number, "撤回请假", at("2026-10-09 10:00"))
    assert office.ended(number)
    said = office.told(number, at("2026-10-09 11:00"))
    assert "已撤回" in said
    assert "准假" not in said
    assert verify.verify(office.store).differences == ()


@pytest.mark.parametrize(("kind", "days"), [("annual", "11"), ("personal", "6")])
def test_more_days_than_the_table_has_are_not_asked_for(office, now, kind, days):
    number = office.asks(now, kind=kind, days=days, duties=["keys"])
    assert office.ended(number)
    assert "未准" in office.told(number, now)


def test_leave_is_denied(office, now):
    number = office.asks(now, kind="personal", days="5", duties=["keys"])
    office.does(number, "leader", now, decision="refuse")
    assert office.ended(number)
    assert "未准" in office.told(number, now)
    assert verify.verify(office.store).differences == ()
