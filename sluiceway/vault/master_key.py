"""The master key: 32 bytes that wrap the data keys. It lies beside the database, never in it."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.errors import VaultError
from sluiceway.vault.cipher import open_sealed, seal

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "KEY_BYTES",
    "LocalKey",
    "decode_master_key",
    "encode_master_key",
    "load_or_make_master_key",
    "write_master_key",
]

KEY_BYTES: Final = 32
_VERSION: Final = 0
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class LocalKey(Discreet, msgspec.Struct, frozen=True):
    """See ``KeyWrapper``: wraps with a key of this machine; *place* says where it was found."""

    withheld = frozenset({"key"})

    key: bytes
    place: str = "SLUICEWAY_VAULT_KEY"

    async def wrap(self, key: bytes, *, identity: str) -> bytes:
        """See ``KeyWrapper``."""
        return seal(key, key=self.key, version=_VERSION, identity=identity)

    async def unwrap(self, wrapped: bytes, *, identity: str) -> bytes:
        """See ``KeyWrapper``."""
        return open_sealed(wrapped, key=self.key, identity=identity)


def encode_master_key(key: bytes) -> str:
    """Return the key as settings hold it."""
    return base64.b64encode(key).decode()


def decode_master_key(text: str, *, origin: str) -> bytes:
    """Read a key of 32 bytes from base64, standard or URL-safe.

    Raises:
        VaultError: it is not that; ``at`` is *origin*.
    """
    plain = text.strip().replace("-", "+").replace("_", "/").rstrip("=")
    try:
        key = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultError(
            f"expected a vault key of {KEY_BYTES} bytes in base64, found something else",
            at=origin,
            hint="Make one with: openssl rand -base64 32",
        )
    return key


def load_or_make_master_key(path: Path) -> bytes:
    """Read the key from *path*; on first use, make one there that only its owner can read.

    Raises:
        VaultError: the file cannot be read or made, others may read it, or it holds no key.
    """
    try:
        return _load(path)
    except FileNotFoundError:
        pass
    key = secrets.token_bytes(KEY_BYTES)
    return key if write_master_key(path, key) else _load(path)


def write_master_key(path: Path, key: bytes) -> bool:
    """Keep *key* in a new file; tell whether it was made, not there already.

    Raises:
        VaultError: the file cannot be made.
    """
    # Written whole under another name first: a crash or a second process leaves no half key.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(encode_master_key(key).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)
            except FileExistsError:
                return False
        finally:
            draft.unlink()
    except OSError as error:
        raise VaultError(
            f"cannot make the file of the vault key: {error.strerror}", at=str(path)
        ) from error
    return True


def _load(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if os.name == "posix" and found.st_mode & _OTHERS:
                raise VaultError(
                    f"expected a vault key that only its owner can read, found the file's mode "
                    f"{stat.S_IMODE(found.st_mode):04o}",
                    at=str(path),
                    hint=f"Run: chmod 600 {path}",
                )
            text = file.read().decode("ascii")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise VaultError(f"cannot read the vault key: {reason}", at=str(path)) from error
    return decode_master_key(text, origin=str(path))
