"""The bodies that create and change users (Auth0's OpenAPI: ``CreateUserRequestContent``, …)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.management.validation import Schema

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject

__all__ = ["CREATE_USER", "UPDATE_USER"]


def _text(description: str, *, longest: int | None = None) -> JsonObject:
    schema: JsonObject = {"type": "string", "minLength": 1, "description": description}
    return schema if longest is None else {**schema, "maxLength": longest}


def _flag(description: str) -> JsonObject:
    return {"type": "boolean", "description": description}


_PROPERTIES: Final[JsonObject] = {
    "email": {"type": "string", "format": "email", "description": "The user's email."},
    "username": _text(
        "The user's username. Only valid if the connection requires a username.", longest=128
    ),
    "phone_number": {
        "type": "string",
        "pattern": r"^\+[0-9]{1,15}$",
        "description": "The user's phone number (following the E.164 recommendation).",
    },
    "password": _text("Initial password for this user. Only valid for auth0 connection strategy."),
    "name": _text("The user's full name.", longest=300),
    "nickname": _text("The user's nickname.", longest=300),
    "given_name": _text("The user's given name(s).", longest=150),
    "family_name": _text("The user's family name(s).", longest=150),
    "picture": {
        "type": "string",
        "format": "strict-uri",
        "description": "A URI pointing to the user's picture.",
    },
    "blocked": _flag("Whether this user was blocked by an administrator (true) or not (false)."),
    "email_verified": _flag("Whether this email address is verified (true) or unverified (false)."),
    "phone_verified": _flag("Whether this phone number has been verified (true) or not (false)."),
    "verify_email": _flag("Whether the user will receive a verification email (true) or no email."),
    "user_metadata": {
        "type": "object",
        "description": "User metadata to which this user has read/write access.",
    },
    "app_metadata": {
        "type": "object",
        "description": "User metadata to which this user has read-only access.",
    },
    "connection": _text("Name of the connection this user should be created in."),
}
_NULLABLE: Final = frozenset(
    {"email", "phone_number", "given_name", "family_name", "name", "nickname", "picture"}
)


def _nullable(name: str, schema: JsonObject) -> JsonObject:
    return {**schema, "type": ["string", "null"]} if name in _NULLABLE else schema


CREATE_USER: Final = Schema(
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["connection"],
        "x-suggest-metadata": True,
        "properties": {
            **_PROPERTIES,
            "user_id": {
                "type": "string",
                "maxLength": 255,
                "pattern": r"^\S*$",
                "description": "The external user's id provided by the identity provider.",
            },
        },
    }
)

UPDATE_USER: Final = Schema(
    {
        "type": "object",
        "additionalProperties": False,
        "x-suggest-metadata": True,
        "properties": {
            **{
                name: _nullable(name, schema)
                for name, schema in _PROPERTIES.items()
                if isinstance(schema, dict)
            },
            "verify_phone_number": _flag(
                "Whether this phone number will be verified by a message."
            ),
            "client_id": _text("Auth0 client ID. Only valid when updating email address."),
        },
    }
)
