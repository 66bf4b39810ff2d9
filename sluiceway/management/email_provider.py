"""The tenant's one email provider: ``/api/v2/emails/provider`` apart from HTTP."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sluiceway.errors import Conflict, NotFound
from sluiceway.management.fields import FLAG, OPEN, choice, closed, nullable, text
from sluiceway.management.records import change
from sluiceway.management.resources import open_secret
from sluiceway.management.validation import Schema
from sluiceway.providers.choice import CAPTURE, find_email_specs
from sluiceway.storage.base import Document, DuplicateKey

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.providers.base import EmailProviderSpec

__all__ = [
    "CREATE_PROVIDER",
    "KIND",
    "UPDATE_PROVIDER",
    "create_provider",
    "delete_provider",
    "get_provider",
    "load_provider",
    "update_provider",
]

KIND: Final = "email_provider"
_ID: Final = "email_provider"
_WORD: Final = text()


def _credentials(properties: JsonObject, *required: str) -> JsonObject:
    return closed(properties, *required).document


_API_KEY: Final = _credentials({"api_key": _WORD}, "api_key")
_CREDENTIALS: Final[dict[str, JsonObject]] = {
    "mailgun": _credentials(
        {
            "api_key": _WORD,
            "domain": text(shortest=4),
            "region": {"type": ["string", "null"], "enum": ["eu", None]},
        }
    ),
    "mandrill": _API_KEY,
    "sendgrid": _API_KEY,
    "resend": _API_KEY,
    "ses": _credentials({"accessKeyId": _WORD, "secretAccessKey": _WORD, "region": _WORD}),
    "sparkpost": _credentials(
        {"api_key": _WORD, "region": {"type": ["string", "null"], "enum": ["eu", None]}}
    ),
    "smtp": _credentials(
        {
            "smtp_host": {"type": "string", "format": "host"},
            "smtp_port": {"type": "integer", "minimum": 0, "maximum": 65535},
            "smtp_user": _WORD,
            "smtp_pass": _WORD,
        }
    ),
    "azure_cs": _credentials({"connectionString": _WORD}),
    "ms365": _credentials({"tenantId": _WORD, "clientId": _WORD, "clientSecret": _WORD}),
    # Auth0's custom provider is an Action; ours is a webhook, so its address and secret stand here.
    "custom": _credentials(
        {"webhook_url": text(2048, pattern="^https?://"), "webhook_secret": text(shortest=16)}
    ),
}
_BY_NAME: Final = {
    name: Schema({"type": "object", "properties": {"credentials": schema}})
    for name, schema in _CREDENTIALS.items()
}
_SHOWN: Final = {
    "ses": ("region",),
    "smtp": ("smtp_host", "smtp_port", "smtp_user"),
    "mailgun": ("domain", "region"),
    "sparkpost": ("region",),
    "custom": ("webhook_url",),
}
_PROPERTIES: Final[JsonObject] = {
    "name": choice(*_CREDENTIALS),
    "enabled": FLAG,
    "default_from_address": {"type": "string"},
    "credentials": {"type": "object"},
    "settings": nullable(OPEN),
}
CREATE_PROVIDER: Final = closed(_PROPERTIES, "name", "credentials")
UPDATE_PROVIDER: Final = closed(_PROPERTIES, least=1)


@cache
def _others() -> dict[str, EmailProviderSpec]:
    """Return the providers that other distributions bring, by name."""
    found = find_email_specs().items()
    return {name: spec for name, spec in found if name not in _CREDENTIALS and name != CAPTURE}


def _check(payload: JsonValue, schema: Schema, *required: str) -> None:
    """Check a body; a provider of another distribution is as good as one of Auth0's."""
    name = payload.get("name") if isinstance(payload, dict) else None
    if isinstance(name, str) and name not in _CREDENTIALS and name in _others():
        schema = closed({**_PROPERTIES, "name": choice(name)}, *required)
    schema.check(payload)


