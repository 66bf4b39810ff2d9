"""A process that rotates the key of a database and dies by SIGKILL after so many writes.

python rotating_process.py DATABASE_URL WRITES
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

from sluiceway.engine.sealed_rows import identity_of
from sluiceway.models.timestamps import utc_now
from sluiceway.storage.open import open_store
from sluiceway.vault.data_keys import DataKeys
from sluiceway.vault.master_key import LocalKey
from sluiceway.vault.rotation import Rotation


class Deadly:
    """The ciphertexts, until the last write that is granted."""

    def __init__(self, inner: Any, writes: int) -> None:
        self._inner, self._left = inner, writes
        self.places, self.list = inner.places, inner.list

    async def replace(self, changes: Any) -> int:
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)
        count: int = await self._inner.replace(changes)
        return count


async def main(url: str, writes: int) -> None:
    store = open_store(url)
    keys = DataKeys(store.documents, LocalKey(bytes(range(32))), utc_now)
    rotation = Rotation(
        keys=keys,
        keyring=await keys.load(),
        sealed=Deadly(store.sealed, writes),
        identity_of=identity_of,
    )
    await rotation.run()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
