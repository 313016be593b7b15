"""What holds of a ticket after every step, whatever people did."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.access import User, authorize
from engine.city.places import authority_of, centre_of
from engine.errors import Denied
from engine.flow.model import Step, Timer
from engine.store.milestones import Rows
from engine.store.tickets import Seen
from tests.machine.town import Town, definitions, outside

if TYPE_CHECKING:
    from tests.machine.ticket import Ticket


class Broken(AssertionError):
    """Something that must always hold does not."""


def must(holds: bool, *said: object) -> None:
    """Broken, unless it holds."""
    if not holds:
        raise Broken(" ".join(map(str, said)))


def check(ticket: Ticket, before: Step | None, rows: Rows, verb: str) -> None:
    """All of them; `before` and `rows` are the step and the rows before this step."""
    step = ticket.step
    once_each(step)
    if step.ended:
        over(step)
    else:
        somebody_can_move_it(ticket)
    void_legs_rest(ticket.rows, step.timers)
    one_lead(ticket.rows)
    children_within_parents(ticket)
    if verb != "revise":  # that moves due times, into the past too, and fires none
        nothing_due_stays(step, ticket.now)
    if before is not None:
        due_times_are_heard(before, step, ticket.now, verb)
    lateness_is_kept(ticket.rows)
    nobody_else_sees_it(ticket.rows, ticket.town, ticket.area)


def once_each(step: Step) -> None:
    """Nobody has a task twice: an id, an address, and an element within a scope stand once."""
    for what in ("id", "address"):
        found = [getattr(task, what) for task in step.tasks]
        must(len(set(found)) == len(found), "twice:", found)
    places = [(task.address.rpartition("/")[0], task.element) for task in step.tasks]
    must(len(set(places)) == len(places), "an element is open twice:", places)


def over(step: Step) -> None:
    """A ticket that has ended has nothing left that waits."""
    must(not (step.tasks or step.timers or step.waits), "ended with", step.tasks, step.timers)
    must(not step.state.subprocesses, "ended with scopes", step.state.subprocesses)


def somebody_can_move_it(ticket: Ticket) -> None:
    """A duty that somebody has; else a time or another ticket will move it. No task is nobody's."""
    step = ticket.step
    for task in step.tasks:
        where = f"{task.element} of {task.role}@{task.unit}"
        must(bool(ticket.those(task)), "nobody can do", where, "last:", ticket.done_by)
    duties = [task for task in step.tasks if not task.optional]
    others = {name for wait in step.waits for name in wait.awaited} & set(outside().values())
    merged = ticket.rows.ticket["merged_into"] is not None
    waits_for_another = merged and bool(others)
    must(bool(duties or step.timers or waits_for_another), "nobody has a duty", step.waits)


def void_legs_rest(rows: Rows, timers: Iterable[Timer] = ()) -> None:
    """A leg that is void has no open task, and no time runs for it.

    A supervision of a leg that is returned or recalled is dropped with it; one of a ticket that is
    withdrawn or merged is the authority's to end.
    """
    void = {number for number, leg in rows.legs.items() if leg["void_at"] is not None}
    places = [(task["leg"], task["address"]) for task in rows.tasks.values()]
    places += [(timer.leg, timer.address) for timer in timers]
    dropped = rows.ticket["withdrawn_at"] is not None or rows.ticket["merged_into"] is not None
    for leg, address in places:
        of_authority = dropped and address.startswith(beside())
        must(leg not in void or of_authority, "void leg", leg, "has", address)


@cache
def beside() -> tuple[str, ...]:
    """How the addresses begin of processes that messages start beside the ticket's own."""
    return tuple(f"{process}#" for process in definitions().started_by.values())


def one_lead(rows: Rows) -> None:
    """A round has one lead at each level."""
    seen: dict[tuple[Any, ...], int] = {}
    for number, leg in rows.legs.items():
        if leg["duty"] == "lead" and leg["void_at"] is None and leg["closed_at"] is None:
            place = (leg["parent"], leg["centre"], leg["round"])
            must(place not in seen, "two leads", seen.get(place), number, place)
            seen[place] = number


def children_within_parents(ticket: Ticket) -> None:
    """No leg's handling is due after that of the leg around it.

    While an extension is decided upon or a report is reviewed, a clock stands, and what it is to
    be is reckoned afterwards: such a leg is not compared, nor are those who co-handle with it. What
    passed, or was reported, under an older calendar stays as it was.
    """
    rows = ticket.rows
    running = {one.leg for one in ticket.step.timers if one.deadline == "handle"}

    def stands(number: int, leg: dict[str, Any]) -> bool:
        return number not in running and leg["overdue_at"] is None

    leads = {
        (leg["parent"], leg["round"]): (number, leg)
        for number, leg in rows.legs.items()
        if leg["duty"] == "lead" and not closed(leg)
    }
    for number, leg in rows.legs.items():
        parent = rows.legs.get(leg["parent"] or 0)
        if parent is None or closed(leg) or leg["due"] is None or parent["due"] is None:
            continue
        lead = leads.get((leg["parent"], leg["round"]), (number, leg))
        if stands(*lead) or (ticket.revised and not {leg["parent"], number} <= running):
            continue
        most = parent["due"]
        if leg["duty"] == "co":
            # A co-handling leg has one working day at least, however late it was dispatched.
            least = ticket.readings.calendar.due(leg["dispatched_at"], 1).at
            most = max(most, least)
        must(leg["due"] <= most, f"leg {number} is due {leg['due']}, after its parent's", most)


