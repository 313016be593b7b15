"""Keys of the manifest that nobody reads: misspelt they would switch something off unsaid."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definitions import MANIFEST
from engine.flow.definitions import DUTY, KEYS, Drawn
from engine.flow.model import Finding


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Keys at the top and of `duty` that mean nothing."""
    for where, said, known in (
        ("清单里的", drawn.manifest, KEYS),
        ("清单里“duty”的", drawn.manifest.get("duty", {}), DUTY),
    ):
        for key in sorted(said.keys() - known):
            sentence = (
                f"{where}“{key}”不起作用：没有这一项。能写的有{'、'.join(known)}，请改正或删去。"
            )
            yield Finding(MANIFEST, key, "key", sentence)
