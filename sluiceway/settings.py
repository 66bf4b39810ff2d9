"""The settings: defaults, then ``sluiceway.toml``, then the environment, then flags.

Each secret can also come from a file: ``SLUICEWAY_VAULT_KEY_FILE`` names one that holds the value
of ``SLUICEWAY_VAULT_KEY``. Where each value came from is kept, for ``sluiceway doctor``.
"""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["SETTINGS", "Setting", "Settings", "load_settings", "parse_duration"]

PREFIX: Final = "SLUICEWAY_"
TOML_NAME: Final = "sluiceway.toml"

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|seconds?|minutes?|hours?|days?)?")
_SECONDS: Final = {"m": 60.0, "h": 3600.0, "d": 86400.0, "s": 1.0}


def parse_duration(text: str) -> timedelta:
    """Return the time that *text* names: ``90s``, ``15m``, ``2h``, ``14 days``; bare, seconds.

    Raises:
        ValueError: it names none.
    """
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f"expected a time like 30s, 15m, 2h or 14d, found {text!r}")
    unit = found[2] or "s"
    factor = 0.001 if unit == "ms" else _SECONDS[unit[0]]
    return timedelta(seconds=float(found[1]) * factor)


def _parse_list(text: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[,\s]+", text) if part)


def _parse_log_format(text: str) -> str:
    if text not in {"console", "json"}:
        raise ValueError(f"expected console or json, found {text!r}")
    return text


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting: its name in the file, its default as text, what it means."""

    name: str
    default: str
    meaning: str
    parse: Callable[[str], Any] = str
    is_secret: bool = False

    @property
    def variable(self) -> str:
        """The environment variable, like ``SLUICEWAY_DOMAIN``."""
        return PREFIX + self.name.upper()


SETTINGS: Final = (
    Setting(
        name="database_url",
        default="sqlite:///.sluiceway/sluiceway.db",
        meaning="Where everything is kept: sqlite:///PATH, or postgresql://… for many machines.",
        is_secret=True,
    ),
    Setting(
        name="vault_key",
        default="",
        meaning="32 bytes in base64 that seal every secret; by default a file made on first use.",
        is_secret=True,
    ),
    Setting(name="client_id", default="", meaning="The id of the first API client."),
    Setting(
        name="client_secret",
        default="",
        meaning="The secret of the first API client; by default made on first start, in a file.",
        is_secret=True,
    ),
    Setting(
        name="domain",
        default="localhost:4080",
        meaning="The embedded tenant's domain, port included.",
    ),
    Setting(
        name="retention",
        default="14d",
        meaning="How long executions and messages are kept after their end; 0 keeps them for ever.",
        parse=parse_duration,
    ),
    Setting(
        name="allow_hosts",
        default="",
        meaning="Hosts, host:port pairs or networks that flows may call although they are private.",
        parse=_parse_list,
    ),
    Setting(
        name="log_format", default="console", meaning="console or json.", parse=_parse_log_format
    ),
    Setting(
        name="step_timeout",
        default="60s",
        meaning="The time one step may take.",
        parse=parse_duration,
    ),
    Setting(
        name="execution_timeout",
        default="1h",
        meaning="The time one execution may run, waits of DELAY_FLOW apart.",
        parse=parse_duration,
    ),
    Setting(
        name="concurrency",
        default="50",
        meaning="Executions that a worker runs at once.",
        parse=int,
    ),
    Setting(name="proxy", default="", meaning="The HTTP proxy for calls that flows make."),
    Setting(
        name="ca_file", default="", meaning="A PEM file of further authorities for those calls."
    ),
    Setting(
        name="nameservers",
        default="",
        meaning="Name servers for MX records, address or address:port; by default this machine's.",
        parse=_parse_list,
    ),
    Setting(
        name="tenant_rate_limit",
        default="",
        meaning="A limit on the embedded tenant's Management API, like 16/s:50 (rate and burst).",
    ),
    Setting(
        name="tenant_name", default="local", meaning="The embedded tenant's name in notifications."
    ),
    Setting(
        name="friendly_name",
        default="Sluiceway",
        meaning="What notifications call the tenant: {{ friendly_name }}.",
    ),
    Setting(name="support_email", default="", meaning="{{ support_email }} in notifications."),
    Setting(name="support_url", default="", meaning="{{ support_url }} in notifications."),
    Setting(
        name="webhook_url", default="", meaning="Where tenant log events are posted, if anywhere."
    ),
    Setting(
        name="webhook_secret",
        default="",
        meaning="Signs those posts (HMAC-SHA256).",
        is_secret=True,
    ),
)
"""Every setting there is, in the order that ``doctor`` and the reference page list them."""


class Settings(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """The values in force. *origins* says where each came from, by name."""

    withheld = frozenset({"database_url", "vault_key", "client_secret", "webhook_secret"})

    database_url: str
    vault_key: str
    client_id: str
    client_secret: str
    domain: str
    retention: timedelta
    allow_hosts: tuple[str, ...]
    log_format: str
    step_timeout: timedelta
    execution_timeout: timedelta
    concurrency: int
    proxy: str
    ca_file: str
    nameservers: tuple[str, ...]
    tenant_rate_limit: str
    tenant_name: str
    friendly_name: str
    support_email: str
    support_url: str
    webhook_url: str
    webhook_secret: str
    origins: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])

    @property
    def state_folder(self) -> Path:
        """The folder of generated keys and of ``server.json``: the database file's own."""
        path = self.sqlite_path
        return path.parent if path is not None else Path(".sluiceway")

    @property
    def sqlite_path(self) -> Path | None:
        """The database file, or ``None`` where the database is a server or in memory."""
        scheme, _, rest = self.database_url.partition("://")
        if scheme != "sqlite" or rest in {"", "/", "/:memory:"}:
            return None
        return Path(rest.removeprefix("/"))


def load_settings(
    *,
    environment: Mapping[str, str],
    folder: Path,
    flags: Mapping[str, str] | None = None,
) -> Settings:
    """Read the settings.

    Args:
        environment: the process's environment.
        folder: where ``sluiceway.toml`` may lie.
        flags: values given on the command line, by setting name.

    Raises:
        UsageError: a value cannot be used; ``at`` names where it came from.
    """
    file = _read_toml(folder / TOML_NAME)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for setting in SETTINGS:
        text, origin = _find(setting, environment, file, flags or {})
        try:
            values[setting.name] = setting.parse(text)
        except ValueError as error:
            reason = str(error) if "expected" in str(error) else f"cannot read {text!r}"
            raise UsageError(f"{setting.name}: {reason}", at=origin) from error
        origins[setting.name] = origin
    return Settings(**values, origins=origins)


def _find(
    setting: Setting,
    environment: Mapping[str, str],
    file: Mapping[str, str],
    flags: Mapping[str, str],
) -> tuple[str, str]:
    if setting.name in flags:
        return flags[setting.name], "flag"
    if setting.variable in environment:
        return environment[setting.variable], setting.variable
    if setting.is_secret and (path := environment.get(f"{setting.variable}_FILE")):
        try:
            return Path(path).read_text(encoding="utf-8").strip(), f"{setting.variable}_FILE"
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"cannot read the file that {setting.variable}_FILE names: {type(error).__name__}",
                at=path,
            ) from error
    if setting.name in file:
        return file[setting.name], TOML_NAME
    return setting.default, "default"


def _read_toml(path: Path) -> dict[str, str]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the settings file: {error}", at=str(path)) from error
    known = {setting.name for setting in SETTINGS}
    # Tables belong to commands, like [check]; they read their own.
    flat = {key: value for key, value in document.items() if not isinstance(value, dict)}
    for key in flat:
        if key not in known:
            raise UsageError(f"expected a setting, found {key!r}", at=str(path))
    return {key: _as_text(value) for key, value in flat.items()}


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(str(item) for item in cast("list[object]", value))
    return str(value).lower() if isinstance(value, bool) else str(value)
