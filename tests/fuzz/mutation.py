"""Changes to inputs that keep their shape: trees of XML, values of JSON, texts of tokens, bytes.

Every function takes the seeded generator that it draws from, so that a run can be repeated.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from lxml import etree

HOSTILE = (
    "", " ", "0", "-1", "1", "true", "false", "null", "None", "1e999", "NaN", "9" * 40, "0.1.2",
    "${", "${}", "${x", "#{x}", "${true}", "${now()}", "${[1][0]}", "${'a' * 9}", "{{x}}", "=x",
    "P1D", "PT", "P99999999Y", "R/PT1H", "2026-02-30T00:00:00Z", "2026-10-01T00:00:00+08:00",
    "9999-12-31T23:59:59+00:00", "../x", "a:b:c", "\u202ex", "\ufffe", "\ufeff", "\U0001f600", "中",
    "Start", "End", "Root", "__class__", "x" * 300, "<x>", "]]>", "&amp;", "\t\n", "%s%n",
)  # fmt: skip
"""Texts that some reader may stumble over."""

Change = Callable[[Random, bytes], bytes]


def changed(change: Change, random: Random, content: bytes) -> bytes:
    """The change, or bytes that differ, where what comes of earlier ones cannot be changed so."""
    try:
        return change(random, content)
    except (ValueError, IndexError, TypeError, RecursionError):
        return bytewise(random, content)


def bytewise(random: Random, content: bytes) -> bytes:
    """A few bytes flipped, cut out, doubled or put in."""
    found = bytearray(content)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(found) + 1)
        match random.randrange(5):
            case 0 if at < len(found):
                found[at] ^= 1 << random.randrange(8)
            case 1:
                del found[at : at + random.choice((1, 2, 8, 64))]
            case 2:
                found[at:at] = found[max(0, at - 40) : at]
            case 3:
                found[at:at] = random.randbytes(random.randint(1, 4))
            case _:
                found[at:at] = random.choice(HOSTILE).encode("utf-8", "surrogatepass")
    return bytes(found)


def recoded(random: Random, content: bytes) -> bytes:
    """The same text in another encoding, with or without its mark."""
    text = content.decode("utf-8", "replace")
    name = random.choice(("utf-16", "utf-16-le", "utf-8-sig", "utf-32", "gb18030", "latin-1"))
    return text.encode(name, "replace")


# --- XML -----------------------------------------------------------------------------------


def of_xml(tags: Sequence[str], others: Sequence[bytes]) -> Change:
    """Changes to a tree; `tags` are names that elements may take, `others` lend their parts."""
    parts = [node for one in others for node in _nodes(etree.fromstring(one))]

    def change(random: Random, content: bytes) -> bytes:
        try:
            root = etree.fromstring(content, etree.XMLParser(resolve_entities=False))
        except (etree.XMLSyntaxError, ValueError):
            return bytewise(random, content)
        for _ in range(random.choice((1, 1, 2, 3, 6))):
            _change_tree(random, root, tags, parts)
        written = etree.tostring(root, encoding="utf-8", xml_declaration=random.random() < 0.5)
        return _roughened(random, written)

    return change


def _change_tree(
    random: Random, root: etree._Element, tags: Sequence[str], parts: Sequence[etree._Element]
) -> None:
    nodes = _nodes(root)
    node = random.choice(nodes)
    parent = node.getparent()
    match random.randrange(12):
        case 0 if parent is not None:
            parent.remove(node)
        case 1 if parent is not None:
            parent.insert(random.randrange(len(parent) + 1), copy.deepcopy(node))
        case 2:
            other = random.choice(nodes)
            if other is not root and node not in _nodes(other):
                node.append(other)
        case 3:
            space = etree.QName(node).namespace
            name = random.choice(tags)
            node.tag = f"{{{space}}}{name}" if space else name
        case 4:
            node.insert(random.randrange(len(node) + 1), copy.deepcopy(random.choice(parts)))
        case 5 if len(node):
            node[:] = random.sample(list(node), len(node))
        case 6:
            node.text = _text(random, nodes)
        case 7 if parent is not None:
            inner = node
            for _ in range(random.choice((1, 3, 300))):
                wrapped = etree.Element(node.tag)
                inner.addprevious(wrapped)
                wrapped.append(inner)
        case 8 if node.attrib:
            del node.attrib[random.choice(list(node.attrib))]
        case 9:
            lender = random.choice(parts)
            for key, value in lender.attrib.items():
                node.set(key, value)
        case _ if node.attrib:
            key = random.choice(list(node.attrib))
            same = [one.get(key) for one in nodes if one.get(key)]
            pool = same if same and random.random() < 0.6 else HOSTILE
            node.set(key, _fit(random.choice(pool)))


def _nodes(root: etree._Element) -> list[etree._Element]:
    return list(root.iter("{*}*"))


def _text(random: Random, nodes: Sequence[etree._Element]) -> str:
    if random.random() < 0.5:
        return _fit(random.choice(HOSTILE))
    return random.choice([one.text for one in nodes if one.text and one.text.strip()] or [""])


def _fit(text: str) -> str:
    return "".join(c for c in text if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))


def _roughened(random: Random, written: bytes) -> bytes:
    if random.random() < 0.08:
        written = bytewise(random, written)
    if random.random() < 0.04:
        written = recoded(random, written)
    return written


# --- JSON ----------------------------------------------------------------------------------


def of_json(others: Sequence[bytes]) -> Change:
    """Changes to members of dicts and lists; `others` lend keys and values."""
    parts = [pair for one in others for pair in _members(json.loads(one))]

    def change(random: Random, content: bytes) -> bytes:
        try:
            value = json.loads(content)
        except (ValueError, RecursionError):
            return bytewise(random, content)
        try:
            for _ in range(random.choice((1, 1, 2, 3, 6))):
                _change_value(random, value, parts)
            written = json.dumps(value, ensure_ascii=random.random() < 0.5)
        except RecursionError:
            return b"[" * 5_000
        return _roughened(random, written.encode("utf-8", "surrogatepass"))

    return change


def _members(value: Any) -> list[tuple[str, Any]]:
    """Every pair of key and value in it, however deep; a list's have no key."""
    found, ahead = [], [value]
    while ahead:
        one = ahead.pop()
        pairs = list(one.items()) if isinstance(one, dict) else []
        if isinstance(one, list):
            pairs = [("", member) for member in one]
        found += pairs
        ahead += [member for _, member in pairs]
    return found


