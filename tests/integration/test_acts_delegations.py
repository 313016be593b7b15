"""A colleague does somebody's work during a leave, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine import sweep
from engine.acts import delegations, people, tickets, work
from engine.errors import Trouble
from engine.read import leaves, verify, worklist
from engine.read import ticket as reading
from engine.store import Store
from engine.store import people as rows
from tests.integration.office import Office, opened


def on_duty(office, name, now):
    """A person as a page sees them, with the work of colleagues on leave."""
    with office.store.read() as conn:
        return rows.load(conn, people.load(office.store, name).id, now)


@pytest.fixture
def office(store: Store) -> Office:
    return opened(store, datetime(2026, 9, 1, tzinfo=UTC))


@pytest.fixture
def pair(office, now):
    """The officer of the waterworks, who has a task, and the colleague without any role there."""
    number = office.call(now)
    office.does(number, "dispatcher", now, lead_unit="sr-water")
    officer = office.who("officer", "sr-water")
    people.add_user(office.store, None, "stand.in", "代班", officer.unit, ["leader"], now)
    return officer, "stand.in", number


def test_the_colleague_sees_and_does_the_work_and_signs_with_the_own_name(office, pair, now):
    officer, name, number = pair
    task = office.task(number, "officer")
    assert worklist.tasks_of(office.store, on_duty(office, name, now), now).total == 0
    work.claim(office.store, officer, number, task, now, "taken before the leave")
    delegations.give(office.store, officer, name, now, now + timedelta(days=3), now)
    other = on_duty(office, name, now)
    assert other.stands_for == {officer.id}
    (item,) = worklist.tasks_of(office.store, other, now).items
    assert (item.claimed_by, item.takable) == (officer.name, True)
    tickets.complete(office.store, other, number, task, {}, now, "done in the name of nobody else")
    history = reading.page(office.store, officer, number, now).history
    assert any(entry.actor_name == "代班" for entry in history)
    assert verify.verify(office.store).differences == ()


def test_it_ends_by_itself_and_what_was_taken_goes_back(office, pair, now):
    officer, name, number = pair
    task = office.task(number, "officer")
    until = now + timedelta(days=1)
    delegations.give(office.store, officer, name, now, until, now)
    last = until - timedelta(seconds=1)
    work.claim(office.store, on_duty(office, name, last), number, task, last, "the last second")
    assert on_duty(office, name, until).stands_for == frozenset()
    sweep.run_once(office.store, until)
    (item,) = worklist.tasks_of(office.store, officer, until).items
    assert item.claimed_by == ""
    assert leaves.given(office.store, officer, until) == ()
    assert verify.verify(office.store).differences == ()


def test_it_ends_when_the_giver_is_back(office, pair, now):
    officer, name, number = pair
    task = office.task(number, "officer")
    delegations.give(office.store, officer, name, now, now + timedelta(days=3), now)
    work.claim(office.store, on_duty(office, name, now), number, task, now, "taken")
    (leave,) = leaves.given(office.store, officer, now)
    delegations.end(office.store, officer, leave.id, now)
    assert on_duty(office, name, now).roles == {"leader"}
    (item,) = worklist.tasks_of(office.store, officer, now).items
    assert item.claimed_by == ""
    with pytest.raises(Trouble, match="已经结束"):
        delegations.end(office.store, officer, leave.id, now)


def test_what_is_lent_is_not_passed_on(office, pair, now):
    officer, name, _ = pair
    third = people.add_user(office.store, None, "third", "第三人", officer.unit, ["leader"], now)
    assert third
    delegations.give(office.store, officer, name, now, now + timedelta(days=3), now)
    lent = on_duty(office, name, now)
    delegations.give(office.store, lent, "third", now, now + timedelta(days=3), now)
    assert on_duty(office, "third", now).roles == {"leader"}


@pytest.mark.parametrize(
    ("to", "since", "until", "code"),
    [
        ("stand.in", 0, 0, "leave_times"),
        ("stand.in", -3, -1, "leave_times"),
        ("stand.in", 0, 200, "leave_times"),
        ("nobody", 0, 3, "leave_colleague"),
    ],
)
def test_what_cannot_be_is_said(office, pair, now, to, since, until, code):
    officer, _, _ = pair
    day = timedelta(days=1)
    with pytest.raises(Trouble) as refused:
        delegations.give(office.store, officer, to, now + since * day, now + until * day, now)
    assert refused.value.code == code


def test_two_colleagues_at_once_and_people_of_other_units_are_refused(office, pair, now):
    officer, name, _ = pair
    delegations.give(office.store, officer, name, now, now + timedelta(days=3), now)
    with pytest.raises(Trouble) as refused:
        delegations.give(
            office.store, officer, name, now + timedelta(days=2), now + timedelta(days=5), now
        )
    assert refused.value.code == "leave_twice"
    stranger = office.who("dispatcher", "sr-centre")
    with pytest.raises(Trouble) as refused:
        delegations.give(
            office.store, officer, stranger.name, now + timedelta(days=9), now + timedelta(10), now
        )
    assert refused.value.code == "leave_colleague"
