"""Rotations as people watch them, and the change of the master key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from sluiceway.cli._remote import find_server, open_api
from sluiceway.cli._session import open_here
from sluiceway.errors import StorageError, UsageError

if TYPE_CHECKING:
    from sluiceway.cli._remote import Api
    from sluiceway.settings import Settings

__all__ = ["renew_master_key", "rotate"]

_OURS: Final = "/sluiceway/v1/vault"


async def rotate(api: Api, *, shows_progress: bool) -> Any:
    """Rotate the data key, or go on with a rotation; return what was done."""
    wait = 1 if shows_progress else 20
    report = await api.call("POST", f"{_OURS}/rotate", query={"wait": wait})
    while report["running"]:
        if shows_progress:
            click.echo(f"\r{report['resealed']:,} secrets sealed anew …", err=True, nl=False)
        report = await api.call("GET", f"{_OURS}/rotation", query={"wait": wait})
    if shows_progress:
        click.echo("\r\033[K", err=True, nl=False)
    return report


async def renew_master_key(settings: Settings, new_key_file: str | None) -> dict[str, Any]:
    """Put another master key in place; return what is to be told.

    Raises:
        UsageError: the key is a setting and no file was named, or a server has the database open.
        VaultError: a key cannot be read or written.
    """
    if new_key_file is None:
        async with open_api(settings) as api:
            done = await api.call("POST", f"{_OURS}/rotate-master")
        earlier = done["earlier_key_file"]
        return {
            **done,
            "message": f"A new master key is in force. The earlier one is in {earlier}: keep it "
            "for as long as you keep backups that were made until now.",
        }
    return await _offer(settings, Path(new_key_file))


async def _offer(settings: Settings, path: Path) -> dict[str, Any]:
    from sluiceway.vault.master_key import LocalKey, load_or_make_master_key  # noqa: PLC0415

    if find_server(settings) is not None:
        raise UsageError(
            "expected the database free, found a server that has it open",
            hint="Stop the server, run this again, and start it with the new key.",
        )
    key = LocalKey(load_or_make_master_key(path), str(path))
    try:
        async with open_here(settings) as application:
            is_alone = await application.new_vault_keys().offer_master_key(key)
    except StorageError as error:
        raise StorageError(
            error.message, hint="Stop what has the database open, and run this again."
        ) from error
    if is_alone:
        return {"only_new": True, "message": "Only the new master key opens the database now."}
    return {
        "only_new": False,
        "message": f"Both master keys open the database now. Give every process the new one, "
        f"SLUICEWAY_VAULT_KEY_FILE={path}, then run the same command with it: after that, the old "
        "one opens nothing.",
    }
