"""Copies of simulated tickets: chains of their own that verify, and nothing on a real database."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from engine import settings
from engine.cli.setting_up import create, furnish_demo
from engine.cli.simulating import month
from engine.read import agenda, verify
from engine.store import Store, log
from engine.store.tables import events, numbers, tickets
from tests.commands import hotline


@pytest.fixture
def database(bare_settings) -> dict[str, str]:
    """The environment of a new database, on each kind in turn."""
    found: dict[str, str] = bare_settings.environment()
    return {key: value for key, value in found.items() if "DATABASE" in key}


def test_copies_verify_with_numbers_keys_and_chains_of_their_own(bare_settings, database):
    home = bare_settings.home
    few = ("simulate", "--from", "2026-09-21", "--days", 12, "--tickets", 12, "--seed", 4)
    hotline(home, *few, **database)
    said = hotline(home, "multiply", 3, **database)
    assert "已复制工单 36 件" in said.stdout
    assert "全部相符：49 条链" in hotline(home, "verify", "--all", **database).stdout
    with Store.open(bare_settings) as store, store.read() as conn:
        found = conn.execute(select(tickets).order_by(tickets.c.id)).all()
        days = {row.name: row.last for row in conn.execute(select(numbers))}
        assert sum(last for name, last in days.items() if name.startswith("ticket/")) == 48
        assert len({row.head for row in found}) == 48
        assert len({log.key_of(conn, store, row.number) for row in found}) == 48
        first, copy = found[0], found[12]
        assert (first.type, first.created_at, first.seq) == (copy.type, copy.created_at, copy.seq)
        said = [log.read_payloads(conn, store, row.number)[1] for row in (first, copy)]
        assert said[0] == said[1]
        chains = set(conn.execute(select(events.c.chain)).scalars())
        assert chains == {"system", *(row.number for row in found)}


def test_tickets_under_way_are_copied_less_often_on_demand(home):
    few = ("simulate", "--from", "2026-09-21", "--days", 12, "--tickets", 12, "--seed", 4)
    url = {"HOTLINE_DATABASE_URL": f"sqlite:///{home}/var/city.db"}
    hotline(home, *few, **url)
    with Store.open(settings.read({**url, "HOTLINE_HOME": str(home)})) as store:
        query = select(func.count()).select_from(tickets).where(tickets.c.ended_at.is_(None))
        with store.read() as conn:
            under_way = conn.execute(query).scalar_one()
        assert 0 < under_way < 12
        said = hotline(home, "multiply", 3, "--open", 1, **url)
        assert f"已复制工单 {3 * (12 - under_way) + under_way} 件" in said.stdout
        with store.read() as conn:
            assert conn.execute(query).scalar_one() == 2 * under_way


def test_merged_tickets_are_copied_with_their_main_one(bare_settings, database):
    home = bare_settings.home
    hotline(home, "simulate", "--from", "2026-09-21", "--days", 3, "--tickets", 3, **database)
    with Store.open(bare_settings) as store:
        one, two, _ = agenda.numbers(store)
        with store.write() as conn:  # as if it had been merged: the rows say so alone
            merged = tickets.update().where(tickets.c.number == two)
            conn.execute(merged.values(merged_into=one))
    hotline(home, "multiply", 2, **database)
    with Store.open(bare_settings) as store, store.read() as conn:
        into = select(tickets.c.merged_into).where(tickets.c.merged_into.is_not(None))
        found = conn.execute(into.order_by(tickets.c.id)).scalars().all()
        assert found[0] == one
        assert len(set(found)) == 3


def test_a_database_that_no_simulation_made_is_left_alone(bare_settings, database, at):
    start = at("2026-09-21 00:00")
    with create(bare_settings) as store:
        furnish_demo(store, start)
        month(store, start, 2, 2, 1).run()
        before = agenda.count(store)
    said = hotline(bare_settings.home, "multiply", 2, code=1, **database)
    assert "不是模拟出来的" in said.stderr
    with Store.open(bare_settings) as store:
        assert agenda.count(store) == before
        assert verify.verify(store).differences == ()
