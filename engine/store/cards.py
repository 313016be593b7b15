"""A ticket's card: the few words by which lists tell it from others, sealed under its key."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from engine import vault
from engine.record import canonical

NAMES = ("title", "place", "caller", "phone")
"""What a field of the start form can be for the card (its custom property `card`)."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a list shows of a ticket's content; empty once its key was erased.

    `phone` is masked (138****1234) before it is sealed: the whole number stands in the payload.
    """

    title: str = ""
    place: str = ""
    caller: str = ""
    phone: str = ""


def masked(phone: str) -> str:
    """A telephone number with its middle hidden: 138****1234, 0793****23; short ones wholly."""
    digits = re.sub(r"\D", "", phone)
    if len(digits) < 7:
        return "*" * len(digits)
    tail = 4 if len(digits) >= 11 else 2
    head = min(len(digits) - tail - 3, 3 if digits[0] == "1" else 4)
    return f"{digits[:head]}****{digits[-tail:]}"


def seal(key: bytes, number: str, words: Mapping[str, str]) -> bytes:
    """The card of ticket `number` from what the start form says; unknown names are left out."""
    card = {name: str(words.get(name) or "")[:200] for name in NAMES}
    card["phone"] = masked(card["phone"])
    return vault.seal(key, canonical(card), f"card/{number}")


def unseal(key: bytes | None, number: str, blob: bytes | None) -> Card:
    """The card that was sealed; an empty one when key or card are gone.

    Errors: VaultError sealed_broken.
    """
    if key is None or blob is None:
        return Card()
    return Card(**json.loads(vault.unseal(key, blob, f"card/{number}")))
