"""The wheel: all that a person needs who has no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
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


def test_a_new_database_is_made_from_the_wheel_in_an_empty_folder(wheel: Path, tmp_path: Path):
    installed, home = tmp_path / "installed", tmp_path / "home"
    home.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HOTLINE_", "PYTHON"))}
    # In front of the checkout, which an editable install has put on the path.
    environment = kept | {"PYTHONPATH": str(installed)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", *arguments],
            cwd=home,
            env=environment,
            capture_output=True,
            text=True,
        )

    where = run("-c", "import engine; print(engine.__file__)")
    assert where.stdout.startswith(str(installed))
    made = run("-m", "engine.cli", "init")
    assert made.returncode == 0, made.stderr
    assert (home / "var/hotline.db").is_file()
    verified = run("-m", "engine.cli", "verify", "--all")
    assert verified.returncode == 0, verified.stdout + verified.stderr
