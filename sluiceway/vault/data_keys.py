"""The data keys as the database keeps them: each wrapped, with its state.

A key is *announced* first, so that every process can open what it seals; *active* once new values
are sealed with it; *retired* when nothing is sealed with it any more. A retired key is kept for an
hour: a process that was frozen may still write what it sealed before.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from base64 import b64decode, b64encode
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from sluiceway.errors import SluicewayError, VaultError
from sluiceway.storage.base import Document, DuplicateKey, StaleVersion
from sluiceway.vault.keyring import Keyring
from sluiceway.vault.master_key import KEY_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sluiceway.models.json import JsonObject
    from sluiceway.storage.base import DocumentStore
    from sluiceway.vault.base import KeyWrapper

__all__ = ["KIND", "DataKey", "DataKeys", "KeyState", "watch_keys"]

KIND: Final = "vault_key"
KEPT_AFTER_RETIREMENT: Final = timedelta(hours=1)
_MOST_KEYS: Final = 10_000
_NEXT: Final = "next"
_LOG: Final = logging.getLogger(__name__)


class KeyState(StrEnum):
    """What a data key is for."""

    ANNOUNCED = "announced"
    ACTIVE = "active"
    RETIRED = "retired"


class DataKey(msgspec.Struct, frozen=True, kw_only=True):
    """What can be told of a data key."""

    version: int
    state: KeyState
    created_at: datetime
    changed_at: datetime


class DataKeys(msgspec.Struct):
    """The data keys in *documents*, wrapped by *wrapper*."""

    documents: DocumentStore
    wrapper: KeyWrapper
    now: Callable[[], datetime]

    async def load(self) -> Keyring:
        """Return the keyring; in a new database, make the first key.

        Raises:
            VaultError: the master key does not open them.
        """
        rows = await self._rows()
        if not rows:
            # Where another process was quicker, its key is the one to use.
            with suppress(DuplicateKey):
                await self.add(1, KeyState.ACTIVE)
            rows = await self._rows()
        keys = {int(row.id): await self._unwrap(row) for row in rows}
        active = [int(row.id) for row in rows if _state(row) is KeyState.ACTIVE]
        return Keyring(keys, active=max(active, default=None))

    async def overview(self) -> list[DataKey]:
        """Return all of them, oldest first."""
        return [
            DataKey(
                version=int(row.id),
                state=_state(row),
                created_at=row.created_at,
                changed_at=row.updated_at,
            )
            for row in await self._rows()
        ]

    async def add(self, version: int, state: KeyState) -> None:
        """Make the key *version* and keep it, wrapped.

        Raises:
            DuplicateKey: there is a key of that version.
        """
        wrapped = await self.wrapper.wrap(
            secrets.token_bytes(KEY_BYTES), identity=f"{KIND}/{version}"
        )
        at = self.now()
        document = Document(
            kind=KIND,
            id=str(version),
            body={"state": state},
            created_at=at,
            updated_at=at,
            secret=wrapped,
        )
        await self.documents.insert(document)

    async def set_state(self, version: int, state: KeyState) -> None:
        """Note what the key is for from now on."""
        while (row := await self.documents.get(KIND, str(version))) is not None:
            if _state(row) is state:
                return
            with suppress(StaleVersion):
                await self._replace(row, body={**row.body, "state": state})
                return

    async def delete(self, version: int) -> None:
        """Forget a key: what is sealed with it can never be opened again."""
        await self.documents.delete(KIND, str(version))

    async def offer(self, wrapper: KeyWrapper) -> int:
        """Wrap every key with *wrapper* too: either opens them from now on; return how many.

        Raises:
            VaultError: a key cannot be unwrapped or wrapped; running it again goes on.
        """
        rows = await self._rows()
        for row in rows:
            identity = f"{KIND}/{row.id}"
            wrapped = await wrapper.wrap(await self._unwrap(row), identity=identity)
            await self._replace(row, body={**row.body, _NEXT: b64encode(wrapped).decode()})
        return len(rows)

    async def accept_offer(self) -> int:
        """Forget how keys were wrapped before, where our wrapper is the one offered since.

        Returns:
            How many keys only our wrapper opens now, that another opened too.
        """
        count = 0
        for row in await self._rows():
            offered = row.body.get(_NEXT)
            if not isinstance(offered, str):
                continue
            wrapped = b64decode(offered)
            try:
                await self.wrapper.unwrap(wrapped, identity=f"{KIND}/{row.id}")
            except VaultError:
                continue
            body = {key: value for key, value in row.body.items() if key != _NEXT}
            await self._replace(row, body=body, secret=wrapped)
            count += 1
        return count

    async def _replace(
        self, row: Document, *, body: JsonObject, secret: bytes | None = None
    ) -> None:
        await self.documents.replace(
            replace(
                row,
                body=body,
                secret=secret or row.secret,
                version=row.version + 1,
                updated_at=self.now(),
            )
        )

    async def _rows(self) -> list[Document]:
        return await self.documents.list(KIND, limit=_MOST_KEYS)

    async def _unwrap(self, row: Document) -> bytes:
        identity, offered = f"{KIND}/{row.id}", row.body.get(_NEXT)
        if isinstance(offered, str):
            with suppress(VaultError):
                return await self.wrapper.unwrap(b64decode(offered), identity=identity)
        try:
            return await self.wrapper.unwrap(row.secret or b"", identity=identity)
        except VaultError as error:
            raise VaultError(
                "the vault key does not open this database: it was made with another",
                at=self.wrapper.place,
                hint="Set SLUICEWAY_VAULT_KEY or SLUICEWAY_VAULT_KEY_FILE to this database's key.",
            ) from error


def _state(row: Document) -> KeyState:
    # Databases of the first version have no state: their one key was active.
    return KeyState(str(row.body.get("state", KeyState.ACTIVE)))


async def watch_keys(
    keys: DataKeys, keyring: Keyring, *, every: timedelta = timedelta(seconds=3)
) -> None:
    """Take in what other processes rotate, until it is cancelled."""
    while True:
        await asyncio.sleep(every.total_seconds())
        try:
            keyring.take_in(await keys.load())
        except SluicewayError as error:
            _LOG.warning("the data keys cannot be read again: %s", error.message)
