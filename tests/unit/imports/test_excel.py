"""Excel files: what cells become, what cannot be taken as it stands, what is refused."""

from __future__ import annotations

import errno
import io
import struct
import zipfile
from datetime import date, datetime, time
from unittest import mock

import pytest
from openpyxl import Workbook

from engine.imports import ImportRefused, excel, opened

WANTED = ("编号", "值")


def saved(path, *rows, title="工单"):
    book = Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def cells(path, **how) -> list[tuple[int, list[str]]]:
    with opened(path, WANTED, **how) as sheet:
        return [(line.number, list(line.cells)) for line in sheet.lines]


def value(tmp_path, cell) -> str:
    path = saved(tmp_path / "f.xlsx", WANTED, ["A1", cell])
    ((_, found),) = cells(path)
    return found[1]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("路灯", "路灯"),
        (12, "12"),
        (12.0, "12"),
        (1.5, "1.5"),
        (True, "是"),
        (datetime(2025, 3, 2, 10, 20), "2025-03-02 10:20:00"),  # noqa: DTZ001
        (date(2025, 3, 2), "2025-03-02 00:00:00"),
        (time(10, 20), "10:20:00"),
    ],
)
def test_what_a_cell_becomes(tmp_path, cell, text):
    assert value(tmp_path, cell) == text


def test_a_fraction_of_a_day_is_the_second_that_was_meant(tmp_path):
    almost = datetime(2025, 3, 2, 10, 19, 59, 999_997)  # noqa: DTZ001
    assert value(tmp_path, almost) == "2025-03-02 10:20:00"


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("=1+1", "公式"),
        ("#N/A", "错误值"),
        (202_503_020_930_001_234, "前 15 位"),
    ],
)
def test_what_is_lost_or_reckoned_is_spoiled(tmp_path, cell, why):
    assert why in value(tmp_path, cell).why


def test_rows_have_excel_s_numbers_and_short_ones_are_filled_up(tmp_path):
    path = saved(tmp_path / "f.xlsx", ["导出"], WANTED, ["A1", "一"], [], ["A2"], ["A3", "三"])
    assert cells(path, heading=2) == [(3, ["A1", "一"]), (5, ["A2", ""]), (6, ["A3", "三"])]


def test_a_sheet_is_chosen_by_its_name(tmp_path):
    book = Workbook()
    book.active.append(["说明"])
    other = book.create_sheet("工单")
    other.append(WANTED)
    other.append(["A1", "一"])
    book.save(tmp_path / "f.xlsx")
    assert cells(tmp_path / "f.xlsx", sheet="工单") == [(2, ["A1", "一"])]
    with pytest.raises(ImportRefused, match=r"没有工作表“订单”，只有：Sheet、工单"):
        cells(tmp_path / "f.xlsx", sheet="订单")


def test_a_file_that_unpacks_without_end_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = saved(tmp_path / "f.xlsx", WANTED)
    monkeypatch.setattr(excel, "MOST_UNPACKED", 1000)
    with pytest.raises(ImportRefused, match="解开后太大"):
        cells(path)


def test_a_file_with_entities_of_its_own_is_refused(tmp_path):
    path = saved(tmp_path / "f.xlsx", WANTED, ["A1", "一"])
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].replace(
        b"<worksheet", b'<!DOCTYPE a [<!ENTITY e "eeee">]><worksheet', 1
    )
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in (parts | {"xl/worksheets/sheet1.xml": sheet}).items():
            packed.writestr(name, content)
    with pytest.raises(ImportRefused, match="DTD"):
        cells(path)


def test_a_damaged_file_is_told_as_such(tmp_path):
    path = saved(tmp_path / "f.xlsx", WANTED, ["A1", "一"])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ImportRefused, match="可能已损坏"):
        cells(path)


def _garbled(content: bytes) -> bytes:
    """The packed bytes of one part are other ones."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        part = packed.getinfo("xl/theme/theme1.xml")
    begin = part.header_offset + 30 + len(part.filename)
    return content[:begin] + b"\xff" * 40 + content[begin + 40 :]


def _before_the_beginning(content: bytes) -> bytes:
    """The list of parts is said to begin later than it does: the first begins before the file."""
    end = content.rindex(b"PK\x05\x06")
    (at,) = struct.unpack_from("<I", content, end + 16)
    return content[: end + 16] + struct.pack("<I", at + 9) + content[end + 20 :]


@pytest.mark.parametrize("damage", [_garbled, _before_the_beginning])
def test_a_file_damaged_inside_is_told_as_such(tmp_path, damage):
    path = saved(tmp_path / "f.xlsx", WANTED, ["A1", "一"])
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ImportRefused, match="可能已损坏"):
        cells(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("f.xlsx", b"PK and then nothing that was ever packed"),
        ("f.xlsx", b"PK\x03\x04"),
        ("f.XLSX", b"\0" * 4096),
        ("f.csv", b"PK\x05\x06" + b"\0" * 18),
        ("f.csv", b"PK\x07\x08" + bytes(range(256))),
    ],
)
def test_what_was_an_excel_file_once_is_not_read_as_text(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ImportRefused, match="可能已损坏"):
        cells(tmp_path / name)


@pytest.mark.parametrize("name", ["f.csv", "f.xlsx"])
def test_headings_that_begin_like_an_excel_file_are_headings(tmp_path, name):
    (tmp_path / name).write_text("编号,标题,PK\nA1,一,x\n")
    (tmp_path / "g.csv").write_text("PK编号,编号,标题\nA1,一,x\n")
    assert cells(tmp_path / name) == [(2, ["A1", "一", "x"])]
    assert cells(tmp_path / "g.csv") == [(2, ["A1", "一", "x"])]


def test_a_disk_s_own_trouble_is_not_taken_for_a_broken_file(tmp_path, monkeypatch):
    path = saved(tmp_path / "f.xlsx", WANTED, ["A1", "一"])
    monkeypatch.setattr(zipfile.ZipFile, "open", mock.Mock(side_effect=OSError(errno.EIO, "x")))
    with pytest.raises(OSError, match="x"):
        cells(path)
