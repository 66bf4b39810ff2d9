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
from sluiceway.actions.catalogue import InstalledActions
from sluiceway.actions.known import NOT_OFFERED
from sluiceway.actions.schemas import params_schema
from sluiceway.api.routes import load_routes
from sluiceway.cli._errors import exit_status
from sluiceway.cli.main import PROGRAM
from sluiceway.expressions.library import iter_functions
from sluiceway.liquid.filters import all_filters
from sluiceway.liquid.tags import all_tags
from sluiceway.liquid.variables import NOTIFICATION_VARIABLES
from sluiceway.settings import SETTINGS
from sluiceway.telemetry.events import EVENT_TYPES
from sluiceway.telemetry.metrics import METRICS

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


def flow_schema() -> str:
    """Return the JSON Schema of flow files, for editors."""
    specs = InstalledActions().all()
    one_of = [
        {
            "if": {
                "properties": {"type": {"const": spec.type_}, "action": {"const": spec.action}},
                "required": ["type", "action"],
            },
            "then": {"properties": {"params": _params_of(spec.name, params_schema(spec.params))}},
        }
        for spec in specs
    ]
    names = [f"{type_}/{name}" for type_, name in sorted(NOT_OFFERED)]
    known = sorted({(spec.type_, spec.action) for spec in specs} | set(NOT_OFFERED))
    action: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["type", "action", "params"],
        "properties": {
            "id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,100}$"},
            "alias": {"type": ["string", "null"], "maxLength": 100},
            "type": {"enum": sorted({type_ for type_, _ in known})},
            "action": {"enum": sorted({name for _, name in known})},
            "allow_failure": {"type": "boolean", "default": False},
            "mask_output": {"type": "boolean", "default": False},
            "params": {"type": "object"},
        },
        "allOf": one_of,
    }
    flow = {
        "type": "object",
        "required": ["name", "actions"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 150},
            "actions": {"type": "array", "items": {"$ref": "#/$defs/action"}},
        },
    }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Auth0 flow",
        "description": f"Accepted, but not run yet: {', '.join(names)}.",
        "anyOf": [
            {"$ref": "#/$defs/flow"},
            {"type": "array", "items": {"$ref": "#/$defs/action"}},
            {
                "type": "object",
                "required": ["flows"],
                "properties": {
                    "flows": {"additionalProperties": {"$ref": "#/$defs/flow"}},
                },
            },
        ],
        "$defs": {"flow": flow, "action": action},
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


EXPRESSION = {"type": "string", "pattern": r"\{\{"}
"""What may stand in place of any value."""


def _params_of(name: str, schema: Any) -> Any:
    """Return the schema of one action's params; its ``$id`` is what its own ``$ref`` start from."""
    return {"$id": f"params/{name}", **_or_expressions(schema)}


def _or_expressions(schema: Any) -> Any:
    """Let an expression stand wherever *schema* has a member or an item."""
    if not isinstance(schema, dict):
        return schema
    found = dict(schema)
    for key in ("properties", "$defs"):
        if key in found:
            wrap = _or_expression if key == "properties" else _or_expressions
            found[key] = {name: wrap(inner) for name, inner in found[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(found.get(key), dict):
            found[key] = _or_expression(found[key])
    for key in ("anyOf", "oneOf", "allOf"):
        if key in found:
            found[key] = [_or_expressions(inner) for inner in found[key]]
    return found


def _or_expression(schema: Any) -> Any:
    shown = {key: schema[key] for key in ("title", "description") if key in schema}
    if schema.get("type") == "string" and not set(schema) & {"enum", "const", "pattern", "format"}:
        return schema
    return {**shown, "anyOf": [_or_expressions(schema), EXPRESSION]}


def events() -> str:
    """Return the page of events."""
    return page(
        "Events",
        "Two kinds: of one run while it goes on, and of the tenant when a run has ended.",
        [
            "## Of a run",
            "",
            RUN_EVENTS,
            "",
            *table(("type", "when"), ((f"`{name}`", text) for name, text in EVENTS.items())),
        ],
        [
            "## Of the tenant",
            "",
            TENANT_EVENTS,
            "",
            *table(
                ("type", "when the execution is"),
                ((f"`{name}`", f"{status}") for status, name in EVENT_TYPES.items()),
            ),
        ],
    )


def metrics() -> str:
    """Return the page of the metrics."""
    return page(
        "Metrics",
        "`GET /metrics` of a server, and of a worker with `--metrics-port`, in Prometheus' text "
        "format. Counters and histograms are of one process; gauges are of the database.",
        table(
            ("name", "type", "meaning"),
            [
                *((f"`{name}`", kind, text) for name, (kind, text) in SERVER_METRICS.items()),
                *((f"`{name}`", _kind_of(name), text) for name, text in METRICS.items()),
            ],
        ),
    )


def _kind_of(name: str) -> str:
    return "counter" if name.endswith("_total") else "histogram"


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


RUN_EVENTS = (
    "`GET /sluiceway/v1/executions/{id}/events` sends them as server-sent events. Each has `seq`, "
    "`type` and `at`; those of a step have the `step` as the record shows it. After a broken "
    "connection, `Last-Event-ID` goes on where it was."
)
TENANT_EVENTS = (
    "In the log, and posted to `SLUICEWAY_WEBHOOK_URL` as a JSON array of `{log_id, data}`; `data` "
    "has `type`, `date`, `description`, `tenant_name` and `details`. With "
    "`SLUICEWAY_WEBHOOK_SECRET` each post is signed as [Standard Webhooks]"
    "(https://www.standardwebhooks.com) say. They wait in memory: a receiver that is down for "
    "longer than a minute loses some, and an event may come twice under one `log_id`."
)
EVENTS = {
    "execution_started": "A worker has begun.",
    "step_started": "A step makes a call or waits.",
    "step_delayed": "A step has put the execution to sleep.",
    "step_completed": "A step ended well, or failed softly.",
    "step_failed": "A step failed, and the execution with it unless the step allows it.",
    "execution_finished": "The execution reached its final `status`.",
}
SERVER_METRICS = {
    "sluiceway_executions": ("gauge", "Executions by status."),
    "sluiceway_outbox_messages": ("gauge", "Messages by status."),
    "sluiceway_database_bytes": ("gauge", "Space that the database takes."),
    "sluiceway_requests_total": ("counter", "Requests answered, by method, route and status."),
    "sluiceway_request_seconds_total": ("counter", "Time spent answering, by method and route."),
}

PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands,
    "settings.md": settings,
    "errors.md": error_codes,
    "actions.md": actions,
    "functions.md": functions,
    "liquid.md": liquid,
    "api.md": own_api,
    "management-api.md": management_api,
    "events.md": events,
    "metrics.md": metrics,
    "flow.schema.json": flow_schema,
}

if __name__ == "__main__":
    raise SystemExit(main())
