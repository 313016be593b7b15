"""The usual slips of people who type in Chinese, in a text that could not be read."""

from __future__ import annotations

import re

_STRINGS = re.compile(r"""(["'])(?:[^"'\\\n]|\\.)*\1""")
_QUOTES = re.compile("[“”‘’＂＇「」『』]([^“”‘’＂＇「」『』]*)")
_WIDE = {
    **dict(zip("＝＞＜！（）［］＋－＊／，；：．＆｜", "=><!()[]+-*/,;:.&|", strict=True)),
    **{"≥": ">=", "≤": "<=", "≠": "!=", "、": ",", "。": ".", "×": "*", "÷": "/", "～": ".."},
}
_MARKS = re.compile(f"[{re.escape(''.join(_WIDE))}]")
_UNIT = re.compile(r"(\d)\s*([\u4e00-\u9fff]+)")
_WORDS = {"并且": "and", "而且": "and", "且": "and", "或者": "or", "或": "or", "等于": "=="}
_WORD = re.compile(f"(?<![\\w])({'|'.join(_WORDS)})(?![\\w])")
_ONE_EQUALS = re.compile(r"(?<![=<>!])=(?!=)")


def slip(text: str, compares: bool = True) -> str:
    """A sentence without its end on what is to be written instead; empty when nothing is usual.

    `compares`: whether the text may compare by `==`, as expressions do and cells do not.
    """
    outside = _STRINGS.sub('""', text)
    if found := _QUOTES.search(outside):
        said = found.group(1)
        return "文字要用英文双引号" + (f'，请写成 "{said}"' if said else "")
    if found := _MARKS.search(outside):
        return f"“{found.group()}”是中文符号，请改成英文的 {_WIDE[found.group()]}"
    if compares and (found := _WORD.search(outside)):
        return f"请把“{found.group()}”改成 {_WORDS[found.group()]}"
    if found := _UNIT.search(outside):
        return f"数后面不写单位，请去掉“{found.group(2)}”，只写数"
    if _ONE_EQUALS.search(outside):
        return (
            "比较是否相等要写两个等号（==）" if compares else "等于某个值，直接写那个值，不写等号"
        )
    return ""
