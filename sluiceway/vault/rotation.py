"""Rotate the data key while work goes on: a new key, every secret sealed anew, the old retired.

What is left to do is read from the database each time, so that a rotation which was interrupted,
by kill -9 even, goes on where it stopped when it is started again.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import SluicewayError, VaultError
from sluiceway.storage.base import DuplicateKey
from sluiceway.vault.cipher import header_of, key_version_of
from sluiceway.vault.data_keys import KEPT_AFTER_RETIREMENT, KIND, KeyState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sluiceway.storage.base import SealedValue, SealedValues
    from sluiceway.vault.data_keys import DataKey, DataKeys
    from sluiceway.vault.keyring import Keyring

__all__ = ["Rotation", "RotationReport", "VaultReport", "sweep_keys", "verify"]

_BATCH: Final = 200
_MOST_NAMED: Final = 100
_LOG: Final = logging.getLogger(__name__)


class RotationReport(msgspec.Struct, kw_only=True):
    """What a rotation did, and does: it is counted up while it runs."""

    version: int
    was_resumed: bool = False
    resealed: int = 0
    by_place: dict[str, int] = msgspec.field(default_factory=dict["str", "int"])
    broken: list[str] = msgspec.field(default_factory=list["str"])
    retired: tuple[int, ...] = ()
    deleted: tuple[int, ...] = ()


class Rotation(msgspec.Struct, kw_only=True):
    """Everything a rotation works on.

    *grace* is how long other processes may take to see a change of the keys; zero where there are
    none. *identity_of* tells for whom a ciphertext was sealed.
    """

    keys: DataKeys
    keyring: Keyring
    sealed: SealedValues
    identity_of: Callable[[SealedValue], str]
    grace: timedelta = timedelta(0)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def run(
        self, *, progress: Callable[[RotationReport], None] = lambda _: None
    ) -> RotationReport:
        """Rotate to a new data key, or finish the rotation that was interrupted.

        Raises:
            VaultError: the data keys cannot be unwrapped.
        """
        target, was_resumed = await self._target()
        report = RotationReport(version=target, was_resumed=was_resumed)
        self.keyring.take_in(await self.keys.load())
        if self.keyring.active != target:
            # Whoever seals with a key must find that every process can open it.
            await self._wait()
            await self.keys.set_state(target, KeyState.ACTIVE)
            self.keyring.take_in(await self.keys.load())
        await self._reseal_all(report, progress)
        if self.grace:
            await self._wait()
        # What was sealed while the first pass went on, under the old key: until there is no more.
        while await self._reseal_all(report, progress):
            pass
        if not report.broken:
            report.retired = await self._retire(target)
        report.deleted = await self.sweep()
        progress(report)
        return report

    async def sweep(self) -> tuple[int, ...]:
        """Delete the keys that were retired long ago, if nothing is sealed with them."""
        due = [
            key.version
            for key in await self.keys.overview()
            if key.state is KeyState.RETIRED
            and self.keys.now() - key.changed_at >= KEPT_AFTER_RETIREMENT
        ]
        if due:
            used = {key_version_of(value.value) async for value in _everything(self.sealed)}
            due = [version for version in due if version not in used]
        for version in due:
            await self.keys.delete(version)
        return tuple(due)

    async def _target(self) -> tuple[int, bool]:
        keys = await self.keys.overview()
        newest = keys[-1]
        unfinished = newest.state is KeyState.ANNOUNCED or _older(keys, newest.version)
        if unfinished:
            return newest.version, True
        version = newest.version + 1
        try:
            await self.keys.add(version, KeyState.ANNOUNCED)
        except DuplicateKey:  # another process began at the same time: both finish the same one
            return version, True
        return version, False

    async def _wait(self) -> None:
        await self.sleep(self.grace.total_seconds())

    async def _reseal_all(
        self, report: RotationReport, progress: Callable[[RotationReport], None]
    ) -> int:
        """Seal anew what is not under the target; return how many there were."""
        count = 0
        report.broken.clear()
        for place in self.sealed.places:
            async for batch in _batches(self.sealed, place, header=header_of(report.version)):
                done = await self._reseal(batch, report)
                count += done
                report.resealed += done
                report.by_place[place] = report.by_place.get(place, 0) + done
                progress(report)
                # The work of others comes first: a rotation has time.
                await self.sleep(0)
        return count

    async def _reseal(self, batch: list[SealedValue], report: RotationReport) -> int:
        changes: list[tuple[SealedValue, bytes]] = []
        for value in batch:
            identity = self.identity_of(value)
            try:
                changes.append((value, self.keyring.reseal(value.value, identity=identity)))
            except VaultError:
                if len(report.broken) < _MOST_NAMED:
                    report.broken.append(identity)
        return await self.sealed.replace(changes) if changes else 0

    async def _retire(self, target: int) -> tuple[int, ...]:
        older = _older(await self.keys.overview(), target)
        for version in older:
            await self.keys.set_state(version, KeyState.RETIRED)
        return older


class VaultReport(msgspec.Struct, kw_only=True):
    """What ``verify`` found: ciphertexts by their key's version, and those that do not open."""

    keys: list[DataKey]
    by_version: dict[int, int] = msgspec.field(default_factory=dict["int", "int"])
    by_place: dict[str, int] = msgspec.field(default_factory=dict["str", "int"])
    broken: list[str] = msgspec.field(default_factory=list["str"])

    @property
    def total(self) -> int:
        """How many ciphertexts there are."""
        return sum(self.by_place.values())


async def verify(
    keys: DataKeys,
    keyring: Keyring,
    sealed: SealedValues,
    *,
    identity_of: Callable[[SealedValue], str],
) -> VaultReport:
    """Open every ciphertext of the database; nothing of it is kept or shown."""
    report = VaultReport(keys=await keys.overview())
    async for value in _everything(sealed):
        report.by_place[value.place] = report.by_place.get(value.place, 0) + 1
        identity = identity_of(value)
        try:
            version = key_version_of(value.value)
            keyring.open(value.value, identity=identity)
        except VaultError:
            report.broken.append(identity)
            continue
        report.by_version[version] = report.by_version.get(version, 0) + 1
    return report


async def sweep_keys(rotation: Rotation, *, every: timedelta = KEPT_AFTER_RETIREMENT) -> None:
    """Delete data keys that were retired long ago, now and then, until it is cancelled."""
    while True:
        await rotation.sleep(every.total_seconds())
        try:
            await rotation.sweep()
        except SluicewayError as error:
            _LOG.warning("old data keys cannot be looked through: %s", error.message)


def _older(keys: list[DataKey], version: int) -> tuple[int, ...]:
    return tuple(
        key.version for key in keys if key.version < version and key.state is not KeyState.RETIRED
    )


async def _everything(sealed: SealedValues) -> AsyncIterator[SealedValue]:
    for place in sealed.places:
        async for batch in _batches(sealed, place):
            for value in batch:
                yield value


async def _batches(
    sealed: SealedValues, place: str, *, header: bytes = b""
) -> AsyncIterator[list[SealedValue]]:
    last: SealedValue | None = None
    while True:
        found = await sealed.list(place, after=last, limit=_BATCH, header=header)
        # The wrapped data keys stand among the documents; they are not sealed with a data key.
        batch = [value for value in found if value.key[0] != KIND or value.place != "document"]
        if batch:
            yield batch
        if len(found) < _BATCH:
            return
        last = found[-1]
