"""What a check finds: a stable code, where, one sentence, a fix; and rules as data.

Codes are append-only: people silence them by name, in files that outlive a version.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sluiceway.analysis.view import FlowView
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["Edit", "Finding", "Rule", "RuleFamily", "Severity"]


class Severity(StrEnum):
    """How bad it is. Only errors make a check fail."""

    ERROR = "error"
    """It cannot work as it is written."""
    WARNING = "warning"
    """It can go wrong, or surprise."""
    INFO = "info"
    """Worth knowing."""

    @property
    def rank(self) -> int:
        """0 for errors, more for what matters less."""
        return _RANKS[self]


_RANKS: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


class Edit(msgspec.Struct, frozen=True):
    """A safe change: put *value* at *pointer*; a key that is not there yet is added."""

    pointer: str
    value: JsonValue


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a check found.

    Attributes:
        code: the rule's, like ``SLW201``.
        severity: how bad it is here.
        message: one sentence: what is wrong.
        at: JSON Pointer into the file.
        hint: one sentence: what to do.
        file: the file's path; ``""`` where there is none.
        flow: the flow's name.
        step: the id of the action, ``""`` for the flow itself.
        inner: line and column within the text at *at*, where it is about a part of a template.
        on_key: whether the key at *at* is meant, not its value.
        edit: a safe change that mends it.
        line: the line in the file, 0 until it is placed.
        column: the column in the file.
        end_column: behind the last character, on the same line.
    """

    code: str
    severity: Severity
    message: str
    at: str
    hint: str = ""
    file: str = ""
    flow: str = ""
    step: str = ""
    inner: tuple[int, int] | None = None
    on_key: bool = False
    edit: Edit | None = None
    line: int = 0
    column: int = 0
    end_column: int = 0

    def moved(self, base: str) -> Finding:
        """Return the finding with its pointers below *base*."""
        edit = self.edit
        return replace(
            self,
            at=base + self.at,
            edit=Edit(base + edit.pointer, edit.value) if edit else None,
        )

    def as_json(self) -> JsonObject:
        """Return the finding as ``--format json`` and the API show it."""
        shown: JsonObject = {
            "code": self.code,
            "severity": str(self.severity),
            "message": self.message,
            "file": self.file,
            "pointer": self.at,
            "line": self.line,
            "column": self.column,
            "end_column": self.end_column,
            "flow": self.flow,
            "step": self.step,
            "fix": self.hint,
            "fixable": self.edit is not None,
        }
        if self.inner is not None:
            shown["template"] = {"line": self.inner[0], "column": self.inner[1]}
        return shown


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One code: what it means, why it matters, what to do; the reference page is made of these."""

    code: str
    title: str
    severity: Severity
    meaning: str
    fix: str
    is_fixable: bool = False


def _no_rules() -> tuple[Rule, ...]:
    return ()


class RuleFamily(msgspec.Struct, frozen=True, kw_only=True):
    """Rules that look at the same things, and the function that finds what breaks them.

    A module of ``analysis/rules`` takes part by defining one as ``FAMILY``.
    """

    name: str
    title: str
    rules: tuple[Rule, ...] = msgspec.field(default_factory=_no_rules)
    check: Callable[[FlowView], Iterable[Finding]]

    def severity_of(self, code: str) -> Severity:
        """Return how bad a rule's findings are, as a rule."""
        return next(rule.severity for rule in self.rules if rule.code == code)
