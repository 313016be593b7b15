"""One event of a chain: what happened, when, by whom, and the hash that ties it to the last one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

GENESIS: Final = "0" * 64
"""What the first event of a chain names as the hash before it."""

SYSTEM: Final = "system"
"""The chain of what belongs to no ticket: sign-in, settings, calendar, versions."""

ANNOUNCEMENT: Final = "GG"
"""How the number of an announcement begins, which is the name of its chain: GG20261010-001."""

SALT_BYTES: Final = 32

FORMAT: Final = 2
"""How an event is written, hashed with it: a body that names no format is of format 1."""

_CANONICAL = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)


def canonical(value: Any) -> bytes:
    """The one JSON text of a value: keys sorted, no spaces, UTF-8, characters as themselves.

    Errors: ValueError (NaN, infinity, a lone surrogate), TypeError (not JSON).
    """
    return _CANONICAL.encode(value).encode()


def instant(at: datetime) -> str:
    """An aware time as text in UTC with microseconds, always 27 characters: it sorts as time does.

    Errors: ValueError for a time without a zone.
    """
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def commit(salt: bytes, payload: bytes) -> str:
    """A commitment (64 hex digits) that tells nothing about the payload without its salt.

    Errors: ValueError for a salt that is not 32 bytes long.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 32 bytes")
    return hashlib.sha256(salt + payload).hexdigest()


@dataclass(frozen=True)
class Event:
    """An event as it stands in its chain; immutable.

    `at` is aware, in UTC. `text` is the body as it was hashed, canonical JSON; `body` reads it.
    `commitment` is "" for an event without a payload.
    """

    chain: str
    seq: int  # 1, 2, 3, …
    kind: str  # "step" is taken again on replay, "fact" is only chained
    name: str
    at: datetime
    actor: str
    unit: str
    text: str
    commitment: str
    previous: str
    hash: str

    @property
    def body(self) -> dict[str, Any]:
        """What the event says, in clear. Errors: ValueError when the text is no JSON object."""
        body = json.loads(self.text)
        if not isinstance(body, dict):
            raise ValueError("the body of an event is an object")
        return body

    def expected_hash(self) -> str:
        """The hash that this event must have: sha256 over all its other fields."""
        return _hash(
            chain=self.chain,
            seq=self.seq,
            kind=self.kind,
            name=self.name,
            at=instant(self.at),
            actor=self.actor,
            unit=self.unit,
            body=self.text,
            commitment=self.commitment,
            previous=self.previous,
        )

    def as_json(self) -> dict[str, Any]:
        """The event as an export carries it: what is hashed, and the hash."""
        return {
            "chain": self.chain,
            "seq": self.seq,
            "kind": self.kind,
            "name": self.name,
            "at": instant(self.at),
            "actor": self.actor,
            "unit": self.unit,
            "body": self.text,
            "commitment": self.commitment,
            "previous": self.previous,
            "hash": self.hash,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Event:
        """The event of an export. Errors: ValueError for a missing, unknown or wrong field."""
        fields: dict[str, type] = {name: str for name in cls.__dataclass_fields__}
        fields["body"] = fields.pop("text")
        fields["seq"] = int
        if set(value) != set(fields):
            raise ValueError("not the fields of an event")
        for name, kind in fields.items():
            if type(value[name]) is not kind:
                raise ValueError(f"{name} is not {kind.__name__}")
        at = datetime.fromisoformat(value["at"])
        if at.tzinfo is None or instant(at) != value["at"]:
            raise ValueError("at is not an instant in UTC")
        rest = {name: value[name] for name in fields if name not in ("at", "body")}
        return cls(at=at.astimezone(UTC), text=value["body"], **rest)


def make_event(
    chain: str,
    seq: int,
    previous: str,
    kind: str,
    name: str,
    at: datetime,
    actor: str,
    unit: str,
    body: Mapping[str, Any],
    commitment: str = "",
) -> Event:
    """The next event of a chain: `previous` is the hash of event seq - 1, GENESIS for the first."""
    text = canonical(dict(body)).decode()
    return chained(chain, seq, previous, kind, name, at, actor, unit, text, commitment)


def chained(
    chain: str,
    seq: int,
    previous: str,
    kind: str,
    name: str,
    at: datetime,
    actor: str,
    unit: str,
    text: str,
    commitment: str = "",
) -> Event:
    """As make_event, of a body that is canonical JSON text already."""
    found = _hash(
        chain=chain,
        seq=seq,
        kind=kind,
        name=name,
        at=instant(at),
        actor=actor,
        unit=unit,
        body=text,
        commitment=commitment,
        previous=previous,
    )
    at = at.astimezone(UTC)
    return Event(chain, seq, kind, name, at, actor, unit, text, commitment, previous, found)


def _hash(**fields: str | int) -> str:
    # The body goes in as text, not as the object it says: what is hashed is what is stored,
    # and a second reader needs no agreement on numbers or key order to check it.
    return hashlib.sha256(canonical(fields)).hexdigest()
