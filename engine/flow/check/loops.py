"""Every way round waits somewhere: a loop of what happens by itself would turn for ever.

One that stops by counting in its conditions is refused as well: a decision table does that in one
go, and a mistake in the count would stop the ticket.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow.check.calls import WAITING
from engine.flow.check.ends import scopes
from engine.flow.definitions import Drawn
from engine.flow.drawing import Drawing, Element
from engine.flow.model import Finding


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Ways round, and repetitions without an end, on which nobody and nothing is waited for."""
    for one in drawn.drawings.values():
        for within in scopes(one).values():
            by_itself = {e.id: e for e in within if not waits(drawn, one, e)}
            round_ = _round(one, by_itself)
            if round_:
                element = next((e for e in round_ if e.kind == "exclusiveGateway"), round_[0])
                way = "、".join(e.title for e in round_)
                sentence = (
                    f"{element.title}在一个圈上，圈上没有用户任务，也不等待（{way}），会不停地转；"
                    "请在圈上加用户任务或等待，或用决策表一次算出来。"
                )
                yield Finding(one.file, element.id, "loop", sentence)
            for element in by_itself.values():
                loop = element.loop
                if loop is not None and loop.kind == "standard" and not loop.maximum:
                    sentence = (
                        f"{element.title}反复执行，但里面没有用户任务，也不等待，会不停地转；"
                        "请在里面加用户任务或等待，或写最多次数（loopMaximum）。"
                    )
                    yield Finding(one.file, element.id, "loop", sentence)


def waits(
    drawn: Drawn, one: Drawing, element: Element, within: frozenset[str] = frozenset()
) -> bool:
    """Whether a token stands at an element until somebody or something comes, on every way."""
    if element.kind in WAITING:
        return True
    if element.kind == "subProcess":
        return _all_wait(drawn, one, element.id, within)
    called = drawn.drawings.get(element.called)
    if called is None or called.id in within:
        return called is not None  # round and round: another rule speaks of calls
    return _all_wait(drawn, called, called.id, within | {called.id})


def _all_wait(drawn: Drawn, one: Drawing, scope: str, within: frozenset[str]) -> bool:
    """Whether no way leads from the start of a scope to an end of it without waiting."""
    inner = {e.id: e for e in one.elements.values() if e.scope == scope}
    level = [e.id for e in inner.values() if e.kind == "startEvent"]
    seen: set[str] = set()
    while level:
        place = level.pop()
        if place in seen or waits(drawn, one, inner[place], within):
            continue
        seen.add(place)
        if inner[place].kind == "endEvent":
            return False
        level += [flow.target for flow in one.outgoing(place) if flow.target in inner]
    return True


def _round(one: Drawing, by_itself: dict[str, Element]) -> list[Element]:
    """The elements of one way round within these; empty when there is none."""
    after = {
        place: [flow.target for flow in one.outgoing(place) if flow.target in by_itself]
        for place in by_itself
    }
    done: set[str] = set()
    for start in by_itself:
        way: list[str] = []
        level = [(start, iter(after[start]))] if start not in done else []
        while level:
            place, rest = level[-1]
            if not way or way[-1] != place:
                way.append(place)
            target = next(rest, None)
            if target is None:
                done.add(place)
                way.pop()
                level.pop()
            elif target in way:
                return [by_itself[id] for id in way[way.index(target) :]]
            elif target not in done:
                level.append((target, iter(after[target])))
    return []
