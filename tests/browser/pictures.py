"""The pictures that docs/pages.md keeps: which they are, how they are taken."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from playwright.sync_api import Page

KEPT = Path(__file__).resolve().parents[2] / "docs/pages.md"
LINK = re.compile(r"\]\(pages/([\w-]+)-(?:wide|narrow)\.jpg\)")
QUALITY, TALLEST = 60, 1600


@lru_cache(maxsize=1)
def listed() -> frozenset[str]:
    """The names of the pages of which docs/pages.md shows pictures."""
    return frozenset(LINK.findall(KEPT.read_text("utf-8")))


def take(page: Page, path: Path, width: int) -> None:
    """A small picture of a page, from its top down to what is worth keeping."""
    height = page.locator("html").evaluate("page => page.scrollHeight")
    page.screenshot(
        path=path,
        type="jpeg",
        quality=QUALITY,
        full_page=True,
        clip={"x": 0, "y": 0, "width": width, "height": min(height, TALLEST)},
        caret="initial",
    )
