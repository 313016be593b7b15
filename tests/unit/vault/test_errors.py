"""Every error that is raised has a sentence that says what to do."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from engine import sentences
from engine.errors import Trouble, sentence

ROOT = Path(__file__).parents[3]
# Name of the class → which argument is the code. read.verify's Difference has no code.
FAMILIES = dict.fromkeys(("Trouble", "StoreError", "VaultError", "SettingsError", "Denied"), 0)
CHAINS = {**FAMILIES, "Difference": 2}


def raised() -> dict[str, str]:
    """Code → file, of every error that engine and webapp make with a literal code."""
    found = {}
    for folder in ("engine", "webapp"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            families = CHAINS if path.parent.name in ("record", "store") else FAMILIES
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                    continue
                place = families.get(node.func.id)
                if place is None or len(node.args) <= place:
                    continue
                code = node.args[place]
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    found[code.value] = str(path.relative_to(ROOT))
    return found


@pytest.mark.parametrize(("code", "file"), sorted(raised().items()))
def test_a_code_that_is_raised_has_a_sentence(code: str, file: str) -> None:
    assert code in sentences.SENTENCES, f"{file} raises {code}: engine/sentences.py lacks it"


@pytest.mark.parametrize(("code", "text"), sorted(sentences.SENTENCES.items()))
def test_a_sentence_is_one_in_chinese(code: str, text: str) -> None:
    assert text.endswith(("。", "？"))
    assert any("\u4e00" <= letter <= "\u9fff" for letter in text)
    filled = sentence(code, {})
    assert "%" not in filled


def test_a_code_stands_in_one_subject_only() -> None:
    subjects = [
        value
        for name, value in vars(sentences).items()
        if name.isupper() and name not in ("SENTENCES", "ROLES") and isinstance(value, dict)
    ]
    codes = Counter(code for subject in subjects for code in subject)
    assert [code for code, count in codes.items() if count > 1] == []
    assert set(codes) == set(sentences.SENTENCES)


def test_an_unknown_code_is_named() -> None:
    assert "no_such_code" in Trouble("no_such_code").sentence()


def test_a_missing_fact_leaves_a_gap_and_no_error() -> None:
    assert "?" in Trouble("unit_unknown").sentence()
    assert "gf-water" in str(Trouble("unit_unknown", unit="gf-water"))
