"""What the environment says: where the files are and which database is used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from engine.errors import SettingsError

HOME: Final = "HOTLINE_HOME"
DATABASE_URL: Final = "HOTLINE_DATABASE_URL"
OWNER_DATABASE_URL: Final = "HOTLINE_OWNER_DATABASE_URL"
KEY_FILE: Final = "HOTLINE_KEY_FILE"
TLS: Final = "HOTLINE_TLS"
PROXIES: Final = "HOTLINE_PROXIES"

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
    tls_unknown, proxies_unknown.
    """
    home = Path(environment.get(HOME) or ".").absolute()
    if not home.is_dir():
        raise SettingsError("home_missing", path=str(home))
    database, owner = environment.get(DATABASE_URL), environment.get(OWNER_DATABASE_URL)
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
    if url.drivername in _POSTGRESQL and url.database:
        return url.set(drivername="postgresql+psycopg")
    file = url.database if url.drivername in _SQLITE and name == DATABASE_URL else None
    if file and file != ":memory:":
        return url.set(drivername="sqlite+pysqlite", database=str(home / file))
    raise SettingsError("url_unknown", name=name)


def _place(url: URL) -> tuple[object, ...]:
    host = url.query.get("host", url.host) or "localhost"
    return host, url.port or url.query.get("port") or 5432, url.database
