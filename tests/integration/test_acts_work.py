"""Who works on a task: facts on the chain, content only where it is sealed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from engine.acts import keys, people, tickets, work
from engine.errors import Denied, Trouble
from engine.read import shares, verify, worklist
from engine.read import ticket as reading
from engine.store import Store, log
from engine.store import tables as t
from tests.integration.office import Office, key, opened


@pytest.fixture
def office(store: Store) -> Office:
    return opened(store, datetime(2026, 9, 1, tzinfo=UTC))


@pytest.fixture
def number(office: Office, now: datetime) -> str:
    found = office.call(now, title="水压不足")
    office.does(found, "dispatcher", now, lead_unit="sr-water")
    return found


def facts(office: Office, number: str) -> list[str]:
    with office.store.read() as conn:
        return [e.name for e in log.read_events(conn, number) if e.kind == "fact"]


def test_a_claimed_task_is_in_nobody_elses_way(office, number, now, at):
    one, other = (office.who("officer", "sr-water", n) for n in (1, 2))
    task = office.task(number, "officer")
    work.claim(office.store, one, number, task, at("2026-09-30 10:30"), key())
    with pytest.raises(Trouble) as refused:
        work.claim(office.store, other, number, task, now, key())
    assert refused.value.code == "task_claimed"
    assert refused.value.facts["who"] == "sr-waterofficer1"
    assert refused.value.facts["when"] == at("2026-09-30 10:30")
    with pytest.raises(Trouble) as refused:
        tickets.complete(office.store, other, number, task, {}, now, key())
    assert refused.value.code == "task_claimed"
    with pytest.raises(Trouble) as refused:
        work.claim(office.store, one, number, task, now, key())
    assert refused.value.code == "task_yours"
    listed = {
        which: worklist.tasks_of(office.store, other, now, which).total
        for which in ("all", "mine", "free")
    }
    assert listed == {"all": 1, "mine": 0, "free": 0}
    (item,) = worklist.tasks_of(office.store, one, now, "mine").items
    assert (item.mine, item.claimed_by_name) == (True, "sr-waterofficer1")
    work.release(office.store, one, number, task, now, key())
    with pytest.raises(Trouble) as refused:
        work.release(office.store, one, number, task, now, key())
    assert refused.value.code == "task_free"
    tickets.complete(office.store, other, number, task, {}, now, key())
    assert facts(office, number) == ["claim", "release"]
    assert verify.verify(office.store).differences == ()


@pytest.mark.parametrize("gone", ["left", "other_role"])
def test_what_somebody_took_who_may_no_longer_do_it_goes_back(office, number, now, gone):
    one, other = (office.who("officer", "sr-water", n) for n in (1, 2))
    elsewhere = office.call(now, title="水压不足")
    office.does(elsewhere, "dispatcher", now, lead_unit="sr-water")
    for ticket, who in ((number, one), (elsewhere, other)):
        work.claim(office.store, who, ticket, office.task(ticket, "officer"), now, key())
    if gone == "left":
        people.set_active(office.store, None, one.name, False, now)
    else:
        people.set_roles(office.store, None, one.name, ["officer", "leader"], now)
        assert facts(office, number) == ["claim"], "still an officer"
        people.set_roles(office.store, None, one.name, ["leader"], now)
    tickets.complete(office.store, other, number, office.task(number, "officer"), {}, now, key())
    assert facts(office, number) == ["claim", "release"]
    assert facts(office, elsewhere) == ["claim"], "a colleague's is left alone"
    assert verify.verify(office.store).differences == ()


def test_a_task_is_handed_over_to_a_colleague_of_the_unit_only(office, number, now):
    one, other = (office.who("officer", "sr-water", n) for n in (1, 2))
    task = office.task(number, "officer")
    for stranger in ("sr-roads.officer1", "sr-water.leader1", "nobody"):
        with pytest.raises(Trouble) as refused:
            work.hand_over(office.store, one, number, task, stranger, now, key())
        assert refused.value.code == "colleague"
    form = reading.task_form(office.store, one, number, task, now)
    assert form.colleagues == ((other.name, other.display_name),)
    work.hand_over(office.store, one, number, task, other.name, now, key())
    assert worklist.tasks_of(office.store, other, now, "mine").total == 1
    page = reading.page(office.store, one, number, now)
    assert page.history[-1].sentence == "把“签收”移交给sr-waterofficer2"


def test_what_an_absent_colleague_took_is_put_back_or_handed_over_by_the_unit_s_leader(
    office, number, now
):
    one, other = (office.who("officer", "sr-water", n) for n in (1, 2))
    leader = office.who("leader", "sr-water")
    task = office.task(number, "officer")
    with pytest.raises(Denied):
        work.release(office.store, leader, number, task, now, key())
    work.claim(office.store, one, number, task, now, key())
    strangers = [
        office.who(role, unit)
        for role, unit in (
            ("leader", "sr-roads"),
            ("leader", "sr-centre"),
            ("duty_leader", "sr-centre"),
            ("dispatcher", "sr-centre"),
            ("supervisor", "sr-authority"),
        )
    ]
    for who in (*strangers, other):
        with pytest.raises((Denied, Trouble)):
            work.release(office.store, who, number, task, now, key())
        with pytest.raises((Denied, Trouble)):
            work.hand_over(office.store, who, number, task, other.name, now, key())
    with pytest.raises(Denied):
        work.claim(office.store, leader, number, task, now, key())
    with pytest.raises(Denied):
        tickets.complete(office.store, leader, number, task, {}, now, key())
    with pytest.raises(Trouble) as refused:
        work.hand_over(office.store, leader, number, task, leader.name, now, key())
    assert refused.value.code == "colleague"
    work.hand_over(office.store, leader, number, task, other.name, now, key())
    assert worklist.tasks_of(office.store, other, now, "mine").total == 1
    work.release(office.store, leader, number, task, now, key())
    assert worklist.tasks_of(office.store, one, now, "free").total == 1
    said = [e.sentence for e in reading.page(office.store, one, number, now).history[-2:]]
    assert said == [
        "替sr-waterofficer1把“签收”移交给sr-waterofficer2",
        "替sr-waterofficer2放回“签收”",
    ]


def test_what_nobody_has_taken_is_given_to_somebody_by_the_unit_s_leader(office, number, now):
    one, leader = office.who("officer", "sr-water"), office.who("leader", "sr-water")
    task = office.task(number, "officer")
    for stranger in (office.who("leader", "sr-roads"), office.who("duty_leader", "sr-centre")):
        with pytest.raises((Denied, Trouble)):
            work.hand_over(office.store, stranger, number, task, one.name, now, key())
    work.hand_over(office.store, leader, number, task, one.name, now, key())
    assert worklist.tasks_of(office.store, one, now, "mine").total == 1
    (share,) = [one for one in shares.shares(office.store, leader, now) if one.count]
    assert (share.name, share.late) == (one.name, 0)
    assert worklist.tasks_of(office.store, leader, now, "led").total == 1
    said = reading.page(office.store, one, number, now).history[-1].sentence
    assert said == "把“签收”移交给sr-waterofficer1"
    tickets.complete(office.store, one, number, task, {}, now, key())
    assert verify.verify(office.store).differences == ()


def test_an_act_on_a_task_that_comes_twice_is_done_once(office, number, now):
    user, task, same = office.who("officer", "sr-water"), office.task(number, "officer"), key()
    for _ in range(3):
        work.claim(office.store, user, number, task, now, same)
    assert facts(office, number) == ["claim"]
    with pytest.raises(Trouble) as refused:
        work.release(office.store, user, number, task, now, same)
    assert refused.value.code == "request_other"
    with pytest.raises(Trouble) as refused:
        work.claim(office.store, user, number, task, now, "")
    assert refused.value.code == "request_key"


def test_a_draft_is_kept_sealed_for_its_writer_until_the_task_is_done(office, number, now):
    user, task = office.who("officer", "sr-water"), office.task(number, "officer")
    typed = {"section": ["管网科，已联系"], "whatever": ["不合格也存"]}
    work.save_draft(office.store, user, number, task, {"section": ["先写的"]}, now, key())
    work.save_draft(office.store, user, number, task, typed, now, key())
    assert reading.task_form(office.store, user, number, task, now).raw == typed
    other = office.who("officer", "sr-water", 2)
    assert reading.task_form(office.store, other, number, task, now).raw == {}
    with office.store.read() as conn:
        (draft,) = conn.execute(select(t.drafts)).all()
        bodies = [e.text for e in log.read_events(conn, number) if e.name == "draft"]
    assert "管网科".encode() not in draft.content
    assert len(bodies) == 1  # that it was begun, not each time a page kept it
    assert "管网科" not in "".join(bodies)
    tickets.complete(office.store, user, number, task, {}, now, key())
    with office.store.read() as conn:
        assert conn.execute(select(t.drafts)).all() == []


def test_a_draft_that_is_too_long_is_refused(office, number, now):
    user, task = office.who("officer", "sr-water"), office.task(number, "officer")
    with pytest.raises(Trouble) as refused:
        work.save_draft(office.store, user, number, task, {"a": ["长" * 100_001]}, now, key())
    assert refused.value.code == "draft_long"


def test_a_comment_is_read_by_those_who_read_the_ticket(office, number, now):
    user = office.who("officer", "sr-water")
    work.comment(office.store, user, number, " 已到现场\r\n明日复查 ", now, key())
    page = reading.page(office.store, office.who("reviewer", "sr-centre"), number, now)
    assert page.history[-1].answers == (("备注", "已到现场\n明日复查"),)
    assert page.may_comment
    audited = reading.page(office.store, office.who("auditor", "sr-centre"), number, now)
    assert (audited.history[-1].answers, audited.history[-1].withheld) == ((), True)
    for text, code in ((" ", "comment_empty"), ("长" * 2001, "comment_long")):
        with pytest.raises(Trouble) as refused:
            work.comment(office.store, user, number, text, now, key())
        assert refused.value.code == code
    with pytest.raises(Denied):
        work.comment(office.store, office.who("auditor", "sr-centre"), number, "看过", now, key())
    with pytest.raises(Denied) as denied:
        work.comment(office.store, office.who("officer", "sr-roads"), number, "好", now, key())
    assert denied.value.hidden


def test_what_is_masked_is_read_with_a_reason_on_record(office, now):
    number = office.call(now, title="水压不足", phone="13812341234", caller="王女士")
    user = office.who("dispatcher", "sr-centre")
    same = key()
    for _ in range(2):
        found = work.unmask(office.store, user, number, "回电核实地址", now, same)
    assert "13812341234" in found.values()
    assert facts(office, number) == ["unmask"]
    page = reading.page(office.store, user, number, now)
    assert page.history[-1].sentence == "查看诉求人的完整信息"
    assert page.history[-1].answers == (("理由", "回电核实地址"),)
    audited = reading.page(office.store, office.who("auditor", "sr-centre"), number, now)
    assert (audited.history[-1].answers, audited.history[-1].withheld) == ((), True)
    with pytest.raises(Trouble):
        work.unmask(office.store, user, number, " ", now, key())
    with pytest.raises(Denied):
        work.unmask(office.store, office.who("auditor", "sr-centre"), number, "看看", now, key())


def test_the_reason_for_unmasking_goes_with_the_key(office, now):
    reason = "回电王女士核实地址"
    number = office.call(now, title="水压不足", phone="13812341234")
    user = office.who("dispatcher", "sr-centre")
    work.unmask(office.store, user, number, reason, now, key())
    office.runs(number, now, lead_unit="sr-water", review="accepted")
    supervisor = office.who("supervisor", "sr-authority")
    keys.erase(office.store, supervisor, number, "保存期满", now, key())
    page = reading.page(office.store, supervisor, number, now)
    assert "王女士" not in str(page)
    found = [entry for entry in page.history if entry.name == "unmask"]
    assert [(entry.answers, entry.withheld) for entry in found] == [((), True)]
    with office.store.read() as conn:
        for table in t.metadata.sorted_tables:
            assert "王女士" not in str(conn.execute(select(table)).all()), table.name
    if office.store.is_sqlite:
        home = office.store.settings.home
        for path in (one for one in home.rglob("*") if one.is_file()):
            assert "王女士".encode() not in path.read_bytes(), path
    assert verify.verify(office.store).differences == ()


@pytest.mark.parametrize(
    "text", ["已\x00到", "已\x1b[2J到", "已\u202e到", "已\u2028到", "已\ud800到"]
)
def test_text_that_would_not_show_as_it_is_written_is_refused(office, number, now, text):
    user, task = office.who("officer", "sr-water"), office.task(number, "officer")
    before = facts(office, number)
    for act in (
        lambda: work.comment(office.store, user, number, text, now, key()),
        lambda: work.save_draft(office.store, user, number, task, {"a": [text]}, now, key()),
        lambda: work.unmask(office.store, user, number, text, now, key()),
    ):
        with pytest.raises(Trouble) as refused:
            act()
        assert refused.value.code == "text_characters"
    assert facts(office, number) == before


def test_a_reason_is_refused_not_cut(office, number, now):
    user = office.who("officer", "sr-water")
    work.unmask(office.store, user, number, "长" * 500, now, key())
    with pytest.raises(Trouble) as refused:
        work.unmask(office.store, user, number, "长" * 501, now, key())
    assert (refused.value.code, refused.value.facts["count"]) == ("reason_long", 501)
    assert facts(office, number).count("unmask") == 1
