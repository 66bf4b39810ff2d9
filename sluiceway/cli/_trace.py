"""The live trace of a run: each step with its input, output, status code and time.

On a terminal it is drawn with rich; elsewhere it is plain lines, which tools can read.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from typing import TYPE_CHECKING, Final, Protocol

import click

from sluiceway.models.timestamps import parse_timestamp

if TYPE_CHECKING:
    from rich.console import Console

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["PlainTrace", "RichTrace", "SilentTrace", "Trace", "open_trace"]

_LONGEST_TEXT: Final = 160
_MOST_ITEMS: Final = 12
_WIDEST: Final = 34
_NARROWEST: Final = 8
_BESIDE: Final = 45
"""What a step's line has beside its title: mark, action, status code and time."""

_MARKS: Final = {"COMPLETED": "✓", "FAILED": "✗", "DELAYED": "⏸", "RUNNING": "…", "CANCELLED": "■"}
_COLOURS: Final = {
    "COMPLETED": "green",
    "FAILED": "red",
    "DELAYED": "yellow",
    "RUNNING": "cyan",
    "CANCELLED": "yellow",
}


class Trace(Protocol):
    """Shows a run while it goes on. Steps and records are JSON as the execution record has them."""

    def started(self, flow_name: str, execution_id: str) -> None:
        """The execution was made."""
        ...

    def step_began(self, step: JsonObject) -> None:
        """A step that makes a call or waits is under way."""
        ...

    def step_ended(self, step: JsonObject) -> None:
        """A step ended, or began to wait."""
        ...

    def finished(self, record: JsonObject) -> None:
        """The execution ended; *record* has ``debug``."""
        ...


class SilentTrace:
    """Shows nothing: for ``--json``."""

    def started(self, flow_name: str, execution_id: str) -> None:
        """See ``Trace``."""

    def step_began(self, step: JsonObject) -> None:
        """See ``Trace``."""

    def step_ended(self, step: JsonObject) -> None:
        """See ``Trace``."""

    def finished(self, record: JsonObject) -> None:
        """See ``Trace``."""


class PlainTrace:
    """One line a fact, without colour or motion."""

    def started(self, flow_name: str, execution_id: str) -> None:
        """See ``Trace``."""
        _say(f"{flow_name}  {execution_id}")

    def step_began(self, step: JsonObject) -> None:
        """See ``Trace``: a plain trace tells of a step when it has ended."""

    def step_ended(self, step: JsonObject) -> None:
        """See ``Trace``."""
        facts = [str(step["status"]), str(step["id"]), _wire_name(step), _status_code(step)]
        _say("  ".join(fact for fact in [*facts, _time(step)] if fact))
        for name in ("input", "output", "error"):
            if step.get(name) is not None:
                _say(f"  {name:<6} {_compact(step[name])}")

    def finished(self, record: JsonObject) -> None:
        """See ``Trace``."""
        _say(_ending(record))


def _say(line: str) -> None:
    """Write a line. Whoever read them may go away, as ``| head`` does: the run goes on."""
    try:
        click.echo(line)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class RichTrace:
    """Colours, and a spinner while a step is under way."""

    def __init__(self, console: Console) -> None:
        from rich.status import Status  # noqa: PLC0415 - only on a terminal

        self._console = console
        self._status = Status("", console=console, spinner="dots")

    def started(self, flow_name: str, execution_id: str) -> None:
        """See ``Trace``."""
        self._console.print()
        self._console.print(f"[bold]{_escaped(flow_name)}[/]  [dim]{execution_id}[/]")
        self._console.print()
        self._status.start()
        self._status.update("[dim]starting[/]")

    def step_began(self, step: JsonObject) -> None:
        """See ``Trace``."""
        self._status.update(f"[dim]{_escaped(_title(step))}[/]")

    def step_ended(self, step: JsonObject) -> None:
        """See ``Trace``."""
        status = str(step["status"])
        colour = _COLOURS.get(status, "white")
        code = _status_code(step)
        code_colour = "green" if code.startswith("2") else "yellow"
        # One table-like line: mark, title, wire name, status code, time.
        width = max(_NARROWEST, min(_WIDEST, self._console.width - _BESIDE))
        title = _title(step) if len(_title(step)) <= width else f"{_title(step)[: width - 1]}…"
        self._console.print(
            f"[{colour}]{_MARKS.get(status, '·')}[/] "
            f"[bold]{_escaped(f'{title:<{width}}')}[/] [dim]{_wire_name(step):<24}[/] "
            f"[{code_colour}]{code:>3}[/]  [dim]{_time(step):>9}[/]",
            highlight=False,
            overflow="ellipsis",
            no_wrap=True,
        )
        for name, shown in (("input", "in"), ("output", "out"), ("error", "err")):
            value = step.get(name)
            if value is not None and value != {}:
                self._print_value(shown, value)
        self._console.print()

    def finished(self, record: JsonObject) -> None:
        """See ``Trace``."""
        self._status.stop()
        colour = _COLOURS.get(str(record["status"]), "white")
        self._console.print(f"[{colour}]{_escaped(_ending(record))}[/]", highlight=False)

    def _print_value(self, name: str, value: JsonValue) -> None:
        from rich.highlighter import JSONHighlighter  # noqa: PLC0415 - only on a terminal
        from rich.padding import Padding  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        text = Text(_readable(_shortened(value), width=max(40, self._console.width - 12)))
        JSONHighlighter().highlight(text)
        grid = Table.grid(padding=(0, 1))
        grid.add_column(style="dim", width=3)
        grid.add_column(ratio=1)
        grid.add_row(name, text)
        self._console.print(Padding(grid, (0, 0, 0, 4)))


