"""Tickets of another platform: what was open goes the procedure's way, what was closed is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import Connection, delete, func, select, update

from engine.acts import imports, keys, tickets, work
from engine.acts.imports import Outcome
from engine.errors import Denied, StoreError, Trouble
from engine.read import drawn, search, verify
from engine.read import ticket as reading
from engine.store import Store, engines, imported, log, tables
from tests.integration import office
from tests.integration.office import Office
from tests.unit.imports.files import ROW, csv_file, mapping_file, read

RECEIVED = datetime.fromisoformat("2025-03-02T09:30:00+08:00")
OPEN = ROW | {"状态": "在办", "办结": ""}


@pytest.fixture
def city(store: Store, now: datetime) -> Office:
    return office.opened(store, now)


@pytest.fixture
def bring(city: Office, now: datetime, tmp_path):
    """Bring rows in, under a mapping of the usual columns and some more; what became of each."""

    def act(rows, *lines: str, dry: bool = False, role: str = "call_taker", unit="sr-centre"):
        user = city.who(role, unit)
        known = imports.known(city.store, user, now)
        found = read(csv_file(tmp_path, rows), mapping_file(tmp_path, *lines), now, known)
        return imports.bring(city.store, user, "旧平台", found, now, dry=dry)

    return act


def became(outcomes: Sequence[Outcome]) -> list[str]:
    return [one.became for one in outcomes]


def counts(store: Store) -> dict[str, int]:
    """How many rows each table has."""
    with store.read() as conn:
        return {
            table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables.metadata.sorted_tables
        }


def holds(store: Store, *chains: str) -> None:
    for chain in (*chains, "system"):
        assert verify.verify(store, chain).differences == (), chain


# --- what was open -----------------------------------------------------------------------------


def test_what_was_open_goes_on_here_as_if_the_call_came_now(city, bring, now):
    (one,) = bring([OPEN | {"坐席": "017"}], "栏目,坐席,,保留")
    called = city.call(now, type="consult")
    assert one.became == "made"
    assert one.number.startswith("20260930-")
    assert [(w.role, w.unit) for w in city.waiting(one.number)] == [
        (w.role, w.unit) for w in city.waiting(called)
    ]
    ours, theirs = (
        reading.page(city.store, city.who("call_taker", "sr-centre"), number, now).deadlines
        for number in (one.number, called)
    )
    assert [(d.name, d.due) for d in ours] == [(d.name, d.due) for d in theirs]
    page = reading.page(city.store, city.who("call_taker", "sr-centre"), one.number, now)
    origin = page.origin
    assert (origin.source, origin.original, origin.record) == ("旧平台", "A-001", False)
    assert (origin.unit_name, origin.received_at) == ("市水务局", RECEIVED)
    entry = next(entry for entry in page.history if entry.name == "imported")
    assert entry.sentence == "从旧平台导入，原编号A-001"
    assert entry.lines == (
        "原平台受理时间：2025年3月2日 09:30",
        "原平台未办结，在本系统从导入时起办理并计算期限",
        "原平台办理单位：市水务局",
    )
    assert entry.answers == (("坐席", "017"), ("单位", "市水务局"))
    holds(city.store, one.number)
    city.runs(one.number, now)
    holds(city.store, one.number)


# --- what was closed ---------------------------------------------------------------------------


def test_what_was_closed_is_kept_as_a_record_and_waits_for_nobody(city, bring, now):
    rows = [ROW | {"评价": "满意"}, ROW | {"编号": "A-002", "办结": "", "评价": ""}]
    one, endless = bring(rows, "栏目,评价,,满意度")
    assert one.number == "20250302-00001"
    user = city.who("call_taker", "sr-centre")
    page = reading.page(city.store, user, one.number, now)
    assert page.origin.record
    assert (page.card.title, page.card.phone) == ("路灯不亮", "138****1234")
    assert (page.rating_label, page.type_label) == ("满意", "咨询")
    assert page.created_at == page.origin.received_at == RECEIVED
    assert page.closed_at == page.ended_at
    assert (page.tasks, page.rights, page.legs, page.deadlines) == ((), (), (), ())
    (entry,) = page.history
    assert "原平台已办结，只作为历史工单保存，没有在本系统办理" in entry.lines
    assert "原平台办结时间：2025年3月9日 16:00" in entry.lines
    assert ("详细情况", "中山路的路灯已经三天不亮") in entry.answers
    assert city.waiting(one.number) == []
    assert drawn.sheets(city.store, user, one.number, now) == ()
    # Nobody wrote down when this one ended: it has by now.
    page = reading.page(city.store, user, endless.number, now)
    assert (page.closed_at, page.ended_at) == (None, now)
    holds(city.store, one.number, endless.number)


def test_numbers_follow_those_of_calls_of_the_same_day(city, bring, now):
    called = city.call(now)
    today = ROW | {"来电时间": "2026-09-30 08:00", "办结": "2026-09-30 09:00"}
    made = bring([today, today | {"编号": "A-002", "状态": "在办"}, ROW | {"编号": "A-003"}])
    assert sorted([called, *(one.number for one in made)]) == [
        "20250302-00001",
        "20260930-00001",
        "20260930-00002",
        "20260930-00003",
    ]
    holds(city.store, *(one.number for one in made))


def test_a_record_can_be_called_about_commented_on_unmasked_and_erased(city, bring, now):
    row = ROW | {"证件": "3623", "结果": "已装灯罩", "内容": "周女士（3623）说路灯三天不亮"}
    (one,) = bring([row], "栏目,证件,,保留（个人信息）", "栏目,结果,,保留")
    user = city.who("call_taker", "sr-centre")
    for text in ("三天不亮", "路灯 中山路", "灯罩", "138-0793-1234"):
        assert [hit.number for hit in search.find(city.store, user, text).hits] == [one.number]
    for text in ("周女士", "3623"):
        assert search.find(city.store, user, text).hits == ()
    page = reading.page(city.store, user, one.number, now)
    assert page.may_call_again
    assert ("证件", "3***") in page.history[0].answers
    tickets.call_again(city.store, user, one.number, "又来问结果", now, office.key())
    work.comment(city.store, user, one.number, "已告知", now, office.key())
    shown = work.unmask(city.store, user, one.number, "回电", now, office.key())
    assert (shown["来电号码"], shown["怎么称呼"], shown["证件"]) == (
        "13807931234",
        "周女士",
        "3623",
    )
    page = reading.page(city.store, user, one.number, now)
    assert page.repeat_calls == 1
    assert [entry.name for entry in page.history][1:] == ["call_again", "comment", "unmask"]
    holds(city.store, one.number)
    supervisor = city.who("supervisor", "sr-authority")
    keys.erase(city.store, supervisor, one.number, "满三年", now, office.key())
    page = reading.page(city.store, user, one.number, now)
    assert page.card.title == ""
    assert page.origin.original == "A-001"
    holds(city.store, one.number)


def test_a_report_and_its_protected_reporter_stay_so(city, bring, now):
    row = {"类别": "举报", "被举报": "市水务局", "保护": "是", "证件": "3623"}
    lines = (
        "栏目,被举报,,被举报单位",
        "栏目,保护,,保护举报人",
        "栏目,证件,,保留（个人信息）",
    )
    made = bring([ROW | row, OPEN | row | {"编号": "A-002"}], *lines)
    assert became(made) == ["made", "made"]
    for one in made:
        with pytest.raises(Denied):
            reading.page(city.store, city.who("officer", "sr-water"), one.number, now)
        seen = reading.page(city.store, city.who("supervisor", "sr-authority"), one.number, now)
        said = str([entry.answers for entry in seen.history])
        assert "受保护" in said
        assert "3***" not in said
        holds(city.store, one.number)


# --- found -------------------------------------------------------------------------------------


def test_it_is_found_by_its_number_there_whole_and_by_those_who_may_see_it(city, bring, now):
    made = bring([ROW, OPEN | {"编号": "20250302-77"}])
    user = city.who("call_taker", "sr-centre")
    for text, number in (("A-001", made[0].number), ("20250302-77", made[1].number)):
        assert [one.number for one in search.find(city.store, user, text).hits] == [number]
    assert search.find(city.store, user, "A-00").hits == ()
    assert search.find(city.store, city.who("officer", "sr-water"), "A-001").hits == ()
    assert search.find(city.store, user, "%").hits == ()


# --- once --------------------------------------------------------------------------------------


def test_a_second_run_makes_nothing_and_names_what_has_changed(city, bring, now):
    first = bring([ROW, OPEN | {"编号": "A-002"}])
    before = counts(city.store)
    changed = [ROW | {"内容": "路灯现已修好"}, OPEN | {"编号": "A-002"}]
    again = bring(changed)
    assert became(again) == ["differs", "known"]
    assert [one.number for one in again] == [one.number for one in first]
    assert counts(city.store) == before
    other = bring([ROW | {"坐席": "1"}], "栏目,坐席,,保留")
    assert became(other) == ["uncompared"]
    # Neither the order of the columns makes a difference; another platform does.
    reordered = bring([dict(reversed(ROW.items()))])
    assert became(reordered) == ["known"]
    user = city.who("call_taker", "sr-centre")
    rows = [one.row for one in reordered]
    assert became(imports.bring(city.store, user, "县平台", rows, now)) == ["made"]
    assert len(search.find(city.store, user, "A-001").hits) == 2


def test_two_imports_at_once_make_each_ticket_once(city, bring, now, tmp_path):
    user = city.who("call_taker", "sr-centre")
    known = imports.known(city.store, user, now)
    rows = [(ROW if n % 3 else OPEN) | {"编号": f"A-{n:03d}"} for n in range(24)]
    found = read(csv_file(tmp_path, rows), mapping_file(tmp_path), now, known)

    def run(batches: list[list]) -> list[str]:
        return [
            one.became
            for batch in batches
            for one in imports.bring(city.store, user, "旧平台", batch, now)
        ]

    batches = [found[n : n + 6] for n in range(0, 24, 6)]
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(run, (batches, batches[::-1]))
    assert sorted(one + other) == ["known"] * 24 + ["made"] * 24
    assert counts(city.store)["tickets"] == 24


# --- what cannot be taken ----------------------------------------------------------------------


def test_what_the_form_refuses_is_named_and_the_others_come_in(city, bring):
    made = bring([OPEN | {"标题": ""}, ROW | {"编号": "B", "电话": "无"}, ROW | {"编号": "C"}])
    assert became(made) == ["refused", "refused", "made"]
    assert made[0].errors.keys() == {"title"}
    assert made[1].errors.keys() == {"phone"}
    assert counts(city.store)["tickets"] == 1


def test_what_fails_half_way_leaves_nothing_behind(city, bring, monkeypatch):
    rows = [OPEN, OPEN | {"编号": "A-002"}, ROW | {"编号": "A-003"}]
    before = counts(city.store)
    append = log.append

    def failing(conn, chain, kind, name, *rest):
        if name == imported.NAME and rest[3]["original"] == "A-001":
            raise Trouble("ended")
        return append(conn, chain, kind, name, *rest)

    monkeypatch.setattr(log, "append", failing)
    made = bring(rows)
    assert became(made) == ["refused", "made", "made"]
    assert made[0].errors == {"": "这件工单的流程已经结束，不能再办理。"}
    after = counts(city.store)
    for table in ("tickets", "ticket_keys", "states", "imported"):
        expected = 1 if table == "states" else 2
        assert after[table] - before[table] == expected, table
    monkeypatch.undo()
    assert became(bring(rows)) == ["made", "known", "known"]
    with city.store.read() as conn:
        numbers = conn.execute(select(tables.tickets.c.number)).scalars().all()
    holds(city.store, *numbers)


def test_a_batch_that_breaks_off_is_undone_whole(city, bring, monkeypatch):
    before = counts(city.store)

    def broken(*_given: object) -> list[str]:
        raise RuntimeError("pulled the plug")

    monkeypatch.setattr(imported, "write", broken)
    with pytest.raises(RuntimeError, match="plug"):
        bring([OPEN, ROW | {"编号": "A-002"}])
    assert counts(city.store) == before


def test_a_dry_run_tells_the_same_and_writes_nothing(city, bring):
    bring([ROW])
    rows = [ROW, OPEN | {"编号": "B"}, ROW | {"编号": "C"}, OPEN | {"编号": "D", "标题": ""}]
    before = counts(city.store)
    tried = bring(rows, dry=True)
    assert counts(city.store) == before
    done = bring(rows)
    assert became(tried) == became(done) == ["known", "made", "made", "refused"]
    assert tried[3].errors == done[3].errors


# --- who may -----------------------------------------------------------------------------------


def test_only_who_may_take_calls_brings_tickets_in(city, bring, now):
    rows = [one.row for one in bring([ROW], dry=True)]
    for role in ("dispatcher", "administrator", "auditor", "leader"):
        user = city.who(role, "sr-centre")
        with pytest.raises(Denied):
            imports.known(city.store, user, now)
        with pytest.raises(Denied):
            imports.bring(city.store, user, "旧平台", rows, now)
    assert counts(city.store)["tickets"] == 0


def test_tickets_belong_to_the_centre_of_who_brings_them_in(city, bring, now):
    row = ROW | {"单位": "广丰区水利局"}
    (one,) = bring([row], unit="gf-centre")
    ours, theirs = (city.who("call_taker", unit) for unit in ("gf-centre", "sr-centre"))
    page = reading.page(city.store, ours, one.number, now)
    assert (page.centre_name, page.area_name) == ("广丰区热线中心", "广丰区")
    assert search.find(city.store, theirs, "A-001").hits == ()
    imports.ended(city.store, ours, "旧平台", {"open": 0, "closed": 1}, now)
    with city.store.read() as conn:
        last = log.read_events(conn, "system")[-1]
    assert (last.name, last.actor) == ("import_ended", ours.name)
    assert last.body["counts"] == {"open": 0, "closed": 1}
    holds(city.store, one.number)


# --- tampered with -----------------------------------------------------------------------------


MARCH = datetime.fromisoformat("2025-03-03T00:00:00+08:00")
CHANGES = (
    (tables.tickets, {"created_at": MARCH}, "created_at"),
    (tables.tickets, {"rating": "satisfied"}, "rating"),
    (tables.tickets, {"centre": "gf-centre"}, "centre"),
    (tables.tickets, {"process": "any_process"}, "process"),
    (tables.tickets, {"calls": 2}, "calls"),
    (tables.tickets, {"card": b"x" * 40}, "卡片"),
    (tables.imported, {"original": "B-002"}, "导入登记"),
    (tables.imported, {"digest": "0" * 64}, "导入登记"),
    (tables.imported, None, "导入登记"),
    (tables.ticket_keys, None, "密钥"),
)


@contextmanager
def _owner(store: Store) -> Iterator[Connection]:
    """Who owns the tables; the application's role of PostgreSQL may not change what is noted."""
    settings = store.settings
    mine = replace(settings, database_url=settings.owner_url or settings.database_url)
    engine = engines.connect(mine, 5.0)
    with engine.begin() as conn:
        yield conn
    engine.dispose()


