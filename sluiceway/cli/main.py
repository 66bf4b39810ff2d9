"""The command line's entry: finds commands by their files, and turns errors into sentences.

A command is a module ``cli/<name>.py`` with the constant ``COMMAND``; its docstring's first line is
its summary. Nothing else is imported before it is needed: ``sluiceway --help`` reads no module.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PROGRAM", "CommandFiles", "main"]

_FOLDER: Final = Path(__file__).parent
_ABORTED: Final = 130
_NAME: Final = "sluiceway"


class CommandFiles(click.Group):
    """A group whose commands are the public modules of this folder that define ``COMMAND``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return sorted(_summaries())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return its command."""
        del ctx
        module = cmd_name.replace("-", "_")
        for name in (module, f"{module}_"):
            if (_FOLDER / f"{name}.py").exists() and cmd_name in _summaries():
                found: Any = importlib.import_module(f"sluiceway.cli.{name}")
                command: click.Command = found.COMMAND
                command.name = cmd_name
                _add_common_options(command)
                return command
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; where there is none, say which is near."""
        if args and self.get_command(ctx, args[0]) is None:
            from sluiceway.models.json_text import did_you_mean  # noqa: PLC0415 - rarely needed

            hint = did_you_mean(args[0], _summaries())
            ctx.fail(f"No such command {args[0]!r}. {hint}".rstrip())
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their summaries, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_summaries().items()))


def _summaries() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in _FOLDER.glob("*.py"):
        if path.stem == "main" or path.stem.startswith("_"):
            continue
        text = path.read_text(encoding="utf-8")
        if "\nCOMMAND" not in text and "\ndef COMMAND" not in text:
            continue
        first = text.partition("\n")[0].strip('"')
        found[path.stem.rstrip("_").replace("_", "-")] = first
    return found


def _add_common_options(command: click.Command) -> None:
    if isinstance(command, click.Group):
        for child in command.commands.values():
            _add_common_options(child)
        return
    if any(parameter.name == "database" for parameter in command.params):
        return
    # Docstrings are raw, so that click's mark for "do not wrap" is two characters in them.
    command.help = (command.help or "").replace("\\b\n", "\b\n")
    command.params.append(
        click.Option(
            ["--database"],
            metavar="URL",
            expose_value=False,
            callback=_keep("database_url"),
            help="Where everything is kept: sqlite:///PATH or postgresql://…",
        )
    )
    command.params.append(
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=_keep("debug"),
            help="Show the traceback of an error.",
        )
    )


def _keep(name: str) -> Any:  # click's callback type
    def keep(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            ctx.find_root().ensure_object(dict)[name] = value

    return keep


@click.command(
    cls=CommandFiles,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name=_NAME, prog_name=_NAME)
def PROGRAM() -> None:  # noqa: N802 - a constant, found by its name
    """Run Auth0 Flows anywhere: here, in CI, on your own servers."""


def _open_streams() -> None:
    """Let what is written to a stream that the caller closed (``>&-``) go nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115


def _give_output_up() -> None:
    """Forget what could not be written: Python would try it again at its end, and end with 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_usage_error(error: click.ClickException) -> None:
    """Write what click found wrong as all other errors are written."""
    from sluiceway.cli._errors import write_failure  # noqa: PLC0415 - only when something is wrong
    from sluiceway.errors import UsageError  # noqa: PLC0415

    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else _NAME
    said = error.format_message()
    write_failure(
        code=UsageError.code,
        message=f"{said[:1].lower()}{said[1:].removesuffix('.')}",
        at=command if context else "",
        hint=f"See: {command} --help",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status (contract: 0, 1, 2, 3; 130 when interrupted)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _open_streams()
    try:
        # Click itself does not know NO_COLOR (https://no-color.org); None lets it look for itself.
        color = False if os.environ.get("NO_COLOR") else None
        result = PROGRAM.main(args=given, prog_name=_NAME, standalone_mode=False, color=color)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        _write_usage_error(error)
        return error.exit_code if error.exit_code > 1 else 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return _ABORTED
    except SystemExit:
        # What click and rich do where the reader of our output went away, as `| head` does;
        # no command of ours exits so. Nothing is wrong.
        _give_output_up()
        return 0
    except Exception as error:  # noqa: BLE001 - the last line of defence: one sentence, no traceback
        from sluiceway.cli._errors import report  # noqa: PLC0415 - only when something went wrong

        status = report(error, debug="--debug" in given)
        try:
            sys.stdout.flush()
        except OSError:
            _give_output_up()
        return status
    return result if isinstance(result, int) else 0
