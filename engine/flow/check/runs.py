"""The definitions can be run: the library takes them, and the manifest says what starts."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definitions import MANIFEST
from engine.flow.definitions import Definitions, Drawn
from engine.flow.model import DefinitionsRefused, Finding


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Parses for running; no manifest, or nothing in it that a call starts."""
    try:
        Definitions.built(drawn)
    except DefinitionsRefused as refused:
        yield from refused.findings
    if MANIFEST not in drawn.files:
        yield Finding(MANIFEST, "", "manifest", "没有清单文件，不知道哪个流程受理来电。")
    elif "call" not in drawn.manifest["start"]:
        yield Finding(MANIFEST, "", "manifest", "清单里没有写受理来电的流程（start 的 call）。")
