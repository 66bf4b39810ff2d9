"""The master key: read strictly, made once, kept from others."""

from __future__ import annotations

import base64
import stat
import threading
from pathlib import Path

import pytest

from sluiceway.errors import VaultError
from sluiceway.vault.master_key import KEY_BYTES, decode_master_key, load_or_make_master_key

KEY = bytes(range(0xE0, 0x100))
SECRET = base64.b64encode(KEY).decode()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SECRET, id="standard"),
        pytest.param(base64.urlsafe_b64encode(KEY).decode(), id="URL-safe"),
        pytest.param(SECRET.rstrip("="), id="without padding"),
        pytest.param(f"  {SECRET}\n", id="with blanks around it"),
    ],
)
def test_a_key_is_read_in_either_alphabet(text: str) -> None:
    assert decode_master_key(text, origin="SLUICEWAY_VAULT_KEY") == KEY


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("not a key", id="a text"),
        pytest.param(base64.b64encode(KEY[:-1]).decode(), id="31 bytes"),
        pytest.param(base64.b64encode(KEY + b"x").decode(), id="33 bytes"),
        pytest.param(KEY.hex(), id="hexadecimal"),
        pytest.param(SECRET[:20] + "!" + SECRET[20:], id="a character of neither alphabet"),
        pytest.param("ключ" * 11, id="not ASCII"),
    ],
)
def test_what_is_no_key_is_refused_with_a_way_to_make_one(text: str) -> None:
    with pytest.raises(VaultError) as caught:
        decode_master_key(text, origin="SLUICEWAY_VAULT_KEY")

    assert caught.value.at == "SLUICEWAY_VAULT_KEY"
    assert "openssl rand" in caught.value.hint
    assert not text.strip() or text.strip() not in str(caught.value)


def test_the_file_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "vault.key"

    made = load_or_make_master_key(path)

    assert len(made) == KEY_BYTES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make_master_key(path) == made
    assert [entry.name for entry in path.parent.iterdir()] == ["vault.key"]


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    load_or_make_master_key(path)
    path.chmod(0o644)

    with pytest.raises(VaultError, match="only its owner") as caught:
        load_or_make_master_key(path)

    assert caught.value.hint == f"Run: chmod 600 {path}"


def test_processes_that_start_together_get_the_same_key(tmp_path: Path) -> None:
    path, found, gate = tmp_path / "vault.key", list[bytes](), threading.Barrier(8)

    def start() -> None:
        gate.wait()
        found.append(load_or_make_master_key(path))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len(set(found)) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["vault.key"]


@pytest.mark.parametrize("content", [b"", b"half a ke", b"\xff\xfe"])
def test_a_damaged_file_is_never_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "vault.key"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(VaultError) as caught:
        load_or_make_master_key(path)

    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "vault.key").mkdir()

    with pytest.raises(VaultError, match="cannot read the vault key"):
        load_or_make_master_key(tmp_path / "vault.key")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(VaultError, match="the vault key"):
        load_or_make_master_key(tmp_path / "file" / "vault.key")
