"""What people type, made plain: full-width digits, line ends, blanks, characters not allowed."""

from __future__ import annotations

import re
import unicodedata

_HALF = {ord(full): chr(ord(full) - 0xFEE0) for full in "０１２３４５６７８９．－＋：／"} | {
    ord("\u2212"): "-"
}
# Unicode's categories Cc, Cs, Zl and Zp, and the marks that turn the text.
_MARKS = r"\x7f-\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069"
_FORBIDDEN = re.compile(rf"[\x00-\x1f{_MARKS}]")
_FORBIDDEN_IN_LINES = re.compile(rf"[\x00-\x08\x0b-\x1f{_MARKS}]")


def half_width(text: str) -> str:
    """Full-width digits and the signs of numbers and times as Chinese keyboards give them."""
    return text.translate(_HALF)


def trimmed(text: str) -> str:
    """Without blanks around it, with single line ends; "" if nothing visible is left."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    blank = all(char.isspace() or unicodedata.category(char) == "Cf" for char in text)
    return "" if blank else text


def forbidden(text: str, *, lines: bool) -> bool:
    """Whether it has control characters, halves of surrogate pairs or marks that turn the text.

    Line ends and tabs are allowed where `lines` is true.
    """
    return (_FORBIDDEN_IN_LINES if lines else _FORBIDDEN).search(text) is not None


def shortened(text: str) -> str:
    """A piece of someone's text that may stand in a sentence."""
    plain = "".join(char if char.isprintable() else "?" for char in text[:30])
    return plain + ("…" if len(text) > 30 else "")


def one_line(text: str, longest: int = 500) -> str:
    """A sentence that quotes someone: in one line, nothing invisible in it, cut in the middle."""
    plain = " ".join(text.split())
    plain = "".join(char if char.isprintable() else "?" for char in plain)
    if len(plain) <= longest:
        return plain
    return f"{plain[: longest * 3 // 4]}…{plain[-longest // 4 :]}"
