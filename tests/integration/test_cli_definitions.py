"""check, deploy and versions: what a process owner does, without Python."""

from __future__ import annotations

import json
import os
import re
import shutil
from unittest import mock

import pytest
from click.testing import CliRunner

from engine import definitions
from engine.acts import versions
from engine.cli.definitions import check
from engine.formjs.model import Finding
from engine.store import Store
from tests.commands import ROOT, copied, hotline, with_new_task, with_sign_limit

FORM = json.dumps(
    {
        "type": "default",
        "id": "weigh_matter",
        "components": [
            {"type": "textarea", "key": "thoughts", "label": "研判意见", "id": "field_thoughts",
             "validate": {"required": True, "maxLength": 500}},
            {"type": "radio", "key": "weight", "label": "轻重", "id": "field_weight",
             "properties": {"routing": "true"}, "validate": {"required": True},
             "values": [{"label": "重", "value": "heavy"}, {"label": "轻", "value": "light"}]},
        ],
    },
    ensure_ascii=False,
).encode()  # fmt: skip


@pytest.fixture
def furnished(sqlite_settings):
    """A home with a database to deploy into."""
    Store.open(sqlite_settings).close()
    return sqlite_settings.home


def test_what_is_shipped_passes_and_needs_no_database(home):
    done = hotline(home, "check", "--shipped")
    assert "没有发现问题" in done.stdout
    place = definitions.folder()
    for paths in (["bpmn", "forms"], ["."], ["bpmn"], ["forms"]):
        hotline(home, "check", *paths, cwd=place)
    assert list(home.iterdir()) == []


def test_check_names_file_and_element_in_a_sentence(home, tmp_path):
    place = copied(tmp_path)
    form = sorted((place / "forms").glob("*.form"))[0]
    found = json.loads(form.read_text("utf-8"))
    field = found["components"][0]
    field["type"] = "documentPreview"
    form.write_text(json.dumps(found), "utf-8")
    done = hotline(home, "check", place, code=1)
    assert re.search(rf"^forms/{form.name}:{field['id']}: .*[\u4e00-\u9fff]", done.stdout, re.M)
    other = sorted((place / "forms").glob("*.form"))[1]
    hotline(home, "check", form, code=1)
    hotline(home, "check", other)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "\x00\x01",
        lambda text: text.replace("${", "${__import__('os').system('true') or ", 1),
        lambda text: '<!DOCTYPE x [<!ENTITY a "b">]>' + text.partition("?>")[2],
    ],
    ids=["cut", "empty", "binary", "code", "doctype"],
)
def test_a_damaged_diagram_is_refused_by_check_and_by_deploy(furnished, tmp_path, damage):
    place = copied(tmp_path)
    file = next(
        file for file in sorted((place / "bpmn").glob("*.bpmn")) if "${" in file.read_text("utf-8")
    )
    file.write_text(damage(file.read_text("utf-8")), "utf-8")
    checked = hotline(furnished, "check", place, code=1)
    assert f"bpmn/{file.name}" in checked.stdout
    refused = hotline(furnished, "deploy", place, "--reason", "试", code=1)
    assert f"bpmn/{file.name}" in refused.stderr
    assert "还没有部署" in hotline(furnished, "versions").stdout


def test_a_missing_form_is_refused(furnished, tmp_path):
    place = copied(tmp_path)
    form = sorted((place / "forms").glob("*.form"))[0]
    form.unlink()
    done = hotline(furnished, "check", place, code=1)
    assert form.stem in done.stdout
    hotline(furnished, "deploy", place, "--reason", "试", code=1)


def test_deployed_versions_are_listed_with_reason_and_person(furnished, tmp_path, now):
    hotline(furnished, "deploy", "--shipped", "--reason", "初次部署")
    place = copied(tmp_path)
    with_sign_limit(place, 2)
    hotline(furnished, "check", place)
    hotline(furnished, "deploy", place, "--reason", "签收放宽到两天")
    lines = hotline(furnished, "versions").stdout.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("*")
    assert "签收放宽到两天" in lines[1]
    assert "初次部署" in lines[2]


