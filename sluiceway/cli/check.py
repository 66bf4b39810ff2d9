"""Check flow files for mistakes before they run."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.analysis.check import Checked
    from sluiceway.analysis.facts import Facts
    from sluiceway.analysis.findings import Finding
    from sluiceway.analysis.settings import CheckSettings
    from sluiceway.analysis.sources import Sources
    from sluiceway.errors import DefinitionError

__all__ = ["COMMAND"]

_MOST_PASSES: Final = 10


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="text for people, the others for CI.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--fix", is_flag=True, help="Mend what can be mended safely, in the files.")
@click.option(
    "--level",
    type=click.Choice(["error", "warning", "info"]),
    help="The least that is shown; warning by default.",
)
@click.option("--strict", is_flag=True, help="Warnings fail the check, too.")
@click.option("--ignore", metavar="CODE", multiple=True, help="A code not to report.")
@click.option("--context", metavar="FILE", help="Sample input: JSON that {{ context }} reads.")
@click.option("--fields", metavar="FILE", help="Sample input: JSON that {{ fields }} reads.")
@click.option("--vars", "vars_", metavar="FILE", help="Sample input: JSON that {{ vars }} reads.")
@click.option(
    "--tenant", is_flag=True, help="Look at the vault, grants and providers of the database, too."
)
@click.option("--explain", metavar="CODE", help="Say what a code means, and what to do.")
def COMMAND(  # noqa: N802 - a constant, found by its name
    paths: tuple[str, ...],
    *,
    format_: str,
    as_json: bool,
    fix: bool,
    level: str | None,
    strict: bool,
    ignore: tuple[str, ...],
    context: str | None,
    fields: str | None,
    vars_: str | None,
    tenant: bool,
    explain: str | None,
) -> int:
    """Check flow files for mistakes before they run.

    PATH is a flow, a list of actions, a Dashboard export, Terraform's JSON, a deploy-cli folder, a
    folder with any of these, or - for standard input; the current folder without it. The exit
    status is 0 without errors, 1 with errors, 2 for wrong usage.
    """
    from sluiceway.analysis.facts import Facts  # noqa: PLC0415 - --help is quick
    from sluiceway.analysis.findings import Severity  # noqa: PLC0415
    from sluiceway.cli._inputs import build_input  # noqa: PLC0415

    if explain is not None:
        return _explain(explain)
    settings = _settings(ignore)
    inputs = None
    if context or fields or vars_:
        inputs = build_input(context=context, fields=fields, vars_=vars_, settings=())
    facts = Facts(inputs=inputs, connections=settings.connections, rate_limit=settings.rate_limit)
    if tenant:
        facts = _with_tenant(facts)
    least = Severity(level) if level else settings.level
    run = _Run(settings, facts)
    for path in paths or (".",):
        run.check(path, fix=fix)
    shown = [finding for finding in run.findings if finding.severity.rank <= least.rank]
    _write(run, shown, "json" if as_json else format_)
    worst = min((finding.severity.rank for finding in run.findings), default=2)
    return 1 if worst <= (1 if strict else 0) else 0


class _Run(msgspec.Struct):
    """One check of several paths."""

    settings: CheckSettings
    facts: Facts
    findings: list[Finding] = msgspec.field(default_factory=list["Finding"])
    checked: list[Checked] = msgspec.field(default_factory=list["Checked"])
    texts: dict[str, list[str]] = msgspec.field(default_factory=dict[str, list[str]])
    mended: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    broken: list[Finding] = msgspec.field(default_factory=list["Finding"])

    def check(self, path: str, *, fix: bool) -> None:
        """Check what is at *path*; mend it first where that is wanted."""
        if fix and path != "-":
            for _ in range(_MOST_PASSES):
                if not _mend(self._checked(path), self.mended):
                    break
        self.broken.clear()
        checked = self._checked(path)
        self.findings += self.broken
        self.checked += checked
        for one in checked:
            self.texts[one.source.file.path] = one.source.file.text.split("\n")
            self.findings += one.findings

    def line(self, file: str, number: int) -> str:
        """Return a line of a file that was checked."""
        lines = self.texts.get(file, [])
        return lines[number - 1].rstrip("\r") if number <= len(lines) else ""

    def _read(self, path: str) -> list[Sources]:
        """Read *path*; what is no JSON is a finding, what is no flow is wrong usage."""
        from sluiceway.analysis.sources import parse_source, read_sources  # noqa: PLC0415 - as above
        from sluiceway.errors import DefinitionError, UsageError  # noqa: PLC0415

        if path != "-" and not Path(path).exists():
            raise UsageError("expected a file or a folder, found none", at=path)
        try:
            if path == "-":
                return [parse_source(sys.stdin.buffer.read(), "standard input", "flow")]
            return read_sources(Path(path), on_error=self._note)
        except DefinitionError as error:
            if "expected JSON" in error.message:
                self._note(error)
                return []
            error.hint = error.hint or "Give a flow, an export, or a folder of them."
            raise

    def _note(self, error: DefinitionError) -> None:
        from sluiceway.analysis.check import unreadable  # noqa: PLC0415 - as above

        finding = unreadable(error)
        self.broken.append(finding)
        if finding.line:
            text = Path(finding.file).read_text(encoding="utf-8", errors="replace")
            self.texts[finding.file] = text.split("\n")

    def _checked(self, path: str) -> list[Checked]:
        from sluiceway.actions.catalogue import InstalledActions  # noqa: PLC0415 - as above
        from sluiceway.analysis.check import check_sources  # noqa: PLC0415

        catalogue = InstalledActions()
        found: list[Checked] = []
        for sources in self._read(path):
            found += check_sources(
                sources, catalogue, facts=self.facts, silence=self.settings.silence
            )
        return found


def _mend(checked: Sequence[Checked], mended: dict[str, int]) -> int:
    from sluiceway.analysis.fixing import apply_edits  # noqa: PLC0415 - as above

    total = 0
    by_file: dict[str, list[Checked]] = {}
    for one in checked:
        by_file.setdefault(one.source.file.path, []).append(one)
    for path, several in by_file.items():
        edits = [f.edit for one in several for f in one.findings if f.edit is not None]
        text, count = apply_edits(several[0].source.file.text, edits)
        if count:
            raw = Path(path).read_bytes()
            mark = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
            Path(path).write_bytes(mark + text.encode())
            mended[path] = mended.get(path, 0) + count
            total += count
    return total


def _write(run: _Run, shown: list[Finding], format_: str) -> None:
    from sluiceway.analysis import reports  # noqa: PLC0415 - as above
    from sluiceway.cli._findings import show_findings, summary_of  # noqa: PLC0415

    if format_ == "json":
        document: Any = reports.as_json(shown, run.checked)
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    elif format_ == "sarif":
        click.echo(json.dumps(reports.as_sarif(shown), ensure_ascii=False, indent=2))
    elif format_ == "github":
        click.echo(reports.as_github(shown), nl=False)
    else:
        show_findings(shown, run.line)
        for path, count in run.mended.items():
            click.echo(f"Mended {count} place{'' if count == 1 else 's'} in {path}.")
        hidden = len(run.findings) - len(shown)
        click.echo(summary_of(shown, flows=len(run.checked), hidden=hidden))


def _settings(ignore: Sequence[str]) -> CheckSettings:
    from sluiceway.analysis.settings import read_check_settings  # noqa: PLC0415 - as above
    from sluiceway.analysis.silence import Silence  # noqa: PLC0415
    from sluiceway.errors import UsageError  # noqa: PLC0415
    from sluiceway.settings import TOML_NAME  # noqa: PLC0415

    path = Path.cwd() / TOML_NAME
    table: Any = {}
    if path.exists():
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8")).get("check", {})
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot read the settings file: {error}", at=str(path)) from error
    settings = read_check_settings(table, at=str(path))
    silence = settings.silence
    codes = silence.codes | {code.upper() for code in ignore}
    return replace(settings, silence=Silence(codes=codes, by_file=silence.by_file))


def _with_tenant(facts: Facts) -> Facts:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - as above
    from sluiceway.cli._session import current_settings, run_async  # noqa: PLC0415
    from sluiceway.cli._tenant_facts import load_tenant_facts  # noqa: PLC0415

    async def load() -> Facts:
        async with open_api(current_settings()) as api:
            return await load_tenant_facts(api, facts)

    return run_async(load())


def _explain(code: str) -> int:
    from sluiceway.analysis.check import all_rules  # noqa: PLC0415 - as above
    from sluiceway.errors import UsageError  # noqa: PLC0415
    from sluiceway.models.json_text import did_you_mean  # noqa: PLC0415

    known = {rule.code: rule for rule in all_rules()}
    rule = known.get(code.upper())
    if rule is None:
        raise UsageError(f"there is no code {code!r}", hint=did_you_mean(code.upper(), known))
    click.echo(f"{click.style(rule.code, bold=True)}  {rule.title}  ({rule.severity})\n")
    for text in (rule.meaning, f"Fix: {rule.fix}"):
        click.echo(click.wrap_text(text.replace("\n", " "), width=88))
        click.echo()
    return 0
