"""Findings for machines: JSON, GitHub's annotations, SARIF 2.1.0."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from sluiceway.analysis.check import all_rules
from sluiceway.analysis.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.analysis.check import Checked
    from sluiceway.analysis.findings import Finding
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["as_github", "as_json", "as_sarif", "count_by_severity"]

_GITHUB: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_SARIF: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def count_by_severity(findings: Sequence[Finding]) -> dict[Severity, int]:
    """Return how many there are of each severity."""
    return {
        severity: sum(finding.severity is severity for finding in findings) for severity in Severity
    }


def as_json(findings: Sequence[Finding], checked: Sequence[Checked]) -> JsonObject:
    """Return ``{findings, flows, summary}``; *findings* are those to show."""
    counts = count_by_severity(findings)
    flows: list[JsonValue] = []
    for one in checked:
        scopes: JsonObject = {name: [*wanted] for name, wanted in one.scopes.items()}
        flows.append(
            {
                "file": one.source.file.path,
                "pointer": one.source.at,
                "name": one.source.name,
                "scopes": scopes,
            }
        )
    return {
        "findings": [finding.as_json() for finding in findings],
        "flows": flows,
        "summary": {
            "flows": len(checked),
            "errors": counts[Severity.ERROR],
            "warnings": counts[Severity.WARNING],
            "notes": counts[Severity.INFO],
            "fixable": sum(finding.edit is not None for finding in findings),
        },
    }


def as_github(findings: Sequence[Finding]) -> str:
    """Return workflow commands, one a line, that GitHub shows beside the lines of a change."""
    titles = {rule.code: rule.title for rule in all_rules()}
    lines: list[str] = []
    for finding in findings:
        title = f"{finding.code} {titles.get(finding.code, '')}".strip()
        # A finding about a whole file has no line; GitHub counts from 1.
        line, column = max(1, finding.line), max(1, finding.column)
        end = max(column + 1, finding.end_column)
        lines.append(
            f"::{_GITHUB[finding.severity]} file={_property(finding.file)},line={line},"
            f"col={column},endColumn={end},title={_property(title)}"
            f"::{_data(f'{finding.message}. {finding.hint}'.strip())}\n"
        )
    return "".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def as_sarif(findings: Sequence[Finding]) -> JsonObject:
    """Return a SARIF log with one run; code scanning services read it."""
    rules: list[JsonValue] = [
        {
            "id": rule.code,
            "name": "".join(word.capitalize() for word in rule.title.split()),
            "shortDescription": {"text": rule.title},
            "fullDescription": {"text": rule.meaning},
            "help": {"text": rule.fix},
            "defaultConfiguration": {"level": _SARIF[rule.severity]},
        }
        for rule in all_rules()
    ]
    index = {rule.code: number for number, rule in enumerate(all_rules())}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Sluiceway",
                        "semanticVersion": version("sluiceway"),
                        "rules": rules,
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, index) for finding in findings],
            }
        ],
    }


def _result(finding: Finding, index: dict[str, int]) -> JsonObject:
    return {
        "ruleId": finding.code,
        "ruleIndex": index.get(finding.code, -1),
        "level": _SARIF[finding.severity],
        "message": {"text": f"{finding.message}. {finding.hint}".strip()},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": finding.file.replace("\\", "/")},
                    "region": {
                        "startLine": max(1, finding.line),
                        "startColumn": max(1, finding.column),
                        "endColumn": max(2, finding.end_column),
                    },
                },
                "logicalLocations": [{"fullyQualifiedName": finding.at, "kind": "member"}],
            }
        ],
        "partialFingerprints": {
            "stepAndPointer": f"{finding.flow}/{finding.step}/{finding.code}/{finding.at}"
        },
    }
