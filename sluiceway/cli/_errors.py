"""Errors as a person reads them: one sentence, the code, the place, what to do."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from typing import TYPE_CHECKING, Final

import click

from sluiceway import errors

if TYPE_CHECKING:
    from sluiceway.errors import SluicewayError

__all__ = ["EXIT_STATUS", "exit_status", "report", "write_error", "write_failure"]

FAILED: Final = 1
UNUSABLE: Final = 2
UNREACHABLE: Final = 3
_UNEXPECTED: Final = 70
_MACHINE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG})

EXIT_STATUS: Final[tuple[tuple[type[SluicewayError], int], ...]] = (
    (errors.TargetUnreachable, UNREACHABLE),
    (errors.TargetTimedOut, UNREACHABLE),
    (errors.StorageError, UNREACHABLE),
    (errors.ProviderUnavailable, UNREACHABLE),
    # Told before a flow starts: a command that cannot begin, not an execution that failed.
    (errors.ConnectionUnusable, UNUSABLE),
    (errors.ActionError, FAILED),
    (errors.TokenError, FAILED),
    (errors.ProviderError, FAILED),
    (errors.NotFound, UNUSABLE),
    (errors.Conflict, FAILED),
    (errors.SluicewayError, UNUSABLE),
)
"""The first class that fits decides (contract, section 2)."""


def exit_status(error: SluicewayError) -> int:
    """Return the exit status for *error*."""
    return next(status for kind, status in EXIT_STATUS if isinstance(error, kind))


def report(error: Exception, *, debug: bool) -> int:
    """Write *error* to standard error and return the exit status."""
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, errors.SluicewayError):
        write_error(error)
        return exit_status(error)
    if isinstance(error, OSError) and error.errno in _MACHINE:
        where = f" ({error.filename})" if error.filename else ""
        write_failure(
            code="ERR_SYSTEM",
            message=f"expected to write, found: {error.strerror}{where}",
            at="",
            hint="Make room, or write to another place.",
        )
        return UNREACHABLE
    if isinstance(error, OSError) and isinstance(error.filename, str) and error.strerror:
        write_failure(
            code="ERR_SYSTEM",
            message=f"expected to use {error.filename}, found: {error.strerror}",
            at="",
            hint="Check that it is there, and may be read or written.",
        )
        return UNUSABLE
    if not debug:
        kind = type(error).__name__
        click.echo(f"error: something unexpected happened: {kind}: {error}", err=True)
        click.echo("  hint: This is a defect of Sluiceway. Run again with --debug.", err=True)
    return _UNEXPECTED


def write_error(error: SluicewayError) -> None:
    """Write ``error[CODE]: sentence``, then the place, the excerpt with a caret, and the hint."""
    at, excerpt = error.at, ""
    if isinstance(error, errors.LanguageError):
        place = f"line {error.line}, column {error.column}"
        at, excerpt = f"{at}, {place}" if at else place, error.excerpt()
    write_failure(code=error.code, message=error.message, at=at, hint=error.hint, excerpt=excerpt)


def write_failure(*, code: str, message: str, at: str, hint: str, excerpt: str = "") -> None:
    """Write an error that is known by its parts: that of a record, say."""
    head = f"error[{code}]"
    if not os.environ.get("NO_COLOR"):
        head = click.style(head, fg="red", bold=True)
    click.echo(f"{head}: {message}", err=True)
    if at:
        click.echo(f"  at: {at}", err=True)
    for line in excerpt.splitlines():
        click.echo(f"    {line}", err=True)
    if hint:
        click.echo(f"  hint: {hint}", err=True)
