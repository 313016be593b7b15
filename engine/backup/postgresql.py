"""PostgreSQL's own programs: pg_dump inside a snapshot of ours, pg_restore as one transaction.

What they write and read goes through pipes of this process, so that neither outlives it.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from sqlalchemy import URL, Connection, text

from engine import files
from engine.errors import StoreError, Trouble
from engine.settings import Settings
from engine.store import engines

PLACES: Final = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
"""Where Debian's and Red Hat's packages put the programs of each version, beside the PATH."""

_UNWANTED: Final = re.compile(
    r"; \d+ \d+ (TABLE DATA \S+ alembic_version |(COMMENT - )?EXTENSION )"
)
"""What of an archive is not loaded: its revision, and extensions, which only a superuser may."""


@contextmanager
def snapshot(settings: Settings, wait: float) -> Iterator[tuple[Connection, str]]:
    """A transaction that reads as the tables' owner, and the snapshot's name for pg_dump."""
    engine = engines.connect(settings, wait, schema=True)
    try:
        reader = engines.reader(engine, settings, wait)
        with engines.begin(reader, writes=False) as conn:
            # It has nothing to do while pg_dump works.
            conn.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            yield conn, str(conn.execute(text("SELECT pg_export_snapshot()")).scalar_one())
    finally:
        engine.dispose()


def server(conn: Connection) -> int:
    """The major version of the server."""
    return int(conn.execute(text("SHOW server_version_num")).scalar_one()) // 10_000


def program(name: str, version: int) -> tuple[Path, int]:
    """The program of that major version, else of the next one after it; and which it is.

    An older one refuses a newer server or archive. Errors: Trouble program_missing.
    """
    found = []
    for folder in (*os.environ.get("PATH", "").split(os.pathsep), *PLACES):
        for path in sorted(Path("/").glob(folder.lstrip("/"))) if folder else ():
            if os.access(path / name, os.X_OK):
                found.append((_version(path / name), path / name))
    fitting = [(major, path) for major, path in found if major >= version]
    if not fitting:
        raise Trouble("program_missing", program=name, version=version)
    major, path = min(fitting)
    return path, major


def _version(path: Path) -> int:
    said = subprocess.run(  # noqa: S603
        [path, "--version"], capture_output=True, text=True, check=False
    ).stdout
    major = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(major[1]) if major else 0


def dump(settings: Settings, program: Path, snapshot: str, wait: float) -> Iterator[bytes]:
    """The whole database as pg_dump's archive, as the snapshot shows it.

    Errors: StoreError database_*; Trouble program_failed.
    """
    url = settings.owner_url or settings.database_url
    command = [
        *(str(program), "--dbname", _address(url), "--format", "custom", "--snapshot", snapshot),
        *("--no-owner", "--no-privileges", "--lock-wait-timeout", str(round(wait * 1000))),
    ]
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(  # noqa: S603
            command, env=_environment(url), stdout=subprocess.PIPE, stderr=said
        ) as child:
            assert child.stdout is not None  # noqa: S101
            try:
                yield from files.chunks(child.stdout)
            except BaseException:
                child.kill()
                raise
        _check(child.returncode, program, said)


def load(settings: Settings, program: Path, archive: Path, told: files.Told) -> None:
    """Bring an archive into an empty database, all or nothing, but for its revision.

    Without a revision no hotline opens it: that row is the caller's to write, last of all.
    Errors: Trouble program_failed; OSError.
    """
    url = settings.owner_url or settings.database_url
    with tempfile.TemporaryFile() as said, tempfile.NamedTemporaryFile("w") as wanted:
        listed = subprocess.run(  # noqa: S603
            [program, "--list", archive], stdout=subprocess.PIPE, stderr=said, check=False
        )
        _check(listed.returncode, program, said)
        lines = listed.stdout.decode().splitlines(keepends=True)
        wanted.writelines(line for line in lines if not _UNWANTED.search(line))
        wanted.flush()
        command = [
            *(str(program), "--dbname", _address(url), "--use-list", wanted.name),
            *("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"),
        ]
        with subprocess.Popen(  # noqa: S603
            command, env=_environment(url), stdin=subprocess.PIPE, stdout=said, stderr=said
        ) as child:
            assert child.stdin is not None  # noqa: S101
            try:
                _feed(archive, child.stdin, told)
            except BrokenPipeError:
                pass  # it has given up, and says why
            except BaseException:
                child.kill()
                raise
        _check(child.returncode, program, said)


def _feed(archive: Path, pipe: IO[bytes], told: files.Told) -> None:
    done = 0
    with archive.open("rb") as file, pipe:
        for chunk in files.chunks(file):
            pipe.write(chunk)
            done += len(chunk)
            told(done)


def _check(code: int, program: Path, said: IO[bytes]) -> None:
    said.seek(0)
    lines = said.read(10_000).decode(errors="replace").splitlines()
    if code == 0:
        return
    if any("lock timeout" in line for line in lines):
        raise StoreError("database_locked")
    if any("permission denied" in line for line in lines):
        raise StoreError("database_forbidden")
    first = next((line for line in lines if "error" in line), "".join(lines[:1]))
    raise Trouble("program_failed", program=program.name, status=code, said=first[:300])


def _address(url: URL) -> str:
    """libpq's address of a database; the password goes through the environment."""
    plain = url.set(drivername="postgresql")._replace(password=None)
    return plain.render_as_string(hide_password=False)


def _environment(url: URL) -> dict[str, str]:
    own = os.environ | {"LC_ALL": "C", "PGAPPNAME": "hotline backup"}
    return own | ({"PGPASSWORD": str(url.password)} if url.password else {})
