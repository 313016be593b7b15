"""What tickets stand at in the version in force is still there, or said to be retired.

A modeler gives an element that is replaced a new id: nothing else would tell that apart from one
that was taken away, and tickets could never be taken over to what was only drawn anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from engine.definitions import MANIFEST
from engine.flow.definitions import Drawn
from engine.flow.model import Finding


@dataclass(frozen=True, slots=True)
class InUse:
    """Something of the version in force: an element at which tickets stand, or a message.

    `tickets` is how many stand there; a message that acts send from outside (`id` is the
    manifest's key) has none. A unit is in use whatever version is in force.
    """

    kind: Literal["element", "message", "unit"]
    id: str
    name: str = ""
    tickets: int = 0


def findings(drawn: Drawn, in_use: Iterable[InUse]) -> Iterator[Finding]:
    """Ids in use that are drawn no more, and ids said to be retired that are."""
    drawings = drawn.drawings.values()
    there = {element for one in drawings for element in one.elements}
    messages = drawn.manifest.get("messages", {})
    retired = drawn.manifest.get("retired", [])
    for id in retired:
        if id in there or id in messages:
            sentence = f"清单的“retired”里写着“{id}”，但它还在，请从“retired”里去掉。"
            yield Finding(MANIFEST, id, "retired", sentence)
    for one in in_use:
        if one.id in retired:
            continue
        if one.kind == "element" and one.id not in there:
            title = f"“{one.name}”（{one.id}）" if one.name else f"“{one.id}”"
            sentence = (
                f"现行版本有{one.tickets}件在办工单停在{title}，这套文件里没有这个编号（id）。"
                "如果只是换了编号，请改回原来的；确实不要了，请在清单的“retired”里写上它，"
                "这些工单仍按现行版本办完。"
            )
            yield Finding(MANIFEST, one.id, "vanished", sentence)
        if one.kind == "message" and one.id not in messages:
            sentence = (
                f"现行版本清单的“messages”里有“{one.id}”，这套文件里没有，以后这个操作发出的消息"
                "没有人收到。请补上；确实不要了，请在清单的“retired”里写上它。"
            )
            yield Finding(MANIFEST, one.id, "vanished", sentence)
