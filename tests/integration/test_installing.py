"""The SQL of an installation, run as an operator runs it, and what the two roles may do."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests import servers
from tests.commands import hotline

ROOT = Path(__file__).resolve().parents[2]
SQL = (ROOT / "deploy/postgresql.sql").read_text("utf-8")

NAME = "installed"
"""In place of `hotline` in database and roles: the suite's server has those already."""


@pytest.fixture
def made(postgresql_server):
    """A server on which deploy/postgresql.sql has been run by psql."""
    psql = servers.binaries() / "psql"
    done = subprocess.run(
        [
            *(psql if psql.exists() else "psql", "-v", "ON_ERROR_STOP=1", "-X"),
            *("-d", postgresql_server.url("postgres", servers.ADMIN)),
        ],
        input=SQL.replace("hotline", NAME),
        env=os.environ | {"OWNER_PASSWORD": "own'er", "APP_PASSWORD": "app"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    yield postgresql_server
    postgresql_server.execute(
        f"DROP DATABASE {NAME} WITH (FORCE)", f"DROP ROLE {NAME}_owner", f"DROP ROLE {NAME}_app"
    )


def secret(folder, name, text):
    file = folder / name
    file.touch(0o600)
    file.write_text(text + "\n")
    return str(file)


def test_the_owner_makes_the_tables_and_the_application_cannot_touch_the_log(made, home, tmp_path):
    app, owner = (made.url(NAME, f"{NAME}_{role}") for role in ("app", "owner"))
    services = {"HOTLINE_DATABASE_URL_FILE": secret(tmp_path, "app", app)}
    done = hotline(
        home, "init", **services, HOTLINE_OWNER_DATABASE_URL_FILE=secret(tmp_path, "owner", owner)
    )
    assert "口令" in done.stdout
    assert done.stderr == ""
    hotline(home, "verify", "--all", **services)
    hotline(home, "sweep", "--once", **services)
    with psycopg.connect(app, autocommit=True) as conn:
        assert conn.execute("SELECT count(*) FROM events").fetchone()[0] > 0
        for statement in (
            "UPDATE events SET actor = 'nobody'",
            "DELETE FROM events",
            "TRUNCATE events",
            "DROP TABLE events",
            "ALTER TABLE events DISABLE TRIGGER ALL",
            "CREATE TABLE mine (x int)",
            "CREATE TEMPORARY TABLE mine (x int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement)


def test_nobody_else_comes_in(made):
    with pytest.raises(psycopg.OperationalError, match="CONNECT"):
        psycopg.connect(made.url(NAME, servers.APPLICATION))


def test_the_guide_shows_the_sql_that_is_run():
    guide = (ROOT / "docs/guide-install.zh-CN.md").read_text("utf-8")
    (shown,) = re.findall(r"```sql\n(.*?)```", guide, re.DOTALL)
    run = [line for line in SQL.splitlines() if line[:2] not in ("--", "\\g")]
    assert re.sub(r":'\w+'", "'…'", "\n".join(run)) == shown.strip()
