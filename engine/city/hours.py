"""When people work: office hours on working days, or shifts round the clock."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from engine.workdays import ZONE, Calendar


class Office:
    """Office hours, such as 08:30-12:00 and 14:00-17:30 in Asia/Shanghai, on working days."""

    def __init__(self, calendar: Calendar, hours: list[list[str]]) -> None:
        self._calendar = calendar
        self._hours = [(time.fromisoformat(a), time.fromisoformat(b)) for a, b in hours]
        self._days: dict[date, list[tuple[datetime, datetime]]] = {}

    def after(self, start: datetime, minutes: float) -> datetime:
        """The moment when `minutes` of office time have passed since `start`."""
        day = start.astimezone(ZONE).date()
        left = timedelta(minutes=minutes)
        moment = start
        for _ in range(4000):
            for opens, closes in self._spans(day):
                begins = max(opens, moment)
                if begins >= closes:
                    continue
                if closes - begins >= left:
                    return begins + left
                left -= closes - begins
            day += timedelta(days=1)
        raise ValueError("no office hours in ten years")

    def _spans(self, day: date) -> list[tuple[datetime, datetime]]:
        spans = self._days.get(day)
        if spans is None:
            spans = []
            if self._calendar.day(day).is_workday:
                spans = [
                    (
                        datetime.combine(day, opens, tzinfo=ZONE),
                        datetime.combine(day, closes, tzinfo=ZONE),
                    )
                    for opens, closes in self._hours
                ]
            self._days[day] = spans
        return spans
