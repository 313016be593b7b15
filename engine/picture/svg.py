"""SVG written by lxml, so that whatever a name holds is text and never markup."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree

from engine.picture import text as words
from engine.picture.model import Point

SVG = "http://www.w3.org/2000/svg"

INK = "#22242a"
"""The colour of lines and letters."""

PAPER = "#ffffff"

FONTS = (
    "Arial, 'Liberation Sans', 'Noto Sans SC', 'Noto Sans CJK SC', 'Source Han Sans SC', "
    "'Microsoft YaHei', 'PingFang SC', sans-serif"
)

_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def number(value: float) -> str:
    """A coordinate with at most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def path(*parts: str | float) -> str:
    """The text of a path's `d`."""
    return " ".join(part if isinstance(part, str) else number(part) for part in parts)


def fit(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return _UNFIT.sub("\ufffd", text)


class Pen:
    """Draws into one element; attributes are written with _ for -."""

    def __init__(self, element: etree._Element) -> None:
        self.element = element

    @classmethod
    def sheet(cls) -> Pen:
        """An empty picture."""
        return cls(etree.Element(f"{{{SVG}}}svg", nsmap={None: SVG}))  # type: ignore[dict-item]

    def put(self, tag: str, text: str | float = "", **attributes: str | float) -> Pen:
        """Add an element; a pen for what stands in it."""
        element = etree.SubElement(self.element, f"{{{SVG}}}{tag}")
        for key, value in attributes.items():
            if value != "":
                shown = fit(value) if isinstance(value, str) else number(value)
                element.set(key.rstrip("_").replace("_", "-"), shown)
        if text:
            element.text = fit(str(text))
        return Pen(element)

    def path(self, *d: str | float, **attributes: str | float) -> None:
        """A path."""
        self.put("path", d=path(*d), **attributes)

    def circle(self, x: float, y: float, r: float, **attributes: str | float) -> None:
        """A circle."""
        self.put("circle", cx=x, cy=y, r=r, **attributes)

    def rect(
        self, x: float, y: float, width: float, height: float, **attributes: str | float
    ) -> None:
        """A rectangle."""
        self.put("rect", x=x, y=y, width=width, height=height, **attributes)

    def polygon(self, points: Iterable[Point], **attributes: str | float) -> None:
        """A closed line of straight pieces."""
        written = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        self.put("polygon", points=written, **attributes)

    def lines(
        self,
        lines: list[str],
        x: float,
        top: float,
        size: float,
        anchor: str = "middle",
        fill: str = INK,
        halo: bool = False,
    ) -> None:
        """Lines of words, one under the other, the first one's upper edge at `top`.

        `halo`: with paper around the letters, where a line may run through them.
        """
        begins = "" if anchor == "start" else anchor
        around: dict[str, str | float] = {"stroke": "none"}
        if halo:
            around = {"stroke": PAPER, "stroke_width": 3, "paint_order": "stroke"}
        text = self.put("text", fill=fill, font_size=size, text_anchor=begins, **around)
        for place, line in enumerate(lines):
            if line:
                # Ascent and descent of Arial, set in the middle of the line.
                base = top + size * words.LINE * place + size * 0.95
                text.put("tspan", line, x=x, y=base)

    def written(self) -> str:
        """The picture as text."""
        return etree.tostring(self.element, encoding="unicode")
