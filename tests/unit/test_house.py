"""The rules of the house that no tool knows: names, rooms, clocks, files."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from engine import settings

ROOT = Path(__file__).resolve().parents[2]
PURE = (
    "flow", "picture", "formjs", "imports", "record",
    "workdays.py", "access.py", "milestones.py", "variables.py", "terms.py", "duty.py",
)  # fmt: skip
WRITES_A_FILE = {"engine/imports/report.py": {"os"}}
"""Of a pure room, what writes a file for whoever asked: by the modules that it may know."""
DOORS = ("webapp/", "engine/cli", "engine/sweep.py", "engine/city/")


def tracked() -> list[Path]:
    """Every file that git has or is about to have."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def python(*folders: str) -> list[Path]:
    return [p for p in tracked() if p.suffix == ".py" and name(p).startswith(folders)]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text("utf-8"), str(path)))


def pure() -> list[Path]:
    return python(*(f"engine/{room}" for room in PURE))


def drawn_ids() -> set[str]:
    """The ids of everything in bpmn/ that a process owner may rename, draw anew or take away."""
    ids = set()
    for path in [*ROOT.glob("bpmn/**/*.bpmn"), *ROOT.glob("bpmn/**/*.dmn")]:
        for element in etree.parse(path).getroot().iter("{*}*"):
            shape = "/DI" in (etree.QName(element).namespace or "")
            if not shape and element.get("id"):
                ids.add(element.get("id"))
    return ids


def test_no_id_of_a_diagram_stands_in_python_or_a_template():
    ids = drawn_ids()
    assert ids, "bpmn/ holds no diagram"
    told = {
        p
        for p in tracked()
        if (p.suffix == ".py" and name(p).startswith(("engine/", "webapp/", "bench/", "tools/")))
        or (p.suffix in {".html", ".txt", ".js"} and name(p).startswith("webapp/"))
    }
    found = [
        f"{name(path)}: {word}"
        for path in sorted(told)
        for word in sorted(ids & set(re.findall(r"\w+", path.read_text("utf-8"))))
    ]
    assert found == []


def test_no_user_task_of_a_diagram_stands_in_any_python():
    tasks = {
        element.get("id")
        for path in ROOT.glob("bpmn/**/*.bpmn")
        for element in etree.parse(path).getroot().iter("{*}userTask")
    }
    assert tasks
    found = [
        f"{name(path)}: {word}"
        for path in python("")
        for word in sorted(tasks & set(re.findall(r"\w+", path.read_text("utf-8"))))
    ]
    assert found == []


def test_the_engine_evaluates_no_text():
    found = [
        f"{name(path)}:{node.lineno}"
        for path in python("engine/", "webapp/")
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"eval", "exec", "compile", "__import__"}
    ]
    assert found == []


def test_only_doors_read_the_clock():
    """Whatever tells the time of day; measuring a duration (perf_counter) is another matter."""
    told = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime"}
    found = []
    for path in python("engine/", "webapp/"):
        if name(path).startswith(DOORS):
            continue
        for node in nodes(path):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            owner = node.func.value
            last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if node.func.attr in told and last in {"datetime", "date", "time", "func"}:
                found.append(f"{name(path)}:{node.lineno}")
    assert found == []


def test_the_pure_rooms_know_nothing_of_the_world():
    world = {
        "sqlalchemy", "alembic", "flask", "apscheduler", "psycopg", "pysqlite3", "sqlite3",
        "time", "random", "secrets", "socket", "subprocess", "threading", "os", "click", "logging",
    }  # fmt: skip
    found = []
    for path in pure():
        for node in nodes(path):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            else:
                continue
            outside = world - WRITES_A_FILE.get(name(path), set())
        found += [f"{name(path)}: {m}" for m in modules if m.split(".")[0] in outside]
    assert found == []


def test_what_reads_writes_nothing():
    found = [
        f"{name(path)}:{node.lineno}"
        for path in python("engine/read/")
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", ""))
        in {"insert", "update", "delete", "write"}
        and not _on_a_dict(node)
    ]
    assert found == []


def _on_a_dict(node: ast.Call) -> bool:
    """`dict.update(…)` and a digest's `.update(…)` have arguments; SQL's has a table or none."""
    return isinstance(node.func, ast.Attribute) and node.func.attr == "update" and bool(node.args)


def test_a_long_module_has_its_reason_in_the_architecture():
    told = (ROOT / "docs/architecture.md").read_text("utf-8")
    long = [
        name(path)
        for path in python("engine/", "webapp/", "bench/", "tools/")
        if len(path.read_text("utf-8").splitlines()) > 400
    ]
    assert [path for path in long if f"`{path}`" not in told] == []


ROOMS = {"flow/": 8, "check/": 10, "store/": 8, "acts/": 8, "read/": 8, "webapp/": 8}
"""Rooms of which the architecture names each module, and how far in its names begin."""


def named_modules(room: str) -> set[str]:
    """The modules of a room that the architecture's list of rooms names at the head of a line."""
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    rooms = text.partition("\n## Rooms\n")[2].partition("\n## ")[0].splitlines()
    first = next(n for n, line in enumerate(rooms) if re.match(rf" +{room} ", line))
    far = ROOMS[room]
    found: set[str] = set()
    for line in rooms[first + 1 :]:
        inward = len(line) - len(line.lstrip())
        if inward < far:
            break
        if inward == far:
            found |= set(re.split(r" {2,}|/ ", line.strip())[0].split())
    return found - {"check"}


