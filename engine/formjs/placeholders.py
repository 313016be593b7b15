"""Texts with places to be filled in, such as {工单编号}: what a reply template is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

KNOWN: Final = ("工单编号", "诉求标题", "诉求地点", "单位", "日期")
"""What may stand in braces."""

_PLACE = re.compile(r"\{([^{}\n]*)\}")


def unknown(text: str) -> str:
    """The first thing in braces that nobody fills in; "" if there is none."""
    return next((word for word in _PLACE.findall(text) if word not in KNOWN), "")


def filled(text: str, words: Mapping[str, str]) -> str:
    """The text with its places filled; what is not known yet stays in its braces, to be seen."""
    return _PLACE.sub(lambda found: words.get(found[1]) or found[0], text)
