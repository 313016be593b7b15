"""The shipped decision tables: what they answer, and that they answer everything."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from engine.city.places import read as read_data
from engine.flow import instants, tables
from engine.flow.expressions import read
from engine.flow.model import Refused

ROOT = Path(__file__).resolve().parents[3]
TABLES = {
    table.id: table
    for path in sorted((ROOT / "bpmn").glob("*.dmn"))
    for table in tables.read(path.name, etree.parse(path).getroot())[0]
}
TYPES = ("consult", "help", "suggestion", "opinion", "complaint", "report")


class Days:
    """A calendar on which working days are twice as long."""

    def now(self):
        return instants.instant("2026-09-30T10:00:00+08:00")

    def workdays(self, start, days):
        return (start + timedelta(days=2 * days)).isoformat()

    def extend(self, due, days):
        return (due + timedelta(days=2 * days)).isoformat()


def decide(decision: str, **values: Any) -> dict[str, Any]:
    return dict(TABLES[decision].decide(values).outputs)


@pytest.mark.parametrize(
    ("type_", "limit"),
    [
        ("consult", 2),
        ("help", 5),
        ("suggestion", 5),
        ("opinion", 5),
        ("complaint", 10),
        ("report", 10),
    ],
)
@pytest.mark.parametrize("item", [None, "cg-1", "unheard_of"])
def test_limits_of_article_14(type_: str, limit: int, item: str | None):
    found = decide("limits_of_article_14", type=type_, item=item)
    assert found == {
        "sign_limit": 1,
        "handle_limit": limit,
        "counted_in": "working_days",
        "article": "第十四条",
        "approver": "本办法",
    }


@pytest.mark.parametrize(
    ("item", "limit", "counted_in", "law"),
    [
        ("sj-1", 7, "working_days", "消费者权益保护法"),
        ("yz-1", 7, "days", "快递暂行条例"),
        ("wl-1", 5, "working_days", "旅游投诉处理办法"),
    ],
)
def test_a_special_law_prevails(item: str, limit: int, counted_in: str, law: str):
    found = decide("limits_of_article_14", type="complaint", item=item)
    assert (found["handle_limit"], found["counted_in"], found["sign_limit"]) == (
        limit,
        counted_in,
        1,
    )
    assert law in found["article"]
    assert len(found["article"]) <= 40
    assert found["approver"]
    # The laws say this of complaints; a question about the same matter has the limit of its type.
    assert decide("limits_of_article_14", type="consult", item=item)["handle_limit"] == 2


def test_special_limits_are_of_items_that_exist():
    codes = {row["id"] for row in read_data("items")["items"]}
    table = TABLES["limits_of_article_14"]
    assert table.policy == "FIRST"
    assert {m for rule in table.rules for m in rule.tests[0].members} <= codes


@pytest.mark.parametrize(
    ("emergency", "target"), [("no", None), ("utilities", "PT30M"), ("danger", "PT15M")]
)
def test_emergencies_have_targets_in_natural_time(emergency: str, target: str | None):
    assert decide("emergency_targets", emergency=emergency) == {"target": target}


@pytest.mark.parametrize(
    ("extensions", "refusals", "who"),
    [
        (0, 0, "centre"),
        (0, 1, "centre"),
        (0, 2, "nobody"),
        (1, 0, "authority"),
        (1, 1, "authority"),
        (1, 2, "nobody"),
        (2, 0, "nobody"),
        (2, 3, "nobody"),
    ],
)
def test_who_decides_on_an_extension(extensions: int, refusals: int, who: str):
    found = decide("extension_rights", extensions=extensions, refusals=refusals)
    assert found == {"decided_by": who}


def test_every_number_of_extensions_has_one_answer():
    for extensions, refusals in product(range(6), range(6)):
        decide("extension_rights", extensions=extensions, refusals=refusals)


@pytest.mark.parametrize(
    ("type_", "reason", "outcome", "explained", "excluded"),
    [
        ("suggestion", "not_adopted", "done", None, "not_adopted"),
        ("suggestion", "not_adopted", "no_basis", "yes", "not_adopted"),
        ("suggestion", "slow", "done", None, "none"),
        ("opinion", "not_adopted", "done", None, "none"),
        ("complaint", "no_basis", "no_basis", "yes", "no_basis"),
        ("complaint", "attitude", "no_basis", "yes", "no_basis"),
        ("complaint", "no_basis", "no_basis", "no", "none"),
        ("complaint", "no_basis", "no_basis", None, "none"),
        ("complaint", "no_basis", "done", "yes", "none"),
    ],
)
def test_what_article_27_leaves_out(type_, reason, outcome, explained, excluded):
    values = {"type": type_, "dissatisfied_reason": reason, "outcome": outcome}
    found = decide("exclusion_of_article_27", **values, explained=explained)
    assert found == {"excluded": excluded}


def test_article_27_answers_everything():
    reasons = ("not_solved", "slow", "attitude", "not_told", "not_adopted", "no_basis", "other")
    rest = (("done", "no_basis"), ("yes", "no", None))
    for type_, reason, outcome, explained in product(TYPES, reasons, *rest):
        values = {"type": type_, "dissatisfied_reason": reason, "outcome": outcome}
        decide("exclusion_of_article_27", **values, explained=explained)


def deadlines_by_the_word():
    """The times that are counted in days of the kind that the table says, as drawn."""
    for path in sorted((ROOT / "bpmn").glob("*.bpmn")):
        for node in etree.parse(path).getroot().iter("{*}timeDate"):
            if "counted_in" in (node.text or ""):
                yield node.text


def test_a_word_that_is_not_known_counts_no_days_at_all():
    days = {"handle_limit": 5, "extension_days": 0, "extension_ceiling": None,
            "counted_from": "2026-09-30T10:00:00+08:00", "marked_hard": False, "hard_allowed": True,
            "dispatched_at": "2026-09-30T10:00:00+08:00"}  # fmt: skip
    drawn = list(deadlines_by_the_word())
    assert len(drawn) == 2
    for text in drawn:
        known = [
            instants.instant(read(text).value({**days, "counted_in": word}, Days()))
            for word in ("working_days", "days")
        ]
        assert known[0] != known[1]
        for word, hard in product(("工作日", "workingdays"), (True, False)):
            told = {**days, "counted_in": word, "marked_hard": hard}
            with pytest.raises(Refused) as refused:
                instants.instant(read(text).value(told, Days()))
            assert refused.value.facts["value"] == word


def test_the_table_of_limits_lists_the_words_that_the_diagrams_know():
    (column,) = [c for c in TABLES["limits_of_article_14"].outputs if c.name == "counted_in"]
    assert column.allowed == '"working_days","days"'
