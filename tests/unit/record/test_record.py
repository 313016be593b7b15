"""Events, chains and exports as anybody can check them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.record import (
    GENESIS,
    Event,
    canonical,
    commit,
    instant,
    make_event,
    offline,
    verify_chain,
)

AT = datetime(2026, 9, 30, 2, 0, 0, 5, UTC)
SALT = bytes(range(32))


def chain_of(count: int, name: str = "20260930-00001") -> list[Event]:
    """A chain whose events each commit to the payload {"words": n}."""
    found: list[Event] = []
    for n in range(1, count + 1):
        previous = found[-1].hash if found else GENESIS
        commitment = commit(SALT, canonical({"words": n}))
        found.append(
            make_event(name, n, previous, "step", "complete", AT, "a", "u", {"n": n}, commitment)
        )
    return found


def lines_of(events: list[Event]) -> list[bytes]:
    """The export of a chain_of."""
    return [offline.line(e, (SALT, canonical({"words": e.seq}))) for e in events]


# --- one text for one value ----------------------------------------------------------------------


def test_canonical_json_is_one_text() -> None:
    assert canonical({"b": [1, 2.5, None, True], "a": "路灯"}) == (
        '{"a":"路灯","b":[1,2.5,null,true]}'.encode()
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": "\ud800"}])
def test_what_has_no_canonical_text_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"JSON compliant|surrogates"):
        canonical(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), inner
    ),
    max_leaves=10,
)  # fmt: skip


@given(json_values)
def test_a_value_read_back_has_the_same_text(value: object) -> None:
    assert canonical(json.loads(canonical(value))) == canonical(value)


def test_an_instant_is_the_same_text_in_every_zone() -> None:
    there = AT.astimezone(timezone(timedelta(hours=8)))
    assert instant(AT) == instant(there) == "2026-09-30T02:00:00.000005Z"
    assert len(instant(AT.replace(microsecond=0))) == 27
    with pytest.raises(ValueError, match="zone"):
        instant(AT.replace(tzinfo=None))


# --- chains --------------------------------------------------------------------------------------


def test_the_hash_does_not_depend_on_zone_or_key_order() -> None:
    there = AT.astimezone(timezone(timedelta(hours=8)))
    one = make_event("c", 1, GENESIS, "fact", "claim", AT, "a", "u", {"x": 1, "y": 2})
    two = make_event("c", 1, GENESIS, "fact", "claim", there, "a", "u", {"y": 2, "x": 1})
    assert one == two


def test_the_hash_of_an_event_is_what_it_always_was() -> None:
    """Golden: a changed recipe would make every old chain look forged."""
    event = make_event("c", 1, GENESIS, "fact", "claim", AT, "a", "u", {"x": "路灯"}, "")
    assert event.hash == "4c88a0835e026fb447221b4eaaa50ec30466164b5f76d652ea4bf7269795c618"


def test_a_whole_chain_holds() -> None:
    events = chain_of(5)
    assert verify_chain(events) is None
    assert verify_chain(events, events[0].chain, 5, events[-1].hash) is None
    assert verify_chain([]) is None
    assert verify_chain([], "c", 0, GENESIS) is None


FIELDS = {
    "kind": "fact",
    "name": "send",
    "at": AT + timedelta(microseconds=1),
    "actor": "b",
    "unit": "v",
    "text": '{"n":9}',
    "commitment": "",
}


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("place", [1, 3, 5])
def test_any_changed_field_is_found_at_its_event(field: str, place: int) -> None:
    events = chain_of(5)
    events[place - 1] = replace(events[place - 1], **{field: FIELDS[field]})
    found = verify_chain(events)
    assert found is not None
    assert (found.seq, found.code) == (place, "event_hash")
    assert str(place) in found.sentence()


def test_a_changed_event_with_a_hash_to_match_breaks_the_next() -> None:
    events = chain_of(3)
    changed = replace(events[1], actor="b")
    events[1] = replace(changed, hash=changed.expected_hash())
    found = verify_chain(events)
    assert found is not None
    assert (found.seq, found.code) == (3, "event_previous")


@given(st.permutations(range(5)), st.integers(0, 5))
def test_only_the_whole_chain_in_order_holds(order: list[int], length: int) -> None:
    events = chain_of(5)
    shuffled = [events[n] for n in order[:length]]
    found = verify_chain(shuffled, events[0].chain, 5, events[-1].hash)
    assert (found is None) == (shuffled == events)


def test_an_event_of_another_chain_is_named() -> None:
    one, two = chain_of(1), chain_of(2, "other")
    found = verify_chain([one[0], two[1]])
    assert found is not None
    assert (found.seq, found.code) == (2, "event_chain")
    assert "other" in found.sentence()


def test_a_body_that_is_no_object_is_found() -> None:
    event = chain_of(1)[0]
    event = replace(event, text="[1]")
    event = replace(event, hash=event.expected_hash())
    found = verify_chain([event])
    assert found is not None
    assert found.code == "event_unreadable"


# --- exports -------------------------------------------------------------------------------------


def test_an_export_is_verified_with_nothing_else() -> None:
    events = chain_of(4)
    lines = lines_of(events)
    assert offline.verify_lines(lines) is None
    assert offline.verify_lines(lines, head=events[-1].hash) is None
    withheld = [offline.line(event) for event in events]
    assert offline.verify_lines(withheld, head=events[-1].hash) is None


def test_a_changed_payload_is_found() -> None:
    events = chain_of(4)
    lines = lines_of(events)
    lines[2] = offline.line(events[2], (SALT, canonical({"words": 4})))
    found = offline.verify_lines(lines)
    assert found is not None
    assert (found.seq, found.code) == (3, "event_commitment")


def test_a_tail_that_was_cut_off_is_found_by_the_head_alone() -> None:
    events = chain_of(4)
    lines = lines_of(events)[:-1]
    assert offline.verify_lines(lines) is None
    found = offline.verify_lines(lines, head=events[-1].hash)
    assert found is not None
    assert found.code == "chain_head_hash"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"nonsense",
        b"[]",
        b"{}",
        b'{"event": {}}',
        b'{"event": 1}',
        b"\xff",
        b"[" * 100_000,
        offline.line(chain_of(1)[0])[:-3],
        offline.line(chain_of(1)[0]).replace(b'"seq":1', b'"seq":true'),
        offline.line(chain_of(1)[0]).replace(b'"seq":1', b'"seq":1,"more":1'),
        offline.line(chain_of(1)[0]).replace(b"Z", b""),
        offline.line(chain_of(1)[0], (SALT, b"{}")).replace(b"0001", b"zz"),
    ],
)
def test_a_line_that_is_no_event_is_named(line: bytes) -> None:
    found = offline.verify_lines([line])
    assert found is not None
    assert found.code == "export_unreadable"
    assert "1" in found.sentence()


@given(st.binary(max_size=200))
def test_no_line_makes_the_verifier_fail(line: bytes) -> None:
    assert offline.verify_lines([line]) is not None


def test_a_commitment_says_nothing_without_its_salt() -> None:
    assert commit(SALT, b"x") != commit(bytes(32), b"x")
    with pytest.raises(ValueError, match="32"):
        commit(b"short", b"x")
