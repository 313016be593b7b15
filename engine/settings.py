"""What the environment says: where the files are and which database is used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from engine import confidential
from engine.errors import SettingsError

HOME: Final = "HOTLINE_HOME"
DATABASE_URL: Final = "HOTLINE_DATABASE_URL"
DATABASE_URL_FILE: Final = "HOTLINE_DATABASE_URL_FILE"
OWNER_DATABASE_URL: Final = "HOTLINE_OWNER_DATABASE_URL"
OWNER_DATABASE_URL_FILE: Final = "HOTLINE_OWNER_DATABASE_URL_FILE"
KEY_FILE: Final = "HOTLINE_KEY_FILE"
TLS: Final = "HOTLINE_TLS"
PROXIES: Final = "HOTLINE_PROXIES"

_FILE_OF: Final = {
    DATABASE_URL: DATABASE_URL_FILE,
    OWNER_DATABASE_URL: OWNER_DATABASE_URL_FILE,
}
"""A variable that holds a secret, and the one that names a file with it instead."""

NAMES: Final = (HOME, *(n for pair in _FILE_OF.items() for n in pair), KEY_FILE, TLS, PROXIES)
OWNERS: Final = frozenset({OWNER_DATABASE_URL, OWNER_DATABASE_URL_FILE})
"""What makes tables, and has no business in a process that serves."""

MOST_PROXIES: Final = 10
_SWITCH: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}

_POSTGRESQL: Final = ("postgresql", "postgres", "postgresql+psycopg")
_SQLITE: Final = ("sqlite", "sqlite+pysqlite")


@dataclass(frozen=True)
class Settings:
    """Where everything is. `owner_url` None: the application's role makes the tables too."""

    home: Path
    database_url: URL
    owner_url: URL | None
    key_file: Path
    tls: bool = False
    """Whether people reach the pages by https."""
    proxies: int = 0
    """How many proxies of one's own stand in front of the pages."""

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return self.database_url.get_backend_name() == "sqlite"

    @property
    def sqlite_file(self) -> Path:
        """The embedded database's file. Errors: ValueError when the database is another."""
        if not self.is_sqlite or not self.database_url.database:
            raise ValueError("not an embedded database")
        return Path(self.database_url.database)

    @property
    def outbox(self) -> Path:
        """The folder into which the file sender writes."""
        return self.home / "var" / "outbox"

    def environment(self) -> dict[str, str]:
        """The variables that make another process read the same settings."""
        found = {
            HOME: str(self.home),
            DATABASE_URL: self.database_url.render_as_string(hide_password=False),
            KEY_FILE: str(self.key_file),
            TLS: str(int(self.tls)),
            PROXIES: str(self.proxies),
        }
        if self.owner_url is not None:
            found[OWNER_DATABASE_URL] = self.owner_url.render_as_string(hide_password=False)
        return found


def read(environment: Mapping[str, str]) -> Settings:
    """The settings of an environment (os.environ, at a door); an empty variable is an absent one.

    Errors: SettingsError home_missing, url_unknown, owner_without_database, owner_elsewhere,
    secret_twice, secret_unreadable, secret_exposed, secret_empty, secret_broken, tls_unknown,
    proxies_unknown.
    """
    home = Path(environment.get(HOME) or ".").absolute()
    if not home.is_dir():
        raise SettingsError("home_missing", path=str(home))
    database = _secret(environment, DATABASE_URL, home)
    owner = _secret(environment, OWNER_DATABASE_URL, home)
    if owner and not database:
        raise SettingsError("owner_without_database")
    key_file = home / (environment.get(KEY_FILE) or "var/keys/master.key")
    if database:
        url = _url(DATABASE_URL, database, home)
    else:
        url = URL.create("sqlite+pysqlite", database=str(home / "var" / "hotline.db"))
    owner_url = _url(OWNER_DATABASE_URL, owner, home) if owner else None
    if owner_url is not None and _place(owner_url) != _place(url):
        raise SettingsError("owner_elsewhere")
    return Settings(home, url, owner_url, key_file, _tls(environment), _proxies(environment))


