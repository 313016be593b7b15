"""The log grows and never changes; what is changed behind its back is found and named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from engine.errors import StoreError, VaultError
from engine.record import GENESIS, SYSTEM
from engine.settings import Settings
from engine.store import Store, engines, log, tickets
from engine.store.tables import events, payloads, ticket_keys, users
from engine.store.tables import tickets as ticket_rows
from engine.store.tickets import Ticket

PAYLOAD = {"answers": {"caller": "张三", "matter": "路灯不亮"}}


@pytest.fixture
def ticket(places: Store, now: datetime, make_ticket: Callable[..., Ticket]) -> str:
    """The number of a ticket with three events, each with a payload."""
    with places.write() as conn:
        made = make_ticket(conn, places, "T-1")
        for n in range(1, 4):
            body = {"n": n, "routing": {"type": "咨询"}}
            log.append(conn, made, "step", "complete", now, "operator", "sr", body, PAYLOAD)
    return made.number


def behind(settings: Settings, *statements: str) -> None:
    """Change the database as its owner who has dropped the triggers first."""
    engine = engines.connect(settings, 5.0, schema=True)
    with engines.begin(engine, writes=True) as conn:
        for table in ("events", "payloads"):
            if settings.is_sqlite:
                for trigger in ("no_update", "no_delete"):
                    conn.execute(text(f"DROP TRIGGER {table}_{trigger}"))
            else:
                conn.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        for statement in statements:
            conn.exec_driver_sql(statement)
    engine.dispose()


def found_by(store: Store, chain: str = "T-1") -> tuple[int, str] | None:
    """What verifying the chain finds: the event's number and the code."""
    with store.read() as conn:
        difference = log.verify(conn, store, chain)
    if difference is None:
        return None
    assert difference.sentence().endswith("。")
    assert "?" not in difference.sentence()
    return difference.seq, difference.code


# --- appending -----------------------------------------------------------------------------------


def test_events_are_chained_and_payloads_come_back(store: Store, ticket: str) -> None:
    with store.read() as conn:
        chain = log.read_events(conn, ticket)
        assert [event.seq for event in chain] == [1, 2, 3]
        assert chain[0].previous == GENESIS
        assert chain[1].previous == chain[0].hash
        assert chain[2].body == {"format": 2, "n": 3, "routing": {"type": "咨询"}}
        assert log.read_payloads(conn, store, ticket) == dict.fromkeys((1, 2, 3), PAYLOAD)
        assert log.read_events(conn, ticket, after=2) == chain[2:]
    assert found_by(store, ticket) is None


def test_nothing_that_was_said_can_be_read_in_the_database(store: Store, ticket: str) -> None:
    with store.read() as conn:
        rows = [repr(tuple(row)) for row in conn.execute(select(events))]
        blobs = [bytes(blob) for blob in conn.execute(select(payloads.c.content)).scalars()]
        card = bytes(conn.execute(select(ticket_rows.c.card)).scalar_one())
    said = "路灯不亮".encode()
    assert not any("路灯" in row or "张三" in row for row in rows)
    assert not any(said in blob for blob in [*blobs, card])
    assert len(set(blobs)) == 3, "the same payload never looks the same"


def test_the_system_chain_seals_too(store: Store, now: datetime) -> None:
    with store.write() as conn:
        log.append_system(conn, store, "sign_in", now, "a", "u", {}, {"from": "10.0.0.1"})
        log.append_system(conn, store, "sign_out", now, "a", "u", {})
    with store.read() as conn:
        assert log.read_payloads(conn, store, SYSTEM) == {1: {"from": "10.0.0.1"}}
    assert found_by(store, SYSTEM) is None


def test_a_rolled_back_act_leaves_no_event(store: Store, ticket: str, now: datetime) -> None:
    def act() -> None:
        with store.write() as conn:
            locked = tickets.lock(conn, store, ticket)
            log.append(conn, locked, "fact", "comment", now, "a", "u", {}, PAYLOAD)
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        act()
    with store.read() as conn:
        assert len(log.read_events(conn, ticket)) == 3
    assert found_by(store, ticket) is None


def test_a_chain_that_was_not_locked_is_not_forked(
    store: Store, ticket: str, now: datetime
) -> None:
    with store.write() as conn:
        stale = tickets.lock(conn, store, ticket)
    with store.write() as conn:
        log.append(conn, tickets.lock(conn, store, ticket), "fact", "claim", now, "a", "u", {})
    with pytest.raises(StoreError) as raised, store.write() as conn:
        log.append(conn, stale, "fact", "claim", now, "b", "u", {})
    assert raised.value.code == "chain_moved"
    assert found_by(store, ticket) is None


