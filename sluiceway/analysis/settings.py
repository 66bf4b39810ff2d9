"""The table ``[check]`` of ``sluiceway.toml``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.analysis.facts import ConnectionFacts
from sluiceway.analysis.findings import Severity
from sluiceway.analysis.silence import Silence, read_silence
from sluiceway.errors import UsageError
from sluiceway.models.json_text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["CheckSettings", "parse_limit", "read_check_settings"]

_KEYS: Final = ("connections", "ignore", "level", "management_api_limit", "per-file-ignores")
_LIMIT: Final = re.compile(r"(\d+(?:\.\d+)?)/s(?::(\d+))?")


class CheckSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a project is checked.

    Attributes:
        silence: what is not reported.
        level: the least severity that is shown.
        rate_limit: calls a second and burst of the tenant's Management API.
        connections: what is known of vault connections, by name.
    """

    silence: Silence = msgspec.field(default_factory=Silence)
    level: Severity = Severity.WARNING
    rate_limit: tuple[float, int] | None = None
    connections: Mapping[str, ConnectionFacts] | None = None


def parse_limit(text: str, *, at: str = "") -> tuple[float, int]:
    """Return the rate and burst that *text* names, like ``2/s:10``.

    Raises:
        UsageError: it names none.
    """
    found = _LIMIT.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise UsageError(f"expected a limit like 2/s:10 (rate and burst), found {text!r}", at=at)
    return float(found[1]), int(found[2] or 1)


def read_check_settings(table: JsonObject, *, at: str = "sluiceway.toml") -> CheckSettings:
    """Read the table.

    Raises:
        UsageError: a key or a value cannot be used; ``at`` is the file.
    """
    for key in table:
        if key not in _KEYS:
            raise UsageError(
                f"expected only {', '.join(_KEYS)} in [check], found {key!r}",
                at=at,
                hint=did_you_mean(key, _KEYS),
            )
    level = table.get("level", "warning")
    if not isinstance(level, str) or level not in {"info", "warning", "error"}:
        raise UsageError(f"expected info, warning or error as check.level, found {level!r}", at=at)
    limit = table.get("management_api_limit")
    return CheckSettings(
        silence=read_silence(table, at=at),
        level=Severity(level),
        rate_limit=parse_limit(str(limit), at=at) if limit is not None else None,
        connections=_connections(table.get("connections"), at),
    )


def _connections(table: JsonValue, at: str) -> dict[str, ConnectionFacts] | None:
    if table is None:
        return None
    found: dict[str, ConnectionFacts] = {}
    for name, values in table.items() if isinstance(table, dict) else ():
        scopes = values.get("scopes") if isinstance(values, dict) else None
        if not isinstance(values, dict) or not (scopes is None or isinstance(scopes, list)):
            raise UsageError(f'expected scopes = ["…"] in [check.connections."{name}"]', at=at)
        found[str(name)] = ConnectionFacts(
            name=str(name),
            app_id=str(values.get("app", "AUTH0")),
            scopes=frozenset(map(str, scopes)) if scopes is not None else None,
        )
    return found
