"""What people type, made plain: full-width digits, line ends, blanks, characters not allowed."""

from __future__ import annotations

import unicodedata

_HALF = {ord(full): chr(ord(full) - 0xFEE0) for full in "０１２３４５６７８９．－＋：／"} | {
    ord("\u2212"): "-"
}
_BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


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
    allowed = "\n\t" if lines else ""
    return any(
        char not in allowed
        and (char in _BIDI or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp"))
        for char in text
    )


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
