"""What operators do with the vault's keys: rotate, verify, put another master key in place."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import msgspec

from sluiceway.errors import UsageError, VaultError
from sluiceway.vault.master_key import KEY_BYTES, LocalKey, write_master_key
from sluiceway.vault.rotation import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sluiceway.vault.rotation import Rotation, RotationReport, VaultReport

__all__ = ["VaultKeys"]


class VaultKeys(msgspec.Struct):
    """The vault's keys in this process.

    *key_file* is the file of the master key, where Sluiceway made it itself. *rotating* is the
    rotation that runs, or the one that ran last.
    """

    new_rotation: Callable[[], Rotation]
    key_file: Path | None = None
    rotating: asyncio.Task[RotationReport] | None = None
    progress: RotationReport | None = None

    def begin_rotation(self) -> asyncio.Task[RotationReport]:
        """Start a rotation of the data key, or join the one that runs."""
        if self.rotating is None or self.rotating.done():
            self.progress = None
            self.rotating = asyncio.create_task(self.new_rotation().run(progress=self._see))
        return self.rotating

    def _see(self, report: RotationReport) -> None:
        self.progress = report

    async def verify(self) -> VaultReport:
        """Open every ciphertext of the database; nothing of it is kept or shown."""
        rotation = self.new_rotation()
        return await verify(
            rotation.keys, rotation.keyring, rotation.sealed, identity_of=rotation.identity_of
        )

    async def renew_master_key(self) -> Path:
        """Make a new master key in place of the file's, and wrap the data keys with it.

        Returns:
            The file that the earlier key was put into: backups made until now need it.

        Raises:
            UsageError: the key is a setting, which only its owner can change.
            VaultError: a file cannot be written; either key still opens the database.
        """
        path = self.key_file
        if path is None:
            raise UsageError(
                "expected a master key in the file that Sluiceway made, found it in a setting",
                hint="Run: sluiceway vault rotate-key --master --new-key-file FILE",
            )
        keys = self.new_rotation().keys
        made = LocalKey(secrets.token_bytes(KEY_BYTES), str(path))
        fresh = path.with_name(f"{path.name}.new")
        earlier = path.with_name(f"{path.name}.{keys.now():%Y%m%d%H%M%S}")
        try:
            fresh.unlink(missing_ok=True)
            write_master_key(fresh, made.key)
            # From here on either key opens the database, so that it does not matter when we die.
            await keys.offer(made)
            earlier.hardlink_to(path)
            fresh.replace(path)
        except OSError as error:
            raise VaultError(
                f"cannot put the new vault key in place: {error.strerror}", at=str(path)
            ) from error
        keys.wrapper = made
        await keys.accept_offer()
        return earlier

    async def offer_master_key(self, wrapper: LocalKey) -> bool:
        """Wrap the data keys with *wrapper* too; or, where it is the one in force, with it alone.

        Returns:
            Whether only *wrapper* opens the database now.
        """
        keys = self.new_rotation().keys
        if isinstance(keys.wrapper, LocalKey) and keys.wrapper.key == wrapper.key:
            await keys.accept_offer()
            return True
        await keys.offer(wrapper)
        return False
