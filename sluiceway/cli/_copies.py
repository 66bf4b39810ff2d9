"""Copies of a SQLite database: made while everything goes on, and put back with care."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.errors import StorageError, UsageError, VaultError
from sluiceway.models.timestamps import format_timestamp, utc_now
from sluiceway.vault.master_key import (
    decode_master_key,
    load_or_make_master_key,
    write_master_key,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    from sluiceway.settings import Settings

__all__ = ["Copy", "key_at_hand", "make_backup", "note_path", "restore_backup"]

_PAGES: Final = 1000
_KEY_FILE: Final = "vault.key"


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A copy that was made or put back; *note* says which key opens it, never the key."""

    path: Path
    size_bytes: int
    note: dict[str, Any]


def note_path(path: Path) -> Path:
    """Return the file beside a backup that says which key opens it."""
    return path.with_name(f"{path.name}.json")


def make_backup(settings: Settings, target: Path) -> Copy:
    """Copy the database to *target*, which must not exist, while it is in use.

    Raises:
        UsageError: there is a file already, or the database is not a file.
        StorageError: the database cannot be read, or the copy not written.
    """
    source = _database_file(settings)
    _refuse_to_overwrite(target)
    if not source.is_file():
        raise StorageError(f"expected a database at {source}, found none")
    key = key_at_hand(settings)
    with _draft_of(target) as draft, _errors(f"cannot copy {source} to {target}"):
        # Beside the process that has it open: SQLite lets others read, and starts a copy anew
        # where that process writes in between.
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)) as reading,
            closing(sqlite3.connect(draft)) as writing,
        ):
            reading.backup(writing, pages=_PAGES)
            writing.execute("PRAGMA journal_mode = DELETE")
        counts = _check(draft)
    note = {
        "made_at": format_timestamp(utc_now()),
        "made_from": str(source.resolve()),
        "sluiceway": version("sluiceway"),
        **counts,
        "key": key,
    }
    note_path(target).write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
    return Copy(path=target, size_bytes=target.stat().st_size, note=note)


async def restore_backup(settings: Settings, source: Path) -> Copy:
    """Put a backup where the database is, if there is none yet and the key opens it.

    Raises:
        UsageError: there is a database already, or the setting names no file.
        StorageError: the backup is damaged or no database of Sluiceway.
        VaultError: the key at hand is not the backup's.
    """
    target = _database_file(settings)
    # A journal of another database beside it would be played into it.
    for suffix in ("", "-wal", "-journal"):
        _refuse_to_overwrite(target.with_name(f"{target.name}{suffix}"))
    note = _read_note(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        _key_in_place(settings, note),
        _draft_of(target) as draft,
        _errors(f"cannot copy {source} to {target}"),
    ):
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as reading,
            closing(sqlite3.connect(draft)) as writing,
        ):
            reading.backup(writing)
        _check(draft)
        await _open_with_key(settings, draft)
    return Copy(path=target, size_bytes=target.stat().st_size, note=note)


@contextmanager
def _key_in_place(settings: Settings, note: dict[str, Any]) -> Generator[None]:
    """Let the key be where the database is to be; copy it from where the backup was made.

    Raises:
        VaultError: it is neither here nor there.
    """
    key = key_at_hand(settings)
    if key["fingerprint"] is not None or key["where"] == "outside":
        yield
        return
    source = Path(str(note.get("key", {}).get("where", "")))
    target = settings.state_folder / _KEY_FILE
    is_there = source.is_file() and _fingerprint_of(source) == note["key"]["fingerprint"]
    if not is_there:
        raise VaultError(
            f"expected the vault key of the backup in {key['where']}, found none there",
            hint="Put the key file there first, or set SLUICEWAY_VAULT_KEY: without the key, a "
            "backup's secrets cannot be opened.",
        )
    write_master_key(target, load_or_make_master_key(source))
    try:
        yield
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def key_at_hand(settings: Settings) -> dict[str, Any]:
    """Return where the vault's key is and its fingerprint; never the key, and none is made."""
    if settings.vault_key:
        where = settings.origins.get("vault_key", "a setting")
        if ":" in settings.vault_key:
            return {"where": "outside", "fingerprint": None}
        return {"where": where, "fingerprint": _fingerprint(settings.vault_key, where)}
    path = settings.state_folder / _KEY_FILE
    if not path.is_file():
        return {"where": str(path.resolve()), "fingerprint": None}
    return {"where": str(path.resolve()), "fingerprint": _fingerprint_of(path)}


def _fingerprint_of(path: Path) -> str:
    return _fingerprint(path.read_text(encoding="ascii", errors="replace"), str(path))


def _fingerprint(text: str, origin: str) -> str:
    key = decode_master_key(text, origin=origin)
    return hashlib.sha256(b"sluiceway vault key\0" + key).hexdigest()[:16]


def _database_file(settings: Settings) -> Path:
    if settings.sqlite_path is None:
        raise UsageError(
            "expected a SQLite database, found another",
            hint="PostgreSQL has pg_dump and pg_restore; keep the vault key beside the dump.",
        )
    return settings.sqlite_path


def _refuse_to_overwrite(path: Path) -> None:
    if path.exists():
        raise UsageError(
            "expected a place where nothing is, found a file: it is not overwritten",
            at=str(path),
            hint="Choose another place, or move the file away.",
        )


@contextmanager
def _draft_of(target: Path) -> Generator[Path]:
    """Give a file to write, only its owner's, that takes *target*'s name once all is well."""
    draft = target.with_name(f"{target.name}.draft-{os.getpid()}")
    try:
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        yield draft
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        # A link, not a rename: what came into being meanwhile is not overwritten.
        target.hardlink_to(draft)
    except OSError as error:
        raise StorageError(f"cannot write {target}: {error.strerror}") from error
    finally:
        for path in draft.parent.glob(f"{draft.name}*"):
            path.unlink(missing_ok=True)


@contextmanager
def _errors(what: str) -> Generator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StorageError(f"{what}: {error}") from error


def _check(path: Path) -> dict[str, int]:
    """Return how much is in a copy. Raises ``StorageError`` where it is damaged or no copy."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
        if found != ["ok"]:
            raise StorageError(f"expected a sound database, found: {'; '.join(found)}")
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
        if not {"documents", "executions", "audit_log"} <= tables:
            raise StorageError("expected a database of Sluiceway, found another")
        flows = connection.execute("SELECT count(*) FROM documents WHERE kind = 'flow'")
        executions = connection.execute("SELECT count(*) FROM executions")
        return {"flows": flows.fetchone()[0], "executions": executions.fetchone()[0]}


async def _open_with_key(settings: Settings, path: Path) -> None:
    from sluiceway.bootstrap import open_master_key  # noqa: PLC0415 - heavy, and only here
    from sluiceway.storage.open import open_store  # noqa: PLC0415
    from sluiceway.vault.data_keys import DataKeys  # noqa: PLC0415

    store = open_store(f"sqlite:///{path}")
    try:
        await DataKeys(store.documents, open_master_key(settings), utc_now).load()
    finally:
        await store.close()


def _read_note(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(note_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found
