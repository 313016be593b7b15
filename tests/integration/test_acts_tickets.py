"""A ticket on its way: every act one transaction, its record verified at the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from engine import sweep
from engine.acts import tickets
from engine.errors import Denied, Trouble
from engine.read import late as late_list
from engine.read import ledger, search, verify, worklist
from engine.read import ticket as reading
from engine.store import Store
from engine.store import tables as t
from tests.integration.office import Office, filled, key, opened


@pytest.fixture
def office(store: Store) -> Office:
    return opened(store, datetime(2026, 9, 1, tzinfo=UTC))


def facts(office: Office, number: str) -> dict[str, object]:
    with office.store.read() as conn:
        row = conn.execute(select(t.tickets).where(t.tickets.c.number == number)).one()
        return dict(row._mapping)


def count(office: Office, table: object) -> int:
    with office.store.read() as conn:
        return len(conn.execute(select(table)).all())  # type: ignore[call-overload]


def test_a_ticket_goes_from_call_to_archive(office, at):
    number = office.call(at("2026-09-30 10:00"), type="complaint", title="水管爆裂")
    assert number == "20260930-00001"
    office.does(number, "dispatcher", at("2026-09-30 10:05"), lead_unit="sr-water")
    office.does(number, "officer", at("2026-09-30 11:00"))
    office.does(number, "officer", at("2026-10-09 11:00"), outcome="done")
    office.does(number, "leader", at("2026-10-09 11:30"), approval="approved")
    office.does(number, "reviewer", at("2026-10-09 15:00"), review="accepted")
    office.does(number, "follow_up", at("2026-10-10 09:00"), reached="yes", rating="satisfied")
    office.does(number, "archivist", at("2026-10-10 10:00"))
    row = facts(office, number)
    assert office.waiting(number) == []
    assert (row["type"], row["outcome"], row["rating"]) == ("complaint", "done", "satisfied")
    assert row["accepted_at"] == at("2026-09-30 10:00")
    assert row["dispatched_at"] == at("2026-09-30 10:05")
    assert row["closed_at"] == at("2026-10-09 15:00")
    assert row["archived_at"] == row["ended_at"] == at("2026-10-10 10:00")
    assert verify.verify(office.store).differences == ()
    assert len(list(verify.replay(office.store, number))) == 9


def test_numbers_count_up_by_the_day_of_shangrao(office, at):
    late, early = at("2026-09-30 23:59"), at("2026-10-01 00:00")
    found = [office.call(when) for when in (late, late, early)]
    assert found == ["20260930-00001", "20260930-00002", "20261001-00001"]


def test_a_request_that_comes_twice_acts_once(office, now):
    user = office.who("call_taker", "sr-centre")
    form = reading.start_form(office.store, user, now)
    raw, same = filled(form.form, form.sources, {}), key()
    numbers = {tickets.start(office.store, user, raw, now, same) for _ in range(3)}
    assert len(numbers) == 1
    (number,) = numbers
    task, again = office.task(number, "dispatcher"), key()
    dispatcher = office.who("dispatcher", "sr-centre")
    form = reading.task_form(office.store, dispatcher, number, task, now)
    raw = filled(form.form, form.sources, {})
    for _ in range(3):
        assert tickets.complete(office.store, dispatcher, number, task, raw, now, again) == number
    assert facts(office, number)["seq"] == 2
    with pytest.raises(Trouble, match="识别码已用于另一项操作"):
        tickets.start(office.store, dispatcher_turned(office), raw, now, again)


def dispatcher_turned(office: Office):
    """The dispatcher, who also takes calls."""
    from dataclasses import replace

    user = office.who("dispatcher", "sr-centre")
    return replace(user, roles=user.roles | {"call_taker"})


def test_a_task_that_somebody_did_says_who_and_when(office, now, at):
    number = office.call(now)
    task = office.task(number, "dispatcher")
    office.does(number, "dispatcher", at("2026-09-30 10:07"), lead_unit="sr-water")
    other = office.who("dispatcher", "sr-centre", 2)
    with pytest.raises(Trouble) as refused:
        tickets.complete(office.store, other, number, task, {}, now, key())
    assert refused.value.code == "task_done"
    assert refused.value.facts["who"] == "sr-centredispatcher1"
    assert refused.value.facts["when"] == at("2026-09-30 10:07")


@pytest.mark.parametrize("task", [0, -1, 999])
def test_a_task_that_never_was_is_unknown(office, now, task):
    number = office.call(now)
    user = office.who("dispatcher", "sr-centre")
    with pytest.raises(Trouble) as refused:
        tickets.complete(office.store, user, number, task, {}, now, key())
    assert refused.value.code == "task_unknown"


def test_a_bad_form_changes_nothing_and_gives_back_what_was_typed(office, now):
    number = office.call(now)
    task = office.task(number, "dispatcher")
    user = office.who("dispatcher", "sr-centre")
    before, requests = facts(office, number), count(office, t.requests)
    raw = {"lead_unit": ["nowhere"], "instruction": ["请尽快"], "nonsense": ["x"]}
    with pytest.raises(tickets.Invalid) as refused:
        tickets.complete(office.store, user, number, task, raw, now, key())
    assert {"lead_unit", ""} <= refused.value.errors.keys()
    assert refused.value.values["instruction"] == "请尽快"
    assert facts(office, number) == before
    assert count(office, t.requests) == requests


def test_a_bad_start_form_starts_nothing(office, now):
    user, before = office.who("call_taker", "sr-centre"), count(office, t.numbers)
    with pytest.raises(tickets.Invalid):
        tickets.start(office.store, user, {"type": ["gossip"]}, now, key())
    assert count(office, t.tickets) == 0
    assert count(office, t.numbers) == before


def test_another_units_ticket_is_not_there(office, now):
    number = office.call(now)
    office.does(number, "dispatcher", now, lead_unit="sr-water")
    stranger = office.who("officer", "sr-roads")
    task = office.task(number, "officer")
    for act in (
        lambda: tickets.complete(office.store, stranger, number, task, {}, now, key()),
        lambda: reading.page(office.store, stranger, number, now),
        lambda: reading.task_form(office.store, stranger, number, task, now),
        lambda: tickets.complete(office.store, stranger, "20990101-00001", 1, {}, now, key()),
    ):
        with pytest.raises(Denied) as refused:
            act()
        assert refused.value.hidden
    assert search.find(office.store, stranger, number).hits == ()
    assert search.find(office.store, office.who("officer", "sr-water"), number).hits


def test_only_call_takers_of_a_centre_start_tickets(office, now):
    with pytest.raises(Denied):
        tickets.start(office.store, office.who("officer", "sr-water"), {}, now, key())


def test_who_has_not_the_role_does_not_do_the_task(office, now):
    number = office.call(now)
    user = office.who("reviewer", "sr-centre")
    with pytest.raises(Denied) as refused:
        tickets.complete(
            office.store, user, number, office.task(number, "dispatcher"), {}, now, key()
        )
    assert refused.value.code == "denied_task"


def test_what_is_due_fires_before_a_late_act(office, at):
    number = office.call(at("2026-09-28 10:00"), type="consult")
    office.does(number, "dispatcher", at("2026-09-28 10:05"), lead_unit="sr-water")
    office.does(number, "officer", at("2026-10-20 09:00"))  # no sweep ran meanwhile
    names = [(event.name, event.actor) for event in events(office, number)]
    assert names[-2:] == [("tick", "clock"), ("complete", "sr-water.officer1")]
    page = reading.page(
        office.store, office.who("officer", "sr-water"), number, at("2026-10-20 09:01")
    )
    (leg,) = page.legs
    assert leg.unsigned_at == leg.sign_due == at("2026-09-30 00:00")
    assert leg.overdue_at == leg.due == at("2026-10-01 00:00")
    assert leg.signed_at == at("2026-10-20 09:00")
    assert verify.verify(office.store).differences == ()


def events(office: Office, number: str):
    from engine.store import log

    with office.store.read() as conn:
        return log.read_events(conn, number)


def test_the_card_is_sealed_and_its_phone_masked(office, now):
    number = office.call(
        now, title="路灯不亮", place="带湖路", caller="王女士", phone="13812341234"
    )
    row = facts(office, number)
    assert "路灯".encode() not in row["card"]  # type: ignore[operator]
    user = office.who("dispatcher", "sr-centre")
    (item,) = worklist.tasks_of(office.store, user, now).items
    assert item.card == worklist.Card("路灯不亮", "带湖路", "王女士", "138****1234")
    page = reading.page(office.store, user, number, now)
    answers = dict(page.history[0].answers)
    assert "138****1234" in answers.values()
    assert "13812341234" not in str(page)


def test_an_auditor_sees_what_happened_not_what_was_said(office, now):
    number = office.call(now, title="路灯不亮")
    page = reading.page(office.store, office.who("auditor", "sr-centre"), number, now)
    assert page.card == worklist.Card()
    assert page.history[0].withheld
    assert "路灯" not in str(page)


def test_an_auditor_s_lists_show_no_cards_but_of_tickets_that_another_role_reads(office, at, now):
    ours, theirs = office.call(now, type="consult"), office.call(now, type="consult")
    office.does(ours, "dispatcher", now, lead_unit="sr-water")
    office.does(theirs, "dispatcher", now, lead_unit="sr-roads")
    late = at("2026-10-20 09:00")
    sweep.run_once(office.store, late)
    auditor = office.who("auditor", "sr-centre")
    both = replace(office.who("officer", "sr-water"), roles=frozenset({"auditor", "officer"}))
    for user, read in ((auditor, set()), (both, {ours})):
        lists = (
            late_list.overdue(office.store, user, late).items,
            late_list.unsigned(office.store, user, late).items,
            search.find(office.store, user, ours[:8]).hits,
        )
        for items in lists:
            assert {item.number for item in items} == {ours, theirs}
            assert {item.number for item in items if item.card != worklist.Card()} == read
        entries = ledger.entries(office.store, user, late).items
        assert entries
        assert {item.card for item in entries} == {worklist.Card()}


def test_a_county_starts_and_dispatches_in_its_own_area(office, now):
    number = office.call(now, unit="gf-centre")
    office.does(number, "dispatcher", now, lead_unit="gf-water")
    page = reading.page(office.store, office.who("officer", "gf-water"), number, now)
    assert page.centre_name == page.peer_centre_name == "广丰区热线中心"
    assert page.authority_name == "广丰区热线主管部门"
    city = office.who("supervisor", "sr-authority")
    assert reading.page(office.store, city, number, now).number == number
    with pytest.raises(Denied):
        reading.page(office.store, office.who("officer", "sr-water"), number, now)


def test_a_city_s_centre_dispatches_to_its_units_and_the_counties_centres(office, now):
    def listed(centre: str) -> set[str]:
        number = office.call(now, unit=centre)
        user = office.who("dispatcher", centre)
        form = reading.task_form(office.store, user, number, office.task(number, "dispatcher"), now)
        return {row["value"] for row in form.sources["units"]}

    assert listed("sr-centre") == {"sr-water", "sr-roads", "gf-centre"}
    assert listed("gf-centre") == {"gf-water"}


def test_a_due_time_is_explained_day_by_day(office, at):
    number = office.call(at("2026-09-30 10:00"), type="complaint")
    office.does(number, "dispatcher", at("2026-09-30 10:05"), lead_unit="sr-water")
    page = reading.page(
        office.store, office.who("officer", "sr-water"), number, at("2026-09-30 11:00")
    )
    dues = {view.name: view for view in page.deadlines}
    assert dues["sign"].due == at("2026-10-09 00:00")
    assert dues["handle"].due == at("2026-10-21 00:00")
    assert any("10月1日" in step and "国庆" in step for step in dues["sign"].steps)
    assert dues["sign"].article == "第十四条"
    assert dues["sign"].remaining.sentence == "还剩1个工作日"
    assert any("签收期限：1个工作日" in line for line in page.history[1].lines)


def test_the_history_is_told_in_words(office, at):
    number = office.call(at("2026-09-30 10:00"), type="consult", title="问公积金")
    office.does(number, "dispatcher", at("2026-09-30 10:05"), lead_unit="sr-water")
    sweep.run_once(office.store, at("2026-10-13 00:00"))
    office.does(number, "officer", at("2026-10-13 09:00"))
    page = reading.page(
        office.store, office.who("officer", "sr-water"), number, at("2026-10-13 10:00")
    )
    sentences = [entry.sentence for entry in page.history]
    assert sentences[0] == "登记诉求，生成工单"
    assert sentences[2] == "期限已到"
    lines = [line for entry in page.history for line in entry.lines]
    assert "已派单至市水务局" in lines
    assert "到期未签收，预警（期限2026年10月8日 24:00）" in lines
    assert ("诉求类型", "咨询") in page.history[0].answers


def test_lists_reach_as_far_as_the_right(office, at):
    for centre, unit in (("sr-centre", "sr-water"), ("gf-centre", "gf-water")):
        number = office.call(at("2026-09-28 10:00"), unit=centre, type="consult")
        office.does(number, "dispatcher", at("2026-09-28 10:05"), lead_unit=unit)
    now = at("2026-10-08 09:00")
    assert sweep.run_once(office.store, now).fired == 4

    def seen(role: str, unit: str) -> tuple[int, int]:
        user = office.who(role, unit)
        late = late_list.overdue(office.store, user, now)
        unsigned = late_list.unsigned(office.store, user, now)
        assert late_list.count(office.store, user) == late.total
        assert {item.unit for item in late.items} == {item.unit for item in unsigned.items}
        return late.total, unsigned.total

    assert seen("officer", "sr-water") == (1, 1)
    assert seen("officer", "sr-roads") == (0, 0)
    assert seen("call_taker", "sr-centre") == (0, 0)  # lists are not for every desk
    assert seen("reviewer", "gf-centre") == (1, 1)
    assert seen("supervisor", "gf-authority") == (1, 1)
    assert seen("supervisor", "sr-authority") == (2, 2)


def test_a_late_leg_whose_report_was_rejected_waits_again(office, at):
    number = office.call(at("2026-09-28 10:00"), type="consult")
    office.does(number, "dispatcher", at("2026-09-28 10:05"), lead_unit="sr-water")
    office.does(number, "officer", at("2026-10-09 09:00"))
    office.does(number, "officer", at("2026-10-13 08:30"), outcome="done")
    office.does(number, "leader", at("2026-10-13 09:00"), approval="approved")
    now = at("2026-10-14 09:00")
    centre = office.who("reviewer", "sr-centre")
    (late,) = late_list.overdue(office.store, centre, now).items
    assert late.done_at == at("2026-10-13 09:00")
    office.does(number, "reviewer", now, review="rejected")
    (late,) = late_list.overdue(office.store, centre, now).items
    assert late.done_at is None
    page = reading.page(office.store, centre, number, now)
    assert page.legs[0].reported_at is None
    (handle,) = [view for view in page.deadlines if view.name == "handle"]
    assert handle.remaining is not None, "it still counts"
