"""Where the time of a run goes, as a picture: stacks sampled by CPU time, a flame graph of them."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from types import FrameType

EVERY = 0.004
"""Seconds of CPU between two samples."""

WIDTH, ROW, NARROWEST, LETTER = 1400, 17, 0.5, 6.6
COLOURS = {
    "engine/flow": "#e8a33d",
    "engine": "#e2725b",
    "SpiffWorkflow": "#f2d06b",
    "sqlalchemy": "#7fa8d1",
}
OTHER = "#b9c0c7"

Stack = tuple[str, ...]


@contextmanager
def sampled() -> Iterator[Counter[Stack]]:
    """Counts the stacks of the main thread, outermost call first, while the block runs."""
    found: Counter[Stack] = Counter()

    def look(_signal: int, frame: FrameType | None) -> None:
        stack = []
        while frame is not None:
            stack.append(_called(frame))
            frame = frame.f_back
        found[tuple(reversed(stack))] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    try:
        yield found
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _called(frame: FrameType) -> str:
    """A function and its file, from the package on: no folder of this machine."""
    parts = Path(frame.f_code.co_filename).with_suffix("").parts
    for package in ("site-packages", "engine", "bench"):
        if package in parts:
            start = len(parts) - 1 - parts[::-1].index(package)
            parts = parts[start + (package == "site-packages") :]
            break
    else:
        parts = parts[-1:]
    return f"{'/'.join(parts)}: {frame.f_code.co_qualname}"


@dataclass
class _Call:
    samples: int = 0
    inner: dict[str, _Call] = field(default_factory=dict)


def draw(stacks: Counter[Stack], file: Path, title: str, root: str = "") -> None:
    """Writes the stacks as an SVG, from the call that `root` ends the name of on."""
    whole, deepest = _Call(), 0
    for stack, count in stacks.items():
        start = next((n for n, name in enumerate(stack) if name.endswith(root)), None)
        if start is None:
            continue
        deepest = max(deepest, len(stack) - start)
        call = whole
        call.samples += count
        for name in stack[start:]:
            call = call.inner.setdefault(name, _Call())
            call.samples += count
    height = (deepest + 2) * ROW + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        f' width="{WIDTH}" height="{height}" font-family="monospace" font-size="11">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="6" y="{ROW - 3}">{escape(title)}</text>',
        *_rows(whole, 0.0, 1, WIDTH / max(whole.samples, 1), whole.samples),
        "</svg>",
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines), "utf-8")


def _rows(call: _Call, left: float, depth: int, scale: float, all_: int) -> Iterator[str]:
    for name, inner in sorted(call.inner.items()):
        width = inner.samples * scale
        if width >= NARROWEST:
            top = depth * ROW + 5
            short = name.rpartition(".")[2] if "." in name else name.rpartition(": ")[2]
            text = short if len(short) * LETTER + 4 < width else ""
            share = f"{name} — {100 * inner.samples / all_:.1f} %"
            yield (
                f"<g><title>{escape(share)}</title>"
                f'<rect x="{left:.1f}" y="{top}" width="{max(width - 0.3, 0.2):.1f}"'
                f' height="{ROW - 1}" fill="{_colour(name)}"/>'
                f'<text x="{left + 2:.1f}" y="{top + 12}">{escape(text)}</text></g>'
            )
            yield from _rows(inner, left, depth + 1, scale, all_)
        left += width


def _colour(name: str) -> str:
    return next((shade for start, shade in COLOURS.items() if name.startswith(start)), OTHER)
