"""A user's JSON: what is filled in at birth, what a change does to it, what the wire shows."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from sluiceway.errors import InvalidRequest
from sluiceway.models.timestamps import format_timestamp

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.base import Document

__all__ = [
    "SHOWN_FIELDS",
    "changed",
    "check_combination",
    "check_metadata",
    "new_profile",
    "primary_connection",
    "shown",
]

SHOWN_FIELDS: Final = (
    "created_at",
    "email",
    "email_verified",
    "identities",
    "name",
    "nickname",
    "picture",
    "updated_at",
    "user_id",
    "username",
    "phone_number",
    "phone_verified",
    "blocked",
    "family_name",
    "given_name",
    "user_metadata",
    "app_metadata",
    "last_ip",
    "last_login",
    "last_password_reset",
    "logins_count",
)
"""The keys of a user in the order in which the recordings have them."""

_PROFILE: Final = ("name", "nickname", "picture", "family_name", "given_name")
_LOGIN: Final = ("email", "email_verified", "username", "phone_number", "phone_verified", "blocked")
_METADATA: Final = ("user_metadata", "app_metadata")
_RESERVED: Final = frozenset(
    {
        "__tenant",
        "_id",
        "blocked",
        "clientID",
        "created_at",
        "email",
        "email_verified",
        "globalClientID",
        "global_client_id",
        "identities",
        "lastIP",
        "lastLogin",
        "loginsCount",
        "metadata",
        "multifactor",
        "multifactor_last_modified",
        "updated_at",
        "user_id",
    }
)
_GRAVATAR: Final = "https://s.gravatar.com/avatar/{hash}?s=480&r=pg&d={fallback}"
_FALLBACK: Final = "https://cdn.auth0.com/avatars/{letters}.png"


def new_profile(body: JsonObject, *, user_id: str, key: str, provider: str) -> JsonObject:
    """Return the profile of a user made from a create body; ``identities`` has one entry."""
    email = body.get("email")
    if isinstance(email, str):
        body = {**body, "email": email.lower()}
    label = next(
        (str(body[name]) for name in ("email", "phone_number", "username") if body.get(name)), key
    )
    identity: JsonObject = {
        "user_id": key,
        "connection": body["connection"],
        "provider": provider,
        "isSocial": False,
    }
    profile: JsonObject = {
        "identities": [identity],
        "user_id": user_id,
        "name": label,
        "nickname": label.partition("@")[0],
        "picture": _picture(label),
    }
    if "email" in body:
        profile["email_verified"] = False
    if "phone_number" in body and provider == "sms":
        profile["phone_verified"] = False
    for name in (*_LOGIN, *_PROFILE):
        if name in body:
            profile[name] = body[name]
    for name in _METADATA:
        value = _without_nulls(body[name]) if name in body else {}
        if value or (name == "user_metadata" and name in body):
            profile[name] = value
    return profile


def changed(profile: JsonObject, changes: JsonObject) -> JsonObject:
    """Return *profile* with the body of a PATCH applied."""
    result = dict(profile)
    email = changes.get("email")
    if isinstance(email, str):
        changes = {**changes, "email": email.lower()}
        if changes["email"] != profile.get("email"):
            result["email_verified"] = False
    for name in (*_LOGIN, *_PROFILE):
        if name not in changes:
            continue
        if changes[name] is None:
            result.pop(name, None)
        else:
            result[name] = changes[name]
    for name in _METADATA:
        patch = changes.get(name)
        if not isinstance(patch, dict):
            continue
        kept = result.get(name)
        merged = {**(kept if isinstance(kept, dict) else {}), **patch} if patch else {}
        result[name] = _without_nulls(merged)
        if not result[name] and name == "app_metadata":
            del result[name]
    return result


def shown(document: Document) -> JsonObject:
    """Return the user as the wire shows it: no password, keys in the recorded order."""
    body: JsonObject = {
        **document.body,
        "created_at": format_timestamp(document.created_at),
        "updated_at": format_timestamp(document.updated_at),
    }
    return {name: body[name] for name in SHOWN_FIELDS if name in body}


def primary_connection(profile: JsonObject) -> str:
    """Return the name of the connection of the user's first identity."""
    identities = profile.get("identities")
    first = identities[0] if isinstance(identities, list) and identities else None
    return str(first.get("connection", "")) if isinstance(first, dict) else ""


def check_metadata(body: JsonObject) -> None:
    """Check the names of metadata keys.

    Raises:
        InvalidRequest: one holds ``.`` or ``$``, or is reserved in ``app_metadata``.
    """
    for name in _METADATA:
        value = body.get(name)
        if not isinstance(value, dict):
            continue
        for key in value:
            reserved = name == "app_metadata" and key in _RESERVED
            if reserved or "." in key or key.startswith("$"):
                raise InvalidRequest(
                    f"Payload validation error: 'Invalid property name: {key}' on property {name}.",
                    error_code="invalid_body",
                )


_APART: Final = (
    ("password", "email"),
    ("password", "email_verified"),
    ("username", "email"),
    ("username", "email_verified"),
    ("username", "password"),
)


def check_combination(changes: JsonObject) -> None:
    """Check that a PATCH changes nothing together that Auth0 changes only alone.

    Raises:
        InvalidRequest: it does, in the words of Auth0's OpenAPI.
    """
    for first, second in _APART:
        if first in changes and second in changes:
            raise InvalidRequest(
                f"Cannot update {first} and {second} simultaneously.", error_code="invalid_body"
            )


def _without_nulls(value: JsonValue) -> JsonObject:
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in value.items() if item is not None}


def _picture(label: str) -> str:
    # MD5 is Gravatar's own key of an address, no protection.
    digest = hashlib.md5(label.lower().encode(), usedforsecurity=False).hexdigest()
    fallback = _FALLBACK.format(letters=quote(label[:2].lower(), safe=""))
    return _GRAVATAR.format(hash=digest, fallback=quote(fallback, safe=""))
