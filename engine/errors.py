"""Errors that people read: a code for programs, facts, and one Chinese sentence for each code.

A sentence says what is the matter and what to do next. It is a template in gettext's style
(`%(name)s`), so that a web page translates the template and fills in the facts afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.sentences import SENTENCES


class Trouble(Exception):
    """Something that a person has to know; str() is the Chinese sentence, `code` is for programs.

    `facts` fill the sentence. Facts are ids, paths, times and numbers, never what callers said.
    """

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    @property
    def template(self) -> str:
        """The sentence before the facts are filled in: the msgid for gettext."""
        return template(self.code)

    def sentence(self) -> str:
        """The sentence in Chinese."""
        return sentence(self.code, self.facts)

    def __str__(self) -> str:
        return self.sentence()


class SettingsError(Trouble):
    """A setting in the environment that cannot be used."""


class VaultError(Trouble):
    """The master key is missing, wrong or readable by others, or something cannot be decrypted."""


class StoreError(Trouble):
    """The database cannot be used as it is: down, locked, older or newer than the code, full."""


class Denied(Trouble):
    """Somebody may not do this; `hidden`: they may not even know that the object exists (404)."""

    def __init__(self, code: str = "denied", *, hidden: bool = False, **facts: Any) -> None:
        super().__init__(code, **facts)
        self.hidden = hidden


class _Facts(dict[str, Any]):
    """Facts of which one may be missing: a sentence with a gap is better than none."""

    def __missing__(self, key: str) -> str:
        return "?"


def template(code: str) -> str:
    """The Chinese sentence of a code, unfilled; an unknown code gets a sentence that names it."""
    return SENTENCES.get(code, SENTENCES["unknown"])


def sentence(code: str, facts: Mapping[str, Any]) -> str:
    """The Chinese sentence of a code, with its facts (also for flow's Refused, code and facts)."""
    return template(code) % _Facts({"code": code, **facts})
