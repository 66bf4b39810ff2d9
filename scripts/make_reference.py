"""Write the pages of docs/reference/ that are made from the code.

python scripts/make_reference.py            write them
python scripts/make_reference.py --check    say which are stale, and fail if any is
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from action_reference import INTRO, action_sections

from sluiceway import errors
from sluiceway.api.routes import load_routes
from sluiceway.cli._errors import exit_status
from sluiceway.cli.main import PROGRAM
from sluiceway.expressions.library import iter_functions
from sluiceway.liquid.filters import all_filters
from sluiceway.liquid.tags import all_tags
from sluiceway.liquid.variables import NOTIFICATION_VARIABLES
from sluiceway.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sluiceway.api.route import Route

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
MADE = "<!-- Made by scripts/make_reference.py: change the code, then run `make docs`. -->\n"


def main() -> int:
    """Write or check every page; return the exit status."""
    stale: list[str] = []
    for name, make in PAGES.items():
        path = FOLDER / name
        text = make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if "--check" in sys.argv and stale:
        print(f"stale: {', '.join(stale)}; run: make docs", file=sys.stderr)
        return 1
    return 0


def page(title: str, intro: str, *parts: Iterable[str]) -> str:
    """Return a page: its title, a paragraph, and the lines of *parts*."""
    lines = [f"# {title}", "", MADE, intro, ""]
    for part in parts:
        lines += [*part, ""]
    return "\n".join(lines).rstrip() + "\n"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Yield a Markdown table."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def commands() -> str:
    """Return the page of the command line."""
    parts = list(_command_parts(PROGRAM, "sluiceway"))
    return page(
        "Commands",
        "Each command also takes `--help`, `--database URL` and `--debug`. Exit status: 0 done, "
        "1 failed or cancelled, 2 wrong usage or an invalid flow, 3 something needed is "
        "unreachable. Errors go to standard error: one sentence, a code, a place, what to do.\n\n"
        'Completion for your shell: `eval "$(_SLUICEWAY_COMPLETE=bash_source sluiceway)"`, or '
        "`zsh_source`, `fish_source`.",
        *parts,
    )


def _command_parts(group: click.Group, prefix: str) -> Iterator[list[str]]:
    context = click.Context(group, info_name=prefix)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        full = f"{prefix} {name}"
        yield list(_command_lines(command, full))
        if isinstance(command, click.Group):
            yield from _command_parts(command, full)


def _command_lines(command: click.Command, full: str) -> Iterator[str]:
    context = click.Context(command, info_name=full)
    level = "#" * (full.count(" ") + 1)
    yield f"{level} {full}"
    yield ""
    if not isinstance(command, click.Group):
        pieces = " ".join(command.collect_usage_pieces(context))
        yield f"```text\n{full} {pieces}\n```"
        yield ""
    yield inspect.cleandoc(command.help or "").replace("\b\n", "")
    options = [
        parameter
        for parameter in command.params
        if isinstance(parameter, click.Option)
        and not parameter.hidden
        and parameter.name not in {"database", "debug"}
    ]
    if options:
        yield ""
        records = [option.get_help_record(context) for option in options]
        yield from table(
            ("option", "meaning"),
            ((f"`{record[0]}`", record[1].replace("\n", " ")) for record in records if record),
        )


def settings() -> str:
    """Return the page of the settings."""
    rows = (
        (
            f"`SLUICEWAY_{setting.name.upper()}`",
            f"`{setting.default}`" if setting.default else "",
            setting.meaning + (" Secret: also as `…_FILE`." if setting.is_secret else ""),
        )
        for setting in SETTINGS
    )
    return page(
        "Settings",
        "Defaults < `sluiceway.toml` (the names in lower case, without the prefix) < environment < "
        "flags. `sluiceway doctor` prints where each value came from.",
        table(("variable", "default", "meaning"), rows),
    )


def error_codes() -> str:
    """Return the page of the error codes."""
    by_code: dict[str, list[type[errors.SluicewayError]]] = {}
    for kind in _descendants(errors.SluicewayError):
        if "code" in vars(kind):
            by_code.setdefault(kind.code, []).append(kind)
    rows = (
        (
            f"`{code}`",
            _first_line(kinds[0]),
            "yes" if kinds[0].retryable else "no",
            str(exit_status(kinds[0]("x"))),
        )
        for code, kinds in sorted(by_code.items())
    )
    return page(
        "Errors by code",
        "Every error has a code, a sentence, a place where there is one, and what to do. "
        "*Retry* says whether the same thing may work later; *exit* is the status of a command "
        "that ends with it.",
        table(("code", "meaning", "retry", "exit"), rows),
    )


def _descendants(kind: type[Any]) -> Iterator[type[Any]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _descendants(child)


def _first_line(thing: Any) -> str:
    return inspect.cleandoc(thing.__doc__ or "").partition("\n")[0].replace("``", "`")


def actions() -> str:
    """Return the page of the actions."""
    return page("Actions", INTRO, *action_sections())


def functions() -> str:
    """Return the page of the expressions' functions."""
    parts: list[list[str]] = []
    for function in sorted(iter_functions(), key=lambda found: found.name):
        names = ", ".join(
            f"{parameter.name}{'?' if parameter.optional else ''}: {parameter.kind}"
            for parameter in function.parameters
        )
        lines = [f"## {function.name}", "", f"`functions.{function.name}({names})`", ""]
        lines += [function.summary, ""]
        lines += list(
            table(
                ("expression", "value"),
                (
                    (
                        f"`{example.expression}`",
                        f"`{json.dumps(example.value, ensure_ascii=False)}`",
                    )
                    for example in function.examples
                ),
            )
        )
        lines += ["", f"Source: <{function.source}>"]
        parts.append(lines)
    return page(
        "Functions",
        "What `{{ functions.name(…) }}` can call in a flow's params. Text is counted in UTF-16 "
        "units, as JavaScript does. Try: `sluiceway eval \"functions.slice('example', 3, 5)\"`.",
        *parts,
    )


