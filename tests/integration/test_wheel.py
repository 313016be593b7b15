"""The wheel: all that a person needs who has no checkout."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout, built without a network (`make test` has built its parts)."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", folder, ROOT],
        check=True,
        capture_output=True,
        text=True,
    )
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_carries_diagrams_forms_pages_and_licences(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for folder in ("bpmn", "forms"):
        drawn = {p.relative_to(ROOT).as_posix() for p in (ROOT / folder).rglob("*") if p.is_file()}
        assert {f"engine/definitions/{name}" for name in drawn} <= names
    pages = {p.relative_to(ROOT).as_posix() for p in (ROOT / "webapp/templates").rglob("*.html")}
    assert pages <= names
    assert {"webapp/static/vendor/app.js", "webapp/static/vendor/app.css"} <= names
    assert "webapp/static/vendor/licenses/bootstrap.txt" in names
    # The dates' own licence travels with them.
    assert {"engine/calendar/workdays.csv", "engine/calendar/README.md"} <= names
    assert any(name.endswith("LC_MESSAGES/messages.mo") for name in names)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert not [name for name in names if "node_modules" in name or name.startswith("tests/")]


# --- installed ----------------------------------------------------------------------------------

LOCKED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


def locked() -> list[tuple[str, str]]:
    """Name and version of everything that requirements/base.txt locks."""
    return LOCKED.findall((ROOT / "requirements/base.txt").read_text("utf-8"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`hotline` in a fresh environment: the locked packages and the wheel, no tool, no checkout.

    The packages are linked from this environment, which was installed from the lock with its
    hashes: no network is needed, and what is not in the lock cannot be imported.
    """
    place = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(place, symlinks=True)
    (site,) = place.glob("lib/python*/site-packages")
    for name, version in locked():
        found = distribution(name)
        assert found.version == version
        assert found.files
        for top in {file.parts[0] for file in found.files if file.parts[0] not in ("..", "bin")}:
            source = Path(str(found.locate_file(top)))
            if not (site / top).exists() and top != "__pycache__":
                (site / top).symlink_to(source)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", place / "bin/python", "--quiet"),
            *("--disable-pip-version-check", "install", "--no-index", "--no-deps", wheel),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return place / "bin"


def own(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HOTLINE_", "PYTHON"))}
    return kept | {"HOTLINE_HOME": str(home)}


def test_a_fresh_environment_holds_nothing_but_the_lock_and_the_wheel(installed: Path):
    asked = "import engine, importlib.util as u; print(engine.__file__, u.find_spec('pytest'))"
    said = subprocess.run(
        [installed / "python", "-P", "-c", asked],
        env=own(installed),
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert said[0].startswith(str(installed.parent))
    assert said[1] == "None"
    checked = subprocess.run(
        [sys.executable, "-m", "pip", "--python", installed / "python", "check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_a_new_database_is_made_from_the_wheel_in_an_empty_folder(installed: Path, tmp_path: Path):
    """And somebody works: check, deploy, serve, a sign-in, a new password, a sweep, verify."""
    home = tmp_path / "home"
    home.mkdir()

    def hotline(*arguments: object) -> str:
        done = subprocess.run(
            [installed / "hotline", *map(str, arguments)],
            cwd=home,
            env=own(home),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    password = re.search(r"口令：(\S+)（", hotline("init"))
    assert password
    assert (home / "var/hotline.db").is_file()
    assert "没有发现问题" in hotline("check", "--shipped")
    hotline("deploy", "--shipped", "--reason", "重新部署")
    port = free_port()
    serving = subprocess.Popen(
        [installed / "hotline", "serve", "--port", str(port), "--workers", "1"],
        cwd=home,
        env=own(home),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        visitor = Visitor(port)
        wait_for(visitor)
        healthy(port)
        assert "修改" in visitor.send("/sign-in", name="admin", password=password[1])
        new = "a-new-word-of-my-own"
        changed = visitor.send("/password", old=password[1], new=new, again=new)
        assert "密码已修改" in changed
        assert "系统管理员" in visitor.get("/")
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(30) == 0
    finally:
        serving.kill()
        serving.communicate()
    assert "失败 0 个" in hotline("sweep", "--once")
    hotline("verify", "--all")


class Visitor:
    """A browser without anything but cookies and forms."""

    def __init__(self, port: int) -> None:
        self.site = f"http://127.0.0.1:{port}"
        jar = urllib.request.HTTPCookieProcessor()
        self._opener = urllib.request.build_opener(jar)

    def get(self, path: str) -> str:
        """The text of a page."""
        with self._opener.open(self.site + path, timeout=30) as answer:
            return str(answer.read().decode())

    def send(self, path: str, **fields: str) -> str:
        """Fill in the form of a page and send it; the text of where that leads."""
        shown = re.search(rf'<form[^>]*action="{path}[^"]*".*?</form>', self.get(path), re.S)
        assert shown, f"no form at {path}"
        hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', shown[0])
        body = urllib.parse.urlencode(dict(hidden) | fields).encode()
        with self._opener.open(self.site + path, data=body, timeout=30) as answer:
            return str(answer.read().decode())


def wait_for(visitor: Visitor) -> None:
    for _ in range(300):
        try:
            visitor.get("/healthz")
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail("no answer")


def healthy(port: int) -> None:
    """What the image's HEALTHCHECK runs finds this server well, and one that is not there ill."""
    text = (ROOT / "deploy/Containerfile").read_text("utf-8")
    said = re.search(r"^HEALTHCHECK .*?CMD (\[.*?\])$", text, re.MULTILINE | re.DOTALL)
    assert said
    for there, code in ((port, 0), (free_port(), 1)):
        command = [word.replace(":8000/", f":{there}/") for word in json.loads(said[1])]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        assert done.returncode == code, done.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
