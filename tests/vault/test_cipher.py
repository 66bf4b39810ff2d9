"""A sealed value opens in its own row, under its own key, unchanged; and in no other case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.errors import VaultError
from sluiceway.vault.cipher import HEADER_BYTES, key_version_of, open_sealed, seal

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
ROW = "vault_connection/ac_1"
PLAIN = b'{"type":"OAUTH_APP","client_id":"abc","client_secret":"s3cret"}'


@given(
    plaintext=st.binary(max_size=500),
    key=st.binary(min_size=32, max_size=32),
    version=st.integers(0, 2**32 - 1),
    identity=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
)
def test_what_was_sealed_opens_again(
    plaintext: bytes, key: bytes, version: int, identity: str
) -> None:
    sealed = seal(plaintext, key=key, version=version, identity=identity)

    assert open_sealed(sealed, key=key, identity=identity) == plaintext
    assert key_version_of(sealed) == version


def test_every_flipped_bit_of_a_whole_ciphertext_is_refused() -> None:
    sealed = seal(PLAIN, key=KEY, version=7, identity=ROW)
    opened = []
    for bit in range(len(sealed) * 8):
        damaged = bytearray(sealed)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            opened.append(open_sealed(bytes(damaged), key=KEY, identity=ROW))
        except VaultError:
            continue

    assert opened == []
    assert open_sealed(sealed, key=KEY, identity=ROW) == PLAIN


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda s: s[:-1], id="the last byte is missing"),
        pytest.param(lambda s: s + b"\0", id="a byte is added"),
        pytest.param(lambda s: s[: HEADER_BYTES + 12], id="only header and nonce"),
        pytest.param(lambda s: b"", id="nothing"),
        pytest.param(lambda s: b"\x02" + s[1:], id="another format"),
        pytest.param(lambda s: s[1:], id="the format is missing"),
        pytest.param(lambda s: s[:5] + bytes(12) + s[17:], id="another nonce"),
        pytest.param(lambda s: s[:1] + (8).to_bytes(4, "big") + s[5:], id="another key version"),
        pytest.param(lambda _: PLAIN, id="never sealed"),
    ],
)
def test_a_value_of_another_shape_is_refused(change: object) -> None:
    sealed = seal(PLAIN, key=KEY, version=7, identity=ROW)

    with pytest.raises(VaultError):
        open_sealed(change(sealed), key=KEY, identity=ROW)  # type: ignore[operator]


@pytest.mark.parametrize(
    "identity",
    [
        pytest.param("vault_connection/ac_2", id="another row"),
        pytest.param("email_provider/ac_1", id="another kind"),
        pytest.param("vault_connection/ac_1/1", id="another part of the row"),
        pytest.param("vault_connection/ac_", id="a shorter identity"),
        pytest.param("", id="none"),
    ],
)
def test_a_value_does_not_open_elsewhere(identity: str) -> None:
    sealed = seal(PLAIN, key=KEY, version=7, identity=ROW)

    with pytest.raises(VaultError) as caught:
        open_sealed(sealed, key=KEY, identity=identity)

    assert "moved" in caught.value.message
    assert b"s3cret" not in str(caught.value).encode()


def test_another_key_is_refused() -> None:
    with pytest.raises(VaultError, match="cannot be opened"):
        open_sealed(seal(PLAIN, key=KEY, version=1, identity=ROW), key=OTHER_KEY, identity=ROW)


def test_the_same_value_is_sealed_differently_each_time() -> None:
    sealed = {seal(PLAIN, key=KEY, version=1, identity=ROW) for _ in range(200)}

    assert len(sealed) == 200


def test_the_version_cannot_be_moved_into_the_identity() -> None:
    """Header and identity are joined: no identity may stand in for another header."""
    sealed = seal(PLAIN, key=KEY, version=0x41424344, identity="E")
    shifted = sealed[:1] + (0x42434445).to_bytes(4, "big") + sealed[5:]

    with pytest.raises(VaultError):
        open_sealed(shifted, key=KEY, identity="")
