"""Texts are found by any word that stands in them, and never by what says who somebody is."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from engine import terms

HAN = "路灯停水信江上饶市电梯坏了王建国先生女士某某龘𠮷ー가"
LATIN = "abcXYZéß0123456789０１２ＡＢ①"
MARKS = " 　，。、-()（）\n·_+🙂"

han_words = st.text(HAN, min_size=1, max_size=8)
latin_words = st.text(LATIN, min_size=1, max_size=5)
marks = st.text(MARKS, min_size=1, max_size=3)
texts = st.lists(han_words | latin_words | marks, max_size=12).map("".join)


def finds(query: str, text: str, *names: str) -> bool:
    """Whether a text is found by all words of a query."""
    stand = terms.terms(text, names)
    asked = terms.query(query)
    return (
        bool(asked.parts)
        and not asked.short
        and all(part.terms and part.terms <= stand for part in asked.parts)
    )


# --- found -------------------------------------------------------------------------------------


@given(texts, st.data())
def test_a_word_of_two_or_more_characters_that_stands_in_a_text_is_found(text, data):
    """Any piece of what is written together that does not begin within a word of letters."""
    plain = terms.masked(terms.plain(text))
    together = re.findall(r"[^\W_]+", plain)
    assume(any(len(one) >= 2 for one in together))
    one = data.draw(st.sampled_from([one for one in together if len(one) >= 2]))
    inside = [n for n in range(1, len(one)) if _letter(one[n]) and _letter(one[n - 1])]
    starts = [n for n in range(len(one) - 1) if n not in inside]
    start = data.draw(st.sampled_from(starts))
    end = data.draw(st.integers(start + 2, len(one)))
    word = one[start : min(end, start + 20)]
    assert finds(word, text), word
    assert finds(word.upper() if word.upper().casefold() == word else word, text)


def _letter(one: str) -> bool:
    return one.isalnum() and not terms._is_han(one)


@given(han_words, han_words, texts)
def test_all_words_of_a_query_must_stand_in_the_text(one, other, text):
    assume(len(one) >= 2 and len(other) >= 2)
    assert finds(f"{one} {other}", f"{text}。{one}，{other}")
    assert not finds(f"{one} 完全无关", text)


@given(st.text(HAN, min_size=2, max_size=2), texts)
def test_two_characters_are_found_exactly_where_they_stand(word, text):
    assert finds(word, text) == (word in terms.masked(terms.plain(text)))


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("信江路路灯不亮", "路灯"),
        ("信江路路灯不亮", "信江路 路灯"),
        ("停水三天", "停水"),
        ("ＡＢＣ小区", "abc"),
        ("Wi-Fi 连不上", "WI-fi"),
        ("万达广场3栋2单元", "3栋"),
        ("万达广场3栋2单元", "3栋2"),
        ("G320国道", "g320国道"),
        ("二十四小时keep健身", "ke"),
        ("1楼\n电梯坏了", "电梯坏了"),
    ],
)
def test_words_are_found(text, query):
    assert finds(query, text)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("信江路路灯不亮", "停水"),
        ("信江路路灯不亮", "路灯 停水"),
        ("万达广场13栋", "3栋"),
        ("小区abc", "bc"),
        ("路\n灯", "路灯"),
        ("路，灯", "路灯"),
    ],
)
def test_words_that_do_not_stand_there_are_not_found(text, query):
    assert not finds(query, text)


def test_single_characters_are_told_and_not_looked_for():
    assert terms.query("路").short == ("路",)
    assert terms.query("路灯 坏").short == ("坏",)
    assert terms.query("路灯，坏").short == ("坏",)
    assert terms.query("3").short == ("3",)
    assert terms.query("3栋").short == ()
    assert terms.query("，。 🙂") == terms.Query((), ())


# --- never found -------------------------------------------------------------------------------

digits = st.text("0123456789", min_size=7, max_size=19)
between = st.sampled_from(["", "-", " ", "—", "  ", "·", "."])


@given(han_words, digits, between, st.data())
@example("联系", "13812345678", "", None)
def test_a_long_number_in_a_text_is_never_found_nor_any_part_of_it(word, number, mark, data):
    step = data.draw(st.integers(1, 5)) if data else 4
    written = mark.join(number[n : n + step] for n in range(0, len(number), step))
    stand = terms.terms(f"{word}：{written}，{word}")
    left = terms.terms(f"{word}：，{word}")
    assert stand == left
    assert terms.terms(f"{word}{written}{word}") <= left | terms.terms(word)


@pytest.mark.parametrize(
    "number",
    [
        "13812345678",
        "１３８ １２３４ ５６７８",
        "138****5678901",
        "+86-138-1234-5678",
        "0793-8123456",
        "362301199001011234",
        "36230119900101123X",
        "6222 0212 3456 7890 123",
        "一三八一二三四五六七八",
        "赣E12345",
        "赣E·A1234",
        "赣ED12345",
        "粤Z1234港",
        "E12345678",
        "someone.else@example.com",
        "wx138138",
    ],
)
def test_what_names_a_person_by_a_number_leaves_nothing_behind(number):
    assert terms.terms(f"路灯，{number}，坏了") == terms.terms("路灯，坏了")


@pytest.mark.parametrize(
    "word", ["g320国道", "2026年10月10日", "3号楼501室", "国道320", "12345热线"]
)
def test_numbers_that_name_no_person_stay(word):
    assert finds(word, f"在{word}附近") or finds(word, f"在 {word}附近")


@given(texts, st.sampled_from(["王建国", "欧阳娜娜", "John Smith", "王女士"]), texts)
def test_a_name_that_is_known_is_not_found(before, name, after):
    stand = terms.terms(f"{before}，{name}，{after}", [name])
    assert stand == terms.terms(f"{before}，，{after}", [name])


@pytest.mark.parametrize("said", ["王建国", "王 建国", "王先生", "王某"])
def test_a_person_is_not_found_under_other_forms_of_the_name(said):
    for name in ("王建国", "王建国先生", "李四、王建国"):
        assert terms.terms(f"我是{said}，路灯坏了", [name]) == terms.terms("我是，路灯坏了")


def test_a_name_of_one_character_takes_no_words_away():
    assert finds("王家村", "王家村停水", "王")
    assert not finds("王女", "王女士在王家村", "王女士")


def test_a_long_text_of_anything_is_read_in_no_time():
    for text in ("a" * 20_000, "1a" * 10_000, "路" * 20_000, "赣e1" * 5_000, "@." * 9_000):
        terms.terms(text, ["王" * 20, "a" * 20])


# --- telephone numbers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("called", "asked"),
    [
        ("13812345678", "13812345678"),
        ("13812345678", "138 1234-5678"),
        ("+86 138 1234 5678", "13812345678"),
        ("13812345678", "008613812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("0793-8123456", "07938123456"),
        ("0793-8123456", "8123456"),
        ("(021) 61234567", "61234567"),
    ],
)
def test_a_caller_is_found_by_the_number_however_it_is_written(called, asked):
    assert terms.query(asked).parts[0].phone in terms.phones(called)


@pytest.mark.parametrize("asked", ["1381234", "5678", "3812345678", "138"])
def test_a_part_of_a_number_finds_no_caller(asked):
    parts = terms.query(asked).parts
    assert not {part.phone for part in parts} & terms.phones("13812345678")
