"""A ticket's card: the few words by which lists tell it from others, sealed under its key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.formjs import model
from engine.store.tickets import unseal_of

LONGEST = 200
"""Characters of a card's word; the whole stands in the payload of the first event."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a list shows of a ticket's content; empty once its key was erased.

    `phone` is masked (138****1234) before it is sealed: the whole number stands in the payload.
    """

    title: str = ""
    place: str = ""
    caller: str = ""
    phone: str = ""

    def shielded(self) -> Card:
        """The card of a protected reporter, for everybody outside the centres."""
        return replace(self, caller=self.caller and PROTECTED, phone=self.phone and PROTECTED)


PROTECTED = "受保护"
"""What stands where somebody may not know who reported."""
IDENTIFYING: Final = frozenset(model.IDENTIFYING)
"""What of a card says who somebody is."""

_NAMES: Final = model.CARD


def masked(phone: str) -> str:
    """A telephone number with its middle hidden: 138****1234, 0793****23; short ones wholly."""
    digits = re.sub(r"\D", "", phone)
    if len(digits) < 7:
        return "*" * len(digits)
    tail = 4 if len(digits) >= 11 else 2
    head = min(len(digits) - tail - 3, 3 if digits[0] == "1" else 4)
    return f"{digits[:head]}****{digits[-tail:]}"


def words(said: Mapping[str, str]) -> dict[str, str]:
    """The card from what the start form says, to be sealed with the ticket."""
    card = {name: (said.get(name) or "")[:LONGEST] for name in _NAMES}
    card["phone"] = masked(card["phone"])
    return card


def of(key: bytes | None, number: str, blob: bytes | None) -> Card:
    """The card that was sealed; an empty one when key or card are gone.

    Errors: VaultError sealed_broken.
    """
    if key is None or blob is None:
        return Card()
    said: Mapping[str, Any] = unseal_of(key, number, "card", blob)
    return Card(**{name: str(said.get(name, "")) for name in _NAMES})
