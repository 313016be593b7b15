"""ISO durations, reckoned from the engine's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import workdays
from engine.flow import Definitions, process, state, timers
from engine.flow.model import Refused
from tests.unit.flow.small import NOW, changed, diagram, replayed

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


class Live:
    """The shipped calendar."""

    def due(self, start, days):
        return workdays.shipped().due(start, days).as_json()

    def unit(self, id):
        raise AssertionError(id)


def timed(expression, **values):
    """The timer of the rework diagram with another time."""
    files = changed(diagram("rework.bpmn"), ("${workdays(begun, limit)}", expression))
    values = {"unit": "u", "begun": "2026-09-30T10:00:00+08:00", "limit": 2} | values
    return process.start(Definitions.read(files), "rework", values, NOW, Live())


def shanghai(timer):
    return timer.due.astimezone(timezone(timedelta(hours=8))).isoformat()


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("${workdays(begun, limit)}", "2026-10-10T00:00:00+08:00"),  # 9 October, 24:00
        ("${extend(workdays(begun, limit), 1)}", "2026-10-11T00:00:00+08:00"),  # Saturday, worked
        ("${extend(workdays(begun, limit), 2)}", "2026-10-13T00:00:00+08:00"),
        ("${extend(workdays(begun, limit), -1)}", "2026-10-09T00:00:00+08:00"),
        ("${extend(workdays(begun, 1), -1)}", "2026-10-01T00:00:00+08:00"),
        # A dispatch at midnight sharp is of the day that begins, a due time of the day that ends.
        ("${workdays('2026-10-10T00:00:00+08:00', 1)}", "2026-10-13T00:00:00+08:00"),
        ("${extend('2026-10-10T00:00:00+08:00', 1)}", "2026-10-11T00:00:00+08:00"),
        ("${extend('2026-10-09T16:00:00+00:00', 1)}", "2026-10-11T00:00:00+08:00"),
        ("${extend('2026-10-10T10:00:00+08:00', 1)}", "2026-10-13T00:00:00+08:00"),
        ("${extend(workdays(begun, limit), 0)}", "2026-10-10T00:00:00+08:00"),
        # Natural days, and the same at midnight sharp.
        ("${days(begun, limit)}", "2026-10-03T00:00:00+08:00"),
        ("${days('2026-10-10T00:00:00+08:00', 1)}", "2026-10-12T00:00:00+08:00"),
    ],
)
def test_a_due_time_is_extended_from_the_day_that_it_ends(expression, due):
    step = timed(expression)
    (timer,) = step.timers
    assert shanghai(timer) == due
    again = process.start(
        step.state.definitions, "rework", dict(step.values), NOW, replayed(step.readings)
    )
    assert state.digest(again) == state.digest(step)


def test_days_and_an_extension_by_none_ask_nobody():
    step = timed("${extend(days(begun, limit), 0)}")
    assert step.readings == ()
    assert step.timers[0].why == {}


LATER = "workdays('2026-12-30T10:00:00+08:00', 3)"
"""It needs days of 2027, which are not published."""


@pytest.mark.parametrize(
    ("expression", "days", "provisional"),
    [
        ("${min(workdays(begun, 2), workdays(begun, 1))}", 1, False),
        ("${min(workdays(begun, 1), workdays(begun, 2))}", 1, False),
        (f"${{min(workdays(begun, 1), {LATER})}}", 1, True),
        (f"${{min({LATER}, workdays(begun, 1))}}", 1, True),
        (f"${{max({LATER}, workdays(begun, 1))}}", 3, True),
        ("${extend(workdays('2026-12-30T10:00:00+08:00', 3), -1)}", -1, True),
        # Neither answer is the due time: the last one is kept.
        (f"${{begun if workdays(begun, 1) == {LATER} else '2026-11-01T10:00:00+08:00'}}", 3, True),
        (f"${{begun if {LATER} == workdays(begun, 1) else '2026-11-01T10:00:00+08:00'}}", 1, True),
    ],
)
def test_the_reason_of_a_due_time_is_the_answer_that_is_it_and_any_doubt_stays(
    expression, days, provisional
):
    (timer,) = timed(expression).timers
    assert (timer.why["days"], timer.provisional) == (days, provisional)
    assert timer.why["provisional"] is provisional
    again = state.load(timed(expression).state.definitions, state.dump(timed(expression).state))
    assert process.open_timers(again)[0].why == timer.why


@pytest.mark.parametrize(
    "expression",
    [
        "${workdays(begun, 0)}",
        "${workdays(begun, -1)}",
        "${days(begun, 0)}",
        "${days(begun, 1001)}",
        "${extend(begun, 1001)}",
        "${extend(begun, -1001)}",
    ],
)
def test_a_count_of_no_days_or_too_many_is_refused(expression):
    with pytest.raises(Refused, match="deadline"):
        timed(expression)


@given(st.integers(0, 500), st.integers(0, 48), st.integers(0, 90))
def test_days_hours_and_minutes_simply_add_up(days, hours, minutes):
    duration = f"P{days}DT{hours}H{minutes}M"
    expected = START + timedelta(days=days, hours=hours, minutes=minutes)
    assert timers.after(START, duration) == expected


class Shifted(Live):
    """The shipped calendar, in which every deadline is `shift` days later or earlier."""

    def __init__(self, shift):
        self.shift = shift

    def due(self, start, days):
        answer = super().due(start, days)
        moved = datetime.fromisoformat(answer["due"]) + timedelta(days=self.shift)
        return {**answer, "due": moved.isoformat()}


def revised(step, later, readings, loaded=True):
    """The step's state, dumped and loaded meanwhile, revised some time later."""
    kept = step.state
    if loaded:
        kept = state.load(step.state.definitions, state.dump(step.state))
    return process.revise(kept, NOW + later, readings)


@pytest.mark.parametrize("loaded", [True, False])
@pytest.mark.parametrize("expression", ["${workdays(now(), limit)}", "${extend(now(), limit)}"])
def test_what_counts_from_now_is_not_restarted_by_a_revision(expression, loaded):
    step = timed(expression)
    (first,) = step.timers
    waiting = state.canonical(step)["waits"]
    for _ in range(2):
        step = revised(step, timedelta(days=9), Live(), loaded)
        assert (step.timers[0].due, step.timers[0].why["start"]) == (first.due, first.why["start"])
        assert state.canonical(step)["waits"] == waiting
    step = revised(step, timedelta(days=10), Shifted(2), loaded)
    assert step.timers[0].due == first.due + timedelta(days=2)


def test_only_what_counts_from_now_keeps_when_it_was_reckoned():
    assert b'"since"' not in state.opened(state.dump(timed("${workdays(begun, limit)}").state))
    assert b'"since"' in state.opened(state.dump(timed("${workdays(now(), limit)}").state))


def test_a_token_that_kept_no_clock_is_revised_by_the_revision_s():
    step = timed("${workdays(now(), 1)}")
    for token in step.state.tokens():
        token.internal_data.pop(timers.SINCE, None)
    (timer,) = revised(step, timedelta(days=9), Live()).timers
    assert shanghai(timer) == "2026-10-11T00:00:00+08:00"
