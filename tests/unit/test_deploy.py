"""What deploy/ gives an operator: units that systemd accepts, walls that hold, words that exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = DEPLOY / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
PROGRAM = "/opt/hotline/bin/hotline"

MISSING = "The tests need systemd-analyze. Run this, then again:  apt-get install -y systemd"


@pytest.fixture(scope="module")
def analyze(tmp_path_factory):
    """systemd-analyze over the units, with a program in place of the installed one."""
    if shutil.which("systemd-analyze") is None:
        pytest.fail(MISSING, pytrace=False)
    place = tmp_path_factory.mktemp("units")
    shutil.copytree(UNITS, place, dirs_exist_ok=True)
    shutil.copy(DEPLOY / "systemd-postgresql.conf", place / "hotline-.service.d/postgresql.conf")
    program = place / "hotline"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in place.glob("*.service"):
        text = unit.read_text("utf-8")
        assert PROGRAM in text
        unit.write_text(text.replace(PROGRAM, str(program)), "utf-8")

    def run(verb, *arguments):
        # The colon: what the system has is looked for after these.
        return subprocess.run(
            ["systemd-analyze", verb, *arguments],
            cwd=place,
            env=os.environ | {"SYSTEMD_UNIT_PATH": f"{place}:", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def told(done):
    return (done.stdout + done.stderr).strip()


def test_systemd_finds_nothing_to_say_about_the_units(analyze):
    units = sorted(path.name for path in UNITS.glob("*.*") if path.is_file())
    done = analyze("verify", "--man=no", *units)
    assert (done.returncode, told(done)) == (0, "")


def test_a_slip_in_a_unit_would_be_found(analyze, tmp_path):
    wrong = tmp_path / "hotline-wrong.service"
    wrong.write_text("[Service]\nExecStart=/bin/true\nNoNewPrivilege=yes\n")
    assert "NoNewPrivilege" in told(analyze("verify", "--man=no", str(wrong)))


@pytest.mark.parametrize("unit", SERVICES)
def test_every_service_stands_behind_the_same_walls(analyze, unit):
    """systemd's own measure, 0 (nothing to attack) to 10: below 2.0."""
    done = analyze("security", "--offline=true", "--threshold=20", unit)
    assert done.returncode == 0, told(done)


def test_units_say_commands_that_exist_and_use_the_shared_part():
    shared = (UNITS / "hotline-.service.d/common.conf").read_text("utf-8")
    assert "NoNewPrivileges=yes" in shared
    assert "User=hotline" in shared
    said = set()
    for unit in SERVICES:
        assert unit.startswith("hotline-"), "the drop-in would not count"
        said |= set(re.findall(rf"{PROGRAM} (\w+)", (UNITS / unit).read_text("utf-8")))
    assert said <= set(COMMANDS)
    timers = {path.stem for path in UNITS.glob("*.timer")}
    assert timers < {name.removesuffix(".service") for name in SERVICES}


def test_old_backups_go_and_what_killed_ones_left(tmp_path):
    """By the very commands of the unit, with a folder in place of the installed one."""
    ages = {
        "20260901-023000": 40, "20261129-023000": 1, "before-the-move": 40,
        ".20261101-023000.ab12cd.partial": 3, ".20261130-023000.xy34zw.partial": 0, ".mine": 40,
    }  # fmt: skip
    for name, days in ages.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "database.sqlite").write_text("x")
        then = folder.stat().st_mtime - days * 86_400 - 60
        os.utime(folder, (then, then))
    text = (UNITS / "hotline-backup.service").read_text("utf-8")
    for line in re.findall(r"^ExecStartPost=(.*)$", text, re.MULTILINE):
        words = line.replace("/var/backups/hotline", str(tmp_path)).split()
        subprocess.run(words, cwd="/", check=True)
    left = {path.name for path in tmp_path.iterdir()}
    assert ages.keys() - left == {"20260901-023000", ".20261101-023000.ab12cd.partial"}


# --- the operator's command -------------------------------------------------------------------