def test_deploying_in_somebodys_name_needs_the_right(furnished):
    given = ("deploy", "--shipped", "--reason", "试", "--as", "nobody")
    done = hotline(furnished, *given, code=1)
    assert "nobody" in done.stderr


def test_a_new_user_task_passes_the_check(home, tmp_path):
    place = copied(tmp_path)
    with_new_task(place, "weigh_matter", "研判", FORM)
    hotline(home, "check", place)
    (place / "forms" / "weigh_matter.form").unlink()
    done = hotline(home, "check", place, code=1)
    assert "weigh_matter" in done.stdout
    assert "研判" in done.stdout


def test_an_act_refuses_what_the_check_refuses(store, now):
    from engine.flow import DefinitionsRefused

    files = definitions.shipped()
    broken = {name: content for name, content in files.items() if not name.endswith(".dmn")}
    with pytest.raises(DefinitionsRefused):
        versions.deploy(store, None, broken, "试", now)


def test_a_form_of_an_older_version_that_cannot_be_read_has_no_labels():
    from engine.flow import Definitions
    from engine.store import forms

    files = definitions.shipped()
    sound = forms.labels(Definitions.read(files))
    assert sound
    assert forms.labels(Definitions.read({**files, "forms/spare.form": b"not json"})) == sound


@pytest.mark.parametrize("content", [b"{}", b"not json", b"\xff\x00"], ids=repr)
def test_an_act_refuses_a_form_that_pages_could_not_show(store, now, content):
    from engine.flow import DefinitionsRefused

    files = definitions.shipped()
    path = next(name for name in sorted(files) if name.endswith(".form"))
    with pytest.raises(DefinitionsRefused) as refused:
        versions.deploy(store, None, {**files, path: content}, "试", now)
    assert [one.file for one in refused.value.findings][:1] == [path]


def test_a_folder_alone_is_read_with_the_one_beside_it(home, tmp_path):
    place = copied(tmp_path)
    forms = sorted((place / "forms").glob("*.form"))
    form = next(one for one in forms if "routing" not in one.read_text("utf-8"))
    form.write_text("{}", "utf-8")
    hotline(home, "check", place / "bpmn")
    done = hotline(home, "check", place / "forms", code=1)
    assert done.stdout.count("\n") == done.stdout.count(f"forms/{form.name}:") == 1


