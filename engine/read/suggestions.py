"""What the words of a call suggest: its type, its place, the item and unit of 权责清单.

Nothing is filled by itself and nothing is kept of it: whoever fills the form takes it or not. By
which words, the decisions say that the manifest names under `suggestions`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from engine import terms
from engine.access import User
from engine.flow import Definitions
from engine.flow.definitions import SUGGESTED
from engine.formjs import Form, View
from engine.read.filling import TaskForm
from engine.store import Store
from engine.store import tables as t

Raw = Mapping[str, Sequence[str]]

MOST: Final = 3
"""Suggestions for one field: what is read at a glance."""
LONGEST: Final = 10_000
"""Characters that are read; the answer is waited for at the telephone."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One that a person may take: `fill` says which fields get which texts.

    `label` is what the form calls the field, beside which those of one field follow each other;
    `text` is what it suggests, `unit` whom an item belongs to; `words` are those of the caller
    that led to it, `at` is the time of the earlier call that named a place.
    """

    label: str
    text: str
    unit: str
    words: tuple[str, ...]
    fill: tuple[tuple[str, str], ...]
    at: datetime | None = None


def suggested(
    store: Store,
    user: User,
    form: TaskForm,
    raw: Raw,
    told: str,
    now: datetime,
    earlier: Iterable[tuple[str, datetime]] = (),
) -> tuple[Suggestion, ...]:
    """What the words suggest for the fields of a form that are not filled in so.

    `told`: words beside what is typed into the form, such as a ticket's. `earlier`: places of
    earlier calls of the same telephone, with their times, the newest first.
    """
    text = "\n".join(
        [told, *(" ".join(raw.get(f.key, ())) for f in form.form.fields if f.searched)]
    )[:LONGEST]
    asked = _asked(form, raw)
    with store.read() as conn:
        definitions = store.definitions(store.current_version(conn, now))
        found = (
            *_options(definitions, form.form, raw, text),
            *_places(conn, form.form, raw, text, earlier),
            *_items(conn, user, definitions, form, raw, text),
        )
        return tuple(one for one in found if asked.issuperset(key for key, _ in one.fill))


def _asked(form: TaskForm, raw: Raw) -> frozenset[str]:
    """The fields that are to be filled in as things stand: no condition hides them."""
    typed = form.form.validate(raw, form.sources).typed
    views = form.form.show({key: typed[key] for key in typed if key in raw}, form.sources)
    return frozenset(_keys(views))


def _keys(views: Iterable[View]) -> Iterator[str]:
    for view in views:
        yield view.key
        yield from _keys(view.views)


def _options(definitions: Definitions, form: Form, raw: Raw, text: str) -> Iterable[Suggestion]:
    """Options of a field, those first to which most words lead; none that is chosen."""
    said = terms.plain(text)
    for field in form.fields:
        if not field.options or (table := definitions.suggesting(field.key)) is None:
            continue
        words: dict[str, list[str]] = {}
        for word, rule in table.texts():
            if terms.plain(word) in said:
                words.setdefault(str(rule.outputs[0]), []).append(word)
        labels = {option.value: option.label for option in field.options}
        likely = sorted(words, key=lambda value: len("".join(words[value])), reverse=True)[:MOST]
        if set(likely[:1]) <= set(raw.get(field.key, ())):
            continue
        for value in likely:
            text, told = labels.get(value, value), tuple(words[value])
            yield Suggestion(field.label, text, "", told, ((field.key, value),))


_SHORT = re.compile("(?:省|市|区|县)$")


def _places(
    conn: Connection,
    form: Form,
    raw: Raw,
    text: str,
    earlier: Iterable[tuple[str, datetime]],
) -> Iterable[Suggestion]:
    """The area that the words name, before the place that does not; earlier calls' places."""
    field = next((field for field in form.fields if field.card == "place"), None)
    if field is None:
        return
    place = " ".join(raw.get(field.key, ())).strip()
    counties = select(t.areas.c.name).where(t.areas.c.level == "county").order_by(t.areas.c.id)
    for name in conn.execute(counties).scalars():
        short = _SHORT.sub("", name)
        if len(short) >= 2 and short in text and short not in place:
            fill = ((field.key, name + place),)
            yield Suggestion(field.label, name + place, "", (short,), fill)
    if place:
        return
    seen: set[str] = set()
    for told, at in earlier:
        if told and told not in seen and len(seen) < MOST:
            seen.add(told)
            yield Suggestion(field.label, told, "", (), ((field.key, told),), at)


