"""What ``doctor`` looks at: settings, versions, files, database, keys, providers, clock."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import stat
import sys
import time
from contextlib import closing
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

import msgspec

from sluiceway.cli._remote import find_server, open_api
from sluiceway.errors import SluicewayError, StorageError, VaultError
from sluiceway.settings import SETTINGS

if TYPE_CHECKING:
    from pathlib import Path

    from sluiceway.cli._remote import Api
    from sluiceway.models.json import JsonObject
    from sluiceway.settings import Settings

__all__ = ["Check", "Checkup", "SettingShown", "check_up"]

Status: TypeAlias = Literal["ok", "warn", "fail"]

_MASK: Final = "███"
_OURS: Final = "/sluiceway/v1"
_LITTLE_SPACE: Final = 500 * 1024 * 1024
_SKEW_MS: Final = 5_000
_UNREACHABLE: Final = 3
_PRIVATE_FILES: Final = ("vault.key", "client.json", "server.json")
_LIBRARIES: Final = ("aiohttp", "cryptography", "starlette", "uvicorn", "msgspec")


class SettingShown(msgspec.Struct, frozen=True, kw_only=True):
    """One setting; a secret's value is shown as ``███``."""

    name: str
    shown: str
    origin: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    name: str
    status: Status
    message: str
    hint: str = ""


class Checkup(msgspec.Struct):
    """Everything that was looked at."""

    settings: list[SettingShown] = msgspec.field(default_factory=list["SettingShown"])
    checks: list[Check] = msgspec.field(default_factory=list["Check"])
    is_unreachable: bool = False

    def add(self, name: str, status: Status, message: str, hint: str = "") -> None:
        """Note what was found."""
        self.checks.append(Check(name=name, status=status, message=message, hint=hint))

    @property
    def exit_status(self) -> int:
        """0 where nothing is wrong, 3 where the database cannot be reached, 1 otherwise."""
        if self.is_unreachable:
            return _UNREACHABLE
        return int(any(check.status == "fail" for check in self.checks))

    def as_json(self) -> JsonObject:
        """Return it for programs."""
        return {
            "ok": self.exit_status == 0,
            "settings": [
                {"name": one.name, "value": one.shown, "from": one.origin} for one in self.settings
            ],
            "checks": [
                {
                    "name": check.name,
                    "status": check.status,
                    "message": check.message,
                    "hint": check.hint,
                }
                for check in self.checks
            ],
        }


async def check_up(settings: Settings, *, is_online: bool) -> Checkup:
    """Look at everything; what is wrong is in the answer."""
    checkup = Checkup()
    checkup.settings = [_shown(settings, name) for name in (one.name for one in SETTINGS)]
    _check_versions(checkup)
    _check_files(checkup, settings)
    server = find_server(settings)
    if server is not None:
        checkup.add("server", "ok", f"runs at {server.url}, process {server.pid}")
    try:
        async with open_api(settings) as api:
            checkup.add("database", "ok", f"{_place(settings)} can be reached")
            await _check_key(checkup, api)
            await _check_providers(checkup, api)
            await _check_connections(checkup, api, is_online=is_online)
    except VaultError as error:
        checkup.add("vault key", "fail", str(error), error.hint)
    except StorageError as error:
        checkup.is_unreachable = True
        checkup.add("database", "fail", error.message, error.hint)
    except SluicewayError as error:
        checkup.add("tenant", "fail", error.message, error.hint)
    _check_sqlite(checkup, settings)
    return checkup


def _shown(settings: Settings, name: str) -> SettingShown:
    setting = next(one for one in SETTINGS if one.name == name)
    value: object = getattr(settings, name)
    if isinstance(value, tuple):
        text = ", ".join(map(str, cast("tuple[object, ...]", value)))
    else:
        text = _as_duration(value) if isinstance(value, timedelta) else str(value)
    if setting.is_secret and text:
        text = _without_password(text) if name == "database_url" else _MASK
    return SettingShown(name=name, shown=text or "-", origin=settings.origins.get(name, "default"))


def _as_duration(time_span: timedelta) -> str:
    """Return *time_span* as one writes it in a setting: ``14d``, ``1h``, ``90s``."""
    for unit, one in (
        ("d", timedelta(days=1)),
        ("h", timedelta(hours=1)),
        ("m", timedelta(minutes=1)),
    ):
        if time_span and not time_span % one:
            return f"{time_span // one}{unit}"
    return f"{time_span.total_seconds():g}s"


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    who, at, place = rest.rpartition("@")
    if not at:
        return url
    return f"{scheme}{separator}{who.partition(':')[0]}:{_MASK}@{place}"


def _place(settings: Settings) -> str:
    return _without_password(settings.database_url)


