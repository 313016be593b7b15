"""The variables that the product reads by name are there where what reads them is drawn."""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow.check.milestones import called
from engine.flow.check.variables import set_in
from engine.flow.definitions import Drawn
from engine.flow.model import Finding
from engine.flow.support import starts_by_message
from engine.milestones import word
from engine.variables import VARIABLES


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Milestones from which a row is filled, without the variable that fills it.

    The ticket's variables are found in its own process too; a supervision's are told it when a
    message starts it. Elsewhere a warning enters no ledger, and needs no reason.
    """
    root = drawn.drawings.get(str(drawn.manifest.get("start", {}).get("call")))
    of_ticket = set() if root is None else set_in(drawn, root)
    for process in sorted(called(drawn)):
        one = drawn.drawings[process]
        place = "supervision" if starts_by_message(one) else "ticket"
        known = set_in(drawn, one)
        for element in one.elements.values():
            for read in VARIABLES:
                if element.milestone not in read.milestones or read.where not in (place, "ticket"):
                    continue
                if read.name not in (known | of_ticket if read.where == "ticket" else known):
                    yield Finding(
                        one.file,
                        element.id,
                        "named",
                        f"{element.title}是里程碑“{word(element.milestone)}”，但流程里没有给变量"
                        f"“{read.name}”（{read.word}）赋值，这一项将缺数。",
                    )
