"""Answers to what a process asks, taken from a log instead of from the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.flow.instants import ZONE
from engine.flow.model import Json, Reading, Refused


class RecordedReadings:
    """Answers from a recorded step, in order, so that it can be taken again without the world.

    Decisions are computed again; when the step is over, everything that was read must be what was
    recorded: Refused("reading") otherwise.
    """

    def __init__(self, recorded: Sequence[Reading]) -> None:
        self.recorded = tuple(recorded)
        self._asked = {
            kind: [reading for reading in self.recorded if reading.kind == kind]
            for kind in ("due", "unit")
        }
        self._next = {"due": 0, "unit": 0}

    def due(self, start: datetime, days: int) -> Mapping[str, Json]:
        """The recorded answer to the next question; it must be the question that was asked."""
        return self._answer("due", due_question(start, days))

    def unit(self, id: str) -> Mapping[str, Json]:
        """The same for a question about a unit."""
        return self._answer("unit", {"unit": id})

    def _answer(self, kind: str, question: Mapping[str, Json]) -> Mapping[str, Json]:
        place, asked = self._next[kind], self._asked[kind]
        if place >= len(asked) or asked[place].question != question:
            raise Refused("reading", question=dict(question), place=place)
        self._next[kind] += 1
        answer: Mapping[str, Json] = asked[place].answer
        return answer

    def check(self, read: Sequence[Reading]) -> None:
        """Compares what a step read with what was recorded; Refused("reading") at a difference."""
        for place, (now, then) in enumerate(zip(read, self.recorded, strict=False)):
            if now != then:
                raise Refused("reading", place=place, question=dict(then.question))
        if len(read) != len(self.recorded):
            raise Refused("reading", place=min(len(read), len(self.recorded)))


class NoReadings:
    """For processes that ask nothing: every question is refused."""

    def due(self, start: datetime, days: int) -> Mapping[str, Json]:
        """Refused("reading"): nobody answers here."""
        raise Refused("reading", question=due_question(start, days))

    def unit(self, id: str) -> Mapping[str, Json]:
        """Refused("reading"): nobody answers here."""
        raise Refused("reading", question={"unit": id})


def due_question(start: datetime, days: int) -> Mapping[str, Json]:
    """How the question for the end of the n-th working day is written in a reading."""
    return {"start": start.astimezone(ZONE).isoformat(), "days": days}
