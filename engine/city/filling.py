"""Any form filled in as somebody would: options by weights, texts from templates.

Nothing here knows a form. A field that the data say nothing about is answered from the form
itself, so that a user task that was drawn today is worked on in tomorrow's simulation.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from engine.city.arrivals import draw
from engine.city.places import read
from engine.errors import Trouble
from engine.formjs import Form, Sources, View
from engine.workdays import ZONE

Raw = dict[str, Sequence[str]]

CHOICES = frozenset({"select", "radio"})
LISTS = frozenset({"checklist", "taglist"})
TEXTS = frozenset({"textfield", "textarea"})


def fill(
    form: Form, sources: Sources, words: Mapping[str, str], rng: random.Random, now: datetime
) -> Raw:
    """The form as a browser would send it. `words` are what is known about the matter.

    Errors: Trouble cannot_fill, with the form's name and what it said.
    """
    raw: Raw = {}
    named = {field.key: field.source for field in form.fields}
    shown = list(_inputs(form.show({}, sources)))
    for _ in range(len(form.fields) + 1):
        new = [view for view in shown if view.key not in raw]
        for view in new:
            raw[view.key] = _answer(view, named[view.key], words, rng, now)
        checked = form.validate(raw, sources)
        shown = list(_inputs(form.show(checked.typed, sources)))
        visible = {view.key for view in shown}
        hidden = [key for key in raw if key not in visible]
        for key in hidden:
            del raw[key]
        if not hidden and visible <= raw.keys():
            break
    else:
        checked = form.validate(raw, sources)
    if checked.errors:
        key, said = next(iter(checked.errors.items()))
        raise Trouble("cannot_fill", form=form.name, field=key, said=said)
    return {key: texts for key, texts in raw.items() if texts}


def _inputs(views: Sequence[View]) -> Iterator[View]:
    for view in views:
        if view.key and not view.readonly:
            yield view
        yield from _inputs(view.views)


def _answer(
    view: View, source: str, words: Mapping[str, str], rng: random.Random, now: datetime
) -> list[str]:
    if view.type in CHOICES:
        return _chosen(view, source, words, rng)
    if view.type in LISTS:
        return _ticked(view, rng)
    if view.type == "checkbox":
        return ["true"] if view.required or rng.random() < _chance(view.key) else []
    if view.type == "number":
        return _number(view, rng)
    if view.type == "datetime":
        return _moment(view, now) if view.required or rng.random() < _chance(view.key) else []
    if view.type in TEXTS:
        return _text(view, words, rng)
    return []


def _chosen(view: View, source: str, words: Mapping[str, str], rng: random.Random) -> list[str]:
    values = [option.value for option in view.options]
    # What is known about the matter comes first: its type, its channel, the unit in charge.
    known = words.get(source) if source else words.get(view.key)
    if known in values:
        return [known]
    weights = _weights(view.key)
    if not any(value in weights for value in values):
        if not values or not (view.required or rng.random() < _chance(view.key)):
            return []
        return [values[rng.randrange(len(values))]]
    return [draw(rng, {value: weights.get(value, 0) for value in values})]


def _ticked(view: View, rng: random.Random) -> list[str]:
    chances = read("behaviour")["ticks"].get(view.key)
    if chances is None:
        return [option.value for option in view.options] if view.required else []
    ticked = [o.value for o in view.options if rng.random() < chances.get(o.value, 0)]
    return ticked or ([view.options[0].value] if view.required else [])


def _number(view: View, rng: random.Random) -> list[str]:
    weights = _weights(view.key)
    if weights:
        return [draw(rng, weights)]
    return [view.min or view.max or "1"] if view.required else []


def _moment(view: View, now: datetime) -> list[str]:
    local = now.astimezone(ZONE).replace(second=0, microsecond=0)
    if view.subtype != "date":
        step = int(view.step or 60) // 60 or 1
        local -= timedelta(minutes=(local.hour * 60 + local.minute) % step)
    written = {"date": "%Y-%m-%d", "time": "%H:%M"}.get(view.subtype, "%Y-%m-%dT%H:%M")
    return [local.strftime(written)]


def _text(view: View, words: Mapping[str, str], rng: random.Random) -> list[str]:
    if not view.required and rng.random() >= _chance(view.key):
        return []
    templates = read("behaviour")["texts"].get(view.key)
    if templates:
        text = templates[rng.randrange(len(templates))].format_map(_Known(words))
    elif view.validation == "email":
        text = "demo@example.com"
    elif view.validation == "phone":
        text = words.get("phone", "10012345678")
    else:
        text = f"{view.label or view.key}（模拟填写）"
    text = text.ljust(view.min_length, "。")
    return [text[: view.max_length] if view.max_length else text]


def _chance(key: str) -> float:
    return float(read("behaviour")["chance"].get(key, 0))


def _weights(key: str) -> Mapping[str, float]:
    weights: Any = read("behaviour")["fields"].get(key)
    return weights if isinstance(weights, dict) else {}


class _Known(dict[str, str]):
    """Words of which one may be missing."""

    def __missing__(self, key: str) -> str:
        return "有关情况"