def to_serve(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment as a process that serves gets it: without the way to own the tables."""
    return {name: text for name, text in environment.items() if name not in OWNERS}


def names_database(environment: Mapping[str, str]) -> bool:
    """Whether an environment names a database, itself or by a file; else it is the embedded one."""
    return bool(environment.get(DATABASE_URL) or environment.get(DATABASE_URL_FILE))


@dataclass(frozen=True, slots=True)
class Line:
    """A setting as people may see it: no password in it. `file`: it was read from there.

    `value` "" is a setting that is absent and has no default; `given`: by the environment.
    """

    name: str
    value: str
    given: bool
    file: Path | None = None


def lines(environment: Mapping[str, str]) -> list[Line]:
    """The settings in force, for people. Errors: those of read."""
    found = read(environment)
    owner = "" if found.owner_url is None else shown(found.owner_url)
    values = {
        HOME: str(found.home),
        DATABASE_URL: shown(found.database_url),
        OWNER_DATABASE_URL: owner,
        KEY_FILE: str(found.key_file),
        TLS: str(int(found.tls)),
        PROXIES: str(found.proxies),
    }
    result = []
    for name, value in values.items():
        file = environment.get(_FILE_OF.get(name, ""))
        given = bool(file or environment.get(name))
        result.append(Line(name, value, given, found.home / file if file else None))
    return result


def unknown(environment: Mapping[str, str]) -> list[str]:
    """Variables that look like settings of ours and are none: a slip of the pen, mostly."""
    return sorted(n for n in environment if n.startswith("HOTLINE_") and n not in NAMES)


def shown(url: URL) -> str:
    """The address of a database as people may see it: its file, or without any password."""
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database}"
    url = url.set(drivername=url.get_backend_name())
    hidden = {key: "***" for key in url.query if "pass" in key.lower()}
    return unquote(url.update_query_dict(hidden).render_as_string(hide_password=True))


def _secret(environment: Mapping[str, str], name: str, home: Path) -> str | None:
    """The text of a variable, or the line of the file that stands for it."""
    text, file = environment.get(name), environment.get(_FILE_OF[name])
    if text and file:
        raise SettingsError("secret_twice", name=name)
    return confidential.line(_FILE_OF[name], home / file) if file else text


def _tls(environment: Mapping[str, str]) -> bool:
    text = environment.get(TLS) or "0"
    if text.strip().lower() not in _SWITCH:
        raise SettingsError("tls_unknown", value=_shown(text))
    return _SWITCH[text.strip().lower()]


def _proxies(environment: Mapping[str, str]) -> int:
    text = environment.get(PROXIES) or "0"
    plain = text.strip()
    if not re.fullmatch("[0-9]{1,2}", plain) or int(plain) > MOST_PROXIES:
        raise SettingsError("proxies_unknown", value=_shown(text), most=MOST_PROXIES)
    return int(plain)


def _shown(text: str) -> str:
    """A piece of a variable's text that may stand in a sentence."""
    return "".join(char if char.isprintable() else "?" for char in text[:30])


def _url(name: str, text: str, home: Path) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        # The text itself is not repeated: it may hold a password.
        raise SettingsError("url_unknown", name=name) from error
    if url.drivername in _POSTGRESQL and url.database and _whole(url.host or "", url.database):
        return url.set(drivername="postgresql+psycopg")
    file = url.database if url.drivername in _SQLITE and name == DATABASE_URL else None
    if file and file != ":memory:":
        return url.set(drivername="sqlite+pysqlite", database=str(home / file))
    raise SettingsError("url_unknown", name=name)


def _whole(host: str, database: str) -> bool:
    """Whether they can be these: of a password with an unescaped sign the end is taken for them."""
    may_be = re.fullmatch(r"[\w.-]*|[0-9A-Fa-f:.%]+", host)
    return bool(may_be) and not set(database) & set("@/")


def _place(url: URL) -> tuple[object, ...]:
    host = url.query.get("host", url.host) or "localhost"
    return host, url.port or url.query.get("port") or 5432, url.database
