"""A mapping: what a data officer may write in it, and every mistake in one go."""

from __future__ import annotations

import pytest
from openpyxl import Workbook

from engine.imports import ImportRefused, read_mapping
from engine.workdays import ZONE
from tests.unit.imports.files import KNOWN, LINES, mapping_file


def refused(path) -> str:
    with pytest.raises(ImportRefused) as caught:
        read_mapping(path, KNOWN)
    return "\n".join(caught.value.findings)


def test_columns_values_and_units_are_read(tmp_path):
    path = mapping_file(tmp_path, "单位,,水务,市水务局", "固定,,phone,从哪里来", "栏目,坐席,,保留")
    found = read_mapping(path, KNOWN)
    assert found.source == "旧平台"
    assert found.zone is ZONE
    assert found.values == {"状态": {"在办": "未办结", "办完": "已办结"}}
    assert found.units == {"水务": "市水务局"}
    assert [(one.heading, one.target) for one in found.columns][-3:] == [
        ("内容", "matter"),
        ("地点", "place"),
        ("坐席", "保留"),
    ]
    assert [(column.target, value) for column, value in found.fixed] == [("channel", "phone")]


def test_a_field_may_be_named_by_its_label_or_by_its_key(tmp_path):
    found = read_mapping(mapping_file(tmp_path, "栏目,乡镇,,occurred"), KNOWN)
    assert found.columns[-1].field.label == "什么时候的事"


def test_a_mapping_may_be_an_excel_file(tmp_path):
    book = Workbook()
    book.active.append(["类别", "原平台栏目", "原平台的值", "本系统", "说明"])
    for line in LINES:
        book.active.append(line.split(","))
    book.save(tmp_path / "映射.xlsx")
    found = read_mapping(tmp_path / "映射.xlsx", KNOWN)
    assert found.columns == read_mapping(mapping_file(tmp_path), KNOWN).columns


def test_settings_say_how_the_file_is_written(tmp_path):
    path = mapping_file(
        tmp_path,
        "设置,编码,,GBK",
        "设置,分隔符,,制表符",
        "设置,日期格式,,dd/MM/yyyy HH:mm；yyyy年MM月dd日",
        "设置,时区,,UTC",
        "设置,标题行,,3",
        "设置,工作表,,导出",
        "设置,其他栏目,,保留",
    )
    found = read_mapping(path, KNOWN)
    assert (found.encoding, found.delimiter, found.heading) == ("GBK", "制表符", 3)
    assert (found.sheet, found.keep_others) == ("导出", True)
    assert found.formats == ["%d/%m/%Y %H:%M", "%Y年%m月%d日"]
    assert str(found.zone) == "UTC"


def test_every_mistake_is_told_at_once_with_its_line(tmp_path):
    path = mapping_file(
        tmp_path,
        "设置,来原,,旧平台",
        "设置,编码,,Big5",
        "设置,日期格式,,年月日",
        "设置,时区,,火星",
        "设置,标题行,,零",
        "栏目,区县,,行政区划",
        "栏目,编号2,,原编号",
        "取值,类别,投诉类,投拆",
        "取值,区县,信州,信州区",
        "单位,,水务,市水利局",
        "单位,,小学,中心小学",
        "固定,,微博,从哪里来",
        "拦目,标题,,标题",
    )
    said = refused(path)
    first = len(LINES) + 2
    for n, words in enumerate(
        (
            "没有“来原”这项设置",
            "“编码”不能写“Big5”",
            "日期格式“年月日”看不懂",
            "“时区”请写北京时间",
            "“标题行”请写 1 到 99 的数",
            "本系统没有“行政区划”",
            "",
            "“投拆”不是可选的值，可以写：咨询、求助、投诉、举报、意见、建议。",
            "没有一行“栏目”写了“区县”",
            "“市水利局”：本系统没有这个单位",
            "“中心小学”：有几个同名的，请写单位编号",
            "",
            "没有“拦目”这个类别",
        )
    ):
        if words:
            assert f"映射第 {first + n} 行：{words}" in said
    assert "“原编号”写了两次，只能来自一栏。" in said
    assert "“微博”不是可选的值" in said


def test_what_no_mapping_can_do_without_is_missed(tmp_path):
    path = mapping_file(tmp_path, without=["设置", "栏目,编号", "栏目,状态", "取值,状态"])
    said = refused(path)
    for words in ("来源", "哪一栏是“原编号”", "哪一栏是“状态”"):
        assert words in said


def test_two_meanings_of_one_value_or_unit_are_refused(tmp_path):
    said = refused(
        mapping_file(
            tmp_path, "取值,状态,在办,已办结", "单位,,水务,市水务局", "单位,,水务,市城管局"
        )
    )
    assert "“状态”的值“在办”写了两次，意思不同" in said
    assert "单位“水务”写了两次" in said


def test_the_number_of_a_row_is_never_the_same_for_all(tmp_path):
    said = refused(mapping_file(tmp_path, "固定,,A-1,原编号", without=["栏目,编号"]))
    assert "不能写成固定" in said


def test_a_file_that_is_no_mapping_is_told(tmp_path):
    path = tmp_path / "别的.csv"
    path.write_text("姓名,电话\n张三,1380\n", "utf-8")
    assert "映射文件第 1 行应为：类别、原平台栏目、原平台的值、本系统、说明" in refused(path)
    path.write_text("类别,原平台栏目,本系统\n设置,来源,旧\n", "utf-8")
    assert "缺少原平台的值" in refused(path)


def test_headings_that_the_file_lacks_or_has_twice_are_told(tmp_path):
    found = read_mapping(mapping_file(tmp_path), KNOWN)
    with pytest.raises(ImportRefused) as caught:
        found.check(["编号", "编号", "来电时间", "状态", "办结", "单位", "电话", "姓名", "类别"])
    with pytest.raises(ImportRefused, match=r"没有映射里写的任何一个栏目。这一行是：甲、乙。"):
        found.check(["甲", "乙", ""])
    assert caught.value.findings == (
        "文件里没有映射所写的栏目：“标题”、“内容”、“地点”。请核对栏目名称。",
        "文件里有重名的栏目：“编号”。请改名，使每栏名称不同。",
    )
