"""What forms give to the process: the routing fields and their options, read from the .form files.

Only as much of form-js as the rules here need; whether a form is sound, formjs says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache

from engine.flow.definitions import Drawn
from engine.flow.model import Json
from engine.formjs import Form

SUFFIX = ".form"

Options = tuple[str, ...]


def path_of(form: str) -> str:
    """The file of a form key."""
    return f"forms/{form}{SUFFIX}"


@lru_cache(maxsize=512)
def form(content: bytes, path: str) -> Form:
    """A form as formjs reads it. Errors: FormRefused, with every finding."""
    return Form.read(content, path)


def fields(drawn: Drawn, form: str) -> Mapping[str, Options]:
    """The routing fields of a form; options are empty where they are not fixed in it."""
    found = {}
    for one, options in offered(drawn, path_of(form)):
        if "key" in one and _routing(one):
            found[str(one["key"])] = options
        if ticket := _ticket(one):
            found[ticket] = ()
    return found


def offered(drawn: Drawn, path: str) -> Iterator[tuple[Mapping[str, Json], Options]]:
    """Every component of a form, and the options that are fixed in it."""
    try:
        content = json.loads(drawn.files.get(path, b"{}"))
    except (ValueError, RecursionError):
        return
    for one in _components(content):
        yield one, _options(one)


def _components(content: Json) -> Iterator[Mapping[str, Json]]:
    inner = content.get("components") if isinstance(content, dict) else None
    for one in inner if isinstance(inner, list) else ():
        if isinstance(one, dict):
            yield one
            yield from _components(one)


def _routing(one: Mapping[str, Json]) -> bool:
    properties = one.get("properties")
    return isinstance(properties, dict) and str(properties.get("routing", "")).lower() == "true"


def _ticket(one: Mapping[str, Json]) -> str:
    """The name under which the number of another ticket is routed; empty for other fields."""
    properties = one.get("properties")
    return str(properties.get("ticket") or "") if isinstance(properties, dict) else ""


def _options(one: Mapping[str, Json]) -> Options:
    values = one.get("values")
    if one.get("type") not in ("select", "radio") or not isinstance(values, list):
        return ()
    offered = (value.get("value") for value in values if isinstance(value, dict))
    return tuple(value for value in offered if isinstance(value, str))