@pytest.mark.parametrize("room", ROOMS)
def test_every_module_stands_in_the_list_of_rooms(room):
    folder = {"check/": "engine/flow/check", "webapp/": "webapp"}.get(room, f"engine/{room[:-1]}")
    there = {path.stem for path in (ROOT / folder).glob("*.py")} - {"__init__"}
    assert there, folder
    assert named_modules(room) == there


# Written in parts, so that this file is not its own finding.
PLACES = re.compile(
    "|".join(
        [
            r"/work" + r"/(main|shared|\.)",
            r"/opt" + r"/(pypi|wheels)",
            r"/root" + r"/",
            r"/home" + r"/[a-z]",
            r"\.pyenv" + r"/",
            r"files\.python" + r"hosted",
            r"pypi" + r"\.org",
            r"registry\.npm" + r"js",
            r"npm" + r"mirror",
            r"deb\.debian" + r"\.org",
            r"mirrors?\.[a-z]+\.(com|edu|org|cn)",
        ]
    )
)


def test_no_file_names_a_machine_or_a_registry():
    found = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name(path)}: {match[0]}" for match in PLACES.finditer(text)]
    assert found == []


def test_every_setting_is_documented_and_every_documented_one_exists():
    setting = re.compile(r"\bHOTLINE_[A-Z_]*[A-Z]\b")
    told = set(setting.findall((ROOT / "docs/settings.md").read_text("utf-8")))
    known = set(settings.NAMES)
    assert known - told == set(), "not in docs/settings.md"
    assert told - known == set(), "in docs/settings.md only"
    rooms = ("engine/", "webapp/", "tools/", "deploy/", "docs/", "Makefile", "README")
    named = {
        (word, name(path))
        for path in tracked()
        if name(path).startswith(rooms)
        and path.suffix not in {".svg", ".png", ".jpg", ".csv", ".map"}
        for word in setting.findall(path.read_text("utf-8"))
    }
    assert known <= {word for word, _ in named}
    assert [pair for pair in sorted(named) if pair[0] not in known] == [], "no setting of ours"


def test_only_doors_read_the_environment():
    """Whoever needs a setting is given it; `engine.settings` reads what a door hands it.

    What runs another program hands on the little of it that this program needs.
    """
    doors = ("engine/cli/", "webapp/wsgi.py")
    hands_on = ("engine/backup/postgresql.py", "engine/quarantine.py")
    found = [
        f"{name(path)}:{node.lineno}"
        for path in python("engine/", "webapp/")
        if not name(path).startswith((*doors, *hands_on))
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}
    ]
    assert found == []


def test_settings_reads_every_variable_that_it_names():
    """A name in NAMES that `read` never asks for would be a setting without effect."""

    class Asked(dict):
        def __init__(self):
            super().__init__()
            self.names = set()

        def get(self, key, default=None):
            self.names.add(key)
            return default

    asked = Asked()
    settings.read(asked)
    assert asked.names == set(settings.NAMES)


def test_one_version_everywhere():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    for file in ("package.json", "package-lock.json"):
        text = (ROOT / "webapp/frontend" / file).read_text("utf-8")
        assert json.loads(text)["version"] == version
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest
    assert newest[1] == version


def test_the_wheel_asks_for_what_the_lock_holds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = (ROOT / "requirements/base.in").read_text("utf-8").splitlines()
    assert project["dependencies"] == [line for line in lines if line and line[0] != "#"]


def test_the_notices_name_every_package_at_its_version():
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text("utf-8")
    base = (ROOT / "requirements/base.txt").read_text("utf-8")
    locked = re.findall(r"^([\w.-]+)==(\S+)", base, re.MULTILINE)
    lock = json.loads((ROOT / "webapp/frontend/package-lock.json").read_text("utf-8"))
    locked += [
        (path.removeprefix("node_modules/"), package["version"])
        for path, package in lock["packages"].items()
        if path and not package.get("dev")
    ]
    assert [pair for pair in locked if f"| {pair[0]} | {pair[1]} |" not in notices] == []


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")), ids=name
)
def test_every_link_of_a_document_leads_somewhere(path):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text("utf-8"))
    inner = [target for target in targets if "://" not in target and "mailto:" not in target]
    assert [target for target in inner if not (path.parent / target).exists()] == []


def test_every_link_of_a_bundle_leads_to_what_is_packed():
    """An installed owner reads the guides beside what they speak of."""
    lines = re.findall(
        r'^cp (.*) "\$place/.*"$', (ROOT / "tools/bundle").read_text("utf-8"), re.MULTILINE
    )
    words = [word for line in lines for word in line.split() if not word.startswith(("-", '"'))]
    packed = {path.resolve() for word in words for path in ROOT.glob(word)}
    packed |= {path for folder in packed if folder.is_dir() for path in folder.rglob("*")}
    documents = [path for path in packed if path.suffix == ".md"]
    assert {"guide-process-owner.zh-CN.md", "CHANGELOG.md"} <= {path.name for path in documents}
    for path in documents:
        targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text("utf-8"))
        inner = [target for target in targets if "://" not in target]
        gone = [one for one in inner if (path.parent / one).resolve() not in packed]
        assert gone == [], name(path)


def test_every_test_that_the_evidence_names_exists():
    text = (ROOT / "docs/evidence.md").read_text("utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)
    assert named
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not (ROOT / file).is_file()
        or (test and f"def {test}(" not in (ROOT / file).read_text("utf-8"))
    ]
    assert missing == []
