"""A simulated month: the same for the same seed anywhere, every ticket replayed, both databases."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from unittest import mock

import pytest

from engine import definitions
from engine import settings as settings_of
from engine.acts import versions
from engine.city.places import demo
from engine.cli.common import CONSOLE
from engine.cli.simulating import Progress
from engine.cli.simulating import month as further
from engine.flow import Definitions, state
from engine.milestones import DEADLINES, REQUIRED
from engine.read import agenda, ticket, verify
from engine.store import Store
from tests.commands import copied, hotline, with_new_task, with_sign_limit
from tests.integration.test_cli_definitions import FORM

RUN = ("simulate", "--from", "2026-09-21", "--days", 28, "--tickets", 50, "--seed", 7)


def month(home: Path, *more: object, **environment: str) -> dict:
    """Run the month in this home's own database; what it printed as JSON."""
    url = environment.pop("HOTLINE_DATABASE_URL", f"sqlite:///{home}/var/hotline.db")
    (home / "var").mkdir(exist_ok=True)
    done = hotline(home, *RUN, "--json", *more, HOTLINE_DATABASE_URL=url, **environment)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> tuple[Path, dict]:
    """A home with a simulated month, and what the simulation printed. Copy it before changing."""
    home = tmp_path_factory.mktemp("simulated")
    return home, month(home, PYTHONHASHSEED="1", TZ="Asia/Shanghai")


@pytest.fixture
def city(simulated, tmp_path) -> Path:
    """A copy of the simulated home, to change."""
    home = tmp_path / "city"
    shutil.copytree(simulated[0], home)
    return home


def test_tickets_go_all_the_way_and_some_are_late(simulated):
    found = simulated[1]
    assert found["tickets"] == 50
    assert found["ended"] > 5
    assert found["tickets"] > found["ended"]
    assert found["fired"] >= found["unsigned"] + found["overdue"]
    assert found["unsigned"] > 0
    assert found["nobody"] == {}
    assert set(found["types"]) >= {"complaint", "report"}


def test_every_path_milestone_and_timer_is_counted(simulated):
    found = simulated[1]
    accepted = found["milestones"]["accepted"]
    assert accepted["word"] == "受理"
    assert 40 < accepted["tickets"] <= accepted["times"]
    assert set(REQUIRED) <= found["milestones"].keys()
    assert found["timers"][DEADLINES["sign"]]["tickets"] == found["unsigned"]
    taken = [path for path in found["paths"] if path["times"]]
    assert len(taken) > 30
    assert len(found["paths"]) > len(taken)
    assert all(path["tickets"] <= min(50, path["times"]) for path in taken)
    drawn = Definitions.read(definitions.shipped())
    assert {path["flow"] for path in found["paths"]} < {flow.id for flow in drawn.flows()}
    assert found["legs"]["lead"]["below"] > 0
    assert sum(found["messages"].values()) > 50


def test_nothing_is_sent_to_the_world(simulated):
    assert not (simulated[0] / "var/outbox").exists()


def test_the_same_seed_gives_the_same_month_under_any_hash_seed_and_time_zone(simulated, home):
    assert month(home, PYTHONHASHSEED="2", TZ="America/New_York") == simulated[1]


def test_another_seed_gives_another_month(simulated, home):
    assert month(home, "--seed", 8)["states"] != simulated[1]["states"]


def test_everything_verifies_and_progress_is_on_stderr(simulated):
    done = hotline(simulated[0], "verify", "--all")
    assert "全部相符：51 条链" in done.stdout
    assert "已核查 51/51" in done.stderr


def test_replay_is_the_same_under_any_hash_seed_and_time_zone(simulated):
    home = simulated[0]
    number = simulated[1]["list"][0]["number"]
    one = hotline(home, "replay", number, PYTHONHASHSEED="1", TZ="UTC").stdout
    other = hotline(home, "replay", number, PYTHONHASHSEED="9", TZ="Pacific/Kiritimati").stdout
    assert one == other
    assert "待办" in one
    assert "期限" in one
    with Store.open(settings_of.read({"HOTLINE_HOME": str(home)})) as store:
        for name in agenda.numbers(store):
            for taken in verify.replay(store, name):
                assert state.digest(taken.step) == taken.event.body["state"]