def _check_versions(checkup: Checkup) -> None:
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    python = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    checkup.add(
        "versions",
        "ok",
        f"Sluiceway {version('sluiceway')}, {python}, SQLite {sqlite3.sqlite_version}, {libraries}",
    )
    if sys.flags.optimize:
        checkup.add("python", "warn", "runs with -O", "Run it without.")


def _check_files(checkup: Checkup, settings: Settings) -> None:
    folder = settings.state_folder
    if not folder.is_dir():
        checkup.add("state folder", "ok", f"{folder} is not there yet: it is made on first use")
        return
    open_to_others = [
        path.name for path in _private_files(folder, settings) if _is_open_to_others(path)
    ]
    if open_to_others:
        paths = " ".join(str(folder / name) for name in open_to_others)
        checkup.add(
            "state folder",
            "fail",
            f"others can read {', '.join(open_to_others)}",
            f"Run: chmod 600 {paths}",
        )
    else:
        checkup.add("state folder", "ok", f"{folder}: its secrets are for their owner only")
    free = shutil.disk_usage(folder).free
    if free < _LITTLE_SPACE:
        checkup.add("disk", "warn", f"{free // 2**20} MB are free in {folder}", "Make room.")


def _private_files(folder: Path, settings: Settings) -> list[Path]:
    database = settings.sqlite_path
    named = [folder / name for name in _PRIVATE_FILES] + ([database] if database else [])
    return [path for path in [*named, *folder.glob("vault.key.*")] if path.is_file()]


def _is_open_to_others(path: Path) -> bool:
    return os.name == "posix" and bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


async def _check_key(checkup: Checkup, api: Api) -> None:
    keys = await api.call("GET", f"{_OURS}/vault/keys")
    report = await api.call("POST", f"{_OURS}/vault/verify")
    place, total = keys["master_key"], report["total"]
    if report["ok"]:
        checkup.add("vault key", "ok", f"{place} opens all {total:,} secrets")
    else:
        checkup.add(
            "vault key",
            "fail",
            f"{place} opens {total - len(report['broken']):,} of {total:,} secrets",
            "Run: sluiceway vault verify",
        )
    active = [key for key in keys["keys"] if key["state"] != "retired"]
    if len(active) > 1:
        checkup.add(
            "key rotation",
            "warn",
            "a rotation of the data key was interrupted",
            "Run: sluiceway vault rotate-key",
        )


async def _check_providers(checkup: Checkup, api: Api) -> None:
    found = await api.call("GET", f"{_OURS}/providers")
    for kind in ("email", "phone"):
        name = found[kind]["in_force"]
        if name == "capture":
            checkup.add(
                f"{kind} provider",
                "warn",
                "none: messages stay in the outbox",
                f"Set one up: sluiceway providers set {kind} NAME …",
            )
        else:
            checkup.add(f"{kind} provider", "ok", name)


async def _check_connections(checkup: Checkup, api: Api, *, is_online: bool) -> None:
    connections: list[Any] = []
    page = 0
    while part := await api.call(
        "GET", "/api/v2/flows/vault/connections", query={"per_page": 100, "page": page}
    ):
        connections += part
        page += 1
    empty = [one["name"] for one in connections if not one["ready"]]
    if empty:
        checkup.add(
            "connections",
            "warn",
            f"{len(empty)} of {len(connections)} are not set up: {', '.join(empty[:5])}",
            "Run: sluiceway vault update NAME",
        )
    else:
        checkup.add("connections", "ok", f"{len(connections)} in the vault")
    for one in connections if is_online else ():
        if not one["ready"]:
            continue
        result = await api.call("POST", f"{_OURS}/vault/connections/{one['id']}/test")
        hint = result.get("error", {}).get("hint", "")
        checkup.add(
            f"connection {one['name']}",
            "ok" if result["ok"] else "fail",
            result["message"],
            hint,
        )


def _check_sqlite(checkup: Checkup, settings: Settings) -> None:
    path = settings.sqlite_path
    if path is None or not path.is_file():
        return
    try:
        # Beside the process that has it open: SQLite lets others read.
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
            newest = connection.execute("SELECT max(updated_at) FROM executions").fetchone()[0]
    except sqlite3.Error as error:
        checkup.add("database file", "fail", f"it cannot be read: {error}", "Restore a backup.")
        return
    if found == ["ok"]:
        size = path.stat().st_size / 1e6
        checkup.add("database file", "ok", f"{size:,.1f} MB, nothing is wrong with it")
    else:
        checkup.add("database file", "fail", "; ".join(found), "Restore a backup.")
    ahead_ms = (newest or 0) - time.time() * 1000
    if ahead_ms > _SKEW_MS:
        checkup.add(
            "clock",
            "fail",
            f"the newest execution was written {ahead_ms / 1000:,.0f} s from now",
            "Set this machine's clock: time limits and leases depend on it.",
        )
    else:
        checkup.add("clock", "ok", "it has not stepped back")
