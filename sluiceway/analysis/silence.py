"""Codes that people do not want to hear of: in the flow's file, or in ``sluiceway.toml``.

In a file: the top-level key ``$sluiceway`` with ``{"ignore": ["SLW402", "SLW506 send_mail"]}``
(a code alone, or a code and the id of an action), or ``ignore SLW402`` in an action's alias, which
Auth0 keeps. In ``sluiceway.toml``::

    [check]
    ignore = ["SLW508"]

    [check.per-file-ignores]
    "legacy/*.json" = ["SLW402"]
"""

from __future__ import annotations

import re
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sluiceway.analysis.findings import Finding
    from sluiceway.analysis.view import FlowView
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["FILE_KEY", "Silence", "read_silence"]

FILE_KEY: Final = "$sluiceway"
_ENTRY: Final = re.compile(r"(SLW\d{3})(?:\s+(\S+))?")
_IN_ALIAS: Final = re.compile(r"\bignore\s+(SLW\d{3}(?:[\s,]+SLW\d{3})*)", re.IGNORECASE)
_CODE: Final = re.compile(r"SLW\d{3}", re.IGNORECASE)


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Which codes are not reported: everywhere, and by the pattern of a file's path."""

    codes: frozenset[str] = frozenset()
    by_file: Mapping[str, frozenset[str]] = msgspec.field(default_factory=dict[str, frozenset[str]])

    def silences(self, finding: Finding) -> bool:
        """Tell whether *finding* is not to be reported."""
        if finding.code in self.codes:
            return True
        return any(
            finding.code in codes and (fnmatch(finding.file, pattern) or _ends(finding, pattern))
            for pattern, codes in self.by_file.items()
        )


def _ends(finding: Finding, pattern: str) -> bool:
    return fnmatch(finding.file, f"*/{pattern}")


def read_silence(table: JsonObject, *, at: str) -> Silence:
    """Read the table ``[check]`` of ``sluiceway.toml``.

    Raises:
        UsageError: it names no codes where it should; ``at`` is the file.
    """
    per_file = table.get("per-file-ignores", {})
    if not isinstance(per_file, dict):
        raise UsageError("expected a table as check.per-file-ignores", at=at)
    return Silence(
        codes=_codes(table.get("ignore", []), "check.ignore", at),
        by_file={
            pattern: _codes(codes, f'check.per-file-ignores."{pattern}"', at)
            for pattern, codes in per_file.items()
        },
    )


def _codes(value: JsonValue, name: str, at: str) -> frozenset[str]:
    if not isinstance(value, list) or not all(
        isinstance(item, str) and _CODE.fullmatch(item) for item in value
    ):
        raise UsageError(f'expected a list of codes like ["SLW402"] as {name}', at=at)
    return frozenset(str(item).upper() for item in value)


def heard(findings: Iterable[Finding], view: FlowView, file: JsonValue) -> list[Finding]:
    """Return those of *findings* that the flow's own file does not silence."""
    everywhere: set[str] = set()
    by_step: set[tuple[str, str]] = set()
    for document in (file, view.document):
        own = document.get(FILE_KEY) if isinstance(document, dict) else None
        entries = own.get("ignore") if isinstance(own, dict) else None
        for entry in entries if isinstance(entries, list) else []:
            found = _ENTRY.fullmatch(str(entry).strip())
            if found is not None and found[2]:
                by_step.add((found[1], found[2]))
            elif found is not None:
                everywhere.add(found[1])
    for step in view.steps:
        aliased = _IN_ALIAS.search(step.alias)
        if aliased is not None:
            by_step |= {(code.upper(), step.id) for code in _CODE.findall(aliased[1])}
    return [
        finding
        for finding in findings
        if finding.code not in everywhere and (finding.code, finding.step) not in by_step
    ]
