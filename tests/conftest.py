"""What tests share: times, and the store on each database with tables that are made only once.

`store` runs a test twice, on SQLite and on PostgreSQL. A test of one database alone asks for
`sqlite_settings` or `postgresql_settings`; `bare_settings` is a place without any tables yet.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, insert, select

from engine import settings as settings_of
from engine.settings import Settings
from engine.store import Store, tables, tickets
from engine.store.tickets import Ticket
from tests import servers
from tests.servers import Server
from tests.walked import (  # noqa: F401 (pytest looks for hooks in the names of a conftest)
    pytest_addoption,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked long, unless it is asked for (`make long`)."""
    if config.getoption("--long"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


BACKENDS = ("sqlite", "postgresql")
WAIT = 10.0

_count = itertools.count(1)


@pytest.fixture
def at() -> Callable[[str], datetime]:
    """A time as people in Shangrao write it: at("2026-09-30 10:00"), aware, in UTC."""

    def instant(text: str) -> datetime:
        return (
            datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)
        )

    return instant


@pytest.fixture
def now(at: Callable[[str], datetime]) -> datetime:
    """Wednesday 30 September 2026, 10:00 in Shangrao, the day before seven days of rest."""
    return at("2026-09-30 10:00")


# --- databases ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """The server of this process (each worker of xdist has its own)."""
    with servers.server() as running:
        yield running


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sqlite-template")
    Store.create(settings_of.read({"HOTLINE_HOME": str(home)})).close()
    return home


@pytest.fixture(scope="session")
def _postgresql_template(
    tmp_path_factory: pytest.TempPathFactory, postgresql_server: Server
) -> Path:
    home = tmp_path_factory.mktemp("postgresql-template")
    postgresql_server.execute(f"CREATE DATABASE template_hotline OWNER {servers.OWNER}")
    Store.create(_settings(home, postgresql_server, "template_hotline")).close()
    return home


def _settings(home: Path, server: Server, database: str) -> Settings:
    return settings_of.read(
        {
            "HOTLINE_HOME": str(home),
            "HOTLINE_DATABASE_URL": server.url(database),
            "HOTLINE_OWNER_DATABASE_URL": server.url(database, servers.OWNER),
        }
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty HOTLINE_HOME."""
    found = tmp_path / "home"
    found.mkdir()
    return found


@pytest.fixture
def sqlite_settings(home: Path, _sqlite_template: Path) -> Settings:
    """A SQLite database with tables and key, and nothing in it."""
    shutil.copytree(_sqlite_template / "var", home / "var")
    return settings_of.read({"HOTLINE_HOME": str(home)})


@pytest.fixture
def postgresql_settings(
    home: Path, postgresql_server: Server, _postgresql_template: Path
) -> Iterator[Settings]:
    """A PostgreSQL database with tables and key, and nothing in it."""
    shutil.copytree(_postgresql_template / "var", home / "var")
    name = f"test_{next(_count)}"
    postgresql_server.execute(
        f"CREATE DATABASE {name} TEMPLATE template_hotline OWNER {servers.OWNER}"
    )
    yield _settings(home, postgresql_server, name)
    postgresql_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def bare_sqlite(home: Path) -> Settings:
    """A place for a SQLite database; neither file nor key is there."""
    return settings_of.read({"HOTLINE_HOME": str(home)})


@pytest.fixture
def bare_postgresql(home: Path, postgresql_server: Server) -> Iterator[Settings]:
    """An empty PostgreSQL database; no key is there."""
    name = f"test_{next(_count)}"
    postgresql_server.execute(f"CREATE DATABASE {name} OWNER {servers.OWNER}")
    yield _settings(home, postgresql_server, name)
    postgresql_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=BACKENDS)
def bare_settings(request: pytest.FixtureRequest) -> Settings:
    """A place for a database without tables, on each database in turn."""
    found: Settings = request.getfixturevalue(f"bare_{request.param}")
    return found


@pytest.fixture(params=BACKENDS)
def settings(request: pytest.FixtureRequest) -> Settings:
    """A database with tables and key, on each database in turn."""
    found: Settings = request.getfixturevalue(f"{request.param}_settings")
    return found


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """An open store with empty tables, on each database in turn."""
    with Store.open(settings, wait=WAIT) as opened:
        yield opened


@pytest.fixture
def sqlite_store(sqlite_settings: Settings) -> Iterator[Store]:
    """An open store on SQLite alone."""
    with Store.open(sqlite_settings, wait=WAIT) as opened:
        yield opened


@pytest.fixture
def postgresql_store(postgresql_settings: Settings) -> Iterator[Store]:
    """An open store on PostgreSQL alone."""
    with Store.open(postgresql_settings, wait=WAIT) as opened:
        yield opened


# --- places ------------------------------------------------------------------------------------

AREAS = (("sr", "上饶市", "city", None), ("gf", "广丰区", "county", "sr"))
UNITS = (
    ("sr-centre", "市热线中心", "sr", "city", "centre"),
    ("sr-authority", "市热线主管部门", "sr", "city", "authority"),
    ("sr-water", "市水务局", "sr", "city", "department"),
    ("gf-centre", "广丰区热线中心", "gf", "county", "centre"),
    ("gf-authority", "广丰区热线主管部门", "gf", "county", "authority"),
    ("gf-water", "广丰区水利局", "gf", "county", "department"),
)


@pytest.fixture
def places(store: Store) -> Store:
    """The store with a city and a county, each with centre, authority and one bureau."""
    add_places(store)
    return store


def add_places(store: Store) -> None:
    """Write AREAS and UNITS straight into the tables."""
    area = ("id", "name", "level", "parent")
    unit = ("id", "name", "area", "level", "kind")
    with store.write() as conn:
        for row in AREAS:
            conn.execute(insert(tables.areas), dict(zip(area, row, strict=True)))
        for row in UNITS:
            values = dict(zip(unit, row, strict=True))
            conn.execute(insert(tables.units), {**values, "superior": None, "active": True})


@pytest.fixture
def make_ticket(now: datetime) -> Callable[[Connection, Store, str], Ticket]:
    """Make the row and key of a ticket of the city, for tests that need no process."""

    def make(conn: Connection, store: Store, number: str) -> Ticket:
        version = conn.execute(select(tables.versions.c.id)).scalar()
        if version is None:
            version = conn.execute(
                insert(tables.versions).returning(tables.versions.c.id), {"hash": "0" * 64}
            ).scalar_one()
        return tickets.create(
            conn,
            store,
            number=number,
            version=version,
            process="any_process",
            area="sr",
            centre="sr-centre",
            authority="sr-authority",
            type="consult",
            channel="phone",
            now=now,
            actor="operator",
            card={"title": "路灯不亮"},
        )

    return make