def test_an_unknown_ticket_or_chain_is_said_to_be(store: Store) -> None:
    with pytest.raises(StoreError, match="T-9"), store.write() as conn:
        tickets.lock(conn, store, "T-9")
    with pytest.raises(StoreError, match="T-9"), store.read() as conn:
        log.verify(conn, store, "T-9")


# --- the triggers and the application's role -----------------------------------------------------

CHANGES = [
    "UPDATE events SET actor = 'nobody'",
    "DELETE FROM events",
    "UPDATE payloads SET content = content",
    "DELETE FROM payloads",
]
REPLACES = [
    "INSERT OR REPLACE INTO events SELECT * FROM events WHERE seq = 2",
    "INSERT OR REPLACE INTO payloads SELECT * FROM payloads",
    "REPLACE INTO events (chain, seq, kind, name, at, actor, unit, body, commitment, previous,"
    " hash) SELECT chain, seq, kind, name, at, 'x', unit, body, commitment, previous, hash"
    " FROM events WHERE seq = 2",
]


@pytest.mark.parametrize("statement", [*CHANGES, *REPLACES])
def test_sqlite_refuses_to_change_the_log(
    sqlite_store: Store, now: datetime, statement: str
) -> None:
    with sqlite_store.write() as conn:
        for n in range(3):
            log.append_system(conn, sqlite_store, "sign_in", now, "a", "u", {"n": n}, PAYLOAD)
    with pytest.raises(DBAPIError, match="append-only"), sqlite_store.write() as conn:
        conn.exec_driver_sql(statement)
    assert found_by(sqlite_store, SYSTEM) is None


def _as_owner(settings: Settings) -> Settings:
    assert settings.owner_url is not None
    return replace(settings, database_url=settings.owner_url)


@pytest.mark.parametrize("statement", [*CHANGES, "TRUNCATE events CASCADE", "TRUNCATE payloads"])
def test_postgresql_refuses_to_change_the_log_even_to_the_owner(
    postgresql_store: Store, now: datetime, statement: str
) -> None:
    with postgresql_store.write() as conn:
        log.append_system(conn, postgresql_store, "sign_in", now, "a", "u", {}, PAYLOAD)
    owner = engines.connect(_as_owner(postgresql_store.settings), 5.0)
    with pytest.raises(DBAPIError, match="append-only"), owner.begin() as conn:
        conn.exec_driver_sql(statement)
    owner.dispose()
    assert found_by(postgresql_store, SYSTEM) is None


@pytest.mark.parametrize(
    "statement",
    [
        *CHANGES,
        "TRUNCATE events CASCADE",
        "TRUNCATE payloads",
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "ALTER TABLE events ADD COLUMN x integer",
        "DROP TRIGGER events_no_change ON events",
        "DROP TABLE payloads",
        "DROP FUNCTION refuse_change() CASCADE",
        "CREATE TABLE more (id integer)",
        "CREATE TEMPORARY TABLE events (id integer)",
        "CREATE SCHEMA more",
        "CREATE INDEX more ON events (actor)",
        "SET session_replication_role = replica",
        "UPDATE meta SET value = 'x'",
        "UPDATE alembic_version SET version_num = 'x'",
        "UPDATE version_files SET content = 'x'",
        "UPDATE ticket_keys SET wrapped = 'x'",
        "DELETE FROM tickets",
    ],
)
def test_the_application_s_role_changes_neither_log_nor_schema(
    installed: Store, statement: str
) -> None:
    with pytest.raises(StoreError) as raised, installed.write() as conn:
        conn.exec_driver_sql(statement)
    assert raised.value.code == "database_forbidden"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, postgresql_server: Any) -> Any:
    """A database made by init itself: a copy of a template has not the database's own grants."""
    from engine import settings as settings_of
    from tests import servers

    name = "installed"
    postgresql_server.execute(f"CREATE DATABASE {name} OWNER {servers.OWNER}")
    settings = settings_of.read(
        {
            "HOTLINE_HOME": str(tmp_path_factory.mktemp("installed")),
            "HOTLINE_DATABASE_URL": postgresql_server.url(name),
            "HOTLINE_OWNER_DATABASE_URL": postgresql_server.url(name, servers.OWNER),
        }
    )
    with Store.create(settings) as store:
        yield store
    postgresql_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


# --- tampering -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE events SET body = replace(body, '咨询', '投诉') WHERE seq = 2", "event_hash"),
        ("UPDATE events SET body = body || ' ' WHERE seq = 2", "event_hash"),
        ("UPDATE events SET actor = 'other' WHERE seq = 2", "event_hash"),
        ("UPDATE events SET name = 'send' WHERE seq = 2", "event_hash"),
        ("UPDATE events SET commitment = '' WHERE seq = 2", "event_hash"),
        ("UPDATE events SET previous = hash WHERE seq = 2", "event_previous"),
        ("DELETE FROM payloads WHERE event = 2; ", "event_payload_missing"),
        ("UPDATE payloads SET content = {two} WHERE event = 2", "event_payload_broken"),
    ],
)
def test_a_change_behind_the_log_s_back_is_found_and_named(
    store: Store, ticket: str, statement: str, found: str
) -> None:
    # Event 1's content put in the place of event 2's: the right key, but another place.
    two = "(SELECT content FROM payloads WHERE event = 1)"
    behind(store.settings, statement.format(two=two).rstrip("; "))
    assert found_by(store, ticket) == (2, found)