def _change_value(random: Random, value: Any, parts: Sequence[tuple[str, Any]]) -> None:
    wholes = [value, *(one for _, one in _members(value))]
    wholes = [one for one in wholes if isinstance(one, dict | list) and one]
    if not wholes:
        return
    whole = random.choice(wholes)
    place = random.choice(list(whole) if isinstance(whole, dict) else range(len(whole)))
    key, lent = random.choice(parts)
    odd = random.choice(
        [*HOSTILE, None, True, False, 0, -1, 3, 10**20, 1.5, 1e308, [], {}, [[]], {"hide": "=x"}]
    )
    match random.randrange(7):
        case 0:
            del whole[place]
        case 1:
            whole[place] = odd
        case 2 if isinstance(whole, dict) and key:
            whole[key] = copy.deepcopy(lent)
        case 3 if isinstance(whole, list):
            whole.insert(place, copy.deepcopy(random.choice(whole)))
        case 4:
            whole[place] = copy.deepcopy(lent)
        case 5 if isinstance(whole[place], str):
            whole[place] = text(random, whole[place], ())
        case _:
            for _ in range(random.choice((1, 5, 400))):
                whole[place] = [whole[place]]


# --- texts ---------------------------------------------------------------------------------

_TOKENS = re.compile(r"\s+|\w+|.", re.DOTALL)


def of_text(words: Sequence[str], others: Sequence[bytes]) -> Change:
    """Changes to tokens of a text; `words` and the tokens of `others` may come in."""
    lent = [*words, *(token for one in others for token in _TOKENS.findall(one.decode()))]

    def change(random: Random, content: bytes) -> bytes:
        try:
            written = text(random, content.decode(), lent)
        except UnicodeDecodeError:
            return bytewise(random, content)
        return written.encode("utf-8", "surrogatepass")

    return change


def text(random: Random, given: str, lent: Sequence[str]) -> str:
    """A text with tokens taken out, put in, exchanged, doubled or put in brackets."""
    tokens: list[str] = _TOKENS.findall(given)
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        at = random.randrange(len(tokens) + 1)
        to = min(len(tokens), at + random.choice((1, 1, 2, 6)))
        match random.randrange(7):
            case 0:
                del tokens[at:to]
            case 1:
                tokens[at:at] = tokens[at:to] * random.choice((1, 2, 30))
            case 2 if lent:
                tokens[at:at] = [random.choice(lent)]
            case 3 if lent:
                tokens[at:to] = [random.choice(lent)]
            case 4:
                first, last = random.choice((("(", ")"), ("[", "]"), ("not(", ")"), ("{", "}")))
                times = random.choice((1, 2, 50))
                tokens[at:to] = [first * times, *tokens[at:to], last * times]
            case 5:
                tokens[at:at] = [random.choice(HOSTILE)]
            case _ if tokens:
                other = random.randrange(len(tokens))
                tokens[min(at, len(tokens) - 1)] = tokens[other]
    return "".join(tokens)[:20_000]
