"""The shipped forms: read, shown and filled in by somebody; what diagrams and tables ask exists."""

from __future__ import annotations

import ast
import json
import random
from collections import Counter
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from engine.access import ROLES
from engine.city.arrivals import Arrival, arrivals
from engine.city.filling import fill
from engine.city.places import read as read_data
from engine.flow import expressions, tables
from engine.formjs import Form, View
from engine.workdays import ZONE

ROOT = Path(__file__).resolve().parents[3]
FORMS = {path.stem: path.read_bytes() for path in sorted((ROOT / "forms").glob("*.form"))}
NOW = datetime(2026, 10, 12, 10, 7, tzinfo=ZONE)
ITEMS = [{"label": row["name"], "value": row["id"]} for row in read_data("items")["items"]]
SOURCES = {
    "units": [
        {"label": f"单位{name}", "value": name} for name in ("sr-cg", "sr-ga", "sr-gd", "xz-centre")
    ],
    "parties": [{"label": f"单位{name}", "value": name} for name in ("sr-cg", "xz-cg")],
    "items": ITEMS,
    "sections": [{"label": "执法大队", "value": "sr-cg-1"}, {"label": "本单位", "value": "sr-cg"}],
}
TEXTS = ("textfield", "textarea")
ROUTING: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("shipped_routing.json").read_text("utf-8")
)
"""Form → what the processes read of it; in a file, because no Python names a user task."""


@cache
def form(name: str) -> Form:
    return Form.read(FORMS[name], f"forms/{name}.form")


def known_of(call: Arrival) -> dict[str, str]:
    return {
        "units": f"{call.area}-{call.department}",
        "items": call.words["item"],
        "officer": "王芳",
        "main_ticket": "20261010-00012",
    }


def offered() -> dict[str, set[str]]:
    """Field key → its options in any shipped form; fields with a source have none."""
    found: dict[str, set[str]] = {}
    for name in FORMS:
        for field in form(name).fields:
            if field.options:
                found.setdefault(field.key, set()).update(o.value for o in field.options)
    return found


DISPATCH = next(
    name
    for name in FORMS
    if {"item", "instruction"} <= set(form(name).order) and "dispute" not in form(name).order
)
"""Where a ticket is sent to a unit for the first time."""


def visible(name: str, **answers: Any) -> list[str]:
    return [view.key for view in form(name).show(answers, SOURCES) if view.key]


@pytest.mark.parametrize("name", FORMS)
def test_a_shipped_form_is_named_like_its_file_and_bounds_every_text(name: str):
    data = json.loads(FORMS[name])
    assert data["id"] == name
    for row in data["components"]:
        assert row["id"].startswith(f"field_{name}_")
        assert row["layout"]["row"].startswith(f"row_{name}_")
        if row["type"] in TEXTS:
            assert row["validate"]["maxLength"] <= 4000
    assert any(field.type in TEXTS for field in form(name).fields)


@pytest.mark.parametrize("name", FORMS)
def test_a_shipped_form_submitted_empty_says_what_is_missing_and_nothing_else(name: str):
    checked = form(name).validate({}, SOURCES)
    shown: dict[str, View] = {
        view.key: view for view in form(name).show(checked.typed, SOURCES) if view.key
    }
    assert set(checked.errors) == {key for key, view in shown.items() if view.required}
    assert form(name).routing == checked.routing.keys()


@pytest.mark.parametrize("name", FORMS)
def test_a_shipped_form_is_filled_in_by_anybody(name: str):
    for seed, call in enumerate(arrivals(NOW, 5, 60, seed=3)):
        words = {**call.words, **known_of(call)}
        raw = fill(form(name), SOURCES, words, random.Random(seed), NOW)
        checked = form(name).validate(raw, SOURCES)
        assert checked.errors == {}
        assert all(len(str(value)) <= 4000 for value in checked.content.values())
        for texts in raw.values():
            assert not any("模拟填写" in text or "有关情况" in text for text in texts), raw


@pytest.mark.parametrize("name", ROUTING)
def test_what_the_processes_read_is_routing(name: str):
    assert form(name).routing >= set(ROUTING[name])


def test_a_merge_names_its_main_ticket_by_number():
    (field,) = (field for name in FORMS for field in form(name).fields if field.ticket)
    assert (field.key, field.ticket, field.required) == ("main_ticket", "main_ticket", True)


