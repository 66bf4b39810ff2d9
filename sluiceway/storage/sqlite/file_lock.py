"""One process per database file, enforced with a lock beside it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from sluiceway.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FileLock", "holder_of", "lock_of"]


def lock_of(database: Path) -> Path:
    """Return where the lock of *database* lies."""
    return database.with_name(f"{database.name}.lock")


def holder_of(database: Path) -> int | None:
    """Return the id of the living process that has *database* open, without touching the lock."""
    try:
        process = int(lock_of(database).read_text(encoding="ascii"))
        with suppress(PermissionError):  # another user's process is a process
            os.kill(process, 0)
    except (OSError, ValueError):
        return None
    return process


class FileLock:
    """An advisory lock (``flock``) that the operating system drops when its holder dies."""

    def __init__(self, path: Path) -> None:
        """Name the lock file; ``acquire`` makes it."""
        self._path = path
        self._descriptor: int | None = None

    def acquire(self, database: Path) -> None:
        """Take the lock and leave this process's id in it.

        Raises:
            StorageError: another process has it; the message names its id.
        """
        import fcntl  # noqa: PLC0415 - absent on Windows, where only this method fails

        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise StorageError(
                f"expected to be the only process with {database} open, "
                f"found it held by process {holder or 'unknown'}",
                hint="Stop that process, or use its API instead of the file.",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock up; the file stays, so that no two processes lock different files."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None
