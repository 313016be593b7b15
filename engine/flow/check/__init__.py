"""What is wrong with uploaded definitions, said before they are deployed."""

from __future__ import annotations

from collections.abc import Mapping

from engine.flow.model import DefinitionsRefused, Finding


def check(files: Mapping[str, bytes]) -> list[Finding]:
    """Every finding in these files (paths "bpmn/…", "forms/…"); none means they may be deployed."""
    from engine.flow.definitions import Definitions

    try:
        Definitions.read(files)
    except DefinitionsRefused as refused:
        return list(refused.findings)
    return []
