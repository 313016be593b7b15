"""The milestones by which tickets, legs and indicators are filled are all drawn."""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow.definitions import MANIFEST, Drawn
from engine.flow.model import Finding
from engine.flow.support import starts_by_message
from engine.milestones import DEADLINES, MILESTONES, REQUIRED


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Milestones missing from what a call sets off, and milestones and deadlines unknown."""
    reached = called(drawn)
    there = set()
    for process in sorted(drawn.drawings):
        one = drawn.drawings[process]
        for element in one.elements.values():
            if element.milestone and process in reached:
                there.add(element.milestone)
            if element.milestone and element.milestone not in MILESTONES:
                sentence = f"{element.title}的里程碑“{element.milestone}”没有人认识。"
                yield Finding(one.file, element.id, "milestone", sentence)
            if element.deadline and element.deadline not in DEADLINES:
                sentence = f"{element.title}的时限“{element.deadline}”没有人认识。"
                yield Finding(one.file, element.id, "deadline", sentence)
    for name, word in REQUIRED.items():
        if reached and name not in there:
            sentence = f"流程里没有“{word}”的里程碑（属性 milestone = {name}），指标将缺数。"
            yield Finding(MANIFEST, "", "milestone", sentence)


def called(drawn: Drawn) -> set[str]:
    """The process that a call starts, those that messages start, and those called from them."""
    level = [drawn.manifest.get("start", {}).get("call")]
    level += [process for process, one in drawn.drawings.items() if starts_by_message(one)]
    reached: set[str] = set()
    while level:
        process = level.pop()
        if process in reached or process not in drawn.drawings:
            continue
        reached.add(process)
        level += [element.called for element in drawn.drawings[process].elements.values()]
    return reached