def _check_credentials(name: str, credentials: JsonValue) -> None:
    schema = _BY_NAME.get(name)
    if schema is None:
        known = _others().get(name)
        document = known.credentials if known else _credentials({})
        schema = Schema({"type": "object", "properties": {"credentials": document}})
    schema.check({"credentials": credentials})


async def get_provider(environment: Environment) -> JsonObject:
    """Return the provider without its secrets.

    Raises:
        NotFound: none is set up.
    """
    document = await load_provider(environment)
    if document is None:
        raise _missing()
    return _shown(document)


async def load_provider(environment: Environment) -> Document | None:
    """Return the provider as it is kept, ``None`` where none is set up."""
    return await environment.documents.get(KIND, _ID)


async def create_provider(environment: Environment, payload: JsonValue) -> JsonObject:
    """Set the provider up.

    Raises:
        InvalidRequest: the body breaks the schema, or its credentials those of its provider.
        Conflict: one is set up already.
    """
    _check(payload, CREATE_PROVIDER, "name", "credentials")
    body: JsonObject = dict(payload) if isinstance(payload, dict) else {}
    _check_credentials(str(body["name"]), body["credentials"])
    now = environment.now()
    document = Document(
        kind=KIND,
        id=_ID,
        body=_kept({"enabled": True, **body}),
        created_at=now,
        updated_at=now,
        secret=_seal(environment, body["credentials"]),
    )
    try:
        await environment.documents.insert(document)
    except DuplicateKey as error:
        raise Conflict(
            "There is already a configured email provider", error_code="email_provider_conflict"
        ) from error
    return _shown(document)


async def update_provider(environment: Environment, payload: JsonValue) -> JsonObject:
    """Change the provider; another ``name`` starts afresh, without the earlier settings.

    Raises:
        InvalidRequest: the body breaks the schema, or its credentials those of its provider.
        NotFound: none is set up.
    """
    _check(payload, UPDATE_PROVIDER)
    changes: JsonObject = dict(payload) if isinstance(payload, dict) else {}
    document = await load_provider(environment)
    if document is None:
        raise _missing()
    now = environment.now()

    def edit(current: Document) -> Document:
        is_same = changes.get("name", current.body["name"]) == current.body["name"]
        name = str(changes.get("name", current.body["name"]))
        credentials = open_secret(environment, current) if is_same else {}
        given = changes.get("credentials")
        if isinstance(given, dict):
            credentials |= given
        _check_credentials(name, credentials)
        body: JsonObject = {**current.body, **changes, "credentials": credentials}
        if not is_same and "settings" not in changes:
            body["settings"] = None
        return replace(
            current, body=_kept(body), updated_at=now, secret=_seal(environment, credentials)
        )

    edited = await change(environment.documents, KIND, _ID, edit)
    if edited is None:
        raise _missing()
    return _shown(edited)


async def delete_provider(environment: Environment) -> None:
    """Forget the provider; where there is none, that is no error (recorded)."""
    await environment.documents.delete(KIND, _ID)


def _kept(body: JsonObject) -> JsonObject:
    """Return what is kept in clear, in the recorded order: credentials without their secrets."""
    name = str(body["name"])
    shown = _SHOWN.get(name, ())
    if name not in _CREDENTIALS and name in _others():
        shown = _others()[name].shown_credentials
    credentials = body["credentials"]
    given = credentials if isinstance(credentials, dict) else {}
    kept: JsonObject = {
        "name": body["name"],
        "enabled": body["enabled"],
        "default_from_address": body.get("default_from_address"),
        "credentials": {key: given[key] for key in shown if given.get(key) is not None},
        "settings": body.get("settings"),
    }
    return {key: value for key, value in kept.items() if value is not None}


def _shown(document: Document) -> JsonObject:
    return dict(document.body)


def _seal(environment: Environment, credentials: JsonValue) -> bytes:
    return environment.sealer.seal(json.dumps(credentials).encode(), identity=f"{KIND}/{_ID}")


def _missing() -> NotFound:
    return NotFound(
        "There is not a configured email provider", error_code="inexistent_email_provider"
    )
