"""What calls cost: milliseconds, milliseconds of CPU, SQL statements; by kind, as a table."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event


@dataclass(frozen=True, slots=True)
class Cost:
    """One call: wall and CPU time in milliseconds, statements that SQLite executed."""

    wall: float
    cpu: float
    statements: int


class Statements:
    """Counts what the SQLite connections of this process execute, BEGIN and COMMIT included."""

    def __init__(self) -> None:
        self.count = 0
        self._last = ""

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Counts on each connection that is opened while the block runs."""

        def opened(connection: Any, _record: Any) -> None:
            if hasattr(connection, "set_trace_callback"):
                connection.set_trace_callback(self._executed)

        event.listen(Engine, "connect", opened)
        try:
            yield
        finally:
            event.remove(Engine, "connect", opened)

    def _executed(self, text: str) -> None:
        if text != self._last:  # one with a trigger is told again when that begins
            self.count += 1
        self._last = text


class Times:
    """Costs by kind."""

    def __init__(self, statements: Statements | None = None) -> None:
        self.by_kind: dict[str, list[Cost]] = defaultdict(list)
        self._statements = statements or Statements()

    @contextmanager
    def of(self, kind: str) -> Iterator[None]:
        """What the block costs."""
        wall, cpu, count = time.perf_counter(), time.process_time(), self._statements.count
        yield
        self.by_kind[kind].append(
            Cost(
                (time.perf_counter() - wall) * 1000,
                (time.process_time() - cpu) * 1000,
                self._statements.count - count,
            )
        )

    def wrap(
        self, kind: str, function: Callable[..., Any], idle: tuple[Any, ...] = ()
    ) -> Callable[..., Any]:
        """The function, timed; a call that gives one of `idle` did nothing and is not counted."""

        def timed(*args: Any, **options: Any) -> Any:
            with self.of(kind):
                found = function(*args, **options)
            if found in idle:
                self.by_kind[kind].pop()
            return found

        return timed

    def median(self, kind: str) -> float:
        """Milliseconds, wall."""
        return statistics.median(cost.wall for cost in self.by_kind[kind])

    def show(self, title: str, bare: float | None = None) -> None:
        """Prints a line a kind; `bare` is what each median is a multiple of, in milliseconds."""
        print(f"\n{title}")
        heads = ("p50", "p95", "CPU", "SQL", "n", "× bare")
        print(f"  {'':38}" + "".join(f"{head:>9}" for head in heads))
        for kind, costs in self.by_kind.items():
            walls = [cost.wall for cost in costs]
            p95 = statistics.quantiles(walls, n=20)[-1] if len(walls) > 1 else walls[0]
            cpu = statistics.mean(cost.cpu for cost in costs)
            sql = statistics.mean(cost.statements for cost in costs)
            p50 = statistics.median(walls)
            numbers = (
                f"{p50:9.2f}{p95:9.2f}{cpu:9.2f}{f'{sql:.1f}' if sql else '–':>9}{len(costs):9}"
            )
            print(f"  {kind:38}{numbers}" + (f"{p50 / bare:9.1f}" if bare else ""))
