"""ISO durations, reckoned from the engine's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.flow import timers
from engine.flow.model import Refused

START = datetime(2026, 1, 31, 20, 0, tzinfo=UTC)  # 1 February, 04:00, in Shanghai


@pytest.mark.parametrize(
    ("duration", "end"),
    [
        ("PT1H", "2026-01-31T21:00:00+00:00"),
        ("P1D", "2026-02-01T20:00:00+00:00"),
        ("P1DT2H3M4S", "2026-02-01T22:03:04+00:00"),
        ("P2W", "2026-02-14T20:00:00+00:00"),
        ("P1M", "2026-02-28T20:00:00+00:00"),  # 1 March in Shanghai, not 31 February
        ("P11M", "2026-12-31T20:00:00+00:00"),
        ("P1Y", "2027-01-31T20:00:00+00:00"),
        ("P0D", "2026-01-31T20:00:00+00:00"),
        (" PT30M ", "2026-01-31T20:30:00+00:00"),
    ],
)
def test_durations(duration, end):
    assert timers.after(START, duration).isoformat() == end


def test_a_missing_last_day_is_the_last_there_is():
    start = datetime(2026, 1, 31, 12, 0, tzinfo=timezone(timedelta(hours=8)))
    assert timers.after(start, "P1M").isoformat() == "2026-02-28T12:00:00+08:00"


@pytest.mark.parametrize(
    "duration",
    [
        "",
        "P",
        "PT",
        "P1DT",
        "1H",
        "PT1.5H",
        "-PT1H",
        "P-1D",
        "R/PT1H",
        "pt1h",
        "P9999999D",
        "P99999Y",
        "P1H",
        "PT1D",
        "一小时",
    ],
)
def test_what_is_no_duration_is_refused(duration):
    with pytest.raises(Refused, match="deadline"):
        timers.after(START, duration)


@given(st.integers(0, 500), st.integers(0, 48), st.integers(0, 90))
def test_days_hours_and_minutes_simply_add_up(days, hours, minutes):
    duration = f"P{days}DT{hours}H{minutes}M"
    expected = START + timedelta(days=days, hours=hours, minutes=minutes)
    assert timers.after(START, duration) == expected