def test_routing_keys_mean_the_same_in_every_form():
    kinds: dict[str, set[bool]] = {}
    labels: dict[tuple[str, str], set[str]] = {}
    for name in FORMS:
        for field in form(name).fields:
            kinds.setdefault(field.key, set()).add(field.key in form(name).routing)
            for option in field.options:
                labels.setdefault((field.key, option.value), set()).add(option.label)
    assert [key for key, found in kinds.items() if len(found) > 1] == []
    assert {key: found for key, found in labels.items() if len(found) > 1} == {}


def test_the_usual_call_is_taken_with_five_answers():
    """Emergency, acceptance and channel are there already; refusing asks more, accepting not."""
    raw = {
        "type": ["help"],
        "title": ["路灯不亮"],
        "matter": ["一段路灯不亮"],
        "place": ["带湖路"],
        "emergency": ["no"],
        "acceptance": ["accept"],
        "channel": ["phone"],
    }
    shown = {view.key: view.value for view in form("new_call").show({}, SOURCES)}
    assert {key: [shown[key]] for key in ("emergency", "acceptance", "channel")}.items() <= (
        raw.items()
    )
    checked = form("new_call").validate(raw, SOURCES)
    assert checked.errors == {}
    assert checked.routing["ground"] is None


@pytest.mark.parametrize(
    ("answers", "more"),
    [
        ({}, set()),
        ({"acceptance": "unsure"}, {"doubt"}),
        ({"acceptance": "answered"}, {"answer", "knowledge_source", "rating_now"}),
        ({"acceptance": "refuse", "ground": "no_basis"}, {"ground", "explanation"}),
        (
            {"acceptance": "refuse", "ground": "out_of_area"},
            {"ground", "explanation", "contact", "referred_to"},
        ),
        (
            {"acceptance": "refuse", "ground": "repeated"},
            {"ground", "explanation", "contact", "referred_to", "earlier_ticket"},
        ),
        ({"type": "report"}, {"about_unit", "protected"}),
    ],
)
def test_a_call_asks_only_what_its_way_needs(answers: dict[str, Any], more: set[str]):
    assert set(visible("new_call", **answers)) - set(visible("new_call")) == more


@pytest.mark.parametrize("name", [name for name in FORMS if "item" in form(name).order])
def test_either_an_item_of_the_list_or_words_for_it(name: str):
    assert "item_words" in visible(name)
    assert "item_words" not in visible(name, item="cg-1")


def test_a_disputed_ticket_has_no_lead_unit_yet():
    (name,) = (name for name in FORMS if "dispute" in form(name).order)
    shown = visible(name, dispute=True)
    assert not {"lead_unit", "co_units", "superior_check"} & set(shown)
    assert "catalogue_basis" in shown


def test_the_authority_has_nobody_to_ask():
    one, last = (
        {o.value for f in form(name).fields if f.key == "decision" for o in f.options}
        for name in ("decide_acceptance", "decide_acceptance_finally")
    )
    assert one - last == {"unsure"}


# --- what diagrams and tables compare answers with -------------------------------------------


def read_of(text: str) -> tuple[set[tuple[str, str]], set[str]]:
    """What an expression compares (variable, text), and the texts that it gives."""
    compared: set[tuple[str, str]] = set()
    inside: set[ast.AST] = set()
    tree = expressions.read_value(text).tree
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        inside.update(ast.walk(node))
        names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
        compared.update((name, word) for name in names for word in words(node))
    given = {word for node in ast.walk(tree) if node not in inside for word in words(node, 0)}
    return compared, given


def words(node: ast.AST, deep: int = 1) -> set[str]:
    nodes = ast.walk(node) if deep else [node]
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def test_diagrams_compare_answers_with_options_that_exist():
    """Or with a word that a diagram itself puts into a variable of that name."""
    known, given = offered(), set[str]()
    asked: set[tuple[str, str, str]] = set()
    for path in sorted((ROOT / "bpmn").glob("*.bpmn")):
        for element in etree.parse(path).getroot().iter("{*}*"):
            for text in ((element.text or "").strip(), *element.attrib.values()):
                if not text.startswith("${"):
                    given |= {text} if text == element.text else set()
                    continue
                compared, said = read_of(text)
                given |= said
                asked |= {(path.name, *pair) for pair in compared if pair[0] in known}
    assert asked
    missing = {(f, n, word) for f, n, word in asked if word not in known[n] | given}
    assert missing == set()


