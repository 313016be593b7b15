"""What tickets stand at does not vanish from the diagrams unsaid; units that they name exist."""

from __future__ import annotations

import json

import pytest

from engine.acts import places, versions
from engine.flow import Definitions, DefinitionsRefused
from engine.flow.check import check
from engine.flow.check.vanished import InUse
from engine.read import agenda, verify
from engine.store import Store, usage
from tests.broken.test_broken import SOUND
from tests.commands import hotline
from tests.integration import small
from tests.integration.office import Office, opened
from tests.unit.flow.small import changed


@pytest.fixture
def office(sqlite_settings, at) -> Office:
    with Store.open(sqlite_settings) as store:
        yield opened(store, at("2026-09-29 09:00"), small.files())


def redrawn(id: str, **manifest) -> dict[str, bytes]:
    """The small procedure with an element drawn anew: a modeler gave it another id."""
    pairs = ((f'"{id}"', '"drawn_anew"'), (f">{id}<", ">drawn_anew<"))
    form = ('formKey="drawn_anew"', f'formKey="{id}"')
    files = changed(small.files(), *pairs, form)
    said = json.loads(files["bpmn/manifest.json"]) | manifest
    return {**files, "bpmn/manifest.json": json.dumps(said).encode()}


def test_an_element_at_which_a_ticket_stands_is_missed(office, at, sqlite_settings, tmp_path):
    now = at("2026-09-30 10:00")
    number = office.call(now)
    (waiting,) = agenda.waiting(office.store, number)
    with office.store.read() as conn:
        task = conn.exec_driver_sql("SELECT element, name FROM tasks").one()
    with pytest.raises(DefinitionsRefused) as refused:
        versions.deploy(office.store, None, redrawn(task.element), "重画", now)
    (found,) = refused.value.findings
    assert (found.file, found.element) == ("bpmn/manifest.json", task.element)
    assert found.sentence.startswith(f"现行版本有1件在办工单停在“{waiting.name}”（{task.element}）")
    # So says the check where the database is, and only there.
    for path, content in redrawn(task.element).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    done = hotline(sqlite_settings.home, "check", tmp_path, code=1)
    assert done.stdout.startswith(f"bpmn/manifest.json:{task.element}: 现行版本有1件")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    hotline(elsewhere, "check", tmp_path)
    # What is retired on purpose is said so; the ticket ends as it began.
    meant = redrawn(task.element, retired=[task.element])
    assert versions.deploy(office.store, None, meant, "不再需要", now) == 2
    office.runs(number, now)
    assert verify.verify(office.store).differences == ()


def test_an_element_at_which_nothing_stands_may_go(office, at):
    now = at("2026-09-30 10:00")
    office.runs(office.call(now), now)
    with office.store.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM tasks").scalar() == 0
    last = Definitions.read(small.files()).user_tasks()[-1].element
    assert versions.deploy(office.store, None, redrawn(last), "重画", now) == 2


def test_a_check_that_cannot_reach_the_database_says_so_and_goes_on(home):
    (home / "var").mkdir()
    (home / "var" / "hotline.db").write_bytes(b"no database")
    done = hotline(home, "check", "--shipped")
    assert "没有和现行版本比较" in done.stderr
    assert "没有发现问题" in done.stdout


def test_a_message_that_acts_send_is_missed():
    kept, lost = InUse("message", "call_again"), InUse("message", "urge")
    assert check(SOUND, [kept]) == []
    (found,) = check(SOUND, [kept, lost])
    assert (found.file, found.element, found.rule) == ("bpmn/manifest.json", "urge", "vanished")


def test_what_is_retired_is_not_there_any_more():
    def said(*retired):
        manifest = {**json.loads(SOUND["bpmn/manifest.json"]), "retired": retired}
        files = {**SOUND, "bpmn/manifest.json": json.dumps(manifest).encode()}
        return [(one.element, one.rule) for one in check(files)]

    assert said("long_gone") == []
    assert said("work_on") == [("work_on", "retired")]
    assert said(1) == [("retired", "manifest")]


def test_a_unit_that_a_diagram_names_is_one_of_those_that_there_are(office, at):
    now = at("2026-09-30 10:00")
    there = {one.id for one in usage.in_use(office.store, now) if one.kind == "unit"}
    assert there

    def said(unit, known=there):
        files = changed(SOUND, ('name="unit" value="works"', f'name="unit" value="{unit}"'))
        found = check(files, [InUse("unit", id) for id in known])
        return [(one.element, one.rule) for one in found]

    known = min(there)
    assert said(known) == said("${&quot;" + known + "&quot;}") == []
    (wrong,) = said("nowhere")
    assert wrong[1] == "unit"
    # Without a list, only what can be no id is refused.
    assert said("nowhere", known=()) == []
    assert (
        said("{unit}", known=()) == said("市水务局", known=()) == said("${1}", known=()) == [wrong]
    )
    assert said("市水务局", known=("市水务局",)) == []


def test_units_are_known_before_anything_is_deployed(sqlite_settings, at):
    now = at("2026-09-30 10:00")
    with Store.open(sqlite_settings) as store:
        assert usage.in_use(store, now) == ()
        area = places.Area("shangrao", "上饶市", "city", None)
        unit = places.Unit("water", "市水务局", "shangrao", "department", None)
        places.add(store, None, [area], [unit], now)
        assert usage.in_use(store, now) == (InUse("unit", "water"),)
