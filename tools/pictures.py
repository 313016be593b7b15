"""Draw docs/pictures/*.svg from bpmn/*.bpmn, as the product draws them on its pages.

Run by `make pictures` after a diagram has changed; needs no browser and no network. A file's first
page has its name; the pages of collapsed sub-processes follow as -2, -3 … in the order of the file.
"""

from __future__ import annotations

from pathlib import Path

from engine import picture

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs/pictures"


def drawn() -> dict[str, str]:
    """Each picture by the name of its file."""
    found: dict[str, str] = {}
    for diagram in sorted((ROOT / "bpmn").glob("*.bpmn")):
        for page in picture.pages(diagram.read_bytes()):
            suffix = "" if page.number == 1 else f"-{page.number}"
            found[f"{diagram.stem}{suffix}.svg"] = picture.draw_page(page) + "\n"
    return found


def main() -> None:
    found = drawn()
    for old in PICTURES.glob("*.svg"):
        if old.name not in found:
            old.unlink()
    for name, svg in found.items():
        (PICTURES / name).write_text(svg, encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()
