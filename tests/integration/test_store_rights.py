"""Four eyes: who completed one task may not decide on it, in the same matter and in no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from engine.store import Store, log, rights
from engine.store.tickets import Ticket

WATER, GAS = "round#1/water#1/unit#1/", "round#1/gas#1/unit#1/"
"""Where two units are at work on one ticket at once."""


@pytest.fixture
def kept(
    places: Store, now: datetime, make_ticket: Callable[..., Ticket]
) -> Callable[..., dict[str, str]]:
    """What keeps each of two people from a task, after others were completed in this order."""

    def ask(done: list[tuple[str, str, int | None]], address: str, leg: int | None) -> Any:
        task: Any = SimpleNamespace(other_than="draft,look", address=address, leg=leg)
        with places.write() as conn:
            ticket = make_ticket(conn, places, "T-1")
            for actor, where, of in done:
                element = where.rpartition("/")[2].partition("#")[0]
                body = {"element": element, "name": element, "address": where, "leg": of}
                log.append(conn, ticket, "step", "complete", now, actor, "sr", body)
            people = ("ann", "bob")
            return {one for one in people if rights.completed_by(conn, "T-1", one, task)}

    return ask


def test_two_units_at_once_do_not_stand_for_each_other(kept) -> None:
    done = [("ann", WATER + "draft#1", 1), ("bob", GAS + "draft#1", 2)]
    assert kept(done, WATER + "decide#1", 1) == {"ann"}


def test_the_last_of_a_leg_counts_wherever_in_it(kept) -> None:
    again = "round#1/water#1/unit#2/"
    done = [("ann", WATER + "draft#1", 1), ("bob", again + "draft#1", 1)]
    assert kept(done, again + "decide#1", 1) == {"bob"}


@pytest.mark.parametrize("host", ["supervision", "follow_up"])
def test_outside_legs_a_second_visit_is_another_matter(kept, host: str) -> None:
    done = [("ann", f"{host}#1/draft#1", None), ("bob", f"{host}#2/draft#1", None)]
    assert kept(done, f"{host}#1/decide#1", None) == {"ann"}


def test_what_was_done_around_or_beside_counts(kept) -> None:
    done = [("ann", "draft#1", None), ("bob", "acceptance#1/look#1", None)]
    assert kept(done, "round#1/water#1/decide#1", 1) == {"ann", "bob"}
