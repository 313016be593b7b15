"""What the machine found once, told shortly. No user task is named: tasks are known by fields."""

from __future__ import annotations

import random
from datetime import timedelta

from tests.machine.ticket import Ticket
from tests.machine.town import Answers, Town, calendars, form, outside

TOWN = Town()
AGREED = {
    "acceptance": "accept",
    "emergency": "no",
    "type": "complaint",
    "outcome": "done",
    "approval": "approved",
    "check_result": "approved",
    "review": "accepted",
}


def called(**given: str) -> Ticket:
    """A ticket of the city."""
    ticket = Ticket(TOWN, Answers(TOWN, calendars()[0]))
    ticket.start(random.Random(1), {**AGREED, **given})
    return ticket


def does(ticket: Ticket, field: str, **given: str) -> None:
    """Somebody does the first task whose form asks for a field."""
    for task in ticket.step.tasks:
        if field in {one.key for one in form(task.form).fields}:
            ticket.complete(task, random.Random(2), {**AGREED, **given})
            return
    raise AssertionError([task.element for task in ticket.step.tasks])


def dispatched(lead: str, below: str = "", **given: str) -> Ticket:
    """A ticket with a leg, and one of a county under it when that is `below`."""
    ticket = called(**given)
    does(ticket, "lead_unit", lead_unit=lead, **given)
    if below:
        does(ticket, "section")
        does(ticket, "lead_unit", lead_unit=below)
    return ticket


def lead(ticket: Ticket, unit: str) -> dict[str, object]:
    """The leading leg of a unit."""
    (leg,) = [
        one for one in ticket.rows.legs.values() if one["unit"] == unit and one["duty"] == "lead"
    ]
    return leg


def test_a_type_corrected_after_its_limit_is_late_from_the_due_time_that_it_should_have_had():
    ticket = dispatched("sr-cg")
    ticket.wait(ticket.now + timedelta(days=14))
    was = lead(ticket, "sr-cg")["due"]
    does(ticket, "type", type="consult")
    leg = lead(ticket, "sr-cg")
    assert leg["overdue_at"] == leg["due"] < was


def test_a_county_s_leg_follows_a_corrected_type_though_it_has_a_limit_of_its_own():
    ticket = dispatched("xz-centre", "xz-cg")
    assert lead(ticket, "xz-cg")["due"] == lead(ticket, "xz-centre")["due"]
    was = lead(ticket, "xz-cg")["due"]
    does(ticket, "type", type="help")
    assert lead(ticket, "xz-cg")["due"] == lead(ticket, "xz-centre")["due"] < was


def test_a_county_that_dispatches_after_a_correction_has_the_corrected_limit():
    ticket = dispatched("xz-centre")
    does(ticket, "section")
    does(ticket, "type", type="help")
    units = [task.unit for task in ticket.step.tasks if not task.optional]
    assert units == ["xz-centre"]
    does(ticket, "lead_unit", lead_unit="xz-cg")
    assert lead(ticket, "xz-cg")["due"] == lead(ticket, "xz-centre")["due"]


def test_a_county_counts_in_the_days_that_the_city_counts_in():
    """A law that counts natural days counts them for the unit below as well."""
    ticket = dispatched("xz-centre", "xz-cg", item="yz-1")
    assert lead(ticket, "xz-cg")["due"] == lead(ticket, "xz-centre")["due"]


def test_a_ticket_merged_before_it_was_dispatched_is_reworked_and_nobody_is_supervised():
    ticket = called()
    for nth in (1, 2):
        does(ticket, "main_ticket")
        message, payload = outside()["main_closed"], {"outcome": "done"}
        ticket.take("send", message=message, payload=payload, leg=None)
        does(ticket, "rating", reached="yes", rating="dissatisfied", dissatisfied_reason="attitude")
        does(ticket, "responsible", responsible="yes")
        assert ticket.step.values["dissatisfied"] == nth
    assert ticket.rows.ledger == {}
    assert ticket.step.values["round"] == 3
