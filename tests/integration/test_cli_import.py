"""`hotline import`: what it says, what it writes, how it stops; the guide's example, as written."""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
from pathlib import Path

import pytest

from engine import settings as settings_of
from engine.acts import imports
from engine.cli import common, importing
from engine.imports.mapping import SETTINGS, TARGETS
from engine.store import Store
from tests import old_platform
from tests.chaos import imports as script
from tests.commands import ROOT, Ran, hotline

GUIDE = (ROOT / "docs/guide-import.zh-CN.md").read_text("utf-8")


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    """A home with a city of a few units and one who takes calls."""
    home = tmp_path_factory.mktemp("importing")
    with Store.create(settings_of.read({"HOTLINE_HOME": str(home)})) as store:
        script.set_up(store)
    return home


@pytest.fixture
def city(original, tmp_path) -> Path:
    shutil.copytree(original, tmp_path / "city")
    return tmp_path / "city"


def run(city: Path, file: object, by: object, *more: str, code: int = 0, user="caller-desk") -> Ran:
    return hotline(city, "import", file, "--map", by, "--user", user, *more, code=code)


def report(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def tickets(city: Path) -> int:
    with Store.open(settings_of.read({"HOTLINE_HOME": str(city)})) as store:
        return script.tickets(store)


# --- the guide ---------------------------------------------------------------------------------


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def test_the_guide_s_example_does_what_the_guide_says(city):
    export, by, told = blocks("csv")
    tried, done, again = blocks("text")
    (city / "旧平台工单.csv").write_text(export, "utf-8")
    (city / "映射.csv").write_text(by, "utf-8")
    lines = [line.split() for line in "".join(blocks("sh")).splitlines()]
    dry, real = (line[1:] for line in lines if line[0] == "hotline")
    dry, real = ([word.replace("daoru", "caller-desk") for word in line] for line in (dry, real))
    assert hotline(city, *dry, code=1).stdout == tried
    assert tickets(city) == 0
    place = city / "旧平台工单-导入报告.csv"
    assert place.read_text("utf-8-sig").replace("\r\n", "\n") == told
    assert hotline(city, *real, code=1).stdout == done
    assert hotline(city, *real, code=1).stdout == again
    assert tickets(city) == 4
    shown = hotline(city, "show", "20240301-00001").stdout
    assert (
        "来自市旧热线平台，原编号 JX2024001，原平台受理时间 2024-03-01 09:12:00，历史工单" in shown
    )
    assert "原平台满意度：满意" in shown
    hotline(city, "verify", "--all")


def test_every_target_and_setting_that_may_be_written_is_in_the_guide():
    assert [word for word in (*SETTINGS, *TARGETS) if word not in GUIDE] == []


# --- what it says ------------------------------------------------------------------------------


def test_every_row_that_cannot_be_taken_is_named_and_nothing_else(city):
    export = old_platform.export(city / "f.csv", rows=60, bad=28, every_open=8)
    by = old_platform.mapping(city)
    done = run(city, export.path, by, "--report", "r.csv", code=1)
    assert (
        f"导入 32 件（未办结 {export.open}，已办结 {export.closed}），没有导入 28 行" in done.stdout
    )
    assert re.search(r"某某局\s+2 行", done.stdout)
    told = report(city / "r.csv")
    assert [(int(row["行号"]), row["原编号"], row["栏目"]) for row in told] == [
        (bad.line, bad.original, bad.column) for bad in export.bad
    ]
    assert not any("138" in row["内容"] and len(row["内容"]) > 9 for row in told)


def test_progress_and_speed_are_beside_the_result(city, monkeypatch):
    monkeypatch.setattr(common, "EVERY", 0.0)
    export = old_platform.export(city / "f.csv", rows=20, bad=0)
    done = run(city, export.path, old_platform.mapping(city))
    assert "按CSV，GB18030，逗号读取。" in done.stderr
    assert re.search(r"已读 20 行（100%），约剩 0 秒，每秒 \d+ 行，导入 20 件", done.stderr)
    assert not (city / "f-导入报告.csv").read_text("utf-8-sig").splitlines()[1:]


def test_a_mapping_with_mistakes_begins_nothing_and_names_them(city):
    export = old_platform.export(city / "f.csv", rows=3, bad=0)
    by = city / "m.csv"
    by.write_text(old_platform.MAPPING.replace("市水务局", "水务局分局").replace("原编号", "编号"))
    done = run(city, export.path, by, code=1)
    assert "本系统没有这个单位" in done.stderr
    assert "本系统没有“编号”" in done.stderr
    assert tickets(city) == 0
    assert list(city.glob("*报告*")) == []


def test_the_file_itself_is_never_written_over(city):
    export = old_platform.export(city / "f.csv", rows=3, bad=0)
    by = old_platform.mapping(city)
    before = export.path.read_bytes()
    done = run(city, export.path, by, "--report", "f.csv", code=2)
    assert "请换一个文件名" in done.stderr
    (city / "other.csv").write_text("别的")
    done = run(city, export.path, by, "--report", "other.csv", code=1)
    assert "不是导入报告" in done.stderr
    assert export.path.read_bytes() == before
    assert tickets(city) == 0


def test_somebody_who_may_not_is_told(city):
    export = old_platform.export(city / "f.csv", rows=3, bad=0)
    hotline(city, "user", "add", "pan", "潘登", "sr-centre", "dispatcher")
    hotline(city, "user", "add", "shui", "水青", "gf-water", "call_taker")
    for name in ("pan", "shui"):
        done = run(city, export.path, old_platform.mapping(city), user=name, code=1)
        assert f"账号 {name} 不能导入" in done.stderr
        assert "话务员" in done.stderr
        assert "hotline user add 账号 姓名 热线中心的单位编号 call_taker" in done.stderr
    assert tickets(city) == 0


def test_a_file_of_headings_alone_is_not_called_done(city):
    export = old_platform.export(city / "f.csv", rows=3, bad=0).path
    head = export.read_bytes().splitlines(keepends=True)[0]
    export.write_bytes(head + b"\r\n" * 3)
    by = old_platform.mapping(city)
    for more in ((), ("--dry-run",)):
        done = run(city, export, by, *more, code=1)
        assert "只有标题行" in done.stderr
        assert "请核对" in done.stderr
        assert not (city / "f-导入报告.csv").exists()


def test_a_file_that_is_refused_leaves_no_report(city):
    export = old_platform.export(city / "f.csv", rows=3, bad=0).path
    export.write_bytes(b"a,b,c\r\n1,2,3\r\n")
    run(city, export, old_platform.mapping(city), code=1)
    assert not (city / "f-导入报告.csv").exists()


@pytest.mark.parametrize("which", ["export", "mapping", "report"])
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_neither_waited_for_nor_read_without_end(city, which, make):
    export, by = old_platform.export(city / "f.csv", rows=3, bad=0).path, old_platform.mapping(city)
    make(city / "pipe")
    given = {"export": export, "mapping": by, "report": city / "r.csv", which: city / "pipe"}
    more = ("--report", given["report"])
    done = run(city, given["export"], given["mapping"], *more, code=2)
    assert f"{city}/pipe（是管道或设备，不是普通文件）" in done.stderr
    assert tickets(city) == 0


# --- how it stops ------------------------------------------------------------------------------


def test_ctrl_c_ends_after_the_batch_and_the_next_run_goes_on(city, monkeypatch):
    monkeypatch.setattr(importing, "WEIGHT", 10)
    export = old_platform.export(city / "f.csv", rows=40, bad=4)
    by = old_platform.mapping(city)
    bring = imports.bring

    def interrupted(*given, **more):
        signal.raise_signal(signal.SIGINT)
        return bring(*given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(imports, "bring", interrupted)
        done = run(city, export.path, by, code=importing.INTERRUPTED)
    assert "再运行同一命令，会从停下的地方继续" in done.stderr
    made = tickets(city)
    assert 0 < made < 36
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    done = run(city, export.path, by, code=1)
    assert f"导入 {36 - made} 件" in done.stdout
    assert f"此前已导入 {made} 件" in done.stdout
    assert len(report(city / "f-导入报告.csv")) == 4
    assert tickets(city) == 36


def test_a_second_ctrl_c_ends_at_once_and_its_batch_is_undone(city, monkeypatch):
    monkeypatch.setattr(importing, "WEIGHT", 10)
    export = old_platform.export(city / "f.csv", rows=40, bad=0)
    write = imports.imported.write

    def interrupted(*given):
        made = write(*given)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        return made

    with monkeypatch.context() as patch:
        patch.setattr(imports.imported, "write", interrupted)
        done = run(city, export.path, old_platform.mapping(city), code=130)
    assert "已中断" in done.stderr
    assert tickets(city) == 0
    run(city, export.path, old_platform.mapping(city))
    assert tickets(city) == 40
