"""How long a failure waits for its next try."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.store.backoff import pause

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("tries", "minutes"), [(0, 1), (1, 1), (2, 2), (5, 16), (6, 32), (7, 60), (1000, 60)]
)
def test_each_failure_doubles_the_pause_up_to_the_longest(tries: int, minutes: int) -> None:
    assert pause(tries, HOUR) == minutes * MINUTE
