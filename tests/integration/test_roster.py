"""The duty roster on both databases: put in, taken out, all or nothing, and on record."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, update

from engine.acts import people
from engine.acts import roster as acts
from engine.duty import Shift
from engine.errors import Denied, Trouble
from engine.read import installation, roster, verify
from engine.sentences import ROLES
from engine.store import Store
from engine.store import tables as t
from tests.integration.office import Office, opened


@pytest.fixture
def office(store: Store) -> Office:
    return opened(store, datetime(2026, 9, 1, tzinfo=UTC))


@pytest.fixture
def leader(office):
    return office.who("duty_leader", "sr-centre")


@pytest.fixture
def night(office, at):
    """The first night of the holidays, of the first call taker."""
    who = office.who("call_taker", "sr-centre").name
    return Shift(at("2026-09-30 17:30"), at("2026-10-01 08:30"), who, 1, "0793-8123456")


def test_the_leader_puts_shifts_in_and_the_whole_unit_reads_them(office, leader, night, at, now):
    second = Shift(night.since, night.until, office.who("call_taker", "sr-centre", 2).name, 2)
    assert acts.revise(office.store, leader, [second, night], (), now) == 2
    reader = office.who("archivist", "sr-centre")
    shown = roster.month(office.store, reader, date(2026, 9, 1), now)
    assert [(one.name, one.rank) for one in shown.days[29].posts] == [
        (night.who, 1),
        (second.who, 2),
    ]
    assert shown.days[29].gaps == ()
    assert shown.gaps == ()  # what is over is told no more
    october = roster.month(office.store, reader, date(2026, 10, 1), now)
    assert october.gaps[0] == (at("2026-10-01 08:30"), at("2026-10-08 08:30"))
    elsewhere = office.who("leader", "sr-water")
    assert roster.month(office.store, elsewhere, date(2026, 9, 1), now).days[29].posts == ()
    assert verify.verify(office.store).differences == ()
    said = installation.entries(office.store, office.who("auditor", "sr-centre"), ROLES)[-1]
    assert "修改市热线中心的值班表，排入2班" in said.sentence


def test_a_shift_is_changed_by_taking_it_out_and_putting_another_in(office, leader, night, now):
    acts.revise(office.store, leader, [night], (), now)
    (post,) = roster.month(office.store, leader, date(2026, 9, 1), now).days[29].posts
    other = office.who("call_taker", "sr-centre", 2)
    changed = Shift(night.since, night.until, other.display_name, 1)
    acts.revise(office.store, leader, [changed], [post.id], now)
    (found,) = roster.month(office.store, leader, date(2026, 9, 1), now).days[29].posts
    assert (found.name, found.phone) == (other.name, "")
    acts.revise(office.store, leader, [], [found.id], now)
    with pytest.raises(Trouble) as gone:
        acts.revise(office.store, leader, [], [found.id], now)
    assert gone.value.code == "duty_gone"
    assert roster.month(office.store, leader, date(2026, 9, 1), now).days[29].posts == ()
    assert verify.verify(office.store).differences == ()


def test_all_that_is_wrong_is_told_and_nothing_is_changed(office, leader, night, at, now):
    acts.revise(office.store, leader, [night], (), now)
    other = office.who("call_taker", "sr-centre", 2).name
    hour = timedelta(hours=1)
    wrong = {
        "duty_person": Shift(night.since, night.until, "没有这个人", 3),
        "duty_over": Shift(now - 2 * hour, now - hour, other),
        "duty_long": Shift(night.until, night.until + timedelta(days=32), other),
        "duty_phone": Shift(night.until, night.until + hour, other, 1, "\n110"),
        "duty_self": Shift(night.until - hour, night.until + hour, night.who, 2),
        "duty_rank": Shift(night.until - hour, night.until + hour, other),
    }
    fits = Shift(at("2026-10-05 08:30"), at("2026-10-06 08:30"), other)
    with pytest.raises(acts.Unfit) as unfit:
        acts.revise(office.store, leader, [fits, *wrong.values()], (), now)
    assert sorted(one.code for one in unfit.value.troubles) == sorted(wrong)
    october = roster.month(office.store, leader, date(2026, 10, 1), now)
    assert october.days[4].posts == ()
    acts.revise(office.store, leader, [fits], (), now)
    touching = Shift(fits.until, fits.until + hour, other)  # half-open: one begins as one ends
    assert acts.revise(office.store, leader, [touching], (), now) == 1


def test_two_of_one_name_are_told_apart_by_their_sign_in_name(office, leader, night, now):
    for name in ("wei1", "wei2"):
        people.add_user(office.store, None, name, "张伟", "sr-centre", ["call_taker"], now)
    with pytest.raises(acts.Unfit) as unfit:
        acts.revise(office.store, leader, [Shift(night.since, night.until, "张伟")], (), now)
    assert [one.code for one in unfit.value.troubles] == ["duty_person_many"]
    acts.revise(office.store, leader, [Shift(night.since, night.until, "wei2")], (), now)


def test_only_leaders_change_it_and_only_their_own_unit_s(office, leader, night, now):
    acts.revise(office.store, leader, [night], (), now)
    (post,) = roster.month(office.store, leader, date(2026, 9, 1), now).days[29].posts
    with pytest.raises(Denied):
        acts.revise(office.store, office.who("call_taker", "sr-centre"), [night], (), now)
    stranger = office.who("leader", "sr-water")
    with pytest.raises(Trouble) as gone:
        acts.revise(office.store, stranger, [], [post.id], now)
    assert gone.value.code == "duty_gone"
    assert roster.post(office.store, stranger, post.id, now) is None
    with pytest.raises(acts.Unfit):  # somebody of another unit is nobody here
        acts.revise(office.store, stranger, [night], (), now)


def test_who_is_on_duty_knows_until_when_and_who_comes_next(office, leader, night, at, now):
    next_one = Shift(night.until, at("2026-10-02 08:30"), office.users["sr-centre.archivist1"].name)
    acts.revise(office.store, leader, [night, next_one], (), now)
    user = office.users[night.who]
    assert roster.of(office.store, user, now) is None
    mine = roster.of(office.store, user, night.since)
    assert (mine.mine.until, mine.next[0].name) == (night.until, next_one.who)
    assert roster.of(office.store, user, night.until) is None
    people.set_active(office.store, None, night.who, False, now)
    assert roster.of(office.store, user, night.since) is None
    left = roster.month(office.store, leader, date(2026, 9, 1), now).days[29]
    assert [one.there for one in left.posts] == [False]
    assert left.gaps == ((at("2026-09-30 17:30"), at("2026-10-01 00:00")),)


def test_a_roster_that_was_tampered_with_is_found(office, leader, night, now):
    acts.revise(office.store, leader, [night], (), now)
    with office.store.write() as conn:
        conn.execute(delete(t.shifts))
    (found,) = verify.verify(office.store, "system").differences
    assert found.sentence == "单位sr-centre的值班表与记录不符。"


def test_a_shift_that_was_moved_in_the_table_is_found(sqlite_store, at, now):
    office = opened(sqlite_store, datetime(2026, 9, 1, tzinfo=UTC))
    leader, who = office.who("leader", "sr-water"), office.who("officer", "sr-water").name
    until = at("2026-10-01 08:30")
    acts.revise(sqlite_store, leader, [Shift(at("2026-09-30 17:30"), until, who)], (), now)
    with sqlite_store.write() as conn:
        conn.execute(update(t.shifts).values(rank=2))
    assert len(verify.verify(sqlite_store, "system").differences) == 1
