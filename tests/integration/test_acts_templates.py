"""Texts kept ready for replies: whose they are, who is offered them, what the record says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from engine.acts import templates as acts
from engine.acts.templates import Draft
from engine.errors import Denied, Trouble
from engine.read import templates, verify
from engine.store import Store, tables
from tests.integration.office import Office, key, opened

FIXED = Draft("reply", "已修复", "您反映的“{诉求标题}”已修复。{单位}，{日期}")


@pytest.fixture
def office(store: Store) -> Office:
    return opened(store, datetime(2026, 9, 1, tzinfo=UTC))


def names(office: Office, user: object, kind: str = "reply") -> list[str]:
    now = datetime(2026, 9, 30, 2, tzinfo=UTC)
    found = templates.offered(office.store, user, {kind}, now)  # type: ignore[arg-type]
    return [one.name for one in found[kind]]


def test_a_unit_s_text_is_its_own_and_a_centre_s_is_for_all_its_area(office, now):
    water, roads = office.who("officer", "sr-water"), office.who("officer", "sr-roads")
    centre, county = office.who("reviewer", "sr-centre"), office.who("officer", "gf-water")
    acts.write(office.store, water, FIXED, now, key())
    acts.write(office.store, centre, Draft("reply", "感谢来电", "感谢您的来电。"), now, key())
    assert names(office, water) == ["已修复", "感谢来电"]
    assert names(office, roads) == ["感谢来电"]
    assert names(office, county) == []
    assert names(office, water, "decision") == []


def test_places_are_filled_as_far_as_they_are_known(office, now):
    water = office.who("officer", "sr-water")
    acts.write(office.store, water, FIXED, now, key())
    (one,) = templates.offered(office.store, water, {"reply"}, now)["reply"]
    assert one.text == "您反映的“{诉求标题}”已修复。市水务局，2026年9月30日"


def test_one_is_changed_retired_and_taken_up_again_and_the_record_says_so(office, now):
    water = office.who("officer", "sr-water")
    acts.write(office.store, water, FIXED, now, "one request")
    acts.write(office.store, water, FIXED, now, "one request")
    (one,) = templates.of_unit(office.store, water)
    acts.change(
        office.store, water, one.id, Draft("reply", "修好了", "好了"), one.digest, now, key()
    )
    acts.set_active(office.store, water, one.id, False, now)
    assert names(office, water) == []
    acts.set_active(office.store, water, one.id, True, now)
    assert names(office, water) == ["修好了"]
    assert verify.verify(office.store).differences == ()
    with office.store.write() as conn:
        conn.execute(update(tables.templates).values(text="不好"))
    (found,) = verify.verify(office.store).differences
    assert "答复模板1与记录不符" in found.sentence


def test_who_began_with_an_older_text_overwrites_nothing(office, now):
    water = office.who("officer", "sr-water")
    acts.write(office.store, water, FIXED, now, key())
    (one,) = templates.of_unit(office.store, water)
    acts.change(office.store, water, one.id, Draft("reply", "先", "先"), one.digest, now, key())
    with pytest.raises(Trouble, match="同事改过"):
        acts.change(office.store, water, one.id, Draft("reply", "后", "后"), one.digest, now, key())
    assert names(office, water) == ["先"]


def test_what_cannot_be_kept_is_refused(office, now):
    water, roads = office.who("officer", "sr-water"), office.who("officer", "sr-roads")
    for draft, code in (
        (Draft("other", "名", "文"), "template_kind"),
        (Draft("reply", " ", "文"), "template_name"),
        (Draft("reply", "名" * 41, "文"), "template_name"),
        (Draft("reply", "名", " \n"), "template_empty"),
        (Draft("reply", "名", "文" * 2001), "template_long"),
        (Draft("reply", "名", "{诉求人}您好"), "template_place"),
        (Draft("reply", "名", "转\u202e向"), "text_characters"),
    ):
        with pytest.raises(Trouble) as refused:
            acts.write(office.store, water, draft, now, key())
        assert refused.value.code == code
    acts.write(office.store, water, FIXED, now, key())
    (one,) = templates.of_unit(office.store, water)
    with pytest.raises(Trouble, match="没有这个模板"):
        acts.set_active(office.store, roads, one.id, False, now)
    with pytest.raises(Denied):
        acts.write(office.store, office.who("call_taker", "sr-centre"), FIXED, now, key())


def test_a_unit_has_so_many_in_use_and_no_more(office, now, monkeypatch):
    monkeypatch.setattr(acts, "MOST", 1)
    water = office.who("officer", "sr-water")
    acts.write(office.store, water, FIXED, now, key())
    with pytest.raises(Trouble, match="最多有 1 个"):
        acts.write(office.store, water, FIXED, now, key())
    (one,) = templates.of_unit(office.store, water)
    acts.set_active(office.store, water, one.id, False, now)
    acts.write(office.store, water, FIXED, now, key())
    with pytest.raises(Trouble, match="最多有 1 个"):
        acts.set_active(office.store, water, one.id, True, now)
