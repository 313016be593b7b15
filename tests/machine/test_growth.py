"""However long a ticket goes on, its state stays small and its steps stay cheap."""

from __future__ import annotations

import random

import pytest

from tests.machine.invariants import beside
from tests.machine.ticket import Ticket
from tests.machine.town import Answers, Town, calendars, definitions, form, outside

TOWN = Town()
AGREED = {
    "acceptance": "accept",
    "emergency": "no",
    "type": "complaint",
    "outcome": "done",
    "approval": "approved",
    "check_result": "approved",
    "review": "accepted",
    "reached": "yes",
    "rating": "dissatisfied",
    "dissatisfied_reason": "attitude",
    "exclusion_confirmed": "no",
    "responsible": "yes",
    "poor_handling": "yes",
    "assessment": "rectified",
    "after_rework": "rework",
}
"""What everybody answers, so that a ticket is reworked for ever; by field."""


def called(area: str = "sr", **given: str) -> Ticket:
    """A ticket under way."""
    ticket = Ticket(TOWN, Answers(TOWN, calendars()[0]), area=area, checked=False)
    ticket.start(random.Random(1), {**AGREED, **given})
    return ticket


def through_a_round(ticket: Ticket, **given: str) -> None:
    """Everybody does what they must, until the ticket is dispatched once more."""
    rng, nth = random.Random(2), ticket.step.values["round"]
    for _ in range(90):
        duties = [task for task in ticket.step.tasks if not task.optional]
        if ticket.step.values["round"] > nth:  # what was started beside is done first
            duties = [task for task in duties if task.address.startswith(beside())]
            if not duties:
                return
        ticket.complete(rng.choice(duties), rng, {**AGREED, **given})
    raise AssertionError(f"round {nth} does not end:\n" + "\n".join(ticket.told[-20:]))


# On two levels a round costs four times as much, and tells the same after fewer.
@pytest.mark.parametrize(("lead", "rounds"), [("sr-cg", 50), ("xz-centre", 20)])
def test_many_rounds_of_the_whole_procedure_weigh_as_much_as_one(lead, rounds):
    """With co-handlers, promises, follow-ups and a supervision that has ended, on both levels."""
    ticket = called()
    sizes, tokens = [], []
    for _ in range(rounds):
        through_a_round(ticket, lead_unit=lead, promise_days="5")
        sizes.append(len(ticket.blob))
        tokens.append(len(list(ticket.step.state.tokens())))
    assert ticket.step.values["round"] == rounds + 1
    assert any(entry["ended_at"] for entry in ticket.rows.ledger.values())
    assert max(sizes) <= 2 * sizes[0], sizes
    assert tokens[-1] == tokens[0], tokens
    assert len(ticket.rows.legs) >= rounds


def test_a_thousandth_repeat_call_costs_what_the_first_did():
    """Counted in tokens, moves, walked elements and bytes, with legs on both levels that hear it.

    From the third call on the leg may be marked as hard: compared are the fifth and the last.
    """
    ticket, rng = called(), random.Random(3)
    while {leg["unit"] for leg in ticket.rows.legs.values()} <= {"xz-centre"}:
        duties = [task for task in ticket.step.tasks if not task.optional]
        ticket.complete(duties[0], rng, {**AGREED, "lead_unit": "xz-centre"})
    costs = []
    for _ in range(1_000):
        step = ticket.take("send", message=outside()["call_again"], payload={}, leg=None)
        tokens = len(list(step.state.tokens()))
        costs.append((tokens, step.state.moves, len(step.walked), len(ticket.blob)))
    first, fifth, last = costs[0], costs[4], costs[-1]
    assert last[:3] == fifth[:3]
    assert last[1] <= first[1]
    assert last[2] <= first[2]
    assert last[0] <= first[0] + 8
    assert last[3] <= fifth[3] + 60, (first, fifth, last)
    assert step.values["calls"] == 1_001


def test_the_forms_take_what_is_agreed():
    """A field of AGREED that no form has any more would make these tests look at something else."""
    forms = {element.form for element in definitions().elements() if element.form}
    keys = {field.key for key in forms for field in form(key).fields}
    assert set(AGREED) <= keys
