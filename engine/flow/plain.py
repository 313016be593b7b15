"""Plain JSON values: the only thing that process data is made of."""

from __future__ import annotations

import math
from collections.abc import Mapping

import orjson

from engine.flow.model import Json, Refused

LARGEST = 10_000
"""Values (members of lists and dicts, at any depth) that one variable may hold."""

LONGEST = 10_000
"""Characters that one string of process data may hold."""

LARGEST_INTEGER = 2**53
"""Beyond it, other readers of JSON round."""


def copied(value: Json) -> Json:
    """A copy that shares nothing with the original; Refused("data") for what is not plain JSON.

    Nested values must not be shared between scopes: changing one would rewrite the other. The
    size is bounded, because lists of lists of the same list grow without limit once written out.
    """
    return _copied(value, [LARGEST])


def _copied(value: Json, budget: list[int]) -> Json:
    budget[0] -= 1
    if budget[0] < 0:
        raise Refused("data", problem="数据太大")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if not math.isfinite(value) or (isinstance(value, int) and abs(value) > LARGEST_INTEGER):
            raise Refused("data", problem="数太大")
        return value
    if isinstance(value, str):
        if len(value) > LONGEST:
            raise Refused("data", problem="数据太大")
        return value
    if isinstance(value, list | tuple):
        return [_copied(member, budget) for member in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise Refused("data", problem="数据不是普通的值")
        return {key: _copied(member, budget) for key, member in value.items()}
    raise Refused("data", problem="数据不是普通的值")


def snapshot(variables: Mapping[str, Json]) -> dict[str, Json]:
    """A copy of a scope's variables, which are known to be plain: quicker than `copied`."""
    copy: dict[str, Json] = orjson.loads(orjson.dumps(dict(variables)))
    return copy
