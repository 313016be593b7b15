"""Random legal and illegal acts at random times over all processes, in the pure engine."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.machine.ticket import Ticket, folly, move
from tests.machine.town import Answers, Town, calendars

TOWN = Town()
CHANCES = st.integers(0, 2**32 - 1).map(random.Random)
"""What a person answers and picks: one number, so that a failing run shrinks to few acts."""


class Machine(RuleBasedStateMachine):
    """One ticket; what must hold of it is checked after every step (see invariants.py)."""

    @initialize(rng=CHANCES, area=st.sampled_from(("sr", "sr", "xz")))
    def call(self, rng, area):
        """Somebody calls the city, or a county."""
        self.ticket = Ticket(TOWN, Answers(TOWN, calendars()[0]), area=area)
        self.ticket.start(rng)

    @property
    def under_way(self):
        """Whether the ticket has not ended."""
        return not self.ticket.step.ended

    @precondition(lambda self: self.under_way)
    @rule(rngs=st.lists(CHANCES, min_size=1, max_size=5))
    def goes_on(self, rngs):
        """People, callers, other tickets, the clock or the calendar do what they may."""
        for rng in rngs:
            if self.under_way:
                move(self.ticket, rng)

    @rule(rng=CHANCES)
    def goes_wrong(self, rng):
        """Somebody tries what cannot be."""
        folly(self.ticket, rng)

    def teardown(self):
        """The whole log gives the same once more."""
        if hasattr(self, "ticket"):
            self.ticket.replay()


def test_whatever_people_do_holds():
    run_state_machine_as_test(
        Machine,
        settings=settings(
            derandomize=True,
            database=None,
            deadline=None,
            max_examples=120,
            stateful_step_count=30,
            suppress_health_check=list(HealthCheck),
        ),
    )
