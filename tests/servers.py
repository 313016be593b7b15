"""A PostgreSQL server of the suite's own: started, used by an ordinary user, gone at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

MISSING = """\
The tests need PostgreSQL's programs (initdb, postgres), and they are not on this machine.
Run this, then the tests again:  apt-get install -y postgresql"""

ADMIN, OWNER, APPLICATION, LOCKED = "postgres", "hotline_owner", "hotline_app", "hotline_locked"

_INITDB = ("-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")

# The shell outlives nobody: when pytest dies, even by kill -9, its end of the pipe closes.
_UNTIL_PARENT_ENDS = '"$@" & child=$!; read _; kill -INT $child; wait $child'


def binaries() -> Path:
    """The folder of PostgreSQL's server programs; the test fails where there are none."""
    found = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # Debian's place
    found += sorted(Path("/usr").glob("pgsql-*/bin"), reverse=True)  # Red Hat's and its kin
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    pytest.fail(MISSING, pytrace=False)


def ordinary_user() -> pwd.struct_passwd | None:
    """Who runs servers when the suite runs as root (PostgreSQL refuses root); None otherwise."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.fail("No ordinary user to run PostgreSQL as.", pytrace=False)


class Server:
    """A running server; everybody who reaches its loopback port is let in."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self.folder = folder

    def url(self, database: str, role: str = APPLICATION) -> str:
        """The address of a database as a role sees it."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str, database: str = "postgres", role: str = ADMIN) -> None:
        """Run statements one by one, outside a transaction, by default as the superuser."""
        with psycopg.connect(self.url(database, role), autocommit=True) as conn:
            for statement in statements:
                conn.execute(statement.encode())


@contextmanager
def server() -> Iterator[Server]:
    """Start a server with the roles of an installation; about a second."""
    programs = binaries()
    user = ordinary_user()
    account = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid}
    # Not below pytest's folder, which only its own user may enter; the path of a socket is short.
    folder = Path(tempfile.mkdtemp(prefix="hotline-pg-"))
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data = folder / "data"
        made = subprocess.run(
            [programs / "initdb", "-D", data, "-U", ADMIN, *_INITDB],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            **account,
        )
        if made.returncode:
            pytest.fail(f"initdb failed: {made.stderr}", pytrace=False)
        rules = data / "pg_hba.conf"
        rules.write_text(f"host all {LOCKED} all scram-sha-256\n" + rules.read_text())
        port = _free_port()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *("sh", "-c", _UNTIL_PARENT_ENDS, "sh"),
                    *(programs / "postgres", "-D", data, *_settings(port, folder)),
                ],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=folder,
                **account,
            )
        try:
            running = Server(port, folder)
            _wait(running, process)
            running.execute(
                f"CREATE ROLE {OWNER} LOGIN",
                f"CREATE ROLE {APPLICATION} LOGIN",
                f"CREATE ROLE {LOCKED} LOGIN PASSWORD 'right'",
            )
            yield running
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _settings(port: int, folder: Path) -> list[str]:
    chosen = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": folder,
        # The data is thrown away with the server.
        "fsync": "off",
        "full_page_writes": "off",
        "shared_buffers": "64MB",
        "max_connections": 120,
        "autovacuum": "off",
        "timezone": "UTC",
    }
    return [word for name, value in chosen.items() for word in ("-c", f"{name}={value}")]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(running: Server, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(running.url("postgres", ADMIN), connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                said = (running.folder / "log").read_text(errors="replace")
                pytest.fail(f"PostgreSQL did not start: {said}", pytrace=False)
            time.sleep(0.05)
