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
    "email_verified": _flag(
        "Whether this email address is verified (true) or unverified (false). User will receive a "
        "verification email after creation if `email_verified` is false or not specified"
    ),
    "phone_verified": _flag("Whether this phone number has been verified (true) or not (false)."),
    "verify_email": _flag(
        "Whether the user will receive a verification email after creation (true) or no email "
        "(false). Overrides behavior of `email_verified` parameter."
    ),
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
    {
        "email",
        "phone_number",
        "given_name",
        "family_name",
        "name",
        "nickname",
        "picture",
        "username",
        "password",
    }
)


def _updated(name: str, schema: JsonObject) -> JsonObject:
    """Return how a change describes the property *name* of a creation."""
    words: JsonObject = {"description": _UPDATED_WORDS[name]} if name in _UPDATED_WORDS else {}
    kind: JsonObject = {"type": ["string", "null"]} if name in _NULLABLE else {}
    return {**schema, **words, **kind}


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

_UPDATED_WORDS: Final = {
    "email": "Email address of this user.",
    "email_verified": (
        "Whether this email address is verified (true) or unverified (false). If set to false the "
        "user will not receive a verification email unless `verify_email` is set to true."
    ),
    "given_name": "Given name/first name/forename of this user.",
    "family_name": "Family name/last name/surname of this user.",
    "name": "Name of this user.",
    "nickname": "Preferred nickname or alias of this user.",
    "picture": "URL to picture, photo, or avatar of this user.",
    "password": "New password for this user. Only valid for database connections.",
    "connection": "Name of the connection to target for this user update.",
}

UPDATE_USER: Final = Schema(
    {
        "type": "object",
        "additionalProperties": False,
        "x-suggest-metadata": True,
        "properties": {
            **{
                name: _updated(name, schema)
                for name, schema in _PROPERTIES.items()
                if isinstance(schema, dict)
            },
            "verify_phone_number": _flag(
                "Whether this user will receive a text after changing the phone number (true) or "
                "no text (false). Only valid when changing phone number for SMS connections."
            ),
            "client_id": _text("Auth0 client ID. Only valid when updating email address."),
        },
    }
)