def test_on_postgresql_the_month_is_the_same(simulated, bare_postgresql):
    settings = bare_postgresql
    found = month(
        settings.home,
        **{
            name: settings.environment()[name]
            for name in ("HOTLINE_DATABASE_URL", "HOTLINE_OWNER_DATABASE_URL")
        },
    )
    assert found == simulated[1]
    done = hotline(
        settings.home,
        "verify",
        "--all",
        HOTLINE_DATABASE_URL=settings.environment()["HOTLINE_DATABASE_URL"],
    )
    assert "全部相符：51 条链" in done.stdout


def test_a_database_that_has_tickets_is_refused_untouched(city):
    before = (city / "var/hotline.db").read_bytes()
    done = hotline(city, *RUN, code=1, HOTLINE_DATABASE_URL=f"sqlite:///{city}/var/hotline.db")
    assert "已有工单" in done.stderr
    assert (city / "var/hotline.db").read_bytes() == before


def test_without_an_address_a_new_file_is_made_each_time(home):
    few = ("simulate", "--days", 1, "--tickets", 1)
    for n in (1, 2):
        hotline(home, *few)
        assert len(list((home / "var").glob("simulation-*.db"))) == n
    assert not (home / "var/hotline.db").exists()


def test_a_demo_city_that_was_interrupted_is_gone_on_with(home):
    class Impatient(Progress):
        def __call__(self, done: int, count: int) -> None:
            if done == 4:
                raise KeyboardInterrupt

    few = ("init", "--demo", "--tickets", 9)
    with mock.patch("engine.cli.simulating.Progress", Impatient):
        assert "已中断" in hotline(home, *few, code=130).stderr
    assert "请运行 hotline init --demo" in hotline(home, "init", code=1).stderr
    done = hotline(home, *few)
    assert "上次没有建完（工单 4/9 件）" in done.stderr
    with Store.open(settings_of.read({"HOTLINE_HOME": str(home)})) as store:
        assert len(agenda.numbers(store)) == 9
        assert verify.verify(store).differences == ()
    assert "没有改动" in hotline(home, *few, code=1).stderr


# --- what a process owner changes ---------------------------------------------------------------


def test_a_longer_signing_limit_makes_fewer_warnings_with_no_python(simulated, home, tmp_path):
    (home / "var").mkdir()
    place = copied(tmp_path)
    with_sign_limit(place, 3)
    found = json.loads(
        hotline(
            home,
            *RUN,
            "--json",
            "--definitions",
            place,
            HOTLINE_DATABASE_URL=f"sqlite:///{home}/var/hotline.db",
        ).stdout
    )
    assert found["unsigned"] < simulated[1]["unsigned"]
    before = {row["number"]: row for row in simulated[1]["list"]}
    for row in found["list"]:
        for leg, was in zip(row["legs"], before[row["number"]]["legs"], strict=False):
            assert leg["sign_due"] > was["sign_due"]
            assert leg["due"] == was["due"]


def test_a_new_user_task_is_worked_on_by_new_tickets_alone(city, tmp_path, at):
    """Old tickets never show it, new ones do; drawn in bpmn/ and forms/, deployed, no Python."""
    place = copied(tmp_path)
    with_new_task(place, "weigh_matter", "研判", FORM)
    with Store.open(settings_of.read({"HOTLINE_HOME": str(city)})) as store:
        old = set(agenda.numbers(store))
        start = at("2026-10-12 00:00")
        versions.deploy(store, None, definitions.read(place), "研判", start)
        with store.read() as conn:
            assert store.current_version(conn, start) != 1
        run = further(store, start, 20, 6, 11)
        run.run()
        shown = {
            number: "研判" in str(ticket.page(store, CONSOLE, number, at("2026-11-02 00:00")))
            for number in agenda.numbers(store)
        }
        new = set(shown) - old
        assert len(new) == 6
        assert not any(shown[number] for number in old)
        assert any(shown[number] for number in new)
        assert verify.verify(store).differences == ()


def test_the_demo_city_is_complete():
    city = demo()
    areas = {area.id for area in city.areas}
    units = {unit.id: unit for unit in city.units}
    assert len(areas) == 16
    assert {unit.area for unit in city.units} == areas
    for area in areas:
        kinds = [unit.kind for unit in city.units if unit.area == area]
        assert kinds.count("centre") == kinds.count("authority") == 1
    posts = {(person.unit, person.role) for person in city.people}
    for unit in units.values():
        if unit.kind not in ("centre", "authority"):
            assert {(unit.id, "leader"), (unit.id, "officer")} <= posts
    assert len({person.name for person in city.people}) == len(city.people)
    assert len({person.display_name for person in city.people}) == len(city.people)
