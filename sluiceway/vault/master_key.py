"""The master key: 32 bytes that wrap the data keys. It lies beside the database, never in it."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from typing import TYPE_CHECKING, Final

from sluiceway.errors import VaultError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KEY_BYTES", "decode_master_key", "load_or_make_master_key"]

KEY_BYTES: Final = 32


def decode_master_key(text: str, *, origin: str) -> bytes:
    """Read a key of 32 bytes from base64, standard or URL-safe.

    Raises:
        VaultError: it is not that; ``at`` is *origin*.
    """
    try:
        key = base64.b64decode(text.strip().replace("-", "+").replace("_", "/") + "==")
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
        VaultError: the file cannot be read or made, or holds no key.
    """
    try:
        return decode_master_key(path.read_text(encoding="ascii"), origin=str(path))
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        raise VaultError(f"cannot read the vault key: {error}", at=str(path)) from error
    key = secrets.token_bytes(KEY_BYTES)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written whole under another name first: a crash or a second process leaves no half key.
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(key) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return decode_master_key(path.read_text(encoding="ascii"), origin=str(path))
        finally:
            draft.unlink()
    except OSError as error:
        raise VaultError(f"cannot make the vault key: {error}", at=str(path)) from error
    return key
