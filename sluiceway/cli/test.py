"""Run the test cases of flows: mocks, a standing clock, an embedded tenant in memory."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from sluiceway.cli._session import run_async

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.testing.case_files import CaseToRun
    from sluiceway.testing.runner import CaseResult

__all__ = ["COMMAND"]

_PAUSE_S: Final = 0.4


class _Options(msgspec.Struct, frozen=True, kw_only=True):
    jobs: int | None
    update: bool
    ci: bool
    junit: Path | None
    as_json: bool
    min_coverage: float | None
    verbose: bool


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("-k", "pattern", metavar="TEXT", help="Only cases whose name has this in it.")
@click.option("-j", "--jobs", type=click.IntRange(1, 64), help="How many processes.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit XML.")
@click.option("--min-coverage", type=float, metavar="PERCENT", help="Fail under this.")
@click.option("--update-snapshots", is_flag=True, help="Keep what the cases show now.")
@click.option("--ci", is_flag=True, help="Write nothing: a missing snapshot is a failure.")
@click.option("--watch", is_flag=True, help="Run again whenever a flow or a case changes.")
@click.option("-v", "--verbose", is_flag=True, help="List the cases that passed, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of files of cases.")
@click.option(
    "--record",
    metavar="EXECUTION",
    help="Write a case from an execution of the database, or from its record in a file.",
)
@click.option("--name", help="The name of the case that is recorded.")
def COMMAND(  # noqa: N802 - a constant, found by its name
    paths: tuple[Path, ...],
    *,
    pattern: str | None,
    jobs: int | None,
    junit: Path | None,
    min_coverage: float | None,
    update_snapshots: bool,
    ci: bool,
    watch: bool,
    verbose: bool,
    as_json: bool,
    schema: bool,
    record: str | None,
    name: str | None,
) -> int:
    """Run the test cases of flows: mocks, a standing clock, an embedded tenant in memory.

    PATH is a file of cases (NAME.test.yaml beside NAME.json), a flow, or a folder; the current
    folder without it. Nothing is ever sent. With --record, PATH is the file to write to.
    """
    if schema:
        from sluiceway.testing.cases import case_schema  # noqa: PLC0415 - --help is quick

        click.echo(json.dumps(case_schema(), indent=2))
        return 0
    if record is not None:
        return _record(record, paths, name)
    options = _Options(
        jobs=jobs,
        update=update_snapshots,
        ci=ci,
        junit=junit,
        as_json=as_json,
        min_coverage=min_coverage,
        verbose=verbose,
    )
    places = list(paths) or [Path()]
    if watch:
        return _watch(places, pattern, options)
    return _run(_load(places, pattern), options)


def _load(paths: Sequence[Path], pattern: str | None) -> list[CaseToRun]:
    from sluiceway.errors import UsageError  # noqa: PLC0415 - --help is quick
    from sluiceway.testing.case_files import find_case_files, load_cases  # noqa: PLC0415

    cases = [case for file in find_case_files(paths) for case in load_cases(file)]
    if pattern is not None:
        cases = [case for case in cases if pattern.casefold() in case.case.name.casefold()]
        if not cases:
            raise UsageError(f"expected cases with {pattern!r} in their names, found none")
    return cases


def _run(cases: Sequence[CaseToRun], options: _Options) -> int:
    from sluiceway.testing.junit import junit_xml  # noqa: PLC0415 - --help is quick
    from sluiceway.testing.session import merged_coverage, run_cases  # noqa: PLC0415
    from sluiceway.testing.snapshots import settle_snapshots  # noqa: PLC0415

    began = time.perf_counter()
    results = run_cases(cases, jobs=options.jobs)
    written = settle_snapshots(results, update=options.update, write_new=not options.ci)
    coverage = merged_coverage(results)
    seconds = time.perf_counter() - began
    if options.junit is not None:
        options.junit.parent.mkdir(parents=True, exist_ok=True)
        options.junit.write_text(junit_xml(results), encoding="utf-8")
    if options.as_json:
        click.echo(json.dumps(_as_json(results, coverage, seconds), ensure_ascii=False, indent=2))
    else:
        _show(results, verbose=options.verbose)
        for path in written:
            click.echo(f"Kept {path}.")
        _show_coverage(coverage)
        _show_summary(results, seconds)
    if any(result.problems or result.broken for result in results):
        return 1
    least = min((one.percent for one in coverage), default=100.0)
    if options.min_coverage is not None and least < options.min_coverage:
        click.echo(
            f"Coverage: expected {options.min_coverage:g} % of every flow, found {least:.1f} %.",
            err=True,
        )
        return 1
    return 0


def _show(results: Sequence[CaseResult], *, verbose: bool) -> None:
    file = ""
    for result in results:
        if result.passed and not verbose:
            continue
        if result.file != file:
            file = result.file
            click.echo(click.style(file, bold=True))
        mark, colour = ("✓", "green") if result.passed else ("✗", "red")
        if result.skipped:
            mark, colour = "-", "yellow"
        more = f"  skipped: {result.skipped}" if result.skipped else ""
        span = "" if result.skipped else click.style(f"  {result.seconds * 1000:.0f} ms", dim=True)
        click.echo(f"  {click.style(mark, fg=colour)} {result.name}{span}{more}")
        for problem in [*result.problems, *([result.broken] if result.broken else [])]:
            first, *rest = problem.split("\n")
            click.echo(f"      {first}")
            for line in rest:
                click.echo(f"      {line}")


def _show_coverage(coverage: Sequence[Any]) -> None:
    if not coverage:
        return
    click.echo(click.style("Branch coverage", bold=True))
    width = max(len(one.name) for one in coverage)
    for one in coverage:
        total, missing = len(one.branches), one.missing
        taken = f"{total - len(missing)}/{total} branches" if total else "no branches"
        colour = "green" if not missing and not one.unrun else "yellow"
        left = f"  not taken: {', '.join(missing)}" if missing else ""
        if not missing and one.unrun:
            left = f"  not run: {', '.join(one.unrun)}"
        percent = click.style(f"{one.percent:5.1f} %", fg=colour)
        click.echo(f"  {one.name:<{width}}  {percent}  {taken}{left}")


def _show_summary(results: Sequence[CaseResult], seconds: float) -> None:
    passed = sum(result.passed for result in results)
    failed = sum(bool(result.problems or result.broken) for result in results)
    skipped = sum(bool(result.skipped) for result in results)
    parts = [f"{passed} passed"]
    parts += [f"{failed} failed"] if failed else []
    parts += [f"{skipped} skipped"] if skipped else []
    colour = "red" if failed else "green"
    click.echo(click.style(f"{', '.join(parts)} in {seconds:.2f} s", fg=colour, bold=True))


def _as_json(results: Sequence[CaseResult], coverage: Sequence[Any], seconds: float) -> Any:
    return {
        "cases": [
            {
                "file": result.file,
                "name": result.name,
                "result": "skipped"
                if result.skipped
                else "passed"
                if result.passed
                else "broken"
                if result.broken
                else "failed",
                "problems": [*result.problems, *([result.broken] if result.broken else [])],
                "seconds": round(result.seconds, 4),
            }
            for result in results
        ],
        "coverage": [one.as_json() for one in coverage],
        "seconds": round(seconds, 3),
    }


def _watch(paths: Sequence[Path], pattern: str | None, options: _Options) -> int:
    """Run now, and again whenever something changes, until interrupted."""
    from sluiceway.cli._errors import write_error  # noqa: PLC0415 - --help is quick
    from sluiceway.errors import SluicewayError  # noqa: PLC0415

    seen: dict[str, float] = {}
    while True:
        now = _state(paths)
        if now != seen:
            seen = now
            if sys.stdout.isatty():
                click.clear()
            try:
                _run(_load(paths, pattern), options)
            except SluicewayError as error:
                write_error(error)
            click.echo(click.style("Watching for changes; Ctrl-C ends.", dim=True))
            seen = _state(paths)
        time.sleep(_PAUSE_S)


def _state(paths: Sequence[Path]) -> dict[str, float]:
    """Return when each file near *paths* was changed last; snapshots are our own doing."""
    found: dict[str, float] = {}
    for path in paths:
        root = path if path.is_dir() else path.parent
        for file in [*root.rglob("*.json"), *root.rglob("*.yaml"), *root.rglob("*.yml")]:
            if "__snapshots__" not in file.parts and not any(
                part.startswith(".") or part == "node_modules" for part in file.parts
            ):
                try:
                    found[str(file)] = file.stat().st_mtime
                except OSError:
                    continue
    return found


def _record(execution: str, paths: Sequence[Path], name: str | None) -> int:
    from sluiceway.cli._recordings import load_executions  # noqa: PLC0415 - --help is quick
    from sluiceway.errors import UsageError  # noqa: PLC0415
    from sluiceway.testing.recording import case_from, cases_yaml  # noqa: PLC0415

    (recording, *more) = run_async(load_executions(execution))
    if more:
        raise UsageError("expected one execution to record, found several", at=execution)
    label = name or f"{recording.flow_name or 'flow'}: {recording.id}"
    text = cases_yaml(case_from(recording, name=label), flow=None)
    if not paths:
        click.echo(text, nl=False)
        return 0
    path = paths[0]
    if path.exists():
        _append(path, text)
        click.echo(f"Added {label!r} to {path}.")
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(f"Wrote {path}.")
    return 0


def _append(path: Path, text: str) -> None:
    """Put the case of *text* behind those of *path*, whose own lines stay as they are.

    Raises:
        UsageError: the file's last part is not its cases.
    """
    from sluiceway.errors import UsageError  # noqa: PLC0415 - --help is quick

    old = path.read_text(encoding="utf-8")
    tops = re.findall(r"(?m)^(\w+):", old)
    if not tops or tops[-1] != "cases":
        raise UsageError("expected cases as the last part of the file", at=str(path))
    first = re.search(r"(?m)^cases:[^\n]*\n(\s*)-", old)
    indent = first[1] if first else ""
    lines = text.partition("cases:\n")[2].splitlines()
    body = "\n".join(f"{indent}{line}" if line else line for line in lines)
    path.write_text(f"{old.rstrip()}\n{body}\n", encoding="utf-8")
