"""What a process under way asks: its expressions, the calendar, the tables, the register of units.

Whatever comes from outside is kept as a reading, in the order in which it was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from engine.flow import expressions
from engine.flow.model import Json, Reading, Readings, Refused
from engine.flow.plain import copied
from engine.flow.readings import due_question

if TYPE_CHECKING:
    from engine.flow.definitions import Definitions
    from engine.flow.tokens import Journal, Token, Variables


class Asking:
    """The world of expressions (model.World), of conditions and of decisions."""

    definitions: Definitions
    clock: datetime
    journal: Journal
    readings: Readings | None
    dues: list[Mapping[str, Json]]
    """What the calendar answered to the expression that was evaluated last."""
    _asker: Token
    _now: datetime

    def now(self) -> datetime:
        """The engine's clock, or the one at which a deadline was first reckoned."""
        return self._now

    def workdays(self, start: datetime, days: int) -> Json:
        """The end of the n-th working day after `start`, kept as a reading."""
        if days < 1:
            raise Refused("deadline", value=days, problem="不能这样数工作日")
        return self._count(start, days)

    def extend(self, due: datetime, days: int) -> Json:
        """The same from the day that ends at `due`: at 00:00 sharp that is the day before."""
        return self._count(due - timedelta(microseconds=1), days)

    def standing_leg(self) -> int | None:
        """The number of the leg that the token stands in."""
        return self._asker.leg

    def unit(self, id: str) -> Mapping[str, Json]:
        """What a unit is, kept as a reading."""
        if self.readings is None:
            raise Refused("reading", question={"unit": id})
        answer: dict[str, Json] = copied(dict(self.readings.unit(id)))
        self._read("unit", {"unit": id}, answer)
        return answer

    def _count(self, start: datetime, days: int) -> Json:
        if self.readings is None or not 1 <= abs(days) <= 1_000:
            raise Refused("deadline", value=days, problem="不能这样数工作日")
        answer = dict(self.readings.due(start, days))
        self._read("due", due_question(start, days), answer)
        self.dues.append(answer)
        return answer["due"]

    def _read(self, kind: str, question: Mapping[str, Json], answer: Json) -> None:
        element = self._asker.task_spec.bpmn_id or ""
        self.journal.readings.append(Reading(kind, question, answer, element))

    def value(
        self,
        token: Token,
        expression: expressions.Expression,
        values: Variables | None = None,
        clock: datetime | None = None,
    ) -> Json:
        """An expression's value as the token sees it, over other variables, or at a past now()."""
        self._asker = token
        self._now = clock or self.clock
        self.dues = []
        return expression.value(token.data if values is None else values, self)

    def truth(self, token: Token, expression: expressions.Expression, values: Variables) -> bool:
        """The same for a condition, which must be true or false."""
        value = self.value(token, expression, values)
        if not isinstance(value, bool):
            raise Refused("expression", expression=expression.text, problem="条件要得出“是”或“否”")
        return value

    def evaluate(self, token: Token, expression: str, external_context: Any = None) -> bool:
        """The library's way to ask whether the condition of a flow holds."""
        return self.truth(token, expressions.read(expression), token.data)

    def decide(self, token: Token, decision: str) -> Mapping[str, Json]:
        """What a decision table says, kept as a reading."""
        self._asker, self._now = token, self.clock
        answer = self.definitions.tables[decision].decide(token.data, self)
        outputs = dict(answer.outputs)
        self._read(
            "decision",
            {"decision": decision, "inputs": copied(dict(answer.inputs))},
            {"rule": answer.rule, "outputs": outputs},
        )
        return outputs
