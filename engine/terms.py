"""What a text is found by: pairs of neighbouring characters, words, beginnings of words. Pure.

Chinese writes no blanks between words, so a text is cut into all pairs of neighbours, and a word
of two or more characters is found where all its pairs stand. Letters and digits in a row are one
word, found whole or by its beginning. Who somebody is, is not among it: names that are known, long
rows of digits (telephones, identity cards, accounts), number plates and e-mail addresses are
taken out before (`masked`).

A term is a text with a sign of its kind: `路灯` a pair, `=abc` a word, `^ab` the beginning of one,
`#13812345678` a telephone number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

LONGEST_QUERY: Final = 60
"""Characters of what somebody looks for."""
LONGEST_BEGINNING: Final = 20

_HAN: Final = (
    r"[\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
_HAN_HERE = re.compile(_HAN)
_WRITTEN_TOGETHER = re.compile(rf"(?:{_HAN}|[^\W_])+")
_PIECE = re.compile(rf"{_HAN}|(?:(?!{_HAN})[^\W_])+")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a query: a text is found by it that has all of `terms`, or this telephone.

    `phone` is a term, or "" where the part is no telephone number; `terms` may be empty then.
    """

    terms: frozenset[str]
    phone: str


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for: all parts must be found. `short`: single characters, which no
    text is found by."""

    parts: tuple[Part, ...]
    short: tuple[str, ...]


def plain(text: str) -> str:
    """A text as it is compared: compatible characters alike (NFKC), without capitals."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def terms(text: str, names: Iterable[str] = ()) -> frozenset[str]:
    """What a text is found by; of `names` and of numbers that say who somebody is, nothing."""
    found: set[str] = set()
    for pieces in _written(masked(plain(text), names)):
        found.update(_pairs(pieces))
        for piece in pieces:
            if not _is_han(piece):
                found.add("=" + piece)
                ends = range(1, min(len(piece), LONGEST_BEGINNING) + 1)
                found.update("^" + piece[:end] for end in ends)
    return frozenset(found)


def query(text: str) -> Query:
    """A query, read. Only the last word of what is written together may be a beginning."""
    text = plain(text[:LONGEST_QUERY])
    whole = _dialled(text) if re.fullmatch(r"[\d\s()+./-]+", text) else ""
    parts, short = [], []
    for part in [text] if whole else text.split():
        wanted: set[str] = set()
        written = list(_written(part))
        for pieces in written:
            if len(pieces) == 1 and len(pieces[0]) == 1:
                if _is_han(pieces[0]) or len(written) == 1:
                    short.append(pieces[0])
                else:
                    wanted.add("=" + pieces[0])  # a letter or digit in a number such as A-001
                continue
            wanted.update(_pairs(pieces))
            *first, last = pieces
            wanted.update("=" + piece for piece in first if not _is_han(piece))
            if not _is_han(last):
                wanted.add("^" + last[:LONGEST_BEGINNING])
        phone = whole or (_dialled(part) if re.fullmatch(r"[\d()+./-]+", part) else "")
        if wanted or phone:
            parts.append(Part(frozenset(wanted), phone))
    return Query(tuple(parts), tuple(short))


def _written(text: str) -> Iterator[list[str]]:
    """What is written together, as pieces: single Chinese characters, words of letters."""
    for found in _WRITTEN_TOGETHER.finditer(text):
        yield _PIECE.findall(found[0])


def _pairs(pieces: list[str]) -> Iterator[str]:
    return (one[-1] + other[0] for one, other in pairwise(pieces))


def _is_han(piece: str) -> bool:
    return len(piece) == 1 and _HAN_HERE.match(piece) is not None


# --- telephone numbers -------------------------------------------------------------------------

_LEAST_DIALLED = 7


def phones(text: str) -> frozenset[str]:
    """By which terms a caller's number is found: as it is, and without the area's code."""
    digits = _digits(plain(text))
    found = {digits}
    if digits.startswith("0"):  # 010 and 02x have three digits, the others four
        found.add(digits[3 if digits[1:2] in ("1", "2") else 4 :])
    return frozenset("#" + one for one in found if len(one) >= _LEAST_DIALLED)


def _dialled(text: str) -> str:
    digits = _digits(text)
    return "#" + digits if len(digits) >= _LEAST_DIALLED else ""


def _digits(text: str) -> str:
    digits = "".join(str(unicodedata.digit(one)) for one in text if one.isdecimal())
    for abroad in ("0086", "86"):
        if digits.startswith(abroad + "1") and len(digits) == len(abroad) + 11:
            return digits.removeprefix(abroad)
    return digits


# --- what is not to be found -------------------------------------------------------------------

_BETWEEN = r"[\s\-\u2010-\u2015\u00b7.()/+*_]{0,4}"
_NUMBERS = re.compile(
    "|".join(
        (
            r"[a-z0-9_.%+-]{1,64}@[a-z0-9.-]+",  # an e-mail address
            rf"\d(?:{_BETWEEN}\d){{6,}}x?",  # a telephone, an identity card, an account
            r"[〇零一二三四五六七八九幺]{7,}",
            # A plate: province, letter, then five or six with three digits at least.
            r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使]\s?[a-z]"
            r"[\s·•.\-]{0,2}(?=(?:[a-z]*\d){3})[a-z0-9]{4,6}[挂学警港澳]?",
            # What looks like a passport or a sign-in name: four digits among six or more.
            r"(?<![a-z0-9])(?=[a-z0-9]{6})(?=(?:[a-z]*\d){4})[a-z0-9]+",
        )
    )
)
_TITLES = (
    "先生|女士|小姐|太太|同志|师傅|老师|老板|大爷|大妈|大哥|大姐|大叔|阿姨|叔叔|爷爷|奶奶|某某|某"
)
_TITLE = re.compile(rf"(?:{_TITLES})$")


def masked(text: str, names: Iterable[str] = ()) -> str:
    """A plain text with a blank for each number and name that says who somebody is.

    `names` may hold several with marks between; of a Chinese one, the family name before a title
    (王先生) is taken out too. A name of one character is none that could be told from a word.
    """
    found = sorted({form for name in names for form in _forms(plain(name))}, key=len, reverse=True)
    if found:
        text = re.sub("|".join(found), " ", text)
    return _NUMBERS.sub(" ", text)


def _forms(name: str) -> Iterator[str]:
    """How a person may be named in a text, as patterns."""
    for one in re.split(r"[、,;/()\n]+", name):
        bare = "".join(one.split()) if _HAN_HERE.search(one) else one.strip()
        for form in {bare, _TITLE.sub("", bare)}:
            if len(form) >= 2:
                spaced = r"\s*".join(map(re.escape, form))
                yield spaced if _HAN_HERE.search(form) else rf"(?<![^\W_]){spaced}(?![^\W_])"
        if _HAN_HERE.match(bare):
            yield rf"{re.escape(bare[0])}\s*(?:{_TITLES})"
