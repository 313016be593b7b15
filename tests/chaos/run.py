"""Sweeps and a handler, killed again and again over thousands of timers: nothing lost or twice.

A script of its own, because it forks: `python -m tests.chaos.run kill|control …`, with the
database in the environment. It prints one line of JSON with what it counted.

kill: four sweeps and a handler work at once; a hundred times one of the five is killed by
SIGKILL, wherever it stands, and started anew. The handler keeps a journal as a browser's user
would: what it was about to send, and what was answered.

control: four sweeps as one would write them without the lock: they look what is due and take
the step, and write it afterwards. They do fire twice; that shows that the count would tell.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from engine import definitions, settings, sweep
from engine.access import User
from engine.acts import people, places, tickets, versions
from engine.errors import Trouble
from engine.flow import process
from engine.read import agenda, verify
from engine.store import Store, steps
from engine.store import tables as t
from engine.store import tickets as rows

START = datetime(2026, 9, 28, 1, tzinfo=UTC)
BELLS = 4
TOPIC = "chaos.rung"
SWEEPS = 4
HERE = Path(__file__).parent / "definitions"


class Board:
    """Memory that parent and children share: the hour it is, and who is inside a transaction."""

    def __init__(self) -> None:
        self._bytes = mmap.mmap(-1, 64)

    @property
    def now(self) -> datetime:
        return START + timedelta(hours=self._bytes[0])

    def strike(self, hour: int) -> None:
        self._bytes[0] = hour

    def inside(self, slot: int) -> bool:
        return bool(self._bytes[1 + slot])

    def enter(self, slot: int, inside: bool) -> None:
        self._bytes[1 + slot] = inside


def set_up(store: Store, count: int) -> list[str]:
    """A city with a centre, the bells, and tickets that wait for four of them each."""
    now = START - timedelta(days=1)
    city = [places.Area("sr", "上饶市", "city")]
    offices = [
        places.Unit("sr-authority", "市热线主管部门", "sr", "authority"),
        places.Unit("sr-centre", "市热线中心", "sr", "centre"),
    ]
    places.add(store, None, city, offices, now)
    newcomer = people.Newcomer("hw", "话务员", "sr-centre", ("call_taker",))
    people.add_crowd(store, [newcomer], "nobody signs in here", now)
    versions.deploy(store, None, definitions.read(HERE), "chaos", now)
    user = people.load(store, "hw")
    return [tickets.start(store, user, {}, START, f"start/{n}") for n in range(count)]


# --- what the children do ----------------------------------------------------------------------


def sweeper(store: Store, board: Board) -> None:
    """Sweep for ever."""
    while True:
        if sweep.run_once(store, board.now, limit=20) == sweep.Swept():
            time.sleep(0.01)


def handler(store: Store, board: Board, user: User, numbers: list[str], journal: Path) -> None:
    """Complete the two tasks of every ticket that are ours, as somebody at a browser would."""
    sent, answered = read_journal(journal)
    for nth in range(2):
        for number in numbers:
            job = f"{number}/{nth}"
            if job in answered:
                continue
            if job not in sent:
                (task,) = [w for w in agenda.waiting(store, number) if w.role == "call_taker"]
                sent[job] = task.task
                note(journal, {"send": job, "task": task.task})
            tickets.complete(store, user, number, sent[job], {}, board.now, f"job/{job}")
            note(journal, {"answer": job})
    while True:
        time.sleep(0.05)


def note(journal: Path, line: dict[str, Any]) -> None:
    handle = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, json.dumps(line).encode() + b"\n")
    finally:
        os.close(handle)


def read_journal(journal: Path) -> tuple[dict[str, int], set[str]]:
    lines = journal.read_text().splitlines() if journal.exists() else []
    said = [json.loads(line) for line in lines]
    sent = {line["send"]: line["task"] for line in said if "send" in line}
    return sent, {line["answer"] for line in said if "answer" in line}


def unlocked(store: Store, board: Board) -> None:
    """The control: what is due is looked up and stepped first, and written afterwards."""
    while True:
        now = board.now
        with store.read() as conn:
            due = list(
                conn.execute(
                    select(t.timers.c.ticket).where(t.timers.c.due <= now).distinct().limit(20)
                ).scalars()
            )
        if not due:
            time.sleep(0.01)
        for ticket_id in due:
            with suppress(Trouble, LookupError):
                _unlocked(store, ticket_id, now)


def _unlocked(store: Store, ticket_id: int, now: datetime) -> None:
    with store.read() as conn:
        columns = conn.execute(select(t.tickets).where(t.tickets.c.id == ticket_id)).one()
        ticket = rows.bare(columns._asdict())
        ticket.semantics, ticket.state = conn.execute(
            select(t.states.c.semantics, t.states.c.blob).where(t.states.c.ticket == ticket_id)
        ).one()
        state = rows.load_state(store, ticket)
        step = process.tick(state, now, steps.Live(conn, store))
    if step.walked:
        with store.write() as conn:
            steps.record(
                conn, store, rows.lock(conn, store, ticket_id), step, "tick", now, steps.CLOCK
            )


# --- the parent --------------------------------------------------------------------------------


class Children:
    """Processes that are forked, killed and forked again."""

    def __init__(self, board: Board, jobs: list[Callable[[], None]], store: Store) -> None:
        self._board = board
        self._jobs = jobs
        self._store = store
        self._pids = [self._fork(slot) for slot in range(len(jobs))]
        self.killed: Counter[str] = Counter()

    def _fork(self, slot: int) -> int:
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            self._told(slot)
            self._jobs[slot]()
        except BaseException as error:  # a child never returns into the parent's code
            print(f"child {slot}: {error!r}", file=sys.stderr, flush=True)
        finally:
            os._exit(code)

    def _told(self, slot: int) -> None:
        """Let the board know when this child is inside a transaction."""
        write = self._store.write

        @contextmanager
        def told() -> Iterator[Any]:
            try:
                with write() as conn:
                    self._board.enter(slot, True)
                    yield conn
            finally:
                self._board.enter(slot, False)

        self._store.write = told  # type: ignore[method-assign]

    def kill(self, slot: int) -> None:
        """Kill one, wherever it stands, and start it anew."""
        os.kill(self._pids[slot], signal.SIGKILL)
        _, status = os.waitpid(self._pids[slot], 0)
        self.killed["handler" if slot == SWEEPS else "sweep"] += 1
        self.killed["inside"] += self._board.inside(slot)
        self.killed["died by themselves"] += not os.WIFSIGNALED(status)
        self._board.enter(slot, False)
        self._pids[slot] = self._fork(slot)

    def end(self) -> None:
        """Kill all, for good."""
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def waiting(store: Store) -> int:
    """Timers that have not fired yet."""
    with store.read() as conn:
        return conn.execute(select(func.count()).select_from(t.timers)).scalar_one()


def killing(store: Store, numbers: list[str], kills: int, seed: int, limit: float) -> Counter[str]:
    """Let the hours strike and kill, evenly over the work."""
    rng, board = random.Random(seed), Board()
    journal = store.settings.home / "journal"
    user = people.load(store, "hw")
    jobs: list[Callable[[], None]] = [lambda: sweeper(store, board)] * SWEEPS
    jobs.append(lambda: handler(store, board, user, numbers, journal))
    total, until = BELLS * len(numbers), time.monotonic() + limit
    children = Children(board, jobs, store)
    try:
        done = 0
        for hour in range(1, BELLS + 1):
            board.strike(hour)
            while left := waiting(store) - (BELLS - hour) * len(numbers):
                fired = total - left - (BELLS - hour) * len(numbers)
                while done < kills and done <= fired * kills / total:
                    time.sleep(rng.random() * 0.01)
                    # The handler too, though there is one of it and four of the others.
                    children.kill(rng.randrange(SWEEPS + 1))
                    done += 1
                if time.monotonic() > until:
                    raise TimeoutError(f"{left} timers left in hour {hour}, {done} kills")
                time.sleep(0.005)
        while len(read_journal(journal)[1]) < 2 * len(numbers):
            if time.monotonic() > until:
                raise TimeoutError("the handler is not done")
            time.sleep(0.02)
    finally:
        children.end()
    # What a carrier had claimed when it was killed goes again, two minutes later.
    while sweep.run_once(store, board.now + timedelta(hours=1)) != sweep.Swept():
        pass
    return children.killed


def counted(store: Store, numbers: list[str]) -> dict[str, int]:
    """What rang, was sent and was done, against what should have been."""
    with store.read() as conn:
        rung: Counter[tuple[int, str]] = Counter()
        for row in conn.execute(select(t.outbox).where(t.outbox.c.topic == TOPIC)):
            rung[row.ticket, json.loads(row.content)["element"]] += 1
        requests = Counter(
            json.loads(body).get("request")
            for body in conn.execute(
                select(t.events.c.body).where(t.events.c.name == "complete")
            ).scalars()
        )
        keys = set(conn.execute(select(t.outbox.c.key)).scalars())
    path = store.settings.outbox / f"{TOPIC}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    told = Counter(json.loads(line)["key"] for line in lines)
    _, answered = read_journal(store.settings.home / "journal")
    return {
        "timers": BELLS * len(numbers),
        "lost": BELLS * len(numbers) - len(rung),
        "twice": sum(rung.values()) - len(rung),
        "untold": len(keys - told.keys()),
        "told twice": sum(told.values()) - len(told),
        "answered": len(answered),
        "answered and lost": sum(f"job/{job}" not in requests for job in answered),
        "done twice": sum(requests.values()) - len(requests),
        "waiting": waiting(store),
    }


def control(store: Store, numbers: list[str], limit: float) -> None:
    """The same bells with sweeps that do not hold the lock over look, step and record."""
    board, until = Board(), time.monotonic() + limit
    children = Children(board, [lambda: unlocked(store, board)] * SWEEPS, store)
    try:
        for hour in range(1, BELLS + 1):
            board.strike(hour)
            while waiting(store) > (BELLS - hour) * len(numbers):
                if time.monotonic() > until:
                    raise TimeoutError("the control is not done")
                time.sleep(0.01)
    finally:
        children.end()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("kill", "control"))
    parser.add_argument("--tickets", type=int, default=500)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=300.0)
    given = parser.parse_args()
    with Store.open(settings.read(os.environ)) as store:
        began = time.perf_counter()
        numbers = set_up(store, given.tickets)
        made = time.perf_counter()
        killed: Counter[str] = Counter()
        if given.what == "kill":
            killed = killing(store, numbers, given.kills, given.seed, given.limit)
        else:
            control(store, numbers, given.limit)
        ran = time.perf_counter()
        found: dict[str, Any] = counted(store, numbers)
        found["differences"] = len(verify.verify(store).differences)
        found["kills"] = killed["sweep"] + killed["handler"]
        found |= {f"kills: {name}": number for name, number in sorted(killed.items())}
        found["seconds"] = {
            "set up": round(made - began, 1),
            "run": round(ran - made, 1),
            "verify": round(time.perf_counter() - ran, 1),
        }
        print(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main()
