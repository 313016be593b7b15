"""What is wrong with uploaded definitions, said before they are deployed.

One family of rules a file; each is a function from what was drawn to findings. A rule that may be
wrong about a sound diagram is no rule: `hotline deploy` refuses what stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from engine.flow.check import (
    calls,
    choices,
    decisions,
    duty,
    ends,
    errors,
    forms,
    joins,
    lengths,
    limits,
    loops,
    manifest,
    messages,
    milestones,
    named,
    paths,
    people,
    properties,
    runs,
    suggestions,
    timers,
    units,
    unset,
    vanished,
    variables,
    words,
)
from engine.flow.check.vanished import InUse
from engine.flow.definitions import Drawn, draw
from engine.flow.model import Finding

FAMILIES: tuple[Callable[[Drawn], Iterable[Finding]], ...] = (
    runs.findings,
    manifest.findings,
    paths.findings,
    ends.findings,
    loops.findings,
    joins.findings,
    calls.findings,
    forms.findings,
    people.findings,
    properties.findings,
    messages.findings,
    errors.findings,
    milestones.findings,
    named.findings,
    timers.findings,
    limits.findings,
    variables.findings,
    unset.findings,
    choices.findings,
    words.findings,
    decisions.findings,
    suggestions.findings,
    duty.findings,
    lengths.findings,
)


def check(
    files: Mapping[str, bytes],
    in_use: Iterable[InUse] = (),
    say: Callable[[str], None] | None = None,
) -> list[Finding]:
    """Every finding in these files (paths "bpmn/…", "forms/…"); none means they may be deployed.

    `in_use`: what of the version in force must not vanish unsaid, and the units that there are.
    What the engine cannot run comes alone: the other rules would only repeat it. `say` is told
    of each file before it is read, and of "bpmn" before they are looked at together.
    """
    drawn = draw(files, say=say)
    if drawn.findings:
        return list(drawn.findings)
    if say is not None:
        say("bpmn")
    found = [finding for family in FAMILIES for finding in family(drawn)]
    known = tuple(in_use)
    return [*found, *vanished.findings(drawn, known), *units.findings(drawn, known)]
