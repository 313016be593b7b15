"""The report: a sheet that Excel opens as it is, and that runs nothing."""

from __future__ import annotations

import csv

import pytest

from engine.imports import Flaw, ImportRefused, Report


def rows(path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_each_flaw_is_a_line_and_rows_are_counted_once(tmp_path):
    path = tmp_path / "报告.csv"
    with Report(path) as report:
        report.add(
            [Flaw(7, "A-7", "电话", "1***", "不对。"), Flaw(7, "A-7", "标题", "", "请填写。")]
        )
        report.add([Flaw(9, "A-9", "", "", "不同。", "differs")])
        report.add([])
    assert rows(path) == [
        ["行号", "原编号", "栏目", "内容", "处理", "说明"],
        ["7", "A-7", "电话", "1***", "没有导入", "不对。"],
        ["7", "A-7", "标题", "", "没有导入", "请填写。"],
        ["9", "A-9", "", "", "此前已导入，内容不同", "不同。"],
    ]
    assert report.rows == {"refused": 1, "differs": 1}


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "\n=1", "＝1"]
)
def test_no_cell_is_a_formula(tmp_path, text):
    path = tmp_path / "报告.csv"
    with Report(path) as report:
        report.add([Flaw(2, text, text, text, "看这里。")])
    for cell in rows(path)[1][1:4]:
        assert cell.startswith("'")


def test_what_was_told_so_far_survives_a_kill(tmp_path):
    path = tmp_path / "报告.csv"
    with Report(path) as report:
        report.add([Flaw(2, "A", "", "", "看这里。")])
        report.flush()
        assert len(rows(path)) == 2


def test_a_report_of_nothing_does_not_outlive_a_refusal(tmp_path):
    path = tmp_path / "报告.csv"
    with pytest.raises(ImportRefused), Report(path):
        raise ImportRefused("文件太大。")
    assert not path.exists()
    report = Report(path)
    with pytest.raises(ImportRefused), report:
        _flawed(report)
    assert len(rows(path)) == 2
    with Report(path):
        pass
    assert len(rows(path)) == 1, "that there is nothing to tell is told"


def _flawed(report: Report) -> None:
    report.add([Flaw(2, "A", "", "", "看这里。")])
    raise ImportRefused("文件太大。")


def test_only_this_user_reads_it(tmp_path):
    path = tmp_path / "报告.csv"
    with Report(path):
        assert path.stat().st_mode & 0o077 == 0


def test_an_older_report_is_written_over_and_nothing_else(tmp_path):
    path = tmp_path / "报告.csv"
    with Report(path) as report:
        report.add([Flaw(2, "A", "", "", "看这里。")])
    with Report(path):
        pass
    assert len(rows(path)) == 1
    path.write_text("别的东西", "utf-8")
    with pytest.raises(ImportRefused, match="不会覆盖"), Report(path):
        pass
    assert path.read_text("utf-8") == "别的东西"
