"""Every error this package raises on purpose.

    SluicewayError
    ├── UsageError              a command or a setting is wrong
    ├── DefinitionError         a flow document is wrong; running it again cannot help
    ├── LanguageError           a template of either language
    │   ├── ExpressionSyntaxError      refused when the flow is saved
    │   ├── ExpressionEvaluationError  refused when it ran
    │   ├── LiquidSyntaxError          refused when the flow is saved
    │   └── LiquidRenderError          refused when it ran
    ├── ActionError             an action ran and failed
    │   ├── InvalidActionParams        the resolved params break the action's schema
    │   ├── ConnectionUnusable         the vault connection is missing, empty or of another app
    │   ├── OutcomeUnknown             a once-only call was made, and no answer came
    │   ├── TimeLimitPassed            a step or an execution took longer than it may
    │   └── ActionNotOffered           a family of Auth0's API that Sluiceway only stores
    ├── OutboundError           a call to another machine
    │   ├── TargetForbidden            the guard refused the address
    │   ├── TargetUnreachable          no connection, or it broke; retryable
    │   │   └── AnswerLost                 it broke once the request may have arrived
    │   ├── TargetTimedOut             connected, but no answer in time; retryable
    │   └── AnswerRefused              the answer is too large or cannot be read
    ├── TokenError              a tenant gave no access token
    ├── ProviderError           a delivery service refused or could not be reached
    │   ├── ProviderNotEnabled         none is set up for this kind of message
    │   ├── ProviderRejected           the service said no (4xx); terminal
    │   └── ProviderUnavailable        no answer, or 429/5xx; retryable
    ├── VaultError              a secret cannot be sealed or opened
    ├── StorageError            the database could not be read or written; retryable
    └── ManagementError         a rule of the Management API
        ├── InvalidRequest             a body, path or query that breaks the schema
        ├── NotFound
        └── Conflict

Each says what was expected, what was found, where (``at``), what to do (``hint``) and whether
trying again can help (``retryable``). None carries a secret. Codes are append-only: clients and
stored execution records depend on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject

__all__ = [
    "ActionError",
    "ActionNotOffered",
    "AnswerLost",
    "AnswerRefused",
    "Conflict",
    "ConnectionUnusable",
    "DefinitionError",
    "ExpressionEvaluationError",
    "ExpressionSyntaxError",
    "InvalidActionParams",
    "InvalidRequest",
    "LanguageError",
    "LiquidRenderError",
    "LiquidSyntaxError",
    "ManagementError",
    "NotFound",
    "OutboundError",
    "OutcomeUnknown",
    "ProviderError",
    "ProviderNotEnabled",
    "ProviderRejected",
    "ProviderUnavailable",
    "SluicewayError",
    "StorageError",
    "TargetForbidden",
    "TargetTimedOut",
    "TargetUnreachable",
    "TimeLimitPassed",
    "TokenError",
    "UsageError",
    "VaultError",
]


class SluicewayError(Exception):
    """Base of the tree: catch this to catch every deliberate failure."""

    code: ClassVar[str] = "ERR_SLUICEWAY"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        at: str = "",
        hint: str = "",
        details: JsonObject | None = None,
    ) -> None:
        """Store what happened.

        Args:
            message: one sentence: what was expected, what was found. Never a secret.
            at: where: a file and JSON Pointer, or ``line:column`` of a template.
            hint: what to do about it, one sentence.
            details: more for programs, as JSON.
        """
        super().__init__(message)
        self.message = message
        self.at = at
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        return f"{self.message} (at {self.at})" if self.at else self.message

    def as_json(self) -> JsonObject:
        """Return ``{code, message[, at][, hint][, details]}``, as execution records show it."""
        shown: JsonObject = {"code": self.code, "message": self.message}
        if self.at:
            shown["at"] = self.at
        if self.hint:
            shown["hint"] = self.hint
        if self.details is not None:
            shown["details"] = self.details
        return shown


class UsageError(SluicewayError):
    """A command's arguments or a setting cannot be used."""

    code = "ERR_USAGE"


class DefinitionError(SluicewayError):
    """A flow document breaks the schema or names something unknown."""

    code = "ERR_INVALID_FLOW"


class LanguageError(SluicewayError):
    """A template of either language; *line* and *column* count from 1."""

    code = "ERR_TEMPLATE"
    phase: ClassVar[str] = "evaluation"

    def __init__(
        self,
        message: str,
        *,
        line: int = 1,
        column: int = 1,
        source: str = "",
        at: str = "",
        hint: str = "",
        details: JsonObject | None = None,
    ) -> None:
        """Store the place; *source* is the template, for the excerpt with the caret."""
        super().__init__(message, at=at, hint=hint, details=details)
        self.line = line
        self.column = column
        self.source = source

    def as_json(self) -> JsonObject:
        """See ``SluicewayError``; the place in the template is among the details."""
        place: JsonObject = {"line": self.line, "column": self.column}
        return {**super().as_json(), "details": {**place, **(self.details or {})}}

    def excerpt(self) -> str:
        """Return the line of the template with a caret under the place, or ``""``."""
        lines = self.source.split("\n")
        if not self.source or not 1 <= self.line <= len(lines):
            return ""
        text, column = lines[self.line - 1], self.column - 1
        start = max(0, column - 60)
        shown = text[start : column + 40].replace("\t", " ")
        return f"{shown}\n{' ' * (column - start)}^"


