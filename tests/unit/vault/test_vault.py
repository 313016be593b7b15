"""Keys are made once and never replaced; what is sealed opens only as what it was sealed as."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import VaultError
from engine.vault import MasterKey, Vault, seal, unseal

KEY = bytes(32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a master key goes: in a folder that is not there yet."""
    return tmp_path / "keys" / "master.key"


@pytest.fixture
def vault(path: Path) -> Vault:
    """A vault with a new master key."""
    return Vault(MasterKey.create(path))


def test_a_new_key_is_the_owner_s_alone(path: Path) -> None:
    made = MasterKey.create(path)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert MasterKey.open(path).key == made.key
    assert list(path.parent.iterdir()) == [path], "no draft of the key stays behind"
    assert made.key.hex() not in repr(made)


def test_a_key_is_never_replaced(path: Path) -> None:
    made = MasterKey.create(path)
    with pytest.raises(VaultError) as raised:
        MasterKey.create(path)
    assert raised.value.code == "key_exists"
    assert MasterKey.open(path).key == made.key
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("")
    with pytest.raises(VaultError) as raised:
        MasterKey.create(tmp_path / "keys" / "master.key")
    assert raised.value.code in ("key_unwritable", "key_exists")


def test_a_folder_in_the_key_s_place_is_said_to_be_unreadable(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(VaultError) as raised:
        MasterKey.open(path)
    assert raised.value.code == "key_unreadable"


def test_a_fingerprint_tells_keys_apart_and_not_the_key(path: Path) -> None:
    one, two = MasterKey.create(path), MasterKey.create(path.with_name("two"))
    assert one.fingerprint != two.fingerprint
    assert one.key.hex() not in one.fingerprint
    assert MasterKey.open(path).fingerprint == one.fingerprint


@given(st.binary(max_size=300), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_what_is_sealed_comes_back(plain: bytes, aad: str) -> None:
    blob = seal(KEY, plain, aad)
    assert unseal(KEY, blob, aad) == plain
    assert seal(KEY, plain, aad) != blob
    assert len(blob) == len(plain) + 1 + 12 + 16


@given(st.data())
def test_a_changed_byte_opens_nothing(data: st.DataObject) -> None:
    blob = bytearray(seal(KEY, "路灯不亮".encode(), "payload/1/1"))
    place = data.draw(st.integers(0, len(blob) - 1))
    blob[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(VaultError):
        unseal(KEY, bytes(blob), "payload/1/1")


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x01" + bytes(12), b"\x02" + bytes(40)])
def test_what_was_never_sealed_opens_nothing(blob: bytes) -> None:
    with pytest.raises(VaultError):
        unseal(KEY, blob, "x")


def test_a_blob_moved_to_another_place_opens_nothing() -> None:
    with pytest.raises(VaultError):
        unseal(KEY, seal(KEY, b"x", "payload/1/1"), "payload/1/2")


def test_a_wrapped_key_belongs_to_its_ticket(vault: Vault) -> None:
    key, wrapped = vault.new_key("T-1")
    assert vault.unwrap(wrapped, "T-1") == key
    assert key not in wrapped
    with pytest.raises(VaultError):
        vault.unwrap(wrapped, "T-2")


def test_another_installation_unwraps_nothing(vault: Vault, tmp_path: Path) -> None:
    _, wrapped = vault.new_key("T-1")
    with pytest.raises(VaultError):
        Vault(MasterKey.create(tmp_path / "other.key")).unwrap(wrapped, "T-1")


def test_digests_find_equals_and_differ_by_installation(vault: Vault, tmp_path: Path) -> None:
    other = Vault(MasterKey.create(tmp_path / "other.key"))
    assert vault.digest("13800000000") == vault.digest("13800000000")
    assert vault.digest("13800000000") != vault.digest("13800000001")
    assert vault.digest("13800000000") != other.digest("13800000000")


def test_secrets_are_apart_by_purpose(vault: Vault) -> None:
    assert vault.secret("csrf") == vault.secret("csrf")
    assert vault.secret("csrf") != vault.secret("other")
    assert len(vault.secret("csrf")) == 32
