"""What is on record: versions, erased keys, and whatever is changed behind the acts' back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, text

from engine import definitions, sweep
from engine.acts import keys, people, versions
from engine.errors import Denied, StoreError, Trouble, VaultError
from engine.flow import DefinitionsRefused
from engine.read import ticket as reading
from engine.read import verify
from engine.record import SYSTEM
from engine.store import Store, log, tickets
from tests.integration.office import Office, key, opened


@pytest.fixture
def office(store: Store) -> Office:
    return opened(store, datetime(2026, 9, 1, tzinfo=UTC))


# --- versions ----------------------------------------------------------------------------------


def test_what_cannot_run_is_not_deployed(office, now):
    files = definitions.shipped()
    name = next(path for path in files if path.endswith(".bpmn"))
    broken = files | {name: files[name].replace(b'isExecutable="true"', b'isExecutable="false"')}
    with pytest.raises(DefinitionsRefused) as refused:
        versions.deploy(office.store, None, broken, "试试", now)
    assert refused.value.findings
    with office.store.read() as conn:
        assert office.store.current_version(conn, now) == 1


def test_an_open_ticket_keeps_its_version(office, at):
    old = office.call(at("2026-09-30 09:00"), type="consult")
    files = definitions.shipped()
    changed = files | {path: _longer(content) for path, content in files.items()}
    owner = office.who("process_owner", "sr-centre")
    with pytest.raises(Denied):
        versions.deploy(
            office.store, office.who("leader", "sr-water"), changed, "改", at("2026-09-30 09:30")
        )
    with pytest.raises(Trouble):
        versions.deploy(office.store, owner, changed, " ", at("2026-09-30 09:30"))
    new_version = versions.deploy(
        office.store, owner, changed, "签收改为两天", at("2026-09-30 09:30")
    )
    new = office.call(at("2026-09-30 10:00"), type="consult")
    for number in (old, new):
        office.does(number, "dispatcher", at("2026-09-30 10:05"), lead_unit="sr-water")
    now = at("2026-09-30 11:00")
    user = office.who("officer", "sr-water")
    pages = [reading.page(office.store, user, number, now) for number in (old, new)]
    assert [page.legs[0].sign_due for page in pages] == [
        at("2026-10-09 00:00"),
        at("2026-10-10 00:00"),
    ]
    assert pages[0].version != pages[1].version
    with office.store.read() as conn:
        fact = log.read_events(conn, SYSTEM)[-1]
    assert fact.body["reason"] == "签收改为两天"
    assert versions.deploy(office.store, owner, changed, "又来", now) == new_version
    assert versions.deploy(office.store, owner, files, "改回去", now) == 1
    assert verify.verify(office.store).differences == ()


def _longer(content: bytes) -> bytes:
    """The table of limits with two days for signing, where there were one."""
    if b"sign_limit" not in content or b"decisionTable" not in content:
        return content
    from lxml import etree

    root = etree.fromstring(content)
    table = next(root.iter("{*}decisionTable"))
    column = [o.get("name") for o in table.iter("{*}output")].index("sign_limit")
    for rule in table.iter("{*}rule"):
        list(rule.iter("{*}outputEntry"))[column].find("{*}text").text = "2"
    return bytes(etree.tostring(root))


# --- keys --------------------------------------------------------------------------------------


def test_an_erased_ticket_has_no_content_and_its_chain_still_holds(office, now, at):
    number = office.call(now, title="家暴求助", caller="王女士")
    supervisor = office.who("supervisor", "sr-authority")
    for reason, code in (
        ("", "reason_needed"),
        ("长" * 501, "reason_long"),
        ("到\x07期", "text_characters"),
        ("到期", "ticket_open"),
    ):
        with pytest.raises(Trouble) as refused:
            keys.erase(office.store, supervisor, number, reason, now, key())
        assert refused.value.code == code
    office.runs(number, now, lead_unit="sr-water", review="accepted")
    with pytest.raises(Denied):
        keys.erase(office.store, office.who("archivist", "sr-centre"), number, "到期", now, key())
    same = key()
    for _ in range(2):
        keys.erase(office.store, supervisor, number, "保存期满", now, same)
    with pytest.raises(Trouble) as refused:
        keys.erase(office.store, supervisor, number, "再来", now, key())
    assert refused.value.code == "already_erased"
    page = reading.page(office.store, supervisor, number, now)
    assert "家暴" not in str(page)
    assert page.erased_at == now
    assert page.history[-1].sentence == "销毁工单内容的密钥，理由：保存期满"
    assert page.history[0].withheld
    assert ("诉求类型", "咨询") in page.history[0].answers  # routing data stays
    assert not page.may_comment
    assert verify.verify(office.store).differences == ()
    assert list(verify.replay(office.store, number))


# --- what was changed --------------------------------------------------------------------------


def forced(store: Store, sql: str) -> None:
    """Change a row as somebody could who owns the database: triggers off, then on again."""
    if store.is_sqlite:
        with store.write() as conn:
            dropped = _drop(conn)
            conn.execute(text(sql))
            for trigger in dropped:
                conn.execute(text(trigger))
        return
    import psycopg

    url = store.settings.owner_url.set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as owner:
        for table in ("events", "payloads"):
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        owner.execute(sql)
        for table in ("events", "payloads"):
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _drop(conn: Connection) -> list[str]:
    found = conn.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
    for row in found:
        conn.execute(text(f"DROP TRIGGER {row.name}"))
    return [row.sql for row in found]


def swapped(column: str, old: str, new: str) -> str:
    return f"{column} = replace({column}, '{old}', '{new}')"


def test_a_state_that_would_number_what_comes_next_otherwise_is_found(office, now):
    number = office.call(now)
    for counter in ("ids", "legs"):
        for more in (1, -1):
            with office.store.write() as conn:
                ticket = tickets.lock(conn, office.store, number)
                state = tickets.load_state(office.store, ticket)
                setattr(state, counter, getattr(state, counter) + more)
                tickets.save_state(conn, ticket, state)
            differences = verify.verify(office.store, number).differences
            assert ["状态" in one.sentence for one in differences] == ([True] if more > 0 else [])


@pytest.mark.parametrize(
    ("sql", "what", "seq"),
    [
        (f"UPDATE events SET {swapped('body', 'sr-water', 'sr-roads')} WHERE seq = 2", "chain", 2),
        ("DELETE FROM events WHERE chain <> 'system' AND seq = 3", "chain", 3),
        ("UPDATE tickets SET seq = 2", "chain", 3),
        ("UPDATE payloads SET content = (SELECT content FROM payloads ORDER BY event LIMIT 1)",
         "payload", 1),
        ("UPDATE tickets SET outcome = 'no_basis'", "projection", None),
        ("UPDATE tickets SET created_by = 'somebody'", "projection", None),
        ("UPDATE legs SET unsigned_at = NULL", "projection", None),
        ("UPDATE legs SET unit = 'sr-roads'", "projection", None),
        ("UPDATE tasks SET unit = 'sr-roads'", "projection", None),
        ("DELETE FROM tasks", "projection", None),
        ("DELETE FROM timers", "projection", None),
        ("UPDATE deadlines SET article = '第一条'", "projection", None),
        ("UPDATE states SET blob = (SELECT blob FROM states ORDER BY ticket LIMIT 1)",
         "projection", None),
        ("DELETE FROM outbox WHERE topic LIKE 'warning%'", "projection", None),
        ("UPDATE outbox SET topic = 'sms.rated'", "projection", None),
        (f"UPDATE outbox SET {swapped('content', 'sr-water', 'sr-roads')}", "projection", None),
        ("UPDATE states SET semantics = 99", "projection", None),
        ("UPDATE tickets SET process = 'other'", "projection", None),
        ("DELETE FROM version_files WHERE version = 1", "projection", None),
        ("UPDATE version_files SET path = 'other/' || path", "projection", None),
        ("UPDATE tickets SET erased_at = created_at", "projection", None),
        ("DELETE FROM ticket_keys", "projection", None),
        ("UPDATE tickets SET card = (SELECT card FROM tickets ORDER BY id LIMIT 1)",
         "projection", None),
        ("UPDATE tickets SET card = NULL", "projection", None),
        ("UPDATE timers SET next_try_at = '2027-01-01T00:00:00.000000Z'", "projection", None),
        ("DELETE FROM numbers WHERE name LIKE 'ticket/%'", "projection", None),
    ],
)  # fmt: skip
def test_a_change_behind_the_acts_back_is_found(office, at, sql, what, seq):
    first = office.call(at("2026-09-28 09:00"), type="report")
    number = office.call(at("2026-09-28 10:00"), type="complaint")
    office.does(number, "dispatcher", at("2026-09-28 10:05"), lead_unit="sr-water")
    sweep.run_once(office.store, at("2026-10-08 09:00"))
    assert verify.verify(office.store).differences == ()
    forced(office.store, sql)
    office.store._versions.clear()  # as another process sees it
    found = verify.verify(office.store, number)
    (difference,) = found.differences
    assert (difference.what, difference.seq) == (what, seq)
    assert difference.chain == number != first
    assert difference.sentence


def test_a_ticket_that_was_deleted_is_missed_and_the_others_are_looked_at(office, at):
    gone, halfway, whole = (office.call(at("2026-09-28 10:00"), type="consult") for _ in range(3))
    ended = office.call(at("2026-09-28 11:00"), type="consult")
    rows = ("payloads WHERE event IN (SELECT id FROM events WHERE chain = '{}')",)
    rows += ("events WHERE chain = '{}'",)
    mine = "(SELECT id FROM tickets WHERE number = '{}')"
    places = ("states", "tasks", "timers", "legs", "deadlines", "outbox", "ticket_keys")
    own = [f"{table} WHERE ticket = {mine}" for table in places]
    own.append("tickets WHERE number = '{}'")
    for number, what in ((gone, [*rows, *own]), (halfway, own), (ended, [*rows, *own])):
        for row in what:
            forced(office.store, "DELETE FROM " + row.format(number))
    found = verify.verify(office.store)
    left, *differences = found.differences
    assert left.chain == "system"
    assert "检索索引中有不存在的工单" in left.sentence
    assert [difference.chain for difference in differences] == [halfway, gone, ended]
    assert found.chains == 5
    assert all(difference.sentence for difference in found.differences)
    for number in (gone, halfway, ended):
        (difference,) = verify.verify(office.store, number).differences
        assert difference.chain == number
    assert verify.verify(office.store, whole).differences == ()


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM user_roles WHERE role = 'leader'", "岗位"),
        ("""INSERT INTO user_roles ("user", role) SELECT id, 'auditor' FROM users
         WHERE name = 'newcomer'""", "岗位"),
        ("UPDATE user_roles SET role = 'auditor' WHERE role = 'administrator'", "岗位"),
        ("UPDATE users SET active = NOT active WHERE name = 'newcomer'", "在职"),
        ("UPDATE users SET name = 'somebody' WHERE name = 'newcomer'", "在职"),
        ("UPDATE deployments SET in_force_from = '2026-01-01T00:00:00.000000Z'", "部署"),
        ("UPDATE deployments SET reason = '试试'", "部署"),
        ("DELETE FROM deployments", "部署"),
        ("UPDATE calendar_days SET is_workday = NOT is_workday WHERE date = '2026-10-01'", "日历"),
        ("DELETE FROM calendar_days WHERE date = '2026-10-01'", "日历"),
        ("UPDATE calendar_years SET document = '别的'", "日历"),
        ("UPDATE version_files SET path = 'other/' || path", "流程版本"),
    ],
)  # fmt: skip
def test_what_the_system_chain_says_is_compared_with_the_tables(office, now, sql, said):
    people.add_user(office.store, None, "newcomer", "新来的", "sr-water", ["leader"], now)
    assert verify.verify(office.store).differences == ()
    forced(office.store, sql)
    office.store._versions.clear()
    (difference,) = verify.verify(office.store, SYSTEM).differences
    assert (difference.chain, difference.what) == (SYSTEM, "projection")
    assert said in difference.sentence


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET body = x'ff00' WHERE chain = '{}'",
        "UPDATE events SET body = 7 WHERE chain = '{}'",
        "UPDATE events SET at = 7 WHERE chain = '{}'",
        "UPDATE events SET at = '2026-09-28' WHERE chain = '{}'",
        "UPDATE events SET seq = 'one' WHERE chain = '{}' AND seq = 1",
        "UPDATE payloads SET content = 'text'",
        "UPDATE tickets SET created_at = 'never' WHERE number = '{}'",
        "UPDATE tickets SET area = 'nowhere' WHERE number = '{}'",
        "UPDATE tickets SET version = 99 WHERE number = '{}'",
        "UPDATE states SET blob = 'text'",
        "UPDATE ticket_keys SET wrapped = 7",
        "UPDATE legs SET due = 'never'",
    ],
)
def test_what_no_column_should_hold_is_a_difference_of_its_chain(sqlite_settings, at, sql):
    with Store.open(sqlite_settings) as store:
        office = opened(store, datetime(2026, 9, 1, tzinfo=UTC))
        number = office.call(at("2026-09-28 10:00"), type="consult")
        office.does(number, "dispatcher", at("2026-09-28 10:05"), lead_unit="sr-water")
        with store.write() as conn:
            conn.execute(text("PRAGMA defer_foreign_keys = ON"))
            _drop(conn)
        import pysqlite3

        with pysqlite3.dbapi2.connect(str(store.settings.sqlite_file)) as conn:
            conn.execute(sql.format(number))
        found = verify.verify(store)
        assert [difference.chain for difference in found.differences] == [number]
        assert found.chains == 2


def test_a_step_that_was_decided_otherwise_is_found_though_its_hashes_fit(office, at):
    """Somebody with database and code: a routing answer changed, and the chain hashed anew."""
    number = office.call(at("2026-09-28 10:00"), type="consult")
    office.does(number, "dispatcher", at("2026-09-28 10:05"), lead_unit="sr-water")
    with office.store.read() as conn:
        events = log.read_events(conn, number)
    rehash(office.store, number, events, lambda body: body.replace('"consult"', '"complaint"'))
    (difference,) = verify.verify(office.store, number).differences
    assert (difference.what, difference.seq) == ("replay", 1)


def rehash(store: Store, number: str, events, change: Callable[[str], str]) -> None:
    import json

    from engine.record import GENESIS, make_event

    previous = GENESIS
    for event in events:
        body = json.loads(change(event.text))
        made = make_event(
            number, event.seq, previous, event.kind, event.name, event.at, event.actor,
            event.unit, body, event.commitment,
        )  # fmt: skip
        previous = made.hash
        quoted = made.text.replace("'", "''").replace(":", "\\:")
        forced_text(
            store,
            f"UPDATE events SET body = '{quoted}', previous = '{made.previous}',"
            f" hash = '{made.hash}' WHERE chain = '{number}' AND seq = {made.seq}",
        )
    forced(store, f"UPDATE tickets SET head = '{previous}' WHERE number = '{number}'")


def forced_text(store: Store, sql: str) -> None:
    """As forced, for a statement whose colons are escaped as SQLAlchemy wants them."""
    forced(store, sql if store.is_sqlite else sql.replace("\\:", ":"))


def test_an_unknown_ticket_is_no_success(office):
    with pytest.raises(StoreError) as refused:
        verify.verify(office.store, "20260101-00001")
    assert refused.value.code == "chain_unknown"
    with pytest.raises(StoreError):
        list(verify.replay(office.store, "20260101-00001"))


def test_a_changed_payload_is_not_shown(office, now):
    number = office.call(now)
    forced(office.store, "UPDATE payloads SET content = (SELECT wrapped FROM ticket_keys)")
    with pytest.raises(VaultError):
        reading.page(office.store, office.who("dispatcher", "sr-centre"), number, now)


def test_steps_of_a_newer_program_are_not_judged_by_this_one(office, at, monkeypatch):
    number = office.call(at("2026-09-28 09:00"), type="report")
    monkeypatch.setattr(verify, "READABLE", frozenset({0}))
    (difference,) = verify.verify(office.store, number).differences
    assert (difference.what, difference.seq) == ("replay", 1)
    assert "请先升级本机程序" in difference.sentence
    with pytest.raises(StoreError) as raised:
        list(verify.replay(office.store, number))
    assert raised.value.code == "state_newer"
