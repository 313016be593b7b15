"""Steps written into rows: what lists and the sweep find, and that replay computes the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from engine.errors import StoreError
from engine.flow import Definitions, DefinitionsRefused, process
from engine.flow.model import READABLE, Json, Leg, Message, Milestone, OpenTask, Step, Timer
from engine.store import Store, log, milestones, projection, tables, tickets
from engine.store.milestones import Rows
from engine.store.tickets import Ticket
from engine.workdays import Calendar, shipped
from tests.integration.small import files as shipped_files

At = Callable[[str], datetime]


class Live:
    """The shipped calendar's answers."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar

    def due(self, start: datetime, days: int) -> Mapping[str, Json]:
        return self.calendar.due(start, days).as_json()

    def unit(self, id: str) -> Mapping[str, Json]:
        return pytest.fail(id)


class Walk:
    """A ticket taken through a procedure, each step in a transaction of its own."""

    def __init__(self, store: Store, at: At) -> None:
        self.store = store
        self.at = at
        self.readings = Live(shipped())
        self.number = "T-1"
        self.computed = milestones.nothing()
        definitions = Definitions.read(shipped_files())
        with store.write() as conn:
            version = conn.execute(
                insert(tables.versions).returning(tables.versions.c.id), {"hash": definitions.hash}
            ).scalar_one()
            conn.execute(
                insert(tables.version_files),
                [
                    {"version": version, "path": path, "content": content}
                    for path, content in definitions.files.items()
                ],
            )
        self.version = version

    def start(self, when: str, type: str = "consult") -> None:
        now = self.at(when)
        definitions = self.store.definitions(self.version)
        place = {"area": "sr", "centre": "sr-centre", "authority": "sr-authority"}
        values = {"number": self.number, "type": type, "channel": "phone", **place}
        name = definitions.start_process("call")
        step = process.start(definitions, name, values, now, self.readings)
        with self.store.write() as conn:
            ticket = tickets.create(
                conn,
                self.store,
                number=self.number,
                version=self.version,
                process=name,
                type=type,
                channel="phone",
                now=now,
                actor="operator",
                card={"title": "路灯不亮"},
                **place,
            )
            self._append(conn, ticket, "start", step, now)

    def complete(self, when: str, answers: dict[str, Any]) -> None:
        with self.store.write() as conn:
            ticket = tickets.lock(conn, self.store, self.number)
            task = conn.execute(select(tables.tasks.c.task)).scalars().one()
            state = tickets.load_state(self.store, ticket)
            now = self.at(when)
            step = process.complete(state, task, answers, now, self.readings)
            self._append(conn, ticket, "complete", step, now)

    def tick(self, when: str) -> None:
        with self.store.write() as conn:
            ticket = tickets.lock(conn, self.store, self.number)
            state = tickets.load_state(self.store, ticket)
            now = self.at(when)
            self._append(conn, ticket, "tick", process.tick(state, now, self.readings), now)

    def _append(self, conn: Any, ticket: Ticket, name: str, step: Step, now: datetime) -> None:
        log.append(conn, ticket, "step", name, now, "operator", "sr", {"step": name})
        projection.project(conn, ticket, step, now)
        place = projection.place_of(conn, ticket)
        self.computed = milestones.advance(self.computed, step, now, place)
        assert list(milestones.differences(self.computed, self.stored(conn))) == []

    def stored(self, conn: Any) -> Rows:
        ticket = tickets.lock(conn, self.store, self.number)
        return projection.read(conn, ticket)

    def one(self, table: str) -> Any:
        """The only row of a table."""
        with self.store.read() as conn:
            return conn.execute(select(tables.metadata.tables[table])).one()

    def all(self, table: str) -> Any:
        with self.store.read() as conn:
            return conn.execute(select(tables.metadata.tables[table])).all()


@pytest.fixture
def walk(places: Store, at: At) -> Walk:
    """A ticket that has not come in yet."""
    return Walk(places, at)


