"""A row: what it becomes, what is wrong with it, and how much of it a report may show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from openpyxl import Workbook

from engine.imports import Flaw, Kept, Ready, Rows, opened, read_mapping
from tests.unit.imports.files import KNOWN, NOW, ROW, csv_file, mapping_file, read


def one(tmp_path, *lines: str, now: datetime = NOW, without=(), **changed: str):
    by = mapping_file(tmp_path, *lines, without=without)
    (found,) = read(csv_file(tmp_path, [ROW | changed]), by, now)
    return found


def flaw(tmp_path, *lines: str, **changed: str) -> Flaw:
    """The one thing that is wrong with a row."""
    found = one(tmp_path, *lines, **changed)
    assert isinstance(found, list), found
    (only,) = found
    assert (only.line, only.kind) == (2, "refused")
    return only


def test_a_row_is_a_form_as_a_browser_sends_it_and_what_happened_there(tmp_path):
    row = one(tmp_path)
    assert isinstance(row, Ready)
    assert (row.line, row.original, row.closed) == (2, "A-001", True)
    assert row.received_at == datetime(2025, 3, 2, 1, 30, tzinfo=UTC)
    assert row.closed_at == datetime(2025, 3, 9, 8, 0, tzinfo=UTC)
    assert row.unit == "sr-water"
    assert row.kept == [Kept("单位", "市水务局")]
    assert row.raw["type"] == ["consult"]
    assert row.raw["title"] == ["路灯不亮"]
    # What nobody asks of an old platform has its default.
    assert row.raw["channel"] == ["phone"]
    checked = KNOWN.form.validate(row.raw, KNOWN.sources)
    assert checked.errors == {}


def test_an_open_matter_has_no_end(tmp_path):
    row = one(tmp_path, 状态="在办", 办结="不是日期")
    assert (row.closed, row.closed_at) == (False, None)


def test_an_end_that_nobody_wrote_down_is_none(tmp_path):
    assert one(tmp_path, 办结="").closed_at is None


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-02 09:30:00",
        "2025-3-2 9:30",
        "2025/03/02 09:30",
        "2025年03月02日 09:30",
        "20250302093000",
        "２０２５－０３－０２　０９：３０",
        "2025-03-02T09:30:00+08:00",
        "2025-03-02T01:30:00Z",
        "2025-03-02 09:30:00.0",
    ],
)
def test_times_are_read_as_platforms_write_them(tmp_path, text):
    found = one(tmp_path, 来电时间=text)
    assert found.received_at == datetime(2025, 3, 2, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2025-03-02", "2025/3/2", "2025年3月2日", "2025.03.02", "20250302"]
)
def test_a_day_alone_begins_at_midnight_here(tmp_path, text):
    assert one(tmp_path, 来电时间=text).received_at == datetime(2025, 3, 1, 16, tzinfo=UTC)


def test_the_mapping_s_way_to_write_times_and_its_zone_count(tmp_path):
    lines = "设置,日期格式,,dd/MM/yyyy HH:mm", "设置,时区,,Asia/Urumqi"
    row = one(tmp_path, *lines, 来电时间="02/03/2025 09:30", 办结="")
    assert row.received_at == datetime(2025, 3, 2, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2025-13-01", "昨天", "45718", "2025111", "2025030209", "0"])
def test_what_is_no_certain_time_is_refused(tmp_path, text):
    found = flaw(tmp_path, 来电时间=text)
    assert (found.column, found.value) == ("来电时间", text)
    assert "不是可用的日期" in found.sentence


def test_times_to_come_are_refused_but_for_a_clock_that_is_fast(tmp_path):
    said = "2026-09-30 10:05:00"
    assert isinstance(one(tmp_path, 来电时间=said, 办结=""), Ready)
    row = one(tmp_path, 来电时间=said, 办结="", now=NOW - timedelta(minutes=6))
    assert "受理时间在将来" in row[0].sentence
    assert "办结时间在将来" in flaw(tmp_path, 办结="2027-01-01").sentence
    assert "受理时间太早了" in flaw(tmp_path, 来电时间="1970-01-01").sentence


def test_what_ended_before_it_began_is_refused(tmp_path):
    found = flaw(tmp_path, 办结="2025-03-01 10:00")
    assert (found.column, found.value) == ("办结", "2025-03-01 10:00")
    assert "办结时间早于受理时间" in found.sentence


@pytest.mark.parametrize(
    ("changed", "column", "words"),
    [
        ({"编号": ""}, "编号", "没有原编号"),
        ({"编号": "A" * 61}, "编号", "最多 60 字"),
        ({"编号": "A\n1"}, "编号", "不能有换行"),
        ({"来电时间": ""}, "来电时间", "没有受理时间"),
        ({"状态": "不详"}, "状态", "未办结还是已办结"),
        ({"状态": ""}, "状态", "未办结还是已办结"),
        ({"单位": "市水利局"}, "单位", "加一行“单位”"),
        ({"单位": "中心小学"}, "单位", "几个同名的单位"),
        ({"类别": "表扬"}, "类别", "加一行“取值”"),
        ({"标题": "=A1&B1"}, "标题", "公式"),
    ],
)
def test_what_is_wrong_names_column_and_remedy(tmp_path, changed, column, words):
    found = flaw(tmp_path, **changed)
    assert found.column == column
    assert words in found.sentence


def test_the_form_s_own_sentences_name_the_column_of_the_file(tmp_path):
    file = csv_file(tmp_path, [ROW | {"标题": "", "电话": "没有留"}])
    by = mapping_file(tmp_path, without=["栏目,地点"])
    rows = Rows(read_mapping(by, KNOWN), KNOWN, list(ROW))
    (row,) = read(file, by)
    errors = KNOWN.form.validate(row.raw, KNOWN.sources).errors
    found = {one.column: one for one in rows.refused(row, errors)}
    assert found.keys() == {"标题", "电话", ""}
    assert found["电话"].value == "没***（共 3 字）"
    assert "在哪里" in found[""].sentence
    assert "映射里没有写这一项来自哪一栏" in found[""].sentence


def test_what_only_another_kind_of_ticket_has_can_be_kept_instead(tmp_path):
    by = mapping_file(tmp_path, "栏目,被举报,,被举报单位")
    (row,) = read(csv_file(tmp_path, [ROW | {"被举报": "市水务局"}]), by)
    rows = Rows(read_mapping(by, KNOWN), KNOWN, [*ROW, "被举报"])
    errors = KNOWN.form.validate(row.raw, KNOWN.sources).errors
    (found,) = rows.refused(row, errors)
    assert "这一类工单没有“被举报单位”这一项" in found.sentence


def test_a_spoiled_cell_is_told_once(tmp_path):
    assert "公式" in flaw(tmp_path, 来电时间="=NOW()").sentence
    assert "公式" in flaw(tmp_path, 状态="=B2").sentence
    assert "公式" in flaw(tmp_path, 编号="=ROW()").sentence


def test_a_long_number_that_excel_cut_is_not_taken(tmp_path):
    book = Workbook()
    book.active.append(list(ROW))
    book.active.append([202_503_020_930_001_234, *list(ROW.values())[1:]])
    book.save(tmp_path / "f.xlsx")
    ((found,),) = read(tmp_path / "f.xlsx", mapping_file(tmp_path))
    assert found.column == "编号"
    assert found.original.startswith("202503020930001")
    assert "前 15 位" in found.sentence


def test_wide_digits_are_the_same_number(tmp_path):
    rows = [ROW | {"编号": "２０２５－０１"}, ROW | {"编号": "2025-01"}]
    first, second = read(csv_file(tmp_path, rows), mapping_file(tmp_path))
    assert first.original == "2025-01"
    assert "与第 2 行重复" in second[0].sentence


def test_the_second_row_of_a_number_is_refused_whatever_became_of_the_first(tmp_path):
    rows = [ROW | {"状态": "不详"}, ROW, ROW | {"编号": "A-002"}]
    first, second, third = read(csv_file(tmp_path, rows), mapping_file(tmp_path))
    assert first[0].original == second[0].original == "A-001"
    assert "与第 2 行重复" in second[0].sentence
    assert third.original == "A-002"


def test_a_value_that_means_nothing_here_is_left_out(tmp_path):
    lines = ("栏目,评价,,满意度", "取值,评价,未评,无", "单位,,撤并单位,无")
    row = one(tmp_path, *lines, 评价="未评", 单位="撤并单位")
    assert (row.rating, row.unit) == (None, None)
    assert row.kept == [Kept("单位", "撤并单位")]


def test_an_empty_cell_can_mean_something(tmp_path):
    row = one(tmp_path, "取值,状态,,已办结", 状态="")
    assert row.closed


def test_several_choices_are_split(tmp_path):
    row = one(tmp_path, "栏目,要求,,诉求人要求保密", 要求="答复不公开；")
    key = next(one.key for one in KNOWN.form.fields if one.type == "checklist")
    assert len(row.raw[key]) == 1


def test_other_columns_are_kept_only_where_the_mapping_says_so(tmp_path):
    assert one(tmp_path, 坐席="017").kept == [Kept("单位", "市水务局")]
    row = one(tmp_path, "设置,其他栏目,,保留", 坐席="017")
    assert row.kept == [Kept("坐席", "017", personal=True), Kept("单位", "市水务局")]
    row = one(
        tmp_path, "栏目,坐席,,保留", "栏目,身份证,,保留（个人信息）", 坐席="017", 身份证="3623"
    )
    assert row.kept[:2] == [Kept("坐席", "017"), Kept("身份证", "3623", personal=True)]


def test_a_row_that_is_shifted_is_not_read(tmp_path):
    by = mapping_file(tmp_path)
    path = csv_file(tmp_path, [ROW])
    path.write_text(path.read_text("utf-8").replace("路灯不亮", "路灯,不亮"), "utf-8")
    ((found,),) = read(path, by)
    assert (found.original, found.column, found.value) == ("A-001", "", "")
    assert "这一行有 12 格，标题行有 11 格" in found.sentence


def test_a_shifted_row_is_not_named_by_a_cell_that_may_be_another_s(tmp_path):
    by = mapping_file(tmp_path)
    row = {"姓名": "周女士", **ROW}
    path = csv_file(tmp_path, [row])
    path.write_text(path.read_text("utf-8").replace("周女士", "周,女士"), "utf-8")
    ((found,),) = read(path, by)
    assert found.original == ""


# --- with care ---------------------------------------------------------------------------------


def test_who_somebody_is_is_masked_in_what_a_report_shows(tmp_path):
    by = mapping_file(tmp_path)
    rows = Rows(read_mapping(by, KNOWN), KNOWN, list(ROW))
    (row,) = read(csv_file(tmp_path, [ROW]), by)
    errors = {"phone": "不对。", "caller": "不对。", "matter": "太长。", "title": "太长。"}
    shown = {one.column: one.value for one in rows.refused(row, errors)}
    assert shown == {
        "电话": "1***（共 11 字）",
        "姓名": "周***（共 3 字）",
        "内容": "中山路的路灯…（共 12 字）",
        "标题": "路灯不亮",
    }


@pytest.mark.parametrize(
    ("changed", "value"),
    [
        ({"电话": "=13807931234"}, "=***（共 12 字）"),
        ({"内容": "=13807931234投诉"}, "=138**…（共 14 字）"),
        ({"类别": "13807931234"}, "138****"),
        ({"状态": "362301198001011234"}, "362****"),
        ({"单位": "周某13807931234"}, "周某138****"),
    ],
)
def test_a_number_of_a_person_is_cut_wherever_it_stands(tmp_path, changed, value):
    assert flaw(tmp_path, **changed).value == value


def test_of_what_is_kept_only_the_length_is_shown(tmp_path):
    found = flaw(tmp_path, "栏目,身份证,,保留（个人信息）", 身份证="=3623")
    assert found.value == "…（共 5 字）"
    found = flaw(tmp_path, "设置,其他栏目,,保留", 备注="张三\x07")
    assert (found.column, found.value) == ("备注", "…（共 3 字）")


def test_units_that_nobody_has_are_counted(tmp_path):
    by = mapping_file(tmp_path)
    rows = Rows(read_mapping(by, KNOWN), KNOWN, list(ROW))
    path = csv_file(tmp_path, [ROW | {"编号": f"A{n}", "单位": "市水利局"} for n in range(3)])
    with opened(path, list(ROW)) as sheet:
        for line in sheet.lines:
            rows.read(line, NOW)
    assert rows.unknown == {"市水利局": 3}