def test_tables_compare_answers_with_options_that_exist():
    known = offered()
    known["item"] = {row["value"] for row in ITEMS}
    for path in sorted((ROOT / "bpmn").glob("*.dmn")):
        found, findings = tables.read(path.name, etree.parse(path).getroot())
        assert found
        assert findings == []
        for table in found:
            for place, column in enumerate(table.inputs):
                if column.name == "word":  # what callers say; check holds it against the forms
                    continue
                for rule in table.rules:
                    for member in rule.tests[place].members:
                        if isinstance(member, str):
                            assert member in known[column.name], (table.id, rule.id)


def test_every_user_task_drawn_has_a_shipped_form():
    keys = {
        value
        for path in (ROOT / "bpmn").glob("*.bpmn")
        for element in etree.parse(path).getroot().iter()
        if isinstance(element.tag, str)
        for name, value in element.attrib.items()
        if etree.QName(name).localname == "formKey"
    }
    assert keys <= FORMS.keys()


# --- what people are like ----------------------------------------------------------------------


def test_habits_are_about_forms_and_options_that_exist():
    data = read_data("behaviour")
    assert set(data["forms"]) <= set(FORMS)
    for right in set(data["rights"]) - {"about", "default"}:
        stem, _, role = right.partition("@")
        assert stem in FORMS
        assert not role or role in ROLES
    assert set(data["roles"]) - {"default"} <= ROLES
    for right in data["rights"].values():
        if isinstance(right, dict):
            assert 0 <= right["chance"] <= 1
            assert right["median"] > 0
    known = offered()
    for key, weights in data["fields"].items():
        if key == "about":
            continue
        stem, _, name = key.rpartition(".")
        name, _, again = name.partition("@")
        assert again in ("", "again"), key
        assert not stem or stem in FORMS
        nested = weights.values() if isinstance(weights.get("*"), dict) else [weights]
        if name in known:
            for one in nested:
                assert set(one) <= known[name], key


def test_every_matter_has_an_item_of_its_department():
    codes = {row["id"]: row["department"] for row in read_data("items")["items"]}
    assert len(codes) == len(read_data("items")["items"])
    assert all(code == f"{dept}-{code.rpartition('-')[2]}" for code, dept in codes.items())
    units = {row["id"] for row in read_data("places")["units"]["city"]}
    assert set(codes.values()) == units
    for kind, matters in read_data("matters").items():
        if kind not in ("about", "estates"):
            assert all(codes[matter["item"]] == matter["unit"] for matter in matters)


def test_a_second_unit_is_another_than_the_one_in_charge():
    for seed, call in enumerate(arrivals(NOW, 5, 300, seed=4)):
        words = {**call.words, **known_of(call), "units": "sr-cg"}
        raw = fill(form(DISPATCH), SOURCES, words, random.Random(seed), NOW)
        assert raw["lead_unit"] == ["sr-cg"]
        assert "sr-cg" not in raw.get("co_units", [])
        raw = fill(form("new_call"), SOURCES, words, random.Random(seed), NOW)
        assert raw.get("about_unit") != ["sr-cg"]


def test_the_city_passes_on_what_it_took_of_a_county():
    calls = [call for call in arrivals(NOW, 5, 300, seed=4) if call.area == "xz"]
    assert {call.taken for call in calls} == {"sr", "xz"}
    for call in calls:
        words = {**call.words, **known_of(call)}
        raw = fill(form(DISPATCH), SOURCES, words, random.Random(call.n), NOW)
        assert raw["lead_unit"] == ["xz-centre"]


def test_calls_take_every_way_in_believable_shares():
    ways: Counter[str] = Counter()
    for seed, call in enumerate(arrivals(NOW, 30, 2000, seed=5)):
        words = {**call.words, **known_of(call)}
        raw = fill(form("new_call"), SOURCES, words, random.Random(seed), NOW)
        ways.update([raw["acceptance"][0], raw["emergency"][0]])
    shares = {way: count / 2000 for way, count in ways.items()}
    assert 0.88 < shares["accept"] < 0.95
    assert 0.02 < shares["answered"] < 0.06
    assert 0.01 < shares["refuse"] < 0.04
    assert 0.015 < shares["unsure"] < 0.045
    assert 0.95 < shares["no"] < 0.99
    assert min(shares["utilities"], shares["danger"]) > 0.005
