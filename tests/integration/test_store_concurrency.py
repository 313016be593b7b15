"""Many append to one chain at once, and it never forks; without the lock it does."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from engine.acts import versions
from engine.errors import StoreError
from engine.record import GENESIS, SYSTEM, Event, make_event, verify_chain
from engine.store import Store, engines, log, numbers, requests, tables, tickets
from engine.store.tables import events
from engine.store.tickets import Ticket
from tests.appender import append
from tests.integration import small

THREADS, PROCESSES, EACH = 4, 3, 15


@pytest.fixture
def chains(places: Store, make_ticket: Callable[..., Ticket]) -> Store:
    """A store with a ticket T-1 and the system chain."""
    with places.write() as conn:
        make_ticket(conn, places, "T-1")
    return places


def all_at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """What `count` threads return or raise that begin together."""
    ready = threading.Barrier(count)

    def begin(n: int) -> object:
        ready.wait(timeout=30)
        try:
            return act(n)
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def check(store: Store, chain: str, writers: int) -> None:
    """The chain holds, and has every writer's events in its order."""
    with store.read() as conn:
        assert log.verify(conn, store, chain) is None
        found = log.read_events(conn, chain)
    assert len(found) == writers * EACH
    for name in {event.actor for event in found}:
        assert [e.body["n"] for e in found if e.actor == name] == list(range(EACH))


@pytest.mark.parametrize("chain", ["T-1", SYSTEM])
def test_threads_never_fork_a_chain(chains: Store, chain: str) -> None:
    results = all_at_once(THREADS, lambda n: append(chains, chain, EACH, f"thread-{n}"))
    assert results == [None] * THREADS
    check(chains, chain, THREADS)


@pytest.mark.parametrize("chain", ["T-1", SYSTEM])
def test_processes_never_fork_a_chain(chains: Store, chain: str) -> None:
    environment = {**os.environ, **chains.settings.environment(), "PYTHONPATH": os.getcwd()}
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.appender", chain, str(EACH), f"process-{n}"],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(PROCESSES)
    ]
    said = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0] * PROCESSES, said
    check(chains, chain, PROCESSES)


def test_control_an_end_that_was_read_without_the_lock_appends_once(
    chains: Store, now: datetime
) -> None:
    """Everybody reads the end first: one may append, the others are refused, none forks."""
    with chains.write() as conn:
        end = tickets.lock(conn, chains, "T-1")
    ends = [Ticket(**vars(end)) for _ in range(THREADS)]

    def act(n: int) -> None:
        with chains.write() as conn:
            log.append(conn, ends[n], "fact", "comment", now, f"thread-{n}", "u", {})

    outcomes = Counter(
        error.code if isinstance(error, StoreError) else "appended"
        for error in all_at_once(THREADS, act)
    )
    assert outcomes == {"appended": 1, "chain_moved": THREADS - 1}
    with chains.read() as conn:
        assert log.verify(conn, chains, "T-1") is None


def test_control_without_lock_and_guards_a_chain_forks(chains: Store, now: datetime) -> None:
    """The same appending on a table without lock, check and constraint: the test can fail."""
    engine = engines.connect(chains.settings, 10.0, schema=True)
    with engines.begin(engine, writes=True) as conn:
        conn.execute(text("CREATE TABLE loose AS SELECT * FROM events WHERE 1 = 0"))
    loose = text(
        "INSERT INTO loose (chain, seq, previous, hash, actor) VALUES (:c, :s, :p, :h, :a)"
    )
    all_have_read = threading.Barrier(THREADS)

    def act(n: int) -> Event:
        with engines.begin(engine, writes=False) as conn:
            last = conn.execute(
                text("SELECT seq, hash FROM loose ORDER BY seq DESC LIMIT 1")
            ).first()
        seq, head = (last.seq, last.hash) if last else (0, GENESIS)
        all_have_read.wait(timeout=30)
        event = make_event("T-1", seq + 1, head, "fact", "comment", now, f"t{n}", "u", {})
        with engines.begin(engine, writes=True) as conn:
            conn.execute(
                loose,
                {"c": "T-1", "s": event.seq, "p": head, "h": event.hash, "a": event.actor},
            )
        return event

    made = [event for event in all_at_once(THREADS, act) if isinstance(event, Event)]
    engine.dispose()
    assert len(made) == THREADS
    assert len({event.hash for event in made}) == THREADS
    difference = verify_chain(sorted(made, key=lambda event: event.seq))
    assert difference is not None
    assert difference.code == "event_gap"


def test_the_table_itself_refuses_a_second_event_of_a_number(chains: Store, now: datetime) -> None:
    append(chains, "T-1", 1, "a")
    with chains.read() as conn:
        row = conn.execute(select(events)).one()._asdict()
    row.pop("id")
    with pytest.raises(DBAPIError), chains.write() as conn:
        conn.execute(insert(events), row)


def test_numbers_have_no_double_and_no_gap(store: Store) -> None:
    def act(_n: int) -> list[int]:
        taken = []
        for _ in range(EACH):
            with store.write() as conn:
                taken.append(numbers.take(conn, "2026"))
        return taken

    taken = [number for result in all_at_once(THREADS, act) for number in result]  # type: ignore[attr-defined]
    assert sorted(taken) == list(range(1, THREADS * EACH + 1))


def test_a_request_is_done_once_however_often_it_comes(store: Store, now: datetime) -> None:
    def act(_n: int) -> bool:
        with store.write() as conn:
            return requests.first_time(conn, "key", "a", "claim", now)

    assert sorted(all_at_once(THREADS, act)) == [False] * (THREADS - 1) + [True]  # type: ignore[type-var]


def test_a_request_that_was_rolled_back_may_come_again(store: Store, now: datetime) -> None:
    with pytest.raises(ZeroDivisionError):
        _fail(store, now)
    with store.write() as conn:
        assert requests.first_time(conn, "key", "a", "claim", now)
        assert requests.ticket_of(conn, "key", "a") is None


def _fail(store: Store, now: datetime) -> None:
    with store.write() as conn:
        assert requests.first_time(conn, "key", "a", "claim", now)
        _ = 1 / 0


def test_a_forked_child_has_connections_of_its_own(chains: Store) -> None:
    append(chains, "T-1", 1, "parent")
    child = os.fork()
    if child == 0:
        try:
            append(chains, "T-1", 1, "child")
            os._exit(0)
        except BaseException:
            os._exit(1)
    append(chains, "T-1", 1, "parent")
    assert os.waitpid(child, 0)[1] == 0
    with chains.read() as conn:
        assert log.verify(conn, chains, "T-1") is None
        assert len(log.read_events(conn, "T-1")) == 3


def test_the_same_files_deployed_at_once_are_one_version(store: Store, now: datetime) -> None:
    start = threading.Barrier(4)

    def deploy(_: int) -> int:
        start.wait()
        return versions.deploy(store, None, small.files(), "初次部署", now)

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(deploy, range(4)))
    assert len(found) == 1
    with store.read() as conn:
        assert len(conn.execute(select(tables.deployments)).all()) == 1
