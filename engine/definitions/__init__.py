"""The diagrams, tables and forms that come with the product."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

FOLDERS = ("bpmn", "forms")
SUFFIXES = (".bpmn", ".dmn", ".form", ".json")
"""What belongs to a version; a read-me or an editor's leftover beside it does not."""
MANIFEST = "bpmn/manifest.json"
"""The one .json: which process a call starts, which message an act sends."""

_HERE = Path(__file__).resolve().parent


def folder() -> Path:
    """The folder that holds bpmn/ and forms/: this one in a wheel, the top of a checkout.

    Raises:
        FileNotFoundError: neither holds them, so that this installation is damaged.
    """
    for place in (_HERE, _HERE.parents[1]):
        if all((place / name).is_dir() for name in FOLDERS):
            return place
    raise FileNotFoundError(f"no bpmn/ and forms/ beside {_HERE}")


def shipped() -> dict[str, bytes]:
    """Every shipped file by its path, such as "bpmn/ticket.bpmn", as Definitions.read takes it."""
    return read(folder())


def read(place: Path) -> dict[str, bytes]:
    """The definitions in bpmn/ and forms/ below `place`, by their path with slashes, in order."""
    return {name: path.read_bytes() for name, path in _called(place) if path.is_file()}


def no_files(place: Path) -> list[str]:
    """What is called like a definition and is none: a folder, a pipe, a link to nowhere."""
    return [name for name, path in _called(place) if not path.is_file()]


def _called(place: Path) -> Iterator[tuple[str, Path]]:
    for folder in FOLDERS:
        for path in sorted((place / folder).rglob("*")):
            if path.suffix in SUFFIXES and not path.name.startswith("."):
                yield path.relative_to(place).as_posix(), path
