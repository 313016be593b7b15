"""Any form filled in as somebody would: options by weights, texts from templates.

Nothing here knows a form. A field that the data say nothing about is answered from the form
itself, so that a user task that was drawn today is worked on in tomorrow's simulation. What the
data say of "form.field" goes before what they say of "field".
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from engine.city.arrivals import draw
from engine.city.places import read
from engine.formjs import Form, Sources, View
from engine.workdays import ZONE

Raw = dict[str, Sequence[str]]

CHOICES = frozenset({"select", "radio"})
LISTS = frozenset({"checklist", "taglist"})
TEXTS = frozenset({"textfield", "textarea"})


def fill(
    form: Form,
    sources: Sources,
    words: Mapping[str, str],
    rng: random.Random,
    now: datetime,
    again: bool = False,
) -> Raw:
    """The form as a browser would send it. `words` are what is known about the matter; `again`:
    the same form has been filled in for it before."""
    person = _Person(PurePath(form.name).stem, words, rng, now, again)
    named = {field.key: field.source for field in form.fields}
    given: Raw = {}

    def answer(view: View) -> Sequence[str]:
        source = named[view.key]
        same = {text for key in given if source and named[key] == source for text in given[key]}
        given[view.key] = person.answer(view, source, same)
        return given[view.key]

    return form.fill(sources, answer)


@dataclass(frozen=True, slots=True)
class _Person:
    """Somebody with a form before them: its name, what they know, their chance, the clock,
    whether this ticket had the same form before."""

    form: str
    words: Mapping[str, str]
    rng: random.Random
    now: datetime
    again: bool

    def answer(self, view: View, source: str, same: Collection[str]) -> list[str]:
        """What they put into a field; `same` are answers to others with the same option list."""
        if view.type in CHOICES:
            return self._chosen(view, source, same)
        if view.type in LISTS:
            return self._ticked(view, source, same)
        if view.type == "checkbox":
            return ["true"] if view.required or self._does(view) else []
        if view.type == "number":
            return self._number(view)
        if view.type == "datetime":
            return _moment(view, self.now) if view.required or self._does(view) else []
        if view.type in TEXTS:
            return self._text(view)
        return []

    def _chosen(self, view: View, source: str, same: Collection[str]) -> list[str]:
        values = self._open(view, source, same)
        own = read("behaviour")["fields"].get(f"{self.form}.{view.key}")
        # What is known about the matter comes first: its type, its channel, the unit in charge;
        # if that is not offered, whoever is above it.
        names = (source, f"{source}_else") if source else (view.key,)
        if own is None and not self._elsewhere(view):
            for name in names:
                if self.words.get(name) in values:
                    return [self.words[name]]
        weights = self._weights(view.key)
        if not any(value in weights for value in values):
            if not values or not (view.required or self._does(view)):
                return []
            return [values[self.rng.randrange(len(values))]]
        if not view.required and self._rare(view) and not self._does(view):
            return []
        return [draw(self.rng, {value: weights.get(value, 0) for value in values})]

    def _ticked(self, view: View, source: str, same: Collection[str]) -> list[str]:
        chances = _look("ticks", self.form, view.key)
        values = self._open(view, source, same)
        if chances is None:
            return values if view.required else []
        if isinstance(chances, int | float):
            if not values or not (view.required or self.rng.random() < chances):
                return []
            return [values[self.rng.randrange(len(values))]]
        ticked = [value for value in values if self.rng.random() < chances.get(value, 0)]
        return ticked or (values[:1] if view.required else [])

    def _number(self, view: View) -> list[str]:
        rare = self._rare(view)
        if not view.required and rare and not self._does(view):
            return []
        weights = self._weights(view.key)
        if weights:
            return [draw(self.rng, weights)]
        return [view.min or view.max or "1"] if view.required or rare else []

    def _text(self, view: View) -> list[str]:
        if not view.required and not self._does(view):
            return []
        templates = _look("texts", self.form, view.key)
        if templates:
            text = templates[self.rng.randrange(len(templates))].format_map(_Known(self.words))
        elif view.validation == "email":
            text = "demo@example.com"
        elif view.validation == "phone":
            text = self.words.get("phone", "10012345678")
        else:
            text = f"{view.label or view.key}（模拟填写）"
        text = text.ljust(view.min_length, "。")
        return [text[: view.max_length] if view.max_length else text]

    def _open(self, view: View, source: str, same: Collection[str]) -> list[str]:
        """The options that make sense: a second unit is another than the one in charge."""
        values = [option.value for option in view.options]
        if not self._elsewhere(view):
            return values
        taken = {*same, *map(self.words.get, (source, f"{source}_else", "units"))}
        return [value for value in values if value not in taken] or (
            values if view.required else []
        )

    def _elsewhere(self, view: View) -> bool:
        return view.key in read("behaviour")["elsewhere"]["fields"]

    def _rare(self, view: View) -> bool:
        """Whether the data give a chance that it is filled in at all."""
        return _look("chance", self.form, view.key) is not None

    def _does(self, view: View) -> bool:
        return self.rng.random() < float(_look("chance", self.form, view.key) or 0)

    def _weights(self, key: str) -> Mapping[str, float]:
        again = _look("fields", self.form, f"{key}@again") if self.again else None
        weights = again or _look("fields", self.form, key)
        if isinstance(weights, dict) and isinstance(weights.get("*"), dict):
            weights = weights.get(self.words.get("type", "*"), weights["*"])
        return weights if isinstance(weights, dict) else {}


def _look(section: str, form: str, key: str) -> Any:
    """What a section of the data says about a field of this form, or of any form."""
    data = read("behaviour")[section]
    return data.get(f"{form}.{key}", data.get(key))


def _moment(view: View, now: datetime) -> list[str]:
    local = now.astimezone(ZONE).replace(second=0, microsecond=0)
    if view.subtype != "date":
        step = int(view.step or 60) // 60 or 1
        local -= timedelta(minutes=(local.hour * 60 + local.minute) % step)
    written = {"date": "%Y-%m-%d", "time": "%H:%M"}.get(view.subtype, "%Y-%m-%dT%H:%M")
    return [local.strftime(written)]


class _Known(dict[str, str]):
    """Words of which one may be missing."""

    def __missing__(self, key: str) -> str:
        return "有关情况"