def liquid() -> str:
    """Return the page of Liquid."""
    return page(
        "Liquid",
        "Subjects and messages of emails, text messages and calls are Liquid, rendered as LiquidJS "
        "10.30.1 renders it with `timezoneOffset: 0` and `locale: 'en-US'`. Nothing is escaped by "
        "itself: write `{{ user.name | escape }}` in HTML.",
        ["## Tags", "", ", ".join(f"`{name}`" for name in sorted(all_tags()))],
        ["## Filters", "", ", ".join(f"`{name}`" for name in sorted(all_filters()))],
        [
            "## Variables",
            "",
            *table(
                ("variable", "meaning"),
                ((f"`{name}`", text) for name, text in sorted(NOTIFICATION_VARIABLES.items())),
            ),
        ],
    )


def own_api() -> str:
    """Return the page of our own API."""
    return page(
        "API of Sluiceway",
        "Everything under `/sluiceway/v1`, with JSON Schemas at `/sluiceway/v1/openapi.json` and a "
        "page to browse at `/sluiceway/v1/docs`. A token comes from `/oauth/token` by client "
        "credentials; the audience is `https://{domain}/api/v2/`.",
        _routes(lambda route: not route.path.startswith("/api/v2")),
    )


def management_api() -> str:
    """Return the page of Auth0's API."""
    return page(
        "Management API",
        "Auth0's own paths, bodies, paging, errors and scopes: its SDKs and deploy tools work "
        "unchanged. What is not listed answers 404 in Auth0's envelope.",
        _routes(lambda route: route.path.startswith("/api/v2")),
    )


def _routes(wanted: Callable[[Route], bool]) -> Iterator[str]:
    routes = sorted((r for r in load_routes() if wanted(r)), key=lambda r: (r.path, r.method))
    return table(
        ("method", "path", "does", "scopes"),
        (
            (
                route.method,
                f"`{route.path}`",
                route.summary,
                ", ".join(f"`{scope}`" for scope in route.scopes)
                or ("open" if route.is_open else ""),
            )
            for route in routes
        ),
    )


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands,
    "settings.md": settings,
    "errors.md": error_codes,
    "actions.md": actions,
    "functions.md": functions,
    "liquid.md": liquid,
    "api.md": own_api,
    "management-api.md": management_api,
}

if __name__ == "__main__":
    raise SystemExit(main())
