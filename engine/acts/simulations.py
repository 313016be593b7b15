"""Facts of the system chain that say that a database holds a simulated city, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.record import SYSTEM, instant
from engine.store import Store, log

BEGUN, ENDED, MULTIPLIED = "simulation_begun", "simulation_ended", "simulation_multiplied"


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of time that is or was simulated; the same facts give the same stretch."""

    start: datetime
    days: float
    tickets: int
    seed: int
    ended: bool = False


def begin(store: Store, run: Run) -> None:
    """Note that a simulation begins, before it has any people or tickets."""
    with store.write() as conn:
        said = {
            "start": instant(run.start),
            "days": str(run.days),
            "tickets": run.tickets,
            "seed": run.seed,
        }
        log.append_system(conn, store, BEGUN, run.start, "system", "", said)


def end(store: Store, run: Run, now: datetime) -> None:
    """Note that the simulation has come to its end."""
    with store.write() as conn:
        said = {"start": instant(run.start)}
        log.append_system(conn, store, ENDED, now, "system", "", said)


def multiplied(store: Store, copies: int, tickets: int, now: datetime) -> None:
    """Note that simulated tickets were copied: these are nobody's work, not even pretended."""
    with store.write() as conn:
        said = {"copies": copies, "tickets": tickets}
        log.append_system(conn, store, MULTIPLIED, now, "system", "", said)


def last(store: Store) -> Run | None:
    """The last simulation of this database; None where there never was one."""
    found: Run | None = None
    with store.read() as conn:
        for event in log.iterate(conn, SYSTEM):
            if event.name == BEGUN:
                said = event.body
                start = datetime.fromisoformat(said["start"])
                found = Run(start, float(said["days"]), said["tickets"], said["seed"])
            elif event.name == ENDED and found is not None:
                found = Run(found.start, found.days, found.tickets, found.seed, ended=True)
    return found