def open_trace(*, as_json: bool) -> Trace:
    """Return the trace that fits where the output goes; NO_COLOR and TERM=dumb are honoured."""
    if as_json:
        return SilentTrace()
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return PlainTrace()
    from rich.console import Console  # noqa: PLC0415 - only on a terminal

    return RichTrace(Console())


def _title(step: JsonObject) -> str:
    return str(step.get("alias") or step["id"])


def _wire_name(step: JsonObject) -> str:
    return f"{step['type']}/{step['action']}"


def _status_code(step: JsonObject) -> str:
    code = step.get("status_code")
    return "" if code is None else str(code)


def _time(step: JsonObject) -> str:
    started, ended = step.get("started_at"), step.get("ended_at")
    if not (isinstance(started, str) and isinstance(ended, str)):
        return ""
    seconds = (parse_timestamp(ended) - parse_timestamp(started)).total_seconds()
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _ending(record: JsonObject) -> str:
    debug = record.get("debug")
    steps = debug.get("steps") if isinstance(debug, dict) else None
    count = len(steps) if isinstance(steps, list) else 0
    text = f"{record['status']}  {count} {'step' if count == 1 else 'steps'}  {_time(record)}"
    queued = _queued(steps if isinstance(steps, list) else [])
    return f"{text.rstrip()}  queued: {queued}" if queued else text.rstrip()


def _queued(steps: list[JsonValue]) -> str:
    names = {"SEND_EMAIL": "email", "SEND_SMS": "SMS", "MAKE_CALL": "call"}
    counts = Counter(
        names[str(step["action"])]
        for step in steps
        if isinstance(step, dict)
        and step["type"] == "AUTH0"
        and step["action"] in names
        and step["status"] == "COMPLETED"
    )
    return ", ".join(f"{count} {name}{'s' * (count > 1)}" for name, count in counts.items())


def _compact(value: JsonValue) -> str:
    return json.dumps(_shortened(value), ensure_ascii=False, separators=(",", ":"))


def _readable(value: JsonValue, *, width: int, indent: int = 0, taken: int = 0) -> str:
    """Write JSON with as much on each line as fits; what is nested goes in by two.

    *taken* is how much of the first line stands before it already.
    """
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + indent + taken <= width or not isinstance(value, dict | list) or not value:
        return line
    deeper = indent + 2
    if isinstance(value, dict):
        brackets, parts = "{}", list[str]()
        for key, item in value.items():
            name = json.dumps(key, ensure_ascii=False)
            shown = _readable(item, width=width, indent=deeper, taken=len(name) + 4)
            parts.append(f"{name}: {shown}")
    else:
        brackets = "[]"
        parts = [_readable(item, width=width, indent=deeper) for item in value]
    return f"{brackets[0]} {_filled(parts, width=width, indent=deeper)} {brackets[1]}"


def _filled(parts: list[str], *, width: int, indent: int) -> str:
    """Join *parts* by commas, a new line where the next one does not fit or has lines itself."""
    lines = [parts[0]]
    for part in parts[1:]:
        last = lines[-1]
        if "\n" in part or "\n" in last or indent + len(last) + len(part) + 2 > width:
            lines.append(part)
        else:
            lines[-1] = f"{last}, {part}"
    return f",\n{' ' * indent}".join(lines)


def _shortened(value: JsonValue) -> JsonValue:
    """Cut long texts and long lists: ``--json`` and ``executions show`` have them whole."""
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:_LONGEST_TEXT]}… ({len(value)} characters)"
    if isinstance(value, list):
        shown = [_shortened(item) for item in value[:_MOST_ITEMS]]
        rest = len(value) - _MOST_ITEMS
        return [*shown, f"… ({rest} more)"] if rest > 0 else shown
    if isinstance(value, dict):
        return {
            # An answer's headers are seldom what one looks for, and there are many.
            key: f"… ({len(item)} headers)"
            if key == "headers" and isinstance(item, dict) and "status" in value
            else _shortened(item)
            for key, item in value.items()
        }
    return value


def _escaped(text: str) -> str:
    from rich.markup import escape  # noqa: PLC0415 - only on a terminal

    return escape(text)
