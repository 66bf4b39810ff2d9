"""Findings as a person reads them: the place, the sentence, the line with a caret, the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from sluiceway.analysis.findings import Severity
from sluiceway.analysis.reports import count_by_severity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sluiceway.analysis.findings import Finding

__all__ = ["show_findings", "summary_of"]

_COLOURS: Final = {
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.INFO: "cyan",
}
_BEFORE: Final = 50
_WIDTH: Final = 100
_WORDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def show_findings(findings: Sequence[Finding], line_of: Callable[[str, int], str]) -> None:
    """Write *findings*; *line_of* gives a line of a file."""
    for finding in findings:
        place = finding.file
        if finding.line:
            place += f":{finding.line}:{finding.column}"
        word = click.style(
            f"{_WORDS[finding.severity]}[{finding.code}]",
            fg=_COLOURS[finding.severity],
            bold=True,
        )
        click.echo(f"{click.style(place, bold=True)}  {word}  {finding.message}")
        if finding.line:
            _show_line(finding, line_of(finding.file, finding.line))
        pointer = f"#{finding.at}" if finding.at else ""
        if finding.hint:
            mended = "  (--fix does it)" if finding.edit is not None else ""
            click.echo(f"    fix: {finding.hint}{mended}")
        if pointer:
            click.echo(click.style(f"    at:  {pointer}", dim=True))
        click.echo()


def _show_line(finding: Finding, line: str) -> None:
    column = finding.column - 1
    start = max(0, column - _BEFORE) if len(line) > _WIDTH else len(line) - len(line.lstrip())
    shown = line[start : start + _WIDTH].replace("\t", " ")
    number = str(finding.line)
    head = "…" if start and len(line) > _WIDTH else ""
    tail = "…" if len(line) > start + _WIDTH else ""
    length = min(finding.end_column - finding.column, len(shown) - (column - start))
    carets = "^" * max(1, length)
    gutter = " " * len(number)
    click.echo(f"    {click.style(f'{number} |', dim=True)} {head}{shown}{tail}")
    indent = " " * (column - start + len(head))
    mark = click.style(carets, fg=_COLOURS[finding.severity])
    click.echo(f"    {click.style(f'{gutter} |', dim=True)} {indent}{mark}")


def summary_of(findings: Sequence[Finding], *, flows: int, hidden: int) -> str:
    """Return the last line: how many of what, in how many flows."""
    counts = count_by_severity(findings)
    parts = [
        f"{count} {_WORDS[severity]}{'' if count == 1 else 's'}"
        for severity, count in counts.items()
        if count
    ]
    where = f"{flows} flow{'' if flows == 1 else 's'}"
    text = f"{', '.join(parts)} in {where}" if parts else f"No problems in {where}"
    fixable = sum(finding.edit is not None for finding in findings)
    if fixable:
        text += f"; --fix mends {fixable}"
    if hidden:
        text += f" ({hidden} more below the level shown: --level info)"
    return f"{text}."
