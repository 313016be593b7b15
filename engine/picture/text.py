"""How wide words are and where they break: nobody here can ask a font.

Widths are those of Arial, which most machines have or imitate; a Chinese character is one em.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

LINE = 1.2
"""The height of a line, in em."""


def _table() -> dict[str, float]:
    found: dict[str, float] = {}
    for em, characters in (
        (0.222, "ijl'"),
        (0.278, " !,./:;I[\\]|ft"),
        (0.333, "-()`r{}"),
        (0.36, '"*'),
        (0.47, "^"),
        (0.5, "ckszxyvJ"),
        (0.584, "+<=>~"),
        (0.611, "FTZ"),
        (0.667, "&ABEKPSVXY"),
        (0.722, "CDHNRUw"),
        (0.778, "GOQ"),
        (0.833, "Mm"),
        (0.889, "%"),
        (0.944, "W"),
        (1.015, "@"),
    ):
        found |= dict.fromkeys(characters, em)
    return found


_ARIAL = _table()
_NOT_FIRST = frozenset("，。、；：？！）》〉」』】〕”’…·,.;:?!)]}%")
_NOT_LAST = frozenset("（《〈「『【〔“‘([{")


def width(text: str) -> float:
    """The width of a line, in em."""
    return sum(map(_one, text))


def _one(character: str) -> float:
    if character < "\x80":
        return _ARIAL.get(character, 0.556)
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0.0
    if unicodedata.east_asian_width(character) in ("W", "F"):
        return 1.0
    return 1.0 if character == "…" else 0.6


def wrap(text: str, most: float) -> list[str]:
    """The lines of a text of which none is wider than `most` em, if it can be helped.

    Breaks between words, at any Chinese character, and within a word that is too long for a line;
    no line begins with a closing mark or ends with an opening one.
    """
    return [line for given in text.split("\n") for line in _wrapped(given, most)]


def balanced(text: str, most: float) -> list[str]:
    """The same number of lines, but about as wide as one another: no word alone at the end.

    Most Chinese words have two characters, so a line that ends after an even number is liked.
    """
    lines = wrap(text, most)
    if len(lines) == 1:
        return lines
    longest = max(width(piece.strip()) for piece in _pieces(text))
    tried = [
        wrap(text, most * tenth / 10) for tenth in range(5, 11) if most * tenth / 10 >= longest
    ]
    same = [one for one in tried if len(one) == len(lines)]
    return min(same, key=_torn) if same else lines


def _torn(lines: list[str]) -> int:
    """How many lines probably end within a word."""
    return sum(
        1
        for line in lines[:-1]
        if line and _wide(line[-1]) and line[-1] not in _NOT_FIRST and len(line) % 2
    )


def _wrapped(text: str, most: float) -> Iterator[str]:
    line = ""
    for piece in _pieces(text):
        if width((line + piece).rstrip()) <= most:
            line += piece
            continue
        if line.strip():
            yield line.strip()
        line = piece.lstrip()
        while width(line.rstrip()) > most and len(line) > 1:
            cut = _fitting(line, most)
            yield line[:cut]
            line = line[cut:]
    yield line.strip()


def _fitting(line: str, most: float) -> int:
    """How many characters fit, at least one."""
    used = 0.0
    for place, character in enumerate(line):
        used += _one(character)
        if used > most and place:
            return place
    return len(line)


def _pieces(text: str) -> Iterator[str]:
    """What stays together: words with the space before them, characters with their marks."""
    piece = ""
    for character in text:
        together = (
            not piece
            or character in _NOT_FIRST
            or piece[-1] in _NOT_LAST
            or not (character == " " or piece[-1] == "-" or _wide(character) or _wide(piece[-1]))
        )
        if not together:
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _wide(character: str) -> bool:
    return character >= "\u1100" and unicodedata.east_asian_width(character) in ("W", "F")


def shortened(lines: list[str], most: int, room: float) -> list[str]:
    """At most so many lines; what is left out is shown by three dots."""
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while last and width(last) + 1 > room:
        last = last[:-1]
    return [*lines[: most - 1], last + "…"]