def _items(
    conn: Connection,
    user: User,
    definitions: Definitions,
    form: TaskForm,
    raw: Raw,
    text: str,
) -> Iterable[Suggestion]:
    """Items of the person's area whose names share words with the text, or with what the table
    says these are called in the list; a pair of characters counts by how few names have it."""
    fields = [field for field in form.form.fields if field.source == SUGGESTED]
    if not fields:
        return
    (field, *_) = fields
    offered = {one["value"] for one in form.sources[SUGGESTED]}
    query = (
        select(t.items.c.code, t.items.c.name, t.items.c.unit, t.units.c.name.label("unit_name"))
        .join(t.units, t.units.c.id == t.items.c.unit)
        .where(t.items.c.area == user.area, t.items.c.active)
        .order_by(t.items.c.code)
    )
    items = [row for row in conn.execute(query) if row.code in offered]
    named = {row.code: terms.terms(row.name) for row in items}
    frequency = Counter(term for found in named.values() for term in found)
    said = terms.plain(text)
    wanted = terms.terms(text) - _telling_types(definitions, form.form)
    table = definitions.suggesting(SUGGESTED)
    listed = [
        (word, terms.terms(str(rule.outputs[0])))
        for word, rule in (table.texts() if table else ())
        if terms.plain(word) in said
    ]
    called = frozenset(term for _, found in listed for term in found)
    least = math.log((len(items) + 1) / 2)
    likely: dict[str, float] = {}
    for code, found in named.items():
        weights = {term: math.log((len(items) + 1) / frequency[term]) for term in found}
        score = sum(weights[term] for term in found & wanted)
        score += 2 * sum(weights[term] for term in found & called)
        if (found & (wanted | called)) and score > least:
            likely[code] = score
    best = sorted(likely, key=lambda code: -likely[code])[:MOST]
    if set(best[:1]) <= set(raw.get(field.key, ())) and best:
        return
    by_code = {row.code: row for row in items}
    for code in best:
        row = by_code[code]
        shared = [word for word, found in listed if found & named[code]]
        shared += _runs(row.name, wanted)
        fill = [(field.key, code), *((lead, row.unit) for lead in _leads(form, row.unit))]
        words = tuple(dict.fromkeys(shared))[:MOST]
        yield Suggestion(field.label, row.name, row.unit_name, words, tuple(fill))


def _telling_types(definitions: Definitions, form: Form) -> frozenset[str]:
    """Terms of words such as 投诉 and 要求处理, which lead to a type and so to no item."""
    tables = filter(None, (definitions.suggesting(field.key) for field in form.fields))
    texts = (word for table in tables for word, _ in table.texts())
    return frozenset(term for word in texts for term in terms.terms(word))


def _runs(name: str, wanted: frozenset[str]) -> list[str]:
    """The longest pieces of a name whose pairs of characters are all among these."""
    runs: list[str] = []
    last = -1
    for n in range(len(name) - 1):
        if terms.plain(name[n : n + 2]) in wanted:
            if n == last:
                runs[-1] += name[n + 1]
            else:
                runs.append(name[n : n + 2])
            last = n + 1
    return runs


def _leads(form: TaskForm, unit: str) -> Iterable[str]:
    """The fields that name the one unit which is to have the ticket, where it may be chosen."""
    offered = {one["value"] for one in form.sources.get("units", ())}
    return [
        field.key
        for field in form.form.fields
        if field.source == "units" and field.type == "select" and unit in offered
    ]
