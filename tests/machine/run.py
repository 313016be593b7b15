"""A long run of the machine: `python -m tests.machine.run --minutes 10`, new seeds each time.

Prints what was done and walked; the first thing that does not hold is printed with its seed and
the acts that led there, and the run fails. `--seed N` takes one seed again. With `--acts` the acts
on a database take their turns too (SQLite, in a folder that is removed afterwards).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from engine import settings
from engine.store import Store
from tests.machine.desks import City, Desks, act
from tests.machine.ticket import Ticket, folly, move
from tests.machine.town import Answers, Town, calendars
from tests.machine.walker import Seen, walk

MOVES = 120
ACTS = 60
STEPS = 600
TURN = 8
"""Every so many tickets a deep walk, or some on a database: that takes longer."""


class Failed(Exception):
    """A run in which something did not hold: the seed, and what was done."""


def pure(town: Town, seed: int, seen: Seen) -> int:
    """One ticket in the pure engine; how many moves were made."""
    rng = random.Random(seed)
    ticket = Ticket(town, Answers(town, calendars()[0]), area=rng.choice(("sr", "sr", "xz", "gf")))
    moves = 0
    try:
        seen.note(ticket.start(rng))
        while moves < MOVES and not ticket.step.ended:
            was = ticket.step
            move(ticket, rng)
            if ticket.step is not was:
                seen.note(ticket.step)
            if moves % 4 == 0:
                folly(ticket, rng)
            moves += 1
        ticket.replay()
    except Exception as error:
        raise Failed(_told("pure", seed, ticket.told)) from error
    return moves


def deep(town: Town, seed: int, seen: Seen) -> int:
    """A walk that goes on from where something new was seen; how many steps were taken."""
    mine = Seen()
    try:
        walk(town, seed, STEPS, mine, checked=True)
    except Exception as error:
        raise Failed(f"deep, seed {seed}") from error
    seen.elements |= mine.elements
    seen.flows |= mine.flows
    seen.steps += mine.steps
    return mine.steps


def on_database(city: City, seed: int, _seen: Seen) -> int:
    """Some tickets on a database; how many acts were done."""
    rng, desks = random.Random(seed), Desks(city)
    try:
        for _ in range(ACTS):
            act(desks, rng)
    except Exception as error:
        raise Failed(_told("acts", seed, desks.told)) from error
    return ACTS


def _told(what: str, seed: int, told: list[str]) -> str:
    return "\n  ".join([f"{what}, seed {seed}; the last of what was done:", *told[-25:]])


def main(arguments: list[str]) -> int:
    """Runs until the time is over, or something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.machine.run", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, help="this seed alone")
    parser.add_argument("--acts", action="store_true", help="acts on a database too")
    given = parser.parse_args(arguments)
    town, seen = Town(), Seen()
    with tempfile.TemporaryDirectory() as home:
        ways: list[Callable[[int], int]] = [
            lambda seed: pure(town, seed, seen),
            lambda seed: deep(town, seed, seen) if seed % TURN == 1 else 0,
        ]
        if given.acts:
            store = Store.create(settings.read({"HOTLINE_HOME": str(Path(home))}))
            city = City.opened(store)
            ways.append(lambda seed: on_database(city, seed, seen) if seed % TURN == 0 else 0)
        first = given.seed if given.seed is not None else time.time_ns() % 10**9
        began, seeds, moves = time.monotonic(), 0, 0
        try:
            while not seeds or (
                given.seed is None and time.monotonic() - began < given.minutes * 60
            ):
                for way in ways:
                    moves += way(first + seeds)
                seeds += 1
        except Failed as failed:
            traceback.print_exception(failed.__cause__)
            print(failed)
            return 1
        finally:
            _report(first, seeds, moves, time.monotonic() - began, seen)
    return 0


def _report(first: int, seeds: int, moves: int, seconds: float, seen: Seen) -> None:
    left = seen.left()
    print(f"seeds {first} to {first + seeds - 1}: {seeds} runs, {moves} moves, {seconds:.0f} s")
    print(f"steps {seen.steps}, elements {len(seen.elements)}, flows {len(seen.flows)}")
    for kind, ids in left.items():
        print(f"{kind} that were not walked: {len(ids)}  {', '.join(ids[:12])}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
