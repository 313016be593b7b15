"""Random acts of the demo city's people on a database, through the rights; and wrong ones."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from engine.store import Store, forms, places, steps
from tests.machine.desks import City, Desks, act
from tests.machine.town import HANDLERS, Town, definitions, form

CHANCES = st.integers(0, 2**32 - 1).map(random.Random)


def machine(city: City) -> type[RuleBasedStateMachine]:
    """The machine over this city, whose database all its runs share."""

    class Acts(RuleBasedStateMachine):
        @initialize(rng=CHANCES)
        def call(self, rng):
            self.desks = Desks(city)
            self.desks.call(rng)

        @rule(rngs=st.lists(CHANCES, min_size=1, max_size=4))
        def goes_on(self, rngs):
            for rng in rngs:
                act(self.desks, rng)

        @rule(rng=CHANCES)
        def goes_wrong(self, rng):
            self.desks.wrong(rng)

    return Acts


def run(store: Store, examples: int) -> None:
    run_state_machine_as_test(
        machine(City.opened(store)),
        settings=settings(
            derandomize=True,
            database=None,
            deadline=None,
            max_examples=examples,
            stateful_step_count=15,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_people_do_holds_on_sqlite(sqlite_store):
    run(sqlite_store, examples=12)


def test_whatever_people_do_holds_on_postgresql(postgresql_store):
    run(postgresql_store, examples=3)


def test_the_town_without_a_database_answers_as_the_store_does(sqlite_store):
    city = City.opened(sqlite_store)
    town, keys = Town(), [element.form for element in definitions().elements() if element.form]
    sourced = {name: form(key) for key in keys for name in form(key).sources}
    units = [u.id for u in town.units.values() if u.area in ("sr", "xz") and u.kind in OFFICES]
    with sqlite_store.read() as conn:
        live = steps.Live(conn, sqlite_store)
        for unit in town.units:
            assert dict(live.unit(unit)) == dict(town.told(unit))
            assert places.of_unit(conn, unit) == town.peers(unit)
        for one in sourced.values():
            for unit in units:
                for about, known_to in ((None, ()), ("sr-cg", {"xz-hb"}), ("xz-ga", {"sr-cg"})):
                    there = forms.sources(conn, definitions(), one, unit, about, known_to)
                    here = town.sources(one, unit, about, known_to)
                    values = {name: sorted(row["value"] for row in there[name]) for name in there}
                    assert values == {name: sorted(r["value"] for r in here[name]) for name in here}
    for person in town.people.values():
        assert city.user(person.name).unit == person.unit


OFFICES = HANDLERS | {"centre"}


def test_a_ticket_merged_into_one_that_is_refused_goes_on_alone(sqlite_store):
    """A call that is decided upon above may be refused after others were merged into it."""
    desks, rng = Desks(City.opened(sqlite_store)), random.Random(1)
    main = desks.call(rng, {"acceptance": "unsure"})
    other = desks.call(rng, {"acceptance": "accept", "emergency": "no", "type": "help"})
    (merging,) = [task for task in desks.waiting(other) if LINKED & tickets_of(task.form)]
    desks.complete(other, merging, rng, {"main_ticket": main})
    assert desks.waiting(other) == []
    while desks.columns(main).refused_at is None:
        (task,) = [task for task in desks.waiting(main) if not task.optional]
        desks.complete(main, task, rng, {"decision": "refuse"})
    assert desks.waiting(other) == []
    desks.sweep()
    assert desks.waiting(other) != []


LINKED = frozenset({"main_ticket"})
"""What a form routes that takes another ticket's number to merge into."""


def tickets_of(key):
    return {field.ticket for field in form(key).fields}