@pytest.mark.parametrize("content", [b"", bytes(40), b"[" * 1000])
def test_another_json_file_is_not_said_to_be_right(home, tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    asked = hotline(home, "check", tmp_path / "x.json", code=2)
    assert "不是流程图、决策表或表单" in asked.stderr


def test_a_picture_is_not_drawn_over_its_diagram(home, tmp_path):
    diagram, link = tmp_path / "x.bpmn", tmp_path / "link.svg"
    diagram.write_bytes((ROOT / "bpmn/promise.bpmn").read_bytes())
    link.symlink_to(diagram)
    for place in (diagram, link):
        drawn = hotline(home, "draw", diagram, "-o", place, code=2)
        assert "换一个文件名" in drawn.stderr
    assert diagram.read_bytes() == (ROOT / "bpmn/promise.bpmn").read_bytes()


def test_why_a_picture_cannot_be_written_is_said_in_chinese(home):
    drawn = hotline(home, "draw", ROOT / "bpmn/promise.bpmn", "-o", "/nowhere/x.svg", code=2)
    assert "/nowhere/x.svg（文件或文件夹不存在）" in drawn.stderr


def test_what_is_called_a_definition_and_is_no_file_is_named(furnished, tmp_path):
    place = copied(tmp_path)
    os.mkfifo(place / "bpmn/pipe.bpmn")
    (place / "bpmn/folder.dmn").mkdir()
    (place / "forms/gone.form").symlink_to("nowhere")
    (place / "forms/.#lock.form").symlink_to("somebody@somewhere")
    for paths in ([place], [place / "bpmn"], [place / "bpmn/ticket.bpmn"]):
        lines = hotline(furnished, "check", *paths, code=1).stdout.splitlines()
        names = ["bpmn/folder.dmn", "bpmn/pipe.bpmn", "forms/gone.form"]
        assert [line.partition(":")[0] for line in lines] == names
        assert all("不是普通文件" in line and line.endswith("。") for line in lines)
    asked = hotline(furnished, "check", place / "bpmn/pipe.bpmn", code=1)
    assert "pipe.bpmn" in asked.stdout
    refused = hotline(furnished, "deploy", place, "--reason", "试", code=1)
    assert "forms/gone.form" in refused.stderr
    assert "还没有部署" in hotline(furnished, "versions").stdout


@pytest.mark.parametrize("name", ["a\nb.form", "a\udcffb.form", "a\x1b[2Jb.form"])
def test_a_finding_is_one_line_whatever_the_file_is_called(home, tmp_path, name):
    place = copied(tmp_path)
    (place / "forms" / name).write_text("{}")
    lines = hotline(home, "check", place, code=1).stdout.splitlines()
    assert [line.partition("b.form:")[0] for line in lines] == [lines[0].partition("b.form:")[0]]
    assert lines[0].isprintable()
    gone = hotline(home, "check", tmp_path / "no\nwhere" / name, code=2)
    assert gone.stderr.count("\n") == 1


def test_a_pipe_is_not_waited_for_as_a_diagram(home, tmp_path):
    os.mkfifo(tmp_path / "x.bpmn")
    drawn = hotline(home, "draw", tmp_path / "x.bpmn", code=2)
    assert "是管道或设备，不是普通文件" in drawn.stderr


@pytest.mark.parametrize("name", ["HOTLINE_DATABASE_URL", "HOTLINE_DATABASE_URL_FILE"])
def test_a_database_that_is_named_and_not_to_be_had_is_said(home, name):
    asked = hotline(home, "check", "--shipped", **{name: "nowhere"})
    assert "没有和现行版本比较" in asked.stderr


# --- which folder ------------------------------------------------------------------------------


def test_what_is_shipped_is_never_deployed_unasked(furnished, tmp_path):
    """Typed in the wrong folder, it would take a city's own procedure out of force."""
    place = copied(tmp_path)
    with_sign_limit(place, 2)
    hotline(furnished, "deploy", place, "--reason", "本市的流程")
    for command in (["deploy", "--reason", "改时限"], ["check"]):
        refused = hotline(furnished, *command, code=2)
        assert str(furnished) in refused.stderr
        assert "--shipped" in refused.stderr
        both = hotline(furnished, *command, place, "--shipped", code=2)
        assert "只能写一样" in both.stderr
    assert len(hotline(furnished, "versions").stdout.splitlines()) == 2
    done = hotline(furnished, "deploy", "--shipped", "--reason", "改回随程序附带的")
    assert str(definitions.folder()) in done.stdout
    assert "改回随程序附带的" in hotline(furnished, "versions").stdout.splitlines()[1]


def test_the_folder_in_which_one_stands_is_checked_and_deployed_by_name(furnished, tmp_path):
    place = copied(tmp_path)
    with_sign_limit(place, 2)
    assert f"（{place}）" in hotline(furnished, "check", cwd=place).stdout
    assert str(place) in hotline(furnished, "deploy", "--reason", "试", cwd=place).stdout


def test_a_folder_with_diagrams_alone_is_not_passed_for_another(furnished, tmp_path):
    place = copied(tmp_path)
    shutil.rmtree(place / "forms")
    told = hotline(furnished, "check", cwd=place, code=1).stdout
    assert "表单" in told
    hotline(furnished, "deploy", "--reason", "试", cwd=place, code=1)


def test_one_file_of_two_folders_is_not_checked_in_place_of_the_other(home, tmp_path):
    broken, sound = (copied(tmp_path / name) for name in ("broken", "sound"))
    diagram = sorted((broken / "bpmn").glob("*.bpmn"))[0]
    diagram.write_text("<")
    for paths in (
        [broken / "bpmn", sound / "forms"],
        [broken, sound],
        [sound / "bpmn" / diagram.name, broken / "bpmn" / diagram.name],
    ):
        asked = hotline(home, "check", *paths, code=2)
        assert f"{broken}/" in asked.stderr
        assert f"{sound}/" in asked.stderr
    hotline(home, "check", sound / "bpmn", sound / "forms", sound / "bpmn" / diagram.name)
    loose = sound / diagram.name
    loose.write_text("<")
    assert str(loose) in hotline(home, "check", loose, code=2).stderr


def test_two_halves_of_one_set_are_checked_together(home, tmp_path):
    diagrams, forms = tmp_path / "diagrams", tmp_path / "forms-of-it"
    for place, name in ((diagrams, "bpmn"), (forms, "forms")):
        shutil.copytree(definitions.folder() / name, place / name)
    done = hotline(home, "check", diagrams / "bpmn", forms / "forms")
    assert f"（{diagrams}、{forms}）" in done.stdout


# --- had back ----------------------------------------------------------------------------------


def test_the_files_of_a_version_are_had_back_and_deployed_again(furnished, tmp_path):
    place = copied(tmp_path / "city")
    with_sign_limit(place, 2)
    hotline(furnished, "deploy", place, "--reason", "两天")
    with_sign_limit(place, 3)
    hotline(furnished, "deploy", place, "--reason", "三天")
    (tmp_path / "empty").mkdir()
    for folder in ("new", "empty"):
        done = hotline(furnished, "versions", "--save", 1, folder, cwd=tmp_path)
        assert str(tmp_path / folder) in done.stdout
        with_sign_limit(tmp_path / folder, 3)
        assert definitions.read(tmp_path / folder) == definitions.read(place)
    again = tmp_path / "again"
    hotline(furnished, "versions", "--save", 1, again)
    assert "第 1 版" in hotline(furnished, "deploy", again, "--reason", "退回两天").stdout
    newest = hotline(furnished, "versions").stdout.splitlines()[1]
    assert re.match(r"\* +1 .*退回两天", newest)


def test_a_version_is_saved_over_nothing_and_by_nothing_half(furnished, tmp_path):
    hotline(furnished, "deploy", "--shipped", "--reason", "初次")
    kept, file, gone = tmp_path / "kept", tmp_path / "file", tmp_path / "gone"
    kept.mkdir()
    (kept / ".mine").write_text("mine")
    file.write_text("mine")
    gone.symlink_to("nowhere")
    before = sorted(tmp_path.rglob("*"))
    for place in (kept, file, gone):
        assert "已有东西" in hotline(furnished, "versions", "--save", 1, place, code=2).stderr
    assert (
        "没有第 9 版" in hotline(furnished, "versions", "--save", 9, tmp_path / "x", code=2).stderr
    )
    hotline(furnished, "versions", "--save", 1, tmp_path / "nowhere" / "x", code=2)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_judge_that_gave_up_is_told_also_of_a_single_file(tmp_path):
    for folder in ("bpmn", "forms"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    gave_up = Finding("bpmn", "", "time", "检查超过了 60 秒，没有检查完。")
    with mock.patch("engine.quarantine.judge", return_value=[gave_up]):
        result = CliRunner().invoke(
            check, [str(tmp_path / "bpmn" / "leg.bpmn")], standalone_mode=False
        )
    assert result.return_value == 1
    assert "没有检查完" in result.output
