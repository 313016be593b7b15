"""Files as they come: encodings, delimiters, quotes, headings, what cannot be read."""

from __future__ import annotations

import pytest

from engine.imports import ImportRefused, Line, opened

WANTED = ("编号", "标题")


def lines(path, wanted=WANTED, **how) -> list[Line]:
    with opened(path, wanted, **how) as sheet:
        return list(sheet.lines)


def cells(path, wanted=WANTED, **how) -> list[tuple[int, list[str]]]:
    return [(line.number, list(line.cells)) for line in lines(path, wanted, **how)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("by", [",", "\t", ";", "|"])
def test_encoding_and_delimiter_are_found_out(tmp_path, encoding, by):
    path = tmp_path / "f.csv"
    path.write_text(f"编号{by}标题\r\nA1{by}路灯不亮\r\n", encoding, newline="")
    assert cells(path) == [(2, ["A1", "路灯不亮"])]


def test_rare_characters_of_gb18030_are_read(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("编号,标题\nA1,㙦𠮷\n", "gb18030")
    assert cells(path) == [(2, ["A1", "㙦𠮷"])]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_headings_in_latin_letters_do_not_hide_the_encoding(tmp_path, encoding):
    path = tmp_path / "f.csv"
    path.write_text("id,title\n" + "A1,路灯不亮，请派人\n" * 20_000, encoding)
    assert cells(path, ("id", "title"))[-1] == (20_001, ["A1", "路灯不亮，请派人"])


def test_what_the_mapping_says_goes_before_what_is_likely(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("编号,标题;x\nA1,路灯;y\n", "gb18030")
    assert cells(path, encoding="GBK", delimiter="逗号") == [(2, ["A1", "路灯;y"])]
    with opened(path, WANTED, encoding="UTF-8") as sheet:
        assert set(sheet.header).isdisjoint(WANTED)


def test_headings_may_stand_lower_and_blank_rows_count(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("12345 工单导出\n\n 编号 ,标  题\nA1,一\n\n,,\nA2,二\n", "utf-8")
    assert cells(path, ("编号", "标 题"), heading=3) == [(4, ["A1", "一"]), (7, ["A2", "二"])]


def test_a_cell_of_several_lines_is_one_row(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text('编号,标题\r\nA1,"一\r\n二，""三"""\r\nA2,四\r\n', "utf-8", newline="")
    assert cells(path) == [(2, ["A1", '一\r\n二，"三"']), (3, ["A2", "四"])]


def test_a_broken_quote_costs_its_lines_and_no_more(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text('编号,标题\nA1,一\nA2,"二\nA3,"三\nA4,四\n', "utf-8")
    first, broken, last = lines(path)
    assert (list(first.cells), list(last.cells)) == (["A1", "一"], ["A4", "四"])
    assert broken.number == 3
    assert "第 3 至 4 行" in broken.broken
    assert "引号" in broken.broken


def test_a_quote_that_is_never_closed_is_told_and_what_follows_is_read(tmp_path):
    path = tmp_path / "f.csv"
    rows = "".join(f"A{n},内容{n}\n" for n in range(600))
    path.write_text(f'编号,标题\nB1,"开\n{rows}B2,"关"\nB3,完\n', "utf-8")
    found = lines(path)
    assert [list(line.cells) for line in found if not line.broken][-1:] == [["B3", "完"]]
    assert "第 2" in found[0].broken


def test_digits_kept_as_text_are_digits_and_any_other_formula_is_spoiled(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text('编号,标题\n"=""0012""",=1+1\n', "utf-8")
    (line,) = lines(path)
    assert line.cells[0] == "0012"
    assert "公式" in line.cells[1].why


def test_a_cell_in_another_encoding_is_spoiled(tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes("编号,标题\nA1,".encode() + b"\xff\xfe\n" + "A2,二\n".encode())
    broken, whole = lines(path)
    assert "编码损坏" in broken.cells[1].why
    assert list(whole.cells) == ["A2", "二"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "旧格式的 Excel"),
        (b"PK\x03\x04" + bytes(100), "无法读取"),
    ],
)
def test_what_is_no_such_file_is_refused_in_a_sentence(tmp_path, content, words):
    path = tmp_path / "f"
    path.write_bytes(content)
    with pytest.raises(ImportRefused, match=words):
        lines(path)


def test_an_empty_file_has_no_headings(tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes(b"")
    with opened(path, WANTED) as sheet:
        assert (list(sheet.header), list(sheet.lines)) == ([], [])


def test_how_much_is_read_is_known(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("编号,标题\n" + "A1,路灯不亮\n" * 5000, "utf-8")
    with opened(path, WANTED) as sheet:
        assert sheet.how == "CSV，UTF-8，逗号"
        before = sheet.share()
        list(sheet.lines)
        assert before < sheet.share() == 1.0