def test_a_ticket_goes_from_call_to_archive_in_its_rows(walk: Walk, at: At) -> None:
    walk.start("2026-09-30 10:00")
    task = walk.one("tasks")
    assert (task.role, task.unit, task.area, task.due) == ("dispatcher", "sr-centre", "sr", None)
    message = walk.one("outbox")
    assert (message.key, message.topic, message.tries) == ("T-1/1/1", "sms.accepted", 0)

    walk.complete("2026-09-30 11:00", {"lead_unit": "gf-water"})
    leg = walk.one("legs")
    assert (leg.leg, leg.round, leg.duty, leg.unit, leg.area) == (1, 1, "lead", "gf-water", "gf")
    # 派单中心 is the city's; 同级中心 and authority are those of the unit's county.
    assert (leg.centre, leg.peer_centre, leg.authority) == (
        "sr-centre",
        "gf-centre",
        "gf-authority",
    )
    assert (leg.sign_due, leg.due) == (at("2026-10-09 00:00"), at("2026-10-10 00:00"))
    assert walk.one("tasks").due == at("2026-10-09 00:00")
    assert {row.due for row in walk.all("timers")} == {leg.sign_due, leg.due}
    assert {row.name for row in walk.all("deadlines")} == {"sign", "handle"}

    walk.complete("2026-10-08 23:59", {})
    assert walk.one("legs").signed_at == at("2026-10-08 23:59")
    assert walk.one("tasks").due == at("2026-10-10 00:00")
    walk.complete("2026-10-09 23:59", {"outcome": "done"})
    task = walk.one("tasks")
    assert (task.role, task.unit, task.due) == ("reviewer", "sr-centre", None)
    assert walk.all("timers") == []
    walk.complete("2026-10-12 09:00", {"review": "accepted"})
    leg, ticket = walk.one("legs"), walk.one("tickets")
    assert (leg.reported_at, leg.closed_at) == (at("2026-10-09 23:59"), at("2026-10-12 09:00"))
    assert (leg.overdue_at, leg.unsigned_at) == (None, None)
    assert (ticket.closed_at, ticket.outcome) == (at("2026-10-12 09:00"), "done")

    walk.complete("2026-10-12 10:00", {"reached": "yes", "rating": "satisfied"})
    walk.complete("2026-10-12 11:00", {})
    ticket = walk.one("tickets")
    assert (ticket.accepted_at, ticket.dispatched_at) == (
        at("2026-09-30 10:00"),
        at("2026-09-30 11:00"),
    )
    assert (ticket.rating, ticket.rated_at) == ("satisfied", at("2026-10-12 10:00"))
    assert ticket.archived_at == ticket.ended_at == at("2026-10-12 11:00")
    assert ticket.seq == len(walk.all("events")) == 7
    assert walk.all("tasks") == walk.all("timers") == []


def test_late_is_late_by_the_due_time_however_late_it_was_noticed(walk: Walk, at: At) -> None:
    walk.start("2026-09-30 10:00")
    walk.complete("2026-09-30 11:00", {"lead_unit": "gf-water"})
    walk.tick("2026-11-01 08:00")
    leg = walk.one("legs")
    assert leg.unsigned_at == leg.sign_due == at("2026-10-09 00:00")
    assert leg.overdue_at == leg.due == at("2026-10-10 00:00")
    assert walk.one("tasks").due == at("2026-10-09 00:00"), "still open, still that late"
    topics = [row.topic for row in walk.all("outbox")]
    assert topics == ["sms.accepted", "warning.unsigned", "warning.overdue"]
    walk.complete("2026-11-02 08:00", {})
    assert walk.one("legs").overdue_at == at("2026-10-10 00:00")
    assert walk.one("tasks").due == at("2026-10-10 00:00")


