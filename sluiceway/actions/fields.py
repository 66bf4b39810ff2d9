"""The kinds of fields that params are made of: JSON Schema with titles, tips and widgets.

``x-widget`` tells a console how to draw the field: ``connection``, ``text``, ``json``, ``pairs``,
``template`` (Liquid on one line), ``html`` (Liquid over many), ``group``, ``actions``,
``condition``, ``choice``, ``flag``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from msgspec import Meta

from sluiceway.actions.formats import is_email

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject

__all__ = [
    "HTTP_OUTPUT",
    "QUEUED_OUTPUT",
    "Connection",
    "CustomVars",
    "Email",
    "Headers",
    "OpenObject",
    "QueryParams",
    "UserId",
    "check_emails",
]

OpenObject: TypeAlias = dict[str, Any]

Connection: TypeAlias = Annotated[
    str,
    Meta(
        title="Vault connection",
        description="The connection that holds the tenant's domain and its client's secret.",
        min_length=1,
        # Auth0's limit is 30, for its own ids; names and a container's tokens stand here too.
        max_length=150,
        extra_json_schema={"x-widget": "connection"},
    ),
]
Email: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "email", "x-widget": "text"})]
UserId: TypeAlias = Annotated[
    str,
    Meta(
        title="User ID",
        description="The user's id, like auth0|507f1f77bcf86cd799439020.",
        min_length=1,
        extra_json_schema={"x-widget": "text", "examples": ["{{context.user.user_id}}"]},
    ),
]
Headers: TypeAlias = Annotated[
    OpenObject,
    Meta(
        title="Headers",
        description="Request headers, by name.",
        extra_json_schema={"x-widget": "pairs"},
    ),
]
QueryParams: TypeAlias = Annotated[
    dict[str, str | int | float | None],
    Meta(
        title="URL params",
        description="Appended to the address, encoded for you. A null is left out.",
        extra_json_schema={"x-widget": "pairs"},
    ),
]
CustomVars: TypeAlias = Annotated[
    OpenObject,
    Meta(
        title="Custom variables",
        description="Values that the templates read as {{ custom_vars.<key> }}.",
        extra_json_schema={"x-widget": "pairs"},
    ),
]

HTTP_OUTPUT: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "status": {"type": "integer", "description": "The HTTP status code."},
        "headers": {"type": "object", "description": "The answer's headers, in lower case."},
        "body": {"description": "The answer's JSON, or its text."},
        "success": {"type": "boolean", "description": "Whether the status is 2xx."},
    },
    "required": ["status", "headers", "body", "success"],
    "additionalProperties": False,
}
QUEUED_OUTPUT: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "success": {"type": "boolean", "description": "The message was queued, not delivered."},
    },
    "required": ["success"],
    "additionalProperties": False,
}


def check_emails(*addresses: str) -> None:
    """Hold what a format alone does not: structs call this from ``__post_init__``.

    Raises:
        ValueError: one is no email address.
    """
    if not all(map(is_email, addresses)):
        raise ValueError("expected an email address")
