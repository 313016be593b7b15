"""A procedure of two processes, small enough to be told step by step: the tests' own."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent


def files() -> dict[str, bytes]:
    """Its diagrams, table and forms by path."""
    return {
        path.relative_to(HERE).as_posix(): path.read_bytes()
        for folder in ("bpmn", "forms")
        for path in sorted((HERE / folder).iterdir())
    }
