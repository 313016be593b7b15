"""Every text that a page shows goes through gettext, and has an English translation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

ROOT = Path(__file__).resolve().parents[2]
WEBAPP = ROOT / "webapp"
PO = WEBAPP / "translations/en/LC_MESSAGES/messages.po"

CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
FILLED = re.compile(r"%\((\w+)\)[sd]")
GETTEXT = {"_", "gettext", "ngettext", "lazy_gettext"}
OWN_NAMES = {"中文"}
"""What is said in its own language whichever the page has."""


def english() -> dict[str, Message]:
    with PO.open("rb") as file:
        return {first(message.id): message for message in read_po(file) if message.id}


def first(msgid: object) -> str:
    return msgid if isinstance(msgid, str) else next(iter(msgid))  # type: ignore[call-overload]


def extracted() -> set[str]:
    with (WEBAPP / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
    return {
        first(msgid)
        for _file, _line, msgid, _comments, _context in extract_from_dir(
            str(ROOT), methods, options, keywords
        )
    }


def test_every_text_has_an_english_translation():
    known = english()
    wanted = extracted()
    assert len(wanted) > 100
    missing = [msgid for msgid in sorted(wanted) if msgid not in known]
    assert missing == [], f"write their English into {PO.relative_to(ROOT)}"
    for msgid in sorted(wanted):
        message = known[msgid]
        texts = [message.string] if isinstance(message.string, str) else list(message.string)
        for text in texts:
            assert text, msgid
            assert msgid in OWN_NAMES or not CHINESE.search(text), text
            assert set(FILLED.findall(text)) <= set(FILLED.findall(msgid)), msgid
    assert sorted(known.keys() - wanted) == [], "translations of texts that are gone"


@pytest.mark.parametrize("path", sorted(WEBAPP.glob("templates/**/*.html")), ids=lambda p: p.name)
def test_every_text_of_a_template_goes_through_gettext(path: Path):
    tree = Environment(autoescape=True).parse(path.read_text("utf-8"))
    wrapped = {
        id(inner)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name == "_"
        for inner in call.find_all(nodes.Const)
    }
    bare = [data.data for data in tree.find_all(nodes.TemplateData) if CHINESE.search(data.data)]
    bare += [
        const.value
        for const in tree.find_all(nodes.Const)
        if isinstance(const.value, str) and CHINESE.search(const.value) and id(const) not in wrapped
    ]
    assert bare == []


def strings(path: Path) -> Iterator[ast.Constant]:
    """The strings of a module that are neither docstrings nor arguments of gettext."""
    tree = ast.parse(path.read_text("utf-8"))
    spared: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            spared.add(id(node.value))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in GETTEXT:
            spared |= {id(inner) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in spared
        ):
            yield node


@pytest.mark.parametrize("path", sorted(WEBAPP.glob("**/*.py")), ids=lambda p: p.name)
def test_every_text_of_a_module_goes_through_gettext(path: Path):
    assert [node.value for node in strings(path) if CHINESE.search(node.value)] == []
