"""Errors as HTTP: one table of statuses, and Auth0's envelope around every one."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from sluiceway import errors
from sluiceway.api.route import Reply
from sluiceway.management.tokens import OAuthRefusal

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject

__all__ = ["STATUS", "Refusal", "envelope", "reply_for", "scope_refusal"]

STATUS: Final[tuple[tuple[type[errors.SluicewayError], int], ...]] = (
    (errors.InvalidRequest, 400),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.DefinitionError, 400),
    (errors.LanguageError, 400),
    (errors.InvalidActionParams, 400),
    (errors.ConnectionUnusable, 400),
    (errors.UsageError, 400),
    (errors.ProviderNotEnabled, 400),
    (errors.ProviderRejected, 400),
    (errors.ProviderUnavailable, 503),
    (errors.StorageError, 503),
    (errors.OutboundError, 502),
    (errors.SluicewayError, 500),
)
"""The first class that fits decides."""

_REASONS: Final = {413: "Request Entity Too Large"}
_UNAVAILABLE: Final = 503


class Refusal(Exception):
    """The door turned a request away before any handler saw it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"answered {reply.status}")
        self.reply = reply


def envelope(status: int, message: str, *, code: str = "", **more: JsonObject) -> JsonObject:
    """Return ``{statusCode, error, message[, errorCode]}``, with *more* keys at the end."""
    body: JsonObject = {
        "statusCode": status,
        "error": _REASONS.get(status) or HTTPStatus(status).phrase,
        "message": message,
    }
    if code:
        body["errorCode"] = code
    return {**body, **more}


def scope_refusal(*scopes: str) -> Reply:
    """Return the answer to a token that has none of *scopes*."""
    words = f"Insufficient scope, expected any of: {','.join(scopes)}"
    return Reply(
        status=403,
        body=envelope(403, words, code="insufficient_scope"),
        headers={"www-authenticate": 'Bearer error="insufficient_scope"'},
    )


def reply_for(error: Exception) -> Reply:
    """Return the answer for *error*; what nobody expected says no more than that."""
    if isinstance(error, Refusal):
        return error.reply
    if isinstance(error, OAuthRefusal):
        return _oauth_reply(error)
    if not isinstance(error, errors.SluicewayError):
        return Reply(status=500, body=envelope(500, "An internal server error occurred"))
    status = next(status for kind, status in STATUS if isinstance(error, kind))
    if isinstance(error, errors.ManagementError):
        code, message = error.error_code, error.message
    else:
        code = "invalid_body" if status == HTTPStatus.BAD_REQUEST else error.code
        message = f"{error} {error.hint}".strip()
    headers = {"retry-after": "1"} if status == _UNAVAILABLE else {}
    return Reply(status=status, body=envelope(status, message, code=code), headers=headers)


def _oauth_reply(error: OAuthRefusal) -> Reply:
    body: JsonObject = {"error": error.error, "error_description": error.description}
    if error.uri:
        body["error_uri"] = error.uri
    headers = {"cache-control": "no-store"}
    if error.retry_after_s:
        headers["retry-after"] = str(error.retry_after_s)
    return Reply(status=error.status, body=body, headers=headers)
