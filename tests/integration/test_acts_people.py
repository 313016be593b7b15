"""Signing in and out, being locked out, roles; all of it on the system chain, no password in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from unittest import mock

import pytest
from sqlalchemy import select

from engine.acts import people, places
from engine.errors import Denied, Trouble
from engine.read import verify
from engine.record import SYSTEM
from engine.store import Store, log
from engine.store import tables as t
from tests.integration.office import AREAS, CHEAP, UNITS

WORD = "a-good-long-secret"


@pytest.fixture(autouse=True)
def cheap() -> Iterator[None]:
    with (
        mock.patch.object(people, "_hasher", CHEAP),
        mock.patch.object(people, "_nobody", return_value=CHEAP.hash("nobody")),
    ):
        yield


@pytest.fixture
def city(store: Store, now) -> Store:
    places.add(store, None, AREAS, UNITS, now)
    people.add_user(
        store, None, "li", "李明", "sr-water", ["officer"], now, password=WORD, must_change=False
    )
    return store


def facts(store: Store) -> list[str]:
    with store.read() as conn:
        return [event.name for event in log.read_events(conn, SYSTEM)]


def test_the_default_hash_is_argon2id_and_the_token_is_not_stored(store, now):
    with mock.patch.object(people, "_hasher", people.PasswordHasher()):
        places.add(store, None, AREAS, UNITS, now)
        word = people.add_user(store, None, "li", "李明", "sr-water", ["officer"], now)
        begun = people.sign_in(store, "li", word, now)
    assert begun.must_change
    with store.read() as conn:
        assert conn.execute(select(t.users.c.password_hash)).scalar_one().startswith("$argon2id$")
        assert conn.execute(select(t.sessions.c.digest)).scalar_one() != begun.token
    assert begun.user.unit == "sr-water"
    assert begun.user.centre == "sr-centre"
    assert begun.user.authority == "sr-authority"


def test_nobody_learns_why_a_sign_in_failed(city, now):
    people.set_active(city, None, "li", False, now)
    said = set()
    for name, word in (("li", WORD), ("li", "wrong"), ("nobody", WORD), ("li'--", "x"), ("", "")):
        with (
            mock.patch.object(people, "_matches", wraps=people._matches) as work,
            pytest.raises(Trouble) as refused,
        ):
            people.sign_in(city, name, word, now)
        said.add(str(refused.value))
        assert work.call_count == 1  # equal work, whoever it is
    assert len(said) == 1


def test_five_wrong_passwords_lock_out_for_a_quarter_of_an_hour(city, now):
    for _ in range(5):
        with pytest.raises(Trouble):
            people.sign_in(city, "li", "wrong", now)
    for late in (timedelta(), timedelta(minutes=14, seconds=59)):
        with pytest.raises(Trouble):
            people.sign_in(city, "li", WORD, now + late)
    assert people.sign_in(city, "li", WORD, now + timedelta(minutes=15)).user.name == "li"
    assert facts(city)[-6:] == [*["sign_in_failed"] * 4, "locked_out", "sign_in"]


def test_wrong_old_passwords_lock_out_as_those_at_sign_in_do(city, now):
    begun = people.sign_in(city, "li", WORD, now)
    new = "another-long-secret"
    with pytest.raises(Trouble):
        people.sign_in(city, "li", "wrong", now)
    for _ in range(4):
        with pytest.raises(Trouble, match="现在的密码不正确"):
            people.change_password(city, begun.user, "wrong", new, now)
    assert facts(city)[-5:] == ["sign_in_failed", *["change_password_failed"] * 3, "locked_out"]
    for word in (WORD, "wrong"):
        with pytest.raises(Trouble, match="锁定"):
            people.change_password(city, begun.user, word, new, now + timedelta(minutes=14))
    with pytest.raises(Trouble):
        people.sign_in(city, "li", WORD, now)
    people.change_password(city, begun.user, WORD, new, now + timedelta(minutes=15))


def test_a_right_password_forgets_the_wrong_ones(city, now):
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(Trouble):
                people.sign_in(city, "li", "wrong", now)
        people.sign_in(city, "li", WORD, now)


def test_a_session_ends_when_idle_and_at_last(city, now):
    token = people.sign_in(city, "li", WORD, now).token
    at = now
    for _ in range(6):
        at += timedelta(minutes=119)
        assert people.user_of(city, token, at).user.name == "li"
    assert people.user_of(city, token, now + timedelta(hours=12, seconds=1)) is None
    token = people.sign_in(city, "li", WORD, now).token
    assert people.user_of(city, token, now + timedelta(hours=2, seconds=1)) is None
    assert people.user_of(city, "made-up", now) is None


def test_signing_out_ends_the_session_at_once(city, now):
    token = people.sign_in(city, "li", WORD, now).token
    people.sign_out(city, token, now)
    people.sign_out(city, token, now)
    people.sign_out(city, "made-up", now)
    assert people.user_of(city, token, now) is None
    assert facts(city).count("sign_out") == 1


def test_a_new_password_ends_the_other_sessions(city, now):
    kept, other = (people.sign_in(city, "li", WORD, now) for _ in range(2))
    new = "another-long-secret"
    for old, word, code in (
        ("wrong", new, "password_wrong"),
        (WORD, WORD, "password_same"),
        (WORD, "short", "password_weak"),
    ):
        with pytest.raises(Trouble) as refused:
            people.change_password(city, kept.user, old, word, now, keep=kept.token)
        assert refused.value.code == code
    people.change_password(city, kept.user, WORD, new, now, keep=kept.token)
    assert people.user_of(city, kept.token, now) is not None
    assert people.user_of(city, other.token, now) is None
    assert people.sign_in(city, "li", new, now)
    with city.read() as conn:
        text = "".join(event.text for event in log.read_events(conn, SYSTEM))
    assert WORD not in text
    assert new not in text


def test_roles_count_at_the_next_request(city, now):
    token = people.sign_in(city, "li", WORD, now).token
    people.set_roles(city, None, "li", ["leader", "officer"], now)
    assert people.user_of(city, token, now).user.roles == {"leader", "officer"}
    people.set_active(city, None, "li", False, now)
    assert people.user_of(city, token, now) is None


def test_a_reset_gives_a_new_password_and_lifts_the_lock(city, now):
    for _ in range(5):
        with pytest.raises(Trouble):
            people.sign_in(city, "li", "wrong", now)
    word = people.reset_password(city, None, "li", "忘记口令", now)
    assert people.sign_in(city, "li", word, now).must_change


def last_fact(city):
    with city.read() as conn:
        return log.read_events(conn, SYSTEM)[-1]


def test_a_reset_ends_every_session_and_stays_on_record_with_who_and_why(city, now):
    first = people.sign_in(city, "li", WORD, now).token
    second = people.sign_in(city, "li", WORD, now).token
    word = people.reset_password(city, None, "li", " 忘记口令 ", now, operator="root")
    assert people.user_of(city, first, now) is None
    assert people.user_of(city, second, now) is None
    fact = last_fact(city)
    assert (fact.name, fact.actor) == ("reset_password", "system")
    told = {"user": "li", "reason": "忘记口令", "operator": "root"}
    assert {key: fact.body[key] for key in told} == told
    assert word not in fact.text
    with pytest.raises(Trouble):
        people.sign_in(city, "li", WORD, now)
    people.add_user(city, None, "boss", "管理", "sr-centre", ["administrator"], now)
    people.reset_password(city, people.load(city, "boss"), "li", "电话申请", now, operator="root")
    fact = last_fact(city)
    assert (fact.actor, fact.body["reason"]) == ("boss", "电话申请")
    assert "operator" not in fact.body


@pytest.mark.parametrize("act", [people.reset_password, people.unlock])
def test_without_a_reason_nothing_is_reset_or_unlocked(city, now, act):
    before = last_fact(city)
    for reason, code in ((" ", "reason_needed"), ("长" * 501, "reason_long")):
        with pytest.raises(Trouble) as raised:
            act(city, None, "li", reason, now)
        assert raised.value.code == code
    with pytest.raises(Trouble) as raised:
        act(city, None, "nobody", "试", now)
    assert raised.value.code == "user_unknown"
    assert last_fact(city) == before
    assert people.sign_in(city, "li", WORD, now)


def test_an_unlocked_person_signs_in_with_the_old_password(city, now):
    session = people.sign_in(city, "li", WORD, now).token
    with pytest.raises(Trouble) as raised:
        people.unlock(city, None, "li", "试", now)
    assert raised.value.code == "not_locked"
    for _ in range(5):
        with pytest.raises(Trouble):
            people.sign_in(city, "li", "wrong", now)
    with pytest.raises(Trouble):
        people.sign_in(city, "li", WORD, now)
    people.unlock(city, None, "li", "本人来电", now, operator="root")
    fact = last_fact(city)
    assert (fact.name, fact.body["reason"], fact.body["operator"]) == ("unlock", "本人来电", "root")
    assert not people.sign_in(city, "li", WORD, now).must_change
    assert people.user_of(city, session, now)


def test_people_are_managed_by_administrators_of_their_area(city, now):
    people.add_user(city, None, "gf-admin", "管理", "gf-centre", ["administrator"], now)
    admin = people.load(city, "gf-admin")
    people.add_user(city, admin, "wang", "王", "gf-water", ["officer"], now)
    for act in (
        lambda: people.add_user(city, admin, "zhao", "赵", "sr-water", ["officer"], now),
        lambda: people.set_roles(city, admin, "li", ["leader"], now),
        lambda: people.reset_password(city, people.load(city, "li"), "li", "试", now),
        lambda: places.add(city, admin, [], UNITS[:1], now),
        lambda: places.add(city, admin, [], [replace(UNITS[0], area="gf")], now),
        lambda: places.add(city, admin, [replace(AREAS[1], level="city")], [], now),
        lambda: people.set_roles(city, admin, "gf-admin", ["administrator", "auditor"], now),
        lambda: people.add_user(city, admin, "qian", "钱", "gf-water", ["process_owner"], now),
    ):
        with pytest.raises(Denied):
            act()
    places.add(city, admin, [replace(AREAS[1], name="广丰区（新）")], UNITS[6:], now)
    people.set_roles(city, admin, "wang", ["administrator", "leader"], now)
    people.add_user(city, None, "sr-admin", "管理", "sr-centre", ["administrator"], now)
    people.set_roles(city, people.load(city, "sr-admin"), "wang", ["auditor"], now)


@pytest.mark.parametrize(
    ("name", "unit", "roles", "code"),
    [
        ("li", "sr-water", ["officer"], "name_taken"),
        ("clock", "sr-water", ["officer"], "name_taken"),
        ("李", "sr-water", ["officer"], "name_bad"),
        ("", "sr-water", ["officer"], "name_bad"),
        ("x" * 41, "sr-water", ["officer"], "name_bad"),
        ("wang", "nowhere", ["officer"], "unit_unlisted"),
        ("wang", "sr-water", ["king"], "role_unknown"),
    ],
)
def test_a_person_who_cannot_be_added_is_refused(city, now, name, unit, roles, code):
    with pytest.raises(Trouble) as refused:
        people.add_user(city, None, name, "某", unit, roles, now)
    assert refused.value.code == code
    assert verify.verify(city, SYSTEM).differences == ()
