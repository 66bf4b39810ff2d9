"""The reference page of findings, made from the rules; a test keeps docs/reference in step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.analysis.check import UNREADABLE, rule_families
from sluiceway.analysis.repeated_keys import REPEATED

if TYPE_CHECKING:
    from sluiceway.analysis.findings import Rule

__all__ = ["findings_page"]

_HEAD: Final = """# Findings of `sluiceway check`

Made from the rules: `python -m sluiceway.analysis.reference_page > docs/reference/findings.md`.
A code keeps its meaning for good. `sluiceway check --explain CODE` says the same.

Errors make the exit status 1; warnings do with `--strict`; notes are shown with `--level info`.
`--fix` mends what is marked *fixable*, and nothing else.

To silence a code: `ignore = ["SLW402"]` under `[check]` in `sluiceway.toml`, or by file under
`[check.per-file-ignores]`; in a flow's file the key `"$sluiceway": {"ignore": ["SLW506 mail"]}`
beside `actions` (a code, or a code and an action's id); or, in files that Auth0 reads too,
`ignore SLW506` in the action's alias.
"""


def findings_page() -> str:
    """Return the page as Markdown."""
    parts = [_HEAD, "## Files\n\n", _section(UNREADABLE), _section(REPEATED)]
    for family in sorted(rule_families(), key=lambda found: found.rules[0].code[:4]):
        parts.append(f"## {family.title}\n\n")
        parts += [_section(rule) for rule in sorted(family.rules, key=lambda rule: rule.code)]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _section(rule: Rule) -> str:
    fixable = ", fixable" if rule.is_fixable else ""
    return (
        f"### {rule.code}: {rule.title}\n\n*{rule.severity}{fixable}*\n\n{rule.meaning}\n\n"
        f"**Fix.** {rule.fix}\n"
    )


if __name__ == "__main__":
    import sys

    sys.stdout.write(findings_page())
