"""The milestones by which tickets, legs and indicators are filled are all drawn.

Those of a hotline, unless the manifest says what else the set is about.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.definitions import MANIFEST
from engine.flow.definitions import Drawn
from engine.flow.model import Finding
from engine.flow.support import starts_by_message
from engine.milestones import deadlines_of, milestones_of, required_of

INSTEAD = "请用指南里的，或在清单里写上它的叫法"


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Milestones missing from what a call sets off, and milestones and deadlines unknown."""
    known, deadlines = milestones_of(drawn.manifest), deadlines_of(drawn.manifest)
    reached = called(drawn)
    there = set()
    for process in sorted(drawn.drawings):
        one = drawn.drawings[process]
        for element in one.elements.values():
            if element.milestone and process in reached:
                there.add(element.milestone)
            if element.milestone and element.milestone not in known:
                sentence = (
                    f"{element.title}的里程碑“{element.milestone}”没有人认识，请改成指南里有的。"
                )
                yield Finding(one.file, element.id, "milestone", sentence)
            if element.deadline and element.deadline not in deadlines:
                sentence = (
                    f"{element.title}的时限“{element.deadline}”没有人认识，请改成指南里有的。"
                )
                yield Finding(one.file, element.id, "deadline", sentence)
    for name, word in required_of(drawn.manifest).items():
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
