"""Measure, as ratios in one run: ``python -m bench [NAME]… [--write]``.

A module of this folder takes part by having ``run() -> list[Row]``; its name is the section's.
With ``--write``, docs/performance.md, or the page of ``docs/`` that the module names as ``PAGE``,
is brought up to date between the markers of each section::

    <!-- bench:engine -->
    <!-- /bench:engine -->
"""

from __future__ import annotations

import importlib
import os
import platform
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bench.rows import Row

FOLDER = Path(__file__).parent
DOCS = FOLDER.parent / "docs"
_MARKS = {True: "met", False: "MISSED", None: ""}


def benches() -> dict[str, Callable[[], list[Row]]]:
    """Return the ``run`` of every module that has one, by the module's name."""
    found: dict[str, Callable[[], list[Row]]] = {}
    for path in sorted(FOLDER.glob("*.py")):
        if path.stem.startswith("_") or "\ndef run(" not in path.read_text(encoding="utf-8"):
            continue
        found[path.stem] = importlib.import_module(f"bench.{path.stem}").run
    return found


def machine() -> str:
    """Return what it was measured on, in a line."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} "
        f"{platform.release().split('-')[0]}, Python {platform.python_version()}"
    )


def show(name: str, rows: Iterable[Row], took_s: float) -> None:
    """Print one section."""
    table = Table(title=f"{name} ({took_s:.0f} s)", title_justify="left", show_lines=False)
    for head in ("what", "measured", "target", ""):
        table.add_column(head, overflow="fold")
    for row in rows:
        style = "red" if row.is_met is False else ""
        table.add_row(row.what, row.measured, row.target, _MARKS[row.is_met], style=style)
    Console().print(table)


def as_markdown(rows: Iterable[Row]) -> str:
    """Return one section's table, with the notes below it."""
    rows = list(rows)
    lines = ["| what | measured | target | |", "|---|---|---|---|"]
    lines += [
        f"| {row.what} | {row.measured} | {row.target} | {_MARKS[row.is_met]} |" for row in rows
    ]
    notes = [f"- {row.what}: {row.note}" for row in rows if row.note]
    when = f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine()}."
    return "\n".join([*lines, "", *notes, *([""] if notes else []), when])


def write(name: str, rows: Iterable[Row]) -> None:
    """Put a section's table into its page, between its markers or at the end."""
    page = DOCS / getattr(importlib.import_module(f"bench.{name}"), "PAGE", "performance.md")
    text = page.read_text(encoding="utf-8") if page.exists() else "# Performance\n"
    begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    section = f"{begin}\n{as_markdown(rows)}\n{end}"
    if begin in text:
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        text = pattern.sub(lambda _: section, text)
    else:
        text = f"{text.rstrip()}\n\n## {name.replace('_', ' ').capitalize()}\n\n{section}\n"
    page.write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Run the benches that are named, or all; return 1 where a target is missed."""
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return 0
    wanted = [argument for argument in arguments if not argument.startswith("-")]
    found = benches()
    unknown = sorted(set(arguments) - set(found) - {"--write"})
    if unknown:
        print(f"python -m bench [NAME]… [--write]: there is no {', '.join(unknown)};")
        print(f"the names are {', '.join(found)}.")
        return 2
    missed = 0
    print(machine())
    for name, run in found.items():
        if wanted and name not in wanted:
            continue
        began = time.perf_counter()
        rows = run()
        show(name, rows, time.perf_counter() - began)
        if "--write" in arguments:
            write(name, rows)
        missed += sum(row.is_met is False for row in rows)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
