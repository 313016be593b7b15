"""What stands before the pages, as the environment says: understood, or refused in a sentence."""

from __future__ import annotations

import os

import pytest

from engine import confidential, settings
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


# --- secrets in files -------------------------------------------------------------------------

ADDRESS = "postgresql://hotline_app:s3cret@db.example/hotline"


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "database-url"
    file.touch(0o600)
    file.write_text(ADDRESS + "\n")
    return file


def refused(tmp_path, **more):
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, **more)
    assert "s3cret" not in raised.value.sentence()
    return raised.value


def test_an_address_stands_in_a_file(tmp_path, secret):
    found = read(tmp_path, HOTLINE_DATABASE_URL_FILE=str(secret))
    assert found == read(tmp_path, HOTLINE_DATABASE_URL=ADDRESS)
    assert read(tmp_path, HOTLINE_DATABASE_URL_FILE=secret.name) == found, "starts at the home"
    both = read(
        tmp_path,
        HOTLINE_DATABASE_URL_FILE=str(secret),
        HOTLINE_OWNER_DATABASE_URL_FILE=str(secret),
    )
    assert both.owner_url == found.database_url
    assert settings.read(found.environment()) == found


@pytest.mark.parametrize("name", ["HOTLINE_DATABASE_URL", "HOTLINE_OWNER_DATABASE_URL"])
@pytest.mark.parametrize(
    ("content", "mode", "code"),
    [
        (ADDRESS, 0o644, "secret_exposed"),
        (ADDRESS, 0o640, "secret_exposed"),
        (ADDRESS, 0o602, "secret_exposed"),
        ("", 0o600, "secret_empty"),
        (" \n\n", 0o600, "secret_empty"),
        (ADDRESS + "\n" + ADDRESS, 0o600, "secret_broken"),
        (ADDRESS + "x" * 5000, 0o600, "secret_broken"),
        ("\0", 0o600, "secret_broken"),
        ("mysql://a:s3cret@b/c", 0o600, "url_unknown"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused(tmp_path, secret, name, content, mode, code):
    secret.write_text(content)
    secret.chmod(mode)
    app = {"HOTLINE_DATABASE_URL": ADDRESS} if "OWNER" in name else {}
    error = refused(tmp_path, **app, **{f"{name}_FILE": str(secret)})
    assert error.code == code
    assert name in error.sentence()


def test_a_file_that_is_not_text_is_refused(tmp_path, secret):
    secret.write_bytes(b"\xff\xfe" + ADDRESS.encode())
    assert refused(tmp_path, HOTLINE_DATABASE_URL_FILE=str(secret)).code == "secret_broken"


@pytest.mark.parametrize("path", ["nowhere", ".", "a\0b", "x" * 5000])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, path):
    assert refused(tmp_path, HOTLINE_DATABASE_URL_FILE=path).code == "secret_unreadable"


def test_a_secret_is_given_once(tmp_path, secret):
    error = refused(tmp_path, HOTLINE_DATABASE_URL=ADDRESS, HOTLINE_DATABASE_URL_FILE=str(secret))
    assert error.code == "secret_twice"


@pytest.mark.parametrize(
    ("owner", "we", "mode", "exposed"),
    [
        (0, 990, 0o640, False),  # root hands it to the service's group
        (0, 990, 0o440, False),  # as systemd does with an access list
        (0, 990, 0o644, True),
        (0, 990, 0o660, True),  # the service could change it
        (990, 990, 0o600, False),
        (990, 990, 0o640, True),
        (0, 0, 0o640, True),
    ],
)
def test_a_group_may_read_what_root_hands_to_a_service(monkeypatch, owner, we, mode, exposed):
    monkeypatch.setattr(os, "geteuid", lambda: we)
    status = os.stat_result((0o100000 | mode, 0, 0, 1, owner, 990, 0, 0, 0, 0))
    assert confidential.exposed(status) is exposed


# --- shown ------------------------------------------------------------------------------------


def test_the_settings_are_shown_with_where_they_come_from_and_without_secrets(tmp_path, secret):
    secret.write_text("postgresql://app:s3cret@/hotline?host=/run/pg&sslpassword=s3cret")
    environment = {
        "HOTLINE_HOME": str(tmp_path),
        "HOTLINE_DATABASE_URL_FILE": str(secret),
        "HOTLINE_OWNER_DATABASE_URL": "postgresql://owner:s3cret@/hotline?host=/run/pg",
        "HOTLINE_TLS": "yes",
    }
    shown = {line.name: line for line in settings.lines(environment)}
    assert "s3cret" not in str(shown)
    assert {name for name in settings.NAMES if not name.endswith("_URL_FILE")} == shown.keys()
    address = shown["HOTLINE_DATABASE_URL"]
    assert (address.given, address.file) == (True, secret)
    assert "host=/run/pg" in address.value
    assert shown["HOTLINE_TLS"].value == "1"
    assert not shown["HOTLINE_PROXIES"].given
    assert settings.lines({"HOTLINE_HOME": str(tmp_path)})[1].value.endswith("var/hotline.db")


def test_a_slip_of_the_pen_is_named():
    assert settings.unknown({"HOTLINE_PROXY": "1", "HOTLINE_TLS": "1", "PATH": "/"}) == [
        "HOTLINE_PROXY"
    ]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:Pass@word@localhost/db",
        "postgresql://u:S3cre@tX/a@h/d",
        "postgresql://u:s3cret@h:99x/d",
    ],
)
def test_an_address_whose_password_would_be_cut_is_refused_without_being_shown(address, tmp_path):
    with pytest.raises(SettingsError) as refused:
        settings.lines({"HOTLINE_HOME": str(tmp_path), "HOTLINE_DATABASE_URL": address})
    assert refused.value.code == "url_unknown"
    assert "编码" in str(refused.value)
    assert not any(piece in str(refused.value) for piece in ("word@", "S3cre", "s3cret"))


@pytest.mark.parametrize("host", ["", "localhost", "db-1.example", "[::1]", "10.0.0.7"])
def test_hosts_of_all_kinds_are_hosts(host, tmp_path):
    address = f"postgresql://u:p%40ss@{host}/db"
    found = settings.read({"HOTLINE_HOME": str(tmp_path), "HOTLINE_DATABASE_URL": address})
    assert found.database_url.password == "p@ss"


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("pipe", "是管道或设备，不是普通文件"),
        ("/dev/zero", "是管道或设备，不是普通文件"),
        (".", "是文件夹，不是文件"),
        ("nowhere", "文件或文件夹不存在"),
        ("pipe/under", "路径中有一段不是文件夹"),
        ("x" * 300, "名称太长"),
    ],
)
def test_why_a_file_with_a_secret_cannot_be_read_is_said_in_chinese(tmp_path, file, why):
    os.mkfifo(tmp_path / "pipe")
    given = {"HOTLINE_HOME": str(tmp_path), "HOTLINE_DATABASE_URL_FILE": file}
    with pytest.raises(SettingsError) as refused:
        settings.read(given)
    assert refused.value.code == "secret_unreadable"
    assert f"：{why}。" in str(refused.value)