def closed(leg: dict[str, Any]) -> bool:
    """Whether a leg is over: done, or void."""
    return leg["closed_at"] is not None or leg["void_at"] is not None


def nothing_due_stays(step: Step, now: datetime) -> None:
    """A step leaves no timer that is due."""
    if step.state.clock >= now:
        must(all(timer.due > now for timer in step.timers), "due and not fired", step.timers, now)


def due_times_are_heard(before: Step, step: Step, now: datetime, verb: str) -> None:
    """A due time that passed is walked at its own time, unless what it watched was over before."""
    due = [timer for timer in before.timers if timer.due <= now]
    must(verb == "tick" or not due, verb, "passed over", due)
    left = {timer.id for timer in step.timers}
    must(verb != "tick" or not any(one.id in left for one in due), "still waits", due)
    if not due:
        return
    elements = {one.id: one for one in definitions().elements()}
    first = min(due, key=lambda one: (one.due, one.id))
    must(any(one.element == first.element for one in step.walked), "not walked", first)
    for timer in due:
        fired = [one for one in step.walked if one.task == timer.id or one.element == timer.element]
        if not fired or not elements[timer.element].milestone:
            continue
        reached = {(one.element, one.leg, one.at) for one in step.milestones}
        must(
            (timer.element, timer.leg, timer.due) in reached or timer.element != fired[0].element,
            "passed silently",
            timer,
        )


def lateness_is_kept(rows: Rows) -> None:
    """What was reported after its due time is overdue from that time; what was not, is not."""
    for number, leg in rows.legs.items():
        if leg["void_at"] is not None or leg["due"] is None:
            continue
        overdue, due = leg["overdue_at"], leg["due"]
        must(overdue is None or overdue == due, f"leg {number} overdue at {overdue}, due {due}")
        if leg["closed_at"] is not None and leg["reported_at"] is not None:
            late = leg["reported_at"] >= due
            must(late == (overdue is not None), f"leg {number} was {'late' if late else 'in time'}")


# --- who sees it -------------------------------------------------------------------------------

_CENTRE = ("call_taker", "dispatcher", "reviewer", "follow_up", "archivist", "duty_leader")


def nobody_else_sees_it(rows: Rows, town: Town, area: str) -> None:
    """A person reads a ticket exactly when their unit has to do with it."""
    centre = centre_of(area)
    place = {"area": area, "centre": centre, "authority": authority_of(area)}
    legs = [leg for leg in rows.legs.values() if leg["void_at"] is None]
    about = rows.ticket["about_unit"]
    facts = facts_of(rows, {"id": 1, **place, "about_unit": about})
    handling = {leg["unit"] for leg in legs} | {task["unit"] for task in rows.tasks.values()}
    centres = {centre} | {leg["peer_centre"] for leg in legs}
    authorities = {place["authority"]} | {leg["authority"] for leg in legs}
    for user in some_people(town):
        expected = "auditor" in user.roles
        expected |= bool(user.roles & {"officer", "leader"}) and user.unit in handling
        expected |= bool(user.roles & set(_CENTRE)) and user.unit in centres
        supervises = "supervisor" in user.roles
        expected |= supervises and (user.level == "city" or user.unit in authorities)
        expected &= user.unit != about
        must(reads(user, facts) == expected, user.name, "reads it:", not expected, facts)


def facts_of(rows: Rows, columns: dict[str, Any]) -> dict[str, Any]:
    """The facts that access is asked with, from rows instead of tables."""

    class Leg:
        def __init__(self, row: dict[str, Any]) -> None:
            self.__dict__.update(row)

    tasks: Any = {number: Leg(row) for number, row in rows.tasks.items()}
    legs: Any = [Leg(row) for row in rows.legs.values()]
    return Seen(columns, legs, tasks).facts


def reads(user: User, facts: dict[str, Any]) -> bool:
    """Whether a person may read a ticket of these facts."""
    try:
        authorize(user, "read_ticket", facts)
    except Denied:
        return False
    return True


_people: dict[int, list[User]] = {}


def some_people(town: Town) -> list[User]:
    """One person of each set of roles in each unit of the city and of two counties, and others."""
    if id(town) not in _people:
        chosen: dict[tuple[Any, ...], User] = {}
        for number, person in enumerate(town.people.values()):
            peers = town.peers(person.unit)
            if peers.area in ("sr", "xz", "gf"):
                roles = frozenset(person.roles)
                chosen[person.unit, roles] = User(
                    id=number,
                    name=person.name,
                    display_name=person.display_name,
                    unit=person.unit,
                    area=peers.area,
                    level=peers.level,
                    roles=roles,
                    centre=peers.centre,
                    authority=peers.authority,
                )
        _people[id(town)] = list(chosen.values())
    return _people[id(town)]
