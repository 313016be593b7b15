"""A form as people meet it: shown with their answers, and checked when they submit it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from itertools import groupby

from engine.formjs import answering
from engine.formjs.model import (
    SOURCES,
    Checked,
    Component,
    Finding,
    FormRefused,
    Json,
    Option,
    Sources,
    View,
)
from engine.formjs.read import read, walk
from engine.formjs.text import shortened, trimmed


@dataclass(frozen=True, slots=True)
class Form:
    """A checked .form file. `order` has the keys so that each comes after what it depends on."""

    name: str
    components: tuple[Component, ...]
    fields: tuple[Component, ...]
    order: tuple[str, ...]

    @classmethod
    def read(cls, content: bytes, name: str, sources: frozenset[str] = SOURCES) -> Form:
        """The form in `content`; FormRefused names every component that would not work.

        `name` is the path for findings, `sources` the option lists that valuesKey may name.
        """
        components = read(content, name, sources)
        fields = tuple(component for component in walk(components) if component.key)
        try:
            order = tuple(
                TopologicalSorter(
                    {field.key: sorted(field.depends) for field in fields}
                ).static_order()
            )
        except CycleError as error:
            names = "、".join(dict.fromkeys(error.args[1]))
            sentence = f"隐藏条件互相依赖：{names}。请改成不互相依赖的条件。"
            raise FormRefused(
                [Finding(name, error.args[1][0], "form_condition", sentence)]
            ) from None
        return cls(name, components, fields, order)

    @property
    def watched(self) -> frozenset[str]:
        """The fields that a condition reads: when one changes, others come or go."""
        return frozenset(key for part in walk(self.components) for key in part.depends)

    @property
    def sources(self) -> frozenset[str]:
        """The option lists that `show` and `validate` need."""
        return frozenset(field.source for field in self.fields if field.source)

    @property
    def routing(self) -> frozenset[str]:
        """The keys whose answers enter the process data."""
        return frozenset(field.key for field in self.fields if field.routing)

    @property
    def templates(self) -> frozenset[str]:
        """The kinds of texts kept ready that its fields offer."""
        return frozenset(field.templates for field in self.fields if field.templates)

    @property
    def pickers(self) -> tuple[Component, ...]:
        """The fields that take files."""
        return tuple(field for field in self.fields if field.type == answering.FILES)

    def card(self, values: Mapping[str, Json]) -> dict[str, str]:
        """What the fields with the custom property `card` say, by its name; "" where empty."""
        texts = {field.card: answering.raw(field, values.get(field.key)) for field in self.fields}
        return {name: "、".join(parts) for name, parts in texts.items() if name}

    def show(
        self,
        answers: Mapping[str, Json],
        sources: Sources,
        errors: Mapping[str, str] | None = None,
    ) -> list[View]:
        """What is visible for these answers (values of a draft, of `Checked.typed`, or none).

        A key that is absent takes the field's default; None shows it empty. Never raises.
        """
        given = {
            field.key: answering.raw(field, answers.get(field.key, field.default))
            for field in self.fields
        }
        values, found = self._answered(given, sources, keep_readonly=True)
        shown = {key: answer.typed for key, answer in found.items()}
        return self._views(self.components, values, shown, sources, errors or {})

    def validate(
        self, raw: Mapping[str, Sequence[str]], sources: Sources, now: datetime | None = None
    ) -> Checked:
        """The submitted texts, read: values, or a sentence for each field to correct.

        `now`: when they were submitted; without it no date is held against the clock.

        Conditions are evaluated here on what was submitted; a hidden field counts as null for
        others, and a value for it is an error, as is a key that the form does not have. Never
        raises.
        """
        given = {key: _texts(raw[key]) for key in raw}
        values, found = self._answered(given, sources, keep_readonly=False)
        errors = {key: answer.error for key, answer in found.items() if answer.error}
        if now is not None:
            for field in self.fields:
                wrong = answering.when(field, values[field.key], now) if field.key in found else ""
                if wrong:
                    errors.setdefault(field.key, wrong)
        for field in self.fields:
            if any(map(trimmed, given.get(field.key, ()))) and (
                field.key not in found or field.readonly
            ):
                errors[field.key] = (
                    f"“{field.name}”是只读的，不能修改；已恢复原样，请重新提交。"
                    if field.readonly
                    else f"“{field.name}”在当前情况下不用填写，所填内容已去掉，请核对后重新提交。"
                )
        unknown = sorted(given.keys() - set(self.order), key=str)
        if unknown:
            names = "、".join(f"“{shortened(str(key))}”" for key in unknown[:3])
            errors[""] = f"提交的内容中有本表单没有的项{names}，请刷新页面后重新填写。"
        typed: dict[str, Json] = {}
        for field in self.fields:
            if field.readonly:
                continue
            typed[field.key] = values[field.key]
            if field.key in found and found[field.key].error:
                texts = found[field.key].typed
                typed[field.key] = texts if field.type in answering.LISTED else "".join(texts[:1])
        routing = {
            # A list is never null: what counts its members need not ask whether it is there.
            field.key: [] if values[field.key] is None and _listed(field) else values[field.key]
            for field in self.fields
            if field.routing
        }
        ordered = {key: errors[key] for key in ["", *(f.key for f in self.fields)] if key in errors}
        return Checked(values, routing, ordered, typed)

    def fill(
        self, sources: Sources, answer: Callable[[View], Sequence[str]]
    ) -> dict[str, Sequence[str]]:
        """The form as somebody submits it who is asked for each field that becomes visible.

        Every field comes after those that its conditions read, with nothing typed into it yet.
        """
        fields = {field.key: field for field in self.fields}
        values: dict[str, Json] = {}
        given: dict[str, Sequence[str]] = {}
        for key in self.order:
            field = fields[key]
            if any(guard.holds(values) for guard in field.guards):
                values[key] = None
                continue
            if not field.readonly:
                given[key] = answer(_view(field, {}, sources, {}, ()))
            texts = _texts(given.get(key, ()))
            values[key] = answering.read(field, texts, options(field, sources)).value
        return {key: texts for key, texts in given.items() if texts}

    def _answered(
        self, given: Mapping[str, list[str]], sources: Sources, *, keep_readonly: bool
    ) -> tuple[dict[str, Json], dict[str, answering.Answer]]:
        """The value of every field, and the answers of the visible ones."""
        fields = {field.key: field for field in self.fields}
        values: dict[str, Json] = {}
        found: dict[str, answering.Answer] = {}
        for key in self.order:
            field = fields[key]
            if any(guard.holds(values) for guard in field.guards):
                values[key] = None
                continue
            texts = [] if field.readonly and not keep_readonly else given.get(key, [])
            found[key] = answering.read(field, texts, options(field, sources))
            values[key] = found[key].value
        return {field.key: values[field.key] for field in self.fields}, found

    def _views(
        self,
        components: Sequence[Component],
        values: Mapping[str, Json],
        shown: Mapping[str, list[str]],
        sources: Sources,
        errors: Mapping[str, str],
    ) -> list[View]:
        views = []
        for component in components:
            if component.hide is not None and component.hide.holds(values):
                continue
            children = self._views(component.children, values, shown, sources, errors)
            if component.type == "group" and not children:
                continue
            views.append(_view(component, shown, sources, errors, tuple(children)))
        return views


def _listed(field: Component) -> bool:
    return field.type in answering.MANY


def options(field: Component, sources: Sources) -> tuple[Option, ...]:
    """The choices of a field: its own, or those of its source."""
    if not field.source:
        return field.options
    return tuple(Option(row["label"], row["value"]) for row in sources.get(field.source, ()))


def in_rows(views: Sequence[View]) -> list[list[View]]:
    """Views that stand in one line together; without a row, each has its own."""
    lines = groupby(enumerate(views), key=lambda pair: pair[1].row or pair[0])
    return [[view for _, view in line] for _, line in lines]


def _texts(given: object) -> list[str]:
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Sequence):
        return []
    return [text for text in given if isinstance(text, str)]


def _view(
    component: Component,
    shown: Mapping[str, list[str]],
    sources: Sources,
    errors: Mapping[str, str],
    children: tuple[View, ...],
) -> View:
    def plain(number: object) -> str:
        return "" if number is None else f"{number:f}"

    texts = shown.get(component.key, [])
    value: str | bool | list[str] = texts[0] if texts else ""
    if component.type == "checkbox":
        value = bool(texts) and answering.CHECKED.get(texts[0], False)
    elif component.type in answering.LISTED:
        value = list(dict.fromkeys(texts))
    step = plain(component.step)
    if component.type == "number" and not step:
        step = (
            "any"
            if component.decimals is None
            else f"{10.0**-component.decimals:.{component.decimals}f}"
        )
    if component.type == "datetime" and component.subtype != "date":
        step = str(component.time_step * 60)
    return View(
        id=component.id,
        type=component.type,
        key=component.key,
        label=component.label,
        description=component.description,
        required=component.required,
        readonly=component.readonly,
        options=options(component, sources),
        value=value,
        error=errors.get(component.key, "") if component.key else "",
        subtype=component.subtype,
        validation=component.validation,
        min=plain(component.minimum),
        max=plain(component.maximum),
        step=step,
        min_length=component.min_length,
        max_length=component.max_length,
        pattern=component.pattern.source if component.pattern else "",
        searchable=component.searchable,
        prefix=component.prefix,
        suffix=component.suffix,
        accept=component.accept,
        multiple=component.multiple,
        row=component.row,
        columns=component.columns,
        height=component.height,
        templates=component.templates,
        past=component.past,
        lines=component.lines,
        outline=component.outline,
        views=children,
    )