class ExpressionSyntaxError(LanguageError):
    """An expression is not in the language; found before anything runs."""

    code = "ERR_EXPRESSION_SYNTAX"
    phase = "syntax"


class ExpressionEvaluationError(LanguageError):
    """An expression could not be evaluated with the values it met."""

    code = "ERR_EXPRESSION"


class LiquidSyntaxError(LanguageError):
    """A Liquid template is not in the language; found before anything is rendered."""

    code = "ERR_LIQUID_SYNTAX"
    phase = "parse"


class LiquidRenderError(LanguageError):
    """A Liquid template could not be rendered with the values it met, or passed a limit."""

    code = "ERR_LIQUID"
    phase = "render"


class ActionError(SluicewayError):
    """An action ran and failed."""

    code = "ERR_ACTION"


class InvalidActionParams(ActionError):
    """The params, with their expressions resolved, break the action's schema.

    ``details`` is ``{"invalidParams": [{code, message, details, path}]}``, as in Auth0's debugger.
    """

    code = "ERR_INVALID_ACTION_PARAMS"


class ConnectionUnusable(ActionError):
    """The step's vault connection is missing, not set up, or belongs to another app."""

    code = "ERR_CONNECTION_UNUSABLE"


class OutcomeUnknown(ActionError):
    """A call that must not be repeated may have been carried out: its answer never came."""

    code = "ERR_OUTCOME_UNKNOWN"


class TimeLimitPassed(ActionError):
    """A step or an execution took longer than the settings allow."""

    code = "ERR_TIME_LIMIT"


class ActionNotOffered(ActionError):
    """An action of Auth0's API that Sluiceway accepts and shows, but does not run yet."""

    code = "ERR_ACTION_NOT_OFFERED"


class OutboundError(SluicewayError):
    """A call to another machine failed before it gave a usable answer.

    *may_be_done* tells whether the other side may have carried the request out all the same.
    """

    code = "ERR_OUTBOUND"
    may_be_done: ClassVar[bool] = False


class TargetForbidden(OutboundError):
    """The guard refused the address, or a credential would have left its own host."""

    code = "ERR_TARGET_FORBIDDEN"


class TargetUnreachable(OutboundError):
    """No connection could be made, or it broke."""

    code = "ERR_TARGET_UNREACHABLE"
    retryable = True


class AnswerLost(TargetUnreachable):
    """The connection broke, or gave no HTTP, after the request had been sent."""

    code = "ERR_ANSWER_LOST"
    may_be_done = True


class TargetTimedOut(OutboundError):
    """The other side was reached but did not answer in time."""

    code = "ERR_TARGET_TIMED_OUT"
    retryable = True
    may_be_done = True


class AnswerRefused(OutboundError):
    """The answer is over the size limit or cannot be decoded."""

    code = "ERR_ANSWER_REFUSED"


class TokenError(SluicewayError):
    """A tenant refused an access token: wrong secret, no grant, wrong audience."""

    code = "ERR_TOKEN"


class ProviderError(SluicewayError):
    """A delivery service refused a message or could not be reached."""

    code = "ERR_PROVIDER"


class ProviderNotEnabled(ProviderError):
    """No provider is set up and enabled for this kind of message."""

    code = "ERR_PROVIDER_NOT_ENABLED"


class ProviderRejected(ProviderError):
    """The service said no; sending the same message again cannot help."""

    code = "ERR_PROVIDER_REJECTED"


class ProviderUnavailable(ProviderError):
    """The service gave no answer, or asked to try again later."""

    code = "ERR_PROVIDER_UNAVAILABLE"
    retryable = True


class VaultError(SluicewayError):
    """A secret cannot be sealed or opened: another key, a changed or a moved ciphertext."""

    code = "ERR_VAULT"


class StorageError(SluicewayError):
    """The database could not be read or written."""

    code = "ERR_STORAGE"
    retryable = True


class ManagementError(SluicewayError):
    """A rule of the Management API was broken.

    ``error_code`` is Auth0's ``errorCode``, or ``""`` where its answer has none.
    """

    code = "ERR_MANAGEMENT"

    def __init__(self, message: str, *, error_code: str = "", at: str = "", hint: str = "") -> None:
        """Store Auth0's words and its ``errorCode``."""
        super().__init__(message, at=at, hint=hint)
        self.error_code = error_code


class InvalidRequest(ManagementError):
    """A body, path or query that breaks the schema or a rule (400)."""

    code = "ERR_INVALID_REQUEST"


class NotFound(ManagementError):
    """The named object is not there (404)."""

    code = "ERR_NOT_FOUND"


class Conflict(ManagementError):
    """The change collides with what is there (409)."""

    code = "ERR_CONFLICT"
