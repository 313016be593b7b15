"""The tokens of whole tickets go the ways that BPMN says, through all diagrams."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from engine.flow.model import Step
from tests import tokens
from tests.machine.ticket import Ticket, move
from tests.machine.town import Answers, Town, calendars, definitions

TICKETS, ACTS = 25, 60


@dataclass
class Followed(Ticket):
    """A ticket that keeps its steps."""

    steps: list[Step] = field(default_factory=list)

    def take(self, verb: str, **arguments: Any) -> Step:
        self.steps.append(super().take(verb, **arguments))
        return self.steps[-1]


def test_the_tokens_of_whole_tickets_go_as_bpmn_says():
    town, followed = Town(), 0
    for seed in range(TICKETS):
        rng = random.Random(seed)
        ticket = Followed(town, Answers(town, calendars()[0]), checked=False)
        ticket.start(rng)
        for _ in range(ACTS):
            if not ticket.step.ended:
                move(ticket, rng)
        drawings = definitions().drawings
        for name, drawing in drawings.items():
            followed += tokens.follow(drawing, ticket.steps, tokens.around(drawings, name))
    assert followed > TICKETS * ACTS