def test_a_time_that_was_changed_is_found(store: Store, ticket: str, now: datetime) -> None:
    at = "'2026-09-30T02:00:01.000000Z'" if store.is_sqlite else "at + interval '1 second'"
    behind(store.settings, f"UPDATE events SET at = {at} WHERE seq = 3")
    assert found_by(store, ticket) == (3, "event_hash")


def test_a_time_that_is_none_any_more_is_found(sqlite_store: Store, now: datetime) -> None:
    with sqlite_store.write() as conn:
        for n in range(3):
            log.append_system(conn, sqlite_store, "sign_in", now, "a", "u", {"n": n})
    behind(sqlite_store.settings, "UPDATE events SET at = 'yesterday' WHERE seq = 2")
    assert found_by(sqlite_store, SYSTEM) == (2, "event_unreadable")


@pytest.mark.parametrize(("gone", "found"), [(1, "event_gap"), (2, "event_gap"), (3, "chain_head")])
def test_a_missing_event_is_found_the_last_one_too(
    store: Store, ticket: str, gone: int, found: str
) -> None:
    behind(
        store.settings,
        f"DELETE FROM payloads WHERE event = (SELECT id FROM events WHERE seq = {gone})",
        f"DELETE FROM events WHERE seq = {gone}",
    )
    assert found_by(store, ticket) == (gone, found)


def test_an_event_that_was_added_is_found(store: Store, ticket: str) -> None:
    behind(
        store.settings,
        "INSERT INTO events (chain, seq, kind, name, at, actor, unit, body, commitment, previous,"
        " hash) SELECT chain, 4, kind, name, at, actor, unit, body, commitment, hash, previous"
        " FROM events WHERE seq = 3",
    )
    seq, _code = found_by(store, ticket) or (0, "")
    assert seq == 4


def test_a_chain_rewritten_whole_is_found_by_its_registered_end(
    store: Store, ticket: str, now: datetime
) -> None:
    with store.write() as conn:
        conn.execute(update(ticket_rows).values(head="f" * 64))
    assert found_by(store, ticket) == (3, "chain_head_hash")


# --- erasure -------------------------------------------------------------------------------------


def test_an_erased_ticket_still_verifies_and_says_nothing(
    store: Store, ticket: str, now: datetime
) -> None:
    with store.read() as conn:
        before = log.read_events(conn, ticket)
    with store.write() as conn:
        locked = tickets.lock(conn, store, ticket)
        tickets.erase(conn, locked, now)
        log.append(conn, locked, "fact", "erase", now, "supervisor", "sr", {"reason": "依申请"})
    assert found_by(store, ticket) is None
    with store.write() as conn:
        assert log.read_events(conn, ticket)[:3] == before
        assert log.read_payloads(conn, store, ticket) == {}
        assert conn.execute(select(ticket_keys)).all() == []
        assert conn.execute(select(ticket_rows.c.card)).scalar_one() is None
        again = tickets.lock(conn, store, ticket)
        with pytest.raises(VaultError, match="销毁"):
            again.unseal("card", b"")
        with pytest.raises(VaultError, match="销毁"):
            log.append(conn, again, "fact", "comment", now, "a", "u", {}, PAYLOAD)


def test_a_key_of_another_ticket_opens_nothing(
    store: Store, ticket: str, make_ticket: Callable[..., Ticket]
) -> None:
    with store.write() as conn:
        make_ticket(conn, store, "T-2")
        wrapped = conn.execute(
            select(ticket_keys.c.wrapped).order_by(ticket_keys.c.ticket)
        ).scalars()
        _one, two = wrapped
        conn.execute(delete(ticket_keys).where(ticket_keys.c.wrapped != two))
        first = select(ticket_rows.c.id).where(ticket_rows.c.number == ticket).scalar_subquery()
        conn.execute(ticket_keys.insert().values(ticket=first, wrapped=two))
    assert found_by(store, ticket) == (1, "event_payload_broken")


def test_foreign_keys_hold(store: Store) -> None:
    with pytest.raises(DBAPIError), store.write() as conn:
        conn.execute(
            users.insert().values(
                name="a",
                display_name="a",
                unit="none",
                password_hash="",
                must_change=False,
                active=True,
                failures=0,
            )
        )
