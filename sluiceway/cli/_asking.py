"""Ask before something is deleted."""

from __future__ import annotations

import sys

import click

from sluiceway.errors import UsageError

__all__ = ["confirm"]

_REFUSED = 1


def confirm(question: str) -> None:
    """Ask *question* on standard error, and end the command unless it is answered with yes.

    Raises:
        UsageError: nobody is there to answer.
    """
    try:
        is_wanted = click.confirm(question, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise  # Ctrl-C
        raise UsageError(
            "expected an answer, found the end of standard input",
            hint="Give --yes where nobody can be asked.",
        ) from None
    if not is_wanted:
        click.echo("Nothing was deleted.", err=True)
        raise click.exceptions.Exit(_REFUSED)