def test_a_rejected_report_is_none_and_the_leg_waits_again(walk: Walk, at: At) -> None:
    walk.start("2026-09-30 10:00")
    walk.complete("2026-09-30 11:00", {"lead_unit": "sr-water"})
    walk.complete("2026-10-08 10:00", {})
    walk.complete("2026-10-09 10:00", {"outcome": "done"})
    walk.complete("2026-10-13 10:00", {"review": "rejected"})
    leg = walk.one("legs")
    assert leg.overdue_at == at("2026-10-10 00:00")
    assert leg.reported_at is None
    walk.complete("2026-10-14 10:00", {"outcome": "no_basis"})
    walk.complete("2026-10-14 11:00", {"review": "accepted"})
    assert walk.one("legs").reported_at == at("2026-10-14 10:00")
    assert walk.one("tickets").outcome == "no_basis"


def test_a_row_that_was_changed_differs_from_what_replay_computes(walk: Walk, at: At) -> None:
    walk.start("2026-09-30 10:00")
    walk.complete("2026-09-30 11:00", {"lead_unit": "sr-water"})
    with walk.store.write() as conn:
        conn.execute(update(tables.legs).values(due=at("2027-01-01 00:00")))
        conn.execute(update(tables.tickets).values(closed_at=at("2026-10-01 00:00")))
        conn.execute(tables.timers.delete().where(tables.timers.c.deadline == "sign"))
    with walk.store.write() as conn:
        found = list(milestones.differences(walk.computed, walk.stored(conn)))
    assert [(table, column) for table, _key, column in found] == [
        ("tickets", "closed_at"),
        ("legs", "due"),
        ("timers", ""),
    ]


# --- what a step does not decide is left alone ---------------------------------------------------


def test_a_claim_and_a_timer_s_tries_outlive_other_steps(walk: Walk, at: At) -> None:
    walk.start("2026-09-30 10:00")
    walk.complete("2026-09-30 11:00", {"lead_unit": "sr-water"})
    later = at("2026-10-20 00:00")
    with walk.store.write() as conn:
        conn.execute(
            insert(tables.users),
            {
                "id": 7,
                "name": "officer",
                "display_name": "李四",
                "unit": "sr-water",
                "password_hash": "",
                "must_change": False,
                "active": True,
                "failures": 0,
            },
        )
        conn.execute(update(tables.tasks).values(claimed_by=7, claimed_at=at("2026-10-08 08:00")))
        handle = tables.timers.c.deadline == "handle"
        conn.execute(
            update(tables.timers).where(handle).values(tries=3, next_try_at=later, alarm="x")
        )
    walk.tick("2026-10-09 08:00")  # fires only the deadline of signing
    task, timer = walk.one("tasks"), walk.one("timers")
    assert (task.claimed_by, task.claimed_at) == (7, at("2026-10-08 08:00"))
    assert (timer.deadline, timer.tries, timer.next_try_at) == ("handle", 3, later)