def test_on_postgresql_the_application_cannot_change_what_was_noted(postgresql_store):
    for act in (delete(tables.imported), update(tables.imported).values(digest="0" * 64)):
        with pytest.raises(StoreError, match="权限"), postgresql_store.write() as conn:
            conn.execute(act)


def test_what_was_changed_of_them_is_named(city, bring, now):
    made = bring([ROW | {"编号": f"A-{n}"} for n in range(len(CHANGES))])
    (open_one,) = bring([OPEN])
    called = city.call(now)
    with _owner(city.store) as conn:
        rows = conn.execute(select(tables.tickets.c.number, tables.tickets.c.id)).all()
        ids = {row.number: row.id for row in rows}
        for one, (table, change, _) in zip(made, CHANGES, strict=True):
            own = table.c.id if table is tables.tickets else table.c.ticket
            act = delete(table) if change is None else update(table).values(**change)
            conn.execute(act.where(own == ids[one.number]))
        moved = update(tables.imported).values(ticket=ids[called])
        conn.execute(moved.where(tables.imported.c.ticket == ids[open_one.number]))
    for one, (_, _, words) in zip(made, CHANGES, strict=True):
        (difference,) = verify.verify(city.store, one.number).differences
        assert words in difference.sentence
    for number in (open_one.number, called):
        (difference,) = verify.verify(city.store, number).differences
        assert "导入登记" in difference.sentence
