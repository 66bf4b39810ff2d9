"""Log lines of servers and workers: readable on a terminal, or a JSON object each."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["configure_logging"]

_COLOURS: Final = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[31m"}
_RESET: Final = "\x1b[0m"
_DIM: Final = "\x1b[2m"
_OWN: Final = "sluiceway"


def configure_logging(format_: str, *, stream: TextIO | None = None) -> None:
    """Send Sluiceway's log lines, and warnings of what it is built on, to *stream*.

    Args:
        format_: ``console`` or ``json``, the setting ``log_format``.
        stream: standard error without it.
    """
    target = stream or sys.stderr
    handler = logging.StreamHandler(target)
    has_colour = target.isatty()
    handler.setFormatter(_JsonLines() if format_ == "json" else _ConsoleLines(has_colour))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_OWN).setLevel(logging.INFO)


class _JsonLines(logging.Formatter):
    """``{"time", "level", "logger", "message", "event"?, "error"?}`` a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        event = getattr(record, "event", None)
        if event is not None:
            line["event"] = event
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class _ConsoleLines(logging.Formatter):
    """Time, level where it is not the usual one, message."""

    def __init__(self, has_colour: bool) -> None:  # noqa: FBT001 - made once, above
        super().__init__()
        self._has_colour = has_colour

    def format(self, record: logging.LogRecord) -> str:
        time = _time(record).astimezone().strftime("%H:%M:%S")
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        text = record.getMessage()
        if self._has_colour:
            time = f"{_DIM}{time}{_RESET}"
            colour = _COLOURS.get(record.levelname, "")
            text = f"{colour}{level}{text}{_RESET if colour else ''}"
        else:
            text = f"{level}{text}"
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        return f"{time} {text}"


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)
