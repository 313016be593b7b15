"""How long to wait after a failure before the next try."""

from __future__ import annotations

from datetime import timedelta

FIRST = timedelta(minutes=1)


def pause(tries: int, longest: timedelta) -> timedelta:
    """The pause after the n-th failure: a minute, doubled each time, at most `longest`."""
    return min(FIRST * (1 << min(max(tries, 1) - 1, 10)), longest)
