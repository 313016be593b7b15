"""The table of rights, cell by cell, and that another unit's ticket is not there at all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from engine import sentences
from engine.access import ACTIONS, ROLES, Denied, User, authorize, reach

GUIDES = sorted((Path(__file__).resolve().parents[3] / "docs").glob("guide-*.md"))

# A ticket that the city's centre took and dispatched to the county's bureau.
TICKET: dict[str, Any] = {
    "area": "sr",
    "centre": "sr-centre",
    "authority": "sr-authority",
    "units": {"gf-water"},
    "peer_centres": {"gf-centre"},
    "authorities": {"sr-authority", "gf-authority"},
}
TASK = {**TICKET, "role": "officer", "unit": "gf-water", "claimed_by": None}
HOMES = {"centre": "sr-centre", "authority": "sr-authority", "bureau": "sr-water"}


def person(role: str, unit: str, *more: str, id: int = 1) -> User:
    """Somebody with a role in a unit named after its area."""
    area = unit.split("-")[0]
    level = "city" if area == "sr" else "county"
    roles = frozenset({role, *more} - {""})
    return User(id, "name", "姓名", unit, area, level, roles, f"{area}-centre", f"{area}-authority")


def outcome(user: User, action: str, facts: dict[str, Any]) -> str:
    """allowed, refused, or hidden."""
    try:
        authorize(user, action, facts)
    except Denied as denied:
        return "hidden" if denied.hidden else "refused"
    return "allowed"


# --- tickets -------------------------------------------------------------------------------------

READERS = {
    # role, unit: who sees the ticket above
    ("call_taker", "sr-centre"),
    ("dispatcher", "sr-centre"),
    ("reviewer", "sr-centre"),
    ("follow_up", "sr-centre"),
    ("archivist", "sr-centre"),
    ("duty_leader", "sr-centre"),
    ("call_taker", "gf-centre"),
    ("dispatcher", "gf-centre"),
    ("reviewer", "gf-centre"),
    ("follow_up", "gf-centre"),
    ("archivist", "gf-centre"),
    ("duty_leader", "gf-centre"),
    ("officer", "gf-water"),
    ("leader", "gf-water"),
    ("supervisor", "sr-authority"),
    ("supervisor", "gf-authority"),
}
UNITS = ("sr-centre", "sr-authority", "sr-water", "gf-centre", "gf-authority", "gf-water", "yj-gas")


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("role", sorted(ROLES))
def test_who_sees_a_ticket(role: str, unit: str) -> None:
    # The city's supervisor sees all of the city; an auditor sees everything.
    sees = (
        (role, unit) in READERS
        or role == "auditor"
        or (role == "supervisor" and unit.startswith("sr-"))
    )
    expected = "allowed" if sees else "hidden"
    assert outcome(person(role, unit), "read_ticket", TICKET) == expected


@pytest.mark.parametrize("role", ["administrator", "process_owner"])
def test_who_runs_the_system_does_not_read_tickets(role: str) -> None:
    assert outcome(person(role, "sr-centre"), "read_ticket", TICKET) == "hidden"
    assert outcome(person(role, "sr-centre"), "read_ticket", {}) == "refused"


def test_the_county_s_supervisor_does_not_see_the_city_s_tickets() -> None:
    own = {**TICKET, "units": {"sr-water"}, "peer_centres": {"sr-centre"}, "authorities": set()}
    assert outcome(person("supervisor", "gf-authority"), "read_ticket", own) == "hidden"
    assert outcome(person("supervisor", "sr-authority"), "read_ticket", own) == "allowed"


# --- tasks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_task_is_its_role_s_in_its_unit(role: str, unit: str) -> None:
    if (role, unit) == ("officer", "gf-water"):
        expected = "allowed"
    elif outcome(person(role, unit), "read_ticket", TICKET) == "allowed":
        expected = "refused"
    else:
        expected = "hidden"
    assert outcome(person(role, unit), "work_task", TASK) == expected


def test_a_task_that_somebody_else_claimed_says_so() -> None:
    taken = {**TASK, "claimed_by": 2}
    with pytest.raises(Denied) as raised:
        authorize(person("officer", "gf-water"), "work_task", taken)
    assert (raised.value.code, raised.value.hidden) == ("denied_claimed", False)
    authorize(person("officer", "gf-water", id=2), "work_task", taken)


def test_a_right_of_one_role_is_not_lent_to_another() -> None:
    """A leader of the unit who is also an officer elsewhere: the task names role and unit."""
    leaders_task = {**TASK, "role": "leader"}
    assert outcome(person("officer", "gf-water"), "work_task", leaders_task) == "refused"
    assert outcome(person("officer", "gf-water", "leader"), "work_task", leaders_task) == "allowed"


# --- the table -----------------------------------------------------------------------------------

FITTING: dict[str, dict[str, Any]] = {
    "t": {"role": "", "unit": "sr-centre"},
    "o": {"role": "nobody", "unit": "sr-centre"},
    "u": {"units": ["sr-centre"]},
    "c": {"centre": "sr-centre"},
    "a": {"authority": "sr-centre"},
    "s": {"unit": "sr-centre"},
    "p": {"area": "sr"},
    "*": {"area": "elsewhere"},
}
STRANGE: dict[str, Any] = {
    "role": "nobody",
    "unit": "yj-gas",
    "units": ["yj-gas"],
    "centre": "yj-centre",
    "peer_centres": ["yj-centre"],
    "authority": "yj-authority",
    "authorities": ["yj-authority"],
    "area": "yj",
}


@pytest.mark.parametrize("role", sorted(ROLES))
@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_every_cell_allows_what_it_says_and_nothing_else(action: str, role: str) -> None:
    county = person(role, "gf-centre")
    scope = ACTIONS[action].get(role)
    assert outcome(county, action, {}) == ("refused" if scope is None else "allowed")
    assert (outcome(county, action, STRANGE) == "allowed") == (scope == "*")
    if scope is not None:
        facts = {k: _there(v) for k, v in FITTING[scope].items()}
        if scope == "t":
            facts["role"] = role
        assert outcome(county, action, facts) == "allowed"


def _there(value: Any) -> Any:
    return [_there(v) for v in value] if isinstance(value, list) else value.replace("sr", "gf")


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_nobody_without_a_role_may_do_anything(action: str) -> None:
    nobody = person("", "sr-centre")
    assert nobody.roles == frozenset()
    assert outcome(nobody, action, {}) == "refused"
    assert outcome(nobody, action, TASK) == "hidden"


def test_an_action_that_is_not_in_the_table_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        authorize(person("auditor", "sr-centre"), "fly", {})


def test_a_word_where_ids_belong_is_a_mistake() -> None:
    with pytest.raises(TypeError):
        authorize(person("officer", "gf"), "read_ticket", {"units": "gf-water"})


@pytest.mark.parametrize("action", ["read_ticket", "list_overdue"])
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_list_shows_what_may_be_read_and_nothing_else(role: str, unit: str, action: str) -> None:
    user = person(role, unit)
    far = reach(user, action)
    listed = (
        far.everything
        or far.centre in {TICKET["centre"], *TICKET["peer_centres"]}
        or far.unit in TICKET["units"]
        or far.authority in TICKET["authorities"]
    )
    assert listed == (outcome(user, action, TICKET) == "allowed")


def test_every_role_has_one_name_for_all_who_read_it():
    assert set(sentences.ROLES) == ROLES
    assert len(set(sentences.ROLES.values())) == len(ROLES)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda p: p.name)
def test_a_guide_calls_a_role_as_the_pages_do(guide):
    told = re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", guide.read_text("utf-8"), re.MULTILINE)
    rows = {code: name for code, name in told if code in ROLES}
    assert rows == {code: sentences.ROLES[code] for code in rows}
    if "process-owner" in guide.name:
        assert set(rows) == ROLES, "every code stands in the process owner's guide"