def step_of(**parts: Any) -> Step:
    """A step without a process, for what the shipped one does not do."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("tasks", "timers", "milestones", "messages", "readings", "walked"), ()
    )
    return Step(**{"state": None, "values": {}, "ended": False, **nothing, **parts})


@pytest.fixture
def project(
    places: Store, make_ticket: Callable[..., Ticket], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Step, datetime], None]:
    """Project a step onto the ticket T-1; its state is not saved, for there is none."""
    monkeypatch.setattr(projection, "save_state", lambda *_: None)
    with places.write() as conn:
        make_ticket(conn, places, "T-1")

    def write(step: Step, now: datetime) -> None:
        with places.write() as conn:
            ticket = tickets.lock(conn, places, "T-1")
            log.append(conn, ticket, "step", "tick", now, "clock", "", {})
            projection.project(conn, ticket, step, now)

    return write


TASK = OpenTask(1, "sign", "签收", "f", "officer", "sr-water", 1, "a/1")


PLACE = milestones.Place("sr", "sr-centre", lambda unit: pytest.fail(unit))


def leg_of(event: str, at: datetime, unit: str = "sr-water") -> tuple[Leg]:
    return (Leg(1, None, "lead", unit, 1, event, at, "a"),)


def test_a_new_due_time_moves_timer_deadline_leg_and_task(
    places: Store, project: Callable[[Step, datetime], None], now: datetime
) -> None:
    first, second = now + timedelta(days=9), now + timedelta(days=12)
    timer = Timer(2, "e", "handle", first, 1, "a/2", True, {"days": 5}, "第十四条")
    legs = leg_of("opened", now)
    project(step_of(tasks=(TASK,), timers=(timer,), legs=legs), now)
    with places.write() as conn:
        conn.execute(update(tables.timers).values(tries=2, alarm="x", next_try_at=second))
    project(step_of(tasks=(TASK,), timers=(replace(timer, due=second, provisional=False),)), now)
    with places.read() as conn:
        row = conn.execute(select(tables.timers)).one()
        assert (row.due, row.next_try_at, row.tries, row.alarm) == (second, second, 0, None)
        deadline = conn.execute(select(tables.deadlines)).one()
        assert (deadline.due, deadline.provisional, deadline.why) == (second, False, '{"days":5}')
        assert conn.execute(select(tables.legs.c.due)).scalar_one() == second
        assert conn.execute(select(tables.tasks.c.due)).scalar_one() == second


def test_two_timers_of_one_name_keep_a_row_each_and_replace_what_had_no_address(
    places: Store, project: Callable[[Step, datetime], None], now: datetime
) -> None:
    first, second = now + timedelta(days=1), now + timedelta(days=2)
    one = Timer(2, "e", "decide", first, 1, "a/e#1")
    legs = leg_of("opened", now)
    old = milestones.advance(milestones.nothing(), step_of(timers=(one,)), now, PLACE, 1)
    assert old.deadlines.keys() == {(1, "decide", "")}
    project(step_of(legs=legs), now)
    with places.write() as conn:
        row = {"ticket": 1, "leg": 1, "name": "decide", **old.deadlines[1, "decide", ""]}
        conn.execute(insert(tables.deadlines), row)
    project(step_of(timers=(one, replace(one, id=3, due=second, address="a/f#1"))), now)
    with places.read() as conn:
        rows = {row.address: row.due for row in conn.execute(select(tables.deadlines))}
    assert rows == {"a/e#1": first, "a/f#1": second}


@pytest.mark.parametrize("reason", ["returned", "recalled", "cancelled"])
def test_a_void_leg_says_why(
    places: Store, project: Callable[[Step, datetime], None], now: datetime, reason: str
) -> None:
    project(step_of(legs=leg_of("opened", now)), now)
    ended = {"milestones": (Milestone(reason, now, "e", 1, 1),)}
    cancelled = {"legs": leg_of("cancelled", now)}
    project(step_of(**(cancelled if reason == "cancelled" else ended)), now)
    project(step_of(**cancelled), now + timedelta(hours=1))
    with places.read() as conn:
        leg = conn.execute(select(tables.legs)).one()
    assert (leg.void_at, leg.void_reason) == (now, reason)


def test_a_leg_keeps_what_happened_first_and_its_last_report(
    places: Store, project: Callable[[Step, datetime], None], now: datetime
) -> None:
    hour = timedelta(hours=1)
    for n in range(3):
        happened = tuple(
            Milestone(name, now + n * hour, "e", 1, 1, {"unit": "sr-water"})
            for name in ("dispatched", "signed", "overdue", "reported")
        )
        project(step_of(milestones=happened, legs=leg_of("opened", now)), now + n * hour)
    with places.read() as conn:
        leg = conn.execute(select(tables.legs)).one()
    assert leg.dispatched_at == leg.signed_at == leg.overdue_at == now
    assert leg.reported_at == now + 2 * hour


def test_a_task_that_moves_to_other_people_is_nobody_s_again(
    places: Store, project: Callable[[Step, datetime], None], now: datetime
) -> None:
    project(step_of(tasks=(TASK,)), now)
    with places.write() as conn:
        conn.execute(update(tables.tasks).values(claimed_at=now))
    project(step_of(tasks=(replace(TASK, role="leader"),)), now)
    with places.read() as conn:
        row = conn.execute(select(tables.tasks)).one()
    assert (row.role, row.claimed_at, row.opened_at) == ("leader", None, now)


def test_a_message_of_the_same_event_is_never_queued_twice(
    places: Store, project: Callable[[Step, datetime], None], now: datetime
) -> None:
    two = tuple(Message("sms.accepted", "e", 1, None, {"n": n}) for n in range(2))
    project(step_of(messages=two), now)
    project(step_of(messages=two), now)
    with places.read() as conn:
        keys = conn.execute(select(tables.outbox.c.key).order_by(tables.outbox.c.id)).scalars()
        assert list(keys) == ["T-1/1/1", "T-1/1/2", "T-1/2/1", "T-1/2/2"]


def test_a_unit_that_nobody_knows_is_refused_and_nothing_is_written(
    places: Store, project: Callable[[Step, datetime], None], now: datetime
) -> None:
    with pytest.raises(StoreError) as raised:
        project(step_of(tasks=(replace(TASK, unit="nowhere"),)), now)
    assert raised.value.code == "unit_unknown"
    with places.read() as conn:
        assert log.read_events(conn, "T-1") == []


def test_an_area_without_offices_has_those_of_the_area_above(
    places: Store, project: Callable[[Step, datetime], None], now: datetime
) -> None:
    with places.write() as conn:
        conn.execute(
            insert(tables.areas), {"id": "yj", "name": "园区", "level": "county", "parent": "sr"}
        )
        conn.execute(
            insert(tables.units),
            {
                "id": "yj-gas",
                "name": "燃气公司",
                "area": "yj",
                "level": "county",
                "kind": "enterprise",
                "active": True,
            },
        )
    legs = leg_of("opened", now, "yj-gas")
    project(step_of(tasks=(replace(TASK, unit="yj-gas"),), legs=legs), now)
    with places.read() as conn:
        leg = conn.execute(select(tables.legs)).one()
        seen = tickets.see(conn, "T-1")
    assert seen is not None
    assert (leg.area, leg.peer_centre, leg.authority) == ("yj", "sr-centre", "sr-authority")
    assert seen.facts == {
        "id": 1,
        "about_unit": None,
        "area": "sr",
        "centre": "sr-centre",
        "authority": "sr-authority",
        "units": {"yj-gas"},
        "peer_centres": {"sr-centre"},
        "authorities": {"sr-authority"},
    }


def test_a_step_written_twice_changes_nothing_more(walk: Walk, now: datetime, at: At) -> None:
    walk.start("2026-09-30 10:00")
    walk.complete("2026-09-30 11:00", {"lead_unit": "sr-water"})
    place = milestones.Place("sr", "sr-centre", lambda unit: pytest.fail(unit))
    timers = tuple(
        Timer(task, row["element"], row["deadline"], row["due"], row["leg"], "")
        for task, row in walk.computed.timers.items()
    )
    tasks = tuple(
        OpenTask(task, *(row[c] for c in ("element", "name", "form", "role", "unit", "leg")),
                 row["address"], row["article"])
        for task, row in walk.computed.tasks.items()
    )  # fmt: skip
    again = step_of(tasks=tasks, timers=timers)
    assert milestones.advance(walk.computed, again, now, place) == walk.computed


# --- versions and the calendar -------------------------------------------------------------------


def test_definitions_are_parsed_once_and_a_changed_file_is_refused(walk: Walk) -> None:
    store = walk.store
    assert store.definitions(walk.version) is store.definitions(walk.version)
    with pytest.raises(StoreError) as raised:
        store.definitions(99)
    assert raised.value.code == "version_unknown"
    with store.write() as conn:
        conn.execute(insert(tables.versions), {"id": 50, "hash": "f" * 64})
        conn.execute(
            insert(tables.version_files),
            [
                {"version": 50, "path": path, "content": content}
                for path, content in store.definitions(walk.version).files.items()
            ],
        )
    with pytest.raises(StoreError) as raised:
        store.definitions(50)
    assert raised.value.code == "version_changed"


def test_a_stored_version_is_not_judged_by_the_rules_of_today(walk: Walk) -> None:
    files = dict(walk.store.definitions(walk.version).files)
    path = next(path for path, content in files.items() if b"<bpmn:userTask" in content)
    start = files[path].index(b"<bpmn:extensionElements>", files[path].index(b"<bpmn:userTask"))
    end = start + len(b"<bpmn:extensionElements>")
    files[path] = files[path][:end] + b"<camunda:executionListener />" + files[path][end:]
    with pytest.raises(DefinitionsRefused):
        Definitions.read(files)
    with walk.store.write() as conn:
        hash = Definitions.read(files, judged=False).hash
        conn.execute(insert(tables.versions), {"id": 51, "hash": hash})
        rows = [{"version": 51, "path": name, "content": files[name]} for name in files]
        conn.execute(insert(tables.version_files), rows)
    assert walk.store.definitions(51).hash == hash


def test_a_state_of_a_newer_program_is_not_gone_on_from(walk: Walk) -> None:
    walk.start("2026-09-30 10:00")
    with walk.store.write() as conn:
        conn.execute(update(tables.states).values(semantics=max(READABLE) + 1))
    with pytest.raises(StoreError) as raised:
        walk.complete("2026-09-30 11:00", {"lead_unit": "gf-water"})
    assert raised.value.code == "state_newer"
    assert raised.value.sentence() == "工单 T-1 是用更新版本的程序办理的。请先升级本机程序。"
    with walk.store.write() as conn:
        conn.execute(delete(tables.states))
    with pytest.raises(StoreError) as raised:
        walk.complete("2026-09-30 11:00", {"lead_unit": "gf-water"})
    assert raised.value.code == "state_missing"


def test_the_version_in_force_is_the_latest_that_has_begun(walk: Walk, at: At) -> None:
    store = walk.store
    with store.read() as conn, pytest.raises(StoreError, match="hotline deploy"):
        store.current_version(conn, at("2026-09-30 10:00"))
    with store.write() as conn:
        conn.execute(insert(tables.versions), {"hash": "1" * 64})
        for version, start in ((1, "2026-09-01 00:00"), (2, "2026-10-01 00:00")):
            conn.execute(
                insert(tables.deployments),
                {
                    "version": version,
                    "in_force_from": at(start),
                    "deployed_at": at("2026-08-01 00:00"),
                    "actor": "owner",
                    "reason": "",
                },
            )
    with store.read() as conn:
        assert store.current_version(conn, at("2026-09-30 23:59")) == 1
        assert store.current_version(conn, at("2026-10-01 00:00")) == 2


def _publish(conn: Any, now: datetime, day: datetime, document: str) -> None:
    revision = conn.execute(
        insert(tables.calendar_revisions).returning(tables.calendar_revisions.c.id),
        {"at": now, "actor": "a", "note": ""},
    ).scalar_one()
    conn.execute(
        insert(tables.calendar_days),
        {
            "date": day.date(),
            "is_workday": False,
            "source": "放假",
            "document": document,
            "editor": "a",
            "revision": revision,
        },
    )


def test_the_calendar_follows_its_revisions_and_no_rolled_back_one(
    store: Store, now: datetime, at: At
) -> None:
    with store.read() as conn:
        assert store.calendar(conn).revision == 0
        assert store.calendar(conn) is store.calendar(conn)
    day = at("2026-03-03 12:00")
    with pytest.raises(ZeroDivisionError):
        _publish_and_fail(store, now, day)
    with store.write() as conn:
        _publish(conn, now, day, "second")
    with store.read() as conn:
        assert store.calendar(conn).day(day.date()).document == "second"


def _publish_and_fail(store: Store, now: datetime, day: datetime) -> None:
    with store.write() as conn:
        _publish(conn, now, day, "first")
        assert store.calendar(conn).day(day.date()).document == "first"
        _ = 1 / 0
