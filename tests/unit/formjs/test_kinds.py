"""What a file is, is told by its content: whatever its name says, nothing else is taken."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.formjs.kinds import KINDS, LARGEST_NAME, Untaken, accepted, named, plain_name, tell
from tests.samples import FRAME, GOOD, SHEET, SLIDES, WORD, box, office, pack


def refused(content: bytes, name: str = "照片.jpg") -> str:
    with pytest.raises(Untaken) as caught:
        tell(io.BytesIO(content), name)
    return caught.value.code


def test_there_is_a_sample_of_every_kind():
    assert GOOD.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", GOOD)
def test_each_kind_is_known_by_its_content_and_gets_its_own_suffix(kind: str):
    content = GOOD[kind]
    name = "记录" if kind == "text" else "照片.exe"
    found = tell(io.BytesIO(content), name)
    assert found.name == kind
    assert named(name, found) == name + KINDS[kind].suffixes[0]
    assert named("a" + KINDS[kind].suffixes[-1].upper(), found).lower().endswith(found.suffixes[-1])


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xef\xbb\xbf" + "有标记的文字".encode(), "text"),
        ("国标编码的文字，路灯不亮。".encode("gb18030"), "text"),
        (("长文字" * 60_000).encode("gb18030"), "text"),
        ("价格 < 100 元，数量 > 3".encode(), "text"),
        (FRAME * 2, "mp3"),
        (box(b"mif1", b"mif1", b"heic"), "heic"),
        (box(b"isom", b"iso2", b"avc1", b"mp41"), "mp4"),
        (b"#!AMR-WB\n" + b"\0" * 40, "amr"),
    ],
)
def test_other_ways_in_which_a_kind_is_written(content: bytes, kind: str):
    assert tell(io.BytesIO(content), "x.txt").name == kind


ENDLESS = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 9, 9, 50_000_000, 0, 0)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"<!DOCTYPE html><title>x</title>", "file_markup"),
        (b"\xef\xbb\xbf  \n<svg xmlns='http://www.w3.org/2000/svg'/>", "file_markup"),
        ("说明\n<script>alert(1)</script>".encode(), "file_markup"),
        ("<HTML>国标</HTML>".encode("gb18030"), "file_markup"),
        (b"\x89PNG\r\n\x1a\n<script>", "file_markup"),
        (b"MZ\x90\0\3\0\0\0\4\0", "file_kind"),
        (b"\x7fELF\2\1\1\0", "file_kind"),
        (b"#!/bin/sh\nrm -rf /\n", "file_program"),
        (b"@echo off\r\ndel *.*\r\n", "file_kind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "file_old"),
        (pack({"a.txt": "x"}), "file_kind"),
        (pack({"META-INF/MANIFEST.MF": "x", "A.class": "x"}), "file_kind"),
        (pack({WORD: "<x/>"}), "file_kind"),
        (office(WORD, **{SHEET: "<x/>"}), "file_kind"),
        (office(WORD, **{"word/vbaProject.bin": "x"}), "file_macros"),
        (office(SHEET, "application/vnd.ms-excel.sheet.macroEnabled.main+xml"), "file_macros"),
        (office(SLIDES, "application/vnd.ms-office.VBAproject"), "file_macros"),
        (office(WORD)[:-30], "file_kind"),
        (b"PK\3\4" + b"\0" * 40 + ENDLESS, "file_kind"),
        (b"PK\3\4" + b"\0" * 40, "file_kind"),
        (box(b"avif", b"mif1"), "file_kind"),
        (box(b"qt  "), "file_kind"),
        (b"RIFF\0\0\0\0AVI LIST", "file_kind"),
        (b"ID3\4\0\0\0\0\0\0<html>", "file_markup"),
        (b"\xff\xfb\x90\x00" + b"\0" * 20, "file_kind"),
        (b"BM\0\0\0\0\0\0", "file_kind"),
        ("UTF-16 的文字".encode("utf-16"), "file_kind"),
        (b"Rar!\x1a\7\1\0", "file_kind"),
    ],
)
def test_what_is_none_of_them_is_refused_whatever_its_name(content: bytes, code: str):
    assert refused(content) == code


@pytest.mark.parametrize("name", ["安装.js", "a.vbs ", "b.PS1", "c.py", "照片.jpg"])
def test_text_under_the_name_of_something_else_is_refused(name: str):
    code = "file_kind" if name.endswith(".jpg") else "file_program"
    assert refused("一行文字".encode(), name) == code


def told(content: bytes) -> str:
    """The name of the kind, or why it is not taken."""
    try:
        return tell(io.BytesIO(content), "x").name
    except Untaken as untaken:
        return untaken.code


CODES = {"file_empty", "file_kind", "file_markup", "file_program", "file_macros", "file_old"}


@given(st.binary(max_size=3000))
def test_no_content_makes_it_fail(content: bytes):
    assert told(content) in KINDS.keys() | CODES


@given(st.binary(max_size=400), st.integers(0, 300))
def test_no_broken_document_makes_it_fail(noise: bytes, at: int):
    content = office(WORD)
    broken = content[:at] + noise + content[at + len(noise) :]
    assert told(broken) in KINDS.keys() | CODES


@given(st.text(max_size=300), st.sampled_from(sorted(KINDS)))
def test_any_name_becomes_one_that_can_be_shown(name: str, kind: str):
    found = named(name, KINDS[kind])
    assert 0 < len(found) <= LARGEST_NAME
    assert found.isprintable()
    assert not set(found) & set('/\\<>:"|?*')
    assert found.endswith(KINDS[kind].suffixes) or found.lower().endswith(KINDS[kind].suffixes)
    assert named(found, KINDS[kind]) == found


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("C:\\Users\\li\\现场 1.jpg", "现场 1.jpg"),
        ("../../etc/passwd", "passwd"),
        ("合同\u202egpj.exe", "合同gpj.exe"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie_ x"),
        (" . ", "文件"),
        ("", "文件"),
        ("名" * 200, "名" * (LARGEST_NAME - 1) + "…"),
    ],
)
def test_a_name_is_shown_without_paths_and_tricks(name: str, shown: str):
    assert plain_name(name) == shown


def test_a_long_name_keeps_its_suffix():
    assert named("长" * 200 + ".PDF", KINDS["pdf"]).lower().endswith("….pdf")


def test_what_a_form_accepts():
    every = frozenset(KINDS)
    assert accepted("") == (every, "")
    assert accepted("*/*") == (every, "")
    pictures = {"jpeg", "png", "gif", "webp", "heic"}
    assert accepted("image/*, .PDF") == (pictures | {"pdf"}, "")
    assert accepted("application/pdf,.jpeg")[0] == {"pdf", "jpeg"}
    assert accepted(".jpg,.exe")[1] == ".exe"
    assert accepted("text/html")[1] == "text/html"