@pytest.fixture
def wrapper(tmp_path):
    """deploy/hotline over a folder of its own, root and runuser played; what the program gets."""
    etc, bin, home = (tmp_path / name for name in ("etc", "bin", "home"))
    for folder in (etc, bin, home):
        folder.mkdir()
    (etc / "hotline.env").write_text(
        (DEPLOY / "hotline.env").read_text("utf-8").replace("/var/lib/hotline", str(home))
    )
    command = tmp_path / "hotline"
    text = (DEPLOY / "hotline").read_text("utf-8")
    assert "etc=/etc/hotline\n" in text
    command.write_text(text.replace("etc=/etc/hotline\n", f"etc={etc}\n"))
    here = tmp_path / "here"
    here.mkdir()
    (bin / "id").write_text("#!/bin/sh\necho ${PLAYED_UID:-0}\n")
    (bin / "runuser").write_text('#!/bin/sh\npwd; umask; env; echo "$@"\n')
    for file in bin.iterdir():
        file.chmod(0o755)

    def run(*arguments, **more):
        own = {k: v for k, v in os.environ.items() if not k.startswith("HOTLINE_")}
        return subprocess.run(
            ["/bin/sh", command, *arguments],
            env=own | {"PATH": f"{bin}:{own['PATH']}"} | more,
            cwd=here,
            capture_output=True,
            text=True,
            check=False,
        )

    return etc, run


def test_the_operators_command_runs_as_the_services_user_with_their_settings(wrapper):
    etc, run = wrapper
    (etc / "database-url").write_text("x")
    done = run("user", "add", "li.si", "李 四")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == str(etc.parent / "here"), "relative paths are those of whoever types"
    assert f"HOTLINE_HOME={etc.parent / 'home'}" in lines
    assert lines[1].endswith("077")
    assert lines[-1] == f"-u hotline -- {PROGRAM} user add li.si 李 四"
    assert {
        f"HOTLINE_KEY_FILE={etc}/master.key",
        f"HOTLINE_DATABASE_URL_FILE={etc}/database-url",
        "HOTLINE_TLS=1",
        "HOTLINE_PROXIES=1",
    } <= set(lines)


@pytest.mark.parametrize("command", ["init", "upgrade", "restore", "serve", "verify"])
def test_only_what_makes_tables_learns_how_to_own_the_tables(wrapper, command):
    etc, run = wrapper
    (etc / "owner-url").write_text("postgresql://owner@h/x\n")
    lines = run(command).stdout.splitlines()
    told = "HOTLINE_OWNER_DATABASE_URL=postgresql://owner@h/x" in lines
    assert told == (command in ("init", "upgrade", "restore"))


def test_the_operators_command_wants_root(wrapper):
    _, run = wrapper
    done = run("versions", PLAYED_UID="1000")
    assert done.returncode == 2
    assert "sudo" in done.stderr


# --- image and proxy --------------------------------------------------------------------------


def test_the_image_runs_as_nobody_in_particular_and_builds_from_what_git_has():
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    final = text[text.rindex("\nFROM ") :]
    assert re.search(r"^USER (?!0|root)\d+:\d+$", final, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", final, re.MULTILINE)
    assert "--require-hashes" in text
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for kept_out in (".venv", "var", ".git"):
        assert kept_out in ignored


def test_the_proxy_replaces_every_header_that_the_application_would_believe():
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    for name in ("For", "Proto", "Host", "Port", "Prefix"):
        assert f"proxy_set_header X-Forwarded-{name} " in text
    assert "$proxy_add_x_forwarded_for" not in text
    assert "add_header" not in text, "the application's own headers would come twice or not at all"


# --- guides -----------------------------------------------------------------------------------


def test_an_upgrade_is_told_once_and_saves_first():
    told = [
        line
        for guide in (ROOT / "docs").glob("guide-*.md")
        for block in re.findall(r"```sh\n(.*?)```", guide.read_text("utf-8"), re.DOTALL)
        for line in block.splitlines()
        if line.startswith("hotline upgrade")
    ]
    assert len(told) == 1
    assert " --backup " in told[0]


def test_units_copied_again_do_not_ask_for_a_database_that_a_site_has_not():
    found = [path for path in UNITS.rglob("*") if path.is_file()]
    assert found
    assert [path.name for path in found if "database-url" in path.read_text("utf-8")] == []
