"""A form filled in anyhow: every option has its chance, numbers are small, large or between."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from engine.formjs import Checked, Form, Sources, View

Raw = dict[str, Sequence[str]]


def anyhow(
    form: Form, sources: Sources, rng: random.Random, given: Mapping[str, str] | None = None
) -> tuple[Raw, Checked]:
    """A filled form without errors, as a browser sends it, and as it is read.

    `given` are answers by field, such as a ticket's number, which no chance would hit on.
    """
    raw: Raw = {}
    for _ in range(len(form.fields) + 2):
        checked = form.validate(raw, sources)
        shown = {view.key: view for view in inputs(form.show(checked.typed, sources))}
        fresh = [key for key in shown if key not in raw]
        hidden = [key for key in raw if key not in shown]
        if not fresh and not hidden:
            break
        for key in hidden:
            del raw[key]
        for key in fresh:
            raw[key] = _given(shown[key], given) or _answer(shown[key], rng)
    if checked.errors:
        raise AssertionError(f"{form.name}: {checked.errors} {raw}")
    return {key: texts for key, texts in raw.items() if texts}, checked


def _given(view: View, given: Mapping[str, str] | None) -> list[str]:
    """The answer that was given, where it may be: another field's options may be others."""
    text = (given or {}).get(view.key, "")
    offered = [option.value for option in view.options]
    return [text] if text and (not view.options or text in offered) else []


def inputs(views: Sequence[View]) -> Iterator[View]:
    """The visible fields that take an answer, those in groups too."""
    for view in views:
        if view.key and not view.readonly:
            yield view
        yield from inputs(view.views)


def _answer(view: View, rng: random.Random) -> list[str]:
    values = [option.value for option in view.options]
    match view.type:
        case "select" | "radio":
            if not values or not (view.required or rng.random() < 0.5):
                return []
            return [_some(values, rng)]
        case "checklist" | "taglist":
            most = rng.choice((1, 1, 2, 3) if view.required else (0, 0, 1, 1, 2, 3))
            return list(dict.fromkeys(_some(values, rng) for _ in range(most))) if values else []
        case "checkbox":
            return ["true"] if view.required or rng.random() < 0.4 else []
        case "number":
            if not view.required and rng.random() < 0.6:
                return []
            least, most = int(view.min or 1), int(view.max or 9)
            return [str(rng.choice((least, min(least + 1, most), min(least + 4, most), most)))]
        case "filepicker":
            return []  # nobody has uploaded anything
        case "datetime":
            return [{"date": "2026-09-27", "time": "10:00"}.get(view.subtype, "2026-09-27T10:00")]
    if not view.required and rng.random() < 0.7:
        return []
    if view.pattern or view.validation:
        return ["10012345678"]
    return ["已记录"[: view.max_length or None].ljust(view.min_length, "。")]


def _some(values: Sequence[str], rng: random.Random) -> str:
    # The other level's offices are few among many bureaus: they get half of the chances.
    below = [value for value in values if value.endswith("-centre")]
    if below and len(below) < len(values) and rng.random() < 0.5:
        return rng.choice(below[:2])
    return rng.choice(values if len(values) < 9 else values[:9])
