"""What stands between callers, tickets and people: repeat calls, merging, hiding, four eyes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from engine import sweep
from engine.acts import people, places, tickets, work
from engine.errors import Denied, Trouble
from engine.read import ledger, search, verify, worklist
from engine.read import ticket as reading
from engine.store import Store, rights, steps
from engine.store import tables as t
from tests.integration.office import Office, filled, key, opened


@pytest.fixture
def office(store: Store) -> Office:
    return opened(store, datetime(2026, 9, 1, tzinfo=UTC))


def row_of(office: Office, number: str):
    with office.store.read() as conn:
        return conn.execute(select(t.tickets).where(t.tickets.c.number == number)).one()


def code(refused: pytest.ExceptionInfo[Trouble]) -> str:
    return refused.value.code


def right(office: Office, number: str, role: str, name: str, now, **given: str) -> None:
    """Somebody makes use of a right."""
    (task,) = [
        one
        for one in office.waiting(number)
        if one.optional and one.role == role and one.name == name
    ]
    user = office.who(role, task.unit)
    shown = reading.task_form(office.store, user, number, task.task, now)
    raw = filled(shown.form, shown.sources, given)
    tickets.complete(office.store, user, number, task.task, raw, now, key())


def handled(office: Office, number: str, at, day: str = "2026-09-30") -> None:
    """A dispatched ticket is handled, its report accepted."""
    office.does(number, "officer", at(f"{day} 11:00"))
    office.does(number, "officer", at(f"{day} 11:10"), outcome="done")
    office.does(number, "leader", at(f"{day} 11:20"), approval="approved")
    office.does(number, "reviewer", at(f"{day} 11:30"), review="accepted")


# --- repeat calls ----------------------------------------------------------------------------


def test_a_repeat_call_is_counted_and_told_to_who_waits(office, now):
    number = office.call(now, type="complaint")
    office.does(number, "dispatcher", now, lead_unit="sr-water")
    taker = office.who("call_taker", "sr-centre")
    same = key()
    for _ in range(2):
        tickets.call_again(office.store, taker, number, "水还是没有来", now, same)
    assert row_of(office, number).calls == 2
    page = reading.page(office.store, taker, number, now)
    assert (page.repeat_calls, page.may_call_again) == (1, True)
    last = page.history[-1]
    assert last.sentence == "诉求人就同一事项再次来电"
    assert ("来电内容", "水还是没有来") in last.answers
    assert last.kind == "step"
    assert verify.verify(office.store).differences == ()


def test_a_repeat_call_after_the_end_is_a_fact_all_the_same(office, now):
    number = office.call(now, type="consult", acceptance="answered")
    office.runs(number, now)
    taker = office.who("call_taker", "sr-centre")
    tickets.call_again(office.store, taker, number, "还想再问一次", now, key())
    page = reading.page(office.store, taker, number, now)
    assert (page.history[-1].kind, page.history[-1].name) == ("fact", "call_again")
    assert page.repeat_calls == 1
    assert verify.verify(office.store).differences == ()
    with office.store.write() as conn:
        conn.execute(update(t.tickets).values(calls=5))
    assert "calls" in verify.verify(office.store, number).differences[0].sentence


def test_a_repeat_call_needs_words_and_somebody_who_takes_calls(office, now):
    number = office.call(now)
    taker = office.who("call_taker", "sr-centre")
    for text, why in ((" ", "words_empty"), ("字" * 2001, "words_long"), ("\x07", "words_empty")):
        with pytest.raises(Trouble) as refused:
            tickets.call_again(office.store, taker, number, text, now, key())
        assert code(refused) in (why, "text_characters")
    for user in (office.who("reviewer", "sr-centre"), office.who("call_taker", "gf-centre")):
        with pytest.raises(Denied):
            tickets.call_again(office.store, user, number, "又来电", now, key())
    assert row_of(office, number).calls == 1


def test_the_same_request_key_with_other_answers_is_another_request(office, now):
    user = office.who("call_taker", "sr-centre")
    form = reading.start_form(office.store, user, now)
    raw, same = filled(form.form, form.sources, {"type": "consult"}), key()
    number = tickets.start(office.store, user, raw, now, same)
    assert tickets.start(office.store, user, raw, now, same) == number
    with pytest.raises(Trouble) as refused:
        tickets.start(office.store, user, raw | {"title": ["另一件事"]}, now, same)
    assert code(refused) == "request_other"
    dispatcher = office.who("dispatcher", "sr-centre")
    task, again = office.task(number, "dispatcher"), key()
    shown = reading.task_form(office.store, dispatcher, number, task, now)
    raw = filled(shown.form, shown.sources, {"lead_unit": "sr-water"})
    tickets.complete(office.store, dispatcher, number, task, raw, now, again)
    other = raw | {"lead_unit": ["sr-roads"]}
    with pytest.raises(Trouble) as refused:
        tickets.complete(office.store, dispatcher, number, task, other, now, again)
    assert code(refused) == "request_other"


# --- merging ---------------------------------------------------------------------------------


def merge(office: Office, number: str, main: str, now) -> None:
    right(office, number, "dispatcher", "并入另一工单", now, main_ticket=main)


def test_a_ticket_is_merged_only_into_one_that_goes_on(office, now):
    ended = office.call(now, type="consult", acceptance="answered")
    office.runs(ended, now)
    number = office.call(now)
    for main, said in (
        (number, "不能并入本工单自己"),
        ("20990101-00001", "没有找到工单"),
        (ended, "已经办结或结束"),
    ):
        with pytest.raises(tickets.Invalid) as refused:
            merge(office, number, main, now)
        assert said in refused.value.errors["main_ticket"]
    main = office.call(now)
    merge(office, number, main, now)
    third = office.call(now)
    with pytest.raises(tickets.Invalid) as refused:
        merge(office, third, number, now)
    assert f"已并入 {main}" in refused.value.errors["main_ticket"]
    taker = office.who("call_taker", "sr-centre")
    assert reading.page(office.store, taker, number, now).merged_into == main
    assert reading.page(office.store, taker, main, now).merged == (number,)


def test_no_ticket_is_merged_into_one_that_was_given_up_and_waits_for_the_archive(office, now):
    refused = office.call(now, acceptance="refuse", ground="secret")
    withdrawn, number = office.call(now), office.call(now)
    right(office, withdrawn, "dispatcher", "撤销工单", now)
    for main in (withdrawn, refused):
        assert row_of(office, main).ended_at is None
        with pytest.raises(tickets.Invalid) as invalid:
            merge(office, number, main, now)
        assert "已经办结或结束" in invalid.value.errors["main_ticket"]


def test_what_becomes_of_the_main_ticket_is_told_to_those_merged_into_it(office, at, now):
    main, number = office.call(now, type="complaint"), office.call(now, type="complaint")
    merge(office, number, main, now)
    office.does(main, "dispatcher", now, lead_unit="sr-water")
    handled(office, main, at)
    then = at("2026-09-30 12:00")
    sweep.run_once(office.store, then)
    assert row_of(office, number).closed_at == then
    assert row_of(office, number).outcome == "done"
    seq = row_of(office, number).seq
    with office.store.write() as conn:
        conn.execute(update(t.outbox).values(next_try_at=then, delivered_at=None))
    sweep.run_once(office.store, then)
    assert row_of(office, number).seq == seq, "it is told once"
    files = {path.name for path in office.store.settings.outbox.iterdir()}
    assert "sms.accepted.jsonl" in files
    assert not files & {"ticket.closed.jsonl", "ticket.dropped.jsonl"}
    assert verify.verify(office.store).differences == ()


# --- correcting ------------------------------------------------------------------------------


def test_lists_and_the_page_name_the_type_that_a_ticket_was_corrected_to(office, now):
    number = office.call(now, type="consult")
    right(office, number, "dispatcher", "更正类型或地址", now, type="complaint")
    dispatcher = office.who("dispatcher", "sr-centre")
    page = reading.page(office.store, dispatcher, number, now)
    (item,) = worklist.tasks_of(office.store, dispatcher, now).items
    assert page.type == item.type == "complaint"
    assert page.type_label == "投诉"
    assert verify.verify(office.store).differences == ()
    with office.store.write() as conn:
        conn.execute(update(t.tickets).values(type="consult"))
    (wrong,) = verify.verify(office.store, number).differences
    assert "type" in wrong.sentence


def test_two_decisions_on_one_leg_are_not_taken_for_each_other_when_counted_again(office, at, now):
    number = office.call(now, type="complaint")
    office.does(number, "dispatcher", now, lead_unit="sr-water")
    office.does(number, "officer", at("2026-09-30 11:00"))
    right(office, number, "officer", "申请退回", at("2026-09-30 11:10"))
    right(office, number, "officer", "申请延期", at("2026-10-08 10:00"))
    when = at("2026-10-08 11:00")
    with office.store.read() as conn:
        waiting = conn.execute(select(t.timers.c.due).where(t.timers.c.deadline == "decide"))
        dues = set(waiting.scalars())
    page = reading.page(office.store, office.who("officer", "sr-water"), number, when)
    told = {
        (view.due, view.remaining is not None)
        for view in page.deadlines
        if view.leg and view.name == "decide"
    }
    assert len(dues) == 2
    assert told == {(due, True) for due in dues}
    assert tickets.revise(office.store, "system", row_of(office, number).id, when) is False
    assert verify.verify(office.store).differences == ()


def test_a_report_is_about_no_unit_that_has_it_until_it_is_recalled(office, now):
    number = office.call(now, type="complaint")
    office.does(number, "dispatcher", now, lead_unit="sr-water", co_units=["sr-roads"])

    def named() -> set[str]:
        (task,) = [one for one in office.waiting(number) if one.name == "更正类型或地址"]
        dispatcher = office.who("dispatcher", "sr-centre")
        form = reading.task_form(office.store, dispatcher, number, task.task, now)
        return {one["value"] for one in form.sources["parties"]}

    assert not named() & {"sr-water", "sr-roads"}
    right(office, number, "dispatcher", "撤回派发", now)
    assert {"sr-water", "sr-roads"} <= named()
    right(office, number, "dispatcher", "更正类型或地址", now, type="report", named_unit="sr-roads")
    assert row_of(office, number).about_unit == "sr-roads"
    assert verify.verify(office.store).differences == ()


# --- hiding ----------------------------------------------------------------------------------


def report(office: Office, now, **more: str) -> str:
    return office.call(
        now,
        type="report",
        about_unit="sr-roads",
        protected="true",
        caller="王某",
        phone="13800001234",
        **more,
    )


def test_whom_a_report_is_about_sees_nothing_of_it(office, now):
    number = report(office, now)
    row = row_of(office, number)
    assert (row.about_unit, row.protected) == ("sr-roads", True)
    dispatcher = office.who("dispatcher", "sr-centre")
    form = reading.task_form(
        office.store, dispatcher, number, office.task(number, "dispatcher"), now
    )
    assert "sr-roads" not in {one["value"] for one in form.sources["units"]}
    office.does(number, "dispatcher", now, lead_unit="sr-water")
    everything = office.who("officer", "sr-roads")
    everything = replace(everything, roles=frozenset({"auditor", "officer", "supervisor"}))
    with pytest.raises(Denied) as refused:
        reading.page(office.store, everything, number, now)
    assert refused.value.hidden
    assert search.find(office.store, everything, number).hits == ()


def test_a_report_goes_together_only_with_one_about_the_same_unit(office, now):
    number, same, plain = report(office, now), report(office, now), office.call(now)
    with pytest.raises(tickets.Invalid) as refused:
        merge(office, number, plain, now)
    (said,) = refused.value.errors.values()
    assert plain in said
    merge(office, number, same, now)
    taker = office.who("call_taker", "sr-centre")
    assert reading.page(office.store, taker, same, now).merged == (number,)
    assert reading.page(office.store, taker, plain, now).merged == ()


def test_a_protected_reporter_is_known_to_the_centres_only(office, now):
    number = report(office, now)
    office.does(number, "dispatcher", now, lead_unit="sr-water")
    officer, taker = office.who("officer", "sr-water"), office.who("call_taker", "sr-centre")
    (item,) = worklist.tasks_of(office.store, officer, now).items
    page = reading.page(office.store, officer, number, now)
    assert (item.card.caller, item.card.phone) == ("受保护", "受保护")
    assert (page.card.caller, page.protected) == ("受保护", True)
    assert "王某" not in str(page.history)
    assert "138" not in str(page.history)
    with pytest.raises(Denied) as refused:
        work.unmask(office.store, officer, number, "回电核实", now, key())
    assert code(refused) == "reporter_protected"
    assert reading.page(office.store, taker, number, now).card.caller == "王某"
    assert "王某" in work.unmask(office.store, taker, number, "回电核实", now, key()).values()


# --- rights, legs of two levels, four eyes ---------------------------------------------------


def test_a_right_is_offered_with_the_ticket_and_in_no_list(office, now):
    number = office.call(now)
    dispatcher = office.who("dispatcher", "sr-centre")
    page = reading.page(office.store, dispatcher, number, now)
    assert {item.name for item in page.rights} >= {"撤销工单", "并入另一工单"}
    assert [item.name for item in page.tasks] == ["派单"]
    assert worklist.tasks_of(office.store, dispatcher, now).total == 1
    assert worklist.counts(office.store, dispatcher, now).unit == 1
    taker = office.who("call_taker", "sr-centre")
    assert reading.page(office.store, taker, number, now).rights == ()


def test_a_county_dispatches_on_what_the_city_sent_it(office, at, now):
    number = office.call(now, type="complaint")
    office.does(number, "dispatcher", now, lead_unit="gf-centre")
    officer = office.who("officer", "gf-centre")
    assert worklist.tasks_of(office.store, officer, now).total == 1
    office.does(number, "officer", at("2026-09-30 11:00"))
    office.does(number, "dispatcher", at("2026-09-30 11:10"), lead_unit="gf-water")
    page = reading.page(office.store, officer, number, at("2026-09-30 12:00"))
    above, below = page.legs
    assert (above.unit, above.parent, above.centre_name) == ("gf-centre", None, "市热线中心")
    assert (below.unit, below.parent, below.centre_name) == ("gf-water", 1, "广丰区热线中心")
    assert below.due <= above.due
    assert verify.verify(office.store).differences == ()


def test_a_second_person_confirms(office, at, now):
    number = office.call(now, type="suggestion")
    office.does(number, "dispatcher", now, lead_unit="sr-water")
    handled(office, number, at)
    when = at("2026-09-30 15:00")
    given = {"reached": "yes", "rating": "dissatisfied", "dissatisfied_reason": "not_adopted"}
    first = office.does(number, "follow_up", when, **given)
    task = office.task(number, "follow_up")
    with pytest.raises(Trouble) as refused:
        reading.task_form(office.store, first, number, task, when)
    assert code(refused) == "four_eyes"
    with pytest.raises(Trouble, match="须由另一人办理"):
        tickets.complete(office.store, first, number, task, {}, when, key())
    second = office.who("follow_up", "sr-centre", 2)
    with pytest.raises(Trouble) as refused:
        work.hand_over(office.store, second, number, task, first.name, when, key())
    assert code(refused) == "four_eyes_other"
    form = reading.task_form(office.store, second, number, task, when)
    raw = filled(form.form, form.sources, {"exclusion_confirmed": "yes"})
    tickets.complete(office.store, second, number, task, raw, when, key())
    assert row_of(office, number).dissatisfied == 0


# --- the ledger ------------------------------------------------------------------------------


def test_an_overdue_leg_is_in_the_ledger_once_somebody_is_found_to_blame(office, at, now):
    number = office.call(now, type="consult")
    office.does(number, "dispatcher", now, lead_unit="sr-water")
    office.does(number, "officer", at("2026-09-30 11:00"))
    late = at("2026-10-20 09:00")
    sweep.run_once(office.store, late)
    supervisor = office.who("supervisor", "sr-authority")
    (entry,) = ledger.entries(office.store, supervisor, late).items
    assert (entry.number, entry.reason, entry.unit) == (number, "overdue", "sr-water")
    assert entry.warned_at is not None
    assert entry.found_at is None
    office.does(number, "supervisor", late, poor_handling="yes")
    office.does(number, "supervisor", late, measure="rectification_notice", rectify_days="3")
    (entry,) = ledger.entries(office.store, supervisor, late).items
    assert entry.found_at == entry.listed_at == entry.measure_at == late
    assert entry.measure_label == "整改通知"
    assert entry.rectify_due == at("2026-10-24 00:00")
    assert verify.verify(office.store).differences == ()
    for user, total in (
        (office.who("supervisor", "gf-authority"), 0),
        (office.who("auditor", "sr-centre"), 1),
        (office.who("dispatcher", "sr-centre"), 1),
        (office.who("reviewer", "gf-centre"), 0),
    ):
        assert ledger.entries(office.store, user, late).total == total
    with pytest.raises(Denied):
        ledger.entries(office.store, office.who("officer", "sr-water"), late)
    with office.store.write() as conn:
        conn.execute(update(t.ledger).values(rectify_due=late + timedelta(days=99)))
    (wrong,) = verify.verify(office.store, number).differences
    assert "督办台账" in wrong.sentence
    assert "rectify_due" in wrong.sentence


# --- places and people -----------------------------------------------------------------------


def test_items_are_offered_to_the_centre_of_their_area(office, now):
    items = (
        places.Item("water-1", "sr", "城市供水", "sr-water"),
        places.Item("roads-1", "sr", "市政道路养护", "sr-roads"),
        places.Item("water-1", "gf", "农村供水", "gf-water"),
    )
    places.add_items(office.store, None, items, now)
    places.add_items(office.store, None, [replace(items[1], active=False)], now)
    number = office.call(now)
    dispatcher = office.who("dispatcher", "sr-centre")
    form = reading.task_form(
        office.store, dispatcher, number, office.task(number, "dispatcher"), now
    )
    assert form.sources["items"] == [{"label": "城市供水（市水务局）", "value": "water-1"}]
    for bad, why in (
        (places.Item("x", "nowhere", "项", "sr-water"), "area_unknown"),
        (places.Item("x", "sr", "项", "nobody"), "unit_unknown"),
        (places.Item("x", "sr", " ", "sr-water"), "place_bad"),
        (places.Item("x" * 41, "sr", "项", "sr-water"), "place_bad"),
    ):
        with pytest.raises(Trouble) as refused:
            places.add_items(office.store, None, [bad], now)
        assert code(refused) == why
    office.does(number, "dispatcher", now, lead_unit="sr-water", item="water-1")
    told = dict(reading.page(office.store, dispatcher, number, now).history[-1].answers)
    assert "城市供水" in told.values()
    administrator = office.who("administrator", "sr-centre")
    places.add_items(office.store, administrator, items[:1], now)
    with pytest.raises(Denied):
        places.add_items(office.store, dispatcher, items[:1], now)


def test_a_section_signs_for_its_unit(office, now):
    section = places.Unit("sr-water-pipes", "市水务局管网科", "sr", "department", "sr-water")
    places.add(office.store, None, [], [section], now)
    number = office.call(now)
    dispatcher = office.who("dispatcher", "sr-centre")
    form = reading.task_form(
        office.store, dispatcher, number, office.task(number, "dispatcher"), now
    )
    assert section.id not in {one["value"] for one in form.sources["units"]}
    office.does(number, "dispatcher", now, lead_unit="sr-water")
    officer = office.who("officer", "sr-water")
    form = reading.task_form(office.store, officer, number, office.task(number, "officer"), now)
    assert [one["value"] for one in form.sources["sections"]] == ["sr-water", section.id]
    office.does(number, "officer", now, section=section.id)
    told = dict(reading.page(office.store, dispatcher, number, now).history[-1].answers)
    assert section.name in told.values()


@pytest.mark.parametrize("name", ["", "  ", "王\n某", "\u202e王", "长" * 41])
def test_nobody_is_added_without_a_name_that_can_be_read(office, now, name):
    with pytest.raises(Trouble) as refused:
        people.add_user(office.store, None, "newcomer", name, "sr-centre", [], now)
    assert code(refused) == "display_bad"


def test_the_chain_of_a_repeat_call_says_which_message_it_was(office, now):
    number = office.call(now)
    taker = office.who("call_taker", "sr-centre")
    tickets.call_again(office.store, taker, number, "又来电", now, key())
    with office.store.read() as conn:
        bodies = conn.execute(select(t.events.c.body).where(t.events.c.chain == number)).scalars()
        last = json.loads(list(bodies)[-1])
    assert last.get("as") == "call_again"
    with office.store.write() as conn:
        ticket = rights.hold(conn, office.store, taker, number)
        with pytest.raises(Trouble) as refused:
            steps.send(conn, office.store, ticket, "no_such", {}, now, taker.name)
    assert code(refused) == "message_unknown"
