"""What stands before the pages, as the environment says: understood, or refused in a sentence."""

from __future__ import annotations

import pytest

from engine import settings
from engine.errors import SettingsError


def read(tmp_path, **more):
    return settings.read({"HOTLINE_HOME": str(tmp_path), **more})


@pytest.mark.parametrize(
    ("text", "tls"),
    [("1", True), ("true", True), ("Yes", True), ("0", False), ("FALSE", False), ("no", False)],
)
def test_tls_is_switched_on_and_off(tmp_path, text, tls):
    found = read(tmp_path, HOTLINE_TLS=text)
    assert found.tls is tls
    assert settings.read(found.environment()) == found


def test_without_a_word_nothing_stands_before_the_pages(tmp_path):
    for more in ({}, {"HOTLINE_TLS": "", "HOTLINE_PROXIES": ""}):
        found = read(tmp_path, **more)
        assert (found.tls, found.proxies) == (False, 0)


@pytest.mark.parametrize("text", ["on", "2", "ture", " ", "是"])
def test_a_switch_that_says_nothing_is_refused(tmp_path, text):
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, HOTLINE_TLS=text)
    assert raised.value.code == "tls_unknown"
    assert "HOTLINE_TLS" in raised.value.sentence()


@pytest.mark.parametrize("text", ["0", "1", "10", " 2 "])
def test_proxies_are_counted(tmp_path, text):
    found = read(tmp_path, HOTLINE_PROXIES=text)
    assert found.proxies == int(text)
    assert settings.read(found.environment()) == found


@pytest.mark.parametrize("text", ["abc", "-1", "11", "1.5", "１", "1_0", "9" * 5000])
def test_proxies_that_cannot_be_counted_are_refused(tmp_path, text):
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, HOTLINE_PROXIES=text)
    assert raised.value.code == "proxies_unknown"
    assert "HOTLINE_PROXIES" in raised.value.sentence()
    assert len(raised.value.sentence()) < 200
